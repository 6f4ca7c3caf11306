//! Digest authentication's arithmetic (RFC 7616, RFC 8760) and the grammar of its headers.
//!
//! Whose password it is, which nonces are good and how often they may be used is decided elsewhere.
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use crate::error::{BuildError, ParseError};
use crate::grammar::{self, decode, is_token, is_token_char, trim_start, unquote};

/// A hash function of RFC 8760.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

/// The `algorithm` parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithm {
    pub hash: Hash,
    /// The `-sess` variant: HA1 takes nonce and cnonce in.
    pub session: bool,
}

impl Algorithm {
    /// By its registered name, in any case; "" is MD5, as RFC 7616 says for an absent parameter.
    #[must_use]
    pub fn of(name: &str) -> Option<Algorithm> {
        const SESSION: &str = "-sess";
        let at = name.len().saturating_sub(SESSION.len());
        let session = name
            .get(at..)
            .is_some_and(|tail| tail.eq_ignore_ascii_case(SESSION));
        let base = if session { name.get(..at)? } else { name };
        let hash = match base {
            "" if !session => Hash::Md5,
            _ if base.eq_ignore_ascii_case("MD5") => Hash::Md5,
            _ if base.eq_ignore_ascii_case("SHA-256") => Hash::Sha256,
            _ if base.eq_ignore_ascii_case("SHA-512-256") => Hash::Sha512_256,
            _ => return None,
        };
        Some(Algorithm { hash, session })
    }
}

/// Lower-case hexadecimal hash of the pieces with a colon between each two.
fn hash_joined(hash: Hash, pieces: &[&[u8]]) -> String {
    match hash {
        Hash::Md5 => joined::<Md5>(pieces),
        Hash::Sha256 => joined::<Sha256>(pieces),
        Hash::Sha512_256 => joined::<Sha512_256>(pieces),
    }
}

fn joined<D: Digest>(pieces: &[&[u8]]) -> String {
    let mut digest = D::new();
    for (i, piece) in pieces.iter().enumerate() {
        if i > 0 {
            digest.update(b":");
        }
        digest.update(piece);
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        for nibble in [b >> 4, b & 15] {
            out.push(
                DIGITS
                    .get(usize::from(nibble))
                    .map_or('0', |&d| char::from(d)),
            );
        }
    }
    out
}

/// H(username:realm:password), which may be kept in the password's place.
#[must_use]
pub fn ha1(algorithm: Algorithm, username: &str, realm: &str, password: &str) -> String {
    hash_joined(
        algorithm.hash,
        &[username.as_bytes(), realm.as_bytes(), password.as_bytes()],
    )
}

/// What the `response` parameter is computed from.  Values are unquoted.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    pub algorithm: Algorithm,
    /// H(username:realm:password), also for `-sess`.
    pub ha1: &'a str,
    pub method: &'a str,
    pub uri: &'a str,
    pub nonce: &'a str,
    pub nc: Option<&'a str>,
    pub cnonce: Option<&'a str>,
    /// "auth", "auth-int", or None for the form without qop (RFC 2069).
    pub qop: Option<&'a str>,
    /// For auth-int.
    pub entity_body: Option<&'a [u8]>,
}

impl Response<'_> {
    /// The value of `response`.
    ///
    /// # Errors
    /// For an unknown qop, and when nc or cnonce is missing where it is needed.
    pub fn compute(&self) -> Result<String, BuildError> {
        const NO_CNONCE: BuildError = BuildError("qop and -sess algorithms need a cnonce");
        let hash = self.algorithm.hash;
        let nonce = self.nonce.as_bytes();
        let session_ha1;
        let ha1 = if self.algorithm.session {
            let cnonce = self.cnonce.ok_or(NO_CNONCE)?.as_bytes();
            session_ha1 = hash_joined(hash, &[self.ha1.as_bytes(), nonce, cnonce]);
            session_ha1.as_bytes()
        } else {
            self.ha1.as_bytes()
        };
        let qop = self.qop.unwrap_or("");
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let ha2 = if qop.is_empty() || qop.eq_ignore_ascii_case("auth") {
            hash_joined(hash, &[method, uri])
        } else if qop.eq_ignore_ascii_case("auth-int") {
            let body = hash_joined(hash, &[self.entity_body.unwrap_or_default()]);
            hash_joined(hash, &[method, uri, body.as_bytes()])
        } else {
            return Err(BuildError("unknown qop"));
        };
        if qop.is_empty() {
            return Ok(hash_joined(hash, &[ha1, nonce, ha2.as_bytes()]));
        }
        let nc = self.nc.ok_or(BuildError("qop needs nc"))?.as_bytes();
        let cnonce = self.cnonce.ok_or(NO_CNONCE)?.as_bytes();
        Ok(hash_joined(
            hash,
            &[ha1, nonce, nc, cnonce, qop.as_bytes(), ha2.as_bytes()],
        ))
    }
}

