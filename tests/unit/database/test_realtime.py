"""Rows of databases: functions, console, `switch => Realtime`, SQL; on SQLite, PostgreSQL and HTTP."""

from __future__ import annotations

import sqlite3
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.dialplan.originating import Placement, place
from unit.database.conftest import Postgres
from unit.drivers.node import Switch, eventually

TABLES = """
CREATE TABLE people (name VARCHAR(40), desk INTEGER, phone VARCHAR(40));
INSERT INTO people VALUES ('alice', 1, 'PJSIP/6001'), ('bob', 2, NULL);
CREATE TABLE numbers (context TEXT, exten TEXT, priority INTEGER, app TEXT, appdata TEXT);
INSERT INTO numbers VALUES ('outside', '100', 1, 'Set', 'GLOBAL(DIALLED)=hundred'),
 ('outside', '100', 2, 'Set', 'GLOBAL(THEN)=${EXTEN}'), ('outside', '_2XX', 1, 'Set', 'GLOBAL(DIALLED)=two'),
 ('elsewhere', '300', 1, 'NoOp', NULL);
"""

DIALPLAN = """
[default]
exten => ask,1,Set(GLOBAL(ROW)=${REALTIME(people,name,alice)})
 same => n,Set(GLOBAL(FIELD)=${REALTIME_FIELD(people,name,alice,desk)})
 same => n,Set(GLOBAL(NONE)=${REALTIME_FIELD(people,name,nobody,desk)})
 same => n,Set(GLOBAL(LIKE)=${REALTIME_FIELD(people,name LIKE,b%,name)})
 same => n,Set(HASH(h)=${REALTIME_HASH(people,name,alice)})
 same => n,Set(GLOBAL(HASH)=${HASH(h,phone)})
exten => change,1,Set(REALTIME(people,name,alice,desk)=7)
 same => n,Set(REALTIME_STORE(people,name,desk)=carol,3)
 same => n,Set(GLOBAL(STORED)=${REALTIMESTOREID})
 same => n,Set(GLOBAL(GONE)=${REALTIME_DESTROY(people,name,bob)})
exten => wrong,1,Set(GLOBAL(WRONG)=[${REALTIME(nowhere,a,b)}])
 same => n,Set(GLOBAL(AFTER)=on)
exten => odbc,1,Set(GLOBAL(DESK)=${ODBC_DESK(alice)}/${ODBCROWS}/${ODBCSTATUS})
 same => n,Set(ODBC_DESK(alice)=9)
 same => n,Set(GLOBAL(CHANGED)=${ODBCROWS})
 same => n,Set(ODBC_DESK(o'hara)=5)
 same => n,Set(GLOBAL(INSERTED)=${ODBC_DESK(o'hara)})
 same => n,Set(id=${ALL()})
 same => n,Set(GLOBAL(COUNT)=${ODBCROWS})
 same => n,Set(GLOBAL(FIRST)=${ODBC_FETCH(${id})})
 same => n,ODBCFinish(${id})
 same => n,Set(GLOBAL(AFTERWARDS)=[${ODBC_FETCH(${id})}]${ODBC_FETCH_STATUS})
 same => n,Set(GLOBAL(ODD)=${ODBC_ODD()}/${ODBCSTATUS})
exten => undo,1,Set(ODBC(transaction,main)=a)
 same => n,Set(ODBC(isolation)=serializable)
 same => n,Set(ODBC_DESK(alice)=50)
 same => n,Set(GLOBAL(WITHIN)=${ODBC_DESK(alice)} ${ODBC(transaction)} ${ODBC(isolation)})
 same => n,ODBC_Rollback()
 same => n,Set(GLOBAL(UNDONE)=${ODBC_DESK(alice)} ${ROLLBACK_RESULT} [${ODBC(transaction)}])
 same => n,ODBC_Rollback(a)
 same => n,Set(GLOBAL(AGAIN)=${ROLLBACK_RESULT})
exten => keep,1,Set(ODBC(transaction,main)=b)
 same => n,Set(ODBC_DESK(alice)=51)
 same => n,ODBC_Commit(b)
 same => n,Set(GLOBAL(KEPT)=${ODBC_DESK(alice)} ${COMMIT_RESULT})
exten => left,1,Set(ODBC(transaction,main)=c)
 same => n,Set(ODBC_DESK(alice)=52)
 same => n,Hangup()
exten => forced,1,Set(ODBC(transaction,main)=d)
 same => n,Set(ODBC(forcecommit)=1)
 same => n,Set(ODBC_DESK(alice)=53)
exten => desk,1,Set(GLOBAL(DESK)=${ODBC_DESK(alice)})
exten => none,1,Set(ODBC(transaction,missing)=e)
 same => n,Set(GLOBAL(NONE)=[${ODBC(transaction)}])
exten => listen,1,Answer
 same => n,Wait(30)
[outside]
switch => Realtime/@numbers
"""

