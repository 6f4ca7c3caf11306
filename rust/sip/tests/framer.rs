//! Byte streams cut into messages and keep-alives.
use offhook_sip::framer::{PING, PONG, StreamFramer};

const ONE: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc";
const TWO: &[u8] = b"SIP/2.0 200 OK\r\nl : \r\n 0\r\nX: y\r\n\r\n";

#[test]
fn whole_messages_in_any_pieces() {
    let stream: Vec<u8> = [ONE, TWO, b"\r\n\r\n", ONE, b"\r\n", TWO].concat();
    let whole = StreamFramer::new(1000).feed(&stream).unwrap();
    assert_eq!(whole, [ONE, TWO, PING, ONE, PONG, TWO]);
    for size in 1..stream.len() {
        let mut framer = StreamFramer::new(1000);
        let frames: Vec<_> = stream
            .chunks(size)
            .flat_map(|piece| framer.feed(piece).unwrap())
            .collect();
        let messages: Vec<_> = frames.iter().filter(|f| f.len() > 4).collect();
        assert_eq!(messages, [ONE, TWO, ONE, TWO], "in pieces of {size}");
        assert!(frames.contains(&PING.to_vec()), "in pieces of {size}");
        assert_eq!(framer.pending(), 0);
    }
}

#[test]
fn keep_alives() {
    let mut framer = StreamFramer::new(1000);
    assert_eq!(framer.feed(b"\r\n\r\n").unwrap(), [PING]);
    assert_eq!(framer.feed(b"\r\n\r\n\r\n\r\n").unwrap(), [PING, PING]);
    assert_eq!(framer.feed(b"\r\n").unwrap(), [PONG]);
    // it was a pong, but it may also have been the first half of a ping
    assert_eq!(framer.feed(b"\r\n").unwrap(), [PONG, PING]);
    assert_eq!(framer.feed(b"\r\n").unwrap(), [PONG]);
    assert_eq!(framer.feed(ONE).unwrap(), [ONE]);
    assert_eq!(framer.feed(b"\r\n").unwrap(), [PONG]);
    assert_eq!(framer.feed(b"\r").unwrap(), Vec::<Vec<u8>>::new());
    assert_eq!(framer.feed(b"\n").unwrap(), [PONG, PING]);
}

#[test]
fn bare_line_feeds() {
    let data = b"OPTIONS sip:a SIP/2.0\nContent-Length: 1\n\nx";
    assert_eq!(StreamFramer::new(1000).feed(data).unwrap(), [data]);
}

#[test]
fn streams_that_cannot_be_followed() {
    let status = |data: &[u8]| StreamFramer::new(100).feed(data).unwrap_err().status;
    assert_eq!(status(b"OPTIONS sip:a SIP/2.0\r\nX: y\r\n\r\n"), 400);
    assert_eq!(status(b"OPTIONS sip:a SIP/2.0\r\nl: -1\r\n\r\n"), 400);
    assert_eq!(
        status(b"OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab"),
        400
    );
    assert_eq!(status(b"OPTIONS sip:a SIP/2.0\r\nl: 99\r\n\r\n"), 513);
    assert_eq!(
        status(b"OPTIONS sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n"),
        400
    );
    assert_eq!(status(&b"x".repeat(101)), 513);
    assert_eq!(status(&b"x\r\n".repeat(50)), 513);
}

#[test]
fn what_came_before_a_fault_is_given_first() {
    let mut framer = StreamFramer::new(100);
    assert_eq!(
        framer
            .feed(&[ONE, b"BYE sip:a SIP/2.0\r\n\r\n"].concat())
            .unwrap(),
        [ONE]
    );
    assert_eq!(framer.feed(b"").unwrap_err().status, 400);
    assert_eq!(framer.feed(ONE).unwrap_err().status, 400);
    assert_eq!(framer.pending(), 0);
}

#[test]
fn header_in_many_small_pieces_is_searched_once() {
    let mut framer = StreamFramer::new(1 << 20);
    let line = b"X-Filler: 0123456789012345678901234567890123456789\r\n";
    framer.feed(b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n").unwrap();
    let begin = std::time::Instant::now();
    for _ in 0..10_000 {
        assert!(framer.feed(line).unwrap().is_empty());
    }
    assert_eq!(framer.feed(b"\r\n").unwrap().len(), 1);
    // searching from the begin each time would take minutes
    assert!(begin.elapsed().as_secs() < 10);
}
