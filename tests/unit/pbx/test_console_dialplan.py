"""`dialplan ...`, `core show hints`, `devstate ...` on a switch in virtual time."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.dialplan.reader import read_dialplan_text

PLAN = """
[general]
static=yes
writeprotect=no
[globals]
RING=20
[internal]
include => night,18:00-08:00,*,*,*
ignorepat => 9
switch => Loopback/@other
exten => 100,1,NoOp(a\\;b)
 same => n(here),Set(X=${EXTEN}\\,1)
exten => 100/55,1,Hangup()
exten => _2XX,1,NoOp()
exten => 6001,hint,Custom:lamp
exten => 6001,1(first),Answer()
[night]
exten => 7,1,NoOp()
"""


def node(o: Any, folder: Path | None = None) -> Any:
    return SimpleNamespace(
        runner=o.runner, pbx=o.pbx, hints=o.hints, devices=o.devices, snapshot=SimpleNamespace(folder=folder)
    )


async def test_show(office) -> None:
    o = office(PLAN)
    assert (
        await COMMANDS.run(node(o), "dialplan show internal")
        == """\
[ Context 'internal' created by 'pbx_config' ]
  '100' =>          1. NoOp(a;b)                                  [extensions.conf:11]
     [here]         2. Set(X=${EXTEN}\\,1)                         [extensions.conf:12]
  '100' (CID match '55') => 1. Hangup()                                   [extensions.conf:13]
  '6001' =>         hint: Custom:lamp                             [extensions.conf:15]
     [first]        1. Answer()                                   [extensions.conf:16]
  '_2XX' =>         1. NoOp()                                     [extensions.conf:14]

  Include =>        'night,18:00-08:00,*,*,*'                     [extensions.conf:8]
  Ignore pattern => '9'                                           [pbx_config]
  Alt. Switch =>    'Loopback/@other'                             [extensions.conf:10]

