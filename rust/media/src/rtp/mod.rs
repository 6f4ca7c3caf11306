//! RTP and RTCP (RFC 3550) without sockets: parsing, the streams we send and receive, whom to listen to.
pub mod feedback;
pub mod packet;
pub mod receive;
pub mod rtcp;
pub mod send;
pub mod source;
pub mod telephone_event;
