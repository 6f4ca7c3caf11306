"""Objects of pjsip.conf that are rows of databases (sorcery.conf): ps_endpoints, ps_aors, ps_auths ...

Who sends a request is decided without waiting, so the rows are in memory with the objects of the file.
They are read at the start, at a reload and every minute.  As soon as a stranger comes those of the endpoint
are looked up that he would be by his name, and all are read when there is none: he gets the challenge that
every stranger gets, and when he answers it the rows are there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from offhook.api.acl_rows import AclRows
from offhook.config.errors import ConfigError, Problem, Problems, Severity
from offhook.config.files.sorcery import MAILBOXES
from offhook.config.pjsip import TYPES, PjsipConfig, read_pjsip
from offhook.config.reader import ConfigFile, Item, Section, read_file
from offhook.features.realtime import Realtime, RealtimeError, Row

if TYPE_CHECKING:
    from offhook.config.snapshot import ConfigSnapshot

__all__ = ["READ_EVERY", "InvalidObjectError", "PjsipRows"]

log = logging.getLogger(__name__)

READ_EVERY: Final = 60.0
"""Seconds after which rows are read again."""
_AT_MOST_EVERY: Final = 1.0  # seconds, however many strangers come
_SHARE: Final = 20  # times as long as reading took nothing is read for strangers

_MOST_NAMES: Final = 100  # looked up at once
_REFERENCES: Final = {"aors": "aor", "auth": "auth", "outbound_auth": "auth"}  # of an endpoint, to a kind

_Rows = Mapping[tuple[str, str], Sequence[Row]]


class InvalidObjectError(Exception):
    """Options of an object that cannot be; the text says which and why."""


class PjsipRows:
    """Brings rows into the configuration of PJSIP."""

    def __init__(self, realtime: Realtime, loop: asyncio.AbstractEventLoop) -> None:
        self._realtime = realtime
        self._acls = AclRows(realtime)
        self._loop = loop
        self._rows: dict[tuple[str, str], Sequence[Row]] = {}
        self.in_memory: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        """Objects that programs have made (ARI), by type and name: options with their values."""
        self.read_at = loop.time()
        """By the loop's clock."""
        self._had_objects = False  # in memory, when they were merged last
        self._reported: set[str] = set()
        self._wake = asyncio.Event()
        self._asked: dict[tuple[str, ...], None] = {}  # the names that a stranger may have, of each one
        self._task: asyncio.Task[None] | None = None

    async def merged(self, snapshot: ConfigSnapshot, *, read: bool = True) -> ConfigSnapshot:
        """The snapshot with the objects of the databases in it; of one that does not answer those of before.

        Without `read` with what was read last.
        """
        if read:
            await self._acls.read(snapshot)
        snapshot = self._acls.merge(snapshot)
        if not _families(snapshot) and not self.in_memory and not self._had_objects:
            return snapshot
        if read:
            await self._read(snapshot)
        self._had_objects = bool(self.in_memory)
        made = [_made(*key, items) for key, items in self.in_memory.items()]
        pjsip, problems = await asyncio.to_thread(_build, snapshot, dict(self._rows), made)
        known = set(snapshot.problems)
        for problem in problems:
            if problem not in known and str(problem) not in self._reported:
                self._reported.add(str(problem))
                level = logging.ERROR if problem.severity is Severity.ERROR else logging.WARNING
                log.log(level, "%s", problem)
        return replace(snapshot, pjsip=pjsip)

    def change(self, kind: str, name: str, items: Sequence[tuple[str, str]] | None) -> None:
        """Keep an object of a type in memory, or (None) forget it.  Raises InvalidObjectError."""
        if items is None:
            self.in_memory.pop((kind, name), None)
            return
        problems = Problems()
        section = _made(kind, name, items)
        if TYPES[kind].reading(problems).read(section) is None:
            raise InvalidObjectError("; ".join(problem.what for problem in problems))
        self.in_memory[kind, name] = tuple(items)

    async def _read(self, snapshot: ConfigSnapshot) -> bool:
        """Read all rows; whether they are others than before."""
        before, found = self._rows, dict[tuple[str, str], Sequence[Row]]()
        for kind, families in _families(snapshot).items():
            for family in families:
                try:
                    found[kind, family] = await self._realtime.find_all(family, [("id LIKE", "%")])
                except RealtimeError:  # it is in the log
                    found[kind, family] = before.get((kind, family), ())
        self._rows = found
        self.read_at = self._loop.time()
        return found != before

    def names_of(self, kind: str) -> list[str] | None:
        """The objects of a type that are rows, by name; None when its objects are no rows."""
        families = [family for of, family in self._rows if of == kind]
        if not families:
            return None
        rows = [row for family in families for row in self._rows[kind, family]]
        return sorted(value for row in rows for column, value in row if column.lower() == "id")

    async def _news(self, snapshot: ConfigSnapshot) -> bool:
        """Look up those who have come, or read all rows; whether they are others than before."""
        asked, self._asked = self._asked, {}
        before = self._rows
        try:
            known = [await self._look_up(snapshot, names) for names in asked]
        except RealtimeError:  # it is in the log, and the others are not to be had either
            return self._rows != before
        if known and all(known):
            return self._rows != before
        return await self._read(snapshot) or self._rows != before

    async def _look_up(self, snapshot: ConfigSnapshot, names: Sequence[str]) -> bool:
        """Read the rows of the endpoint that has one of these names; whether there is one."""
        families = _families(snapshot)
        for name in names:
            for family in families.get("endpoint", ()):
                endpoint = await self._realtime.find(family, [("id", name)])
                if endpoint is None:
                    continue
                self._keep(("endpoint", family), [endpoint])
                wanted = [("identify", ("endpoint", name))]
                for column, value in endpoint:
                    kind = _REFERENCES.get(column.lower())
                    if kind is not None:
                        names_of_it = filter(None, map(str.strip, value.split(",")))
                        wanted += [(kind, ("id", one)) for one in names_of_it]
                for kind, condition in wanted:
                    for place in families.get(kind, ()):
                        self._keep((kind, place), await self._realtime.find_all(place, [condition]))
                return True
        return False

    def _keep(self, place: tuple[str, str], rows: Sequence[Row]) -> None:
        """Put rows in the place of those with the same ids."""
        held = self._rows.get(place, ())
        if all(row in held for row in rows):
            return
        ids = {_id(row) for row in rows}
        self._rows = {**self._rows, place: [*(row for row in held if _id(row) not in ids), *rows]}

    def watch(self, snapshot: Callable[[], ConfigSnapshot], use: Callable[[], Awaitable[None]]) -> None:
        """Look for other rows from now on, and have them used."""
        self._task = self._loop.create_task(self._watching(snapshot, use), name="rows of PJSIP")

    async def _watching(
        self, snapshot: Callable[[], ConfigSnapshot], use: Callable[[], Awaitable[None]]
    ) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READ_EVERY):
                    await self._wake.wait()
            began = self._loop.time()
            if await self._others(snapshot()):
                try:
                    await use()
                except Exception:
                    log.exception("rows of PJSIP")
            # A flood of strangers must not be one of the database.
            await asyncio.sleep(max(_AT_MOST_EVERY, _SHARE * (self._loop.time() - began)))
            if not self._asked:  # nobody has come meanwhile
                self._wake.clear()

    async def _others(self, snapshot: ConfigSnapshot) -> bool:
        """Read what may be there now; whether it is other than before.  No stranger has lists read."""
        others = not self._wake.is_set() and await self._acls.read(snapshot)
        return (bool(_families(snapshot)) and await self._news(snapshot)) or others

    def stranger_came(self, names: Sequence[str] = ()) -> None:
        """Somebody is not known, who would be one of these endpoints: it may have been added a moment ago."""
        if names and len(self._asked) < _MOST_NAMES:
            self._asked[tuple(names)] = None
        elif not names:
            self._asked[()] = None
        self._wake.set()

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None


