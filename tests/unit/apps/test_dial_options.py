"""Dial's options from the answer on: announcements, subroutines, digits, limits, who goes where."""

from __future__ import annotations

import pytest

from offhook.config.files.features import FeatureMap
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId, Presentation
from unit.apps.dialling import dialling, talking

# ---------------------------------------------------------------- the end of the conversation


async def test_the_called_party_hangs_up(office) -> None:
    o, alice, bob = await talking(office, "")
    bob.leg.far_end_hung_up(31)
    await o.ended(alice)
    assert alice.released == 31
    assert "after" not in o.runner.globals
    assert o.runner.globals["h"] == "600 ANSWER/"


async def test_g_goes_on(office) -> None:
    o, alice, bob = await talking(office, "g")
    await o.settle(3)
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"
    assert alice.get_variable("ANSWEREDTIME") == "4"
    assert alice.get_variable("ANSWEREDTIME_MS") == "4000"
    assert alice.get_variable("DIALEDTIME") == "5"
    assert alice.get_variable("BRIDGEPEER") == bob.leg.name


async def test_the_caller_hangs_up(office) -> None:
    o, alice, bob = await talking(office, "g")
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.released == Cause.NORMAL_CLEARING
    assert "after" not in o.runner.globals


async def test_the_caller_is_redirected(office) -> None:
    o, alice, bob = await talking(office, "")
    alice.redirect("default", "5")
    await o.ended(alice)
    assert bob.leg.ended
    assert o.runner.globals["five"] == "1"


async def test_the_called_party_is_redirected(office) -> None:
    o, alice, bob = await talking(office, "g")
    bob.leg.redirect("default", "5")
    await o.settle(0.5)
    assert not bob.leg.ended
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"
    assert o.runner.globals["five"] == "1"


# ---------------------------------------------------------------- H, h


@pytest.mark.parametrize(("options", "presser"), [("H", "alice"), ("h", "bob")])
async def test_star_hangs_up(office, options: str, presser: str) -> None:
    o, alice, bob = await talking(office, options)
    (alice if presser == "alice" else bob.leg).press("*")
    await o.ended(alice)
    assert bob.leg.ended


@pytest.mark.parametrize(("options", "presser"), [("H", "bob"), ("h", "alice"), ("", "alice")])
async def test_star_of_the_other_side_does_not(office, options: str, presser: str) -> None:
    o, alice, bob = await talking(office, options)
    one, other = (alice, bob.leg) if presser == "alice" else (bob.leg, alice)
    one.press("*")
    await o.settle(5)
    assert not alice.ended
    assert other.core.digits == "*"


async def test_digits_that_are_no_code_go_on_to_the_other(office) -> None:
    o, alice, bob = await talking(office, "H")
    alice.press("123")
    await o.settle(0)
    assert bob.leg.core.digits == "123"


async def test_codes_of_several_digits(office) -> None:
    o = dialling(office, "Hg")
    o.pbx.features.codes = FeatureMap(disconnect="*0")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    alice.press("*")
    await o.settle(0.5)
    assert bob.leg.core.digits == ""  # it may become the code
    await o.settle(1)
    assert bob.leg.core.digits == "*"  # it did not
    alice.press("*1")
    await o.settle()
    assert bob.leg.core.digits == "**1"
    alice.press("*0")
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"


async def test_h_while_it_rings(office) -> None:
    o = dialling(office, "H")
    bob = o.phone("bob", rings=1)
    alice = o.call()
    alice.progress()
    await o.settle(2)
    alice.press("1*")
    await o.ended(alice)
    assert bob.leg.ended
    assert o.runner.globals["after"] == "CANCEL"  # the dialplan goes on


# ---------------------------------------------------------------- d


async def test_d_leads_to_an_extension(office) -> None:
    o = dialling(office, "d")
    bob = o.phone("bob", rings=1)
    alice = o.call()
    alice.progress()
    await o.settle(2)
    alice.press("95")  # there is no 9
    await o.settle(0.5)
    assert bob.leg.ended
    assert o.runner.globals["five"] == "1"
    assert alice.get_variable("DIALSTATUS") == "CANCEL"


async def test_d_with_an_exit_context(office) -> None:
    o = dialling(office, "d", "[exit]\nexten => 7,1,Set(GLOBAL(seven)=1)\n", before="Set(EXITCONTEXT=exit)")
    o.phone("bob", rings=1)
    alice = o.call()
    alice.progress()
    await o.settle(2)
    alice.press("57")
    await o.ended(alice)
    assert o.runner.globals.get("seven") == "1"
    assert "five" not in o.runner.globals


async def test_digits_typed_before_dial_do_not_count(office) -> None:
    o = dialling(office, "d", before="PlayTones(busy)")
    o.phone("bob", rings=1)
    alice = o.incoming()
    alice.answer()
    alice.press("5")
    alice.start_dialplan("default", "s")
    await o.settle(2)
    assert "five" not in o.runner.globals


