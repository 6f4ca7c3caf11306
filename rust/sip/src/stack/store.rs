//! The transactions that are alive, and how they are found.

use std::collections::HashMap;
use std::sync::Arc;

use crate::transaction::{Machine, State};

use super::host::Host;
use super::key::{BuildMix, Key};
use super::timers::{Slot, Timer};

/// One transaction.  Kept small: after a busy second there are tens of thousands that only wait.
#[derive(Debug)]
pub(super) struct Txn {
    pub machine: Machine,
    pub state: State,
    pub reliable: bool,
    /// Client: CANCEL was sent or is to be sent.  Server: CANCEL was received and reported.
    pub cancelled: bool,
    /// Server: the ACK for the 2xx has come.
    pub acked: bool,
    /// Server: those above have given a response.
    pub responded: bool,
    /// Server: a final response to another request than INVITE was given.
    pub answered: bool,
    /// Server: a reliable provisional waits for its PRACK.
    pub provisional_waits: bool,
    /// Client: a CANCEL of ours, of which nobody above knows.
    pub internal: bool,
    pub port: u16,
    /// Server: where the request came from, when that is not where its responses go.
    pub source_port: u16,
    pub host: Host,
    pub flow: u64,
    /// What is sent again: a client's request or ACK, a server's last response.
    pub sent: Option<Arc<[u8]>>,
    /// Present interval of retransmission, microseconds.
    pub interval: u64,
    /// When the reliable provisional is given up.
    pub give_up: u64,
    stamps: [u32; 2],
    pub key: Key,
    /// Server: where the ACK for the 2xx is found.
    pub ack_key: Option<Key>,
    /// Server: what another copy of the request would have.
    pub merged_key: Option<Key>,
    /// Server: the To tag of our responses, when those above chose it.
    pub to_tag: Option<Box<str>>,
    pub invite: Option<Box<InviteClient>>,
}

/// What only an INVITE client transaction has.
#[derive(Debug, Default)]
pub(super) struct InviteClient {
    pub forks: Vec<Fork>,
    /// A CANCEL that waits for the first provisional, with its Reason.
    pub deferred: Option<Option<Box<str>>>,
}

/// One of the dialogs that an INVITE's 2xx have made.
#[derive(Debug)]
pub(super) struct Fork {
    pub to_tag: Box<str>,
    pub ack: Option<(u64, Host, u16, Arc<[u8]>)>,
}

impl Txn {
    pub fn new(
        machine: Machine,
        key: Key,
        flow: u64,
        reliable: bool,
        host: Host,
        port: u16,
    ) -> Self {
        Txn {
            machine,
            state: machine.start(),
            reliable,
            cancelled: false,
            acked: false,
            responded: false,
            answered: false,
            provisional_waits: false,
            internal: false,
            port,
            source_port: port,
            host,
            flow,
            sent: None,
            interval: 0,
            give_up: 0,
            stamps: [0; 2],
            key,
            ack_key: None,
            merged_key: None,
            to_tag: None,
            invite: None,
        }
    }

    /// Cancel a timer; the new stamp is for the one that replaces it.
    pub fn restamp(&mut self, slot: Slot) -> u32 {
        let stamp = &mut self.stamps[slot as usize];
        *stamp = stamp.wrapping_add(1);
        *stamp
    }
}

#[derive(Debug, Default)]
pub(super) struct Store {
    transactions: HashMap<u64, Box<Txn>, BuildMix>,
    keys: HashMap<Key, u64, BuildMix>,
    last: u64,
}

/// Tables up to this capacity are not shrunk.
const SMALL: usize = 1024;

impl Store {
    pub fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Take up a transaction under a number that was never used before.
    pub fn insert(&mut self, txn: Txn) -> u64 {
        self.last += 1;
        self.keys.insert(txn.key, self.last);
        if let Some(key) = txn.merged_key {
            self.keys.insert(key, self.last);
        }
        self.transactions.insert(self.last, Box::new(txn));
        self.last
    }

    /// Make a transaction found under one more key.
    pub fn index(&mut self, key: Key, id: u64) {
        self.keys.insert(key, id);
    }

    pub fn find(&self, key: Key) -> Option<u64> {
        self.keys.get(&key).copied()
    }

    pub fn get(&self, id: u64) -> Option<&Txn> {
        self.transactions.get(&id).map(|txn| &**txn)
    }

    pub fn get_mut(&mut self, id: u64) -> Option<&mut Txn> {
        self.transactions.get_mut(&id).map(|txn| &mut **txn)
    }

    pub fn remove(&mut self, id: u64) -> Option<Box<Txn>> {
        let txn = self.transactions.remove(&id)?;
        for key in [Some(txn.key), txn.ack_key, txn.merged_key]
            .into_iter()
            .flatten()
        {
            if self.keys.get(&key) == Some(&id) {
                self.keys.remove(&key);
            }
        }
        self.shrink();
        Some(txn)
    }

    /// Give memory back after a burst.
    fn shrink(&mut self) {
        let length = self.transactions.len();
        if self.transactions.capacity() > SMALL && length < self.transactions.capacity() / 8 {
            self.transactions.shrink_to(length * 2);
        }
        let length = self.keys.len();
        if self.keys.capacity() > SMALL && length < self.keys.capacity() / 8 {
            self.keys.shrink_to(length * 2);
        }
    }

    /// Client transactions of a connection, oldest first.
    pub fn clients_of(&self, flow: u64) -> Vec<u64> {
        let mut found: Vec<u64> = self
            .transactions
            .iter()
            .filter(|(_, txn)| txn.flow == flow && txn.machine.is_client())
            .map(|(id, _)| *id)
            .collect();
        found.sort_unstable();
        found
    }

    /// Whether a timer was not cancelled.
    pub fn live(&self, timer: &Timer) -> bool {
        self.get(timer.txn)
            .is_some_and(|txn| txn.stamps[timer.slot as usize] == timer.stamp)
    }

    #[cfg(test)]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.keys.capacity().max(self.transactions.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::key::Keys;
    use crate::token::Tokens;

    #[test]
    fn the_end_of_one_transaction_leaves_the_keys_of_another() {
        let keys = Keys::new(&mut Tokens::seeded(1));
        let key = |branch: &str| keys.client(branch, "INVITE");
        let txn = |branch: &str| {
            Txn::new(
                Machine::InviteServer,
                key(branch),
                1,
                false,
                Host::new("h"),
                1,
            )
        };
        let mut store = Store::default();
        // Two with the same ACK: the later one has it.
        let ids = ["a", "b"].map(|branch| {
            let id = store.insert(txn(branch));
            store.index(key("ack"), id);
            if let Some(txn) = store.get_mut(id) {
                txn.ack_key = Some(key("ack"));
            }
            id
        });
        store.remove(ids[0]);
        assert_eq!(store.find(key("a")), None);
        assert_eq!(store.find(key("ack")), Some(ids[1]));
        store.remove(ids[1]);
        assert_eq!((store.len(), store.keys()), (0, 0));
    }
}
