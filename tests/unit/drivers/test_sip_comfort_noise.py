"""Comfort noise (RFC 3389) of a leg: agreed on where `allow` has it, told when nothing is sent, and heard."""

from __future__ import annotations

from unit.drivers.node import Switch, eventually, phone

PLAN = """[default]
exten => wait,1,Answer(,i)
 same => n,PlayTones(440/200)
 same => n,Wait(0.3)
 same => n,StopPlayTones()
 same => n,Wait(20)
exten => echo,1,Answer(,i)
 same => n,Echo()
"""


async def test_it_is_agreed_on_and_a_pause_of_ours_is_told_once(switch: Switch) -> None:
    await switch.start(phone("alice", "allow=!all,ulaw,cn"), PLAN)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("wait", body=audio.sdp("0", "13", "101"))
    assert dialog.response is not None
    assert b" 0 13 101" in dialog.response.body
    await eventually("a pause", lambda: any(kind == 13 for kind, _ in audio.packets))
    kinds = [kind for kind, _ in audio.packets]
    assert kinds.count(13) == 1
    assert kinds[-1] == 13
    level = audio.packets[-1][1]
    assert len(level) == 1
    assert 40 <= level[0] <= 127
    alice.within(dialog, "BYE")
    await alice.expect(200)


async def test_where_nobody_asked_for_it_there_is_none(switch: Switch) -> None:
    await switch.start(phone("alice", "allow=!all,ulaw,alaw"), PLAN)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("echo", body=audio.sdp("0", "13", "101"))
    assert dialog.response is not None
    assert b"RTP/AVP 0 101\r\n" in dialog.response.body
    audio.aim(dialog.response)
    for _ in range(3):
        audio.packet(0, b"\x10" * 160)
    await eventually("the echo", lambda: len(audio.packets) >= 3)
    # a pause that is described all the same is heard as noise, in the codec
    audio.packet(13, b"\x32")
    await eventually("noise", lambda: len(audio.packets) >= 13)
    assert {kind for kind, _ in audio.packets} == {0}
    assert len(set(audio.packets[-1][1])) > 4
    audio.packet(0, b"\x10" * 160)
    await eventually("the voice", lambda: audio.packets[-1][1] == b"\x10" * 160)
    alice.within(dialog, "BYE")
    await alice.expect(200)