# ---------------------------------------------------------------- A, a


async def test_a_announces_to_the_called_party(office) -> None:
    o, alice, bob = await talking(office, "A(hello&there)")
    assert bob.leg.said == ["hello", "there"]
    assert alice.state is not ChannelState.UP
    await o.settle(2)
    assert alice.hears is bob.leg


async def test_a_announces_to_both(office) -> None:
    o, alice, bob = await talking(office, "A(hello:wait)")
    await o.settle(1)
    assert bob.leg.said == ["hello"]
    assert alice.said == ["wait"]
    await o.settle(1)
    assert alice.hears is bob.leg


async def test_a_sound_that_is_missing_does_not_stop_the_call(office, caplog) -> None:
    _, alice, bob = await talking(office, "A(missing)")
    assert alice.hears is bob.leg
    assert "missing" in caplog.text


async def test_hanging_up_during_the_announcement(office) -> None:
    o, alice, bob = await talking(office, "gA(hello&there)")
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"


async def test_the_caller_gives_up_during_the_announcement(office) -> None:
    o = dialling(office, "A(hello&there)")
    ended: list[str] = []
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.append(event.status))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended
    assert ended == ["CANCEL"]


async def test_lower_a_answers_the_caller_first(office) -> None:
    _, alice, bob = await talking(office, "aA(hello&there)")
    assert bob.leg.said == ["hello", "there"]
    assert alice.state is ChannelState.UP


# ---------------------------------------------------------------- U, b, B


SUB = (
    "[sub]\nexten => s,1,Set(GLOBAL(sub)=${CHANNEL(name):5:3} ${ARG1} ${ARG2} ${DIALEDPEERNUMBER})\n"
    " same => n,Playback(a&b)\n same => n,Set(GOSUB_RESULT=%s)\n same => n,Return(value)\n"
    "[hangs]\nexten => s,1,Wait(1)\n same => n,Hangup(21)\n"
    "[long]\nexten => s,1,Wait(5)\n same => n,Wait(100)\n same => n,Return()\n"
    "[gone]\nexten => s,1,NoOp()\n"
    "[there]\nexten => x,1,NoOp()\n same => n(lab),Set(GLOBAL(there)=1)\n"
)


async def test_u_runs_a_subroutine_on_the_called_channel(office) -> None:
    o, alice, bob = await talking(office, "U(sub^one^two)", SUB % "")
    assert o.runner.globals["sub"] == "bob one two bob"
    assert bob.leg.said == ["a", "b"]
    assert alice.media is None
    await o.settle(2)
    assert alice.hears is bob.leg
    assert alice.get_variable("GOSUB_RETVAL") == "value"


@pytest.mark.parametrize(
    ("result", "after"),
    [
        ("BUSY", "BUSY"),
        ("CONGESTION", "CONGESTION"),
        ("CHANUNAVAIL", "CHANUNAVAIL"),
        ("CONTINUE", "ANSWER"),
        ("continue", "ANSWER"),
        ("ABORT", None),
    ],
)
async def test_u_decides(office, result: str, after: str | None) -> None:
    o = dialling(office, "U(sub)", SUB % result)
    ended: list[str] = []
    o.pbx.bus.listen(events.DialEnded, lambda event: ended.append(event.status))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.ended(alice)
    assert bob.leg.ended
    assert o.runner.globals.get("after") == after
    assert alice.state is not ChannelState.UP
    assert ended == [result.upper()]


async def test_u_abort_with_g_goes_on(office) -> None:
    o, alice, _ = await talking(office, "gU(sub)", SUB % "ABORT")
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"


async def test_u_goto(office) -> None:
    o, alice, bob = await talking(office, "U(sub)", SUB % "GOTO:there^x^lab")
    await o.ended(alice)
    assert bob.leg.ended
    assert o.runner.globals["there"] == "1"


async def test_u_that_hangs_up_ends_the_called_leg_only(office) -> None:
    o, alice, bob = await talking(office, "gU(hangs)", SUB % "")
    await o.ended(alice)
    assert bob.leg.released == 21
    assert o.runner.globals["after"] == "ANSWER"


async def test_hanging_up_in_u_ends_the_subroutine_at_once(office) -> None:
    o, alice, bob = await talking(office, "gU(long)", SUB % "")
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.now < 5
    assert o.runner.globals["after"] == "ANSWER"


async def test_the_caller_gives_up_during_u(office) -> None:
    o, alice, bob = await talking(office, "U(long)", SUB % "")
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.ended
    assert o.now < 5


