"""Where call detail records go: SQLite, and Asterisk's `Master.csv`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from offhook.features.cdr import AMA_FLAGS, Cdr, CdrSettings
from offhook.storage.schema import CDR_COLUMNS
from offhook.storage.store import Store, json_insert

__all__ = ["CdrCsv", "CdrSqlite", "CsvSettings"]


class _Stamps:
    """Formats times as `YYYY-MM-DD HH:MM:SS`; a busy node formats each second once."""

    __slots__ = ("_gmt", "_last")

    def __init__(self, gmt: bool) -> None:
        self._gmt = gmt
        self._last: tuple[int, str] = (-1, "")

    def __call__(self, when: float) -> str:
        if not when:
            return ""
        second = int(when)
        if self._last[0] != second:
            broken = time.gmtime(second) if self._gmt else time.localtime(second)
            self._last = (second, time.strftime("%Y-%m-%d %H:%M:%S", broken))
        return self._last[1]


class CdrSqlite:
    """Writes each record as a row of the store's `cdr` table, in local time as Asterisk does."""

    name = "offhook.sqlite3"

    def __init__(self, store: Store) -> None:
        self._store = store
        self._insert = json_insert("cdr", CDR_COLUMNS, replace=False)
        self._stamp = _Stamps(gmt=False)

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Submit one record; durable with the store's next commit."""
        stamp = self._stamp
        self._store.submit(
            self._insert,
            (
                cdr.account_code,
                cdr.src,
                cdr.dst,
                cdr.context,
                cdr.clid,
                cdr.channel,
                cdr.dst_channel,
                cdr.last_app,
                cdr.last_data,
                stamp(cdr.start),
                stamp(cdr.answer),
                stamp(cdr.end),
                cdr.duration,
                cdr.billsec(settings.initiated_seconds),
                cdr.disposition,
                cdr.ama_flags,
                cdr.uniqueid,
                cdr.user_field,
                cdr.linkedid,
                cdr.peer_account,
                cdr.sequence,
            ),
            keep=True,
        )


@dataclass(frozen=True, slots=True)
class CsvSettings:
    """cdr.conf [csv]."""

    use_gmt: bool = False
    log_uniqueid: bool = False
    log_user_field: bool = False
    account_logs: bool = True
    new_columns: bool = False


# Line breaks would end the record early for every reader of this file, and no reader likes a zero octet.
_CLEAN = str.maketrans({"\r": " ", "\n": " ", "\x00": " ", '"': '""'})
_LONGEST_NAME = 200  # octets of an account code that names a file; file systems take 255


def _quoted(text: str) -> str:
    return f'"{text.translate(_CLEAN)}"'


def _names_a_file(account: str) -> bool:
    """Whether an account code can be the name of a file, and of none elsewhere."""
    if not account or account.startswith(".") or "/" in account or "\x00" in account:
        return False
    return len(account.encode("utf-8", "backslashreplace")) <= _LONGEST_NAME


class CdrCsv:
    """Appends records to `Master.csv`, and to `<accountcode>.csv` when accountlogs is on."""

    name = "csv"

    def __init__(self, store: Store, folder: Path, settings: CsvSettings) -> None:
        self._store = store
        self._folder = folder
        self._settings = settings
        self._stamp = _Stamps(gmt=settings.use_gmt)

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        """Submit one line; durable with the store's next commit."""
        line = self.line(cdr, settings)
        self._store.append(self._folder / "Master.csv", line)
        account = cdr.account_code
        if self._settings.account_logs and _names_a_file(account):
            self._store.append(self._folder / f"{account}.csv", line)

    def line(self, cdr: Cdr, settings: CdrSettings) -> str:
        """One record as cdr_csv writes it: text quoted, numbers bare."""
        stamp, csv = self._stamp, self._settings
        fields = [
            _quoted(cdr.account_code),
            _quoted(cdr.src),
            _quoted(cdr.dst),
            _quoted(cdr.context),
            _quoted(cdr.clid),
            _quoted(cdr.channel),
            _quoted(cdr.dst_channel),
            _quoted(cdr.last_app),
            _quoted(cdr.last_data),
            _quoted(stamp(cdr.start)),
            _quoted(stamp(cdr.answer)) if cdr.answer else "",
            _quoted(stamp(cdr.end)),
            str(cdr.duration),
            str(cdr.billsec(settings.initiated_seconds)),
            _quoted(cdr.disposition),
            _quoted(AMA_FLAGS.get(cdr.ama_flags, "DOCUMENTATION")),
        ]
        if csv.log_uniqueid:
            fields.append(_quoted(cdr.uniqueid))
        if csv.log_user_field:
            fields.append(_quoted(cdr.user_field))
        if csv.new_columns:
            fields += [_quoted(cdr.peer_account), _quoted(cdr.linkedid), str(cdr.sequence)]
        return ",".join(fields) + "\n"
