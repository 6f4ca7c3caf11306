//! SIP without I/O: messages (RFC 3261), SDP (RFC 8866), offer/answer (RFC 3264)
//! and transactions (RFC 3261 section 17, RFC 6026).
#![forbid(unsafe_code)]
