//! The table.  A pair (state, input) without a line is of no effect: the stack counts it.

use super::Action::{
    Absorb, AtT2, Double, DoubleToT2, Drop, Expect, FailTimeout, FailTransport, Last, Nudge,
    Repeat as Retry, RepeatSuccess, Report, ReportFork, ReportMissingAck, Resend, Send, SendAck,
    SendDeferredCancel, Settle,
};
use super::Input::{
    Ack, Begin, Cancelled, Expire, Failure, Lost, Provisional, Repeat, Retransmit, Success,
};
use super::Span::{Crossing, Patience, Quiet, Repeats, Ringing, Rounds};
use super::State::{Accepted, Completed, Confirmed, Proceeding, Terminated, Trying};
use super::{Action, Input, Machine, Rule, State};

const fn rule(from: State, on: Input, to: State, actions: &'static [Action]) -> Rule {
    Rule {
        from,
        on,
        to,
        actions,
    }
}

/// RFC 3261 section 17.1.1, RFC 6026 section 8.4.
///
/// - There is no timer in Proceeding while the callee may ring, save one of an hour that only
///   catches calls which everybody has forgotten and which each provisional renews; a CANCEL
///   replaces it with 64*T1 (section 9.1).
/// - Accepted takes up the 2xx of further forks and the repetitions of those known, for 64*T1.
/// - The RFC lets a transport error while sending the ACK end Completed with a report.  The final
///   response has been reported by then, so there is nothing left to say.
const INVITE_CLIENT: &[Rule] = &[
    rule(Trying, Begin, Trying, &[Send, Retry, Last(Patience)]),
    rule(Trying, Retransmit, Trying, &[Resend, Double]),
    rule(Trying, Expire, Terminated, &[FailTimeout]),
    rule(
        Trying,
        Provisional,
        Proceeding,
        &[Settle, Last(Ringing), Report, SendDeferredCancel],
    ),
    rule(
        Trying,
        Success,
        Accepted,
        &[Settle, Last(Rounds), ReportFork, Drop],
    ),
    rule(
        Trying,
        Failure,
        Completed,
        &[Settle, SendAck, Last(Quiet), Report],
    ),
    rule(Trying, Lost, Terminated, &[FailTransport]),
    rule(
        Proceeding,
        Provisional,
        Proceeding,
        &[Last(Ringing), Report],
    ),
    rule(Proceeding, Cancelled, Proceeding, &[Last(Rounds)]),
    rule(Proceeding, Expire, Terminated, &[FailTimeout]),
    rule(
        Proceeding,
        Success,
        Accepted,
        &[Last(Rounds), ReportFork, Drop],
    ),
    rule(
        Proceeding,
        Failure,
        Completed,
        &[SendAck, Last(Quiet), Report],
    ),
    rule(Proceeding, Lost, Terminated, &[FailTransport]),
    rule(Accepted, Success, Accepted, &[ReportFork]),
    rule(Accepted, Expire, Terminated, &[]),
    rule(Accepted, Lost, Terminated, &[]),
    rule(Completed, Failure, Completed, &[Absorb, Resend]),
    rule(Completed, Expire, Terminated, &[]),
    rule(Completed, Lost, Terminated, &[]),
];

/// RFC 3261 section 17.1.2.
///
/// - Timer F runs from the request on, through Proceeding: a state change does not renew it, so
///   only Completed sets a span.
const CLIENT: &[Rule] = &[
    rule(Trying, Begin, Trying, &[Send, Retry, Last(Patience)]),
    rule(Trying, Retransmit, Trying, &[Resend, DoubleToT2]),
    rule(Trying, Expire, Terminated, &[FailTimeout]),
    rule(Trying, Provisional, Proceeding, &[Report]),
    rule(
        Trying,
        Success,
        Completed,
        &[Settle, Drop, Last(Crossing), Report],
    ),
    rule(
        Trying,
        Failure,
        Completed,
        &[Settle, Drop, Last(Crossing), Report],
    ),
    rule(Trying, Lost, Terminated, &[FailTransport]),
    rule(Proceeding, Retransmit, Proceeding, &[Resend, AtT2]),
    rule(Proceeding, Expire, Terminated, &[FailTimeout]),
    rule(Proceeding, Provisional, Proceeding, &[Report]),
    rule(
        Proceeding,
        Success,
        Completed,
        &[Settle, Drop, Last(Crossing), Report],
    ),
    rule(
        Proceeding,
        Failure,
        Completed,
        &[Settle, Drop, Last(Crossing), Report],
    ),
    rule(Proceeding, Lost, Terminated, &[FailTransport]),
    rule(Completed, Provisional, Completed, &[Absorb]),
    rule(Completed, Success, Completed, &[Absorb]),
    rule(Completed, Failure, Completed, &[Absorb]),
    rule(Completed, Expire, Terminated, &[]),
    rule(Completed, Lost, Terminated, &[]),
];