async def test_redirecting_the_called_leg_during_u(office) -> None:
    o, alice, bob = await talking(office, "gU(long)", SUB % "")
    bob.leg.redirect("default", "5")
    await o.settle(0.1)
    assert bob.leg.task is not None
    await o.ended(alice)
    assert o.runner.globals["five"] == "1"


@pytest.mark.parametrize("context", ["nowhere", "there"])
async def test_u_that_is_not_there(office, caplog, context: str) -> None:
    _, alice, bob = await talking(office, f"U({context})", SUB % "")
    assert alice.hears is bob.leg
    assert "there is no" in caplog.text


async def test_u_that_falls_off_its_end(office) -> None:
    _, alice, bob = await talking(office, "U(gone)", SUB % "")
    assert alice.hears is bob.leg


async def test_u_with_music(office) -> None:
    o, alice, _ = await talking(office, "mU(sub)", SUB % "")
    assert o.music == [(alice.name, "")]
    await o.settle(2)
    assert o.music == []


async def test_b_runs_before_anybody_is_called(office) -> None:
    o = dialling(
        office,
        "b(pre^${EXTEN}^1(x^y))",
        "[pre]\nexten => s,1,Set(GLOBAL(pre)=${GLOBAL(pre)}${CHANNEL(state)} ${ARG1}${ARG2}/)\n"
        " same => n,Set(MARK=1)\n same => n,Return()\n",
    )
    bob = o.phone("bob", answers=1, contacts=2)
    alice = o.call()
    await o.settle(2)
    assert o.runner.globals["pre"] == "Down xy/Down xy/"
    assert bob.leg.get_variable("MARK") == "1"
    assert alice.bridge is not None


@pytest.mark.parametrize("place", ["pre", "s^pre", "default^s^pre"])
async def test_b_begins_where_the_caller_is(office, place: str) -> None:
    more = "exten => s,20(pre),Set(GLOBAL(pre)=${ARG1} ${CHANNEL(name):5:3} ${EXTEN})\n same => n,Return()\n"
    o = dialling(office, f"b({place}(x))", more)
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert o.runner.globals["pre"] == "x bob s"
    assert alice.bridge is not None


async def test_b_may_hang_up_a_leg(office) -> None:
    o = dialling(office, "b(pre^s^1)", "[pre]\nexten => s,1,Hangup(17)\n")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.ended(alice)
    assert bob.leg.did == ["release"]
    assert o.runner.globals["after"] == "BUSY"


async def test_the_caller_gives_up_during_b(office) -> None:
    o = dialling(office, "b(pre^s^1)", "[pre]\nexten => s,1,Wait(5)\n same => n,Return()\n")
    bob = o.phone("bob", answers=1, contacts=3)
    alice = o.call()
    await o.settle(1)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert all(leg.did == ["release"] for leg in bob.legs)
    assert o.left_over() == []


async def test_b_that_is_not_there(office, caplog) -> None:
    _, alice, _ = await talking(office, "b(nowhere^s^1)")
    assert alice.bridge is not None
    assert "there is no" in caplog.text


async def test_upper_b_runs_on_the_caller(office) -> None:
    o, _, bob = await talking(
        office, "B(pre^s^1(x))", "[pre]\nexten => s,1,Set(_X=${ARG1})\n same => n,Return()\n"
    )
    assert bob.leg.get_variable("X") == "x"
    assert o.runner.globals.get("after") is None


# ---------------------------------------------------------------- G, F, e


async def test_g_sends_both_elsewhere(office) -> None:
    o, alice, bob = await talking(
        office,
        "G(meet^x^1)",
        "[meet]\nexten => x,1,Goto(4)\n same => n,Set(GLOBAL(peer)=${CHANNEL(name):5:3})\n"
        " same => n,Wait(3)\n"
        " same => n,Set(GLOBAL(caller)=${GLOBAL(caller)}${CHANNEL(name):5:3})\n",
    )
    assert alice.state is not ChannelState.UP  # the dialplan there decides
    await o.ended(alice)
    assert not bob.leg.ended
    await o.ended(bob.leg)
    assert o.runner.globals["peer"] == "bob"
    assert "600" in o.runner.globals["caller"]


async def test_g_to_a_label_that_is_not_there(office, caplog) -> None:
    o, alice, bob = await talking(office, "G(nolabel)")
    await o.ended(alice)
    assert bob.leg.ended
    assert "nolabel" in caplog.text


@pytest.mark.parametrize(("option", "where"), [("F(there^x^1)", "there"), ("F(5^1)", "five"), ("F", "after")])
async def test_f_when_the_caller_hangs_up(office, option: str, where: str) -> None:
    o, alice, bob = await talking(office, option, "[there]\nexten => x,1,Set(GLOBAL(there)=1)\n")
    alice.far_end_hung_up(16)
    await o.ended(alice)
    if not bob.leg.ended:
        await o.ended(bob.leg)
    assert where in o.runner.globals


