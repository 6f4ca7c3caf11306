"""Lists of acl.conf that are rows of a database: the family `acls` of extconfig.conf.

A row is one rule: `name` of the list, `rule_order`, `sense` (permit or deny) and `rule`, an address or a
network.  Who may come in is decided without waiting, so the rows are in memory; see PjsipRows for when they
are read.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from offhook.config.errors import Problems
from offhook.config.pjsip.access import NAMED_ACL
from offhook.config.reader import Item, Section
from offhook.features.realtime import Realtime, RealtimeError, Row

if TYPE_CHECKING:
    from offhook.config.pjsip.access import NamedAcl
    from offhook.config.snapshot import ConfigSnapshot

__all__ = ["FAMILY", "AclRows"]

log = logging.getLogger(__name__)

FAMILY: Final = "acls"
_FILE: Final = "realtime acls"  # where their rules are, in messages


class AclRows:
    """Brings the rows into the named lists of the configuration."""

    def __init__(self, realtime: Realtime) -> None:
        self._realtime = realtime
        self._rows: Sequence[Row] = ()
        self._reported: set[str] = set()

    async def read(self, snapshot: ConfigSnapshot) -> bool:
        """Read the rows; whether they are others than before, which they are not when nobody answers."""
        before = self._rows
        if FAMILY not in snapshot.families:
            self._rows = ()
        else:
            try:
                self._rows = await self._realtime.find_all(FAMILY)
            except RealtimeError:  # it is in the log
                return False
        return self._rows != before

    def merge(self, snapshot: ConfigSnapshot) -> ConfigSnapshot:
        """The snapshot with the lists that were read; one of acl.conf counts in place of one in rows."""
        from_file = {name: acl for name, acl in snapshot.acls.items() if acl.where.file != _FILE}
        if len(from_file) == len(snapshot.acls) and not self._rows:
            return snapshot
        problems = Problems()
        found = _lists(self._rows, problems)
        for problem in problems:
            if str(problem) not in self._reported:
                self._reported.add(str(problem))
                log.error("%s", problem)
        return replace(snapshot, acls={**found, **from_file})


def _lists(rows: Sequence[Row], problems: Problems) -> dict[str, NamedAcl]:
    sections: dict[str, Section] = {}
    for number, row in enumerate(sorted((_columns(row) for row in rows), key=_order), 1):
        name, sense, rule = (row.get(column, "").strip() for column in ("name", "sense", "rule"))
        if not name or sense.lower() not in ("permit", "deny") or not rule:
            problems.error(_FILE, number, f"list {name!r}: {sense!r} {rule!r} is no rule")
            sense, rule = "deny", "0.0.0.0/0,::/0"  # who wrote it wanted to keep somebody out
            if not name:
                continue
        section = sections.setdefault(name, Section(name, _FILE, number))
        section.items += [Item(sense.lower(), one, _FILE, number) for one in rule.split(",")]
    reading = NAMED_ACL.reading(problems)
    read = {name: reading.read(section) for name, section in sections.items()}
    return {name: acl for name, acl in read.items() if acl is not None}


def _columns(row: Row) -> dict[str, str]:
    return {column.lower(): value for column, value in row}


def _order(row: dict[str, str]) -> tuple[str, float]:
    try:
        return row.get("name", ""), float(row.get("rule_order", ""))
    except ValueError:
        return row.get("name", ""), float("inf")
