//! Names of header fields: the registered ones, their compact forms, and how a name is recognised.

macro_rules! headers {
    ($($variant:ident $name:literal $compact:literal;)*) => {
        /// A header field known by name (IANA registry "SIP Header Fields"); `Other` for the rest.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Header {
            Other,
            $(#[doc = $name] $variant,)*
        }

        static KNOWN: &[(Header, &str, &str)] = &[
            (Header::Other, "", ""),
            $((Header::$variant, $name, $compact),)*
        ];
    };
}

headers! {
    Via "Via" "v";
    From "From" "f";
    To "To" "t";
    CallId "Call-ID" "i";
    CSeq "CSeq" "";
    Contact "Contact" "m";
    MaxForwards "Max-Forwards" "";
    ContentLength "Content-Length" "l";
    ContentType "Content-Type" "c";
    Route "Route" "";
    RecordRoute "Record-Route" "";
    Allow "Allow" "";
    Supported "Supported" "k";
    Require "Require" "";
    UserAgent "User-Agent" "";
    Expires "Expires" "";
    Authorization "Authorization" "";
    ProxyAuthorization "Proxy-Authorization" "";
    WwwAuthenticate "WWW-Authenticate" "";
    ProxyAuthenticate "Proxy-Authenticate" "";
    AuthenticationInfo "Authentication-Info" "";
    SessionExpires "Session-Expires" "x";
    MinSe "Min-SE" "";
    RSeq "RSeq" "";
    RAck "RAck" "";
    Accept "Accept" "";
    AcceptContact "Accept-Contact" "a";
    AcceptEncoding "Accept-Encoding" "";
    AcceptLanguage "Accept-Language" "";
    AlertInfo "Alert-Info" "";
    AllowEvents "Allow-Events" "u";
    CallInfo "Call-Info" "";
    ContentDisposition "Content-Disposition" "";
    ContentEncoding "Content-Encoding" "e";
    ContentLanguage "Content-Language" "";
    Date "Date" "";
    Diversion "Diversion" "";
    ErrorInfo "Error-Info" "";
    Event "Event" "o";
    HistoryInfo "History-Info" "";
    Identity "Identity" "y";
    IdentityInfo "Identity-Info" "n";
    InReplyTo "In-Reply-To" "";
    Join "Join" "";
    MimeVersion "MIME-Version" "";
    MinExpires "Min-Expires" "";
    Organization "Organization" "";
    PAssertedIdentity "P-Asserted-Identity" "";
    PPreferredIdentity "P-Preferred-Identity" "";
    Path "Path" "";
    Priority "Priority" "";
    Privacy "Privacy" "";
    ProxyRequire "Proxy-Require" "";
    Reason "Reason" "";
    ReferSub "Refer-Sub" "";
    ReferTo "Refer-To" "r";
    ReferredBy "Referred-By" "b";
    RejectContact "Reject-Contact" "j";
    RemotePartyId "Remote-Party-ID" "";
    Replaces "Replaces" "";
    ReplyTo "Reply-To" "";
    RequestDisposition "Request-Disposition" "d";
    RetryAfter "Retry-After" "";
    Server "Server" "";
    ServiceRoute "Service-Route" "";
    SipEtag "SIP-ETag" "";
    SipIfMatch "SIP-If-Match" "";
    Subject "Subject" "s";
    SubscriptionState "Subscription-State" "";
    Timestamp "Timestamp" "";
    Unsupported "Unsupported" "";
    Warning "Warning" "";
}

const SLOTS: usize = 256;

/// Open addressing over the known names, filled when this is compiled.
static INDEX: [u8; SLOTS] = index();
/// The header of each compact form, by letter.
static COMPACT: [u8; 26] = compact_index();

const fn slot(name: &[u8]) -> usize {
    let n = name.len();
    let first = (name[0] | 0x20) as usize;
    let middle = (name[n / 2] | 0x20) as usize;
    let last = (name[n - 1] | 0x20) as usize;
    (n.wrapping_mul(37) + first.wrapping_mul(11) + middle.wrapping_mul(3) + last.wrapping_mul(57))
        % SLOTS
}

