//! What a message is matched by, as 128 bits.
//!
//! The tables hold no branches, tags or Call-IDs: a keyed hash of them is smaller and as good, since
//! nobody outside knows the key and so nobody can make two messages meet.

use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use crate::message::Message;
use crate::token::{MAGIC_COOKIE, Tokens};
use crate::via::Via;

/// A keyed hash of what identifies a transaction, an ACK or a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64, u64);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// For keys that are random already, and for numbers that count up.
#[derive(Clone, Copy, Default)]
pub(super) struct Mix(u64);

pub(super) type BuildMix = BuildHasherDefault<Mix>;

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Fibonacci hashing: the table takes its bits from both ends.
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

/// Makes keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    primed: [DefaultHasher; 2],
}

/// Keeps the kinds of keys apart.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Server,
    OldServer,
    Client,
    Ack,
    Request,
}

struct Making([DefaultHasher; 2]);

impl Making {
    fn text(mut self, text: &str) -> Self {
        for hasher in &mut self.0 {
            hasher.write(text.as_bytes());
            // No header value has this byte in valid UTF-8, so parts cannot run into each other.
            hasher.write_u8(0xff);
        }
        self
    }

    fn lower(mut self, text: &str) -> Self {
        let mut piece = [0u8; 64];
        for chunk in text.as_bytes().chunks(piece.len()) {
            for (to, from) in piece.iter_mut().zip(chunk) {
                *to = from.to_ascii_lowercase();
            }
            for hasher in &mut self.0 {
                hasher.write(piece.get(..chunk.len()).unwrap_or_default());
            }
        }
        for hasher in &mut self.0 {
            hasher.write_u8(0xff);
        }
        self
    }

    fn number(mut self, number: u32) -> Self {
        for hasher in &mut self.0 {
            hasher.write_u32(number);
        }
        self
    }

    fn key(self) -> Key {
        Key(self.0[0].finish(), self.0[1].finish())
    }
}

impl Keys {
    pub fn new(tokens: &mut Tokens) -> Keys {
        let mut prime = || {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(tokens.number());
            hasher.write_u64(tokens.number());
            hasher
        };
        Keys {
            primed: [prime(), prime()],
        }
    }

    fn make(&self, kind: Kind) -> Making {
        let mut hashers = self.primed.clone();
        for hasher in &mut hashers {
            hasher.write_u8(kind as u8);
        }
        Making(hashers)
    }

    /// RFC 3261 section 17.2.3, of a request and of the ACK and CANCEL that go with an INVITE.
    ///
    /// Call-ID and CSeq number are added to the branch: they are the same in all of these, and there
    /// are clients that use one branch for everything.  The To tag of the rules for RFC 2543 clients is
    /// left out, because an ACK has one that its INVITE had not.
    pub fn server(&self, request: &Message, via: &Via<'_>) -> Key {
        let method = match request.method() {
            "ACK" | "CANCEL" => "INVITE",
            method => method,
        };
        let branch = via.branch();
        let making = if branch.starts_with(MAGIC_COOKIE) {
            self.make(Kind::Server)
        } else {
            self.make(Kind::OldServer)
                .text(request.uri())
                .text(request.from_tag().unwrap_or(""))
                .lower(via.transport)
        };
        making
            .text(branch)
            .lower(via.host)
            .number(u32::from(via.port_or_default()))
            .text(request.call_id())
            .number(request.cseq().0)
            .text(method)
            .key()
    }

    /// RFC 3261 section 17.1.3.
    pub fn client(&self, branch: &str, method: &str) -> Key {
        self.make(Kind::Client).text(branch).text(method).key()
    }

    /// What the ACK for a 2xx has in common with it.
    pub fn ack(&self, message: &Message) -> Key {
        self.make(Kind::Ack)
            .text(message.call_id())
            .text(message.from_tag().unwrap_or(""))
            .text(message.to_tag().unwrap_or(""))
            .number(message.cseq().0)
            .key()
    }

    /// What requests have in common that came here on different ways (RFC 3261 section 8.2.2.2).
    pub fn merged(&self, request: &Message) -> Key {
        let (number, method) = request.cseq();
        self.make(Kind::Request)
            .text(request.call_id())
            .text(request.from_tag().unwrap_or(""))
            .number(number)
            .text(method)
            .key()
    }

    /// The To tag of answers for which nothing is kept: the same for each repetition of the request
    /// and for its ACK (RFC 3261 section 8.2.7).
    pub fn tag(&self, key: Key) -> String {
        const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut bits = key.0 ^ key.1.rotate_left(32);
        (0..12)
            .map(|_| {
                let letter = LETTERS.get((bits & 31) as usize).copied().unwrap_or(b'a');
                bits >>= 5;
                char::from(letter)
            })
            .collect()
    }
}
