//! Handshake messages in their fragments (RFC 6347 section 4.2.3): put together in order, or cut for the wire.
use super::wire::{Malformed, Reader, put};

/// Bytes of a handshake header.
const HEADER: usize = 12;
/// Largest message that is put together: a chain of certificates.
const LARGEST: usize = 32 * 1024;
/// Messages ahead of the next one that are kept.
const AHEAD: u16 = 10;

/// A whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) number: u16,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// As the transcript has it: in one piece.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.fragment(0, self.body.len())
    }

    /// One fragment with its header.
    pub(super) fn fragment(&self, offset: usize, length: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + length);
        put(&mut out, 1, u64::from(self.kind));
        put(&mut out, 3, self.body.len() as u64);
        put(&mut out, 2, u64::from(self.number));
        put(&mut out, 3, offset as u64);
        put(&mut out, 3, length as u64);
        out.extend_from_slice(&self.body[offset..offset + length]);
        out
    }
}

/// A message of which parts came.
struct Partial {
    kind: u8,
    number: u16,
    body: Vec<u8>,
    /// Which bytes came.
    have: Vec<(usize, usize)>,
}

/// What came of the peer's messages.
#[derive(Default)]
pub(super) struct Assembly {
    /// The number of the message that is to be handled next.
    pub(super) next: u16,
    partial: Vec<Partial>,
}

impl Assembly {
    /// The fragments in one record; whether one of them belongs to a message that was handled already.
    pub(super) fn add(&mut self, record: &[u8]) -> Result<bool, Malformed> {
        let mut reader = Reader(record);
        let mut repeated = false;
        while !reader.is_empty() {
            let kind = reader.u8()?;
            let length = reader.number(3)? as usize;
            let number = reader.u16()?;
            let (offset, part) = (reader.number(3)? as usize, reader.vector(3)?);
            if length > LARGEST || offset + part.len() > length {
                return Err(Malformed);
            }
            if number < self.next {
                repeated = true;
            } else if number - self.next < AHEAD {
                self.put(kind, number, length, offset, part);
            }
        }
        Ok(repeated)
    }

    fn put(&mut self, kind: u8, number: u16, length: usize, offset: usize, part: &[u8]) {
        let known = self.partial.iter().position(|each| each.number == number);
        let at = known.unwrap_or_else(|| {
            self.partial.push(Partial {
                kind,
                number,
                body: vec![0; length],
                have: Vec::new(),
            });
            self.partial.len() - 1
        });
        let partial = &mut self.partial[at];
        if partial.kind != kind || partial.body.len() != length {
            return;
        }
        partial.body[offset..offset + part.len()].copy_from_slice(part);
        partial.have.push((offset, offset + part.len()));
        partial.have.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for &(from, to) in &partial.have {
            match merged.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        partial.have = merged;
    }

    /// The next message, if it is whole.
    pub(super) fn take(&mut self) -> Option<Message> {
        let at = self
            .partial
            .iter()
            .position(|each| each.number == self.next && each.have == [(0, each.body.len())])?;
        let Partial {
            kind, number, body, ..
        } = self.partial.swap_remove(at);
        self.next += 1;
        Some(Message { kind, number, body })
    }

    /// Begin anew with this message.
    pub(super) fn restart(&mut self, next: u16) {
        self.partial.clear();
        self.next = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_come_in_any_order() {
        let message = Message {
            kind: 11,
            number: 1,
            body: (0..=255).collect(),
        };
        let mut assembly = Assembly::default();
        assembly
            .add(&[message.fragment(100, 156), message.fragment(40, 80)].concat())
            .unwrap();
        assert_eq!(assembly.take(), None);
        let first = Message {
            kind: 2,
            number: 0,
            body: Vec::new(),
        };
        assembly.add(&first.whole()).unwrap();
        assert_eq!(assembly.take(), Some(first.clone()));
        assert_eq!(assembly.take(), None);
        assert_eq!(assembly.add(&message.fragment(0, 41)), Ok(false));
        assert_eq!(assembly.take(), Some(message.clone()));
        assert_eq!(assembly.add(&first.whole()), Ok(true));
        let whole = message.whole();
        assert_eq!(assembly.add(&whole[..whole.len() - 1]), Err(Malformed));
    }
}
