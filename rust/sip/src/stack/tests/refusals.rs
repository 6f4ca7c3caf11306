//! What does not get past the door, and what a burst leaves behind.

use super::*;

#[test]
fn malformed_requests_are_answered_when_enough_can_be_read() {
    // (what is wrong with it, status, whether it is answered)
    let good = incoming("INVITE", "z9hG4bK1", "");
    let cases = [
        (good.replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"), 505, true),
        (
            good.replace("Content-Length: 0", "Content-Length: 99"),
            400,
            true,
        ),
        (
            good.replace("Content-Length: 0", "Max-Forwards: x\r\nContent-Length: 0"),
            400,
            true,
        ),
        (
            good.replace("sip:bob@192.0.2.10 SIP", "gopher:x SIP"),
            416,
            true,
        ),
        (
            good.replace("INVITE sip", "ACK sip")
                .replace("7 INVITE", "7 ACK")
                .replace("Content-Length: 0", "Content-Length: 99"),
            400,
            false,
        ),
        (good.replace("Call-ID", "X-ID"), 400, true),
        (good.replace("Via", "X-Via"), 400, false),
        ("hello\r\n\r\n".to_owned(), 400, false),
        ("SIP/2.0 200 OK\r\n\r\n".to_owned(), 400, false),
    ];
    for (text, status, answered) in cases {
        let mut stack = stack();
        receive(&mut stack, &text, 0);
        // Not parsed: the answer to a request without Call-ID has none either (RFC 4475 section 3.3.1).
        let sent: Vec<Transmit> = stack.take_transmits().collect();
        assert_eq!(sent.len(), usize::from(answered), "{text}");
        if let Some(answer) = sent.first() {
            let answer = String::from_utf8_lossy(&answer.data);
            assert!(
                answer.starts_with(&format!("SIP/2.0 {status} ")),
                "{answer}"
            );
            assert!(answer.contains("To: <sip:bob@192.0.2.10>;tag="), "{answer}");
        }
        let events = events(&mut stack);
        assert_eq!(events.len(), 1, "{text}");
        assert!(events[0].starts_with("rejected"), "{events:?}");
        assert_eq!(stack.stats().get(Counter::Malformed), 1);
        assert_idle(&mut stack);
    }
}

#[test]
fn keep_alives_are_no_mistake() {
    let mut stack = stack();
    for data in [b"".as_slice(), b"\r\n\r\n", b"\r\n", b"\0\0\0\0", b"  "] {
        receive(&mut stack, data, 0);
    }
    assert_eq!(events(&mut stack), [""; 0]);
    assert_eq!(stack.stats().get(Counter::Keepalives), 5);
}

#[test]
fn a_request_that_comes_on_two_ways_is_482_the_second_time() {
    let mut stack = stack();
    let first = incoming("INVITE", "z9hG4bK1", "");
    receive(&mut stack, &first, 0);
    receive(
        &mut stack,
        first.replace("branch=z9hG4bK1", "branch=z9hG4bKother"),
        0,
    );
    assert_eq!(sent_names(&mut stack), ["482 INVITE"]);
    assert_eq!(events(&mut stack), ["INVITE", "rejected 482"]);
    // What has been answered is over: the same CSeq again is a new request.
    let register = incoming("REGISTER", "z9hG4bK3", "");
    receive(&mut stack, &register, 0);
    let (id, request) = reported(&mut stack);
    let again = register.replace("branch=z9hG4bK3", "branch=z9hG4bK4");
    receive(&mut stack, &again, 0);
    assert_eq!(sent_names(&mut stack), ["482 REGISTER"]);
    assert_eq!(events(&mut stack), ["rejected 482"]);
    respond(&mut stack, id, &request, 200, 0);
    assert_eq!(sent_names(&mut stack), ["200 REGISTER"]);
    receive(&mut stack, again.replace("bK4", "bK5"), 0);
    assert_eq!(events(&mut stack), ["REGISTER"]);
    // In a dialog that is the dialog's business.
    let bye = incoming("BYE", "z9hG4bK2", "").replace("10>\r\nCall", "10>;tag=bob\r\nCall");
    receive(&mut stack, &bye, 0);
    receive(
        &mut stack,
        bye.replace("branch=z9hG4bK2", "branch=z9hG4bKother"),
        0,
    );
    assert_eq!(events(&mut stack), ["BYE", "BYE"]);
}

#[test]
fn a_call_without_hops_left_is_483() {
    for (method, hops, expected) in [
        ("INVITE", "Max-Forwards: 0\r\n", "rejected 483"),
        ("MESSAGE", "Max-Forwards: 0\r\n", "rejected 483"),
        ("INVITE", "Max-Forwards: 1\r\n", "INVITE"),
        ("INVITE", "", "INVITE"),
        ("OPTIONS", "Max-Forwards: 0\r\n", "OPTIONS"),
        ("REGISTER", "Max-Forwards: 0\r\n", "REGISTER"),
    ] {
        let mut stack = stack();
        receive(&mut stack, incoming(method, "z9hG4bK1", hops), 0);
        assert_eq!(events(&mut stack), [expected]);
    }
}

#[test]
fn the_ack_of_a_refusal_is_absorbed() {
    let mut stack = stack();
    receive(
        &mut stack,
        incoming("INVITE", "z9hG4bK1", "Max-Forwards: 0\r\n"),
        0,
    );
    let refusal = sent(&mut stack).pop().unwrap();
    let ack = incoming("ACK", "z9hG4bK1", "").replace(
        "10>\r\nCall",
        &format!("10>;tag={}\r\nCall", refusal.to_tag().unwrap()),
    );
    receive(&mut stack, ack, 0);
    assert_eq!(events(&mut stack), ["rejected 483"]);
    assert_eq!(stack.stats().get(Counter::StrayAcks), 1);
}

#[test]
fn beyond_the_limit_new_requests_get_503_and_dialogs_go_on() {
    let mut stack = stack_with(Config {
        max_transactions: 2,
        ..Config::default()
    });
    for branch in ["z9hG4bK1", "z9hG4bK2", "z9hG4bK3"] {
        receive(&mut stack, incoming("INVITE", branch, ""), 0);
    }
    let refusal = sent(&mut stack).pop().unwrap();
    assert_eq!(refusal.status(), 503);
    let wait: u32 = refusal.get("Retry-After").unwrap().parse().unwrap();
    assert!((3..=10).contains(&wait));
    assert_eq!(events(&mut stack), ["INVITE", "INVITE", "rejected 503"]);
    let bye =
        |branch: &str| incoming("BYE", branch, "").replace("10>\r\nCall", "10>;tag=bob\r\nCall");
    for branch in ["z9hG4bK4", "z9hG4bK5", "z9hG4bK6"] {
        receive(&mut stack, bye(branch), 0);
    }
    assert_eq!(events(&mut stack), ["BYE", "BYE", "rejected 503"]);
}

#[test]
fn those_that_only_wait_make_room() {
    let mut stack = stack_with(Config {
        max_transactions: 2,
        ..Config::default()
    });
    for n in 0..10u64 {
        receive(
            &mut stack,
            incoming("OPTIONS", &format!("z9hG4bK{n}"), ""),
            n,
        );
        let (txn, request) = reported(&mut stack);
        respond(&mut stack, txn, &request, 200, n);
    }
    assert_eq!(stack.transactions(), 2);
    assert_eq!(stack.stats().get(Counter::Evicted), 8);
    // The last ones are still there.
    sent(&mut stack);
    receive(&mut stack, incoming("OPTIONS", "z9hG4bK9", ""), 20);
    assert_eq!(sent_names(&mut stack), ["200 OPTIONS"]);
}

#[test]
fn only_so_many_answers_are_kept_for_repetitions() {
    let mut stack = stack_with(Config {
        max_answered: 3,
        ..Config::default()
    });
    let ask = |stack: &mut Stack, n: u64| {
        receive(stack, incoming("OPTIONS", &format!("z9hG4bK{n}"), ""), n);
    };
    for n in 0..10u64 {
        ask(&mut stack, n);
        let (txn, request) = reported(&mut stack);
        respond(&mut stack, txn, &request, 200, n);
    }
    assert_eq!(stack.transactions(), 3);
    sent(&mut stack);
    ask(&mut stack, 7);
    assert_eq!(sent_names(&mut stack), ["200 OPTIONS"]);
    ask(&mut stack, 6);
    assert_eq!(events(&mut stack), ["OPTIONS"]);
    // One that still waits for its answer is not among them.
    assert_eq!(stack.transactions(), 4);
    pass(&mut stack, 33 * SECOND);
    assert_idle(&mut stack);
    assert_eq!(stack.answered, 0);
}

#[test]
fn memory_comes_back_after_a_burst() {
    let mut stack = stack();
    let mut now = 0;
    for n in 0..30_000u64 {
        now = n * MS;
        receive(
            &mut stack,
            incoming("INVITE", &format!("z9hG4bK{n}"), ""),
            now,
        );
        let (txn, request) = reported(&mut stack);
        respond(&mut stack, txn, &request, 486, now);
        stack.expire(now);
        stack.take_transmits();
    }
    assert!(stack.transactions() > 25_000);
    // Repetitions of all of these failures are many; only the end matters.
    now += 33 * SECOND;
    stack.expire(now);
    stack.take_transmits();
    assert_idle(&mut stack);
    assert!(stack.store.capacity() <= 2048, "{}", stack.store.capacity());
    assert!(
        stack.timers.capacity() <= 8192,
        "{}",
        stack.timers.capacity()
    );
}

#[test]
fn timers_that_were_cancelled_do_not_pile_up() {
    let mut stack = stack();
    // Each call rings, which sets a timer of an hour, and ends at once.
    for n in 0..20_000u64 {
        let now = n * MS;
        receive(
            &mut stack,
            incoming("INVITE", &format!("z9hG4bK{n}"), ""),
            now,
        );
        let (txn, request) = reported(&mut stack);
        respond(&mut stack, txn, &request, 180, now);
        let refuse = Message::response(&request, 486, None, None).unwrap();
        let forget = Respond {
            forget: true,
            ..Respond::default()
        };
        stack.respond(txn, &refuse, forget, now).unwrap();
        stack.take_transmits();
    }
    assert_eq!(stack.transactions(), 0);
    assert!(stack.timers.len() < 2000, "{}", stack.timers.len());
}
