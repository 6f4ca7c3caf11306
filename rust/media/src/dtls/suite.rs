//! Cipher suites of the handshake, and what TLS 1.2 derives from a secret (RFC 5246, 5288, 5289, 7627, 7905).
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::{digest, hmac};

/// A suite: an elliptic key exchange that a certificate's key signs, and an AEAD.
#[derive(Debug)]
pub(super) struct CipherSuite {
    pub(super) id: u16,
    /// OpenSSL's name.
    pub(super) name: &'static str,
    /// Signed by an RSA key; otherwise by one on an elliptic curve.
    pub(super) rsa: bool,
    pub(super) hash: &'static digest::Algorithm,
    hmac: hmac::Algorithm,
    cipher: &'static aead::Algorithm,
    /// Bytes of the implicit part of the nonce.
    fixed_iv: usize,
}

macro_rules! suite {
    ($id:literal, $name:literal, $rsa:literal, $hash:ident, $hmac:ident, $cipher:ident, $iv:literal) => {
        CipherSuite {
            id: $id,
            name: $name,
            rsa: $rsa,
            hash: &digest::$hash,
            hmac: hmac::$hmac,
            cipher: &aead::$cipher,
            fixed_iv: $iv,
        }
    };
}

/// All of them, in the order in which a client offers them.
#[rustfmt::skip]
pub(super) static SUITES: [CipherSuite; 6] = [
    suite!(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", false, SHA256, HMAC_SHA256, AES_128_GCM, 4),
    suite!(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", true, SHA256, HMAC_SHA256, AES_128_GCM, 4),
    suite!(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", false, SHA384, HMAC_SHA384, AES_256_GCM, 4),
    suite!(0xc030, "ECDHE-RSA-AES256-GCM-SHA384", true, SHA384, HMAC_SHA384, AES_256_GCM, 4),
    suite!(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", false, SHA256, HMAC_SHA256, CHACHA20_POLY1305, 12),
    suite!(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", true, SHA256, HMAC_SHA256, CHACHA20_POLY1305, 12),
];

/// The names of all suites, as OpenSSL has them.
pub fn cipher_names() -> impl Iterator<Item = &'static str> {
    SUITES.iter().map(|suite| suite.name)
}

/// The suites of a configuration, by OpenSSL's names; none for all.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static CipherSuite>, String> {
    let suites: Vec<&CipherSuite> = SUITES
        .iter()
        .filter(|suite| names.is_empty() || names.iter().any(|name| name == suite.name))
        .collect();
    if suites.is_empty() {
        return Err(format!("no cipher of {} is known", names.join(":")));
    }
    Ok(suites)
}

/// Bytes of the authentication tag.
const TAG: usize = 16;
/// Bytes of the master secret.
const MASTER: usize = 48;

impl CipherSuite {
    /// RFC 5246 section 5, for `length` bytes.
    pub(super) fn prf(&self, secret: &[u8], label: &str, seed: &[&[u8]], length: usize) -> Vec<u8> {
        let key = hmac::Key::new(self.hmac, secret);
        let with_seed = |first: Option<&[u8]>| {
            let mut context = hmac::Context::with_key(&key);
            if let Some(first) = first {
                context.update(first);
            }
            context.update(label.as_bytes());
            seed.iter().for_each(|part| context.update(part));
            context.sign()
        };
        let mut out = Vec::with_capacity(length + 48);
        let mut a = with_seed(None);
        while out.len() < length {
            out.extend_from_slice(with_seed(Some(a.as_ref())).as_ref());
            a = hmac::sign(&key, a.as_ref());
        }
        out.truncate(length);
        out
    }

    pub(super) fn hash(&self, data: &[u8]) -> digest::Digest {
        digest::digest(self.hash, data)
    }

    /// Keys of both directions: the client's, the server's.
    pub(super) fn keys(
        &self,
        master: &[u8],
        client_random: &[u8],
        server_random: &[u8],
    ) -> [RecordKey; 2] {
        let key = self.cipher.key_len();
        let seed = [server_random, client_random];
        let block = self.prf(master, "key expansion", &seed, 2 * (key + self.fixed_iv));
        let (keys, ivs) = block.split_at(2 * key);
        [0, 1].map(|side| {
            RecordKey::new(
                self,
                &keys[side * key..(side + 1) * key],
                &ivs[side * self.fixed_iv..(side + 1) * self.fixed_iv],
            )
        })
    }

    /// The master secret: of the whole exchange where both sides have RFC 7627, else of the randoms.
    pub(super) fn master(
        &self,
        secret: &[u8],
        session_hash: Option<&[u8]>,
        randoms: [&[u8]; 2],
    ) -> Vec<u8> {
        match session_hash {
            Some(hash) => self.prf(secret, "extended master secret", &[hash], MASTER),
            None => self.prf(secret, "master secret", &randoms, MASTER),
        }
    }
}

/// The key of the records of one direction.
pub(super) struct RecordKey {
    key: Option<LessSafeKey>,
    iv: Vec<u8>,
}

impl RecordKey {
    fn new(suite: &CipherSuite, key: &[u8], iv: &[u8]) -> RecordKey {
        RecordKey {
            // Its length is the algorithm's, so it is one.
            key: UnboundKey::new(suite.cipher, key)
                .ok()
                .map(LessSafeKey::new),
            iv: iv.to_vec(),
        }
    }

    /// Whether eight bytes of the nonce stand in the record.
    fn explicit(&self) -> bool {
        self.iv.len() == 4
    }

    fn nonce(&self, number: [u8; 8]) -> Nonce {
        let mut nonce = [0u8; 12];
        nonce[..self.iv.len()].copy_from_slice(&self.iv);
        if self.explicit() {
            nonce[4..].copy_from_slice(&number);
        } else {
            nonce[4..]
                .iter_mut()
                .zip(number)
                .for_each(|(byte, other)| *byte ^= other);
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn associated(number: [u8; 8], kind: u8, length: usize) -> [u8; 13] {
        let mut data = [0u8; 13];
        data[..8].copy_from_slice(&number);
        data[8..11].copy_from_slice(&[kind, 254, 253]);
        data[11..].copy_from_slice(&(length as u16).to_be_bytes());
        data
    }

    /// How many bytes a sealed record has more.
    pub(super) fn overhead(&self) -> usize {
        TAG + if self.explicit() { 8 } else { 0 }
    }

    /// The fragment of a record: `number` is its epoch and sequence number, which is never used again.
    pub(super) fn seal(&self, number: [u8; 8], kind: u8, plain: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.as_ref()?;
        let mut data = plain.to_vec();
        let associated = Aad::from(RecordKey::associated(number, kind, plain.len()));
        key.seal_in_place_append_tag(self.nonce(number), associated, &mut data)
            .ok()?;
        if self.explicit() {
            data.splice(..0, number);
        }
        Some(data)
    }

    /// What a record says, if it is genuine.
    pub(super) fn open(&self, number: [u8; 8], kind: u8, fragment: &[u8]) -> Option<Vec<u8>> {
        let key = self.key.as_ref()?;
        let (nonce, sealed) = if self.explicit() {
            fragment.split_at_checked(8)?
        } else {
            (&number[..], fragment)
        };
        let mut data = sealed.to_vec();
        let associated = RecordKey::associated(number, kind, sealed.len().checked_sub(TAG)?);
        let nonce = self.nonce(nonce.try_into().ok()?);
        let length = key
            .open_in_place(nonce, Aad::from(associated), &mut data)
            .ok()?
            .len();
        data.truncate(length);
        Some(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prf_is_that_of_tls() {
        // https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/ (P_SHA256)
        let secret = [
            0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71,
            0xdb, 0x35,
        ];
        let seed = [
            0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5,
            0x19, 0x8c,
        ];
        let made = SUITES[0].prf(&secret, "test label", &[&seed[..5], &seed[5..]], 100);
        assert_eq!(made[..8], [0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b]);
        assert_eq!(made[96..], [0x87, 0x34, 0x7b, 0x66]);
    }

    #[test]
    fn records_are_opened_as_sealed() {
        for suite in &SUITES {
            let [client, server] = suite.keys(&[1; 48], &[2; 32], &[3; 32]);
            let number = [0, 1, 0, 0, 0, 0, 0, 9];
            let sealed = client.seal(number, 22, b"hello").unwrap();
            assert_eq!(sealed.len(), 5 + client.overhead());
            assert_eq!(
                client.open(number, 22, &sealed).as_deref(),
                Some(&b"hello"[..])
            );
            assert_eq!(client.open(number, 23, &sealed), None);
            assert_eq!(server.open(number, 22, &sealed), None);
            assert_eq!(client.open(number, 22, &sealed[..12]), None);
        }
        assert!(chosen(&["RC4-MD5".into()]).is_err());
        assert_eq!(chosen(&[]).unwrap().len(), SUITES.len());
    }
}
