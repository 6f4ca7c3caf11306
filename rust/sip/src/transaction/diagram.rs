//! The table as Mermaid state diagrams, for the documentation.

use std::fmt::Write;

use super::table::{rules, start};
use super::{Action, Machine, Span, State};

const INTRODUCTION: &str = "# SIP transactions\n\n\
Made from the table in `rust/sip/src/transaction/table.rs` by a test of that crate; edit the table, \
then run `OFFHOOK_WRITE_DOCS=1 cargo test -p offhook-sip diagram`.\n\n\
An arrow says what happened and, after the slash, what the stack does. `Trying` is called Calling in \
RFC 3261's INVITE client. Where nothing is drawn, nothing happens. `lasts` is the timer that ends the \
state with `Expire`.\n";

/// A Markdown page with one diagram for each machine.
pub fn diagram() -> String {
    let mut out = String::from(INTRODUCTION);
    for (machine, title) in [
        (
            Machine::InviteClient,
            "INVITE client (RFC 3261 section 17.1.1, RFC 6026)",
        ),
        (
            Machine::Client,
            "Non-INVITE client (RFC 3261 section 17.1.2)",
        ),
        (
            Machine::InviteServer,
            "INVITE server (RFC 3261 section 17.2.1, RFC 6026)",
        ),
        (
            Machine::Server,
            "Non-INVITE server (RFC 3261 section 17.2.2)",
        ),
    ] {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\n## {title}\n\n```mermaid\nstateDiagram-v2\n    [*] --> {:?}\n",
            start(machine)
        );
        for rule in rules(machine) {
            let actions: Vec<String> = rule.actions.iter().map(|action| say(*action)).collect();
            let to = match rule.to {
                State::Terminated => "[*]".to_owned(),
                state => format!("{state:?}"),
            };
            let _ = write!(out, "    {:?} --> {to}: {:?}", rule.from, rule.on);
            if !actions.is_empty() {
                let _ = write!(out, " / {}", actions.join(", "));
            }
            out.push('\n');
        }
        out.push_str("```\n");
    }
    out
}

fn say(action: Action) -> String {
    let words = match action {
        Action::Send => "send",
        Action::Resend => "send again",
        Action::SendDeferredCancel => "send a deferred CANCEL",
        Action::SendAck => "send ACK",
        Action::Repeat => "retransmit after T1 if unreliable",
        Action::RepeatSuccess => "repeat the 2xx after T1",
        Action::Expect => "100 after 200 ms",
        Action::Double => "double the interval",
        Action::DoubleToT2 => "double the interval up to T2",
        Action::AtT2 => "interval T2",
        Action::Settle => "stop retransmitting",
        Action::Nudge => "send 100 or repeat the reliable provisional",
        Action::Last(Span::Patience) => "lasts timer B or F",
        Action::Last(Span::Rounds) => "lasts 64*T1",
        Action::Last(Span::Quiet) => "lasts timer D (0 if reliable)",
        Action::Last(Span::Crossing) => "lasts T4 (0 if reliable)",
        Action::Last(Span::Repeats) => "lasts 64*T1 (0 if reliable)",
        Action::Last(Span::Ringing) => "lasts an hour",
        Action::Report => "report",
        Action::ReportFork => "report a new fork, else send its ACK again",
        Action::FailTimeout => "report timeout",
        Action::FailTransport => "report transport failure",
        Action::ReportMissingAck => "report a missing ACK",
        Action::Drop => "drop what was sent",
        Action::Absorb => "count",
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_diagram_in_the_documentation_is_this_one() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sip-transactions.md");
        if std::env::var_os("OFFHOOK_WRITE_DOCS").is_some() {
            std::fs::write(&page, diagram()).expect("docs/ can be written");
        }
        let text = std::fs::read_to_string(&page).unwrap_or_default();
        assert!(text == diagram(), "run it again with OFFHOOK_WRITE_DOCS=1");
    }
}
