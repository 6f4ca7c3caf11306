//! Server transactions: repetitions, ACK, CANCEL, reliable provisionals, where answers go.

use super::*;

fn call(stack: &mut Stack) -> (u64, Message) {
    receive(stack, incoming("INVITE", "z9hG4bK1", ""), 0);
    reported(stack)
}

fn ack(tag: &str, branch: &str) -> String {
    incoming("ACK", "z9hG4bK1", "")
        .replace("branch=z9hG4bK1", &format!("branch={branch}"))
        .replace(
            "bob@192.0.2.10>\r\nCall",
            &format!("bob@192.0.2.10>;tag={tag}\r\nCall"),
        )
}

#[test]
fn an_invite_is_answered_with_100_after_200_ms() {
    let mut stack = stack();
    call(&mut stack);
    assert_eq!(pass(&mut stack, SECOND), [(200, "100 INVITE".to_owned())]);
    // A repetition gets it again.
    receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), SECOND);
    assert_eq!(sent_names(&mut stack), ["100 INVITE"]);
    assert_eq!(events(&mut stack), [""; 0]);
}

#[test]
fn no_100_when_something_else_was_said_in_time() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 180, 100 * MS);
    assert_eq!(sent_names(&mut stack), ["180 INVITE"]);
    assert!(pass(&mut stack, SECOND).is_empty());
    receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), SECOND);
    assert_eq!(sent_names(&mut stack), ["180 INVITE"]);
    // A repetition that overtakes those above is answered with 100.
    let mut stack = super::stack();
    call(&mut stack);
    receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), 50 * MS);
    assert_eq!(sent_names(&mut stack), ["100 INVITE"]);
}

#[test]
fn a_2xx_is_repeated_until_its_ack() {
    for flow in [FLOW, TCP] {
        let mut stack = stack();
        stack
            .receive(
                incoming("INVITE", "z9hG4bK1", "").as_bytes(),
                flow,
                PEER,
                5070,
                0,
            )
            .unwrap();
        let (txn, request) = reported(&mut stack);
        respond(&mut stack, txn, &request, 200, 0);
        assert_eq!(sent_names(&mut stack), ["200 INVITE"]);
        let log = pass(&mut stack, 8 * SECOND);
        assert_eq!(times(&log), [500, 1500, 3500, 7500]);
        // The INVITE again: absorbed, the 2xx has its own rhythm.
        sent(&mut stack);
        receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), 8 * SECOND);
        assert!(sent(&mut stack).is_empty());
        receive(&mut stack, ack("bob", "z9hG4bKother"), 9 * SECOND);
        receive(&mut stack, ack("bob", "z9hG4bKother"), 9 * SECOND);
        assert_eq!(events(&mut stack), ["ACK 1"]);
        // Nothing wakes us up for it before its end.
        assert_eq!(stack.next_timeout(), Some(32 * SECOND));
        assert!(pass(&mut stack, 40 * SECOND).is_empty());
        assert_eq!(events(&mut stack), [""; 0]);
        assert_idle(&mut stack);
    }
}

#[test]
fn an_ack_for_a_2xx_with_the_invites_branch_is_taken_too() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 200, 0);
    receive(&mut stack, ack("bob", "z9hG4bK1"), 0);
    assert_eq!(events(&mut stack), ["ACK 1"]);
}

#[test]
fn a_missing_ack_is_reported() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 200, 0);
    sent(&mut stack);
    let log = pass(&mut stack, 31_999 * MS);
    assert_eq!(
        times(&log),
        [
            500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
        ]
    );
    assert_eq!(events(&mut stack), [""; 0]);
    pass(&mut stack, 32 * SECOND);
    assert_eq!(events(&mut stack), ["ACK missing"]);
    assert_idle(&mut stack);
    // It comes after all: those above may still know the dialog.
    receive(&mut stack, ack("bob", "z9hG4bKother"), 33 * SECOND);
    assert_eq!(events(&mut stack), ["ACK 0"]);
}

#[test]
fn a_failure_is_repeated_until_its_ack_and_the_ack_is_not_reported() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 486, 0);
    assert_eq!(sent_names(&mut stack), ["486 INVITE"]);
    assert_eq!(times(&pass(&mut stack, 4 * SECOND)), [500, 1500, 3500]);
    receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), 4 * SECOND);
    assert_eq!(sent_names(&mut stack), ["486 INVITE"]);
    receive(&mut stack, ack("bob", "z9hG4bK1"), 5 * SECOND);
    receive(&mut stack, ack("bob", "z9hG4bK1"), 5 * SECOND);
    receive(&mut stack, incoming("INVITE", "z9hG4bK1", ""), 5 * SECOND);
    assert!(sent(&mut stack).is_empty());
    assert_eq!(stack.next_timeout(), Some(10 * SECOND));
    assert!(pass(&mut stack, 9 * SECOND).is_empty());
    assert_eq!(stack.transactions(), 1);
    pass(&mut stack, 10 * SECOND);
    assert_eq!(events(&mut stack), [""; 0]);
    assert_idle(&mut stack);
}

