//! Session descriptions as devices write them, and tables of answers.

use super::*;

mod answers;
mod text;

const PHONE: &str = "v=0\r\n\
o=- 3905 3905 IN IP4 192.0.2.10\r\n\
s=call\r\n\
c=IN IP4 192.0.2.10\r\n\
t=0 0\r\n\
m=audio 4000 RTP/AVP 107 9 8 0 101 13\r\n\
a=rtpmap:107 opus/48000/2\r\n\
a=fmtp:107 maxplaybackrate=16000;useinbandfec=1\r\n\
a=rtpmap:9 G722/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-15\r\n\
a=ptime:20\r\n\
a=X-private:kept as it is\r\n\
a=sendrecv\r\n";

fn codec(text: &str) -> Codec {
    let mut parts = text.split('/');
    let name = parts.next().unwrap();
    let rate = parts.next().map_or(8000, |text| text.parse().unwrap());
    let channels = parts.next().map_or(1, |text| text.parse().unwrap());
    Codec::new(name, rate, channels)
}

fn codecs(list: &str) -> Vec<Codec> {
    list.split_whitespace().map(codec).collect()
}

fn names(list: &[Codec]) -> String {
    let words: Vec<String> = list
        .iter()
        .map(|c| format!("{}={}", c.payload_type.unwrap(), c.name))
        .collect();
    words.join(" ")
}

fn new_local(kind: &str, list: &str) -> NewLocalMedia {
    NewLocalMedia {
        kind: kind.to_owned(),
        port: 20000,
        codecs: codecs(list),
        protos: vec!["RTP/AVP".to_owned(), "RTP/AVPF".to_owned()],
        ..NewLocalMedia::default()
    }
}

fn local(list: &str) -> LocalMedia {
    LocalMedia::new(new_local("audio", list)).unwrap()
}

fn parse(text: &str) -> Arc<Sdp> {
    Arc::new(Sdp::parse(text.as_bytes()).unwrap())
}

fn offer_of(lines: &str) -> Arc<Sdp> {
    parse(&format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{lines}"
    ))
}

fn session() -> OfferAnswer {
    OfferAnswer::new(Some(7), "-", "Offhook", false).unwrap()
}

fn answer(lines: &str, media: &[&LocalMedia]) -> (OfferAnswer, Result<Arc<Sdp>, SdpError>) {
    let mut session = session();
    session.remote_offer(offer_of(lines)).unwrap();
    let answer = session.answer(media, "198.51.100.1");
    (session, answer)
}
