"""Dial while it rings: who is called, what the caller hears, how it ends without an answer."""

from __future__ import annotations

import gc
import weakref

import pytest

from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId

STATUS = (
    "[default]\nexten => s,1,Dial({})\n same => n,Set(GLOBAL(status)=${{DIALSTATUS}} ${{HANGUPCAUSE}})\n"
    " same => n,Wait(1)\nexten => h,1,Set(GLOBAL(h)=${{DIALSTATUS}})\n"
    "exten => _6XXX,1,Dial(Fake/${{EXTEN}})\n"
)


def dialling(office, arguments: str):
    return office(STATUS.format(arguments))


# ---------------------------------------------------------------- DIALSTATUS


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (17, "BUSY"),
        (34, "CONGESTION"),
        (16, "NOANSWER"),
        (19, "NOANSWER"),
        (18, "CHANUNAVAIL"),
        (20, "CHANUNAVAIL"),
        (1, "CHANUNAVAIL"),
        (3, "CHANUNAVAIL"),
        (21, "CHANUNAVAIL"),
        (38, "CHANUNAVAIL"),
    ],
)
async def test_the_status_of_a_refusal(office, cause: int, status: str) -> None:
    o = dialling(office, "Fake/bob")
    o.phone("bob", refuses=(0.5, cause))
    await o.ended(o.call())
    assert o.runner.globals["status"] == f"{status} {cause}"


@pytest.mark.parametrize(
    ("causes", "status"),
    [
        ((17, 34), "BUSY"),
        ((1, 34), "CONGESTION"),
        ((1, 17, 34), "BUSY"),
        ((1, 20), "CHANUNAVAIL"),
        ((17, 19), "NOANSWER"),  # somebody let it ring
        ((34, 16), "NOANSWER"),
    ],
)
async def test_the_status_of_several_refusals(office, causes: tuple[int, ...], status: str) -> None:
    o = dialling(office, "&".join(f"Fake/p{number}" for number in range(len(causes))))
    for number, cause in enumerate(causes):
        o.phone(f"p{number}", refuses=(0.5 + number, cause))
    await o.ended(o.call())
    assert o.runner.globals["status"] == f"{status} {causes[-1]}"


async def test_nobody_answers_in_time(office) -> None:
    o = dialling(office, "Fake/bob,7.5")
    bob = o.phone("bob", rings=0.5)
    ended: list[str] = []
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.append(event.status))
    alice = o.call()
    await o.settle(7.4)
    assert not bob.leg.ended
    await o.ended(alice)
    assert o.runner.globals["status"].startswith("NOANSWER")
    assert bob.leg.released == Cause.NORMAL_CLEARING
    assert ended == ["NOANSWER"]
    assert alice.get_variable("RINGTIME_MS") == "500"
    assert alice.get_variable("RINGTIME") == "0"
    assert alice.get_variable("ANSWEREDTIME") == ""
    assert o.now == pytest.approx(8.5, abs=0.01)


@pytest.mark.parametrize(("timeout", "seconds"), [("5", 5), ("^3", 3), ("9^3", 3), ("2^9", 2), (" 4 ", 4)])
async def test_timeouts(office, timeout: str, seconds: float) -> None:
    o = dialling(office, f"Fake/bob,{timeout}")
    bob = o.phone("bob")
    await o.ended(o.call())
    assert bob.leg.ended
    assert o.now == pytest.approx(seconds + 1, abs=0.01)


async def test_the_timeout_for_progress_ends_with_the_first_ringing(office) -> None:
    o = dialling(office, "Fake/bob,9^3")
    o.phone("bob", rings=2)
    await o.ended(o.call())
    assert o.now == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize("timeout", ["0", "-1", "abc", "nan", "inf"])
async def test_a_timeout_that_is_none_rings_on(office, caplog, timeout: str) -> None:
    o = dialling(office, f"Fake/bob,{timeout}")
    bob = o.phone("bob", rings=0)
    o.call()
    await o.settle(1000)
    assert not bob.leg.ended
    assert "timeout" in caplog.text


async def test_no_destination(office, caplog) -> None:
    o = dialling(office, "")
    await o.ended(o.call())
    assert o.runner.globals["h"] == ""  # it was never run: the argument is missing
    assert "destinations" in caplog.text


async def test_only_separators(office, caplog) -> None:
    o = dialling(office, "&&")
    await o.ended(o.call())
    assert o.runner.globals["h"] == "INVALIDARGS"


@pytest.mark.parametrize(
    ("destination", "cause"),
    [("Fake/nobody", 1), ("Nothing/x", 66), ("Fake", 28), ("Fake/", 28), ("Local/77@default", 1)],
)
async def test_what_cannot_be_dialled(office, destination: str, cause: int) -> None:
    o = dialling(office, destination)
    await o.ended(o.call())
    assert o.runner.globals["status"] == f"CHANUNAVAIL {cause}"


