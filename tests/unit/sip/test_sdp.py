"""SDP and offer/answer as Python sees them; the tables of answers are tested in Rust."""

import pytest

from offhook._core import (
    Codec,
    LocalMedia,
    Media,
    NegotiationError,
    OfferAnswer,
    Sdp,
    SipParseError,
    select_codecs,
)

OFFER = (
    b"v=0\r\no=phone 11 12 IN IP4 192.0.2.7\r\ns=talk\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\na=tool:x\r\n"
    b"m=audio 4000 RTP/AVP 96 8 0 101\r\nb=AS:64\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=ptime:30\r\na=rtcp:4005\r\na=x-own\r\n"
    b"a=candidate:1\r\na=candidate:2\r\n"
    b"m=video 4002 RTP/AVP 34\r\n"
)

PCMA, PCMU, DTMF = Codec("PCMA"), Codec("PCMU"), Codec("telephone-event")


def test_codec_is_a_value() -> None:
    assert (PCMA.payload_type, PCMA.clock_rate, PCMA.channels, PCMA.fmtp) == (8, 8000, 1, None)
    assert Codec("opus", 48000, channels=2).payload_type == 107
    assert Codec("x-new", 16000).payload_type == -1
    assert Codec("pcma").matches(PCMA)
    assert Codec("pcma") != PCMA
    assert len({Codec("PCMA"), PCMA, PCMU}) == 2
    opus = Codec("opus", 48000, channels=2).with_fmtp("useinbandfec=1; stereo=0").with_payload_type(99)
    assert opus.fmtp_param("STEREO") == "0"
    assert opus.fmtp_param("cbr") is None
    assert "99 opus/48000/2" in repr(opus)
    with pytest.raises(ValueError, match="payload type"):
        Codec("x", payload_type=128)
    with pytest.raises(AttributeError):
        PCMA.name = "x"  # type: ignore[misc]


def test_parse_gives_each_part() -> None:
    sdp = Sdp.parse(OFFER)
    assert (sdp.username, sdp.session_id, sdp.session_version) == ("phone", 11, 12)
    assert (sdp.session_name, sdp.origin_address, sdp.address) == ("talk", "192.0.2.7", "192.0.2.7")
    assert sdp.attributes == [("tool", "x")]
    audio = sdp.first("audio")
    assert audio is not None
    assert (audio.kind, audio.port, audio.proto) == ("audio", 4000, "RTP/AVP")
    assert audio.formats == ["96", "8", "0", "101"]
    assert [codec.name for codec in audio.codecs] == ["opus", "PCMA", "PCMU", "telephone-event"]
    assert audio.codecs[3].is_telephone_event
    assert (audio.ptime, audio.maxptime, audio.rtcp_mux, audio.mid) == (30, None, False, None)
    assert audio.rtcp == ("192.0.2.7", 4005)
    assert audio.bandwidth == [("AS", 64)]
    assert audio.attribute("x-own") == ""
    assert audio.attribute("none") is None
    assert audio.attribute_values("candidate") == ["1", "2"]
    assert ("x-own", None) in audio.attributes
    assert sdp.to_bytes() == OFFER
    assert Sdp.parse(sdp.to_bytes()) == sdp


def test_errors_carry_the_status_to_answer() -> None:
    with pytest.raises(SipParseError) as bad:
        Sdp.parse(b"hello")
    assert bad.value.status == 400
    with pytest.raises(SipParseError) as big:
        Sdp.parse(OFFER + b"m=audio 1 RTP/AVP 0\r\n" * 40)
    assert big.value.status == 488
    assert "m-lines" in big.value.reason


def test_a_description_can_be_made_by_hand() -> None:
    media = Media("audio", 9, codecs=[PCMA, DTMF], ptime=20, direction="sendonly", attributes=[("x", None)])
    sdp = Sdp("2001:db8::1", [media], session_id=5, attributes=[("tool", "t")])
    assert sdp.to_bytes().decode().split("\r\n") == [
        "v=0", "o=- 5 0 IN IP6 2001:db8::1", "s=-", "c=IN IP6 2001:db8::1", "t=0 0", "a=tool:t",
        "m=audio 9 RTP/AVP 8 101", "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000",
        "a=ptime:20", "a=sendonly", "a=x", "",
    ]  # fmt: skip
    assert Sdp.parse(sdp.to_bytes()) == sdp
    with pytest.raises(ValueError, match="line break"):
        Media("audio", 9, codecs=[PCMA], attributes=[("x", "1\r\na=y")])


