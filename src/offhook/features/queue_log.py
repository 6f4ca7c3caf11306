"""The queue log: what happens in queues and to agents, a line for each event.

    1767225600|1767225598.12|support|PJSIP/6001|CONNECT|2|1767225599.14|4

Seconds since the epoch, the caller's unique id (or NONE), the queue, the agent, the event, what belongs to
it, in log/queue_log as in Asterisk.  Lines are durable like call records.  Where extconfig.conf has a family
`queue_log` the events are rows of a database instead (time, callid, queuename, agent, event, and data, or
data1 to data5 with `queue_adaptive_realtime`), of a file as well with `queue_log_to_file`; a row that the
database does not take is written to the file.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING

from offhook.config.files.logger import LoggerGeneral

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from offhook.features.realtime import Realtime
    from offhook.storage.store import Store

__all__ = ["FAMILY", "QueueLog"]

log = logging.getLogger(__name__)

FAMILY = "queue_log"
"""Of extconfig.conf."""

_MOST_WAITING = 10_000  # rows that may wait for a database; later ones go to the file at once
_COLUMNS = ("callid", "queuename", "agent", "event")
_DATA = 5  # columns data1 ...


class QueueLog:
    """The queue log of one node."""

    def __init__(
        self, store: Store, realtime: Realtime, folder: Path, wall_clock: Callable[[], float]
    ) -> None:
        self.general = LoggerGeneral()
        self._store = store
        self._realtime = realtime
        self._folder = folder
        self._wall_clock = wall_clock
        self._rows: deque[tuple[float, tuple[str, ...]]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._complained = False

    @property
    def path(self) -> Path:
        """The file."""
        return self._folder / self.general.queue_log_name

    def use(self, general: LoggerGeneral) -> None:
        """What logger.conf says, from now on."""
        self.general = general

    def write(self, queue: str, call: str, agent: str, event: str, *data: str) -> None:
        """Note an event; "" stands for nothing (NONE)."""
        if not self.general.queue_log:
            return
        now = self._wall_clock()
        fields = (call or "NONE", queue or "NONE", agent or "NONE", event, *data)
        if not self._realtime.knows(FAMILY):
            self._append(now, fields)
            return
        if self.general.queue_log_to_file:
            self._append(now, fields)
        if len(self._rows) >= _MOST_WAITING:
            self._not_taken(now, fields, "too many rows wait for it")
            return
        self._rows.append((now, fields))
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._store_rows(), name="queue log")

    async def close(self) -> None:
        """Wait for the database, a moment; what it has not taken then goes to the file."""
        task = self._task
        if task is not None:
            await asyncio.wait({task}, timeout=2.0)
            task.cancel()
        while self._rows:
            self._not_taken(*self._rows.popleft(), "the node stops")

    def _append(self, now: float, fields: tuple[str, ...]) -> None:
        line = "|".join((str(int(now)), *(_plain(field) for field in fields)))
        self._store.append(self.path, f"{line}\n")

    async def _store_rows(self) -> None:
        try:
            while self._rows:
                now, fields = self._rows[0]
                try:
                    await self._realtime.store(FAMILY, self._row(now, fields))
                    self._complained = False
                except Exception as error:
                    self._not_taken(now, fields, str(error) or type(error).__name__)
                self._rows.popleft()
        finally:
            self._task = None

    def _row(self, now: float, fields: tuple[str, ...]) -> list[tuple[str, str]]:
        moment = time.gmtime(now) if self.general.queue_log_realtime_use_gmt else time.localtime(now)
        row = [("time", f"{time.strftime('%Y-%m-%d %H:%M:%S', moment)}.{int(now % 1 * 1_000_000):06d}")]
        row += zip(_COLUMNS, fields, strict=False)
        data = [*fields[len(_COLUMNS) :]]
        if not self.general.queue_adaptive_realtime:
            return [*row, ("data", "|".join(data))]
        data = [*data, *[""] * _DATA][:_DATA]
        return row + [(f"data{number}", value) for number, value in enumerate(data, 1)]

    def _not_taken(self, now: float, fields: tuple[str, ...], why: str) -> None:
        if not self._complained:
            self._complained = True
            log.error("queue log: the database does not take rows (%s): they go to %s", why, self.path)
        if not self.general.queue_log_to_file:  # else it is there
            self._append(now, fields)


def _plain(text: str) -> str:
    """A field that keeps to its place in the line."""
    return text.replace("|", " ").replace("\r", " ").replace("\n", " ").replace("\0", " ")
