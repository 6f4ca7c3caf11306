//! Counters, by name.

macro_rules! counters {
    ($($name:ident $text:literal $what:literal;)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Counter {
            $(#[doc = $what] $name,)*
        }

        const NAMES: &[&str] = &[$($text,)*];
    };
}

counters! {
    RequestsReceived "requests_received" "New requests that were reported, ACK and CANCEL included.";
    RequestsSent "requests_sent" "Client transactions started, CANCEL included.";
    ResponsesReceived "responses_received" "Responses that were reported.";
    ResponsesSent "responses_sent" "Responses given from above, without their repetitions.";
    Answered "answered_by_stack" "Responses made here: to CANCEL, and refusals.";
    Retransmissions "retransmissions_sent" "Messages sent again.";
    Repetitions "retransmissions_received" "Messages received again.";
    Timeouts "timeouts" "Client transactions that ended without a final response.";
    TransportFailures "transport_failures" "Client transactions that lost their connection.";
    AcksMissing "acks_missing" "2xx whose ACK did not come, reliable provisionals whose PRACK did not.";
    StrayResponses "stray_responses" "Responses of no transaction, or of no effect on theirs.";
    StrayAcks "stray_acks" "ACK of no transaction.";
    StrayCancels "stray_cancels" "CANCEL of no transaction: answered with 481.";
    Malformed "malformed" "Messages that could not be read.";
    Merged "merged" "Requests that came on a second way: answered with 482.";
    TooManyHops "too_many_hops" "Requests without hops left: answered with 483.";
    Overload "overload" "Requests beyond the limit of transactions: answered with 503.";
    Evicted "evicted" "Finished transactions forgotten early to make room.";
    Dropped "responses_dropped" "Responses from above that came too late or twice.";
    Unanswered "unanswered" "Requests that those above never answered.";
    Keepalives "keepalives" "Datagrams of white space.";
    NoFlow "no_flow" "Messages not sent because their connection is gone.";
}

/// The counters' values; they only go up.
#[derive(Clone, Debug)]
pub struct Stats([u64; NAMES.len()]);

impl Default for Stats {
    fn default() -> Self {
        Stats([0; NAMES.len()])
    }
}

impl Stats {
    pub(super) fn count(&mut self, counter: Counter) {
        if let Some(value) = self.0.get_mut(counter as usize) {
            *value += 1;
        }
    }

    pub fn get(&self, counter: Counter) -> u64 {
        self.0.get(counter as usize).copied().unwrap_or(0)
    }

    /// (name, value) of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        NAMES.iter().copied().zip(self.0)
    }
}