ODBC = """
[DESK]
dsn=missing,main
readsql=SELECT desk FROM people WHERE name='${SQL_ESC(${ARG1})}'
writesql=UPDATE people SET desk=${VAL1} WHERE name='${SQL_ESC(${ARG1})}'
insertsql=INSERT INTO people (name, desk) VALUES ('${SQL_ESC(${ARG1})}', ${VALUE})
[ALL]
prefix=
dsn=main
mode=multirow
readsql=SELECT name, desk FROM people WHERE name LIKE '%' ORDER BY name
[ODD]
dsn=main
readsql=SELECT nothing FROM nowhere
"""

FAMILIES = "[settings]\npeople => odbc,main,people\nnumbers => odbc,main\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the tables."""
    if request.param == "sqlite":
        path = tmp_path / "main.db"
        with closing(sqlite3.connect(path)) as db:
            db.executescript(TABLES)
        return f"sqlite:///{path}"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.sql("DROP TABLE IF EXISTS people, numbers")
    for statement in TABLES.split(";\n"):
        if statement.strip():
            postgres.sql(statement)
    return postgres.url


async def run(switch: Switch, exten: str, context: str = "default") -> None:
    """Dial an extension, until it is over."""
    node = switch.node
    done: list[str] = []
    leg = await place(
        node.pbx, node.runner, Placement("Local/listen@default/n", context, exten), created=lambda _: None
    )
    leg.when_ended(lambda: done.append(leg.name))
    await eventually("over", lambda: done)


def said(switch: Switch, *names: str) -> list[str | None]:
    return [switch.node.runner.globals.get(name) for name in names]


