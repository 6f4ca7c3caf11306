"""CallFiles: watches the folder of call files, places their calls, and tries again what nobody answered.

The folder is looked at once a second, in a thread.  A file is due when its modification time has come, so
one that is dated into the future waits; and it is taken only when it has not changed since the last look, so
one that somebody still writes is left alone.

An attempt is written into the file before the call is placed, and synced: a node that crashes again and again
never calls more often than MaxRetries allows.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from offhook.config.codecs import ALL_CODECS
from offhook.dialplan.originating import Placement, place
from offhook.features.call_files import file as files
from offhook.features.call_files.file import CallFile, CallFileError, read_call_file
from offhook.pbx.originate import OriginateError
from offhook.pbx.party import PartyId, parse_caller_id
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["CallFiles"]

log = logging.getLogger(__name__)

_INTERVAL: Final = 1.0  # seconds between two looks
_MOST_RINGING: Final = 200
"""Calls that are being placed at once; further files wait: a thousand at once must not starve the phones."""


class _Seen(NamedTuple):
    """What a file looked like."""

    inode: int
    mtime_ns: int
    size: int


class CallFiles:
    """The calls of one folder."""

    def __init__(self, pbx: Pbx, runner: Runner, folder: Path, done: Path) -> None:
        self._pbx = pbx
        self._runner = runner
        self._folder = folder
        self._done = done
        self._seen: dict[str, _Seen] = {}
        self._refused: dict[str, _Seen] = {}
        """Files that can be neither used nor removed, as they were then."""
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._ringing = 0
        self._watch: asyncio.Task[None] | None = None
        self._complained = False
        self.placed = 0
        """Attempts so far."""

    def start(self) -> None:
        """Begin to watch."""
        self._watch = self._pbx.loop.create_task(self._watching(), name="call files")

    async def close(self) -> None:
        """Stop watching; attempts that are being made end, and count as made."""
        tasks = [task for task in (self._watch, *self._busy.values()) if task is not None]
        self._watch = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watching(self) -> None:
        while True:
            try:
                await self._look()
            except OSError as error:
                if not self._complained:  # once, not every second
                    log.error("call files: %s cannot be read: %s", self._folder, error)
                self._complained = True
            else:
                self._complained = False
            await asyncio.sleep(_INTERVAL)

    async def _look(self) -> None:
        """Begin with what is due."""
        found = await asyncio.to_thread(_list, self._folder)
        before, self._seen = self._seen, found
        self._refused = {name: was for name, was in self._refused.items() if found.get(name) == was}
        now = time.time()
        for name, seen in found.items():
            if name in self._busy or name in self._refused or seen.mtime_ns > now * 1e9:
                continue
            is_settled = before.get(name) == seen or seen.mtime_ns < (now - _INTERVAL) * 1e9
            if is_settled and self._ringing < _MOST_RINGING:
                self._ringing += 1
                task = self._pbx.loop.create_task(self._handle(name, seen), name=f"call file {name}")
                self._busy[name] = task

    async def _handle(self, name: str, seen: _Seen) -> None:
        rings = True

        def rings_no_more() -> None:
            nonlocal rings
            if rings:
                rings = False
                self._ringing -= 1

        try:
            await self._attempt(self._folder / name, rings_no_more)
        except OSError as error:
            # It cannot be written to or removed: calling again and again is the last thing that is wanted.
            log.error("call file %s is left alone until it changes: %s", self._folder / name, error)
            try:
                info = await asyncio.to_thread(os.stat, self._folder / name)
                self._refused[name] = _Seen(info.st_ino, info.st_mtime_ns, info.st_size)
            except OSError:
                self._refused[name] = seen
        except Exception:
            log.exception("call file %s", self._folder / name)
            self._refused[name] = seen
        finally:
            rings_no_more()
            del self._busy[name]

    async def _attempt(self, path: Path, rings_no_more: Callable[[], None]) -> None:
        try:
            found = await asyncio.to_thread(read_call_file, path)
        except FileNotFoundError:
            return
        except CallFileError as error:
            log.error("%s", error)
            await asyncio.to_thread(self._finish, CallFile(path), "Failed")
            return
        for text in found.notes:
            log.warning("%s", text)
        unknown = [name for name in found.codecs if name not in ALL_CODECS]
        if unknown:
            log.warning("%s: unknown codec %s is left out", path, ", ".join(unknown))
            found.codecs = tuple(name for name in found.codecs if name in ALL_CODECS)
        try:
            found.check()
        except CallFileError as error:
            log.error("%s", error)
            await asyncio.to_thread(self._finish, found, "Failed")
            return
        if found.attempting:
            log.info("%s: attempt %d was cut off by the end of the program", path, found.attempts)
            await asyncio.to_thread(self._note, found, "AbortRetry", 0.0)
        if found.is_spent:
            await asyncio.to_thread(self._finish, found, "Expired")
            return
        found.attempts += 1
        await asyncio.to_thread(self._note, found, "StartRetry", float(found.wait_time + found.retry_time))
        self.placed += 1
        leg = await self._call(found)
        rings_no_more()
        if leg is not None:
            await _ended(leg)
            await asyncio.to_thread(self._finish, found, "Completed")
        elif found.is_spent:
            await asyncio.to_thread(self._finish, found, "Expired")
        else:
            log.info("%s: to be tried again in %d s", path, found.retry_time)
            await asyncio.to_thread(self._note, found, "EndRetry", float(found.retry_time))

    async def _call(self, found: CallFile) -> Channel | None:
        """Whoever answered; None when nobody did."""
        name, number = parse_caller_id(found.caller_id)
        placement = Placement(
            found.channel,
            found.context,
            found.exten,
            found.priority,
            found.application,
            found.data,
            float(found.wait_time),
            PartyId(number, name),
            found.variables,
            found.account,
            found.early_media,
            found.codecs,
        )
        try:
            return await place(self._pbx, self._runner, placement)
        except (OriginateError, CannotDialError) as error:
            log.info("%s: attempt %d: %s", found.path, found.attempts, error)
            return None

    @staticmethod
    def _note(found: CallFile, key: str, wait: float) -> None:
        files.note(found, key, attempt=found.attempts, next_at=time.time() + wait)

    def _finish(self, found: CallFile, status: str) -> None:
        files.put_away(found, self._done, status)


def _list(folder: Path) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.name.startswith(".") or not entry.is_file():
                    continue
                info = entry.stat()
            except FileNotFoundError:
                continue
            found[entry.name] = _Seen(info.st_ino, info.st_mtime_ns, info.st_size)
    return found


async def _ended(leg: Channel) -> None:
    done = asyncio.Event()
    leg.when_ended(done.set)
    await done.wait()
