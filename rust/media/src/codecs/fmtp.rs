//! The fmtp line of SDP (RFC 8866 section 6.15): `name=value` separated by semicolons.

/// One parameter's value, its name in any case; "" for one without value, none when it is not there.
#[must_use]
pub fn param<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    fmtp.split(';').find_map(|part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        key.trim()
            .eq_ignore_ascii_case(name)
            .then_some(value.trim())
    })
}

/// FNV-1a of what both ends of a word must agree on, case left out.
#[must_use]
pub const fn hash(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at].to_ascii_lowercase() as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// FNV-1a of octets.
#[cfg(test)]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_parameters() {
        let line = "maxplaybackrate=16000; useinbandfec=1;cbr; sprop-stereo = 0";
        assert_eq!(param(line, "MaxPlaybackRate"), Some("16000"));
        assert_eq!(param(line, "useinbandfec"), Some("1"));
        assert_eq!(param(line, "cbr"), Some(""));
        assert_eq!(param(line, "sprop-stereo"), Some("0"));
        assert_eq!(param(line, "stereo"), None);
        assert_eq!(param("", "stereo"), None);
    }
}
