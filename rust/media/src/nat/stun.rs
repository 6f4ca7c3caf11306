//! STUN messages (RFC 8489) with the attributes of TURN (RFC 8656), as a client writes and reads them.
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha1::Sha1;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const COOKIE: u32 = 0x2112_a442;
/// Bytes of a message's header.
const HEADER: usize = 20;

pub(super) const BINDING: u16 = 0x001;
pub(super) const ALLOCATE: u16 = 0x003;
pub(super) const REFRESH: u16 = 0x004;
pub(super) const SEND: u16 = 0x006;
pub(super) const DATA: u16 = 0x007;
pub(super) const CREATE_PERMISSION: u16 = 0x008;
pub(super) const CHANNEL_BIND: u16 = 0x009;

const INDICATION: u16 = 0x010;
const SUCCESS: u16 = 0x100;
const ERROR: u16 = 0x110;

mod attribute {
    pub const MAPPED_ADDRESS: u16 = 0x0001;
    pub const USERNAME: u16 = 0x0006;
    pub const MESSAGE_INTEGRITY: u16 = 0x0008;
    pub const ERROR_CODE: u16 = 0x0009;
    pub const CHANNEL_NUMBER: u16 = 0x000c;
    pub const LIFETIME: u16 = 0x000d;
    pub const XOR_PEER_ADDRESS: u16 = 0x0012;
    pub const DATA: u16 = 0x0013;
    pub const REALM: u16 = 0x0014;
    pub const NONCE: u16 = 0x0015;
    pub const XOR_RELAYED_ADDRESS: u16 = 0x0016;
    pub const REQUESTED_FAMILY: u16 = 0x0017;
    pub const REQUESTED_TRANSPORT: u16 = 0x0019;
    pub const XOR_MAPPED_ADDRESS: u16 = 0x0020;
    pub const SOFTWARE: u16 = 0x8022;
}

/// What ties an answer to its request.
pub(super) type Transaction = [u8; 12];

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Request,
    Indication,
    Success,
    Error,
}

/// Credentials that a server has asked for (RFC 8489 section 9.2).
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    username: String,
    realm: String,
    nonce: Vec<u8>,
    key: [u8; 16],
}

impl Credentials {
    pub(super) fn new(username: &str, password: &str, realm: &str, nonce: &[u8]) -> Credentials {
        let mut hash = Md5::new();
        hash.update([username, ":", realm, ":", password].concat());
        Credentials {
            username: username.to_owned(),
            realm: realm.to_owned(),
            nonce: nonce.to_vec(),
            key: hash.finalize().into(),
        }
    }

    /// The signature of what comes before it.
    #[cfg(test)]
    pub(super) fn sign(&self, before: &[u8]) -> [u8; 20] {
        signature(&self.key, &[before])
    }
}

/// A message that is being written.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn request(method: u16, transaction: &Transaction) -> Writer {
        Writer::new(method, transaction)
    }

    pub(super) fn indication(method: u16, transaction: &Transaction) -> Writer {
        Writer::new(method | INDICATION, transaction)
    }

    fn new(kind: u16, transaction: &Transaction) -> Writer {
        let mut out = Vec::with_capacity(160);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&COOKIE.to_be_bytes());
        out.extend_from_slice(transaction);
        Writer(out)
    }

    fn attribute(mut self, kind: u16, value: &[u8]) -> Writer {
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0
            .extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let length = (self.0.len() - HEADER) as u16;
        self.0[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }

    pub(super) fn software(self, name: &str) -> Writer {
        if name.is_empty() {
            return self;
        }
        self.attribute(attribute::SOFTWARE, name.as_bytes())
    }

    /// Ask for a relay of UDP in this family.
    pub(super) fn transport(self, ipv6: bool) -> Writer {
        let writer = self.attribute(attribute::REQUESTED_TRANSPORT, &[17, 0, 0, 0]);
        if ipv6 {
            return writer.attribute(attribute::REQUESTED_FAMILY, &[2, 0, 0, 0]);
        }
        writer
    }

    pub(super) fn lifetime(self, seconds: u32) -> Writer {
        self.attribute(attribute::LIFETIME, &seconds.to_be_bytes())
    }

    pub(super) fn channel(self, number: u16) -> Writer {
        let [high, low] = number.to_be_bytes();
        self.attribute(attribute::CHANNEL_NUMBER, &[high, low, 0, 0])
    }

    pub(super) fn peer(self, address: SocketAddr) -> Writer {
        let transaction: Transaction = self.0[8..HEADER].try_into().unwrap_or_default();
        let value = masked(address, &transaction);
        self.attribute(attribute::XOR_PEER_ADDRESS, &value)
    }

    pub(super) fn data(self, data: &[u8]) -> Writer {
        self.attribute(attribute::DATA, data)
    }

    /// The message, authenticated where the server wants that.
    pub(super) fn finish(self, credentials: Option<&Credentials>) -> Vec<u8> {
        let Some(credentials) = credentials else {
            return self.0;
        };
        let mut writer = self
            .attribute(attribute::USERNAME, credentials.username.as_bytes())
            .attribute(attribute::REALM, credentials.realm.as_bytes())
            .attribute(attribute::NONCE, &credentials.nonce);
        // What is signed is the message up to here, its length that of the message with the signature.
        let length = (writer.0.len() - HEADER + 24) as u16;
        writer.0[2..4].copy_from_slice(&length.to_be_bytes());
        let mac = signature(&credentials.key, &[&writer.0]);
        writer.attribute(attribute::MESSAGE_INTEGRITY, &mac).0
    }
}

