//! The crypto suites by their names in SDP (RFC 4568, 6188, 7714) and their sizes.

/// A transform with its key and tag sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    AesCm128Sha1_80,
    AesCm128Sha1_32,
    AesCm192Sha1_80,
    AesCm192Sha1_32,
    AesCm256Sha1_80,
    AesCm256Sha1_32,
    AeadAes128Gcm,
    AeadAes256Gcm,
}

impl Suite {
    /// All with their names in `a=crypto` lines.
    pub const ALL: [(Suite, &'static str); 8] = [
        (Suite::AesCm128Sha1_80, "AES_CM_128_HMAC_SHA1_80"),
        (Suite::AesCm128Sha1_32, "AES_CM_128_HMAC_SHA1_32"),
        (Suite::AesCm192Sha1_80, "AES_192_CM_HMAC_SHA1_80"),
        (Suite::AesCm192Sha1_32, "AES_192_CM_HMAC_SHA1_32"),
        (Suite::AesCm256Sha1_80, "AES_256_CM_HMAC_SHA1_80"),
        (Suite::AesCm256Sha1_32, "AES_256_CM_HMAC_SHA1_32"),
        (Suite::AeadAes128Gcm, "AEAD_AES_128_GCM"),
        (Suite::AeadAes256Gcm, "AEAD_AES_256_GCM"),
    ];

    /// The suite of this name; names are compared as they are written (RFC 4568 section 9.1).
    #[must_use]
    pub fn named(name: &str) -> Option<Suite> {
        Suite::ALL
            .into_iter()
            .find(|(_, known)| *known == name)
            .map(|(suite, _)| suite)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        Suite::ALL
            .into_iter()
            .find(|(suite, _)| *suite == self)
            .map_or("", |(_, name)| name)
    }

    /// Bytes of the master key, and of each cipher key made from it.
    #[must_use]
    pub fn key_length(self) -> usize {
        match self {
            Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 | Suite::AeadAes128Gcm => 16,
            Suite::AesCm192Sha1_80 | Suite::AesCm192Sha1_32 => 24,
            Suite::AesCm256Sha1_80 | Suite::AesCm256Sha1_32 | Suite::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    #[must_use]
    pub fn salt_length(self) -> usize {
        if self.is_aead() { 12 } else { 14 }
    }

    /// Bytes of the keying material of an `inline:` parameter: key, then salt.
    #[must_use]
    pub fn material_length(self) -> usize {
        self.key_length() + self.salt_length()
    }

    #[must_use]
    pub fn is_aead(self) -> bool {
        matches!(self, Suite::AeadAes128Gcm | Suite::AeadAes256Gcm)
    }

    /// Bytes that authenticate an RTP packet.
    #[must_use]
    pub fn rtp_tag(self) -> usize {
        match self {
            Suite::AesCm128Sha1_32 | Suite::AesCm192Sha1_32 | Suite::AesCm256Sha1_32 => 4,
            Suite::AesCm128Sha1_80 | Suite::AesCm192Sha1_80 | Suite::AesCm256Sha1_80 => 10,
            Suite::AeadAes128Gcm | Suite::AeadAes256Gcm => 16,
        }
    }

    /// Bytes that authenticate an RTCP packet: the short tags are for RTP alone (RFC 3711 section 5.2).
    #[must_use]
    pub fn rtcp_tag(self) -> usize {
        if self.is_aead() { 16 } else { 10 }
    }
}
