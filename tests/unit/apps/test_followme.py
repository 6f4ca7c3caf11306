"""FollowMe(): somebody is looked for at several numbers, and asked whether to take the call."""

from __future__ import annotations

import pytest

from offhook.config.errors import Problems
from offhook.config.files.followme import FollowMeConf, FollowMeStep, read_followme_conf
from offhook.config.reader import read_text
from unit.apps.dialling import dialling

CONF = """
[general]
takecall => 1
declinecall => 2
[bob]
musicclass => quiet
number => 31&32,20
number => 33,10
"""
NUMBERS = (
    "exten => 31,1,Dial(Fake/desk)\nexten => 32,1,Dial(Fake/mobile)\nexten => 33,1,Dial(Fake/home)\n"
    "[marks]\nexten => s,1,Set(GLOBAL(marked)=${GLOBAL(marked)}${ARG1})\n same => n,Return()\n"
)


def read(text: str) -> FollowMeConf:
    problems = Problems()
    found = read_followme_conf(read_text(text), problems)
    assert not problems.errors, problems.errors
    return found


async def looking(office, options: str = "", conf: str = CONF, profile: str = "bob", **phones):
    after = " same => n,Set(GLOBAL(next)=1)\n same => n,Wait(1)\n same => n,Hangup()"
    o = dialling(office, "", NUMBERS, f"FollowMe({profile},{options})\n{after}")
    o.pbx.add_service(read(conf))
    for name in ("desk", "mobile", "home"):
        o.phone(name, **phones.get(name, {"rings": 1}))
    alice = o.call()
    await o.settle(3)
    return o, alice, o.phones


@pytest.mark.parametrize(("options", "talks_to"), [("", "Fake/mobile-"), ("l", "Local/32@default")])
async def test_who_takes_the_call_has_it(office, options: str, talks_to: str) -> None:
    o, alice, phones = await looking(office, options, desk={"answers": 1}, mobile={"answers": 1})
    assert alice.said == ["followme/pls-hold-while-try"]
    assert (alice.name, "quiet") in o.music
    await o.settle(2)
    desk, mobile = phones["desk"].leg, phones["mobile"].leg
    desk.press("2")
    await o.settle(1)
    assert desk.ended
    assert not mobile.ended
    assert alice.bridge is None
    mobile.press("1")
    await o.settle(1)
    assert alice.bridge.other(alice).name.startswith(talks_to)
    assert o.music == []
    mobile.far_end_hung_up(16)
    await o.ended(alice)
    assert "next" not in o.runner.globals


async def test_one_number_after_the_other(office) -> None:
    o, alice, phones = await looking(office, home={"answers": 1})
    assert phones["home"].legs == []
    await o.settle(20)
    assert phones["desk"].leg.ended
    assert phones["mobile"].leg.ended
    phones["home"].leg.press("1")
    await o.settle(1)
    assert alice.bridge is not None
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert phones["home"].leg.ended


@pytest.mark.parametrize(("options", "sorry"), [("", False), ("n", True), ("ns", True)])
async def test_nobody_is_found(office, options: str, sorry: bool) -> None:
    o, alice, _ = await looking(office, options)
    core = alice.core
    await o.settle(34)
    said = core.said
    assert ("followme/sorry" in said) == sorry
    assert ("followme/status" in said) == ("s" in options)
    assert o.runner.globals["next"] == "1"
    assert alice.ended


async def test_who_does_not_decide_declines(office) -> None:
    o, alice, phones = await looking(office, desk={"answers": 1}, mobile={"refuses": (1, 17)})
    await o.settle(10)
    assert phones["desk"].leg.ended
    assert phones["home"].leg is not None  # the next number's turn
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_without_asking(office) -> None:
    conf = CONF.replace("[bob]", "enable_callee_prompt => false\n[bob]")
    o, alice, phones = await looking(office, "d", conf, desk={"answers": 1})
    assert alice.said == []
    assert alice.bridge is not None
    assert phones["mobile"].leg.ended
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_the_caller_is_not_answered_before(office) -> None:
    o, alice, phones = await looking(office, "N", desk={"answers": 1})
    await o.settle(3)
    assert alice.state.name != "UP"
    phones["desk"].leg.press("1")
    await o.settle(1)
    assert alice.state.name == "UP"
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_the_name_of_the_caller_is_announced(office) -> None:
    o, alice, phones = await looking(office, "ad", desk={"answers": 1})
    assert alice.said == ["vm-rec-name"]
    alice.press("#")
    await o.settle(4)
    assert not phones["desk"].leg.ended
    leg = next(
        one for name, one in o.pbx.channels.items() if name.startswith("Local/31") and name.endswith("1")
    )
    said = leg.media.core.said  # what it hears comes through the Local channel
    assert said[0] == "followme/call-from"
    assert f"followme-{alice.uniqueid}" in said[1]
    assert said[2] == "followme/options"
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_subroutines_before(office) -> None:
    o, alice, _ = await looking(office, "B(marks^s^1(c))b(marks^s^1(l))")
    assert o.runner.globals["marked"] == "cll"
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_the_caller_hangs_up_meanwhile(office) -> None:
    o, alice, phones = await looking(office, desk={"answers": 1})
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert phones["desk"].leg.ended
    assert phones["mobile"].leg.ended


async def test_there_is_no_such_profile(office) -> None:
    o, alice, _ = await looking(office, profile="eve")
    assert o.runner.globals["next"] == "1"
    await o.ended(alice)


def test_the_file_is_read() -> None:
    found = read(
        "[general]\ncall-from-prompt => a\nfeaturedigittimeout => 900\n"
        "[x]\ncontext => c\nmusic => m\nnumber => 1,30,2\nnumber => 2&3,,1\nsorry_prompt => s\n"
    ).profiles["x"]
    assert (found.call_from_prompt, found.featuredigittimeout, found.musicclass) == ("a", 900, "m")
    assert found.steps == (FollowMeStep(("2", "3"), 25, 1), FollowMeStep(("1",), 30, 2))
    problems = Problems()
    read_followme_conf(read_text("[x]\nnumber => 1,soon\ntakecall => x\nnumbr => 1\n"), problems)
    assert [problem.line for problem in problems.errors] == [2, 3, 4]
