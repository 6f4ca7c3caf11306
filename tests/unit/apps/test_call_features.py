"""Features of features.conf besides transfers: applications behind digits, other digits for a channel."""

from __future__ import annotations

import pytest

from offhook.config.errors import Problems
from offhook.config.files.features import FeatureMap, FeaturesConf, read_features_conf
from offhook.config.reader import read_text
from offhook.pbx import events
from unit.apps.dialling import dialling, talking


def features(text: str) -> FeaturesConf:
    problems = Problems()
    found = read_features_conf(read_text(text), problems)
    assert not problems.errors
    return found


async def press(o, leg, digits: str) -> None:
    for digit in digits:
        leg.digit_received(digit, 100)
        await o.settle(0.2)


MAP = """
[applicationmap]
mine => *7,self,Playback,tt-weasels
theirs => *8,peer/callee,Playback(tt-monkeys),quiet
set => *9,peer,Set,"GLOBAL(who)=${CHANNEL(name):5:3} ${DYNAMIC_FEATURENAME} ${ARG},x"
gone => *0,self,Hangup
deep => *5,self,Gosub(sub,s,1)
[both]
mine => #1
set =>
"""


async def mapped(office, names: str, more: str = ""):
    o = dialling(office, "", more, f"Set(DYNAMIC_FEATURES={names})")
    bob = o.phone("bob", answers=1)
    o.dynamic_features.use(features(MAP))
    alice = o.call()
    await o.settle(2)
    return o, alice, bob.leg


async def test_an_application_on_ones_own_channel(office) -> None:
    o, alice, bob = await mapped(office, "mine")
    await press(o, alice, "*7")
    assert alice.said == ["tt-weasels"]
    assert alice.hears is not bob
    await o.settle(3)
    assert alice.hears is bob
    assert bob.core.digits == ""


async def test_on_the_other_channel_with_music(office) -> None:
    o, alice, bob = await mapped(office, "theirs")
    await press(o, alice, "*8")
    assert bob.said == ["tt-monkeys"]
    assert (alice.name, "quiet") in o.music
    await o.settle(3)
    assert o.music == []
    assert bob.hears is alice
    bob.far_end_hung_up(16)
    await o.ended(alice)


async def test_variables_are_those_of_the_channel_that_runs_it(office) -> None:
    o, alice, _ = await mapped(office, "set")
    await press(o, alice, "*9")
    assert o.runner.globals["who"] == "bob set ,x"


async def test_a_group_has_digits_of_its_own(office) -> None:
    o, alice, bob = await mapped(office, "nothing#both")
    await press(o, alice, "#1")
    await o.settle(3)
    await press(o, alice, "*9")
    assert alice.said == ["tt-weasels"]
    assert o.runner.globals["who"].startswith("bob")
    await press(o, alice, "*7")
    assert bob.core.digits == "*7"


async def test_only_who_has_the_variable_may(office) -> None:
    """With two underscores the called party inherits it."""
    o, alice, bob = await mapped(office, "mine")
    await press(o, bob, "*7")
    assert bob.said == []
    assert alice.core.digits == "*7"


async def test_who_inherits_the_variable_may_too(office) -> None:
    o = dialling(office, "", "", "Set(__DYNAMIC_FEATURES=mine)")
    bob = o.phone("bob", answers=1)
    o.dynamic_features.use(features(MAP))
    o.call()
    await o.settle(2)
    await press(o, bob.leg, "*7")
    assert bob.leg.said == ["tt-weasels"]


async def test_the_application_may_end_the_call(office) -> None:
    o, alice, bob = await mapped(office, "gone")
    await press(o, alice, "*0")
    await o.settle(1)
    assert alice.ended
    assert bob.ended


async def test_a_subroutine_comes_back(office) -> None:
    o, alice, bob = await mapped(
        office,
        "deep",
        "[sub]\nexten => s,1,Set(GLOBAL(sub)=${EXTEN})\n same => n,Wait(1)\n same => n,Return()\n",
    )
    await press(o, alice, "*5")
    await o.settle(2)
    assert o.runner.globals["sub"] == "s"
    assert alice.hears is bob
    bob.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["h"].startswith("600 ANSWER")


@pytest.mark.parametrize("gone", ["alice", "bob"])
async def test_somebody_hangs_up_while_it_runs(office, gone: str) -> None:
    o, alice, bob = await mapped(office, "theirs")
    await press(o, alice, "*8")
    (alice if gone == "alice" else bob).far_end_hung_up(16)
    await o.ended(alice)
    assert bob.ended


# ---------------------------------------------------------------- other digits


async def test_featuremap_changes_the_digits_of_a_channel(office) -> None:
    o, alice, bob = await talking(office, "H", before="Set(FEATUREMAP(disconnect)=##)")
    await press(o, alice, "*")
    assert not alice.ended
    assert bob.leg.core.digits == "*"
    await press(o, alice, "##")
    await o.ended(alice)


async def test_settings_are_inherited_when_asked_for(office) -> None:
    o = dialling(office, "h", before="Set(FEATUREMAP(disconnect)=9)")
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    await press(o, o.phones["bob"].leg, "9")
    assert not alice.ended
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_or_not(office) -> None:
    o = dialling(office, "h", before="Set(FEATURE(inherit)=yes)\n same => n,Set(FEATUREMAP(disconnect)=9)")
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    await press(o, o.phones["bob"].leg, "9")
    await o.ended(alice)


