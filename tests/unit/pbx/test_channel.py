"""One leg: states, reports of the far end, variables, and every way in which it can end."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId

WAIT = "[default]\nexten => s,1,Wait(100)\nexten => h,1,Set(GLOBAL(h)=${HANGUPCAUSE})\n"


# ---------------------------------------------------------------- what the switch does


async def test_ringing_progress_and_answer_of_a_call_that_came_in(office) -> None:
    o = office()
    channel = o.incoming()
    channel.ring()
    channel.progress()
    channel.answer()
    channel.answer()
    assert channel.did == ["ring", "progress", "answer"]
    assert channel.state is ChannelState.UP
    assert channel.answered_at == o.wall()


async def test_a_caller_who_is_up_hears_the_ringing_tone(office) -> None:
    channel = office().incoming()
    channel.answer()
    channel.ring()
    assert channel.did == ["answer"]  # SIP has no 180 any more
    assert channel.tone
    channel.stop_ringing()
    assert not channel.tone


async def test_the_ringing_tone_gives_way_to_what_is_played_later(office) -> None:
    channel = office().incoming()
    channel.answer()
    channel.ring()
    channel.media.start_playing(["/sounds/hello.ulaw"])
    channel.stop_ringing()
    assert channel.core.playing is not None


async def test_answering_stops_a_ringing_tone(office) -> None:
    channel = office().incoming()
    channel.progress()
    channel.start_ring_tone()
    assert channel.tone
    channel.answer()
    assert not channel.tone


async def test_a_leg_that_has_ended_does_nothing_any_more(office) -> None:
    channel = office().incoming()
    channel.hangup(Cause.USER_BUSY)
    channel.ring()
    channel.progress()
    channel.answer()
    channel.hold(True)
    channel.send_text("x")
    channel.send_digit("1")
    channel.relay_digits(False)
    channel.set_connected(PartyId("1"))
    channel.redirect("default", "s")
    assert channel.did == ["release"]
    assert channel.state is ChannelState.RING


async def test_a_leg_whose_end_was_asked_for_cannot_be_answered(office) -> None:
    o = office(
        "[default]\nexten => s,1,Wait(9)\nexten => h,1,Answer()\n same => n,Ringing()\n"
        " same => n,Progress()\n"
    )
    channel = o.call()
    await o.settle()
    channel.far_end_hung_up(16)
    await o.ended(channel)
    assert channel.did == ["release"]


async def test_digits_go_out_through_the_media(office) -> None:
    channel = office().incoming()
    channel.answer()
    channel.send_digit("5")
    assert channel.core.digits == "5"


async def test_the_connected_line_is_shown_once(office) -> None:
    channel = office().incoming()
    channel.set_connected(PartyId("6002", "Bob"))
    channel.set_connected(PartyId("6002", "Bob"))
    assert channel.shown == [PartyId("6002", "Bob")]


# ---------------------------------------------------------------- what the far end does


async def test_reports_of_the_far_end_reach_the_inbox_in_order(office) -> None:
    o = office()
    o.phone("bob")
    (leg,) = o.pbx.request("Fake/bob", caller=None)
    inbox = leg.inbox
    leg.place("bob")
    leg.ringing()
    leg.progressing(early_media=True)
    leg.answered()
    leg.answered()
    leg.press("7")
    leg.far_end_hung_up(Cause.USER_BUSY)
    kinds = [type(event).__name__ for event in inbox.take_all()]
    assert kinds == ["Ringing", "Progressing", "Answered", "Digit", "HungUp"]


async def test_a_late_ringing_does_not_undo_the_answer(office) -> None:
    o = office()
    o.phone("bob")
    (leg,) = o.pbx.request("Fake/bob", caller=None)
    leg.place("bob")
    leg.answered()
    leg.ringing()
    assert leg.state is ChannelState.UP
    assert [type(event).__name__ for event in leg.inbox.take_all()] == ["Answered"]


async def test_hold_by_the_far_end_is_kept_whoever_listens(office) -> None:
    o = office(WAIT)
    channel = o.call()
    await o.settle()
    channel.far_end_held(True)
    await o.settle()
    assert channel.held
    channel.far_end_held(False)
    assert not channel.held


async def test_a_timeout_of_the_audio_ends_the_call(office) -> None:
    o = office(WAIT)
    channel = o.call()
    channel.answer()
    await o.settle()
    channel.core.face.dispatch("timeout", 0, "", 30)
    await o.ended(channel)
    assert channel.released == Cause.REQUESTED_CHAN_UNAVAIL


# ---------------------------------------------------------------- the end


async def test_the_cause_of_the_far_end_counts_more_than_an_earlier_one(office) -> None:
    """A busy leg leaves 17 in the caller, who then hangs up on the voice mail."""
    o = office(WAIT)
    channel = o.call()
    await o.settle()
    channel.hangup_cause = Cause.USER_BUSY
    channel.far_end_hung_up(Cause.NORMAL_CLEARING)
    await o.ended(channel)
    assert channel.released == Cause.NORMAL_CLEARING
    assert o.runner.globals["h"] == "16"


async def test_the_first_request_for_the_end_counts(office) -> None:
    o = office(WAIT)
    channel = o.call()
    await o.settle()
    channel.request_hangup(Cause.USER_BUSY)
    channel.request_hangup(Cause.NORMAL_CLEARING)
    await o.ended(channel)
    assert channel.released == Cause.USER_BUSY


async def test_hanging_up_before_the_dialplan_began(office) -> None:
    o = office(WAIT)
    channel = o.call()
    channel.far_end_hung_up(Cause.NORMAL_CLEARING)
    await o.ended(channel)
    assert o.runner.globals["h"] == "16"


async def test_a_leg_without_dialplan_ends_at_once_and_tells_who_waits(office) -> None:
    o = office()
    o.phone("bob")
    (leg,) = o.pbx.request("Fake/bob", caller=None)
    inbox = leg.inbox
    told: list[str] = []
    leg.when_ended(lambda: told.append("gone"))
    leg.request_hangup(Cause.NO_ANSWER)
    assert leg.released == Cause.NO_ANSWER
    event = await inbox.get()
    assert isinstance(event, events.HungUp)
    assert event.channel is leg
    assert told == ["gone"]
    leg.when_ended(lambda: told.append("late"))
    assert told == ["gone", "late"]
    assert leg.media is None


async def test_a_technology_that_fails_to_release_does_not_keep_the_leg(office, caplog) -> None:
    channel = office().incoming()
    channel.released = 1  # its _release() asserts that it is called once
    channel.hangup()
    assert channel.ended
    assert "did not release cleanly" in caplog.text


async def test_the_ports_are_closed_whatever_runs(office) -> None:
    o = office(WAIT)
    channel = o.call()
    channel.answer()
    core = channel.core
    channel.media.start_tones([])
    channel.request_hangup()
    await o.ended(channel)
    assert core.closed


async def test_events_of_a_life(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n")
    seen: list[str] = []
    for kind in (
        events.ChannelCreated,
        events.ChannelStateChanged,
        events.ChannelAnswered,
        events.NewExtension,
        events.ChannelHangupRequested,
        events.ChannelHungUp,
    ):
        o.pbx.bus.listen(kind, lambda event: seen.append(type(event).__name__))
    await o.ended(o.call())
    assert seen == [
        "ChannelCreated",
        "ChannelStateChanged",
        "NewExtension",
        "ChannelStateChanged",
        "ChannelAnswered",
        "ChannelHangupRequested",
        "ChannelHungUp",
    ]


async def test_the_node_stops_with_calls_in_every_state(office, caplog) -> None:
    o = office(
        "[default]\nexten => wait,1,Wait(100)\nexten => dial,1,Dial(Fake/bob)\n"
        "exten => talk,1,Dial(Fake/carol)\nexten => stuck,1,Hangup()\n"
        'exten => h,1,GotoIf($["${CALLERID(num)}" = "stuck"]?s)\n same => n,Hangup()\n'
        " same => n(s),Wait(1000)\n"
    )
    o.phone("bob", rings=0.1)
    o.phone("carol", answers=0.1)
    calls = [o.call(exten, number=exten) for exten in ("wait", "dial", "talk", "stuck")]
    await o.settle(1)
    before = o.loop.time()
    await o.pbx.stop(timeout=5)
    assert all(channel.ended for channel in calls)
    assert o.loop.time() - before == pytest.approx(5, abs=0.2)
    assert o.left_over() == []
    assert "did not end within" in caplog.text


# ---------------------------------------------------------------- redirect


async def test_redirect_of_a_leg_without_dialplan(office) -> None:
    o = office("[default]\nexten => there,1,Answer()\n same => n,Wait(1)\n")
    o.phone("bob", answers=0)
    (leg,) = o.pbx.request("Fake/bob", caller=None)
    inbox = leg.inbox
    leg.place("bob")
    await o.settle()
    leg.redirect("default", "there")
    kinds = [type(event).__name__ for event in inbox.take_all()]
    assert kinds == ["Answered", "Detached"]
    await o.ended(leg)
    assert o.now == pytest.approx(1)


async def test_redirect_before_the_task_began(office) -> None:
    o = office(WAIT + "exten => there,1,Set(GLOBAL(x)=1)\n")
    channel = o.call()
    channel.redirect("default", "there")
    await o.ended(channel)
    assert o.runner.globals["x"] == "1"


# ---------------------------------------------------------------- variables


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("X", None, None), ("_X", "1", None), ("__X", "1", "1")],
)
async def test_inheritance(office, name: str, first: str | None, second: str | None) -> None:
    o = office()
    parent, child, grandchild = o.incoming(), o.incoming(), o.incoming()
    parent.set_variable(name, "1")
    child.inherit_from(parent)
    grandchild.inherit_from(child)
    assert parent.get_variable("X") == "1"
    assert child.get_variable("X") == first
    assert grandchild.get_variable("X") == second


async def test_setting_again_without_underscore_ends_inheritance(office) -> None:
    o = office()
    parent, child = o.incoming(), o.incoming()
    parent.set_variable("__X", "1")
    parent.set_variable("X", "2")
    child.inherit_from(parent)
    assert child.get_variable("X") is None


async def test_forgetting_a_variable_ends_inheritance(office) -> None:
    o = office()
    parent, child = o.incoming(), o.incoming()
    parent.set_variable("__X", "1")
    parent.unset_variable("X")
    parent.variables["X"] = "2"
    child.inherit_from(parent)
    assert child.get_variable("X") is None


async def test_only_two_underscores_mean_inheritance(office) -> None:
    channel = office().incoming()
    channel.set_variable("___X", "1")
    assert channel.get_variable("_X") == "1"


async def test_what_a_leg_takes_from_the_caller_and_what_it_keeps(office) -> None:
    o = office()
    parent, child = o.incoming(), o.incoming()
    parent.account_code, parent.music_class, parent.language = "acc", "jazz", "de"
    child.language = "fr"
    child.inherit_from(parent)
    assert child.linkedid == parent.linkedid
    assert child.peer_account == "acc"
    assert child.music_class == "jazz"
    assert child.language == "fr"  # what its phone speaks
    child.music_class = "rock"
    child.inherit_from(parent)
    assert child.music_class == "rock"


async def test_the_language_of_new_channels_is_the_node_s(office) -> None:
    o = office()
    o.pbx.default_language = "de"
    assert o.incoming().language == "de"


# ---------------------------------------------------------------- memory


async def test_nothing_keeps_a_call_that_is_over(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n same => n,Dial(Fake/bob)\n same => n,Wait(1)\n")
    o.phone("bob", answers=1, hangs_up=5)
    channel = o.call()
    await o.settle(2)
    kept = {
        "caller": weakref.ref(channel),
        "call": weakref.ref(o.runner.call_on(channel)),
        "task": weakref.ref(channel.task),
        "leg": weakref.ref(o.phones["bob"].leg),
        "bridge": weakref.ref(channel.bridge),
        "port": weakref.ref(channel.core),
    }
    o.phones["bob"].legs.clear()
    gc.collect()
    gc.disable()  # cycles would stay: at 500 calls a second the collector is too late
    try:
        await o.ended(channel)
        del channel
        await asyncio.sleep(0)
        assert [name for name, thing in kept.items() if thing() is not None] == []
    finally:
        gc.enable()
