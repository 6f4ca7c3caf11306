//! What servers tell of a socket behind a NAT, without I/O: where they see it (STUN), and a relay (TURN).
mod binding;
mod stun;
mod transactions;
mod turn;

pub use binding::{Binding, Told};
pub use turn::{Allocation, Event, Received, TurnServer};

/// A number that nobody can guess, to tell answers by.
fn random() -> stun::Transaction {
    use ring::rand::{SecureRandom, SystemRandom};
    let mut id = [0; 12];
    // Without random numbers the kernel has not started; then answers are told apart by nothing.
    let _ = SystemRandom::new().fill(&mut id);
    id
}
