"""The outbox: records for databases, which may be away when a call ends.

A record is put into the node's own store, and is on disk with it before the end of the call is acknowledged.
From there a task for each target carries them over, many in one transaction, and removes them here
when the target has them.  A target that fails is tried again, after one second at first and a minute
at last; a crash in between may bring a record twice, and never loses one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from offhook.storage.store import json_insert

if TYPE_CHECKING:
    from offhook.storage.store import Store

__all__ = ["Outbox", "Target"]

log = logging.getLogger(__name__)

_INSERT = json_insert("outbox", ("target", "record"), replace=False)
_DELETE = "DELETE FROM outbox WHERE id IN (SELECT value ->> 0 FROM json_each(?))"
_SELECT = "SELECT id, record FROM outbox WHERE target = ? AND id > ? ORDER BY id LIMIT 500"
_LONGEST_WAIT: Final = 60.0  # seconds

Record = Mapping[str, Any]


class Target(Protocol):
    """A table that takes records."""

    name: str

    async def take(self, records: Sequence[Record]) -> None:
        """Write all of them, or raise what is wrong."""
        ...

    def refuses(self, error: Exception) -> bool:
        """Whether the records are at fault, so that trying again would not help."""
        ...


class Outbox:
    """Carries records from the store to their targets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._targets: dict[str, Target] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._delivered_to: dict[str, int] = {}  # so a disk that refuses to forget brings nothing twice
        self.delivered = 0

    def use(self, targets: Sequence[Target]) -> None:
        """Carry to these from now on; what waits for another one stays."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._targets = {target.name: target for target in targets}
        for name, target in self._targets.items():
            event = self._wake[name] = asyncio.Event()
            event.set()  # what was left the last time
            self._tasks[name] = asyncio.get_running_loop().create_task(
                self._carry(target, event), name=f"outbox {name}"
            )

    def put(self, target: str, record: Record) -> None:
        """Keep a record for a target; durable with the store's next commit."""
        text = json.dumps(record, ensure_ascii=False)
        self._store.submit(_INSERT, (target, text), lambda _error: self._notify(target), keep=True)

    def _notify(self, target: str) -> None:
        event = self._wake.get(target)
        if event is not None:
            event.set()

    async def submit(self) -> None:
        """Try now whatever waits (`cdr submit`)."""
        for event in self._wake.values():
            event.set()

    def waiting(self) -> dict[str, int]:
        """How many records wait, by target; asks the store, so it is for commands."""
        rows = self._store.query("SELECT target, count(*) FROM outbox GROUP BY target")
        return {str(name): int(count or 0) for name, count in rows}

    async def _carry(self, target: Target, wake: asyncio.Event) -> None:
        wait, failing = 1.0, False
        while True:
            await wake.wait()
            wake.clear()
            try:
                while await self._deliver(target):
                    pass
            except Exception as error:
                if not failing:
                    log.error("records for %s wait in the outbox: %s", target.name, error)
                failing = True
                asyncio.get_running_loop().call_later(wait, wake.set)
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                if failing:
                    log.warning("records for %s are delivered again", target.name)
                wait, failing = 1.0, False

    async def _deliver(self, target: Target) -> bool:
        """Carry some; whether there were any."""
        rows = await asyncio.to_thread(
            self._store.query,
            _SELECT,
            (target.name, self._delivered_to.get(target.name, 0)),
        )
        if not rows:
            return False
        records = [json.loads(str(text)) for _, text in rows]
        try:
            await target.take(records)
            taken = len(records)
        except Exception as error:
            if not target.refuses(error):
                raise
            taken = await self._one_by_one(target, records)
        self.delivered += taken
        self._delivered_to[target.name] = int(rows[-1][0] or 0)
        gone = asyncio.Event()
        for number, _ in rows:
            self._store.submit(_DELETE, (number,), keep=True)
        self._store.after_commit(gone.set)
        await gone.wait()
        return True

    async def _one_by_one(self, target: Target, records: Sequence[Record]) -> int:
        """One record is at fault: the others shall not suffer from it."""
        taken = 0
        for record in records:
            try:
                await target.take([record])
                taken += 1
            except Exception as error:
                if not target.refuses(error):
                    raise
                log.error("%s refuses a record, which is dropped: %s: %s", target.name, error, record)
        return taken

    def close(self) -> None:
        """Stop; what waits is carried after the next start."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