fn signature(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    // An HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else {
        return [0; 20];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// An address as the XOR- attributes have it.
pub(super) fn masked(address: SocketAddr, transaction: &Transaction) -> Vec<u8> {
    let mask = [&COOKIE.to_be_bytes()[..], transaction].concat();
    let port = address.port() ^ (COOKIE >> 16) as u16;
    let (family, bytes) = match address.ip() {
        IpAddr::V4(ip) => (1, ip.octets().to_vec()),
        IpAddr::V6(ip) => (2, ip.octets().to_vec()),
    };
    let mut out = vec![0, family];
    out.extend_from_slice(&port.to_be_bytes());
    out.extend(bytes.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
    out
}

/// A message that came; its attributes are looked up when they are asked for.
pub(super) struct Reader<'a> {
    pub(super) method: u16,
    pub(super) class: Class,
    pub(super) transaction: Transaction,
    data: &'a [u8],
}

impl<'a> Reader<'a> {
    /// `None` for what is no STUN message.
    pub(super) fn parse(data: &'a [u8]) -> Option<Reader<'a>> {
        let (header, body) = data.split_at_checked(HEADER)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if kind >= 0x4000 || header[4..8] != COOKIE.to_be_bytes() || length != body.len() {
            return None;
        }
        let class = match kind & ERROR {
            0 => Class::Request,
            INDICATION => Class::Indication,
            SUCCESS => Class::Success,
            _ => Class::Error,
        };
        Some(Reader {
            method: kind & !ERROR,
            class,
            transaction: header[8..].try_into().ok()?,
            data,
        })
    }

    /// The attributes: kind, and where its value is.
    fn attributes(&self) -> impl Iterator<Item = (u16, std::ops::Range<usize>)> {
        let mut at = HEADER;
        let data = self.data;
        std::iter::from_fn(move || {
            let head = data.get(at..at + 4)?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let range = at + 4..at + 4 + length;
            data.get(range.clone())?;
            at = range.end.next_multiple_of(4);
            Some((kind, range))
        })
    }

    fn find(&self, wanted: u16) -> Option<&'a [u8]> {
        let (_, range) = self.attributes().find(|(kind, _)| *kind == wanted)?;
        self.data.get(range)
    }

    fn address(&self, kind: u16, plain: bool) -> Option<SocketAddr> {
        let value = self.find(kind)?;
        let mut mask = [0u8; 16];
        if !plain {
            mask[..4].copy_from_slice(&COOKIE.to_be_bytes());
            mask[4..].copy_from_slice(&self.transaction);
        }
        let (family, bytes) = (*value.get(1)?, value.get(4..)?);
        let port = u16::from_be_bytes([value[2] ^ mask[0], value[3] ^ mask[1]]);
        let unmasked: Vec<u8> = bytes
            .iter()
            .zip(mask)
            .map(|(byte, mask)| byte ^ mask)
            .collect();
        let ip = match family {
            1 => IpAddr::V4(Ipv4Addr::from(
                <[u8; 4]>::try_from(unmasked.get(..4)?).ok()?,
            )),
            2 => IpAddr::V6(Ipv6Addr::from(
                <[u8; 16]>::try_from(unmasked.get(..16)?).ok()?,
            )),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    /// Where the server saw us.
    pub(super) fn mapped(&self) -> Option<SocketAddr> {
        self.address(attribute::XOR_MAPPED_ADDRESS, false)
            .or_else(|| self.address(attribute::MAPPED_ADDRESS, true))
    }

    pub(super) fn relayed(&self) -> Option<SocketAddr> {
        self.address(attribute::XOR_RELAYED_ADDRESS, false)
    }

    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.address(attribute::XOR_PEER_ADDRESS, false)
    }

    /// Where the DATA is in the message.
    pub(super) fn data(&self) -> Option<std::ops::Range<usize>> {
        self.attributes()
            .find(|(kind, _)| *kind == attribute::DATA)
            .map(|(_, range)| range)
    }

    /// The channel number of a request.
    #[cfg(test)]
    pub(super) fn number(&self) -> Option<u16> {
        let value = self.find(attribute::CHANNEL_NUMBER)?;
        Some(u16::from_be_bytes([*value.first()?, *value.get(1)?]))
    }

    pub(super) fn lifetime(&self) -> Option<u32> {
        let value = self.find(attribute::LIFETIME)?;
        Some(u32::from_be_bytes(value.try_into().ok()?))
    }

    /// Code and reason of an error.
    pub(super) fn error(&self) -> (u16, String) {
        let Some(value) = self
            .find(attribute::ERROR_CODE)
            .filter(|value| value.len() >= 4)
        else {
            return (0, String::new());
        };
        let code = u16::from(value[2] & 7) * 100 + u16::from(value[3]);
        (code, String::from_utf8_lossy(&value[4..]).into_owned())
    }

    pub(super) fn realm(&self) -> Option<&'a str> {
        std::str::from_utf8(self.find(attribute::REALM)?).ok()
    }

    pub(super) fn nonce(&self) -> Option<&'a [u8]> {
        self.find(attribute::NONCE)
    }

    /// Whether it was signed with these credentials.
    pub(super) fn genuine(&self, credentials: &Credentials) -> bool {
        let Some((_, range)) = self
            .attributes()
            .find(|(kind, _)| *kind == attribute::MESSAGE_INTEGRITY)
        else {
            return false;
        };
        let before = range.start - 4;
        let length = ((before - HEADER + 24) as u16).to_be_bytes();
        let parts: [&[u8]; 3] = [&self.data[..2], &length, &self.data[4..before]];
        self.data[range] == signature(&credentials.key, &parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed() {
        // Name, realm and password of RFC 5769 section 2.4.
        let name = "\u{30DE}\u{30C8}\u{30EA}\u{30C3}\u{30AF}\u{30B9}";
        let transaction = [
            0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41, 0x2e,
        ];
        let credentials = Credentials::new(
            name,
            "TheMatrIX",
            "example.org",
            b"f//499k954d6OL34oL9FSTvy64sA",
        );
        let made = Writer::request(BINDING, &transaction).finish(Some(&credentials));
        let read = Reader::parse(&made).unwrap();
        assert!(read.genuine(&credentials));
        assert_eq!(
            (read.realm(), read.class),
            (Some("example.org"), Class::Request)
        );
        let other = Credentials::new(name, "TheMatrix", "example.org", b"");
        assert!(!read.genuine(&other));
        assert_eq!(
            credentials.key,
            [
                0xe8, 0xca, 0x7a, 0xd5, 0x9d, 0x5e, 0xb0, 0x51, 0x8e, 0x31, 0x29, 0x11, 0xd2, 0xda,
                0xb2, 0xa9
            ]
        );
    }

    #[test]
    fn addresses_of_both_families_are_read_as_written() {
        for text in [
            "192.0.2.1:32853",
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        ] {
            let address: SocketAddr = text.parse().unwrap();
            let made = Writer::request(SEND, &[7; 12])
                .peer(address)
                .data(b"hello")
                .finish(None);
            let read = Reader::parse(&made).unwrap();
            assert_eq!(read.peer(), Some(address));
            assert_eq!(read.data().map(|range| &made[range]), Some(&b"hello"[..]));
            for cut in 0..made.len() {
                assert!(Reader::parse(&made[..cut]).is_none());
            }
        }
    }

    #[test]
    fn a_response_of_the_specification_is_understood() {
        // RFC 5769 section 2.2, without the trailing integrity and fingerprint.
        let mut data = vec![0x01, 0x01, 0x00, 0x0c, 0x21, 0x12, 0xa4, 0x42];
        data.extend_from_slice(&[
            0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae,
        ]);
        data.extend_from_slice(&[
            0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
        ]);
        let read = Reader::parse(&data).unwrap();
        assert_eq!((read.method, read.class), (BINDING, Class::Success));
        assert_eq!(read.mapped(), Some("192.0.2.1:32853".parse().unwrap()));
    }
}
