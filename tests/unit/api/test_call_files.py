"""Calls that files in spool/outgoing ask for, on a whole node."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import pytest

from unit.drivers.node import Switch, eventually

DIALPLAN = """
[default]
exten => answers,1,Answer
 same => n,Wait(60)
exten => refuses,1,Set(GLOBAL(TRIED)=${GLOBAL(TRIED)}x)
 same => n,Hangup(17)
exten => second,1,Set(GLOBAL(TRIED)=${GLOBAL(TRIED)}x)
 same => n,ExecIf($["${GLOBAL(TRIED)}"="x"]?Hangup(17))
 same => n,Answer
 same => n,Wait(60)
exten => done,1,Set(GLOBAL(SAW)=${A}/${CALLERID(all)}/${CHANNEL(accountcode)}/${CDR(userfield)})
exten => failed,1,Set(GLOBAL(FAILED)=${GLOBAL(FAILED)}f)
"""


def drop(switch: Switch, text: str, name: str = "t.call", *, at: float = 0.0) -> Path:
    """Put a call file into the folder as one should: written elsewhere, then moved."""
    made = switch.folder / name
    made.write_text(text)
    moment = at or time.time() - 5
    os.utime(made, (moment, moment))
    return made.rename(switch.node.paths.spool / "outgoing" / name)


def said(switch: Switch, name: str) -> str:
    return switch.node.runner.globals.get(name) or ""


async def test_a_call_and_all_that_it_is_given(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    path = drop(
        switch,
        "Channel: Local/answers@default\nExtension: done\nCallerID: Desk <100>\nAccount: sales\n"
        "Set: A=one\nSet: CDR(userfield)=field\n",
    )
    await eventually("the file is gone", lambda: not path.exists())
    assert said(switch, "SAW") == 'one/"Desk" <100>/sales/field'
    assert not list((switch.node.paths.spool / "outgoing_done").iterdir())


async def test_an_application_and_an_archived_file(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    path = drop(
        switch, "Channel: Local/answers@default\nApplication: Set\nData: GLOBAL(SAW)=app\nArchive: yes\n"
    )
    done = switch.node.paths.spool / "outgoing_done" / path.name
    await eventually("the file is archived", done.exists)
    assert said(switch, "SAW") == "app"
    lines = done.read_text().splitlines()
    assert lines[-1] == "Status: Completed"
    assert lines[-2].startswith(f"StartRetry: {os.getpid()} 1 (")


async def test_it_is_tried_again_until_somebody_answers(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    path = drop(
        switch, "Channel: Local/second@default\nExtension: done\nMaxRetries: 3\nRetryTime: 1\nArchive: yes\n"
    )
    done = switch.node.paths.spool / "outgoing_done" / path.name
    await eventually("the file is archived", done.exists)
    assert said(switch, "TRIED") == "xx"
    text = done.read_text()
    assert (text.count("StartRetry"), text.count("EndRetry")) == (2, 1)
    assert text.endswith("Status: Completed\n")


async def test_it_expires(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    path = drop(
        switch, "Channel: Local/refuses@default\nExtension: done\nMaxRetries: 1\nRetryTime: 1\nArchive: yes\n"
    )
    done = switch.node.paths.spool / "outgoing_done" / path.name
    await eventually("the file is archived", done.exists)
    assert (said(switch, "TRIED"), said(switch, "FAILED"), said(switch, "SAW")) == ("xx", "ff", "")
    assert done.read_text().endswith("Status: Expired\n")


async def test_a_file_of_the_future_waits(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    later = drop(
        switch, "Channel: Local/answers@default\nExtension: done\n", "later.call", at=time.time() + 900
    )
    now = drop(switch, "Channel: Local/answers@default\nExtension: done\n", "now.call")
    await eventually("the due one is gone", lambda: not now.exists())
    assert later.exists()
    os.utime(later, (1, 1))
    await eventually("the other is due", lambda: not later.exists())


async def test_attempts_before_a_crash_count(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    path = drop(
        switch,
        "Channel: Local/answers@default\nExtension: done\nMaxRetries: 1\nArchive: yes\n"
        "StartRetry: 1 1 (5)\nStartRetry: 1 2 (9)\n",
    )
    done = switch.node.paths.spool / "outgoing_done" / path.name
    await eventually("the file is archived", done.exists)
    assert done.read_text().endswith("Status: Expired\n")
    assert said(switch, "SAW") == ""


async def test_what_is_no_call_is_put_away_and_told(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start("", DIALPLAN)
    bad = drop(switch, "Extension: done\nColour: red\n")
    await eventually("it is gone", lambda: not bad.exists())
    assert "needs `Channel: Technology/resource`" in caplog.text
    assert "t.call:2: Colour" in caplog.text


async def test_not_without_the_module(switch: Switch) -> None:
    await switch.start("", DIALPLAN, modules="[modules]\nautoload=yes\nnoload=pbx_spool.so\n")
    assert not any(task.get_name() == "call files" for task in asyncio.all_tasks())