#[test]
fn other_requests_are_answered_again_for_64_t1() {
    let mut stack = stack();
    let text = incoming("OPTIONS", "z9hG4bK1", "");
    receive(&mut stack, &text, 0);
    let (txn, request) = reported(&mut stack);
    receive(&mut stack, &text, 0);
    assert!(sent(&mut stack).is_empty());
    respond(&mut stack, txn, &request, 200, 0);
    receive(&mut stack, &text, SECOND);
    assert_eq!(sent_names(&mut stack), ["200 OPTIONS", "200 OPTIONS"]);
    // A second final response comes too late.
    respond(&mut stack, txn, &request, 404, SECOND);
    assert!(sent(&mut stack).is_empty());
    assert_eq!(stack.stats().get(Counter::Dropped), 1);
    assert_eq!(stack.stats().get(Counter::Repetitions), 2);
    pass(&mut stack, 31 * SECOND);
    assert_eq!(stack.transactions(), 1);
    pass(&mut stack, 32 * SECOND);
    assert_eq!(events(&mut stack), [""; 0]);
    assert_idle(&mut stack);
    respond(&mut stack, txn, &request, 200, 33 * SECOND);
    assert!(sent(&mut stack).is_empty());
}

#[test]
fn a_request_that_nobody_answers_is_forgotten() {
    let mut stack = stack();
    receive(&mut stack, incoming("OPTIONS", "z9hG4bK1", ""), 0);
    pass(&mut stack, 32 * SECOND);
    assert_idle(&mut stack);
    call_after(&mut stack, 32 * SECOND);
    pass(&mut stack, 3632 * SECOND);
    assert_idle(&mut stack);
    assert_eq!(stack.stats().get(Counter::Unanswered), 2);
}

fn call_after(stack: &mut Stack, now: u64) {
    receive(stack, incoming("INVITE", "z9hG4bK2", ""), now);
}

#[test]
fn forget_answers_without_memory() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    let challenge = Message::response(&request, 401, None, None).unwrap();
    let how = Respond {
        forget: true,
        ..Respond::default()
    };
    stack.respond(txn, &challenge, how, 0).unwrap();
    assert_idle(&mut stack);
    let sent = sent(&mut stack).pop().unwrap();
    // The stack chose the To tag, so it knows the ACK without having kept anything.
    receive(&mut stack, ack(sent.to_tag().unwrap(), "z9hG4bK1"), 0);
    assert_eq!(events(&mut stack), [""; 0]);
    // The INVITE again is a new one, and is answered with the same tag.
    let (txn, request) = call(&mut stack);
    let challenge = Message::response(&request, 401, None, None).unwrap();
    stack.respond(txn, &challenge, how, 0).unwrap();
    assert_eq!(super::sent(&mut stack)[0].to_tag(), sent.to_tag());
}

#[test]
fn cancel_is_answered_here_and_reported_once() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 180, 0);
    sent(&mut stack);
    receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), SECOND);
    receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), SECOND);
    assert_eq!(events(&mut stack), ["CANCEL"]);
    let answers = sent(&mut stack);
    assert_eq!(
        answers.iter().map(name).collect::<Vec<_>>(),
        ["200 CANCEL", "200 CANCEL"]
    );
    assert_eq!(answers[0].to_tag(), Some("bob"));
    respond(&mut stack, txn, &request, 487, SECOND);
    receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), SECOND);
    assert_eq!(sent_names(&mut stack), ["487 INVITE", "200 CANCEL"]);
    assert_eq!(events(&mut stack), [""; 0]);
}

#[test]
fn cancel_after_the_final_response_is_answered_and_nothing_more() {
    for status in [200, 486] {
        let mut stack = stack();
        let (txn, request) = call(&mut stack);
        respond(&mut stack, txn, &request, status, 0);
        sent(&mut stack);
        receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), 0);
        assert_eq!(sent_names(&mut stack), ["200 CANCEL"]);
        assert_eq!(events(&mut stack), [""; 0]);
    }
}

