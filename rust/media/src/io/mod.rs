//! Threads and sockets.