def _families(snapshot: ConfigSnapshot) -> dict[str, tuple[str, ...]]:
    return {kind: families for kind, families in snapshot.sorcery.items() if kind != MAILBOXES}


def _build(
    snapshot: ConfigSnapshot, rows: _Rows, made: Sequence[Section]
) -> tuple[PjsipConfig, list[Problem]]:
    problems = Problems()
    path = snapshot.folder / "pjsip.conf"
    sections: list[Section] = []
    if path.exists():
        try:
            exec_includes = snapshot.asterisk.options.execincludes
            config = read_file(
                path, config_dir=snapshot.folder, problems=problems, exec_includes=exec_includes
            )
            sections = list(config.sections)
        except ConfigError as error:
            problems.error(error.file, error.line, error.what)
    for (kind, family), found in rows.items():
        sections += [section for row in found if (section := _section(kind, family, row)) is not None]
    replaced = {(section.get("type"), section.name) for section in made}
    sections = [one for one in sections if (one.get("type").lower(), one.name) not in replaced]
    sections += made
    by_name: dict[str, list[Section]] = {}
    for section in sections:
        by_name.setdefault(section.name, []).append(section)
    merged = ConfigFile(str(path), sections, [], by_name, ())
    return read_pjsip(merged, problems, named_acls=snapshot.acl_names), list(problems)


def _id(row: Row) -> str:
    return next((value for column, value in row if column.lower() == "id"), "")


def _made(kind: str, name: str, items: Sequence[tuple[str, str]]) -> Section:
    """An object in memory as a section of pjsip.conf."""
    section = Section(name, "memory", 0)
    section.items.append(Item("type", kind, "memory", 0))
    section.items += [Item(key, value, "memory", number) for number, (key, value) in enumerate(items, 1)]
    return section


def _section(kind: str, family: str, row: Row) -> Section | None:
    """A row as a section of pjsip.conf; the place of a column is told as a line, so each is reported once."""
    file = f"realtime {family}"
    name = _id(row)
    if not name:
        return None
    section = Section(name, file, 0)
    section.items.append(Item("type", kind, file, 0))
    section.items += [
        Item(column.lower(), value, file, number)
        for number, (column, value) in enumerate(row, 1)
        if column.lower() != "id"
    ]
    return section