def test_answer_and_what_was_agreed() -> None:
    session = OfferAnswer(session_id=1)
    session.remote_offer(Sdp.parse(OFFER))
    assert session.state == "remote-offer"
    answer = session.answer([LocalMedia("audio", 5000, [PCMU, PCMA, DTMF], order="local")], "198.51.100.2")
    assert session.state == "stable"
    assert answer.accepted
    assert [m.port for m in answer.media] == [5000, 0]
    assert answer.media[0].formats == ["0", "8", "101"]
    assert answer.media[0].ptime == 30
    audio, video = session.agreed
    assert video.rejected
    assert (audio.direction, audio.local_port) == ("sendrecv", 5000)
    assert (audio.remote_address, audio.remote_port, audio.remote_rtcp) == (
        "192.0.2.7", 4000, ("192.0.2.7", 4005))  # fmt: skip
    assert audio.send[0].matches(PCMU)
    assert audio.send_event is not None
    assert audio.send_event.payload_type == 101
    assert audio.remote.attribute("x-own") == ""


def test_hold_and_resume_keep_the_session() -> None:
    ours, theirs = OfferAnswer(session_id=1), OfferAnswer(session_id=2)

    def exchange(direction: str) -> tuple[str, str, bool]:
        media = [LocalMedia("audio", 5000, [PCMA], direction=direction)]
        theirs.remote_offer(Sdp.parse(ours.offer(media, "192.0.2.1").to_bytes()))
        answer = theirs.answer([LocalMedia("audio", 6000, [PCMA])], "192.0.2.2")
        ours.remote_answer(Sdp.parse(answer.to_bytes()))
        return ours.agreed[0].direction, theirs.agreed[0].direction, theirs.agreed[0].remote_held

    assert exchange("sendrecv") == ("sendrecv", "sendrecv", False)
    assert exchange("sendonly") == ("sendonly", "recvonly", True)
    assert exchange("inactive") == ("inactive", "inactive", True)
    assert exchange("sendrecv") == ("sendrecv", "sendrecv", False)
    assert ours.local is not None
    assert ours.local.session_version == 1 + 3


def test_nothing_in_common_is_488() -> None:
    session = OfferAnswer()
    session.remote_offer(Sdp.parse(OFFER))
    with pytest.raises(NegotiationError) as error:
        session.answer([LocalMedia("audio", 5000, [Codec("G729")])], "192.0.2.1")
    assert error.value.status == 488
    session.rollback()
    assert session.state == "stable"
    assert session.pending is None


def test_glare_is_491_and_forks_are_apart() -> None:
    session = OfferAnswer()
    session.offer([LocalMedia("audio", 5000, [PCMA])], "192.0.2.1")
    with pytest.raises(NegotiationError) as error:
        session.remote_offer(Sdp.parse(OFFER))
    assert error.value.status == 491
    other = session.fork()
    answer = Sdp("192.0.2.3", [Media("audio", 7000, codecs=[PCMA])])
    other.remote_answer(answer)
    assert (session.state, other.state) == ("local-offer", "stable")
    assert other.agreed[0].remote_port == 7000


def test_codec_preferences() -> None:
    pending, configured = [PCMA, PCMU], [PCMU, Codec("G722")]
    assert select_codecs(pending, configured) == [PCMU]
    names = [c.name for c in select_codecs(pending, configured, operation="union", prefer="configured")]
    assert names == ["PCMU", "G722", "PCMA"]
    assert select_codecs(pending, configured, operation="only_preferred", keep="first") == [PCMA]
    with pytest.raises(ValueError, match="operation"):
        select_codecs(pending, configured, operation="both")
