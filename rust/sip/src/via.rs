//! One value of Via (RFC 3261 section 20.42, RFC 3581): where a response goes and which transaction it is of.
use crate::error::ParseError;
use crate::grammar::{
    self, Params, ascii, is_host_char, is_lws, is_token_char, number, trim, trim_start,
};

/// One Via value, borrowed from its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Via<'a> {
    /// Name and version of the protocol: "SIP", "2.0"; the grammar allows any token.
    pub protocol: (&'a str, &'a str),
    /// As sent: "UDP", "TCP", "TLS", "WS" ... in any case.
    pub transport: &'a str,
    /// Host of sent-by as it stands: a name, an IPv4 address or an IPv6 reference in brackets.
    pub host: &'a str,
    /// Port of sent-by, None when it is not given.
    pub port: Option<u16>,
    params: &'a [u8],
}

const BAD: ParseError = ParseError::bad("Malformed Via");

impl<'a> Via<'a> {
    /// Parse one value (not a list).
    ///
    /// # Errors
    /// 400 for what is not `name/version/transport sent-by *(;param)`.
    pub fn parse(text: &'a [u8]) -> Result<Via<'a>, ParseError> {
        let (name, rest) = token(trim(text))?;
        let (version, rest) = token(slash(rest)?)?;
        let (transport, rest) = token(slash(rest)?)?;
        if !rest.first().is_some_and(|&b| is_lws(b)) {
            return Err(BAD);
        }
        let rest = trim_start(rest);
        let end = rest.iter().position(|&b| b == b';').unwrap_or(rest.len());
        let (sent_by, params) = rest.split_at_checked(end).ok_or(BAD)?;
        let (host, port) = split_sent_by(trim(sent_by))?;
        if !grammar::params_readable(params) {
            return Err(BAD);
        }
        Ok(Via {
            protocol: (ascii(name), ascii(version)),
            transport: ascii(transport),
            host: ascii(host),
            port,
            params,
        })
    }

    /// Whether all parameters follow the grammar.  [`Via::parse`] only makes sure that they can be told apart,
    /// so that a branch is a token.
    #[must_use]
    pub fn params_valid(&self) -> bool {
        grammar::params_valid(self.params)
    }

    /// The raw value of a parameter, "" for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        grammar::param(self.params, name.as_bytes()).map(ascii)
    }

    #[must_use]
    pub fn params(&self) -> Params<'a> {
        grammar::params(self.params)
    }

    /// The transaction's branch, "" when there is none (RFC 2543 peers).
    #[must_use]
    pub fn branch(&self) -> &'a str {
        self.param("branch").unwrap_or("")
    }

    /// Where the request came from, as the server that got it noted.
    #[must_use]
    pub fn received(&self) -> Option<&'a str> {
        self.param("received")
    }

    /// RFC 3581: None without the parameter, Some(None) when it asks, Some(Some(port)) when it is filled in.
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.param("rport").map(|v| number(v.as_bytes()))
    }

    #[must_use]
    pub fn maddr(&self) -> Option<&'a str> {
        self.param("maddr").filter(|v| !v.is_empty())
    }

    #[must_use]
    pub fn ttl(&self) -> Option<u8> {
        self.param("ttl").and_then(|v| number(v.as_bytes()))
    }

    /// The port that sent-by means: as given, or else 5061 for TLS and 5060 for the rest.
    #[must_use]
    pub fn port_or_default(&self) -> u16 {
        self.port
            .unwrap_or(if self.transport.eq_ignore_ascii_case("TLS") {
                5061
            } else {
                5060
            })
    }

    /// `host` without the brackets of an IPv6 reference.
    #[must_use]
    pub fn host_unbracketed(&self) -> &'a str {
        self.host
            .strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(self.host)
    }
}

/// The token at the begin, and what follows it.
fn token(text: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    let end = text
        .iter()
        .position(|&b| !is_token_char(b))
        .unwrap_or(text.len());
    if end == 0 {
        Err(BAD)
    } else {
        text.split_at_checked(end).ok_or(BAD)
    }
}

/// What follows a slash with white space around it.
fn slash(text: &[u8]) -> Result<&[u8], ParseError> {
    trim_start(text)
        .strip_prefix(b"/")
        .map(trim_start)
        .ok_or(BAD)
}

/// `host [ ":" port ]`, with white space around the colon as section 25.1's COLON has it.
fn split_sent_by(text: &[u8]) -> Result<(&[u8], Option<u16>), ParseError> {
    let end = if text.first() == Some(&b'[') {
        let end = text.iter().position(|&b| b == b']').ok_or(BAD)? + 1;
        let inner = text.get(1..end - 1).ok_or(BAD)?;
        if ascii(inner).parse::<std::net::Ipv6Addr>().is_err() {
            return Err(BAD);
        }
        end
    } else {
        text.iter()
            .position(|&b| !is_host_char(b))
            .unwrap_or(text.len())
    };
    let (host, rest) = text.split_at_checked(end).ok_or(BAD)?;
    if host.is_empty() {
        return Err(BAD);
    }
    match trim_start(rest) {
        [] => Ok((host, None)),
        [b':', port @ ..] => {
            let port: u16 = number(trim(port)).filter(|&p| p != 0).ok_or(BAD)?;
            Ok((host, Some(port)))
        }
        _ => Err(BAD),
    }
}
