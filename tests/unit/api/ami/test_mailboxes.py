"""Message counts that others keep: actions, events, and rows of a database."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from unit.api.ami.test_sessions import Office, office
from unit.drivers.node import Switch

__all__ = ["Switch", "office"]


async def test_update_get_count_delete(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    updated = await boss.ask("MWIUpdate", Mailbox="600@office", NewMessages="2", OldMessages="3")
    assert updated["Response"] == "Success"
    waiting = await boss.find(Event="MessageWaiting", Mailbox="600@office")
    assert (waiting["Waiting"], waiting["New"], waiting["Old"]) == ("1", "2", "3")
    count = await boss.ask("MailboxCount", Mailbox="600@office")
    assert (count["NewMessages"], count["OldMessages"]) == ("2", "3")
    assert (await boss.ask("MailboxStatus", Mailbox="1@x,600@office"))["Waiting"] == "1"
    await boss.ask("MWIUpdate", Mailbox="601@office")
    boss.send("MWIGet", Mailbox="/^60/", ActionID="list")
    done = await boss.find(Event="MWIGetComplete")
    assert done["ListItems"] == "2"
    assert (await boss.ask("MWIGet", Mailbox="/(/"))["Response"] == "Error"
    assert (await boss.ask("MWIUpdate", Mailbox="1", NewMessages="-1"))["Response"] == "Error"
    await boss.ask("MWIDelete", Mailbox="/^600/")
    await boss.find(Event="MessageWaiting", Mailbox="600@office", Waiting="0")
    assert [name for name, _ in office.node.mailboxes.items()] == ["601@office"]


async def test_counts_that_are_rows(office: Office) -> None:
    config, path = office.switch.config, office.switch.folder / "mwi.db"
    (config / "sorcery.conf").write_text("[res_mwi_external]\nmailboxes=realtime,mailboxes\n")
    (config / "extconfig.conf").write_text("[settings]\nmailboxes => sqlite3,mwi\n")
    (config / "res_config_sqlite3.conf").write_text(f"[mwi]\ndbfile={path}\n")

    def rows(statement: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(path)) as db, db:
            return db.execute(statement).fetchall()

    rows("CREATE TABLE mailboxes (id TEXT, msgs_new INTEGER, msgs_old INTEGER)")
    rows("INSERT INTO mailboxes VALUES ('700', 4, 0)")
    await office.start()
    boss = await office.boss()
    assert (await boss.ask("MailboxCount", Mailbox="700"))["NewMessages"] == "4"
    rows("UPDATE mailboxes SET msgs_new = 5")
    boss.send("MWIGet", Mailbox="700", ActionID="one")
    assert (await boss.find(Event="MWIGet"))["NewMessages"] == "5"
    await boss.ask("MWIUpdate", Mailbox="701", NewMessages="1")
    await boss.ask("MWIUpdate", Mailbox="701", NewMessages="6", OldMessages="2")
    assert rows("SELECT * FROM mailboxes WHERE id = '701'") == [("701", 6, 2)]
    await boss.ask("MWIDelete", Mailbox="701")
    assert rows("SELECT id FROM mailboxes") == [("700",)]
    rows("DROP TABLE mailboxes")
    assert (await boss.ask("MWIGet", Mailbox="700"))["Response"] == "Error"