async def console(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def test_functions(switch: Switch, url: str) -> None:
    await switch.start("", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n", extconfig=FAMILIES)
    await run(switch, "ask")
    assert said(switch, "ROW", "FIELD", "NONE", "LIKE", "HASH") == [
        "name=alice,desk=1,phone=PJSIP/6001,",
        "1",
        "",
        "bob",
        "PJSIP/6001",
    ]
    await run(switch, "change")
    assert said(switch, "STORED", "GONE") == ["1", "name=bob,desk=2,"]
    assert "7" in await console(switch, "realtime load people name alice")
    assert "No rows found" in await console(switch, "realtime load people name bob")
    assert "carol" in await console(switch, "realtime load people desk 3")


async def test_sql_by_hand(switch: Switch, url: str) -> None:
    await switch.start(
        "", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n[missing]\ndsn=\n", extconfig=FAMILIES, func_odbc=ODBC
    )
    shown = await console(switch, "odbc read ODBC_DESK o'hara")
    assert shown == "SELECT desk FROM people WHERE name='o''hara'\n"
    rows = await console(switch, "odbc read ALL x exec")
    assert rows.splitlines()[:2] == [f"{'name':>20}  alice", f"{'desk':>20}  1"]
    assert rows.endswith("Returned 2 rows.\n")
    shown = await console(switch, "odbc write ODBC_DESK alice 6")
    assert shown.splitlines() == [
        "UPDATE people SET desk=6 WHERE name='alice'",
        "INSERT INTO people (name, desk) VALUES ('alice', 6)",
    ]
    assert "Returned 1 row." in await console(switch, "odbc read ODBC_DESK alice exec")
    assert f"{'desk':>20}  1\n" in await console(switch, "odbc read ODBC_DESK alice exec")  # not done yet
    assert await console(switch, "odbc write ODBC_DESK alice 6 exec") == "Affected 1 rows.\n"
    assert f"{'desk':>20}  6\n" in await console(switch, "odbc read ODBC_DESK alice exec")
    assert "has no writesql" in await console(switch, "odbc write ALL x y")
    assert "has no ODBC_NONE" in await console(switch, "odbc read ODBC_NONE x")
    assert "No database has answered" in await console(switch, "odbc read ODBC_ODD x exec")
    assert "Usage" in await console(switch, "odbc write ODBC_DESK alice")


async def test_postgresql_by_its_own_files(switch: Switch, postgres: Postgres) -> None:
    postgres.sql("DROP TABLE IF EXISTS desks")
    postgres.sql("CREATE TABLE desks (name VARCHAR(40), number INTEGER)")
    conf = f"[general]\ndbhost={postgres.folder}\ndbname=postgres\ndbuser={postgres.name}\n"
    await switch.start("", res_pgsql=conf, extconfig="[settings]\ndesks => pgsql,postgres,desks\n")
    assert (await console(switch, "realtime show pgsql status")).startswith("Not used yet: postgresql")
    assert await console(switch, "realtime show pgsql cache") == "desks\n"
    assert "Stored" in await console(switch, "realtime store desks name alice number 3")
    assert (await console(switch, "realtime show pgsql status")).startswith("Connected to postgresql")
    columns = (await console(switch, "realtime show pgsql cache desks")).splitlines()[3:]
    assert [one.split() for one in columns] == [["name", "text"], ["number", "number"]]
    assert "No such table" in await console(switch, "realtime show pgsql cache rockets")
    assert await console(switch, "cdr show pgsql status") == "There is no cdr_pgsql.conf.\n"


async def test_console(switch: Switch, url: str) -> None:
    await switch.start("", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n", extconfig=FAMILIES)
    assert await console(switch, "realtime update people name alice desk 4") == "Updated 1 RealTime record.\n"
    changed = await console(switch, "realtime update2 people name alice desk 4 { phone x desk 5")
    assert changed == "Updated 1 RealTime record.\n"
    assert "Stored" in await console(switch, "realtime store people name dave desk 8")
    assert "Removed 1" in await console(switch, "realtime destroy people name dave desk 8")
    assert "no family 'nowhere'" in await console(switch, "realtime load nowhere a b")
    assert "Usage" in await console(switch, "realtime load people")
    shown = await console(switch, "odbc show all")
    assert "Name:   main" in shown
    assert "connected" in shown
    assert "people" in await console(switch, "realtime show families")


async def test_the_switch(switch: Switch, url: str) -> None:
    await switch.start("", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n", extconfig=FAMILIES)
    exists = switch.node.pbx.dialplan.exists
    await eventually("in memory", lambda: exists("outside", "100"))
    assert exists("outside", "234")
    assert not exists("outside", "300")
    assert switch.node.pbx.dialplan.can_match("outside", "10")
    await run(switch, "100", "outside")
    assert said(switch, "DIALLED", "THEN") == ["hundred", "100"]
    await run(switch, "250", "outside")
    assert said(switch, "DIALLED") == ["two"]


async def test_sql_functions(switch: Switch, url: str, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start("", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n", func_odbc=ODBC)
    await run(switch, "odbc")
    assert said(switch, "DESK", "CHANGED", "INSERTED", "COUNT", "FIRST") == [
        "1/1/SUCCESS",
        "1",
        "5",
        "3",
        "alice,9",
    ]
    assert said(switch, "AFTERWARDS", "ODD") == ["[]FAILURE", "/FAILURE"]
    assert "there is no database 'missing'" in caplog.text
    assert "nowhere" in caplog.text


async def test_transactions(switch: Switch, url: str, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start("", DIALPLAN, res_odbc=f"[main]\ndsn={url}\n", func_odbc=ODBC)
    await run(switch, "undo")
    assert said(switch, "WITHIN", "UNDONE", "AGAIN") == ["50 a serializable", "1 OK []", "FAIL"]
    await run(switch, "keep")
    assert said(switch, "KEPT") == ["51 OK"]
    records = switch.node.records
    await run(switch, "left")  # the call has ended in the middle of it
    await records.odbc.settle()
    await run(switch, "desk")
    assert said(switch, "DESK") == ["51"]
    await run(switch, "forced")
    await records.odbc.settle()
    await run(switch, "desk")
    assert said(switch, "DESK") == ["53"]
    await run(switch, "none")
    assert said(switch, "NONE") == ["[]"]
    assert "there is no database 'missing'" in caplog.text
    database = records.databases.opened("main")
    assert database is not None
    assert database.active == 0


async def test_what_cannot_be_asked_holds_up_nobody(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    families = "[settings]\nnowhere => odbc,main,nowhere\n"
    odbc = "[main]\ndsn=postgresql+psycopg://pbx:secret@127.0.0.1:9/none\nconnect_timeout=2\n"
    await switch.start("", DIALPLAN, res_odbc=odbc, extconfig=families)
    await run(switch, "wrong")
    assert said(switch, "WRONG", "AFTER") == ["[]", "on"]
    assert "cannot be reached" in caplog.text
    assert "secret" not in caplog.text
    assert "not reachable" in await console(switch, "odbc show main")


class Rows(BaseHTTPRequestHandler):
    """A web server that speaks res_config_curl's protocol, and keeps what it was asked."""

    asked: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        data = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
        self.asked.append((self.path, data))
        what = self.path.partition("?")[0].rpartition("/")[2]
        answer = {"single": "name=alice&desk=1", "multi": "name=a&desk=\r\nname=b+c&desk=2\r\n"}.get(
            what, "1"
        )
        body = answer.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """The URL of such a server."""
    Rows.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Rows) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/people"
        served.shutdown()
        thread.join()


async def test_a_web_server(switch: Switch, server: str) -> None:
    await switch.start("", DIALPLAN, extconfig=f"[settings]\npeople => curl,{server}\n")
    realtime = switch.node.records.realtime
    assert await realtime.find("people", [("name", "alice")]) == [("name", "alice"), ("desk", "1")]
    assert await realtime.find_all("people", [("name LIKE", "%")]) == [
        [("name", "a")],
        [("name", "b c"), ("desk", "2")],
    ]
    assert await realtime.update("people", [("name", "a b")], [("desk", "3")]) == 1
    assert await realtime.store("people", [("name", "x;y")]) == 1
    assert await realtime.destroy("people", [("name", "x"), ("desk", "1")]) == 1
    assert Rows.asked == [
        ("/people/single", {"name": "alice"}),
        ("/people/multi", {"name LIKE": "%"}),
        ("/people/update?name=a%20b", {"desk": "3"}),
        ("/people/store", {"name": "x;y"}),
        ("/people/destroy?name=x", {"desk": "1"}),
    ]