const fn index() -> [u8; SLOTS] {
    let mut table = [0u8; SLOTS];
    let mut i = 1;
    while i < KNOWN.len() {
        let mut at = slot(KNOWN[i].1.as_bytes());
        while table[at] != 0 {
            at = (at + 1) % SLOTS;
        }
        table[at] = i as u8;
        i += 1;
    }
    table
}

const fn compact_index() -> [u8; 26] {
    let mut table = [0u8; 26];
    let mut i = 1;
    while i < KNOWN.len() {
        let compact = KNOWN[i].2.as_bytes();
        if compact.len() == 1 {
            table[(compact[0] - b'a') as usize] = i as u8;
        }
        i += 1;
    }
    table
}

impl Header {
    /// Recognise a name, long or compact, in any case.
    #[must_use]
    pub fn of(name: &[u8]) -> Header {
        let known = |i: u8| KNOWN.get(usize::from(i)).map_or(Header::Other, |k| k.0);
        match name {
            [] => Header::Other,
            [letter] => {
                let at = letter.to_ascii_lowercase().wrapping_sub(b'a');
                known(COMPACT.get(usize::from(at)).copied().unwrap_or(0))
            }
            _ => {
                let mut at = slot(name);
                loop {
                    let i = INDEX.get(at).copied().unwrap_or(0);
                    if i == 0 {
                        return Header::Other;
                    }
                    let (header, long, _) =
                        KNOWN
                            .get(usize::from(i))
                            .copied()
                            .unwrap_or((Header::Other, "", ""));
                    if long.as_bytes().eq_ignore_ascii_case(name) {
                        return header;
                    }
                    at = (at + 1) % SLOTS;
                }
            }
        }
    }

    /// The name as the RFCs write it; "" for `Other`.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.get(self as usize).map_or("", |k| k.1)
    }

    /// The compact form, if there is one.
    #[must_use]
    pub fn compact(self) -> Option<&'static str> {
        KNOWN
            .get(self as usize)
            .map(|k| k.2)
            .filter(|c| !c.is_empty())
    }

    /// Whether a message may have this field only once, with one value (RFC 3261 section 7.3.1 and table 2).
    #[must_use]
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Header::From
                | Header::To
                | Header::CallId
                | Header::CSeq
                | Header::MaxForwards
                | Header::ContentLength
                | Header::ContentType
                | Header::Expires
                | Header::MinExpires
                | Header::SessionExpires
                | Header::MinSe
                | Header::RSeq
                | Header::RAck
                | Header::Event
                | Header::ReferTo
                | Header::Replaces
                | Header::Join
                | Header::SubscriptionState
        )
    }

    pub(crate) fn bit(self) -> u128 {
        1u128 << (self as u8)
    }
}

const _: () = assert!(KNOWN.len() <= 128, "Header::bit has 128 bits");
const _: () = assert!(KNOWN.len() <= SLOTS / 2, "the index must stay sparse");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_by_its_compact_form() {
        for &(header, name, compact) in &KNOWN[1..] {
            assert_eq!(Header::of(name.as_bytes()), header);
            assert_eq!(Header::of(name.to_uppercase().as_bytes()), header);
            assert_eq!(Header::of(name.to_lowercase().as_bytes()), header);
            assert_eq!(header.name(), name);
            if !compact.is_empty() {
                assert_eq!(Header::of(compact.as_bytes()), header);
                assert_eq!(Header::of(compact.to_uppercase().as_bytes()), header);
                assert_eq!(header.compact(), Some(compact));
            }
        }
    }

    #[test]
    fn others_are_other() {
        for name in ["", "z", "1", "X-Foo", "Vib", "From-", "Call_ID"] {
            assert_eq!(Header::of(name.as_bytes()), Header::Other, "{name}");
        }
    }
}
