//! The arithmetic of a suite: session keys from master keys, counter mode, HMAC-SHA1, GCM.
use super::Suite;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc, Block};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Blocks of key stream made at once: a 20 ms packet of G.711 needs 10, and AES instructions are pipelined.
const BATCH: usize = 16;
const BLOCK: usize = 16;

/// Labels of the key derivation (RFC 3711 section 4.3.1).
#[derive(Clone, Copy)]
#[repr(u8)]
enum Label {
    Cipher = 0,
    Auth = 1,
    Salt = 2,
}

/// RTCP's labels follow RTP's.
const RTCP_LABELS: u8 = 3;

enum Aes {
    Of128(Aes128Enc),
    Of192(Aes192Enc),
    Of256(Aes256Enc),
}

impl Aes {
    /// `None` for a key of another length.
    fn new(key: &[u8]) -> Option<Aes> {
        match key.len() {
            16 => Aes128Enc::new_from_slice(key).ok().map(Aes::Of128),
            24 => Aes192Enc::new_from_slice(key).ok().map(Aes::Of192),
            32 => Aes256Enc::new_from_slice(key).ok().map(Aes::Of256),
            _ => None,
        }
    }

    fn encrypt(&self, blocks: &mut [Block]) {
        match self {
            Aes::Of128(aes) => aes.encrypt_blocks(blocks),
            Aes::Of192(aes) => aes.encrypt_blocks(blocks),
            Aes::Of256(aes) => aes.encrypt_blocks(blocks),
        }
    }

    /// Counter mode (RFC 3711 section 4.1.1): `iv` with the last two bytes counting blocks.
    fn apply(&self, iv: [u8; BLOCK], data: &mut [u8]) {
        let mut counter = 0u16;
        for part in data.chunks_mut(BATCH * BLOCK) {
            let mut stream = [Array::from(iv); BATCH];
            let blocks = &mut stream[..part.len().div_ceil(BLOCK)];
            for block in blocks.iter_mut() {
                block[14..].copy_from_slice(&counter.to_be_bytes());
                counter = counter.wrapping_add(1);
            }
            self.encrypt(blocks);
            for (bytes, key) in part.chunks_mut(BLOCK).zip(blocks) {
                for (byte, key) in bytes.iter_mut().zip(key) {
                    *byte ^= *key;
                }
            }
        }
    }
}

/// Session keys of RTP or of RTCP.
pub struct Transform {
    mode: Mode,
    tag: usize,
}

enum Mode {
    Counter {
        aes: Box<Aes>,
        salt: [u8; 14],
        /// Keyed; a clone of it begins each packet's tag.
        mac: Box<Hmac<Sha1>>,
    },
    Gcm128(Box<Aes128Gcm>, [u8; 12]),
    Gcm256(Box<Aes256Gcm>, [u8; 12]),
}

impl Transform {
    /// The session keys of a master key and salt; `None` when their length is not the suite's.
    pub fn new(suite: Suite, material: &[u8], rtcp: bool) -> Option<Transform> {
        if material.len() != suite.material_length() {
            return None;
        }
        let (master, salt) = material.split_at(suite.key_length());
        let master = Aes::new(master)?;
        let first = if rtcp { RTCP_LABELS } else { 0 };
        let derive = |label: Label, out: &mut [u8]| {
            // A 96-bit salt has zeros after it (RFC 7714 section 11).
            let mut iv = [0; BLOCK];
            iv[..salt.len()].copy_from_slice(salt);
            iv[7] ^= label as u8 + first;
            master.apply(iv, out);
        };
        let mut key = [0; 32];
        let key = &mut key[..suite.key_length()];
        derive(Label::Cipher, key);
        let mut session_salt = [0; 14];
        derive(Label::Salt, &mut session_salt[..suite.salt_length()]);
        let mode = if suite.is_aead() {
            let mut short = [0; 12];
            short.copy_from_slice(&session_salt[..12]);
            match suite {
                Suite::AeadAes128Gcm => {
                    Mode::Gcm128(Box::new(Aes128Gcm::new_from_slice(key).ok()?), short)
                }
                _ => Mode::Gcm256(Box::new(Aes256Gcm::new_from_slice(key).ok()?), short),
            }
        } else {
            let mut auth = [0; 20];
            derive(Label::Auth, &mut auth);
            Mode::Counter {
                aes: Box::new(Aes::new(key)?),
                salt: session_salt,
                mac: Box::new(Hmac::new_from_slice(&auth).ok()?),
            }
        };
        Some(Transform {
            mode,
            tag: if rtcp {
                suite.rtcp_tag()
            } else {
                suite.rtp_tag()
            },
        })
    }

