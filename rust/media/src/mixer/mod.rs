//! Conferences: many parties who hear each other.
//!
//! `feed` evens out when a member's packets come, `room` mixes samples, `talk` says who talks, `intake` and `outlet`
//! decode and encode, `conference` is all of them together.  The board gives it packets and time.
pub mod conference;
pub mod feed;
pub mod intake;
pub mod outlet;
pub mod room;
pub mod talk;
