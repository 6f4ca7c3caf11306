"""Local channels: what is done to one half appears at the far end of the other."""

from __future__ import annotations

import pytest

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError

TEXT = (
    "[default]\nexten => s,1,Dial(Local/in@other/n)\n"
    " same => n,Set(GLOBAL(status)=${DIALSTATUS} ${HANGUPCAUSE})\n"
    "[other]\nexten => in,1,Dial(Fake/bob)\n same => n,Hangup(${HANGUPCAUSE})\n"
    "exten => ring,1,Ringing()\n same => n,Wait(1)\n same => n,Progress()\n same => n,Wait(1)\n"
    " same => n,Answer()\n same => n,Wait(9)\n"
    "exten => vars,1,Set(GLOBAL(seen)=${ONE}.${TWO}.${CALLERID(num)}."
    "${CHANNEL(language)}.${CHANNEL(accountcode)})\n"
    " same => n,Dial(Local/vars2@other)\n"
    "exten => vars2,1,Set(GLOBAL(seen2)=${ONE}.${TWO}.${CALLERID(num)})\n"
    "exten => _7/6001,1,NoOp()\n"
)


async def test_a_call_through_a_local_channel(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", rings=1, answers=3, hangs_up=10)
    alice = o.call()
    await o.settle(2)
    assert alice.did == ["ring"]
    await o.settle(2)
    assert alice.state is ChannelState.UP
    assert alice.connected == PartyId("bob")
    assert bob.leg.connected == PartyId("6001", "Alice")
    assert bob.leg.linkedid == alice.linkedid
    half = next(channel for name, channel in o.pbx.channels.items() if name.endswith(";1"))
    other = next(channel for name, channel in o.pbx.channels.items() if name.endswith(";2"))
    assert half.other is other
    assert other.media.core.peer is bob.leg.core
    assert alice.core.peer is half.media.core
    bob.leg.press("5")
    await o.settle(1)
    assert "5" in alice.core.digits
    await o.ended(alice)


async def test_the_cause_comes_back(office) -> None:
    o = office(TEXT)
    o.phone("bob", refuses=(1, 17))
    await o.ended(o.call())
    assert o.runner.globals["status"] == "BUSY 17"


async def test_the_caller_gives_up(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended
    assert o.left_over() == []


async def test_ringing_progress_and_answer_of_the_dialplan(office) -> None:
    o = office(TEXT)
    (leg,) = o.pbx.request("Local/ring@other", caller=None)
    leg.place("ring@other")
    await o.settle(5)
    kinds = [type(event).__name__ for event in leg.inbox.take_all()]
    assert kinds == ["Ringing", "Progressing", "Answered"]
    leg.hangup()
    await o.settle()
    assert o.left_over() == []


async def test_digits_and_hold_cross_over(office) -> None:
    o = office(TEXT)
    (leg,) = o.pbx.request("Local/ring@other", caller=None)
    leg.place("ring@other")
    await o.settle(3)
    twin = leg.other
    leg.send_digit("5", 120)
    leg.hold(True)
    assert twin.held
    leg.hold(False)
    assert not twin.held
    twin.send_digit("7")
    await o.settle(1)
    pressed = leg.inbox.take_all()[-1]
    assert isinstance(pressed, events.Digit)
    assert (pressed.digit, pressed.duration_ms) == ("7", 100)
    leg.hangup()


async def test_variables_caller_id_and_language_cross_over(office) -> None:
    o = office(TEXT)
    alice = o.incoming()
    alice.set_variable("_ONE", "1")
    alice.set_variable("__TWO", "2")
    alice.language = "de"
    alice.account_code = "acc"
    alice.start_dialplan("default", "s")
    (leg,) = o.pbx.request("Local/vars@other", caller=alice)
    leg.inherit_from(alice)
    leg.connected = alice.caller
    leg.place("vars@other")
    await o.settle(1)
    assert o.runner.globals["seen"] == "1.2.6001.de.acc"
    assert o.runner.globals["seen2"] == ".2.6001"


async def test_connected_line_crosses_over(office) -> None:
    o = office(TEXT)
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    from offhook.pbx import events

    bob.leg.deliver(events.NewConnectedLine(bob.leg, PartyId("6099", "Carol")))
    await o.settle()
    assert alice.connected == PartyId("6099", "Carol")


@pytest.mark.parametrize(
    ("destination", "cause"),
    [
        ("Local/none@other", Cause.UNALLOCATED),
        ("Local/in@nowhere", Cause.UNALLOCATED),
        ("Local/in@other/q", Cause.INVALID_NUMBER_FORMAT),
    ],
)
async def test_what_is_no_local_channel(office, destination: str, cause: Cause) -> None:
    o = office(TEXT)
    with pytest.raises(CannotDialError) as caught:
        o.pbx.request(destination, caller=None)
    assert caught.value.cause == cause
    assert o.left_over() == []


async def test_options_and_the_caller_s_context(office) -> None:
    o = office(TEXT)
    caller = o.incoming()
    caller.context = "other"
    for destination in ("Local/in@other/n", "Local/in/nj"):
        (leg,) = o.pbx.request(destination, caller=caller)
        assert (leg.exten, leg.context) == ("in", "other")
        leg.hangup()


async def test_no_audio_left(office) -> None:
    o = office(TEXT)
    o.media.full = True
    with pytest.raises(CannotDialError) as caught:
        o.pbx.request("Local/in@other", caller=None)
    assert caught.value.status == "CONGESTION"
    assert o.left_over() == []


async def test_a_half_that_was_never_placed(office) -> None:
    o = office(TEXT)
    (leg,) = o.pbx.request("Local/in@other", caller=None)
    leg.hangup()
    assert o.left_over() == []


async def test_device_state(office) -> None:
    o = office(TEXT)
    local = o.pbx.technologies["LOCAL"]
    assert local.device_state("in@other") == "NOT_INUSE"
    assert local.device_state("none@other") == "INVALID"
    (leg,) = o.pbx.request("Local/in@other", caller=None)
    assert local.device_state("in@other") == "INUSE"
    leg.hangup()
