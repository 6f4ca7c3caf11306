//! Records (RFC 6347 section 4.1): numbers, keys, and what came before.
use super::suite::RecordKey;
use super::wire::{Reader, put};

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;

/// Bytes before the fragment.
pub(super) const HEADER: usize = 13;
/// Records of the next epoch that are kept until there are keys for them.
const EARLY: usize = 4;

/// A record as it came.
#[derive(Clone, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: u8,
    pub(super) epoch: u16,
    /// Epoch and sequence number, as the cipher takes them.
    pub(super) number: [u8; 8],
    pub(super) fragment: &'a [u8],
}

impl Record<'_> {
    pub(super) fn sequence(&self) -> u64 {
        u64::from_be_bytes(self.number) & 0xffff_ffff_ffff
    }
}

/// The records of a datagram; what is none ends them.
pub(super) fn records(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut reader = Reader(datagram);
    std::iter::from_fn(move || {
        let kind = reader.u8().ok()?;
        let version = reader.u16().ok()?;
        let number: [u8; 8] = reader.take(8).ok()?.try_into().ok()?;
        let fragment = reader.vector(2).ok()?;
        // DTLS 1.0 is what a first ClientHello may say.
        (version == 0xfefd || version == 0xfeff).then_some(Record {
            kind,
            epoch: u16::from_be_bytes([number[0], number[1]]),
            number,
            fragment,
        })
    })
}

/// The record layer of one end.
#[derive(Default)]
pub(super) struct Layer {
    /// Of the next record of each epoch.
    sent: [u64; 2],
    /// What we seal with, and what we open with.
    keys: Option<(RecordKey, RecordKey)>,
    highest: u64,
    /// Bit n: the record n before the highest came.
    window: u64,
    early: Vec<(u8, [u8; 8], Vec<u8>)>,
}

impl Layer {
    pub(super) fn set_keys(&mut self, send: RecordKey, receive: RecordKey) {
        self.keys = Some((send, receive));
    }

    /// What a sealed record has more than one in the clear.
    pub(super) fn overhead(&self, epoch: u16) -> usize {
        let sealed = self.keys.as_ref().filter(|_| epoch > 0);
        HEADER + sealed.map_or(0, |(send, _)| send.overhead())
    }

    /// Go on with at least this number in the clear.
    pub(super) fn at_least(&mut self, sequence: u64) {
        self.sent[0] = self.sent[0].max(sequence);
    }

    /// Append a record.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, epoch: u16, kind: u8, plain: &[u8]) {
        let sequence = &mut self.sent[usize::from(epoch.min(1))];
        let number = (u64::from(epoch) << 48 | *sequence).to_be_bytes();
        *sequence += 1;
        let sealed = match (&self.keys, epoch) {
            (_, 0) => None,
            (Some((send, _)), _) => match send.seal(number, kind, plain) {
                Some(sealed) => Some(sealed),
                None => return,
            },
            (None, _) => return,
        };
        let fragment = sealed.as_deref().unwrap_or(plain);
        out.extend_from_slice(&[kind, 254, 253]);
        out.extend_from_slice(&number);
        put(out, 2, fragment.len() as u64);
        out.extend_from_slice(fragment);
    }

    /// What a record of the sealed epoch says, once; kept for later while there are no keys.
    pub(super) fn open(&mut self, kind: u8, number: [u8; 8], fragment: &[u8]) -> Option<Vec<u8>> {
        let Some((_, receive)) = &self.keys else {
            if self.early.len() < EARLY && fragment.len() < 2048 {
                self.early.push((kind, number, fragment.to_vec()));
            }
            return None;
        };
        let sequence = u64::from_be_bytes(number) & 0xffff_ffff_ffff;
        let behind = self.highest.saturating_sub(sequence);
        let seen = sequence <= self.highest && (behind >= 64 || self.window >> behind & 1 == 1);
        if seen {
            return None;
        }
        let plain = receive.open(number, kind, fragment)?;
        if sequence > self.highest {
            let ahead = sequence - self.highest;
            self.window = if ahead < 64 { self.window << ahead } else { 0 } | 1;
            self.highest = sequence;
        } else {
            self.window |= 1 << behind;
        }
        Some(plain)
    }

    /// What came before there were keys.
    pub(super) fn take_early(&mut self) -> Vec<(u8, [u8; 8], Vec<u8>)> {
        if self.keys.is_some() {
            std::mem::take(&mut self.early)
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::suite::SUITES;
    use super::*;

    #[test]
    fn a_sealed_record_is_opened_once() {
        let pair = || SUITES[1].keys(&[1; 48], &[2; 32], &[3; 32]);
        let (mut one, mut other) = (Layer::default(), Layer::default());
        let [client, server] = pair();
        one.set_keys(client, server);
        let mut wire = Vec::new();
        for text in [&b"one"[..], b"two"] {
            one.write(&mut wire, 1, HANDSHAKE, text);
        }
        let found: Vec<Record> = records(&wire).collect();
        assert_eq!(
            (found.len(), found[1].epoch, found[1].sequence()),
            (2, 1, 1)
        );
        assert_eq!(
            other.open(HANDSHAKE, found[0].number, found[0].fragment),
            None
        );
        let [client, server] = pair();
        other.set_keys(server, client);
        let early = other.take_early();
        assert_eq!(early.len(), 1);
        for record in [&found[1], &found[0]] {
            let opened = other.open(HANDSHAKE, record.number, record.fragment);
            assert!(opened.is_some_and(|text| text == b"one" || text == b"two"));
            assert_eq!(other.open(HANDSHAKE, record.number, record.fragment), None);
        }
        assert_eq!(records(&wire[1..]).count(), 0);
    }
}
