"""Several streams of a call: which lines are answered, video between two legs, what its receivers ask for."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

import pytest

from offhook._core import Message, Sdp
from unit.drivers.node import Audio, Dialog, Peer, Switch, eventually, hang_up, phone

TO_BOB = "[default]\nexten => bob,1,Dial(PJSIP/bob)\nexten => wait,1,Answer()\n same => n,Wait(20)\n"
VIDEO = "allow=!all,ulaw,h264,vp8"
H264 = "profile-level-id=42e01f;packetization-mode=1"


def lines(*media: tuple[str, int, str, Sequence[str]], session: Sequence[str] = (), version: int = 1) -> str:
    """A description of m-lines: kind, port, formats, further lines."""
    text = ["v=0", f"o=- 1 {version} IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", *session]
    for kind, port, formats, more in media:
        profile = {"image": "udptl", "text": "TCP/T140"}.get(kind, "RTP/AVP")
        text += [f"m={kind} {port} {profile} {formats}", *more]
    return "\r\n".join(text) + "\r\n"


def camera(port: int, h264: int = 97, vp8: int = 96) -> tuple[str, int, str, Sequence[str]]:
    """An m-line of video with two formats."""
    rtpmap = (f"a=rtpmap:{vp8} VP8/90000", f"a=rtpmap:{h264} H264/90000", f"a=fmtp:{h264} {H264}")
    return ("video", port, f"{h264} {vp8}", rtpmap)


def kinds(message: Message) -> list[tuple[str, bool]]:
    """(kind, whether it is in use) of each m-line."""
    return [(line.kind, line.port != 0) for line in Sdp.parse(message.body).media]


@pytest.mark.parametrize(
    ("options", "offered", "answered"),
    [
        ("", "audio video", "audio -"),
        (VIDEO, "audio video", "audio video"),
        (VIDEO, "video audio", "video audio"),
        (VIDEO, "audio audio video video", "audio - video -"),
        (
            f"{VIDEO}\nmax_audio_streams=2\nmax_video_streams=2",
            "audio audio video video",
            "audio audio video video",
        ),
        (f"{VIDEO}\nmax_video_streams=0", "audio video", "audio -"),
        (VIDEO, "audio text image", "audio - -"),
        ("allow=!all,h264", "video", "video"),
        ("allow=!all,h264", "audio video", "- video"),
    ],
)
async def test_which_lines_are_answered(switch: Switch, options: str, offered: str, answered: str) -> None:
    await switch.start(phone("alice", options), TO_BOB)
    alice = await switch.peer(name="alice")
    made = {
        "audio": ("audio", 4000, "0", ()),
        "video": camera(4002),
        "text": ("text", 4004, "98", ()),
        "image": ("image", 4006, "t38", ("a=T38FaxVersion:0",)),
    }
    dialog = await alice.call("wait", body=lines(*(made[kind] for kind in offered.split())))
    assert dialog.response is not None
    expected = [(kind, word != "-") for kind, word in zip(offered.split(), answered.split(), strict=True)]
    assert kinds(dialog.response) == expected
    used = [line.port for line in Sdp.parse(dialog.response.body).media if line.port]
    assert len(set(used)) == len(used), "each stream has a port of its own"
    await hang_up(switch, alice, dialog)


async def test_an_offer_that_nothing_can_answer(switch: Switch) -> None:
    await switch.start(phone("alice"), TO_BOB)
    alice = await switch.peer(name="alice")
    await alice.call("wait", body=lines(camera(4002)), status=488)
    await alice.call("wait", body=lines(("audio", 0, "0", ()), ("video", 0, "97", ())), status=488)


async def video_call(
    switch: Switch, alice: Peer, bob: Peer
) -> tuple[Dialog, Dialog, Audio, Audio, Message, Message]:
    """Alice sees bob: dialogs, the ends of the video, bob's INVITE and alice's answer."""
    a, b = await switch.audio(), await switch.audio()
    body = lines(("audio", 4000, "0", ()), camera(a.port))
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=body)
    invite = await bob.expect("INVITE")
    # Bob has H.264 alone, under a number of his own.
    ours = ("video", b.port, "103", ("a=rtpmap:103 H264/90000", f"a=fmtp:103 {H264}"))
    theirs = bob.accept(invite, lines(("audio", 4010, "0", ()), ours))
    answer = await alice.expect(200)
    dialog = Dialog(request, answer)
    alice.within(dialog, "ACK")
    await bob.expect("ACK")
    for end, message in ((a, answer), (b, invite)):
        line = Sdp.parse(message.body).media[1]
        end.target = ("127.0.0.1", line.port)
    return dialog, theirs, a, b, invite, answer


async def test_video_goes_on_from_leg_to_leg(switch: Switch) -> None:
    await switch.start(phone("alice", VIDEO) + phone("bob", VIDEO), TO_BOB)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    dialog, theirs, a, b, invite, answer = await video_call(switch, alice, bob)
    offered = Sdp.parse(invite.body).media[1]
    assert [(codec.name, codec.fmtp) for codec in offered.codecs] == [("H264", H264), ("VP8", None)]
    # Alice is answered with what bob can do, since nothing here turns one into the other.
    assert [codec.name for codec in Sdp.parse(answer.body).media[1].codecs] == ["H264"]

    number = offered.codecs[0].payload_type

    def from_alice() -> bool:
        a.packet(97, b"from alice", timestamp=90)
        return (103, b"from alice") in b.packets

    def from_bob() -> bool:
        b.packet(number, b"from bob", timestamp=90)  # in the offer's number, as RFC 3264 has it
        return (97, b"from bob") in a.packets

    await eventually("alice at bob's", from_alice)
    await eventually("bob at alice's", from_bob)
    channel = next(c for name, c in switch.node.pbx.channels.items() if "alice" in name)
    ((_, port),) = channel.further_media()
    assert channel.info("rtp,src,video") == f"{port.address}:{port.rtp_port}"
    assert int(channel.info("rtcp,rxcount,video") or 0) > 0
    # Bob cannot see well, and says so as older phones do; alice's phone is asked by RTCP (RFC 4585).
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind(("127.0.0.1", 0))
        rtcp.setblocking(False)
        port.set_remote("127.0.0.1", a.port, rtcp.getsockname()[1])
        await eventually("alice again", lambda: a.packet(97, b"x", timestamp=180) or (103, b"x") in b.packets)
        wish = "<to_encoder><picture_fast_update/></to_encoder>"
        body = f"<media_control><vc_primitive>{wish}</vc_primitive></media_control>"
        bob.within(theirs, "INFO", body=body, content_type="application/media_control+xml")
        await bob.expect(200)
        asked: list[bytes] = []

        def got() -> bool:
            with contextlib.suppress(BlockingIOError):
                asked.append(rtcp.recv(1500))
            return any(b"\x81\xce" in data for data in asked)

        await eventually("a request for a picture", got)
    await hang_up(switch, alice, dialog, bob)


async def test_a_stream_that_one_side_adds_is_offered_to_the_other(switch: Switch) -> None:
    await switch.start(phone("alice", VIDEO) + phone("bob", VIDEO), TO_BOB)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    voice = ("audio", 4000, "0", ())
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=lines(voice))
    invite = await bob.expect("INVITE")
    assert kinds(invite) == [("audio", True)], "who calls has no video"
    theirs = bob.accept(invite, lines(("audio", 4010, "0", ())))
    dialog = Dialog(request, await alice.expect(200))
    alice.within(dialog, "ACK")
    await bob.expect("ACK")
    alice.within(dialog, "INVITE", body=lines(voice, camera(4002), version=2))
    added = await alice.expect(200)
    assert kinds(added) == [("audio", True), ("video", True)]
    alice.within(dialog, "ACK")
    again = await bob.expect("INVITE")
    assert kinds(again) == [("audio", True), ("video", True)]
    bob.accept(again, lines(("audio", 4010, "0", ()), camera(4012), version=2))
    await bob.expect("ACK")
    # And one that is taken away is so at the other side.
    alice.within(dialog, "INVITE", body=lines(voice, ("video", 0, "97", ()), version=3))
    assert kinds(await alice.expect(200)) == [("audio", True), ("video", False)]
    alice.within(dialog, "ACK")
    less = await bob.expect("INVITE")
    assert kinds(less) == [("audio", True), ("video", False)]
    bob.accept(less, lines(("audio", 4010, "0", ()), ("video", 0, "97", ()), version=3))
    await bob.expect("ACK")
    assert theirs is not None
    await hang_up(switch, alice, dialog, bob)


async def test_echo_of_one_stream_takes_the_others_away(switch: Switch) -> None:
    await switch.start(
        phone("alice", f"{VIDEO}\nmax_video_streams=3"),
        "[default]\nexten => echo,1,Answer()\n same => n,StreamEcho(1,video)\n",
    )
    alice, video = await switch.peer(name="alice"), await switch.audio()
    body = lines(("audio", 4000, "0", ()), camera(video.port), camera(4004))
    dialog = await alice.call("echo", body=body)
    again = await alice.expect("INVITE")
    assert kinds(again) == [("audio", True), ("video", True), ("video", False)]
    alice.accept(again, lines(("audio", 4000, "0", ()), camera(video.port), ("video", 0, "97", ())))
    await alice.expect("ACK")
    video.target = ("127.0.0.1", Sdp.parse(again.body).media[1].port)

    def echoed() -> bool:
        video.packet(97, b"picture", timestamp=90)
        return (97, b"picture") in video.packets

    await eventually("the echo", echoed)
    await hang_up(switch, alice, dialog)


async def test_streams_that_share_a_port(switch: Switch) -> None:
    """BUNDLE: audio and two cameras on one port reach ports of their own at the other phone, and back."""
    await switch.start(
        phone("alice", f"{VIDEO}\nmax_video_streams=2\nbundle=yes")
        + phone("bob", f"{VIDEO}\nmax_video_streams=2"),
        TO_BOB,
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, one, two = [await switch.audio() for _ in range(3)]
    mux = ("a=rtcp-mux",)
    cameras = [
        (
            "video",
            a.port,
            "96",
            ("a=rtpmap:96 VP8/90000", *mux, f"a=mid:v{ssrc}", f"a=ssrc:{ssrc} cname:alice"),
        )
        for ssrc in (21, 22)
    ]
    body = lines(("audio", a.port, "0", (*mux, "a=mid:a")), *cameras, session=("a=group:BUNDLE a v21 v22",))
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=body)
    invite = await bob.expect("INVITE")
    offered = Sdp.parse(invite.body).media
    ports = [line.port for line in offered]
    assert len(set(ports)) == 3, "bob has a port for each"
    theirs = [camera(end.port, vp8=100, h264=101) for end in (one, two)]
    bob.accept(invite, lines(("audio", 4010, "0", ()), *theirs))
    answer = await alice.expect(200)
    said = Sdp.parse(answer.body)
    assert ("group", "BUNDLE a v21 v22") in said.attributes
    shared = {line.port for line in said.media}
    assert len(shared) == 1
    dialog = Dialog(request, answer)
    alice.within(dialog, "ACK")
    await bob.expect("ACK")
    a.target = ("127.0.0.1", shared.pop())
    for ssrc, end in ((21, one), (22, two)):
        text = b"from camera %d" % ssrc

        def seen(ssrc: int = ssrc, end: Audio = end, text: bytes = text) -> bool:
            a.ssrc = ssrc
            a.packet(96, text, timestamp=90)
            return (100, text) in end.packets

        await eventually(f"camera {ssrc}", seen)
        end.target = ("127.0.0.1", ports[1 if end is one else 2])
        number = next(codec.payload_type for codec in offered[1].codecs if codec.name == "VP8")

        def back(end: Audio = end, number: int = number, text: bytes = text) -> bool:
            end.packet(number, b"back " + text, timestamp=90)
            return (96, b"back " + text) in a.packets

        await eventually(f"what {ssrc} sees", back)
    await hang_up(switch, alice, dialog, bob)