#[test]
fn cancel_before_any_response_has_the_tag_of_the_487() {
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), 0);
    let gone = Message::response(&request, 487, None, None).unwrap();
    stack.respond(txn, &gone, Respond::default(), 0).unwrap();
    let answers = sent(&mut stack);
    assert_eq!(answers.len(), 2);
    assert!(answers[0].to_tag().is_some());
    assert_eq!(answers[0].to_tag(), answers[1].to_tag());
}

#[test]
fn cancel_of_nothing_is_481() {
    let mut stack = stack();
    receive(&mut stack, incoming("CANCEL", "z9hG4bK9", ""), 0);
    assert_eq!(sent_names(&mut stack), ["481 CANCEL"]);
    assert_eq!(events(&mut stack), ["rejected 481"]);
}

#[test]
fn a_reliable_provisional_is_repeated_until_its_prack() {
    let reliable = Respond {
        reliable_provisional: true,
        ..Respond::default()
    };
    let mut stack = stack();
    let (txn, request) = call(&mut stack);
    let ringing = Message::response(&request, 180, None, Some("bob")).unwrap();
    stack.respond(txn, &ringing, reliable, 0).unwrap();
    sent(&mut stack);
    assert_eq!(times(&pass(&mut stack, 2 * SECOND)), [500, 1500]);
    // One that needs no PRACK is sent once and does not replace it.
    respond(&mut stack, txn, &request, 183, 2 * SECOND);
    assert_eq!(sent_names(&mut stack), ["183 INVITE"]);
    assert_eq!(
        pass(&mut stack, 4 * SECOND),
        [(3500, "180 INVITE".to_owned())]
    );
    stack.provisional_acked(txn);
    assert!(pass(&mut stack, 30 * SECOND).is_empty());
    // Another one, whose PRACK never comes.
    stack.respond(txn, &ringing, reliable, 30 * SECOND).unwrap();
    sent(&mut stack);
    let log = pass(&mut stack, 61_999 * MS);
    assert_eq!(times(&log), [30500, 31500, 33500, 37500, 45500, 61500]);
    assert_eq!(events(&mut stack), [""; 0]);
    pass(&mut stack, 63 * SECOND);
    assert_eq!(events(&mut stack), ["PRACK missing"]);
    // The final response ends it all.
    respond(&mut stack, txn, &request, 504, 64 * SECOND);
    assert_eq!(sent_names(&mut stack), ["504 INVITE"]);
}

#[test]
fn where_answers_go() {
    // Via, source, flow, to_source, answered to, received and rport in the answer's Via
    let cases = [
        (
            "UDP 192.0.2.20:5070;branch=z9hG4bK1;rport",
            40000,
            FLOW,
            false,
            40000,
            Some("192.0.2.20"),
            true,
        ),
        (
            "UDP 192.0.2.20:5070;branch=z9hG4bK1",
            40000,
            FLOW,
            false,
            5070,
            None,
            false,
        ),
        (
            "UDP 192.0.2.20:5070;branch=z9hG4bK1",
            40000,
            FLOW,
            true,
            40000,
            None,
            false,
        ),
        (
            "UDP 10.0.0.1;branch=z9hG4bK1",
            40000,
            FLOW,
            false,
            5060,
            Some("192.0.2.20"),
            false,
        ),
        (
            "UDP 10.0.0.1:5070;branch=z9hG4bK1;maddr=203.0.113.1",
            40000,
            FLOW,
            false,
            5070,
            Some("192.0.2.20"),
            false,
        ),
        (
            "TCP 10.0.0.1:5070;branch=z9hG4bK1",
            40000,
            TCP,
            false,
            40000,
            Some("192.0.2.20"),
            false,
        ),
        (
            "UDP phone.invalid;branch=z9hG4bK1;rport;received=203.0.113.1",
            40000,
            FLOW,
            false,
            40000,
            Some("192.0.2.20"),
            true,
        ),
    ];
    for (via, port, flow, to_source, expected, received, rport) in cases {
        let mut stack = stack();
        let text = incoming("OPTIONS", "z9hG4bK1", "")
            .replace("UDP 192.0.2.20:5070;branch=z9hG4bK1;rport", via);
        stack.receive(text.as_bytes(), flow, PEER, port, 0).unwrap();
        let (txn, request) = reported(&mut stack);
        let ok = Message::response(&request, 200, None, Some("bob")).unwrap();
        let how = Respond {
            to_source,
            ..Respond::default()
        };
        stack.respond(txn, &ok, how, 0).unwrap();
        let sent: Vec<Transmit> = stack.take_transmits().collect();
        assert_eq!((sent[0].flow, sent[0].port), (flow, expected), "{via}");
        assert_eq!(sent[0].host.text(), PEER);
        let message = Message::parse(&sent[0].data).unwrap();
        let top = message.top_via().unwrap();
        assert_eq!(top.received(), received, "{via}");
        assert_eq!(top.rport(), rport.then_some(Some(port)), "{via}");
    }
}

