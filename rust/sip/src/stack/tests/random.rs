//! Anything in any order: nothing panics, and everything ends.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Request(bool, u64),
    /// A message built of parts that mostly fit to something.
    Receive {
        flow: u64,
        kind: usize,
        branch: usize,
        tag: usize,
    },
    /// A response to the n-th of our requests.
    Answer {
        index: usize,
        status: u16,
        tag: usize,
    },
    /// The n-th message that we sent comes back.
    Mirror(usize),
    Respond {
        index: usize,
        status: u16,
        forget: bool,
        reliable: bool,
    },
    Acked(usize),
    SendAck {
        index: usize,
        tag: usize,
    },
    Cancel(usize),
    Lose,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        Just(100u16),
        Just(180),
        Just(200),
        Just(202),
        Just(302),
        Just(486),
        Just(603)
    ];
    let flow = 1..=2u64;
    let index = 0..6usize;
    prop_oneof![
        2 => (any::<bool>(), flow.clone()).prop_map(|(invite, flow)| Step::Request(invite, flow)),
        4 => (flow, 0..7usize, 0..4usize, 0..3usize)
            .prop_map(|(flow, kind, branch, tag)| Step::Receive { flow, kind, branch, tag }),
        4 => (index.clone(), status.clone(), 0..3usize)
            .prop_map(|(index, status, tag)| Step::Answer { index, status, tag }),
        1 => (0..20usize).prop_map(Step::Mirror),
        4 => (index.clone(), status, any::<bool>(), any::<bool>())
            .prop_map(|(index, status, forget, reliable)| Step::Respond { index, status, forget, reliable }),
        1 => index.clone().prop_map(Step::Acked),
        2 => (index.clone(), 0..3usize).prop_map(|(index, tag)| Step::SendAck { index, tag }),
        1 => index.prop_map(Step::Cancel),
        1 => Just(Step::Lose),
        4 => prop_oneof![0..1000u64, 1000..40_000u64].prop_map(Step::Wait),
    ]
}

const METHODS: [&str; 7] = [
    "INVITE",
    "ACK",
    "CANCEL",
    "BYE",
    "OPTIONS",
    "PRACK",
    "garbage\r\n",
];
const TAGS: [&str; 3] = ["", "bob", "carol"];

fn run(steps: Vec<Step>) -> Stack {
    let mut stack = stack_with(Config {
        max_transactions: 8,
        ..Config::default()
    });
    let mut now = 0;
    // Everything that was sent, our transactions, and the peer's with their requests.
    let mut sent: Vec<Arc<[u8]>> = Vec::new();
    let mut ours: Vec<u64> = Vec::new();
    let mut theirs: Vec<(u64, Message)> = Vec::new();
    for step in steps {
        match step {
            Step::Request(invite, flow) => {
                let method = if invite { "INVITE" } else { "OPTIONS" };
                ours.extend(stack.request(&request(method, "c"), flow, PEER, 5060, now));
            }
            Step::Receive {
                flow,
                kind,
                branch,
                tag,
            } => {
                let mut text = incoming(METHODS[kind], &format!("z9hG4bK{branch}"), "");
                if !TAGS[tag].is_empty() {
                    text = text.replace("10>\r\nCall", &format!("10>;tag={}\r\nCall", TAGS[tag]));
                }
                let _ = stack.receive(text.as_bytes(), flow, PEER, 5070, now);
            }
            Step::Answer { index, status, tag } => {
                let requests: Vec<Arc<[u8]>> = sent
                    .iter()
                    .filter(|data| Message::parse(data).is_ok_and(|m| m.is_request()))
                    .cloned()
                    .collect();
                if let Some(data) = requests.iter().rev().nth(index) {
                    receive(
                        &mut stack,
                        reply(data, status, ["x", "bob", "carol"][tag]),
                        now,
                    );
                }
            }
            Step::Mirror(index) => {
                if let Some(data) = sent.iter().rev().nth(index).cloned() {
                    receive(&mut stack, data, now);
                }
            }
            Step::Respond {
                index,
                status,
                forget,
                reliable,
            } => {
                if let Some((txn, request)) = theirs.iter().rev().nth(index) {
                    let tag = (index % 2 == 0).then_some("bob");
                    let response = Message::response(request, status, None, tag).unwrap();
                    let how = Respond {
                        forget,
                        reliable_provisional: reliable,
                        to_source: false,
                    };
                    stack.respond(*txn, &response, how, now).unwrap();
                }
            }
            Step::Acked(index) => {
                if let Some((txn, _)) = theirs.iter().rev().nth(index) {
                    stack.provisional_acked(*txn);
                }
            }
            Step::SendAck { index, tag } => {
                if let Some(txn) = ours.iter().rev().nth(index) {
                    let mut ack = request("ACK", "c");
                    ack.set(
                        "To",
                        &format!("<sip:b@h>;tag={}", ["x", "bob", "carol"][tag]),
                    )
                    .unwrap();
                    stack.send_ack(*txn, &ack, FLOW, PEER, 5060, now).unwrap();
                }
            }
            Step::Cancel(index) => {
                if let Some(txn) = ours.iter().rev().nth(index) {
                    stack.cancel(*txn, None, now).unwrap();
                }
            }
            Step::Lose => stack.remove_flow(TCP, now),
            Step::Wait(ms) => {
                now += ms * MS;
                stack.expire(now);
            }
        }
        sent.extend(stack.take_transmits().map(|transmit| transmit.data));
        for event in stack.take_events() {
            if let Event::Request { txn, message } = event {
                theirs.push((txn, message));
            }
        }
    }
    let mut rounds = 0;
    while let Some(at) = stack.next_timeout() {
        assert!(at > now || rounds == 0, "a timer that does not move");
        now = at;
        stack.expire(now);
        rounds += 1;
        assert!(rounds < 1000, "retransmits for ever");
    }
    stack
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_transaction_ends(steps in proptest::collection::vec(step(), 1..60)) {
        let mut stack = run(steps);
        assert_idle(&mut stack);
    }

    #[test]
    fn any_bytes_are_survived(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut stack = stack();
        receive(&mut stack, &data, 0);
        let mut text = incoming("INVITE", "z9hG4bK1", "").into_bytes();
        for (index, byte) in data.iter().enumerate().filter(|(index, _)| index % 40 == 0) {
            let at = (usize::from(*byte) * 7 + index) % text.len();
            text[at] = byte.wrapping_add(index as u8);
        }
        receive(&mut stack, &text, 0);
        stack.expire(2 * 3600 * SECOND);
        assert_idle(&mut stack);
    }
}
