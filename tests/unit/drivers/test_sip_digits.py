"""DTMF between legs whose digits travel in different ways (dtmf_mode)."""

from __future__ import annotations

import asyncio
import math
from array import array

import pytest

from offhook._core import g711_encode
from offhook.pbx import events
from unit.drivers.node import Switch, connect, eventually, phone

TO_BOB = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
EVENT, INFO, TONE = "event", "INFO", "tone"


@pytest.mark.parametrize(
    ("caller", "sends", "called", "gets"),
    [
        ("rfc4733", EVENT, "rfc4733", EVENT),
        ("rfc4733", EVENT, "info", INFO),
        ("rfc4733", EVENT, "inband", TONE),
        ("info", INFO, "rfc4733", EVENT),
        ("rfc4733", INFO, "rfc4733", EVENT),  # a phone that is set to INFO, whatever we think
        ("auto", EVENT, "auto_info", EVENT),
        ("auto_info", EVENT, "info", INFO),
    ],
)
async def test_a_digit_arrives_once_and_as_the_peer_wants_it(
    switch: Switch, caller: str, sends: str, called: str, gets: str
) -> None:
    await switch.start(phone("alice", f"dtmf_mode={caller}") + phone("bob", f"dtmf_mode={called}"), TO_BOB)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", (a, b))
    a.talk()
    await b.hears(0)
    if sends == INFO:
        body = "Signal=5\r\nDuration=160\r\n"
        alice.within(ours, "INFO", body=body, content_type="application/dtmf-relay")
        await alice.expect(200)
    else:
        await a.digit("5")
    if gets == INFO:
        info = await bob.expect("INFO")
        bob.answer(info, 200)
        assert info.body.startswith(b"Signal=5\r\n")
        await bob.silent(0.2)
    elif gets == EVENT:
        await eventually("an event", lambda: [1 for kind, _ in b.packets if kind == 101])
        await asyncio.sleep(0.3)
        assert {payload[0] for kind, payload in b.packets if kind == 101} == {5}
        ends = [payload for kind, payload in b.packets if kind == 101 and payload[1] & 0x80]
        assert 0 < len(ends) <= 3  # the end of one digit, in three copies
    tones = [payload for kind, payload in b.packets if kind == 0 and len(set(payload)) > 20]
    if gets == TONE:
        await eventually("a tone", lambda: [1 for kind, p in b.packets if kind == 0 and len(set(p)) > 20])
    else:
        assert not tones


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/hook-flash", "hf\r\n"),
        ("application/hook-flash", "signal=hf\r\n"),
        ("application/dtmf-relay", "Signal=16\r\nDuration=100\r\n"),
        ("application/dtmf-relay", "Signal=hf\r\n"),
    ],
)
async def test_a_hook_flash_in_an_info_goes_on_as_one(switch: Switch, content_type: str, body: str) -> None:
    await switch.start(phone("alice") + phone("bob"), TO_BOB)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    ours, _ = await connect(alice, bob, "bob", (await switch.audio(), await switch.audio()))
    alice.within(ours, "INFO", body=body, content_type=content_type)
    await alice.expect(200)
    info = await bob.expect("INFO")
    assert (info.content_type, info.body) == ("application/hook-flash", b"signal=hf\r\n")
    bob.answer(info, 415)  # whatever it says, the call goes on
    await alice.silent(0.2)


@pytest.mark.parametrize(("options", "gets"), [("", EVENT), (",,t", INFO)])
async def test_a_hook_flash_in_the_media(switch: Switch, options: str, gets: str) -> None:
    """The engine relays it as any event, unless the caller's digits may be a feature's."""
    plan = f"[default]\nexten => bob,1,Dial(PJSIP/bob{options}{'T' if options else ''})\n"
    await switch.start(phone("alice") + phone("bob"), plan)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", (a, b))
    a.talk()
    await b.hears(0)
    await a.digit("!")
    if gets == INFO:
        info = await bob.expect("INFO")
        assert info.content_type == "application/hook-flash"
        bob.answer(info, 200)
    else:
        await eventually("an event", lambda: [1 for kind, p in b.packets if kind == 101 and p[0] == 16])
        await bob.silent(0.2)
    alice.within(ours, "BYE")
    await alice.expect(200)


async def test_auto_listens_for_tones_when_there_are_no_events(switch: Switch) -> None:
    await switch.start(
        phone("alice", "dtmf_mode=auto"),
        "[default]\nexten => 1,1,Answer()\n same => n,Read(X,,1,,1,5)\n"
        ' same => n,Hangup(${IF($["${X}"="5"]?17:21)})\n',
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp("0"))
    assert dialog.response is not None
    audio.aim(dialog.response)
    wave = [
        int(6000 * sum(math.sin(math.tau * frequency * sample / 8000) for frequency in (770, 1336)))
        for sample in range(2400)
    ]
    for start in range(0, 2400, 160):
        audio.packet(0, bytes(g711_encode(array("h", wave[start : start + 160]).tobytes(), "ulaw")))
        await asyncio.sleep(0.02)
    audio.talk(0, 0xFF)
    assert "cause=17" in ((await alice.expect("BYE")).get("Reason") or "")


@pytest.mark.parametrize(
    ("options", "code", "status"),
    [
        ("one_touch_recording=yes", "automixmon=*3", 200),
        ("one_touch_recording=yes", "", 403),
        ("one_touch_recording=yes\nrecord_on_feature=blindxfer", "", 200),
        ("", "automixmon=*3", 403),
        ("one_touch_recording=no", "automixmon=*3", 403),
    ],
)
async def test_the_recording_key_of_a_phone(switch: Switch, options: str, code: str, status: int) -> None:
    """INFO with `Record: on` is the code of a feature, where the endpoint may and the feature has one."""
    await switch.start(
        phone("alice", options),
        "[default]\nexten => read,1,Answer()\n same => n,Read(GLOBAL(got),,1,,,5)\n same => n,Wait(5)\n",
        features=f"[featuremap]\n{code}\n",
    )
    alice = await switch.peer(name="alice")
    dialog = await alice.call("read", body=(await switch.audio()).sdp())
    alice.within(dialog, "INFO", headers=["Record: maybe"])
    await alice.expect(400)
    alice.within(dialog, "INFO", headers=["Record: on"])
    await alice.expect(status)


async def test_digits_beside_opus_in_events_at_8_khz(switch: Switch) -> None:
    """They last as long as is said, in the clock of the events, and a test is told how they go."""
    await switch.start(
        phone("alice", "allow=!all,opus"),
        "[default]\nexten => 1,1,Answer()\n same => n,SendDTMF(5)\n same => n,Wait(5)\n",
    )
    told: list[events.TestEvent] = []
    switch.node.pbx.bus.listen(events.TestEvent, told.append)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    lines = (
        "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 maxplaybackrate=16000\r\na=rtpmap:102 telephone-event/8000\r\n"
    )
    dialog = await alice.call("1", body=audio.sdp("96", "102") + lines)
    assert dialog.response is not None
    body = dialog.response.body.decode()
    assert "RTP/AVP 96 102\r\n" in body
    assert "a=fmtp:96 sprop-maxcapturerate=16000;useinbandfec=1\r\n" in body

    def ends() -> list[bytes]:
        return [payload for kind, payload in audio.packets if kind == 102 and payload[1] & 0x80]

    await eventually("the digit", ends)
    assert int.from_bytes(ends()[0][2:4], "big") == pytest.approx(800, abs=160)
    said = [event.headers for event in told if event.state == "DTMF_BEGIN"]
    assert said == [(("Digit", "5"), ("Payload", "102"), ("Rate", "8000"))]
