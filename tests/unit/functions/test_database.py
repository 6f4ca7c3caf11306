"""DB and its family, DBdel, DBdeltree, BLACKLIST."""

from __future__ import annotations

import pytest
import pytest_asyncio

from offhook.features.astdb import AstDb
from offhook.features.custom_states import keep_devices, keep_presences
from offhook.features.device_states import DeviceState
from offhook.features.hints import Presence
from unit.functions.saying import evaluated, spoken


@pytest_asyncio.fixture
async def desk(office):
    o = office()
    o.db = AstDb()
    o.pbx.add_service(o.db)
    return o


async def test_set_and_read(desk) -> None:
    found = await evaluated(
        desk,
        "${DB(cf/6001)}",
        "${DB(none/6001)}|${DB_RESULT}",
        "${DB_EXISTS(cf/6001)}${DB_EXISTS(cf/6002)}",
        "${DB_RESULT}",
        before=("Set(DB(cf/6001)=0301234567)",),
    )
    assert found == ["0301234567", "|0301234567", "10", "0301234567"]
    assert desk.db.get("cf", "6001") == "0301234567"


async def test_a_key_may_have_slashes_and_a_value_commas(desk) -> None:
    found = await evaluated(desk, "${DB(a/b/c)}", before=("Set(DB(a/b/c)=x,y=z)",))
    assert found == ["x,y=z"]
    assert list(desk.db.entries("a/b")) == [("/a/b/c", "x,y=z")]


async def test_delete_gives_the_value(desk) -> None:
    desk.db.put("cf", "1", "one")
    desk.db.put("cf", "2", "two")
    found = await evaluated(
        desk, "${DB_DELETE(cf/1)}", "${DB_EXISTS(cf/1)}", "${DB_DELETE(cf/1)}", "${DB_EXISTS(cf/2)}",
        before=("Set(DB_DELETE(cf/2)=)",),
    )  # fmt: skip
    assert found == ["one", "0", "", "0"]


async def test_keys_and_families(desk) -> None:
    for family, key in (("cf", "6001"), ("cf", "6002"), ("dnd", "6001"), ("cf/busy", "6001"), ("cfx", "1")):
        desk.db.put(family, key, "v")
    found = await evaluated(
        desk, "${DB_KEYS(cf)}", "${DB_KEYS()}", "${DB_KEYCOUNT(cf)}", "${DB_KEYCOUNT()}", "${DB_KEYS(nope)}",
        "${DB_KEYS(cf/busy)}",
    )  # fmt: skip
    assert found == ["6001,6002,busy", "cf,cfx,dnd", "3", "3", "", "6001"]


async def test_dbdel_and_dbdeltree(desk) -> None:
    for family, key in (("cf", "6001"), ("cf", "6002"), ("cf", "busy/6001"), ("cfx", "1")):
        desk.db.put(family, key, "v")
    await spoken(desk, "DBdel(cf/6001)", "DBdel(cf/none)", "DBdeltree(cf/busy)", "DBdeltree(nothing)")
    assert [key for key, _ in desk.db.entries()] == ["/cf/6002", "/cfx/1"]
    await spoken(desk, "DBdeltree(cf)")
    assert [key for key, _ in desk.db.entries()] == ["/cfx/1"]


@pytest.mark.parametrize("bad", ["DB(family)", "DB(/key)", "DB_EXISTS(x)", "DB_DELETE(x)"])
async def test_what_is_no_entry(desk, bad, caplog) -> None:
    assert await evaluated(desk, "<${" + bad + "}>") == ["<>"]
    assert "family/key" in caplog.text


async def test_dbdel_without_a_key_ends_the_call(desk, caplog) -> None:
    found = await spoken(desk, "DBdel(cf)", "Set(GLOBAL(after)=1)")
    assert "after" not in found
    assert "DBdel: family/key is needed" in caplog.text


async def test_an_endless_key_is_refused(desk, caplog) -> None:
    await spoken(desk, f"Set(DB(a/{'k' * 2000})=1)", "Set(GLOBAL(after)=1)")
    assert len(desk.db) == 0
    assert "is no family/key" in caplog.text


async def test_blacklist(desk) -> None:
    desk.db.put("blacklist", "6001", "1")
    assert await evaluated(desk, "${BLACKLIST()}") == ["1"]
    desk.db.delete("blacklist", "6001")
    assert await evaluated(desk, "${BLACKLIST()}") == ["0"]


async def test_a_node_without_a_database(office, caplog) -> None:
    assert await evaluated(office(), "<${DB(a/b)}>") == ["<>"]
    assert "no database" in caplog.text


async def test_from_outside_the_dialplan(desk) -> None:
    desk.db.put("a", "b", "1")
    call = desk.runner.call_without_channel(desk.pbx)
    call.may_live_dangerously = False
    assert call.get("DB(a/b)") == "1"
    assert call.get("DB_DELETE(a/b)") == ""
    assert desk.db.get("a", "b") == "1"


async def test_custom_states_are_kept(desk) -> None:
    keep_devices(desk.db, desk.devices)
    keep_presences(desk.db, desk.hints)
    desk.devices.set_custom("lamp", DeviceState.INUSE)
    desk.hints.set_custom_presence("bob", Presence("away", "lunch", "back, soon"))
    assert desk.db.get("CustomDevstate", "lamp") == "INUSE"
    desk.devices.custom.clear()
    desk.hints.custom_presence.clear()
    keep_devices(desk.db, desk.devices)
    keep_presences(desk.db, desk.hints)
    assert desk.devices.state("Custom:lamp") is DeviceState.INUSE
    assert desk.hints.presence("CustomPresence:bob") == Presence("away", "lunch", "back, soon")


@pytest.mark.parametrize(("lives", "left"), [(False, "1"), (True, None)])
async def test_those_outside_may_what_live_dangerously_lets_them(desk, lives: bool, left: str | None) -> None:
    desk.db.put("a", "b", "1")
    desk.runner.live_dangerously = lives
    call = desk.runner.call_without_channel(desk.pbx)
    with call.from_outside():
        call.get("DB_DELETE(a/b)")
    assert desk.db.get("a", "b") == left
    assert call.may_live_dangerously
