"""Endpoints that are rows of a database: at the start, when somebody new comes, at a reload."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from offhook.api.console.all_commands import COMMANDS
from unit.drivers.node import Switch, eventually

TABLES = """
CREATE TABLE ps_endpoints (id TEXT, transport TEXT, aors TEXT, auth TEXT, context TEXT, disallow TEXT,
 allow TEXT, direct_media TEXT, callerid TEXT, made_up TEXT);
CREATE TABLE ps_auths (id TEXT, auth_type TEXT, password TEXT, username TEXT);
CREATE TABLE ps_aors (id TEXT, max_contacts INTEGER, qualify_frequency INTEGER);
"""
SORCERY = "[res_pjsip]\nendpoint=realtime,ps_endpoints\nauth=realtime,ps_auths\naor=realtime,ps_aors\n"
FAMILIES = "[settings]\n" + "".join(
    f"{family} => sqlite3,phones\n" for family in ("ps_endpoints", "ps_auths", "ps_aors")
)


def add(path: Path, name: str, password: str = "secret") -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO ps_endpoints VALUES (?, NULL, ?, ?, 'default', 'all', 'ulaw', 'no', ?, NULL)",
            (name, name, name, f'"{name}" <{name}>'),
        )
        db.execute("INSERT INTO ps_auths VALUES (?, 'userpass', ?, ?)", (name, password, name))
        db.execute("INSERT INTO ps_aors VALUES (?, 2, NULL)", (name,))


@pytest.fixture
def phones(switch: Switch) -> Path:
    """The file of the database."""
    path = switch.folder / "phones.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TABLES)
    return path


async def start(switch: Switch, phones: Path) -> None:
    await switch.start(
        "", sorcery=SORCERY, extconfig=FAMILIES, res_config_sqlite3=f"[phones]\ndbfile={phones}\n"
    )


async def test_registering(switch: Switch, phones: Path) -> None:
    add(phones, "6001")
    await start(switch, phones)
    endpoint = switch.node.sip.config.endpoints["6001"]
    assert [codec.name for codec in endpoint.codecs] == ["ulaw"]
    await (await switch.peer(name="6001")).register(password="secret")
    await (await switch.peer(name="6001")).register(password="wrong", status=403)


async def test_somebody_new_registers_without_a_reload(switch: Switch, phones: Path) -> None:
    add(phones, "6001")
    await start(switch, phones)
    add(phones, "6002")
    peer = await switch.peer(name="6002")
    assert "6002" not in switch.node.sip.config.endpoints
    await peer.register(status=401)
    await eventually("the row is read", lambda: "6002" in switch.node.sip.config.endpoints)
    await peer.register(password="secret")


async def test_of_somebody_new_only_his_own_rows_are_read(
    switch: Switch, phones: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a hundred thousand phones nobody waits until all are read; an unknown name has them read."""
    add(phones, "6001")
    await start(switch, phones)
    realtime = switch.node.records.realtime
    asked: list[tuple[str, str, str]] = []

    def recorded(real: Any) -> Any:
        def ask(family: str, conditions: Any = ()) -> Any:
            asked.extend((family, *condition) for condition in conditions)
            return real(family, conditions)

        return ask

    for method in ("find", "find_all"):
        monkeypatch.setattr(realtime, method, recorded(getattr(realtime, method)))
    add(phones, "6002")
    peer = await switch.peer(name="6002")
    await peer.register(status=401)
    await eventually("the row is read", lambda: "6002" in switch.node.sip.config.endpoints)
    assert asked == [
        ("ps_endpoints", "id", "6002@127.0.0.1"),
        ("ps_endpoints", "id", "6002"),
        ("ps_aors", "id", "6002"),
        ("ps_auths", "id", "6002"),
    ]
    await peer.register(password="secret")
    assert set(switch.node.sip.config.endpoints) == {"6001", "6002"}
    asked.clear()
    stranger = await switch.peer(name="nobody")
    await stranger.register(status=401)
    await eventually("all rows", lambda: ("ps_endpoints", "id LIKE", "%") in asked)


async def test_rows_that_were_changed_take_the_place_of_the_old_ones(switch: Switch, phones: Path) -> None:
    """A stranger's endpoint may be known by another name already: its rows are those of now."""
    add(phones, "6001")
    add(phones, "6001@127.0.0.1", "other")
    with closing(sqlite3.connect(phones)) as db, db:
        db.execute("DELETE FROM ps_endpoints WHERE id LIKE '%@%'")
    await start(switch, phones)
    with closing(sqlite3.connect(phones)) as db, db:
        db.execute("UPDATE ps_endpoints SET allow = 'alaw', auth = '6002', aors = '6001,6002'")
    add(phones, "6002")
    switch.node.rows.stranger_came(["6001"])
    found = switch.node.sip.config

    def changed() -> bool:
        endpoint = switch.node.sip.config.endpoints["6001"]
        return [codec.name for codec in endpoint.codecs] == ["alaw"]

    await eventually("the row of now", changed)
    config = switch.node.sip.config
    assert config is not found
    assert (config.endpoints["6001"].aors, set(config.endpoints)) == (("6001", "6002"), {"6001"})
    assert "6002" in config.auths


async def test_a_reload_reads_rows_and_a_lost_database_keeps_them(
    switch: Switch, phones: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(phones, "6001")
    await start(switch, phones)
    add(phones, "6003")
    await switch.node.reload()
    assert set(switch.node.sip.config.endpoints) == {"6001", "6003"}
    with closing(sqlite3.connect(phones)) as db, db:
        db.execute("ALTER TABLE ps_endpoints RENAME TO gone")
    await switch.node.reload()
    assert set(switch.node.sip.config.endpoints) == {"6001", "6003"}
    assert "ps_endpoints" in caplog.text


async def test_rows_in_memory(switch: Switch, phones: Path) -> None:
    add(phones, "6001")
    await start(switch, phones)

    async def run(line: str) -> str:
        return await COMMANDS.run(switch.node, line)

    said = await run("sorcery memory cache show res_pjsip/endpoint")
    assert "Number of objects within cache: 1\n" in said
    assert "6001" in await run("sorcery memory cache dump res_pjsip/auth")
    add(phones, "6002")
    assert "6002" not in switch.node.sip.config.endpoints
    said = await run("sorcery memory cache expire res_pjsip/endpoint")
    assert said == "All objects expired from sorcery memory cache 'res_pjsip/endpoint'\n"
    assert "6002" in switch.node.sip.config.endpoints
    add(phones, "6003")
    assert "marked as stale" in await run("sorcery memory cache stale res_pjsip/endpoint 6001")
    await eventually("the row is read", lambda: "6003" in switch.node.sip.config.endpoints)
    add(phones, "6004")
    assert "read them anew" in await run("sorcery memory cache populate res_pjsip/aor")
    assert "6004" in switch.node.sip.config.endpoints
    assert "does not exist" in await run("sorcery memory cache show res_pjsip/transport")
    assert "does not exist" in await run("sorcery memory cache expire res_pjsip/endpoint 9999")
    assert "Usage" in await run("sorcery memory cache show")
