//! What stands between a port's packets and the wire: SRTP, and nothing at all while keys are awaited.
//!
//! Received packets are opened as soon as the source guard could want them, before anything else looks at them;
//! packets to be sent are sealed last.
use super::{Output, Port};
use crate::Nanos;
use crate::crypto::{Context, Error, Suite};
use crate::stats::Dropped;

/// How long packets under the keys before a change are still heard: they may be under way.
const OLD_KEYS: Nanos = 3_000_000_000;

/// Room for the largest packet and its tag.
pub const SEALED: usize = 2048 + 16;

/// A buffer for sealed packets, used again for each.
pub struct Scratch(Box<[u8; SEALED]>);

impl Default for Scratch {
    fn default() -> Self {
        Scratch(Box::new([0; SEALED]))
    }
}

/// Keys of both directions.
pub struct Keys {
    pub send: Context,
    pub receive: Context,
}

impl Keys {
    /// `None` when a key has not the length of its suite.
    #[must_use]
    pub fn new(send: (Suite, &[u8]), receive: (Suite, &[u8]), replay: bool) -> Option<Keys> {
        Some(Keys {
            send: Context::new(send.0, send.1, true)?,
            receive: Context::new(receive.0, receive.1, replay)?,
        })
    }
}

/// How a port's packets are protected.
#[derive(Default)]
pub(super) enum Security {
    #[default]
    Plain,
    /// Keys will come; until then nothing is sent and nothing heard.
    Waiting,
    Keyed(Box<Keyed>),
}

pub(super) struct Keyed {
    keys: Keys,
    /// The receiving keys before the last change, and until when they count.
    old: Option<(Context, Nanos)>,
}

impl From<Error> for Dropped {
    fn from(error: Error) -> Dropped {
        match error {
            Error::Malformed => Dropped::Invalid,
            Error::Replayed => Dropped::Stale,
            Error::NotGenuine | Error::Exhausted => Dropped::Crypto,
        }
    }
}

impl Keyed {
    /// Open with the keys in force, or with those before them.
    fn open(
        &mut self,
        data: &mut [u8],
        now: Nanos,
        open: fn(&mut Context, &mut [u8]) -> Result<usize, Error>,
    ) -> Result<usize, Error> {
        let result = open(&mut self.keys.receive, data);
        if result.is_ok() {
            return result;
        }
        // A packet that is not genuine was not changed in place.
        match &mut self.old {
            Some((old, until)) if now < *until => open(old, data).or(result),
            _ => result,
        }
    }
}

impl Security {
    fn open(
        &mut self,
        data: &mut [u8],
        now: Nanos,
        open: fn(&mut Context, &mut [u8]) -> Result<usize, Error>,
    ) -> Result<usize, Option<Error>> {
        match self {
            Security::Plain => Ok(data.len()),
            Security::Waiting => Err(None),
            Security::Keyed(keyed) => keyed.open(data, now, open).map_err(Some),
        }
    }

    /// From now on with these keys; those before them open what is under way.
    fn renew(&mut self, mut keys: Keys, now: Nanos) {
        let mut old = None;
        if let Security::Keyed(before) = std::mem::take(self) {
            let Keyed { keys: was, .. } = *before;
            if was.send.same_key(&keys.send) {
                keys.send = was.send;
            }
            if was.receive.same_key(&keys.receive) {
                keys.receive = was.receive;
            } else {
                old = Some((was.receive, now + OLD_KEYS));
            }
        }
        *self = Security::Keyed(Box::new(Keyed { keys, old }));
    }
}

impl Port {
    /// From now on packets are sealed with these keys; `None`: not at all.  A key that stays the same goes on where it is.
    pub fn set_keys(&mut self, keys: Option<Keys>, now: Nanos) {
        self.share_keys();
        match keys {
            Some(keys) => self.key(keys, now),
            None => self.security = Security::Plain,
        }
    }

    /// RTCP has the keys of RTP.
    pub(super) fn share_keys(&mut self) {
        self.control_security = None;
    }

    pub(super) fn key(&mut self, keys: Keys, now: Nanos) {
        self.security.renew(keys, now);
    }

    /// Keys of RTCP alone.
    pub(super) fn key_control(&mut self, keys: Keys, now: Nanos) {
        self.control_security
            .get_or_insert_default()
            .renew(keys, now);
    }

    /// RTCP will have keys of its own.
    pub(super) fn await_control_keys(&mut self) {
        self.control_security.get_or_insert(Security::Waiting);
    }

    /// Keys are on their way: until they come nothing is sent in the clear, or heard.
    pub fn await_keys(&mut self) {
        if matches!(self.security, Security::Plain) {
            self.security = Security::Waiting;
        }
    }

    /// Open a received RTP packet in place; its length.
    pub(crate) fn open_rtp(&mut self, data: &mut [u8], now: Nanos) -> Result<usize, Dropped> {
        let opened = self.security.open(data, now, Context::unprotect_rtp);
        self.note_opened(opened)
    }

    pub(super) fn open_rtcp(&mut self, data: &mut [u8], now: Nanos) -> Result<usize, Dropped> {
        let security = self.control_security.as_mut().unwrap_or(&mut self.security);
        let opened = security.open(data, now, Context::unprotect_rtcp);
        self.note_opened(opened)
    }

    /// What cannot be opened for want of keys is no offence, and not counted.
    fn note_opened(&self, opened: Result<usize, Option<Error>>) -> Result<usize, Dropped> {
        opened.map_err(|error| match error {
            Some(error) => {
                self.stats.drop_crypto.add(1);
                error.into()
            }
            None => Dropped::Crypto,
        })
    }

    /// Whether packets must be sealed.
    #[must_use]
    pub fn sealed(&self) -> bool {
        !matches!(self.security, Security::Plain)
    }

    /// A packet as it goes out, in `scratch` when it is sealed.
    pub fn seal_rtp<'a>(
        &mut self,
        data: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<&'a [u8], Dropped> {
        match &mut self.security {
            Security::Plain => Ok(data),
            Security::Waiting => Err(Dropped::Crypto),
            Security::Keyed(keyed) => {
                let buffer = &mut scratch.0[..];
                buffer
                    .get_mut(..data.len())
                    .ok_or(Dropped::Invalid)?
                    .copy_from_slice(data);
                let length = keyed.keys.send.protect_rtp(buffer, data.len())?;
                Ok(&scratch.0[..length])
            }
        }
    }

    /// Send a compound RTCP packet; nothing while keys are awaited.
    pub(crate) fn send_control(
        &mut self,
        mut data: Vec<u8>,
        to: std::net::SocketAddr,
        out: &mut impl Output,
    ) {
        let security = self.control_security.as_mut().unwrap_or(&mut self.security);
        let sealed = match security {
            Security::Plain => true,
            Security::Waiting => false,
            Security::Keyed(keyed) => keyed.keys.send.protect_rtcp(&mut data).is_ok(),
        };
        if !sealed {
            return;
        }
        if self.shares_rtcp() {
            self.send_beside(super::RTP, &data, to, out);
        } else {
            self.send_beside(super::RTCP, &data, to, out);
        }
    }
}
