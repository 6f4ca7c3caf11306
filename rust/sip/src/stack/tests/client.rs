//! Client transactions: what is sent when, what is reported, CANCEL and ACK.

use super::*;

fn send(stack: &mut Stack, method: &str, flow: u64) -> (u64, Vec<u8>) {
    let txn = stack
        .request(&request(method, "c1"), flow, PEER, 5060, 0)
        .unwrap();
    let first = stack.take_transmits().next().unwrap();
    assert_eq!((first.flow, first.port), (flow, 5060));
    assert_eq!(first.host.text(), PEER);
    (txn, first.data.to_vec())
}

#[test]
fn a_request_goes_out_with_our_via_on_top() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "OPTIONS", FLOW);
    let message = Message::parse(&data).unwrap();
    let via = message.top_via().unwrap();
    assert_eq!(
        (via.transport, via.host, via.port),
        ("UDP", "192.0.2.10", Some(5060))
    );
    assert!(via.branch().starts_with("z9hG4bK"));
    assert_eq!(via.rport(), Some(None));
    assert_eq!(message.get("Max-Forwards").unwrap(), "70");
}

#[test]
fn without_an_answer_it_is_repeated_until_timer_b_or_f() {
    let cases = [
        ("INVITE", vec![500, 1500, 3500, 7500, 15500, 31500]),
        (
            "OPTIONS",
            vec![
                500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500,
            ],
        ),
    ];
    for (method, expected) in cases {
        let mut stack = stack();
        send(&mut stack, method, FLOW);
        let log = pass(&mut stack, 31_999 * MS);
        assert_eq!(times(&log), expected, "{method}");
        assert!(log.iter().all(|(_, name)| name == method));
        assert_eq!(events(&mut stack), [""; 0]);
        pass(&mut stack, 32 * SECOND);
        assert_eq!(events(&mut stack), ["failed Timeout"]);
        assert_idle(&mut stack);
    }
}

#[test]
fn an_icmp_error_ends_what_nobody_has_answered() {
    for method in ["INVITE", "OPTIONS"] {
        // the whole datagram, or its beginning as far as the line after Via
        for part in [1000, 150] {
            let mut stack = stack();
            let (_, data) = send(&mut stack, method, FLOW);
            stack.undeliverable(&data[..part.min(data.len())], SECOND);
            assert_eq!(events(&mut stack), ["failed Transport"]);
            assert_idle(&mut stack);
            stack.undeliverable(&data, SECOND);
            assert_eq!(events(&mut stack), [""; 0]);
        }
        let mut stack = stack();
        let (_, data) = send(&mut stack, method, FLOW);
        receive(&mut stack, reply(&data, 180, "t"), 0);
        stack.undeliverable(&data, SECOND);
        assert_eq!(events(&mut stack), [format!("180 {method}")]);
        for noise in [
            &b""[..],
            b"\n",
            b"OPTIONS\n",
            b"INVITE x;branch=\n",
            b"\xff;branch=1\n",
        ] {
            stack.undeliverable(noise, SECOND);
        }
    }
}

#[test]
fn over_a_connection_nothing_is_repeated() {
    for method in ["INVITE", "OPTIONS"] {
        let mut stack = stack();
        send(&mut stack, method, TCP);
        assert!(pass(&mut stack, 40 * SECOND).is_empty());
        assert_eq!(events(&mut stack), ["failed Timeout"]);
        assert_idle(&mut stack);
    }
}

#[test]
fn configured_timers_are_used() {
    let mut stack = stack_with(Config {
        t1: 100 * MS,
        patience: 2 * SECOND,
        ..Config::default()
    });
    send(&mut stack, "INVITE", FLOW);
    assert_eq!(times(&pass(&mut stack, 3 * SECOND)), [100, 300, 700, 1500]);
    assert_eq!(events(&mut stack), ["failed Timeout"]);
}

