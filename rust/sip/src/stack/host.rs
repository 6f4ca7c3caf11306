//! The other end's address as text, without an allocation for IP addresses.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Where something came from or goes to.  [`Host::text`] gives back exactly what it was made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// A name, or an address in an unusual spelling (scopes, upper case).
    Name(Arc<str>),
}

impl Host {
    pub fn new(text: &str) -> Host {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Host::V4(address);
        }
        match text.parse::<Ipv6Addr>() {
            Ok(address) if address.to_string() == text => Host::V6(address),
            _ => Host::Name(text.into()),
        }
    }

    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Host::V4(address) => Cow::Owned(address.to_string()),
            Host::V6(address) => Cow::Owned(address.to_string()),
            Host::Name(text) => Cow::Borrowed(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Host;

    #[test]
    fn gives_back_what_it_was_made_of() {
        for text in [
            "192.0.2.1",
            "2001:db8::1",
            "2001:DB8::1",
            "fe80::1%eth0",
            "::ffff:192.0.2.1",
            "0:0:0:0:0:0:0:1",
            "pbx.example.com",
            "",
        ] {
            assert_eq!(Host::new(text).text(), text);
        }
    }
}
