//! SIP, SIPS and tel URIs (RFC 3261 section 19.1, RFC 3966), and others as opaque text.
mod equality;
mod escape;
mod grammar;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use escape::escape_into;
pub use escape::unescape;
pub use grammar::{Kind, check};
use grammar::{Parts, parse};

use crate::error::{BuildError, ParseError};
use crate::grammar::{is_param_char, is_password_char, is_user_char};

/// A parsed URI.  Immutable: what changes it makes a new one.  Equality and hash follow RFC 3261 section 19.1.4
/// for sip and sips, RFC 3966 section 4 for tel; other schemes compare as text.
#[derive(Debug, Clone)]
pub struct Uri {
    text: Box<str>,
    parts: Parts,
}

impl Uri {
    /// Parse a whole URI.
    ///
    /// # Errors
    /// 400 for text that is no URI: white space, unknown escapes, a bad host or port, `<>`.
    pub fn parse(text: &str) -> Result<Uri, ParseError> {
        Ok(Uri {
            parts: parse(text)?,
            text: text.into(),
        })
    }

    /// Put a SIP, SIPS or tel URI together; user and parameters are escaped as needed.  For tel, `user` is the number
    /// and `host` empty.  An IPv6 address may come with or without brackets.
    ///
    /// # Errors
    /// For a scheme, host or parameter name that cannot be written.
    pub fn build(
        scheme: &str,
        user: Option<&str>,
        host: &str,
        port: Option<u16>,
        params: &[(&str, Option<&str>)],
    ) -> Result<Uri, BuildError> {
        Self::assemble(scheme, user, None, host, port, params)
    }

    fn assemble(
        scheme: &str,
        user: Option<&str>,
        password: Option<&str>,
        host: &str,
        port: Option<u16>,
        params: &[(&str, Option<&str>)],
    ) -> Result<Uri, BuildError> {
        use fmt::Write;

        let mut text = String::with_capacity(96);
        text.push_str(scheme);
        text.push(':');
        let tel = scheme.eq_ignore_ascii_case("tel");
        if let Some(user) = user.filter(|u| !u.is_empty()) {
            if tel {
                escape_into(&mut text, user, |b| {
                    is_user_char(b) && b != b';' || b == b'#'
                });
            } else {
                escape_into(&mut text, user, is_user_char);
                if let Some(password) = password {
                    text.push(':');
                    escape_into(&mut text, password, is_password_char);
                }
                text.push('@');
            }
        }
        if host.contains(':') && !host.starts_with('[') {
            text.push('[');
            text.push_str(host);
            text.push(']');
        } else {
            text.push_str(host);
        }
        if let Some(port) = port {
            let _ = write!(text, ":{port}");
        }
        for &(name, value) in params {
            push_param(&mut text, name, value)?;
        }
        let parts = parse(&text).map_err(|_| BuildError("these parts do not make a URI"))?;
        // a host like "a@b" or "a;b" would parse as something else than what was asked for
        let uri = Uri {
            text: text.into(),
            parts,
        };
        if uri.host().trim_matches(['[', ']']) != host.trim_matches(['[', ']'])
            || uri.port() != port
        {
            return Err(BuildError("these parts do not make a URI"));
        }
        Ok(uri)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or("")
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// The scheme in lower case for sip, sips and tel, else as it stands.
    #[must_use]
    pub fn scheme(&self) -> &str {
        match self.parts.kind {
            Kind::Sip => "sip",
            Kind::Sips => "sips",
            Kind::Tel => "tel",
            Kind::Other => self.text.get(..self.parts.scheme).unwrap_or(""),
        }
    }

    /// The user part, unescaped; the number of a tel URI.
    #[must_use]
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.parts.user.as_ref().map(|r| unescape(self.part(r)))
    }

    /// The user part as it stands.
    #[must_use]
    pub fn raw_user(&self) -> Option<&str> {
        self.parts.user.as_ref().map(|r| self.part(r))
    }

