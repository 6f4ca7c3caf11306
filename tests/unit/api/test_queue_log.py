"""The queue log: lines of a file, rows of a database, rotation; QueueLog() and the manager's action."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from offhook.api.console.all_commands import COMMANDS
from unit.api.ami.test_sessions import Office, office
from unit.drivers.node import Switch, eventually, phone

__all__ = ["office"]

DIALPLAN = """[default]
exten => 1,1,QueueLog(support,17.1,PJSIP/6001,PAUSE,lunch|30)
 same => n,QueueLog(support,NONE,NONE,MINE,a|b)
 same => n,Wait(9)
"""


async def lines(switch: Switch, count: int, name: str = "queue_log") -> list[str]:
    path = switch.folder / "state/log" / name

    def read() -> list[str]:
        found = path.read_text().splitlines() if path.exists() else []
        return found if len(found) >= count else []

    return await eventually(f"{count} lines in {name}", read)  # type: ignore[return-value]


async def test_an_application_writes_a_line(switch: Switch) -> None:
    await switch.start(phone("alice"), DIALPLAN)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    alice.request("INVITE", f"sip:1@{alice.server}", body=audio.sdp())
    found = await lines(switch, 2)
    assert re.fullmatch(r"\d{10}\|17\.1\|support\|PJSIP/6001\|PAUSE\|lunch\|30", found[0])
    assert re.fullmatch(r"\d{10}\|NONE\|support\|NONE\|MINE\|a\|b", found[1])


async def test_what_would_break_a_line_does_not(switch: Switch) -> None:
    await switch.start(phone("alice"))
    switch.node.records.queue_log.write("a|b", "c\nd", "", "X", "1\r\n2")
    (line,) = await lines(switch, 1)
    assert line.split("|")[1:] == ["c d", "a b", "NONE", "X", "1  2"]


@pytest.mark.parametrize("general", ["queue_log=no", "queue_log_name=mine"])
async def test_settings(switch: Switch, general: str) -> None:
    await switch.start(phone("alice"), logger=f"[general]\n{general}\n[logfiles]\na => error\n")
    switch.node.records.queue_log.write("q", "1.1", "", "X")
    if general == "queue_log=no":
        await switch.node.store.flush()
        assert not (switch.folder / "state/log/queue_log").exists()
    else:
        assert len(await lines(switch, 1, "mine")) == 1


async def test_rotation(switch: Switch) -> None:
    await switch.start(phone("alice"), logger="[general]\nrotatestrategy=rotate\n[logfiles]\na => error\n")
    log = switch.node.records.queue_log
    log.write("q", "1.1", "", "BEFORE")
    await lines(switch, 1)
    assert await COMMANDS.run(switch.node, "logger rotate") == ""
    log.write("q", "1.1", "", "AFTER")
    assert [line.split("|")[4] for line in await lines(switch, 1, "queue_log.0")] == ["BEFORE"]
    assert [line.split("|")[4] for line in await lines(switch, 1)] == ["AFTER"]


def _word(on: bool) -> str:
    return "yes" if on else "no"


def rows(path: Path) -> list[tuple[str, ...]]:
    with sqlite3.connect(path) as db:
        return db.execute("SELECT * FROM queue_log").fetchall()


@pytest.mark.parametrize(("also", "adaptive"), [(False, True), (True, True), (False, False)])
async def test_a_database_has_it(switch: Switch, also: bool, adaptive: bool) -> None:
    database = switch.folder / "queues.db"
    columns = "time, callid, queuename, agent, event, "
    columns += "data1, data2, data3, data4, data5" if adaptive else "data"
    with sqlite3.connect(database) as db:
        db.execute(f"CREATE TABLE queue_log ({columns})")
    await switch.start(
        phone("alice"),
        res_odbc=f"[queues]\nenabled=yes\ndsn=sqlite:///{database}\n",
        extconfig="[settings]\nqueue_log => odbc,queues,queue_log\n",
        logger=f"[general]\nqueue_log_to_file={_word(also)}\nqueue_adaptive_realtime={_word(adaptive)}\n"
        "[logfiles]\na => error\n",
    )
    log = switch.node.records.queue_log
    log.write("support", "1.1", "PJSIP/a", "CONNECT", "2", "1.2", "3")
    log.write("support", "", "", "QUEUESTART")
    await eventually("two rows", lambda: len(rows(database)) == 2)
    first, second = rows(database)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", first[0])
    data = ("2", "1.2", "3", "", "") if adaptive else ("2|1.2|3",)
    assert first[1:] == ("1.1", "support", "PJSIP/a", "CONNECT", *data)
    assert second[1:5] == ("NONE", "support", "NONE", "QUEUESTART")
    await switch.node.store.flush()
    assert (switch.folder / "state/log/queue_log").exists() is also


async def test_what_a_database_does_not_take_goes_to_the_file(
    switch: Switch, caplog: pytest.LogCaptureFixture
) -> None:
    database = switch.folder / "queues.db"
    await switch.start(
        phone("alice"),
        res_odbc=f"[queues]\nenabled=yes\ndsn=sqlite:///{database}\n",
        extconfig="[settings]\nqueue_log => odbc,queues,queue_log\n",
    )
    for number in range(3):
        switch.node.records.queue_log.write("support", f"1.{number}", "", "X")
    found = await lines(switch, 3)
    assert [line.split("|")[1] for line in found] == ["1.0", "1.1", "1.2"]
    told = [record for record in caplog.records if "queue log: the database" in record.getMessage()]
    assert len(told) == 1


async def test_the_manager_s_action(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    answer = await boss.ask(
        "QueueLog", Queue="support", Event="CUSTOM", Uniqueid="1.7", Interface="PJSIP/a", Message="hi"
    )
    assert answer["Message"] == "Event added successfully"
    (line,) = await lines(office.switch, 1)
    assert line.split("|")[1:] == ["1.7", "support", "PJSIP/a", "CUSTOM", "hi"]
    assert (await boss.ask("QueueLog", Event="X"))["Message"] == "Need 'Queue' and 'Event' parameters."
