"""What a peer was told to be over is on the disk: call records, and the answer to BYE."""

from __future__ import annotations

import asyncio

import pytest

from unit.drivers.node import Dialog, Switch, connect, phone


def records(switch: Switch) -> list[tuple[object, ...]]:
    return switch.node.store.query("SELECT dst, dstchannel, disposition, lastapp FROM cdr ORDER BY sequence")


@pytest.mark.parametrize("in_h", ["NoOp()", "Wait(0.1)"])
async def test_the_callers_bye_is_answered_when_the_record_is_written(switch: Switch, in_h: str) -> None:
    await switch.start(
        phone("alice"), f"[default]\nexten => 1,1,Answer(,i)\n same => n,Wait(30)\nexten => h,1,{in_h}\n"
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    assert isinstance(dialog, Dialog)
    alice.within(dialog, "BYE")
    await alice.expect(200)
    assert records(switch) == [("1", "", "ANSWERED", "Wait")]


async def test_a_bye_does_not_wait_for_a_long_h(switch: Switch) -> None:
    await switch.start(
        phone("alice"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(30)\nexten => h,1,Wait(20)\n"
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    alice.within(dialog, "BYE")
    await alice.expect(200, timeout=1.5)
    await asyncio.sleep(0.3)
    await alice.silent()  # it is answered once
    for channel in list(switch.node.pbx.channels.values()):
        assert channel.task is not None
        channel.task.cancel()


async def test_the_called_partys_bye_is_answered_when_the_record_is_written(switch: Switch) -> None:
    await switch.start(phone("alice") + phone("bob"), "[default]\nexten => bob,1,Dial(PJSIP/bob)\n")
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    a, b = await switch.audio(), await switch.audio()
    await bob.register()
    _, theirs = await connect(alice, bob, "bob", (a, b))
    bob.within(theirs, "BYE")
    await bob.expect(200)
    ((dst, channel, disposition, app),) = records(switch)
    assert (dst, disposition, app) == ("bob", "ANSWERED", "Dial")
    assert str(channel).startswith("PJSIP/bob-")