async def test_bridge_features_says_what_dial_does_not(office) -> None:
    o, alice, bob = await talking(office, "", before="Set(BRIDGE_FEATURES=h)")
    await press(o, alice, "*")
    assert not alice.ended
    await press(o, bob.leg, "*")
    await o.ended(alice)


# ---------------------------------------------------------------- what tests are told


async def test_detection_is_told_when_somebody_listens(office) -> None:
    o, alice, bob = await talking(office, "H")
    told = []
    o.pbx.bus.listen(
        events.TestEvent, lambda event: told.append((event.state, *dict(event.headers).values()))
    )
    await press(o, alice, "5")
    await press(o, bob.leg, "*")
    await press(o, alice, "*")
    assert [one for one in told if one[0] == "FEATURE_DETECTION"] == [
        ("FEATURE_DETECTION", "fail", alice.name),
        ("FEATURE_DETECTION", "fail", bob.leg.name),
        ("FEATURE_DETECTION", "success", "disconnect", alice.name),
    ]


@pytest.mark.parametrize(
    ("options", "state"), [("L(3000)", "HANGUP_TIME"), ("L(3000:1000)", "BRIDGE_TIMELIMIT")]
)
async def test_a_limit_is_told(office, options: str, state: str) -> None:
    o, alice, _ = await talking(office, options)
    told = []
    o.pbx.bus.listen(events.TestEvent, lambda event: told.append(event.state))
    await o.ended(alice)
    assert told.count(state) == 1


# ---------------------------------------------------------------- features.conf


def test_what_is_wrong_is_said_with_its_line() -> None:
    problems = Problems()
    found = read_features_conf(
        read_text(
            "[applicationmap]\na => *1,self\nb => x,self,NoOp\nc => *3,me,NoOp\nd => *4,self,NoOp\n"
            "[g]\ne => *5\nd => q\n"
        ),
        problems,
    )
    assert list(found.applicationmap) == ["d"]
    assert found.groups == {"g": ()}
    assert [(problem.line, problem.what.partition(":")[0]) for problem in problems.errors] == [
        (2, "feature a"),
        (3, "feature b"),
        (4, "feature c"),
        (7, "[g]"),
        (8, "[g]"),
    ]


def test_the_map_is_read() -> None:
    found = features("[general]\natxferabort = *9\n[featuremap]\natxfer => *2\nblindxfer =>\n" + MAP)
    assert found.general.atxferabort == "*9"
    assert found.featuremap == FeatureMap(atxfer="*2", blindxfer="")
    one = found.applicationmap["set"]
    assert (one.code, one.on_self, one.application) == ("*9", False, "Set")
    assert one.arguments == "GLOBAL(who)=${CHANNEL(name):5:3} ${DYNAMIC_FEATURENAME} ${ARG},x"
    assert [(each.name, each.code) for each in found.groups["both"]] == [("mine", "#1"), ("set", "*9")]


# ---------------------------------------------------------------- applications that transfer


TRANSFERS = """
[applicationmap]
blind => *1,self,BlindTransfer,"700,default"
none => *3,self,BlindTransfer,nowhere
ask => *2,self,AttendedTransfer,700
[all]
blind =>
none =>
ask =>
"""
MORE = (
    "exten => 700,1,Set(GLOBAL(went)=${CHANNEL(name):5:3})\n same => n,Answer()\n same => n,Wait(60)\n"
    "exten => h,1,Set(GLOBAL(said)=${BLINDTRANSFERSTATUS}${ATTENDEDTRANSFERSTATUS})\n"
)


async def transferring(office, who: str):
    o = dialling(office, "", MORE, "Set(__DYNAMIC_FEATURES=all)")
    bob = o.phone("bob", answers=1)
    o.dynamic_features.use(features(TRANSFERS))
    alice = o.call()
    await o.settle(2)
    return (o, alice, bob.leg) if who == "caller" else (o, bob.leg, alice)


@pytest.mark.parametrize("who", ["caller", "called"])
async def test_a_blind_transfer_by_an_application(office, who: str) -> None:
    o, presser, other = await transferring(office, who)
    await press(o, presser, "*3")
    assert presser.get_variable("BLINDTRANSFERSTATUS") == "FAILURE"
    assert presser.hears is other
    await press(o, presser, "*1")
    await o.settle(1)
    assert o.runner.globals["went"] == other.name[5:8]
    assert presser.ended
    other.far_end_hung_up(16)
    await o.ended(other)


@pytest.mark.parametrize("who", ["caller", "called"])
async def test_an_attended_transfer_by_an_application(office, who: str) -> None:
    o, presser, other = await transferring(office, who)
    await press(o, presser, "*2")
    await o.settle(1)
    assert o.runner.globals["went"] == "/70"  # of Local/700
    assert presser.get_variable("ATTENDEDTRANSFERSTATUS") == "SUCCESS"
    presser.far_end_hung_up(16)
    await o.settle(1)
    assert other.bridge is not None
    assert other.bridge.other(other).name.startswith("Local/700@")
    other.far_end_hung_up(16)
    await o.settle(1)