/// RFC 3261 section 17.2.1, RFC 6026 section 8.5 and 8.7.
///
/// - Accepted repeats the 2xx until its ACK comes (section 13.3.1.4, on every transport), which the
///   RFCs leave to the core; a repeated INVITE is absorbed meanwhile.  The ACK ends the repetition,
///   not the state, so that what is still on its way finds its transaction.
/// - A lost connection does not end a server transaction: the ACK may come over another one.
const INVITE_SERVER: &[Rule] = &[
    rule(
        Proceeding,
        Begin,
        Proceeding,
        &[Expect, Last(Ringing), Report],
    ),
    rule(Proceeding, Repeat, Proceeding, &[Absorb, Resend]),
    rule(Proceeding, Retransmit, Proceeding, &[Nudge]),
    rule(
        Proceeding,
        Provisional,
        Proceeding,
        &[Settle, Send, Last(Ringing)],
    ),
    rule(
        Proceeding,
        Success,
        Accepted,
        &[Send, RepeatSuccess, Last(Rounds)],
    ),
    rule(Proceeding, Failure, Completed, &[Send, Retry, Last(Rounds)]),
    rule(Proceeding, Expire, Terminated, &[]),
    rule(Completed, Repeat, Completed, &[Absorb, Resend]),
    rule(Completed, Retransmit, Completed, &[Resend, DoubleToT2]),
    rule(Completed, Ack, Confirmed, &[Settle, Drop, Last(Crossing)]),
    rule(Completed, Expire, Terminated, &[]),
    rule(Confirmed, Repeat, Confirmed, &[Absorb]),
    rule(Confirmed, Ack, Confirmed, &[Absorb]),
    rule(Confirmed, Expire, Terminated, &[]),
    rule(Accepted, Repeat, Accepted, &[Absorb]),
    rule(Accepted, Retransmit, Accepted, &[Resend, DoubleToT2]),
    rule(Accepted, Ack, Accepted, &[Settle, Drop, Report]),
    rule(Accepted, Expire, Terminated, &[ReportMissingAck]),
];

/// RFC 3261 section 17.2.2.
///
/// - The RFC has no timer before the final response.  The client's timer F ends its interest after
///   64*T1, so then ours ends too.
const SERVER: &[Rule] = &[
    rule(Trying, Begin, Trying, &[Last(Rounds), Report]),
    rule(Trying, Repeat, Trying, &[Absorb]),
    rule(Trying, Provisional, Proceeding, &[Send]),
    rule(Trying, Success, Completed, &[Send, Last(Repeats)]),
    rule(Trying, Failure, Completed, &[Send, Last(Repeats)]),
    rule(Trying, Expire, Terminated, &[]),
    rule(Proceeding, Repeat, Proceeding, &[Absorb, Resend]),
    rule(Proceeding, Provisional, Proceeding, &[Send]),
    rule(Proceeding, Success, Completed, &[Send, Last(Repeats)]),
    rule(Proceeding, Failure, Completed, &[Send, Last(Repeats)]),
    rule(Proceeding, Expire, Terminated, &[]),
    rule(Completed, Repeat, Completed, &[Absorb, Resend]),
    rule(Completed, Expire, Terminated, &[]),
];

/// All rules of one machine.
pub(super) fn rules(machine: Machine) -> &'static [Rule] {
    match machine {
        Machine::InviteClient => INVITE_CLIENT,
        Machine::Client => CLIENT,
        Machine::InviteServer => INVITE_SERVER,
        Machine::Server => SERVER,
    }
}

/// What follows when `input` happens in `state`; None: it is of no effect.
pub fn next(machine: Machine, state: State, input: Input) -> Option<&'static Rule> {
    // At most 19 lines of four words each: faster than hashing.
    rules(machine)
        .iter()
        .find(|rule| rule.from == state && rule.on == input)
}

/// Where a new transaction begins.
pub(super) fn start(machine: Machine) -> State {
    match machine {
        Machine::InviteServer => Proceeding,
        _ => Trying,
    }
}

impl Machine {
    pub fn start(self) -> State {
        start(self)
    }

    pub fn is_client(self) -> bool {
        matches!(self, Machine::InviteClient | Machine::Client)
    }

    pub fn is_invite(self) -> bool {
        matches!(self, Machine::InviteClient | Machine::InviteServer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const MACHINES: [Machine; 4] = [
        Machine::InviteClient,
        Machine::Client,
        Machine::InviteServer,
        Machine::Server,
    ];

    #[test]
    fn every_pair_has_at_most_one_line() {
        for machine in MACHINES {
            let mut seen = HashSet::new();
            for rule in rules(machine) {
                assert!(seen.insert((rule.from, rule.on)), "{machine:?} {rule:?}");
            }
        }
    }

    #[test]
    fn every_state_can_be_reached_and_expires() {
        for machine in MACHINES {
            let mut reached = HashSet::from([start(machine)]);
            loop {
                let more: Vec<State> = rules(machine)
                    .iter()
                    .filter(|rule| reached.contains(&rule.from))
                    .map(|rule| rule.to)
                    .filter(|state| !reached.contains(state))
                    .collect();
                if more.is_empty() {
                    break;
                }
                reached.extend(more);
            }
            for rule in rules(machine) {
                assert!(reached.contains(&rule.from), "{machine:?} {rule:?}");
            }
            for state in reached.into_iter().filter(|s| *s != Terminated) {
                let end = next(machine, state, Expire);
                assert!(
                    end.is_some_and(|rule| rule.to == Terminated),
                    "{machine:?} {state:?}"
                );
            }
        }
    }

    #[test]
    fn entering_a_state_sets_its_span() {
        for machine in MACHINES {
            for rule in rules(machine) {
                let enters = rule.on == Begin || (rule.from != rule.to && rule.to != Terminated);
                // Timer F and its server counterpart run on from Trying.
                let runs_on = !machine.is_invite() && rule.to == Proceeding;
                let sets = rule.actions.iter().any(|action| matches!(action, Last(_)));
                assert!(!enters || runs_on || sets, "{machine:?} {rule:?}");
            }
        }
    }
}