-= 4 extensions (6 priorities) in 1 context. =-
"""
    )
    assert "'_2XX' =>" in await COMMANDS.run(node(o), "dialplan show 234@internal")
    assert "'7' =>" in await COMMANDS.run(node(o), "dialplan show 7@internal")  # included: it is midnight
    assert "in 2 contexts" in await COMMANDS.run(node(o), "dialplan show")
    assert await COMMANDS.run(node(o), "dialplan show x") == "There is no existence of 'x' context\n"
    assert "There is no existence of 999@internal" in await COMMANDS.run(
        node(o), "dialplan show 999@internal"
    )


async def test_edits(office) -> None:
    o = office(PLAN)
    n = node(o)
    commands = [
        ("dialplan add extension 300,1,NoOp(a, b) into internal", "Extension '300,1,NoOp(a, b)' added"),
        ("dialplan add extension 300,n(l),Goto(l) into internal", "added into 'internal' context"),
        ("dialplan add extension 300,1,NoOp() into internal", "has priority 1 already"),
        ("dialplan add extension 300,1,NoOp(c) into internal replace", "added"),
        ("dialplan add extension 6005,hint,Custom:door into internal", "added"),
        ("dialplan add extension _[,1,NoOp() into internal", "a [ is never closed"),
        ("dialplan add extension 1,x,NoOp() into fresh", "'x' is not a valid priority"),
        ("dialplan add extension 1,1,NoOp(${) into fresh", "has no closing"),
        ("dialplan add extension 1,1,NoOp() into fresh", "added"),
        ("dialplan add include fresh into internal", "Context 'fresh' included in 'internal' context"),
        ("dialplan add include fresh into internal", "already included"),
        ("dialplan add include nowhere into internal", "There is no existence of 'nowhere' context"),
        ("dialplan add ignorepat 8 into internal", "Ignore pattern '8' added"),
        ("dialplan remove ignorepat 9 from internal", "removed"),
        ("dialplan remove extension 100@internal 1", "Extension 100@internal with priority 1 removed"),
        ("dialplan remove extension 100/55@internal", "Whole extension 100/55@internal removed"),
        ("dialplan remove extension 999@internal", "there is no extension 999@internal"),
        ("dialplan remove include night,18:00-08:00,*,*,* from internal", "no longer including"),
        ("dialplan remove context night", "Removing context 'night'"),
        ("dialplan remove extension 100", "is no EXTEN@CONTEXT"),
    ]
    for line, expected in commands:
        assert expected in await COMMANDS.run(n, line), line
    shown = await COMMANDS.run(n, "dialplan show internal")
    assert "'300' =>          1. NoOp(c)" in shown
    assert "[l]            2. Goto(l)" in shown
    assert "'100' =>          [here] 2. Set" in shown
    assert "CID match" not in shown
    assert "'fresh'" in shown
    assert "'night" not in shown
    assert o.runner.exists("internal", "1")
    assert o.runner.dialplan.ignores("internal", "8")
    assert not o.runner.dialplan.ignores("internal", "9")
    assert "6005@internal" in await COMMANDS.run(n, "core show hints")


async def test_a_call_keeps_the_dialplan_that_it_began_with(office) -> None:
    o = office("[default]\nexten => s,1,Wait(5)\n same => n,Set(GLOBAL(SEEN)=yes)\n")
    call = o.call()
    await o.settle(1)
    await COMMANDS.run(node(o), "dialplan remove extension s@default")
    await o.ended(call)
    assert o.runner.globals["SEEN"] == "yes"


async def test_variables(office) -> None:
    o = office(PLAN + "exten => s,1,Wait(100)\n")
    n = node(o)
    assert await COMMANDS.run(n, "dialplan set global COLOUR light blue") == (
        "    -- Global variable 'COLOUR' set to 'light blue'\n"
    )
    assert await COMMANDS.run(n, "dialplan show globals") == (
        "   RING=20\n   COLOUR=light blue\n\n    -- 2 variable(s)\n"
    )
    call = o.incoming("6001")
    await COMMANDS.run(n, f"dialplan set chanvar {call.name} A b c")
    await COMMANDS.run(n, f"dialplan set chanvar {call.name} CALLERID(name) Bob")
    assert await COMMANDS.run(n, f"dialplan show chanvar {call.name}") == "A=b c\n"
    assert call.caller.name == "Bob"
    assert await COMMANDS.run(n, "dialplan show chanvar none") == "Channel 'none' not found\n"
    before = set(o.pbx.channels)
    assert await COMMANDS.run(n, "dialplan eval function LEN(a b)") == (
        "Return Value: Success (0)\nResult: 3\n"
    )
    assert await COMMANDS.run(n, "dialplan eval function LEN(${RING})") == (
        "Return Value: Success (0)\nResult: 2\n"
    )
    failed = await COMMANDS.run(n, "dialplan eval function LENN(a)")
    assert failed.startswith("Return Value: Failure (-1)\n")
    assert set(o.pbx.channels) == before


async def test_save_and_read_again(office, tmp_path: Path) -> None:
    o = office(PLAN)
    n = node(o, tmp_path)
    assert "successfully saved" in await COMMANDS.run(n, "dialplan save")
    again = read_dialplan_text((tmp_path / "extensions.conf").read_text())
    for context in ("internal", "night"):
        before = await COMMANDS.run(n, f"dialplan show {context}")
        o.runner.install(again)
        after = await COMMANDS.run(n, f"dialplan show {context}")
        strip = lambda shown: [line[:66].rstrip() for line in shown.splitlines()]  # noqa: E731
        assert sorted(strip(after)) == sorted(strip(before))
    assert again.global_variables == {"RING": "20"}
    assert "is not a file within" in await COMMANDS.run(n, "dialplan save ../x.conf")


async def test_a_protected_dialplan_is_not_saved(office, tmp_path: Path) -> None:
    o = office("[general]\nstatic=yes\nwriteprotect=yes\n[a]\nexten => 1,1,NoOp()\n")
    assert "can't save dialplan" in await COMMANDS.run(node(o, tmp_path), "dialplan save")
    assert not (tmp_path / "extensions.conf").exists()


async def test_hints_and_device_states(office) -> None:
    o = office(PLAN + "exten => _70XX,hint,Custom:l${EXTEN}\n")
    n = node(o)
    assert await COMMANDS.run(n, "devstate change Custom:lamp ringing") == "Changing Custom:lamp to RINGING\n"
    assert "is no device state" in await COMMANDS.run(n, "devstate change Custom:lamp red")
    assert await COMMANDS.run(n, "core show hints") == (
        "\n    -= Registered Asterisk Dial Plan Hints =-\n"
        "6001@internal       : Custom:lamp           State:Ringing         "
        "Presence:not_set         Watchers  0\n"
        "----------------\n- 1 hints registered\n"
    )
    assert "7001@night" in await COMMANDS.run(n, "core show hint 7001@night")
    assert "Custom:l7001" in await COMMANDS.run(n, "core show hint 7001")
    assert await COMMANDS.run(n, "core show hint 1") == "No hints matching extension 1\n"
    assert "Name: 'Custom:lamp'  State: 'RINGING'" in await COMMANDS.run(n, "devstate list")


@pytest.mark.parametrize(
    "line",
    ["dialplan add extension 1", "dialplan set global x", "dialplan add include a b", "core show hint"],
)
async def test_usage(office, line: str) -> None:
    assert "Usage" in await COMMANDS.run(node(office(PLAN)), line)
