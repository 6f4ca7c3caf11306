//! What a receiver of video asks its sender for (RFC 4585, RFC 5104): a picture that stands alone, lost packets, a
//! limit of the bit rate.  Read from what one leg's far end sends, written for the other leg's.
use super::rtcp;

/// RFC 2032's request for a picture, which old devices still send.
const OLD_PICTURE_REQUEST: u8 = 192;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;
const GENERIC_NACK: u8 = 1;
const PICTURE_LOSS: u8 = 1;
const FULL_INTRA_REQUEST: u8 = 4;
const APPLICATION: u8 = 15;
/// Receiver estimated maximum bit rate: what browsers write in an application's message.
const REMB: &[u8; 4] = b"REMB";
/// Entries of lost packets taken from one datagram; each stands for up to 17.
const MOST_LOST: usize = 32;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// Parts of the picture are lost (PLI).
    pub picture: bool,
    /// A whole picture is wanted (FIR).
    pub full: bool,
    /// (first lost sequence number, bit n: n + 1 further on).
    pub lost: Vec<(u16, u16)>,
    /// 6 bits of exponent and 18 of mantissa, as on the wire.
    pub bit_rate: Option<u32>,
}

impl Feedback {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Feedback::default()
    }
}

/// A bit rate of `Feedback`.
#[must_use]
pub fn bits_per_second(rate: u32) -> u64 {
    let mantissa = u64::from(rate & 0x3_ffff);
    mantissa
        .checked_shl(rate >> 18)
        .filter(|shifted| shifted >> (rate >> 18) == mantissa)
        .unwrap_or(u64::MAX)
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..at + 4)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn pair(data: &[u8], at: usize) -> Option<(u16, u16)> {
    word(data, at).map(|word| ((word >> 16) as u16, word as u16))
}

/// What a compound packet asks of the sender of `ours`.
#[must_use]
pub fn read(data: &[u8], ours: u32) -> Feedback {
    let mut found = Feedback::default();
    for (count, kind, packet) in rtcp::Packets(data) {
        let about = word(packet, 8) == Some(ours);
        match (kind, count) {
            (OLD_PICTURE_REQUEST, _) => found.picture = true,
            (TRANSPORT_FEEDBACK, GENERIC_NACK) if about => {
                let entries = (12..packet.len()).step_by(4);
                let room = MOST_LOST - found.lost.len().min(MOST_LOST);
                found
                    .lost
                    .extend(entries.filter_map(|at| pair(packet, at)).take(room));
            }
            (PAYLOAD_FEEDBACK, PICTURE_LOSS) if about => found.picture = true,
            // Its entries name the stream; some devices name it in the header alone.
            (PAYLOAD_FEEDBACK, FULL_INTRA_REQUEST) => {
                let named = (12..packet.len())
                    .step_by(8)
                    .any(|at| word(packet, at) == Some(ours));
                found.full |= named || about;
            }
            (PAYLOAD_FEEDBACK, APPLICATION) if packet.get(12..16) == Some(&REMB[..]) => {
                let streams = usize::from(*packet.get(16).unwrap_or(&0));
                let named = (0..streams).any(|n| word(packet, 20 + 4 * n) == Some(ours));
                if named {
                    found.bit_rate = word(packet, 16).map(|word| word & 0x00ff_ffff);
                }
            }
            _ => {}
        }
    }
    found
}

/// Add the messages to a compound packet: from `sender` about the stream `about`; `number` counts requests for
/// whole pictures.
pub fn write(out: &mut Vec<u8>, feedback: &Feedback, sender: u32, about: u32, number: u8) {
    let head = |out: &mut Vec<u8>, format: u8, kind: u8, words: usize, about: u32| {
        out.extend([0x80 | format, kind]);
        out.extend((words as u16 + 2).to_be_bytes());
        out.extend(sender.to_be_bytes());
        out.extend(about.to_be_bytes());
    };
    if !feedback.lost.is_empty() {
        let entries = feedback.lost.len();
        head(out, GENERIC_NACK, TRANSPORT_FEEDBACK, entries, about);
        for (first, more) in &feedback.lost {
            out.extend(first.to_be_bytes());
            out.extend(more.to_be_bytes());
        }
    }
    if feedback.picture {
        head(out, PICTURE_LOSS, PAYLOAD_FEEDBACK, 0, about);
    }
    if feedback.full {
        head(out, FULL_INTRA_REQUEST, PAYLOAD_FEEDBACK, 2, 0);
        out.extend(about.to_be_bytes());
        out.extend([number, 0, 0, 0]);
    }
    if let Some(rate) = feedback.bit_rate {
        head(out, APPLICATION, PAYLOAD_FEEDBACK, 3, 0);
        out.extend(REMB);
        out.extend((1 << 24 | rate).to_be_bytes());
        out.extend(about.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asks() -> Feedback {
        Feedback {
            picture: true,
            full: true,
            lost: vec![(7, 0b101), (900, 0)],
            bit_rate: Some(0x0012_3456),
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        let mut out = Vec::new();
        rtcp::write(&mut out, 5, None, None, "x", false);
        write(&mut out, &asks(), 5, 9, 3);
        assert_eq!(out.len() % 4, 0);
        assert_eq!(read(&out, 9), asks());
        assert!(read(&out, 8).is_empty(), "about another stream");
        assert!(rtcp::parse(&out, 9).is_some(), "it is a compound packet");
    }

    #[test]
    fn an_old_request_for_a_picture() {
        let found = read(&[0x80, 192, 0, 1, 0, 0, 0, 5], 9);
        assert!(found.picture && !found.full);
    }

    proptest! {
        #[test]
        fn never_panics(mut data in proptest::collection::vec(any::<u8>(), 0..200), kind in 200u8..208) {
            if data.len() >= 4 {
                data[0] = data[0] & 0x1f | 0x80;
                data[1] = kind;
                data[2] = 0;
                data[3] %= 40;
            }
            let _ = read(&data, 0);
        }
    }
}
