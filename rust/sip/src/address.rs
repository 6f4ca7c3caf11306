//! `name-addr` and `addr-spec` with header parameters (RFC 3261 section 20.10): From, To, Contact, Route ...
use std::borrow::Cow;
use std::fmt;

use crate::error::{BuildError, ParseError};
use crate::grammar::{self, decode, is_token, quote, trim, trim_end, trim_start, unquote};
use crate::uri::{self, Uri};

const BAD: ParseError = ParseError::bad("Malformed address");

/// The three parts of an address as they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Raw<'a> {
    /// With its quotes, if it has any; empty without display name.
    pub display: &'a [u8],
    pub uri: &'a [u8],
    /// Empty, or beginning with a semicolon.
    pub params: &'a [u8],
}

/// Find the parts of one address.  The URI itself is not looked at.
pub(crate) fn split(text: &[u8]) -> Result<Raw<'_>, ParseError> {
    let text = trim(text);
    let display_end = match text.first() {
        None => return Err(BAD),
        Some(b'"') => {
            let end = grammar::quoted_len(text).ok_or(ParseError::bad("Unbalanced quotes"))?;
            let rest = text.get(end..).unwrap_or_default();
            let gap = rest.len() - trim_start(rest).len();
            if text.get(end + gap) != Some(&b'<') {
                return Err(BAD);
            }
            Some(end + gap)
        }
        Some(_) => {
            let stop = text
                .iter()
                .position(|&b| matches!(b, b'<' | b'"' | b';' | b','));
            match stop.and_then(|at| text.get(at)) {
                Some(b'<') => stop,
                Some(b'"' | b',') => return Err(BAD),
                _ => None,
            }
        }
    };
    if let Some(open) = display_end {
        let rest = text.get(open + 1..).unwrap_or_default();
        let close = rest.iter().position(|&b| b == b'>').ok_or(BAD)?;
        let params = trim_start(rest.get(close + 1..).unwrap_or_default());
        if !matches!(params.first(), None | Some(b';')) {
            return Err(BAD);
        }
        return Ok(Raw {
            display: trim_end(text.get(..open).unwrap_or_default()),
            uri: rest.get(..close).unwrap_or_default(),
            params,
        });
    }
    // Without <>, what follows a semicolon belongs to the header, and the URI must not hold '?' or ',' (section 20.10).
    // One in front of the @ is the user part's: its sender has forgotten the <>, and is understood.
    let host = text.iter().position(|&b| b == b'@').unwrap_or(0);
    let end = text
        .iter()
        .skip(host)
        .position(|&b| b == b';')
        .map_or(text.len(), |at| host + at);
    let (uri, params) = text.split_at_checked(end).ok_or(BAD)?;
    if uri.contains(&b'?') {
        return Err(ParseError::bad("Address with '?' outside <>"));
    }
    Ok(Raw {
        display: b"",
        uri: trim_end(uri),
        params,
    })
}

/// Check one address to its end, without keeping it.
pub(crate) fn check(text: &[u8]) -> Result<(), ParseError> {
    let raw = split(text)?;
    if !grammar::params_valid(raw.params) {
        return Err(BAD);
    }
    uri::check(std::str::from_utf8(raw.uri).map_err(|_| BAD)?).map(|_| ())
}

/// A parsed address.  Immutable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAddr {
    display: Option<Box<str>>,
    uri: Uri,
    /// `;name=value...` as it stands, or empty.
    params: Box<str>,
}

impl NameAddr {
    /// Parse one address (not a list).
    ///
    /// # Errors
    /// 400 for unbalanced quotes or `<>`, and for a malformed URI.
    pub fn parse(text: &str) -> Result<NameAddr, ParseError> {
        let raw = split(text.as_bytes())?;
        if !grammar::params_valid(raw.params) {
            return Err(BAD);
        }
        let display = unquote(raw.display);
        Ok(NameAddr {
            display: if raw.display.is_empty() {
                None
            } else {
                Some(display.into())
            },
            uri: Uri::parse(std::str::from_utf8(raw.uri).map_err(|_| BAD)?)?,
            params: decode(&grammar::unfold(raw.params)).into(),
        })
    }

    /// # Errors
    /// For a parameter name that is no token, and for control characters in a value.
    pub fn build(
        uri: Uri,
        display_name: Option<&str>,
        params: &[(&str, Option<&str>)],
    ) -> Result<NameAddr, BuildError> {
        let mut text = String::new();
        for &(name, value) in params {
            push_param(&mut text, name, value)?;
        }
        Ok(NameAddr {
            display: display_name.map(Into::into),
            uri,
            params: text.into(),
        })
    }

    /// The display name without quotes and escapes.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.display.as_deref()
    }

    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    #[must_use]
    pub fn tag(&self) -> Option<Cow<'_, str>> {
        self.param("tag").filter(|t| !t.is_empty())
    }

    /// A header parameter's value, unquoted; "" for one without value, None when absent.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        grammar::param(self.params.as_bytes(), name.as_bytes()).map(unquote)
    }

    /// All header parameters in order, unquoted.
    pub fn params(&self) -> impl Iterator<Item = (Cow<'_, str>, Option<Cow<'_, str>>)> {
        grammar::params(self.params.as_bytes()).map(|p| (decode(p.name), p.value.map(unquote)))
    }

    /// The address with this parameter set, at the place of the old one if there is one.
    ///
    /// # Errors
    /// As [`NameAddr::build`].
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Result<NameAddr, BuildError> {
        let mut text = String::new();
        let mut found = false;
        for p in grammar::params(self.params.as_bytes()) {
            if !p.name.eq_ignore_ascii_case(name.as_bytes()) {
                text.push(';');
                text.push_str(&decode(p.name));
                if let Some(v) = p.value {
                    text.push('=');
                    text.push_str(&decode(v));
                }
            } else if !found {
                found = true;
                push_param(&mut text, name, value)?;
            }
        }
        if !found {
            push_param(&mut text, name, value)?;
        }
        Ok(NameAddr {
            params: text.into(),
            ..self.clone()
        })
    }
}

fn push_param(text: &mut String, name: &str, value: Option<&str>) -> Result<(), BuildError> {
    if !is_token(name.as_bytes()) {
        return Err(BuildError("a parameter name must be a token"));
    }
    text.push(';');
    text.push_str(name);
    if let Some(value) = value {
        if value.chars().any(char::is_control) {
            return Err(BuildError(
                "a parameter value must not hold control characters",
            ));
        }
        text.push('=');
        if is_token(value.as_bytes()) {
            text.push_str(value);
        } else {
            text.push_str(&quote(value));
        }
    }
    Ok(())
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "{} ", quote(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}