    #[must_use]
    pub fn tag(&self) -> usize {
        self.tag
    }

    /// Encrypt `data[clear..length]` and write the tag.  Gives the new length; `None` without room for it.
    ///
    /// `trailer` is what is authenticated after the packet: the roll-over counter of RTP (which is not sent; with
    /// GCM it is part of the nonce only), the index word of RTCP, which goes between packet and tag in counter mode
    /// and after the tag in GCM.
    pub fn seal(
        &self,
        data: &mut [u8],
        clear: usize,
        length: usize,
        at: Place,
        trailer: Trailer,
    ) -> Option<usize> {
        let end = length + self.tag + trailer.sent();
        let data = data.get_mut(..end).filter(|_| clear <= length)?;
        let (head, rest) = data.split_at_mut(clear);
        let (body, tail) = rest.split_at_mut(length - clear);
        match &self.mode {
            Mode::Counter { aes, salt, mac } => {
                aes.apply(counter_iv(salt, at), body);
                let mut mac = (**mac).clone();
                mac.update(head);
                mac.update(body);
                mac.update(&trailer.word().to_be_bytes());
                let tag = mac.finalize().into_bytes();
                let (word, place) = tail.split_at_mut(trailer.sent());
                word.copy_from_slice(&trailer.word().to_be_bytes()[..word.len()]);
                place.copy_from_slice(&tag[..self.tag]);
            }
            Mode::Gcm128(gcm, salt) => gcm_seal(&**gcm, salt, head, body, tail, at, trailer)?,
            Mode::Gcm256(gcm, salt) => gcm_seal(&**gcm, salt, head, body, tail, at, trailer)?,
        }
        Some(end)
    }

    /// Check and decrypt `data` in place.  Gives the length of the packet; `None` when it is not genuine.
    ///
    /// `encrypted` is false for RTCP that is authenticated only.
    pub fn open(
        &self,
        data: &mut [u8],
        clear: usize,
        at: Place,
        trailer: Trailer,
        encrypted: bool,
    ) -> Option<usize> {
        let length = data.len().checked_sub(self.tag + trailer.sent())?;
        if clear > length {
            return None;
        }
        let (packet, tail) = data.split_at_mut(length);
        match &self.mode {
            Mode::Counter { aes, salt, mac } => {
                let mut mac = (**mac).clone();
                mac.update(packet);
                mac.update(&trailer.word().to_be_bytes());
                // Compared in constant time.
                mac.verify_truncated_left(&tail[trailer.sent()..]).ok()?;
                if encrypted {
                    aes.apply(counter_iv(salt, at), &mut packet[clear..]);
                }
            }
            Mode::Gcm128(gcm, salt) => {
                gcm_open(&**gcm, salt, packet, clear, tail, at, trailer, encrypted)?;
            }
            Mode::Gcm256(gcm, salt) => {
                gcm_open(&**gcm, salt, packet, clear, tail, at, trailer, encrypted)?;
            }
        }
        Some(length)
    }
}

/// Which packet it is.
#[derive(Clone, Copy)]
pub struct Place {
    pub ssrc: u32,
    /// 48 bits for RTP, 31 bits for RTCP.
    pub index: u64,
}