async def test_one_of_several_cannot_be_dialled(office) -> None:
    o = dialling(office, "Fake/nobody&Fake/bob")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert alice.hears is bob.leg


async def test_a_technology_that_is_busy_when_asked(office) -> None:
    o = dialling(office, "Fake/bob")
    o.phone("bob", cannot=Cause.USER_BUSY)
    await o.ended(o.call())
    assert o.runner.globals["status"] == "BUSY 17"


# ---------------------------------------------------------------- the race


async def test_the_first_to_answer_wins(office) -> None:
    o = dialling(office, "Fake/bob&Fake/carol&Fake/dave")
    ended: dict[str, str] = {}
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.update({event.peer.dialed: event.status}))
    bob = o.phone("bob", rings=0.1)
    carol = o.phone("carol", rings=0.1, answers=3)
    dave = o.phone("dave", refuses=(1, 17))
    alice = o.call()
    await o.settle(4)
    assert alice.hears is carol.leg
    assert bob.leg.released == Cause.ANSWERED_ELSEWHERE
    assert dave.leg.ended
    assert ended == {"bob": "CANCEL", "dave": "BUSY", "carol": "ANSWER"}
    assert alice.get_variable("DIALEDPEERNAME") == carol.leg.name
    assert alice.get_variable("DIALEDPEERNUMBER") == "carol"


async def test_all_contacts_of_a_phone_ring(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", contacts=3)
    alice = o.call()
    await o.settle(1)
    first, second, third = bob.legs
    second.answered()
    await o.settle()
    assert alice.hears is second
    assert first.released == third.released == Cause.ANSWERED_ELSEWHERE


async def test_two_answer_at_once(office) -> None:
    o = dialling(office, "Fake/bob&Fake/carol")
    bob, carol = o.phone("bob"), o.phone("carol")
    alice = o.call()
    await o.settle()
    bob.leg.answered()
    carol.leg.answered()
    await o.settle()
    assert alice.hears is bob.leg
    assert carol.leg.released == Cause.ANSWERED_ELSEWHERE


async def test_answering_and_hanging_up_at_once_is_an_answered_call(office) -> None:
    o = dialling(office, "Fake/bob,,g")
    bob = o.phone("bob")
    alice = o.call()
    await o.settle()
    bob.leg.answered()
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["status"] == "ANSWER 16"


@pytest.mark.parametrize("moment", [0.5, 1.5, 2.5, 3.5])
async def test_the_caller_gives_up_at_any_moment(office, moment: float) -> None:
    o = dialling(office, "Fake/bob&Fake/carol")
    bob = o.phone("bob", rings=1, early_media=2)
    carol = o.phone("carol", rings=3)
    ended: list[str] = []
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.append(event.status))
    alice = o.call()
    await o.settle(moment)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["h"] == "CANCEL"
    assert "status" not in o.runner.globals
    assert bob.leg.released == carol.leg.released == Cause.NORMAL_CLEARING
    assert ended == ["CANCEL", "CANCEL"]