    #[must_use]
    pub fn password(&self) -> Option<Cow<'_, str>> {
        self.parts.password.as_ref().map(|r| unescape(self.part(r)))
    }

    /// The host; an IPv6 address without brackets.  "" where the scheme has none.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.part(&self.parts.host);
        host.strip_prefix('[')
            .and_then(|h| h.strip_suffix(']'))
            .unwrap_or(host)
    }

    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.parts.port
    }

    fn raw_params(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.part(&self.parts.params)
            .split(';')
            .skip(1)
            .map(|piece| match piece.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (piece, None),
            })
    }

    /// A parameter's value, unescaped; "" for one without value, None when absent.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.raw_params()
            .find(|(n, _)| n.eq_ignore_ascii_case(name) || unescape(n).eq_ignore_ascii_case(name))
            .map(|(_, value)| unescape(value.unwrap_or("")))
    }

    /// All parameters in order, unescaped.
    pub fn params(&self) -> impl Iterator<Item = (Cow<'_, str>, Option<Cow<'_, str>>)> {
        self.raw_params()
            .map(|(name, value)| (unescape(name), value.map(unescape)))
    }

    /// The `?name=value&...` part, unescaped.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let text = self
            .part(&self.parts.headers)
            .strip_prefix('?')
            .unwrap_or("");
        text.split('&').filter(|p| !p.is_empty()).map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (unescape(name), unescape(value))
        })
    }

    /// The URI with some parts replaced; parameters stay, headers stay.
    ///
    /// # Errors
    /// As [`Uri::build`]; and for a scheme that is not SIP, SIPS or tel on either side.
    pub fn replace(
        &self,
        scheme: Option<&str>,
        user: Option<Option<&str>>,
        host: Option<&str>,
        port: Option<Option<u16>>,
    ) -> Result<Uri, BuildError> {
        if self.parts.kind == Kind::Other {
            return Err(BuildError("a URI of this scheme has no parts to replace"));
        }
        let old_user = self.user();
        let old_password = self.password();
        let password = if user.is_some() {
            None
        } else {
            old_password.as_deref()
        };
        let base = Self::assemble(
            scheme.unwrap_or_else(|| self.scheme()),
            user.unwrap_or(old_user.as_deref()),
            password,
            host.unwrap_or_else(|| self.host()),
            port.unwrap_or(self.parts.port),
            &[],
        )?;
        let tail = self.text.get(self.parts.params.start..).unwrap_or("");
        Uri::parse(&format!("{}{tail}", base.text))
            .map_err(|_| BuildError("these parts do not make a URI"))
    }

    /// The URI with this parameter set, at the place of the old one if there is one.
    ///
    /// # Errors
    /// For an empty name, and for schemes without parameters.
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Result<Uri, BuildError> {
        let mut params = String::new();
        let mut found = false;
        for (n, v) in self.raw_params() {
            if !n.eq_ignore_ascii_case(name) {
                params.push(';');
                params.push_str(n);
                if let Some(v) = v {
                    params.push('=');
                    params.push_str(v);
                }
            } else if !found {
                found = true;
                push_param(&mut params, name, value)?;
            }
        }
        if !found {
            push_param(&mut params, name, value)?;
        }
        self.with_params_text(&params)
    }

    /// The URI without this parameter.
    ///
    /// # Errors
    /// For schemes without parameters.
    pub fn without_param(&self, name: &str) -> Result<Uri, BuildError> {
        let mut params = String::new();
        for (n, v) in self
            .raw_params()
            .filter(|(n, _)| !n.eq_ignore_ascii_case(name))
        {
            params.push(';');
            params.push_str(n);
            if let Some(v) = v {
                params.push('=');
                params.push_str(v);
            }
        }
        self.with_params_text(&params)
    }

    fn with_params_text(&self, params: &str) -> Result<Uri, BuildError> {
        if self.parts.kind == Kind::Other {
            return Err(BuildError("a URI of this scheme has no parameters"));
        }
        let head = self.text.get(..self.parts.params.start).unwrap_or("");
        let tail = self.text.get(self.parts.params.end..).unwrap_or("");
        Uri::parse(&format!("{head}{params}{tail}"))
            .map_err(|_| BuildError("these parts do not make a URI"))
    }

    /// The URI without its `?name=value` part.
    #[must_use]
    pub fn without_headers(&self) -> Uri {
        if self.parts.headers.is_empty() {
            return self.clone();
        }
        let mut parts = self.parts.clone();
        parts.headers = parts.params.end..parts.params.end;
        Uri {
            text: self.text.get(..parts.params.end).unwrap_or("").into(),
            parts,
        }
    }
}

fn push_param(text: &mut String, name: &str, value: Option<&str>) -> Result<(), BuildError> {
    if name.is_empty() {
        return Err(BuildError("a parameter must have a name"));
    }
    text.push(';');
    escape_into(text, name, is_param_char);
    if let Some(value) = value {
        text.push('=');
        escape_into(text, value, is_param_char);
    }
    Ok(())
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