#[test]
fn a_provisional_stops_an_invite_and_slows_down_the_others() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "INVITE", FLOW);
    receive(&mut stack, reply(&data, 180, "bob"), 100 * MS);
    assert!(pass(&mut stack, 600 * SECOND).is_empty());
    assert_eq!(events(&mut stack), ["180 INVITE"]);

    let mut stack = super::stack();
    let (_, data) = send(&mut stack, "OPTIONS", FLOW);
    receive(&mut stack, reply(&data, 100, "bob"), 100 * MS);
    let log = pass(&mut stack, 33 * SECOND);
    assert_eq!(
        times(&log),
        [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]
    );
    assert_eq!(events(&mut stack), ["100 OPTIONS", "failed Timeout"]);
    assert_idle(&mut stack);
}

#[test]
fn a_final_response_is_reported_once_and_repetitions_are_absorbed() {
    for (flow, left) in [(FLOW, 1), (TCP, 0)] {
        let mut stack = stack();
        let (_, data) = send(&mut stack, "OPTIONS", flow);
        let ok = reply(&data, 200, "bob");
        receive(&mut stack, &ok, 100 * MS);
        receive(&mut stack, &ok, 200 * MS);
        assert_eq!(events(&mut stack), ["200 OPTIONS"]);
        assert_eq!(stack.transactions(), left);
        assert!(pass(&mut stack, 6 * SECOND).is_empty());
        assert_idle(&mut stack);
    }
}

#[test]
fn a_failure_is_acknowledged_here_and_again_when_it_is_repeated() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "INVITE", FLOW);
    let busy = reply(&data, 486, "bob");
    receive(&mut stack, &busy, 100 * MS);
    assert_eq!(events(&mut stack), ["486 INVITE"]);
    let ack = sent(&mut stack).pop().unwrap();
    let invite = Message::parse(&data).unwrap();
    assert_eq!(ack.method(), "ACK");
    assert_eq!(ack.uri(), invite.uri());
    assert_eq!(ack.get_all("Via"), [invite.get("Via").unwrap()]);
    assert_eq!(ack.to_tag(), Some("bob"));
    assert_eq!(ack.cseq(), (7, "ACK"));
    assert_eq!(ack.call_id(), "c1");
    for header in ["From", "Route", "Max-Forwards"] {
        assert_eq!(ack.get(header), invite.get(header));
    }
    receive(&mut stack, &busy, 600 * MS);
    assert_eq!(events(&mut stack), [""; 0]);
    assert_eq!(sent(&mut stack).pop().unwrap().to_bytes(), ack.to_bytes());
    assert!(pass(&mut stack, 33 * SECOND).is_empty());
    assert_idle(&mut stack);
}

#[test]
fn over_a_connection_a_failure_ends_the_transaction_at_once() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "INVITE", TCP);
    receive(&mut stack, reply(&data, 486, "bob"), 0);
    assert_eq!(sent_names(&mut stack), ["ACK"]);
    assert_eq!(events(&mut stack), ["486 INVITE"]);
    assert_idle(&mut stack);
}