/// What is authenticated beside the packet.
#[derive(Clone, Copy)]
pub enum Trailer {
    /// RTP's roll-over counter.
    RollOver(u32),
    /// RTCP's index with the flag of encryption.
    Index(u32),
}

impl Trailer {
    fn word(self) -> u32 {
        match self {
            Trailer::RollOver(word) | Trailer::Index(word) => word,
        }
    }

    /// Bytes of it in the packet.
    fn sent(self) -> usize {
        match self {
            Trailer::RollOver(_) => 0,
            Trailer::Index(_) => 4,
        }
    }
}

/// RFC 3711 section 4.1.1: salt * 2^16 XOR ssrc * 2^64 XOR index * 2^16.
fn counter_iv(salt: &[u8; 14], at: Place) -> [u8; BLOCK] {
    let mut iv = [0; BLOCK];
    iv[..14].copy_from_slice(salt);
    for (byte, with) in iv[4..8].iter_mut().zip(at.ssrc.to_be_bytes()) {
        *byte ^= with;
    }
    for (byte, with) in iv[8..14].iter_mut().zip(&at.index.to_be_bytes()[2..]) {
        *byte ^= with;
    }
    iv
}

/// RFC 7714 sections 8.1 and 9.1.  An RTCP index has 31 bits, so that the bytes of both formats agree.
fn gcm_nonce(salt: &[u8; 12], at: Place) -> [u8; 12] {
    let mut nonce = *salt;
    for (byte, with) in nonce[2..6].iter_mut().zip(at.ssrc.to_be_bytes()) {
        *byte ^= with;
    }
    for (byte, with) in nonce[6..12].iter_mut().zip(&at.index.to_be_bytes()[2..]) {
        *byte ^= with;
    }
    nonce
}

fn gcm_seal<A: AeadInOut<NonceSize = aes::cipher::typenum::U12>>(
    gcm: &A,
    salt: &[u8; 12],
    head: &[u8],
    body: &mut [u8],
    tail: &mut [u8],
    at: Place,
    trailer: Trailer,
) -> Option<()> {
    let nonce = Array::from(gcm_nonce(salt, at));
    let mut room = [0; 16];
    let tag = gcm
        .encrypt_inout_detached(&nonce, associated(head, trailer, &mut room), body.into())
        .ok()?;
    let (place, word) = tail.split_at_mut(tail.len() - trailer.sent());
    place.copy_from_slice(&tag);
    word.copy_from_slice(&trailer.word().to_be_bytes()[..word.len()]);
    Some(())
}

#[allow(clippy::too_many_arguments)]
fn gcm_open<A: AeadInOut<NonceSize = aes::cipher::typenum::U12>>(
    gcm: &A,
    salt: &[u8; 12],
    packet: &mut [u8],
    clear: usize,
    tail: &[u8],
    at: Place,
    trailer: Trailer,
    encrypted: bool,
) -> Option<()> {
    let nonce = Array::from(gcm_nonce(salt, at));
    let tag = tail.get(..tail.len() - trailer.sent())?.try_into().ok()?;
    if encrypted {
        let (head, body) = packet.split_at_mut(clear);
        let mut room = [0; 16];
        let associated = associated(head, trailer, &mut room);
        gcm.decrypt_inout_detached(&nonce, associated, body.into(), tag)
            .ok()
    } else {
        // All of it is associated data (RFC 7714 section 9.3).  It is rare and never ours, so it may allocate.
        let mut all = packet.to_vec();
        all.extend(trailer.word().to_be_bytes());
        gcm.decrypt_inout_detached(&nonce, &all, (&mut [][..]).into(), tag)
            .ok()
    }
}

