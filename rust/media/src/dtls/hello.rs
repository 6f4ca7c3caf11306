//! ClientHello and ServerHello with the extensions that DTLS-SRTP needs (RFC 5246, 5764, 7627, 8422).
use super::signing::SCHEMES;
use super::wire::{Malformed, Reader, put, put_vector};

/// Named groups for the key exchange, in order: X25519, P-256, P-384.
pub(super) const GROUPS: [u16; 3] = [29, 23, 24];
/// SRTP protection profiles, in order (RFC 5764, 7714).
pub(super) const PROFILES: [u16; 3] = [8, 7, 1];

pub(super) const VERSION: u16 = 0xfefd; // DTLS 1.2
pub(super) type Random = [u8; 32];

/// Cipher suite that stands for an empty renegotiation_info (RFC 5746).
const NO_RENEGOTIATION: u16 = 0x00ff;

mod extension {
    pub const GROUPS: u16 = 10;
    pub const POINT_FORMATS: u16 = 11;
    pub const SIGNATURES: u16 = 13;
    pub const USE_SRTP: u16 = 14;
    pub const EXTENDED_MASTER: u16 = 23;
    pub const RENEGOTIATION: u16 = 0xff01;
}

/// What either side may say in extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) groups: Vec<u16>,
    pub(super) signatures: Vec<u16>,
    /// SRTP profiles; `None` without the extension.
    pub(super) profiles: Option<Vec<u16>>,
    pub(super) extended_master: bool,
    pub(super) renegotiation: bool,
    pub(super) point_formats: bool,
}

impl Extensions {
    fn parse(reader: &mut Reader<'_>) -> Result<Extensions, Malformed> {
        let mut found = Extensions::default();
        if reader.is_empty() {
            return Ok(found);
        }
        let mut list = Reader(reader.vector(2)?);
        while !list.is_empty() {
            let kind = list.u16()?;
            let mut body = Reader(list.vector(2)?);
            match kind {
                extension::GROUPS => found.groups = body.numbers()?,
                extension::SIGNATURES => found.signatures = body.numbers()?,
                extension::USE_SRTP => found.profiles = Some(body.numbers()?),
                extension::EXTENDED_MASTER => found.extended_master = true,
                extension::RENEGOTIATION => {
                    // No renegotiation is ever done, so there is nothing to be repeated.
                    if !body.vector(1)?.is_empty() {
                        return Err(Malformed);
                    }
                    found.renegotiation = true;
                }
                extension::POINT_FORMATS => found.point_formats = true,
                _ => {}
            }
        }
        Ok(found)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let numbers = |out: &mut Vec<u8>, kind: u16, list: &[u16], srtp: bool| {
            put(out, 2, u64::from(kind));
            put_vector(out, 2, |out| {
                put_vector(out, 2, |out| {
                    list.iter().for_each(|each| put(out, 2, u64::from(*each)));
                });
                if srtp {
                    put(out, 1, 0); // no master key identifier
                }
            });
        };
        put_vector(out, 2, |out| {
            if !self.groups.is_empty() {
                numbers(out, extension::GROUPS, &self.groups, false);
            }
            if self.point_formats {
                put(out, 2, u64::from(extension::POINT_FORMATS));
                put_vector(out, 2, |out| put_vector(out, 1, |out| put(out, 1, 0)));
            }
            if !self.signatures.is_empty() {
                numbers(out, extension::SIGNATURES, &self.signatures, false);
            }
            if let Some(profiles) = &self.profiles {
                numbers(out, extension::USE_SRTP, profiles, true);
            }
            if self.extended_master {
                put(out, 2, u64::from(extension::EXTENDED_MASTER));
                put(out, 2, 0);
            }
            if self.renegotiation {
                put(out, 2, u64::from(extension::RENEGOTIATION));
                put_vector(out, 2, |out| put(out, 1, 0));
            }
        });
    }
}

/// A ClientHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClientHello {
    pub(super) version: u16,
    pub(super) random: Random,
    pub(super) cookie: Vec<u8>,
    pub(super) suites: Vec<u16>,
    pub(super) extensions: Extensions,
}

impl ClientHello {
    /// What we offer.
    pub(super) fn ours(random: Random, cookie: Vec<u8>, suites: Vec<u16>) -> ClientHello {
        ClientHello {
            version: VERSION,
            random,
            cookie,
            suites,
            extensions: Extensions {
                groups: GROUPS.to_vec(),
                signatures: SCHEMES.to_vec(),
                profiles: Some(PROFILES.to_vec()),
                extended_master: true,
                renegotiation: true,
                point_formats: true,
            },
        }
    }

    pub(super) fn parse(body: &[u8]) -> Result<ClientHello, Malformed> {
        let mut reader = Reader(body);
        let version = reader.u16()?;
        let random = reader.take(32)?.try_into().map_err(|_| Malformed)?;
        let _session = reader.vector(1)?;
        let cookie = reader.vector(1)?.to_vec();
        let suites = reader.numbers()?;
        if !reader.vector(1)?.contains(&0) {
            return Err(Malformed); // no compression must be offered
        }
        let mut extensions = Extensions::parse(&mut reader)?;
        extensions.renegotiation |= suites.contains(&NO_RENEGOTIATION);
        reader.end()?;
        Ok(ClientHello {
            version,
            random,
            cookie,
            suites,
            extensions,
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(160);
        put(&mut out, 2, u64::from(self.version));
        out.extend_from_slice(&self.random);
        put(&mut out, 1, 0); // no session to go on with
        put_vector(&mut out, 1, |out| out.extend_from_slice(&self.cookie));
        put_vector(&mut out, 2, |out| {
            self.suites
                .iter()
                .for_each(|suite| put(out, 2, u64::from(*suite)));
        });
        out.extend_from_slice(&[1, 0]);
        self.extensions.write(&mut out);
        out
    }
}

/// A ServerHello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub(super) version: u16,
    pub(super) random: Random,
    pub(super) suite: u16,
    pub(super) extensions: Extensions,
}

impl ServerHello {
    pub(super) fn parse(body: &[u8]) -> Result<ServerHello, Malformed> {
        let mut reader = Reader(body);
        let version = reader.u16()?;
        let random = reader.take(32)?.try_into().map_err(|_| Malformed)?;
        let _session = reader.vector(1)?;
        let suite = reader.u16()?;
        if reader.u8()? != 0 {
            return Err(Malformed);
        }
        let extensions = Extensions::parse(&mut reader)?;
        reader.end()?;
        Ok(ServerHello {
            version,
            random,
            suite,
            extensions,
        })
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        put(&mut out, 2, u64::from(self.version));
        out.extend_from_slice(&self.random);
        put(&mut out, 1, 0);
        put(&mut out, 2, u64::from(self.suite));
        put(&mut out, 1, 0);
        self.extensions.write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hellos_are_read_as_written() {
        let hello = ClientHello::ours([7; 32], vec![1, 2], vec![0xc02b, 0xc02f]);
        let written = hello.write();
        assert_eq!(ClientHello::parse(&written), Ok(hello));
        for cut in 0..written.len() {
            // Extensions may be left out altogether.
            assert!(
                cut == 46 || ClientHello::parse(&written[..cut]).is_err(),
                "{cut}"
            );
        }
        let answer = ServerHello {
            version: VERSION,
            random: [9; 32],
            suite: 0xc02f,
            extensions: Extensions {
                profiles: Some(vec![7]),
                extended_master: true,
                renegotiation: true,
                ..Extensions::default()
            },
        };
        assert_eq!(ServerHello::parse(&answer.write()), Ok(answer));
    }
}
