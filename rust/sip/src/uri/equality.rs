//! When two URIs are the same: RFC 3261 section 19.1.4, RFC 3966 section 4.
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::ops::Range;

use super::escape::normal_escapes;
use super::{Kind, Uri};

impl Uri {
    /// The host in the form that equality compares: lower case, IPv6 in its shortest form.
    fn normal_host(&self) -> String {
        let host = self.host();
        match host.parse::<Ipv6Addr>() {
            Ok(address) => address.to_string(),
            Err(_) => host.to_ascii_lowercase(),
        }
    }

    /// A tel number without visual separators (RFC 3966 section 4).
    fn normal_number(&self) -> String {
        let user = self.user().unwrap_or_default();
        user.chars()
            .filter(|c| !matches!(c, '-' | '.' | '(' | ')'))
            .map(|c| c.to_ascii_lowercase())
            .collect()
    }

    fn same_sip(&self, other: &Uri) -> bool {
        let part = |uri: &Uri, range: &Option<Range<usize>>| {
            range
                .as_ref()
                .map(|r| normal_escapes(uri.part(r)).into_owned())
        };
        self.parts.port == other.parts.port
            && part(self, &self.parts.user) == part(other, &other.parts.user)
            && part(self, &self.parts.password) == part(other, &other.parts.password)
            && self.normal_host() == other.normal_host()
            && self.params_match(other)
            && other.params_match(self)
            && self.sorted_headers() == other.sorted_headers()
    }

    /// Each of our parameters that counts is in `other` with the same value.
    fn params_match(&self, other: &Uri) -> bool {
        self.params().all(|(name, value)| match other.param(&name) {
            Some(theirs) => value.unwrap_or_default().eq_ignore_ascii_case(&theirs),
            None => !["user", "ttl", "method", "maddr"]
                .iter()
                .any(|n| name.eq_ignore_ascii_case(n)),
        })
    }

    fn sorted_headers(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .headers()
            .map(|(n, v)| (n.to_ascii_lowercase(), v.into_owned()))
            .collect();
        all.sort();
        all
    }

    fn sorted_params(&self) -> Vec<(String, String)> {
        let lower = |text: Cow<'_, str>| text.to_ascii_lowercase();
        let mut all: Vec<_> = self
            .params()
            .map(|(n, v)| (lower(n), v.map(lower).unwrap_or_default()))
            .collect();
        all.sort();
        all
    }
}

impl PartialEq for Uri {
    fn eq(&self, other: &Uri) -> bool {
        if self.parts.kind != other.parts.kind {
            return false;
        }
        if self.text == other.text {
            return true;
        }
        match self.parts.kind {
            Kind::Sip | Kind::Sips => self.same_sip(other),
            Kind::Tel => {
                self.normal_number() == other.normal_number()
                    && self.sorted_params() == other.sorted_params()
            }
            Kind::Other => false,
        }
    }
}

impl Eq for Uri {}

impl Hash for Uri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scheme().hash(state);
        match self.parts.kind {
            // Parameters take no part: two equal URIs may differ in them.
            Kind::Sip | Kind::Sips => {
                self.parts
                    .user
                    .as_ref()
                    .map(|r| normal_escapes(self.part(r)))
                    .hash(state);
                self.normal_host().hash(state);
                self.parts.port.hash(state);
            }
            Kind::Tel => self.normal_number().hash(state),
            Kind::Other => self.text.hash(state),
        }
    }
}
