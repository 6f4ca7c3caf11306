"""Lists of acl.conf that are rows of a database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from unit.drivers.node import Switch

DOORS = """
[door]
type=endpoint
context=default
disallow=all
allow=ulaw
acl=near
[gate]
type=endpoint
context=default
disallow=all
allow=ulaw
acl=nobodys
"""


@pytest.fixture
def rules(switch: Switch) -> Path:
    """The file of the database."""
    path = switch.folder / "rules.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE lists (name TEXT, rule_order INTEGER, sense TEXT, rule TEXT)")
    return path


def write(path: Path, *rows: tuple[str, int | None, str, str]) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM lists")
        db.executemany("INSERT INTO lists VALUES (?, ?, ?, ?)", rows)


async def start(switch: Switch, rules: Path, acl: str = "") -> None:
    await switch.start(
        DOORS,
        "[default]\nexten => 1,1,Hangup(17)\n",
        extconfig="[settings]\nacls => sqlite3,rules,lists\n",
        res_config_sqlite3=f"[rules]\ndbfile={rules}\n",
        **({"acl": acl} if acl else {}),
    )


async def answer_to(switch: Switch, name: str) -> int:
    """The status that a call by an endpoint gets: 486 when it is let in, 401 when not."""
    peer = await switch.peer(name=name)
    return (await peer.expect_final(peer.request("INVITE", f"sip:1@{peer.server}"))).status


async def test_rows_let_in_and_keep_out(switch: Switch, rules: Path) -> None:
    write(
        rules,
        ("near", 2, "permit", "127.0.0.0/8"),  # the order is that of rule_order: the last that fits counts
        ("near", 1, "deny", "0.0.0.0/0"),
    )
    await start(switch, rules)
    assert [str(problem) for problem in switch.node.problems if "acl" in str(problem)] == []
    assert await answer_to(switch, "door") == 486
    assert await answer_to(switch, "gate") == 401  # a list that is nowhere lets nobody pass
    write(rules, ("near", 1, "deny", "127.0.0.1"), ("nobodys", 1, "permit", "127.0.0.1"))
    await switch.node.reload()
    assert await answer_to(switch, "door") == 401
    assert await answer_to(switch, "gate") == 486


async def test_a_list_of_the_file_counts_in_place_of_rows(switch: Switch, rules: Path) -> None:
    write(rules, ("near", 1, "deny", "127.0.0.1"), ("nobodys", 1, "deny", "127.0.0.1"))
    await start(switch, rules, acl="[near]\npermit=127.0.0.1\n")
    assert await answer_to(switch, "door") == 486
    assert await answer_to(switch, "gate") == 401
    write(rules)
    await switch.node.use_rows(read=True)
    assert sorted(switch.node.snapshot.acls) == ["near"]


async def test_a_row_that_is_no_rule_keeps_out(switch: Switch, rules: Path, caplog) -> None:
    write(
        rules,
        ("near", 1, "allow", "127.0.0.1"),
        ("", 1, "deny", "127.0.0.1"),
        ("near", None, "deny", "127.0.0.300"),
    )
    await start(switch, rules)
    assert await answer_to(switch, "door") == 401
    assert "realtime acls" in caplog.text


async def test_a_database_that_is_away_changes_nothing(switch: Switch, rules: Path) -> None:
    write(rules, ("near", 1, "permit", "127.0.0.1"))
    await start(switch, rules)
    with closing(sqlite3.connect(rules)) as db, db:
        db.execute("DROP TABLE lists")
    await switch.node.use_rows(read=True)
    assert await answer_to(switch, "door") == 486
