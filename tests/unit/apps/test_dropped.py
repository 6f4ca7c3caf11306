"""Applications that Asterisk has dropped: each does what replaced it does."""

from __future__ import annotations

import pytest

from offhook.config.errors import Problems
from offhook.dialplan.lint import lint
from offhook.dialplan.reader import read_dialplan_text
from offhook.drivers.sip.chan_sip import headers_of_variables, pjsip_dial_string
from offhook.features.astdb import AstDb
from offhook.features.device_states import DeviceState
from unit.functions.saying import spoken


@pytest.mark.parametrize(
    ("line", "expression", "expected"),
    [
        ("SetVar(x=1,2)", "${x}", "1,2"),
        ("SetGlobalVar(gv=7)", "${GLOBAL(gv)}", "7"),
        ("ImportVar(x=${CHANNEL},CONTEXT)", "${x}", "default"),
        ("SetLanguage(de)", "${CHANNEL(language)}", "de"),
        ("SetMusicOnHold(jazz)", "${CHANNEL(musicclass)}", "jazz"),
        ("SetAccount(acme)", "${CHANNEL(accountcode)}", "acme"),
        ("SetAMAFlags(billing)", "${CHANNEL(amaflags)}", "2"),
        ("SetCDRUserField(a,b)", "${CHANNEL(userfield)}", "a,b"),
        ('SetCallerID("Bob" <5>,a)', "${CALLERID(name)}/${CALLERID(num)}", "Bob/5"),
        ("SetCIDName(Carol)", "${CALLERID(name)}", "Carol"),
        ("SetCIDNum(99)", "${CALLERID(num)}", "99"),
        ("SetCallerPres(prohib)", "${CALLERID(pres)}", "prohib"),
        ("DigitTimeout(7)", "${TIMEOUT(digit)}", "7.000"),
        ("ResponseTimeout(8)", "${TIMEOUT(response)}", "8.000"),
        ("AbsoluteTimeout(90)", "${TIMEOUT(absolute)}", "90.000"),
        ("NoCDR()", "ok", "ok"),
        ("DBput(a/b=c)", "${DB(a/b)}", "c"),
        ("DBget(x=k/v)", "${x}", "kept"),
        ("SIPAddHeader(X-A: 1)", "${SIPADDHEADER01}", "X-A: 1"),
    ],
)
async def test_does_what_replaced_it(office, line: str, expression: str, expected: str) -> None:
    o = office()
    database = AstDb()
    database.put("k", "v", "kept")
    o.pbx.add_service(database)
    found = await spoken(o, line, f"Set(GLOBAL(r)={expression})")
    assert found["r"] == expected


async def test_random_by_percentage(office) -> None:
    o = office()
    o.runner.randint = lambda least, most: 50
    found = await spoken(o, "Random(50:s,4)", "Set(GLOBAL(a)=fell)", "Hangup()", "Random(49:s,7)",
                         "Set(GLOBAL(b)=fell)")  # fmt: skip
    assert "a" not in found
    assert found["b"] == "fell"


@pytest.mark.parametrize(
    "line",
    ["SetVar(x)", "SetGlobalVar(x)", "ImportVar(x)", "DBput(a=b)", "DBget(a/b)", "Random(5)", "Random(a:1)",
     "SIPAddHeader(X)", "AbsoluteTimeout(soon)", "MacroIf(1)"],
)  # fmt: skip
async def test_wrong_arguments(office, line: str, caplog) -> None:
    found = await spoken(office(), line, "Set(GLOBAL(after)=1)")
    assert "after" not in found
    assert f"{line.partition('(')[0]}: " in caplog.text


async def test_headers_are_inherited_by_the_called_leg(office) -> None:
    o = office(
        "[default]\nexten => s,1,SIPAddHeader(X-A: 1)\n same => n,SIPAddHeader(X-B:two)\n"
        " same => n,SIPAddHeader(Y: 3)\n same => n,SIPRemoveHeader(X-B)\n same => n,Dial(Fake/bob)\n"
    )
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert headers_of_variables(bob.leg.variables) == [("X-A", "1"), ("Y", "3")]
    alice.far_end_hung_up(16)
    await o.settle(1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6001", "6001"),
        ("trunk/0301234", "0301234@trunk"),
        ("0301234@trunk", "0301234@trunk"),
        ("6001/sip:6001@192.0.2.1", "6001/sip:6001@192.0.2.1"),
        ("trunk/5!x@y", "5@trunk"),
    ],
)
def test_dial_strings_of_chan_sip(text: str, expected: str) -> None:
    assert pjsip_dial_string(text) == expected


def test_what_cannot_be_a_header_is_left_out() -> None:
    assert headers_of_variables({"SIPADDHEADER1": "nonsense", "SIPADDHEADER2": "A B: 1", "X": "Y: 1"}) == []


async def test_another_name_of_a_technology(office) -> None:
    o = office("[default]\nexten => s,1,Dial(OLD/bob)\nexten => 5,hint,OLD/bob\n")
    o.pbx.add_other_name("OLD", "Fake", lambda rest: rest)
    o.runner.install(o.runner.dialplan)
    bob = o.phone("bob", answers=1)
    states: list[DeviceState] = []
    stop = o.devices.watch("OLD/bob", lambda device, state: states.append(state))
    alice = o.call()
    await o.settle(2)
    assert bob.leg.state.name == "UP"
    assert o.devices.state("OLD/bob") is DeviceState.INUSE
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert states == [DeviceState.INUSE, DeviceState.NOT_INUSE]
    stop()


def test_one_line_for_each_dropped_name() -> None:
    problems = Problems()
    plan = read_dialplan_text(
        "[default]\nexten => s,1,Macro(x)\n same => n,Macro(x,1)\n same => n,Dial(SIP/6001&SIP/6002)\n"
        " same => n,Dial(SIP/6003)\n same => n,Dial(PJSIP/6003)\n same => n,Set(A=${SIP_HEADER(To)})\n"
        " same => n,Set(A=${SIP_HEADER(From)})\n same => n,Macro(nothere)\n[macro-x]\nexten => s,1,NoOp()\n",
        problems=problems,
    )
    lint(plan, problems)
    said = [str(problem) for problem in problems]
    assert len([one for one in said if "has dropped it" in one]) == 3
    assert any("Macro works" in one and "Gosub()" in one for one in said)
    assert any("macro-nothere" in one for one in said)
