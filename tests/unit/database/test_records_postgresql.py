"""Records in PostgreSQL: types of columns, and a server that is away."""

from __future__ import annotations

import pytest

from unit.api.test_records import DIALPLAN, call
from unit.database.conftest import Postgres
from unit.drivers.node import Switch, eventually


def conf(postgres: Postgres, table: str) -> str:
    return f"[global]\nhostname={postgres.folder}\ndbname=postgres\nuser={postgres.name}\ntable={table}\n"


async def test_typed_columns_and_an_outage(switch: Switch, postgres: Postgres) -> None:
    postgres.sql(
        "CREATE TABLE calls (id serial PRIMARY KEY, calldate timestamptz, clid varchar(80), dst text,"
        " duration integer, billsec numeric, disposition text, amaflags integer, uniqueid text,"
        " route integer)"
    )
    postgres.sql(
        "CREATE TABLE events (id serial PRIMARY KEY, eventtype text, eventtime timestamp, channame text,"
        " userdeftype text, extra text)"
    )
    await switch.start(
        "",
        DIALPLAN,
        cdr_pgsql=conf(postgres, "calls"),
        cel_pgsql=conf(postgres, "events"),
        cel="[general]\nenable=yes\nevents=USER_DEFINED,CHAN_START\n",
    )
    await call(switch)
    outbox = switch.node.records.outbox
    await eventually("delivered", lambda: not outbox.waiting())
    (row,) = postgres.sql(
        "SELECT amaflags, disposition, route, now() - calldate < interval '1 hour' FROM calls"
        " WHERE dst = 'call'"
    )
    assert row == (3, "ANSWERED", 27, True)
    assert postgres.sql("SELECT extra FROM events WHERE userdeftype = 'MARK'") == [('{"extra":"some text"}',)]

    postgres.stop()
    await call(switch)
    assert outbox.waiting()["cdr_pgsql"] >= 1
    postgres.start()
    await switch.node.records.submit()
    await eventually("delivered after the outage", lambda: not outbox.waiting(), 30.0)
    assert len(postgres.sql("SELECT 1 FROM calls WHERE dst = 'call'")) == 2


async def test_a_record_that_the_table_refuses_does_not_hold_up_the_others(
    switch: Switch, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.sql("CREATE TABLE picky (dst varchar(5))")
    await switch.start("", DIALPLAN, cdr_pgsql=conf(postgres, "picky"))
    outbox = switch.node.records.outbox
    outbox.put("cdr_pgsql", {"dst": "much too long"})
    outbox.put("cdr_pgsql", {"dst": "short"})
    await switch.node.store.flush()
    await eventually("delivered", lambda: not outbox.waiting())
    assert postgres.sql("SELECT dst FROM picky") == [("short",)]
    assert "refuses a record" in caplog.text
