"""Where call records go: the line of Master.csv, the row in SQLite."""

from __future__ import annotations

import asyncio
import csv
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from offhook.features.cdr import Cdr, CdrSettings
from offhook.features.cdr_backends import CdrCsv, CdrSqlite, CsvSettings
from offhook.pbx.channel import ChannelState
from offhook.pbx.party import PartyId
from offhook.storage.schema import CDR_COLUMNS, SCHEMA
from offhook.storage.store import Store

START = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC


def record(**changes: object) -> Cdr:
    channel = SimpleNamespace(
        name="PJSIP/6001-00000001",
        uniqueid="1767225600.1",
        linkedid="1767225600.1",
        exten="6002",
        context="phones",
        caller=PartyId("6001", "Alice"),
        account_code="sales",
        ama_flags=3,
        user_field="field",
        state=ChannelState.UP,
    )
    cdr = Cdr(channel, START, 7)  # type: ignore[arg-type]
    cdr.dst_channel, cdr.peer_account = "PJSIP/6002-00000002", "peer"
    cdr.last_app, cdr.last_data = "Dial", "PJSIP/6002,20"
    cdr.answer, cdr.end, cdr.disposition = START + 4, START + 14.6, "ANSWERED"
    for name, value in changes.items():
        setattr(cdr, name, value)
    return cdr


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(tmp_path / "s.sqlite", loop=asyncio.get_running_loop(), schema=SCHEMA)
    yield store
    store.close()


BASE = (
    '"sales","6001","6002","phones","""Alice"" <6001>","PJSIP/6001-00000001","PJSIP/6002-00000002","Dial",'
    '"PJSIP/6002,20","2026-01-01 00:00:00","2026-01-01 00:00:04","2026-01-01 00:00:14",14,10,"ANSWERED",'
    '"DOCUMENTATION"'
)


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (CsvSettings(), ""),
        (CsvSettings(log_uniqueid=True), ',"1767225600.1"'),
        (CsvSettings(log_user_field=True), ',"field"'),
        (CsvSettings(new_columns=True), ',"peer","1767225600.1",7'),
        (
            CsvSettings(log_uniqueid=True, log_user_field=True, new_columns=True),
            ',"1767225600.1","field","peer","1767225600.1",7',
        ),
    ],
)
async def test_the_line(store, tmp_path, settings: CsvSettings, more: str) -> None:
    assert CdrCsv(store, tmp_path, settings).line(record(), CdrSettings()) == f"{BASE}{more}\n"


async def test_an_unanswered_call_has_no_time_of_answer(store, tmp_path) -> None:
    line = CdrCsv(store, tmp_path, CsvSettings()).line(
        record(answer=0.0, disposition="NO ANSWER"), CdrSettings()
    )
    assert '"2026-01-01 00:00:00",,"2026-01-01 00:00:14",14,0,"NO ANSWER"' in line


async def test_any_text_stays_one_record_of_sixteen_fields(store, tmp_path) -> None:
    nasty = 'a"b,c\r\nd;""e\x00f\udc80'
    line = CdrCsv(store, tmp_path, CsvSettings()).line(record(src=nasty, last_data=nasty), CdrSettings())
    assert line.count("\n") == 1
    assert "\x00" not in line
    (row,) = csv.reader([line])
    assert len(row) == 16
    assert row[1].startswith('a"b,c  d;""e')


async def test_local_time_or_gmt(store, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    local = CdrCsv(store, tmp_path, CsvSettings()).line(record(), CdrSettings())
    gmt = CdrCsv(store, tmp_path, CsvSettings(use_gmt=True)).line(record(), CdrSettings())
    assert '"2026-01-01 01:00:00"' in local
    assert '"2026-01-01 00:00:00"' in gmt


async def test_half_seconds(store, tmp_path) -> None:
    line = CdrCsv(store, tmp_path, CsvSettings()).line(record(), CdrSettings(initiated_seconds=True))
    assert ',14,11,"ANSWERED"' in line


@pytest.mark.parametrize("account", ["../evil", ".hidden", "a/b", "x" * 300, "nul\x00l"])
async def test_account_codes_that_are_no_file_names(store, tmp_path, account: str) -> None:
    folder = tmp_path / "csv"
    CdrCsv(store, folder, CsvSettings()).write(record(account_code=account), CdrSettings())
    await store.flush()
    assert [path.name for path in folder.iterdir()] == ["Master.csv"]
    assert not (tmp_path / "evil.csv").exists()


@pytest.mark.parametrize(("logs", "files"), [(True, ["Master.csv", "sales.csv"]), (False, ["Master.csv"])])
async def test_files(store, tmp_path, logs: bool, files: list[str]) -> None:
    folder = tmp_path / "csv"
    backend = CdrCsv(store, folder, CsvSettings(account_logs=logs))
    backend.write(record(), CdrSettings())
    backend.write(record(account_code=""), CdrSettings())
    await store.flush()
    assert sorted(path.name for path in folder.iterdir()) == files
    assert len((folder / "Master.csv").read_text().splitlines()) == 2


async def test_the_row(store) -> None:
    CdrSqlite(store).write(record(), CdrSettings())
    await store.flush()
    (row,) = store.query("SELECT * FROM cdr")
    found = dict(zip(CDR_COLUMNS, row, strict=True))
    assert found == {
        "accountcode": "sales",
        "src": "6001",
        "dst": "6002",
        "dcontext": "phones",
        "clid": '"Alice" <6001>',
        "channel": "PJSIP/6001-00000001",
        "dstchannel": "PJSIP/6002-00000002",
        "lastapp": "Dial",
        "lastdata": "PJSIP/6002,20",
        "start": "2026-01-01 00:00:00",
        "answer": "2026-01-01 00:00:04",
        "end": "2026-01-01 00:00:14",
        "duration": 14,
        "billsec": 10,
        "disposition": "ANSWERED",
        "amaflags": 3,
        "uniqueid": "1767225600.1",
        "userfield": "field",
        "linkedid": "1767225600.1",
        "peeraccount": "peer",
        "sequence": 7,
    }
