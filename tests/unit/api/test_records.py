"""Where records of calls and channel events go, on a whole node: files, master.db, tables, manager events."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from offhook.api.console.all_commands import COMMANDS
from offhook.dialplan.originating import Placement, place
from offhook.pbx import events
from unit.drivers.node import Switch, eventually

DIALPLAN = """
[default]
exten => call,1,Set(CDR(route)=27)
 same => n,Set(CDR(userfield)=a "b", c)
 same => n,CELGenUserEvent(MARK,some text)
 same => n,Dial(Local/called@default/n,,g)
exten => called,1,Answer
 same => n,Wait(0.2)
exten => listen,1,Answer
 same => n,Wait(30)
"""


async def call(switch: Switch) -> None:
    """One whole call: `call` dials `called`, and is over."""
    node = switch.node
    await place(node.pbx, node.runner, Placement("Local/call@default/n", "default", "listen"))
    await eventually("over", lambda: not switch.channels())
    await node.store.flush()


def lines(path: Path, dst: str = "call") -> list[list[str]]:
    with path.open() as opened:
        return [row for row in csv.reader(opened) if dst in row]


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(statement).fetchall()


async def console(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def test_files_of_templates_and_of_fields(switch: Switch) -> None:
    custom = (
        "[mappings]\n"
        "Simple.csv => ${CSV_QUOTE(${CDR(dst)})},${CSV_QUOTE(${CDR(userfield)})},"
        "${CDR(route)},${CDR(amaflags)}\n"
        '[fields.csv]\nfields = dst,"Some, literal",disposition,disposition(int64^noquote),route(uservar)'
        ",start(%Y^noquote),userfield\n"
        "[tabs.tsv]\nseparator_character = \\t\nquoting_method = minimal\nfields = dst,userfield,billsec\n"
        '[records.json]\nformat = json\nfields = dst,"Kind: call",duration,userfield\n'
    )
    await switch.start("", DIALPLAN, cdr_custom=custom)
    await call(switch)
    folder = switch.node.paths.log / "cdr-custom"
    assert lines(folder / "Simple.csv") == [["call", 'a "b", c', "27", "DOCUMENTATION"]]
    (found,) = lines(folder / "fields.csv")
    assert found[:5] == ["call", "Some, literal", "ANSWERED", "8", "27"]
    assert found[5].isdigit()
    assert found[6] == 'a "b", c'
    (tabs,) = [line for line in (folder / "tabs.tsv").read_text().splitlines() if line.startswith("call\t")]
    assert tabs == 'call\ta "b", c\t0'
    records = [json.loads(line) for line in (folder / "records.json").read_text().splitlines()]
    assert {"dst": "call", "Kind": "call", "duration": 0, "userfield": 'a "b", c'} in records
    status = await console(switch, "cdr show status")
    assert "Logging:                    Enabled" in status
    assert "cdr-custom" in status


async def test_master_db(switch: Switch) -> None:
    custom = (
        "[master]\ntable=cdr\ncolumns=a,b,c\nvalues='${CDR(dst)}','${CDR(route)}','${CDR(disposition)}'\n"
    )
    cel = "[master]\ntable=cel\ncolumns=kind,who\nfields=eventtype,channame\n"
    await switch.start(
        "",
        DIALPLAN,
        cdr_sqlite3_custom=custom,
        cel_sqlite3_custom=cel,
        cel="[general]\nenable=yes\nevents=USER_DEFINED\n",
    )
    await call(switch)
    path = switch.node.paths.log / "master.db"
    await eventually("delivered", lambda: not switch.node.records.outbox.waiting())
    assert ("call", "27", "ANSWERED") in rows(path, "SELECT a, b, c FROM cdr")
    (event,) = rows(path, "SELECT kind, who FROM cel")
    assert event[0] == "MARK"
    assert str(event[1]).startswith("Local/call@default-")


ADAPTIVE = """
[first]
connection=own
table=calls
alias src => source
filter dst => call
static "here" => place
"""


async def test_a_table_gets_what_it_has_columns_for(switch: Switch) -> None:
    path = switch.folder / "own.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE calls (dst TEXT, source TEXT, route INTEGER, place TEXT, disposition INTEGER,"
            " start TEXT)"
        )
    odbc = f"[own]\ndsn=sqlite:///{path}\n"
    await switch.start("", DIALPLAN, res_odbc=odbc, cdr_adaptive_odbc=ADAPTIVE)
    await call(switch)
    await eventually("delivered", lambda: not switch.node.records.outbox.waiting())
    (row,) = rows(path, "SELECT dst, route, place, disposition, length(start) FROM calls")
    assert row == ("call", 27, "here", 8, 19)


async def test_records_wait_for_a_table_that_is_not_there_yet(switch: Switch) -> None:
    path = switch.folder / "own.db"
    await switch.start("", DIALPLAN, res_odbc=f"[own]\ndsn=sqlite:///{path}\n", cdr_adaptive_odbc=ADAPTIVE)
    await call(switch)
    assert switch.node.records.outbox.waiting() == {"cdr_adaptive_odbc first": 1}
    assert "1 records wait for cdr_adaptive_odbc first" in await console(switch, "cdr show status")
    await switch.node.stop()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE calls (dst TEXT)")
    await switch.run()
    await eventually("delivered", lambda: not switch.node.records.outbox.waiting())
    assert rows(path, "SELECT dst FROM calls") == [("call",)]
    assert "Submitted CDRs" in await console(switch, "cdr submit")


def listen(switch: Switch, kind: type, found: list[dict[str, str]]) -> Callable[[], None]:
    return switch.node.pbx.bus.listen(kind, lambda event: found.append(dict(event.headers)))


async def test_manager_events(switch: Switch) -> None:
    await switch.start(
        "",
        DIALPLAN,
        cdr_manager="[general]\nenabled=yes\n[mappings]\nroute => Route\n",
        cel="[general]\nenable=yes\nevents=ALL\napps=dial\n[manager]\nenabled=yes\nshow_user_defined=yes\n",
    )
    cdrs: list[dict[str, str]] = []
    cels: list[dict[str, str]] = []
    listen(switch, events.CdrReported, cdrs)
    listen(switch, events.CelReported, cels)
    await call(switch)
    (record,) = [one for one in cdrs if one["Destination"] == "call"]
    assert (record["Route"], record["Disposition"], record["LastApplication"]) == ("27", "ANSWERED", "Dial")
    caller = next(one["Channel"] for one in cels if one["EventName"] == "APP_START")
    assert caller.endswith(";2")
    mine = [one["EventName"] for one in cels if one["Channel"] == caller]
    assert mine == [
        "CHAN_START",
        "USER_DEFINED",
        "APP_START",
        "ANSWER",
        "BRIDGE_ENTER",
        "BRIDGE_EXIT",
        "APP_END",
        "HANGUP",
        "CHAN_END",
    ]
    user = next(one for one in cels if one["EventName"] == "USER_DEFINED")
    assert (user["UserDefType"], user["Extra"]) == ("MARK", '{"extra":"some text"}')
    entered = [one for one in cels if one["EventName"] == "BRIDGE_ENTER"]
    assert entered[1]["Peer"] == entered[0]["Channel"]
    assert json.loads(entered[0]["Extra"])["bridge_technology"] == "simple_bridge"
    # All four channels are one story, which ends once, after everything else.
    assert [one["EventName"] for one in cels].count("LINKEDID_END") == 1
    assert cels[-1]["EventName"] == "LINKEDID_END"
    shown = await console(switch, "cel show status")
    assert "CEL Logging: Enabled" in shown
    assert "CEL Tracking Application: dial" in shown


async def test_cel_files_and_date_format(switch: Switch) -> None:
    custom = (
        "[mappings]\n"
        "Master.csv => ${CSV_QUOTE(${eventtype})},${CSV_QUOTE(${CHANNEL(channame)})},${eventtime}\n"
        "[events.json]\nformat=json\nfields=EventType,EventTime,AppName,Extra\n"
    )
    cel = "[general]\nenable=yes\nevents=APP_START,APP_END,CHAN_END\napps=dial\ndateformat=at %Y\n"
    await switch.start("", DIALPLAN, cel_custom=custom, cel=cel)
    await call(switch)
    folder = switch.node.paths.log / "cel-custom"
    events_seen = [json.loads(line) for line in (folder / "events.json").read_text().splitlines()]
    assert [one["eventtype"] for one in events_seen].count("APP_START") == 1
    assert all(one["eventtime"].startswith("at 2") for one in events_seen)
    written = list(csv.reader((folder / "Master.csv").open()))
    assert [row[0] for row in written].count("APP_END") == 1
    assert written[0][1].startswith("Local/call@default-")
    assert len(written) == len(events_seen)


async def test_without_cel_nobody_listens(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    assert "CEL Logging: Disabled" in await console(switch, "cel show status")
    await call(switch)
    assert switch.node.records.cel.written == 0


async def test_tables_of_events_and_the_older_file(switch: Switch) -> None:
    path = switch.folder / "own.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE cdr (calldate TEXT, dst TEXT, disposition TEXT)")
        db.execute("CREATE TABLE events (kind TEXT, cid_num TEXT, channame TEXT, eventtime REAL)")
    await switch.start(
        "",
        DIALPLAN,
        res_odbc=f"[own]\ndsn=sqlite:///{path}\n",
        cdr_odbc="[global]\ndsn=own\nloguniqueid=yes\n",
        cel_odbc="[all]\nconnection=own\ntable=events\nalias eventtype => kind\n"
        "filter eventtype != CHAN_END\n",
        cel="[general]\nenable=yes\nevents=USER_DEFINED,CHAN_END\n",
    )
    await call(switch)
    await eventually("delivered", lambda: not switch.node.records.outbox.waiting())
    found = rows(path, "SELECT length(calldate), disposition FROM cdr WHERE dst = 'call'")
    assert found == [(19, "ANSWERED")]
    assert rows(path, "SELECT kind, eventtime > 1e9 FROM events") == [("MARK", 1)]