#[test]
fn each_fork_is_reported_once_and_its_ack_is_sent_again() {
    let mut stack = stack();
    let (txn, data) = send(&mut stack, "INVITE", FLOW);
    receive(&mut stack, reply(&data, 180, "one"), 0);
    receive(&mut stack, reply(&data, 183, "two"), 0);
    receive(&mut stack, reply(&data, 200, "one"), SECOND);
    assert_eq!(
        events(&mut stack),
        ["180 INVITE", "183 INVITE", "200 INVITE"]
    );
    // Repeated before those above have acknowledged it: nothing to send yet.
    receive(&mut stack, reply(&data, 200, "one"), SECOND);
    assert!(sent(&mut stack).is_empty());
    let ack = |tag: &str| {
        let mut ack = request("ACK", "c1");
        ack.set("To", &format!("<sip:bob@192.0.2.20>;tag={tag}"))
            .unwrap();
        ack
    };
    stack
        .send_ack(txn, &ack("one"), FLOW, "192.0.2.99", 5099, SECOND)
        .unwrap();
    let first: Vec<Transmit> = stack.take_transmits().collect();
    assert_eq!(
        (first[0].host.text().as_ref(), first[0].port),
        ("192.0.2.99", 5099)
    );
    receive(&mut stack, reply(&data, 200, "one"), 2 * SECOND);
    let again: Vec<Transmit> = stack.take_transmits().collect();
    assert_eq!(again.len(), 1);
    assert_eq!(
        (&again[0].host, again[0].port, &again[0].data),
        (&first[0].host, 5099, &first[0].data)
    );
    assert_eq!(events(&mut stack), [""; 0]);
    // Another fork answers too.
    receive(&mut stack, reply(&data, 200, "two"), 3 * SECOND);
    assert_eq!(events(&mut stack), ["200 INVITE"]);
    stack
        .send_ack(txn, &ack("two"), FLOW, PEER, 5060, 3 * SECOND)
        .unwrap();
    assert_eq!(sent(&mut stack)[0].to_tag(), Some("two"));
    receive(&mut stack, reply(&data, 200, "two"), 4 * SECOND);
    assert_eq!(sent(&mut stack)[0].to_tag(), Some("two"));
    // A provisional or failure of yet another branch is of no interest any more.
    receive(&mut stack, reply(&data, 486, "three"), 4 * SECOND);
    assert!(sent(&mut stack).is_empty());
    assert_eq!(events(&mut stack), [""; 0]);
    pass(&mut stack, 33 * SECOND);
    assert_idle(&mut stack);
    // Too late for the transaction, but an ACK still goes out.
    stack
        .send_ack(txn, &ack("one"), FLOW, PEER, 5060, 40 * SECOND)
        .unwrap();
    assert_eq!(sent_names(&mut stack), ["ACK"]);
}

#[test]
fn cancel_waits_for_the_first_provisional() {
    let mut stack = stack();
    let (txn, data) = send(&mut stack, "INVITE", FLOW);
    stack.cancel(txn, Some("SIP;cause=200"), 10 * MS).unwrap();
    stack.cancel(txn, None, 10 * MS).unwrap();
    assert!(sent(&mut stack).is_empty());
    receive(&mut stack, reply(&data, 180, "bob"), 100 * MS);
    let cancel = sent(&mut stack).pop().unwrap();
    let invite = Message::parse(&data).unwrap();
    assert_eq!(cancel.method(), "CANCEL");
    assert_eq!(cancel.uri(), invite.uri());
    assert_eq!(cancel.branch(), invite.branch());
    assert_eq!(cancel.cseq(), (7, "CANCEL"));
    assert_eq!(cancel.to_tag(), None);
    assert_eq!(cancel.get("Reason").unwrap(), "SIP;cause=200");
    assert_eq!(cancel.get("Route"), invite.get("Route"));
    // Its response is nobody's business above, its repetition is done here.
    assert_eq!(times(&pass(&mut stack, 700 * MS)), [600]);
    receive(&mut stack, reply(&cancel.to_bytes(), 200, "x"), 800 * MS);
    receive(&mut stack, reply(&data, 487, "bob"), 900 * MS);
    assert_eq!(events(&mut stack), ["180 INVITE", "487 INVITE"]);
    assert_eq!(sent_names(&mut stack), ["ACK"]);
    pass(&mut stack, 40 * SECOND);
    assert_idle(&mut stack);
}

#[test]
fn a_cancelled_call_ends_even_if_nobody_answers() {
    let mut stack = stack();
    let (txn, data) = send(&mut stack, "INVITE", FLOW);
    receive(&mut stack, reply(&data, 180, "bob"), 0);
    stack.cancel(txn, None, 100 * SECOND).unwrap();
    // Provisionals do not buy time any more.
    receive(&mut stack, reply(&data, 180, "bob"), 110 * SECOND);
    pass(&mut stack, 131 * SECOND);
    assert_eq!(events(&mut stack), ["180 INVITE", "180 INVITE"]);
    pass(&mut stack, 133 * SECOND);
    assert_eq!(events(&mut stack), ["failed Timeout"]);
    assert_idle(&mut stack);
}

