//! Reading and writing the vectors of TLS (RFC 5246 section 4): every read says when there is not enough.

/// A message that is not what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What is left to read.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of so many bytes, at most eight.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Malformed> {
        Ok(self
            .take(bytes)?
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(self.number(2)? as u16)
    }

    /// A vector whose length stands before it in so many bytes.
    pub(super) fn vector(&mut self, length_bytes: usize) -> Result<&'a [u8], Malformed> {
        let length = self.number(length_bytes)? as usize;
        self.take(length)
    }

    /// A vector of 16-bit numbers, its length in two bytes.
    pub(super) fn numbers(&mut self) -> Result<Vec<u16>, Malformed> {
        let list = self.vector(2)?;
        if !list.len().is_multiple_of(2) {
            return Err(Malformed);
        }
        Ok(list
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(&self) -> Result<(), Malformed> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Append a number in so many bytes.
pub(super) fn put(out: &mut Vec<u8>, bytes: usize, number: u64) {
    out.extend_from_slice(&number.to_be_bytes()[8 - bytes..]);
}

/// Append a vector with its length in so many bytes before it.
pub(super) fn put_vector(out: &mut Vec<u8>, length_bytes: usize, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    put(out, length_bytes, 0);
    fill(out);
    let length = (out.len() - start - length_bytes) as u64;
    out[start..start + length_bytes].copy_from_slice(&length.to_be_bytes()[8 - length_bytes..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read_as_written() {
        let mut out = Vec::new();
        put_vector(&mut out, 2, |out| {
            put(out, 2, 0x1234);
            put_vector(out, 3, |out| out.extend_from_slice(b"abc"));
        });
        let mut reader = Reader(&out);
        let mut inner = Reader(reader.vector(2).unwrap());
        assert_eq!(
            (inner.u16(), inner.vector(3)),
            (Ok(0x1234), Ok(&b"abc"[..]))
        );
        assert!(reader.end().is_ok() && inner.end().is_ok());
        for cut in 0..out.len() {
            assert_eq!(Reader(&out[..cut]).vector(2), Err(Malformed));
        }
        assert_eq!(Reader(&[0, 3, 1, 2, 3]).numbers(), Err(Malformed));
    }
}