async def test_f_when_the_called_party_hangs_up(office) -> None:
    o, alice, bob = await talking(office, "F(5^1)")
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert "five" not in o.runner.globals


@pytest.mark.parametrize("option", ["F(nowhere^x^1)", "F(5^nolabel)"])
async def test_f_to_nowhere_hangs_up(office, option: str) -> None:
    o, alice, bob = await talking(office, option)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    await o.settle(1)
    assert bob.leg.ended


@pytest.mark.parametrize("who", ["alice", "bob"])
async def test_e_runs_h_for_the_called_party_too(office, who: str) -> None:
    o, alice, bob = await talking(office, "e")
    (alice if who == "alice" else bob.leg).far_end_hung_up(16)
    await o.ended(alice)
    await o.settle(1)
    assert sorted(o.runner.globals["h"].split("/")) == ["", "600 ANSWER", "bob "]


# ---------------------------------------------------------------- D


async def test_d_sends_digits_after_the_answer(office) -> None:
    o, alice, bob = await talking(office, "D(1w2:34)")
    await o.settle(3)
    assert bob.leg.core.digits == "12"
    assert alice.core.digits == "34"
    assert alice.hears is bob.leg


async def test_d_sends_digits_at_progress(office) -> None:
    o = dialling(office, "D(::56)")
    bob = o.phone("bob", early_media=1, answers=3)
    alice = o.call()
    await o.settle(2)
    assert bob.leg.core.digits == "56"
    await o.settle(2)
    assert alice.hears is bob.leg


async def test_hanging_up_while_digits_are_sent(office) -> None:
    o, alice, bob = await talking(office, "gD(wwwwwwww1)")
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["after"] == "ANSWER"


# ---------------------------------------------------------------- caller ids, causes


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", PartyId("6001", "Alice")),
        ("f(100)", PartyId("100", "", Presentation.ALLOWED_PASSED_SCREEN)),
        ("f(Front Desk <100>)", PartyId("100", "Front Desk", Presentation.ALLOWED_PASSED_SCREEN)),
        ("f(100)u(prohib)s(tag)", PartyId("100", "", Presentation.PROHIB, "tag")),
        ("f", PartyId("6001", "Alice")),  # only for diversions
    ],
)
async def test_f_shows_another_caller_id(office, options: str, shown: PartyId) -> None:
    _, _, bob = await talking(office, options)
    assert bob.leg.connected == shown


async def test_f_alone_shows_the_number_dialled_where_a_diversion_leads(office) -> None:
    o = dialling(office, "f")
    o.phone("bob", forwards=(1, ("Fake/carol",)))
    carol = o.phone("carol", answers=1)
    o.call()
    await o.settle(3)
    assert carol.leg.connected.number == "s"


@pytest.mark.parametrize(
    ("options", "stored"),
    [("", PartyId("bob")), ("o", PartyId("6001", "Alice")), ("o(Bobby <77>)", PartyId("77", "Bobby"))],
)
async def test_o_sets_the_called_channel_s_own_caller_id(office, options: str, stored: PartyId) -> None:
    _, alice, bob = await talking(office, options)
    assert bob.leg.caller == stored
    assert alice.connected == stored


@pytest.mark.parametrize(("option", "cause"), [("", 26), ("Q(17)", 17), ("Q(NONE)", 16), ("Q(nonsense)", 26)])
async def test_the_cause_of_the_losers(office, option: str, cause: int) -> None:
    o = office(f"[default]\nexten => s,1,Dial(Fake/bob&Fake/carol,,{option})\n")
    o.phone("bob", answers=1)
    carol = o.phone("carol", rings=0)
    o.call()
    await o.settle(2)
    assert carol.leg.released == cause


async def test_c_says_answered_elsewhere_when_the_caller_gives_up(office) -> None:
    o = dialling(office, "c")
    bob = o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(2)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert bob.leg.released == Cause.ANSWERED_ELSEWHERE


async def test_options_without_a_feature_behind_them_do_no_harm(office) -> None:
    _, alice, bob = await talking(office, "tTkKwWxXCM(x)pP(y)nNO(1)Ej")
    assert alice.hears is bob.leg


async def test_an_unknown_option_is_named(office, caplog) -> None:
    _, alice, bob = await talking(office, "gY")
    assert alice.hears is bob.leg
    assert "'Y'" in caplog.text


async def test_the_node_stops_while_h_of_a_called_party_runs(office) -> None:
    o = office("[default]\nexten => s,1,Dial(Fake/bob,,e)\nexten => h,1,Wait(${W})\n")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    bob.leg.set_variable("W", "1000")
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert len(o.runner._last_tasks) == 1
    began = o.loop.time()
    await o.runner.finish(2)
    assert o.loop.time() - began == pytest.approx(2)
    assert not o.runner._last_tasks
    await o.runner.finish()