#[test]
fn cancel_after_the_answer_does_nothing() {
    let mut stack = stack();
    let (txn, data) = send(&mut stack, "INVITE", FLOW);
    receive(&mut stack, reply(&data, 200, "bob"), 0);
    stack.cancel(txn, None, 0).unwrap();
    stack.cancel(999, None, 0).unwrap();
    assert!(sent(&mut stack).is_empty());
}

#[test]
fn a_call_that_everybody_forgot_ends_after_an_hour() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "INVITE", FLOW);
    receive(&mut stack, reply(&data, 180, "bob"), 0);
    receive(&mut stack, reply(&data, 180, "bob"), 60 * SECOND);
    pass(&mut stack, 3659 * SECOND);
    assert_eq!(stack.transactions(), 1);
    pass(&mut stack, 3660 * SECOND);
    assert_eq!(events(&mut stack).last().unwrap(), "failed Timeout");
    assert_idle(&mut stack);
}

#[test]
fn a_lost_connection_fails_what_waits_on_it_and_nothing_else() {
    let mut stack = stack();
    send(&mut stack, "INVITE", TCP);
    send(&mut stack, "OPTIONS", TCP);
    let (_, done) = send(&mut stack, "INVITE", TCP);
    receive(&mut stack, reply(&done, 200, "bob"), 0);
    send(&mut stack, "OPTIONS", FLOW);
    events(&mut stack);
    stack.remove_flow(TCP, SECOND);
    assert_eq!(events(&mut stack), ["failed Transport", "failed Transport"]);
    assert_eq!(stack.transactions(), 1);
    assert_eq!(
        stack.request(&request("OPTIONS", "c"), TCP, PEER, 5060, SECOND),
        Err(StackError::UnknownFlow(TCP))
    );
}

#[test]
fn strays_are_counted_and_not_reported() {
    let mut stack = stack();
    let (_, data) = send(&mut stack, "INVITE", FLOW);
    let text = String::from_utf8(reply(&data, 200, "bob")).unwrap();
    // Another branch, another method, a second Via.
    receive(&mut stack, text.replace("z9hG4bK", "z9hG4bKx"), 0);
    receive(&mut stack, text.replace("7 INVITE", "7 BYE"), 0);
    receive(
        &mut stack,
        text.replace("From:", "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom:"),
        0,
    );
    receive(
        &mut stack,
        text.replace("\r\nFrom:", ", SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom:"),
        0,
    );
    assert_eq!(events(&mut stack), [""; 0]);
    assert_eq!(stack.stats().get(Counter::StrayResponses), 4);
    receive(&mut stack, text, 0);
    assert_eq!(events(&mut stack), ["200 INVITE"]);
}

#[test]
fn what_cannot_be_a_request_is_refused_to_those_above() {
    let mut stack = stack();
    let mut try_it = |message: &Message| stack.request(message, FLOW, PEER, 5060, 0).unwrap_err();
    for method in ["ACK", "CANCEL"] {
        assert!(matches!(
            try_it(&request(method, "c")),
            StackError::Misplaced(_)
        ));
    }
    for header in ["From", "To", "Call-ID", "CSeq"] {
        let mut message = request("INVITE", "c");
        message.remove(header);
        assert!(
            matches!(try_it(&message), StackError::Incomplete(_)),
            "{header}"
        );
    }
    let response = Message::response(&request("INVITE", "c"), 200, None, None).unwrap();
    assert!(matches!(try_it(&response), StackError::Misplaced(_)));
    assert!(stack.cancel(1, Some("a\r\nb"), 0).is_err());
    assert_idle(&mut stack);
}
