//! The stack alone (`client`, `server`, `refusals`), two stacks over a bad network (`pair`), and
//! anything in any order (`random`).

use super::*;

mod client;
mod pair;
mod random;
mod refusals;
mod server;

const MS: u64 = 1000;
const SECOND: u64 = 1_000_000;
const FLOW: u64 = 1;
const TCP: u64 = 2;
const PEER: &str = "192.0.2.20";

/// A stack at 192.0.2.10 with a UDP and a TCP flow.
fn stack() -> Stack {
    stack_with(Config::default())
}

fn stack_with(config: Config) -> Stack {
    let mut stack = Stack::new(config, Tokens::seeded(1));
    stack
        .add_flow(FLOW, "UDP", "192.0.2.10:5060", false, true)
        .unwrap();
    stack
        .add_flow(TCP, "TCP", "192.0.2.10:5060", true, true)
        .unwrap();
    stack
}

/// A request from above, without Via.
fn request(method: &str, call_id: &str) -> Message {
    let mut message = Message::request(method, "sip:bob@192.0.2.20").unwrap();
    for (name, value) in [
        ("Route", "<sip:192.0.2.20;lr>"),
        ("From", "<sip:alice@192.0.2.10>;tag=alice"),
        ("To", "<sip:bob@192.0.2.20>"),
        ("Call-ID", call_id),
        ("CSeq", &format!("7 {method}")),
    ] {
        message.add(name, value).unwrap();
    }
    message
}

/// A request from the network; `more` are header lines.
fn incoming(method: &str, branch: &str, more: &str) -> String {
    format!(
        "{method} sip:bob@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20:5070;branch={branch};rport\r\n\
         From: <sip:alice@192.0.2.20>;tag=alice\r\nTo: <sip:bob@192.0.2.10>\r\n\
         Call-ID: {branch}-call\r\nCSeq: 7 {method}\r\n{more}Content-Length: 0\r\n\r\n"
    )
}

/// A response to a request that we sent.
fn reply(request: &[u8], status: u16, tag: &str) -> Vec<u8> {
    let request = Message::parse(request).unwrap();
    Message::response(&request, status, None, Some(tag))
        .unwrap()
        .to_bytes()
}

fn receive(stack: &mut Stack, data: impl AsRef<[u8]>, now: u64) {
    stack.receive(data.as_ref(), FLOW, PEER, 5070, now).unwrap();
}

fn sent(stack: &mut Stack) -> Vec<Message> {
    stack
        .take_transmits()
        .map(|transmit| Message::parse(&transmit.data).unwrap())
        .collect()
}

/// "INVITE", "200 INVITE" ...
fn name(message: &Message) -> String {
    if message.is_request() {
        message.method().to_owned()
    } else {
        format!("{} {}", message.status(), message.method())
    }
}

/// What was sent, by name.
fn sent_names(stack: &mut Stack) -> Vec<String> {
    sent(stack).iter().map(name).collect()
}

/// Events by name: "INVITE", "200 INVITE", "failed Timeout" ...
fn events(stack: &mut Stack) -> Vec<String> {
    stack
        .take_events()
        .map(|event| match event {
            Event::Request { message, .. } => name(&message),
            Event::Response { message, .. } => name(&message),
            Event::Ack { txn, message } => format!("{} {}", name(&message), u64::from(txn != 0)),
            Event::Cancel { .. } => "CANCEL".to_owned(),
            Event::Failed { why, .. } => format!("failed {why:?}"),
            Event::AckMissing {
                reliable_provisional: false,
                ..
            } => "ACK missing".to_owned(),
            Event::AckMissing { .. } => "PRACK missing".to_owned(),
            Event::Rejected { status, .. } => format!("rejected {status}"),
        })
        .collect()
}

/// The transaction and message of the one request that was reported.
fn reported(stack: &mut Stack) -> (u64, Message) {
    let mut all: Vec<Event> = stack.take_events().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    match all.pop() {
        Some(Event::Request { txn, message }) => (txn, message),
        other => panic!("{other:?}"),
    }
}

fn respond(stack: &mut Stack, txn: u64, request: &Message, status: u16, now: u64) {
    let response = Message::response(request, status, None, Some("bob")).unwrap();
    stack
        .respond(txn, &response, Respond::default(), now)
        .unwrap();
}

/// Let time pass until nothing is due before `end`; what was sent, with the milliseconds.
fn pass(stack: &mut Stack, end: u64) -> Vec<(u64, String)> {
    let mut log = Vec::new();
    while let Some(at) = stack.next_timeout().filter(|at| *at <= end) {
        stack.expire(at);
        for message in sent_names(stack) {
            log.push((at / MS, message));
        }
    }
    stack.expire(end);
    log
}

fn times(log: &[(u64, String)]) -> Vec<u64> {
    log.iter().map(|(at, _)| *at).collect()
}

/// Nothing is left: no transaction, key or timer.
fn assert_idle(stack: &mut Stack) {
    assert_eq!(stack.transactions(), 0);
    assert_eq!(stack.store.keys(), 0);
    assert_eq!(stack.next_timeout(), None);
    assert_eq!(stack.timers.len(), 0);
    assert!(stack.flows.values().all(|flow| flow.clients == 0));
}
