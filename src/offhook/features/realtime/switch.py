"""`switch => Realtime/context@family/options`: extensions that are rows of a database.

    switch => Realtime/               the context that the switch stands in, of the family `extensions`
    switch => Realtime/sales@numbers  the context `sales` of the family `numbers`

A row has the columns context, exten, priority, app and appdata; exten may be a pattern (`_1XX`), which the
option `p` leaves out.  Looking a number up never waits, so the contexts that switches name are in memory:
they are read when the dialplan is put in place, and read again when a call needs one that is older than
five seconds.  While the database does not answer, what was read last counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from offhook.dialplan.errors import PatternError
from offhook.dialplan.model import Context, Extension, Step
from offhook.features.realtime.families import Realtime, RealtimeError, Row

if TYPE_CHECKING:
    from offhook.dialplan.model import Dialplan

__all__ = ["NAME", "RealtimeSwitch"]

log = logging.getLogger(__name__)

NAME: Final = "realtime"
"""As `dialplan.switches.KNOWN_SWITCHES` has it."""

_FRESH: Final = 5.0  # seconds
_REFRESH: Final = 10.0  # seconds from one reading of everything to the next

_Key = tuple[str, str, bool]


class RealtimeSwitch:
    """A source of extensions (offhook.dialplan.switches.SwitchSource)."""

    def __init__(self, realtime: Realtime, loop: asyncio.AbstractEventLoop) -> None:
        self._realtime = realtime
        self._loop = loop
        self._contexts: dict[_Key, Context] = {}
        self._read_at: dict[_Key, float] = {}
        self._locks: dict[_Key, asyncio.Lock] = {}
        self._task: asyncio.Task[None] | None = None

    def prepare(self, dialplan: Dialplan) -> None:
        """Read what the switches of a dialplan name, now and every ten seconds."""
        named = {
            _key(switch.data, context.name)
            for context in dialplan.contexts.values()
            for switch in context.switches
            if switch.name.lower() == NAME and "$" not in switch.data
        }
        override = dialplan.settings.override_switch
        if override is not None and override.name.lower() == NAME and "$" not in override.data:
            named |= {_key(override.data, name) for name in dialplan.contexts}
        self.close()
        if named:
            self._task = self._loop.create_task(self._refresh(named), name="switch Realtime")

    async def _refresh(self, keys: Collection[_Key]) -> None:
        while True:
            for key in keys:
                await self._read(key, _FRESH)
            await asyncio.sleep(_REFRESH)

    def close(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # ------------------------------------------------------------ SwitchSource

    def find(self, data: str, context: str, exten: str, caller: str) -> Extension | None:
        """The extension of a number as far as it is in memory."""
        found = self._contexts.get(_key(data, context))
        return found.index.find(exten) if found is not None else None

    def can_match(self, data: str, context: str, digits: str) -> bool:
        """Whether digits are an extension or the beginning of one."""
        found = self._contexts.get(_key(data, context))
        return found is not None and found.index.can_match(digits, _has_first)

    def match_more(self, data: str, context: str, digits: str) -> bool:
        """Whether more digits could make a different extension."""
        found = self._contexts.get(_key(data, context))
        return found is not None and found.index.match_more(digits, _has_first)

    async def fetch(self, data: str, context: str, extens: Collection[str]) -> None:
        """Bring the context into memory, unless that was done a moment ago."""
        await self._read(_key(data, context), _FRESH)

    # ------------------------------------------------------------ rows

    async def _read(self, key: _Key, fresh: float) -> None:
        async with self._locks.setdefault(key, asyncio.Lock()):
            read_at = self._read_at.get(key)
            if read_at is not None and self._loop.time() - read_at < fresh:
                return
            self._read_at[key] = self._loop.time()  # also of one that fails: not every step asks again
            context, family, patterns = key
            try:
                rows = await self._realtime.find_all(family, [("context", context)])
            except RealtimeError as error:
                log.error("switch => Realtime/%s@%s: %s", context, family, error)
                return
            self._contexts[key] = _context(context, family, rows, patterns=patterns)


def _has_first(extension: Extension) -> bool:
    return 1 in extension.steps


def _key(data: str, context: str) -> _Key:
    """Context, family, and whether patterns count, of what stands behind `Realtime/`."""
    place, _, options = data.partition("/")
    named, _, family = place.partition("@")
    return named.strip() or context, family.strip() or "extensions", "p" not in options


def _context(name: str, family: str, rows: list[Row], *, patterns: bool) -> Context:
    where = f"realtime {family}"
    found = Context(name, where, 0, registrar="pbx_realtime")
    for row in rows:
        # appdata may have been taken apart at its semicolons.
        values: dict[str, str] = {}
        for column, value in row:
            key = column.lower()
            values[key] = f"{values[key]};{value}" if key in values else value
        exten, application = values.get("exten", ""), values.get("app", "")
        if not exten or not application or (exten[:1] == "_" and not patterns):
            continue
        try:
            priority = int(values.get("priority", "1"))
            extension = found.extensions.get((exten, None))
            if extension is None:
                extension = Extension.make(exten, None, where, 0)
                found.add(extension)
        except (ValueError, PatternError) as error:
            log.error("%s: %s@%s: %s", where, exten, name, error)
            continue
        extension.add(Step(priority, "", application, values.get("appdata", ""), where, 0))
    return found
