//! The four transaction machines of RFC 3261 section 17, with RFC 6026, as one table.
//!
//! The table says which state follows and what is to be done; it knows no messages, no clock and no
//! sockets.  [`crate::stack`] does what it says.  `docs/sip-transactions.md` is made from it.
//!
//! How the RFCs' letters map here: a transaction has at most two timers.  `Retransmit` is A, E or
//! G, the repetition of a 2xx (RFC 3261 section 13.3.1.4) or of a reliable provisional (RFC 3262), and
//! the 200 ms after which an INVITE is answered with 100.  `Expire` is the end of patience in the
//! present state: B, F, H, L, or the end of absorbing: D, I, J, K, M.

mod diagram;
mod table;

pub use diagram::diagram;
pub use table::next;

/// Which of the four machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    InviteClient,
    Client,
    InviteServer,
    Server,
}

/// Where a transaction is.  `Trying` is Calling in the RFC's INVITE client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Trying,
    Proceeding,
    Completed,
    Confirmed,
    Accepted,
    Terminated,
}

/// What happens to it.  In a server, responses come from above; in a client, from the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// The request: sent by us (client), received for the first time (server).
    Begin,
    /// The same request again.
    Repeat,
    Provisional,
    /// 2xx.
    Success,
    /// 3xx to 6xx.
    Failure,
    /// ACK for what this transaction answered.
    Ack,
    /// The retransmission timer.
    Retransmit,
    /// The timer of the present state.
    Expire,
    /// We have sent CANCEL for it.
    Cancelled,
    /// Its connection is gone.
    Lost,
}

/// How long a state lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// Timers B and F: as configured.
    Patience,
    /// Timers H, J, L and M, and what is left after a CANCEL: 64*T1.
    Rounds,
    /// Timer D: at least 32 s; nothing over a reliable transport.
    Quiet,
    /// Timers I and K: T4; nothing over a reliable transport.
    Crossing,
    /// Timer J: 64*T1; nothing over a reliable transport.
    Repeats,
    /// A call may ring long; but not for ever when those above us have forgotten it.
    Ringing,
}

/// What is to be done on a transition, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Send the request, or the response just given.
    Send,
    /// Send what was sent last again.
    Resend,
    /// Send an INVITE's CANCEL that was asked for too early.
    SendDeferredCancel,
    /// Build, send and keep the ACK for a failure.
    SendAck,
    /// Retransmit after T1, on unreliable transports only.
    Repeat,
    /// Begin to repeat a 2xx after T1, on all transports.
    RepeatSuccess,
    /// Send the 100 if nothing was sent within 200 ms.
    Expect,
    /// The next retransmission after twice the time.
    Double,
    /// The next retransmission after twice the time, at most T2.
    DoubleToT2,
    /// The next retransmission after T2.
    AtT2,
    /// Stop retransmitting.
    Settle,
    /// Send the 100, or a reliable provisional once more.
    Nudge,
    /// The state lasts for this long.
    Last(Span),
    /// Tell those above: the request, response or ACK.
    Report,
    /// A 2xx: tell those above when its fork is new, else send the fork's ACK again.
    ReportFork,
    /// Tell those above that time is up.
    FailTimeout,
    /// Tell those above that the connection is gone.
    FailTransport,
    /// Tell those above that the ACK did not come, if it did not.
    ReportMissingAck,
    /// Forget what is no longer needed to answer repetitions.
    Drop,
    /// Count it as a repetition; nothing else.
    Absorb,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub from: State,
    pub on: Input,
    pub to: State,
    pub actions: &'static [Action],
}