#[test]
fn the_answer_to_cancel_goes_where_those_to_the_invite_go() {
    for (to_source, expected) in [(false, 5070), (true, 40000)] {
        let mut stack = stack();
        let from_phone = |stack: &mut Stack, method| {
            let text = incoming(method, "z9hG4bK1", "").replace(";rport", "");
            stack
                .receive(text.as_bytes(), FLOW, PEER, 40000, 0)
                .unwrap();
        };
        from_phone(&mut stack, "INVITE");
        let (txn, request) = reported(&mut stack);
        let ringing = Message::response(&request, 180, None, Some("bob")).unwrap();
        let how = Respond {
            to_source,
            ..Respond::default()
        };
        stack.respond(txn, &ringing, how, 0).unwrap();
        from_phone(&mut stack, "CANCEL");
        let ports: Vec<u16> = stack.take_transmits().map(|sent| sent.port).collect();
        assert_eq!(ports, [expected, expected]);
    }
}

#[test]
fn clients_of_rfc_2543_are_matched_without_a_branch() {
    let mut stack = stack();
    let old = |text: String| text.replace(";branch=z9hG4bK1;rport", "");
    receive(&mut stack, old(incoming("INVITE", "z9hG4bK1", "")), 0);
    let (txn, request) = reported(&mut stack);
    receive(&mut stack, old(incoming("INVITE", "z9hG4bK1", "")), 0);
    assert_eq!(events(&mut stack), [""; 0]);
    receive(&mut stack, old(incoming("CANCEL", "z9hG4bK1", "")), 0);
    assert_eq!(events(&mut stack), ["CANCEL"]);
    respond(&mut stack, txn, &request, 487, 0);
    receive(&mut stack, old(ack("bob", "z9hG4bK1")), 0);
    assert_eq!(events(&mut stack), [""; 0]);
    pass(&mut stack, 6 * SECOND);
    assert_idle(&mut stack);
    // Another CSeq number is another request.
    let next = old(incoming("INVITE", "z9hG4bK1", "")).replace("CSeq: 7", "CSeq: 8");
    receive(&mut stack, next, 6 * SECOND);
    assert_eq!(events(&mut stack), ["INVITE"]);
}

#[test]
fn one_branch_for_everything_is_survived() {
    let mut stack = stack();
    receive(&mut stack, incoming("REGISTER", "z9hG4bK1", ""), 0);
    receive(
        &mut stack,
        incoming("REGISTER", "z9hG4bK1", "").replace("CSeq: 7", "CSeq: 8"),
        0,
    );
    receive(&mut stack, incoming("OPTIONS", "z9hG4bK1", ""), 0);
    assert_eq!(events(&mut stack), ["REGISTER", "REGISTER", "OPTIONS"]);
}

#[test]
fn answers_to_a_lost_connection_are_counted() {
    let mut stack = stack();
    stack
        .receive(
            incoming("OPTIONS", "z9hG4bK1", "").as_bytes(),
            TCP,
            PEER,
            5070,
            0,
        )
        .unwrap();
    let (txn, request) = reported(&mut stack);
    stack.remove_flow(TCP, 0);
    respond(&mut stack, txn, &request, 200, 0);
    assert!(sent(&mut stack).is_empty());
    assert_eq!(stack.stats().get(Counter::NoFlow), 1);
    assert_idle(&mut stack);
    assert_eq!(
        stack.receive(b"x", TCP, PEER, 5070, 0),
        Err(StackError::UnknownFlow(TCP))
    );
}

#[test]
fn compact_forms_on_the_wire() {
    let mut stack = stack_with(Config {
        compact: true,
        ..Config::default()
    });
    let sent = |stack: &mut Stack| -> Vec<String> {
        stack
            .take_transmits()
            .map(|sent| String::from_utf8_lossy(&sent.data).into_owned())
            .collect()
    };
    let (txn, request) = call(&mut stack);
    respond(&mut stack, txn, &request, 180, 0);
    receive(&mut stack, incoming("CANCEL", "z9hG4bK1", ""), 0);
    let ours = super::request("INVITE", "c1");
    stack.request(&ours, FLOW, PEER, 5060, 0).unwrap();
    let all = sent(&mut stack);
    assert_eq!(all.len(), 3);
    for text in all {
        for name in ["\r\nv: ", "\r\nf: ", "\r\nt: ", "\r\ni: ", "\r\nl: "] {
            assert!(text.contains(name), "{name} in {text}");
        }
        assert!(Message::parse(text.as_bytes()).is_ok());
    }
}