/// HMAC-SHA-256 (RFC 2104), for nonces that need no memory.
#[must_use]
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(data);
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of any length, so this is never reached; a hash of both is no worse a secret.
        Err(_) => Sha256::new()
            .chain_update(key)
            .chain_update(data)
            .finalize()
            .into(),
    }
}

/// One value of Authorization, WWW-Authenticate, Authentication-Info's cousins: a scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// As it stands, e.g. "Digest".
    pub scheme: String,
    /// Names in lower case, values unquoted, in order.  Credentials that are not `name=value` (Basic, Bearer)
    /// are the one entry with an empty name.
    pub params: Vec<(String, String)>,
}

const BAD: ParseError = ParseError::bad("Malformed credentials");
/// Digest has fifteen.
const MAX_PARAMS: usize = 64;

impl Auth {
    /// Parse one header value.
    ///
    /// # Errors
    /// 400 for a malformed list, a parameter given twice, and a second scheme in the same value, which RFC 3261
    /// section 7.3.1 does not allow.
    pub fn parse(text: &str) -> Result<Auth, ParseError> {
        let text = grammar::unfold(grammar::trim(text.as_bytes()));
        let end = text
            .iter()
            .position(|&b| !is_token_char(b))
            .unwrap_or(text.len());
        let (scheme, rest) = text.split_at_checked(end).ok_or(BAD)?;
        if scheme.is_empty() || !matches!(rest.first(), None | Some(b' ' | b'\t')) {
            return Err(BAD);
        }
        let mut auth = Auth {
            scheme: decode(scheme).into_owned(),
            params: Vec::with_capacity(12),
        };
        let rest = trim_start(rest);
        if is_token68(rest) {
            auth.params.push((String::new(), decode(rest).into_owned()));
            return Ok(auth);
        }
        for element in grammar::elements(rest) {
            // empty list elements are harmless, and sent
            if element.is_empty() {
                continue;
            }
            let equals = element.iter().position(|&b| b == b'=').ok_or(BAD)?;
            let name = grammar::trim(element.get(..equals).unwrap_or_default());
            let value = grammar::trim(element.get(equals + 1..).unwrap_or_default());
            let quoted = value.first() == Some(&b'"');
            if !is_token(name) || (quoted && grammar::quoted_len(value) != Some(value.len())) {
                return Err(BAD);
            }
            if !quoted && value.iter().any(|&b| b == b'"' || b == b' ') {
                return Err(BAD);
            }
            if auth.params.len() >= MAX_PARAMS {
                return Err(ParseError::bad("Too many parameters in credentials"));
            }
            let name = decode(name).to_ascii_lowercase();
            if auth.params.iter().any(|(n, _)| *n == name) {
                return Err(ParseError::bad("Parameter given twice in credentials"));
            }
            auth.params.push((name, unquote(value).into_owned()));
        }
        Ok(auth)
    }

    /// A parameter by its name in lower case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }
}

/// `token68` of RFC 7235: what Basic and Bearer have instead of parameters.
fn is_token68(text: &[u8]) -> bool {
    let body = text.iter().rposition(|&b| b != b'=').map_or(0, |at| at + 1);
    let good = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(b);
    body > 0 && text.get(..body).is_some_and(|t| t.iter().all(good))
}