async def test_the_caller_gives_up_as_it_is_answered(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob")
    alice = o.call()
    await o.settle()
    bob.leg.answered()
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended


async def test_a_ringing_leg_that_is_taken_away_is_left_alone(office) -> None:
    o = dialling(office, "Fake/bob&Fake/carol,5")
    bob, carol = o.phone("bob"), o.phone("carol")
    alice = o.call()
    await o.settle(1)
    bob.leg.redirect("default", "6001")
    await o.settle()
    assert bob.leg.context == "default"
    await o.settle(5)
    assert carol.leg.ended
    assert alice.get_variable("DIALSTATUS") == "NOANSWER"


async def test_a_redirected_caller_leaves_nothing_ringing(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", rings=1)
    o.phone("6002", answers=0)
    alice = o.call()
    await o.settle(2)
    alice.redirect("default", "6002")
    await o.settle(1)
    assert bob.leg.ended
    assert alice.hears is o.phones["6002"].leg


async def test_dial_in_h_calls_nobody(office) -> None:
    o = office("[default]\nexten => s,1,Hangup()\nexten => h,1,Dial(Fake/bob)\n same => n,Set(GLOBAL(x)=1)\n")
    bob = o.phone("bob", answers=0)
    await o.ended(o.call())
    assert bob.legs == []


# ---------------------------------------------------------------- what the caller hears


async def test_ringing_reaches_the_caller(office) -> None:
    o = dialling(office, "Fake/bob")
    o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(0.5)
    assert alice.did == []
    await o.settle(1)
    assert alice.did == ["ring"]


async def test_a_caller_who_is_up_hears_ringing_until_the_answer(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n same => n,Dial(Fake/bob)\n")
    bob = o.phone("bob", rings=1, answers=5)
    alice = o.call()
    await o.settle(2)
    assert alice.tone
    await o.settle(4)
    assert not alice.tone
    assert alice.hears is bob.leg


async def test_a_caller_who_is_up_hears_no_ringing_after_it_was_in_vain(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n same => n,Dial(Fake/bob,3)\n same => n,Wait(9)\n")
    o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(2)
    assert alice.tone
    await o.settle(2)
    assert not alice.tone


async def test_early_media_of_a_single_leg_is_heard(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", early_media=1, answers=5)
    alice = o.call()
    await o.settle(2)
    assert alice.did == ["progress"]
    assert alice.hears is bob.leg
    assert alice.state is not ChannelState.UP
    await o.settle(4)
    assert alice.hears is bob.leg
    assert alice.get_variable("PROGRESSTIME_MS") == "1000"


async def test_early_media_of_several_legs_is_not_mixed(office) -> None:
    o = dialling(office, "Fake/bob&Fake/carol")
    o.phone("bob", early_media=1)
    o.phone("carol", early_media=1)
    alice = o.call()
    await o.settle(2)
    assert alice.did == []


@pytest.mark.parametrize("option", ["r", "m"])
async def test_r_and_m_keep_early_media_away(office, option: str) -> None:
    o = dialling(office, f"Fake/bob,,{option}")
    bob = o.phone("bob", rings=1, early_media=2, answers=5)
    alice = o.call()
    await o.settle(0.5)
    assert alice.did == (["ring"] if option == "r" else ["progress"])
    assert o.music == ([] if option == "r" else [(alice.name, "")])
    await o.settle(3)
    assert alice.did == (["ring"] if option == "r" else ["progress"])
    assert alice.media is None or alice.hears is None
    await o.settle(3)
    assert alice.hears is bob.leg
    assert o.music == []


async def test_music_of_a_class(office) -> None:
    o = dialling(office, "Fake/bob,5,m(jazz)")
    o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(1)
    assert o.music == [(alice.name, "jazz")]
    await o.settle(5)
    assert o.music == []


async def test_a_tone_in_place_of_ringing(office, caplog) -> None:
    o = dialling(office, "Fake/bob,5,r(busy)")
    o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(2)
    assert alice.did == ["progress"]
    assert alice.tone
    await o.settle(3.5)
    assert not alice.tone


async def test_a_tone_that_is_none_rings(office, caplog) -> None:
    o = dialling(office, "Fake/bob,5,r(nosuchtone)")
    o.phone("bob")
    alice = o.call()
    await o.settle(2)
    assert "ring" in alice.did
    assert "nosuchtone" in caplog.text


async def test_ringing_until_audio_comes(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n same => n,Dial(Fake/bob,,R)\n")
    bob = o.phone("bob", early_media=2)
    alice = o.call()
    await o.settle(1)
    assert alice.tone
    await o.settle(2)
    assert not alice.tone
    assert alice.hears is bob.leg


async def test_a_caller_without_audio_does_not_stop_the_race(office) -> None:
    o = dialling(office, "Fake/bob,,r(busy)")
    o.phone("bob", early_media=0.5, answers=1, no_audio=True)
    alice = o.incoming()
    alice.no_audio = True
    alice.start_dialplan("default", "s")
    await o.settle(2)
    assert alice.bridge is not None


# ---------------------------------------------------------------- who is shown


async def test_who_is_shown_to_whom(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", answers=1, caller=PartyId("6002", "Bob"))
    alice = o.call(number="6001")
    await o.settle(2)
    assert bob.leg.connected == PartyId("6001", "Alice")
    assert alice.connected == PartyId("6002", "Bob")
    assert alice.did == ["answer"]
    assert alice.shown == [PartyId("6002", "Bob")]  # before the answer, so that the answer says it


async def test_a_leg_without_caller_id_has_the_number_that_was_dialled(office) -> None:
    """It is what the caller is told when it rings, unless the leg leads on into more dialplan."""
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", answers=1, caller=PartyId())
    alice = o.call("6002")
    called = o.phone("6002", rings=1, answers=3, caller=PartyId())
    await o.settle(2)
    assert called.leg.caller == PartyId("6002")
    assert not bob.legs
    assert alice.connected == PartyId("6002")
    await o.settle(2)
    assert alice.connected == PartyId("6002")


async def test_connected_line_while_it_rings(office) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(2)
    bob.leg.deliver(events.NewConnectedLine(bob.leg, PartyId("6099")))
    await o.settle()
    assert alice.connected == PartyId("6099")


async def test_connected_line_is_ignored_with_i(office) -> None:
    o = dialling(office, "Fake/bob,,I")
    bob = o.phone("bob", rings=1, answers=3)
    alice = o.call()
    await o.settle(2)
    bob.leg.deliver(events.NewConnectedLine(bob.leg, PartyId("6099")))
    await o.settle(2)
    assert alice.shown == []


# ---------------------------------------------------------------- diversions


async def test_a_diversion_goes_through_the_context_of_the_phone(office) -> None:
    o = office(
        "[default]\nexten => s,1,Dial(Fake/bob)\n same => n,Set(GLOBAL(status)=${DIALSTATUS})\n"
        "[phones]\nexten => 6003,1,Set(GLOBAL(by)=${CALLERID(rdnis)} ${FORWARDERNAME})\n"
        " same => n,Dial(Fake/carol)\n"
    )
    bob = o.phone("bob", forwards=(1, ("6003", "6004")), context="phones")
    carol = o.phone("carol", rings=0.5, answers=2)
    alice = o.call("s")
    await o.settle(5)
    assert bob.leg.ended
    assert alice.state is ChannelState.UP
    assert o.runner.globals["by"] == f"s {bob.leg.name}"
    assert carol.leg.connected == PartyId("6001", "Alice")
    assert "ring" in alice.did


async def test_forward_context(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(_FORWARD_CONTEXT=out)\n same => n,Dial(Fake/bob)\n"
        "[out]\nexten => 6003,1,Dial(Fake/carol)\n"
    )
    o.phone("bob", forwards=(1, ("6003",)))
    carol = o.phone("carol")
    o.call("s")
    await o.settle(2)
    assert carol.leg.did == ["place"]


async def test_a_diversion_to_a_dial_string(office) -> None:
    o = dialling(office, "Fake/bob")
    o.phone("bob", forwards=(1, ("Fake/carol",)))
    carol = o.phone("carol", answers=1)
    alice = o.call()
    await o.settle(3)
    assert alice.hears is carol.leg
    assert alice.get_variable("DIALEDPEERNUMBER") == "carol"


async def test_diversions_are_ignored_with_i(office) -> None:
    o = dialling(office, "Fake/bob,,i")
    o.phone("bob", forwards=(1, ("Fake/carol",)))
    carol = o.phone("carol", answers=1)
    await o.ended(o.call())
    assert carol.legs == []
    assert o.runner.globals["status"].startswith("BUSY")


async def test_a_diversion_to_nowhere(office) -> None:
    o = dialling(office, "Fake/bob")
    o.phone("bob", forwards=(1, ("7777",)))
    await o.ended(o.call())
    assert o.runner.globals["status"] == "CHANUNAVAIL 1"


async def test_a_diversion_keeps_the_timeout(office) -> None:
    o = dialling(office, "Fake/bob,5")
    o.phone("bob", forwards=(3, ("Fake/carol",)))
    carol = o.phone("carol")
    await o.ended(o.call())
    assert carol.leg.ended
    assert o.now == pytest.approx(6, abs=0.01)


async def test_a_diversion_ends_the_timeout_with_z(office) -> None:
    o = dialling(office, "Fake/bob,5,z")
    o.phone("bob", forwards=(3, ("Fake/carol",)))
    carol = o.phone("carol")
    o.call()
    await o.settle(100)
    assert not carol.leg.ended


async def test_a_phone_that_diverts_to_itself(office, caplog) -> None:
    o = dialling(office, "Fake/bob")
    bob = o.phone("bob", forwards=(0.1, ("Fake/bob",)))
    await o.ended(o.call())
    assert o.runner.globals["status"].startswith("BUSY")
    assert len(bob.legs) == 21


async def test_two_phones_that_divert_to_each_other(office, caplog) -> None:
    o = dialling(office, "Fake/6002")
    o.phone("6002", forwards=(0.1, ("6003",)))
    o.phone("6003", forwards=(0.1, ("6002",)))
    alice = o.call()
    await o.ended(alice)
    assert o.runner.globals["status"].split()[0] in ("BUSY", "CHANUNAVAIL", "NOANSWER")
    assert "passed on too often" in caplog.text
    assert len(o.phones["6002"].legs) < 21


async def test_a_dialplan_that_dials_itself(office, caplog) -> None:
    o = office("[default]\nexten => s,1,Dial(Local/s@default)\n")
    await o.ended(o.call())
    assert "passed on too often" in caplog.text


# ---------------------------------------------------------------- memory


async def test_legs_that_lost_are_freed(office) -> None:
    o = dialling(office, "Fake/bob&Fake/carol")
    bob = o.phone("bob", rings=0.1)
    o.phone("carol", answers=1)
    alice = o.call()
    await o.settle(0.5)
    gone = weakref.ref(bob.leg)
    gc.collect()
    gc.disable()
    try:
        bob.legs.clear()
        await o.settle(2)
        assert gone() is None
    finally:
        gc.enable()
    assert not alice.ended