/// RTP: the header.  RTCP: its first eight bytes and the index word (RFC 7714 section 9.2).
fn associated<'a>(head: &'a [u8], trailer: Trailer, room: &'a mut [u8; 16]) -> &'a [u8] {
    match trailer {
        Trailer::RollOver(_) => head,
        Trailer::Index(word) => {
            let length = head.len().min(8);
            room[..length].copy_from_slice(&head[..length]);
            room[length..length + 4].copy_from_slice(&word.to_be_bytes());
            &room[..length + 4]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::hex;
    use super::*;

    /// RFC 3711 appendix B.2.
    #[test]
    fn key_stream() {
        let aes = Aes::new(&hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
        let mut salt = [0; 14];
        salt.copy_from_slice(&hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        let mut stream = vec![0; 0xff01 * 16];
        aes.apply(counter_iv(&salt, Place { ssrc: 0, index: 0 }), &mut stream);
        assert_eq!(stream[..16], hex("E03EAD0935C95E80E166B16DD92B4EB4"));
        assert_eq!(stream[16..32], hex("D23513162B02D0F72A43A2FE4A5F97AB"));
        assert_eq!(
            stream[0xfeff * 16..][..16],
            hex("EC8CDF7398607CB0F2D21675EA9EA1E4")
        );
    }

    /// RFC 3711 appendix B.3, RFC 6188 sections 7.2 and 7.4: cipher key, salt, authentication key.
    #[test]
    fn key_derivation() {
        for (suite, master, key, salt, auth) in [
            (
                Suite::AesCm128Sha1_80,
                "E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6",
                "C61E7A93744F39EE10734AFE3FF7A087",
                "30CBBC08863D8C85D49DB34A9AE1",
                "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
            ),
            (
                Suite::AesCm256Sha1_80,
                "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b63b04803de51ee7c96423ab5b78d2",
                "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
                "fa31791685ca444a9e07c6c64e93",
                "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
            ),
            (
                Suite::AesCm192Sha1_80,
                "73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1c8522f3acd4ce86d5add78edbb11",
                "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb",
                "2372b82d639b6d8503a47adc0a6c",
                "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb",
            ),
        ] {
            let made = Transform::new(suite, &hex(master), false).unwrap();
            let Mode::Counter {
                aes,
                salt: ours,
                mac,
            } = made.mode
            else {
                panic!("not counter mode");
            };
            assert_eq!(ours[..], hex(salt));
            let mut blocks = [[Array::from([7; 16])], [Array::from([7; 16])]];
            aes.encrypt(&mut blocks[0]);
            Aes::new(&hex(key)).unwrap().encrypt(&mut blocks[1]);
            assert_eq!(blocks[0], blocks[1], "cipher key");
            let tag = |mut mac: Hmac<Sha1>| {
                mac.update(b"packet");
                mac.finalize().into_bytes()
            };
            let expected: Hmac<Sha1> = Hmac::new_from_slice(&hex(auth)).unwrap();
            assert_eq!(tag(*mac), tag(expected), "authentication key");
        }
    }

    /// RFC 7714 section 16.1.1, whose keys are session keys.
    #[test]
    fn gcm_packet() {
        let mut salt = [0; 12];
        salt.copy_from_slice(b"Quid pro quo");
        let key: Vec<u8> = (0..16).collect();
        let gcm = Aes128Gcm::new_from_slice(&key).unwrap();
        let transform = Transform {
            mode: Mode::Gcm128(Box::new(gcm), salt),
            tag: 16,
        };
        let mut packet = hex("8040f17b8041f8d35501a0b2");
        packet.extend_from_slice(b"Gallia est omnis divisa in partes tres");
        let plain = packet.clone();
        packet.resize(plain.len() + 16, 0);
        let at = Place {
            ssrc: 0x5501_a0b2,
            index: 0xf17b,
        };
        let length = transform.seal(&mut packet, 12, plain.len(), at, Trailer::RollOver(0));
        assert_eq!(length, Some(packet.len()));
        assert_eq!(
            packet,
            hex(
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce"
            )
        );
        let opened = transform.open(&mut packet, 12, at, Trailer::RollOver(0), true);
        assert_eq!(opened, Some(plain.len()));
        assert_eq!(packet[..plain.len()], plain);
    }
}
