"""A queue with one reader, made for call legs.

A channel puts its events into an inbox; the task that controls the channel reads them.  Several
channels can share one inbox, so a task waits for any number of legs with a single await and without
a task per leg.  Compared with `asyncio.Queue` it has one reader, a time-out without an exception and
no future when something is already there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Inbox"]

T = TypeVar("T")

# A reader that has stopped reading must not let a peer fill memory (DTMF floods, re-INVITE floods).
_MOST_UNREAD = 1000


def _wake(waiter: asyncio.Future[bool], in_time: bool) -> None:
    if not waiter.done():
        waiter.set_result(in_time)


class Inbox(Generic[T]):
    """A bounded queue of events with a single reader."""

    __slots__ = ("_items", "_waiter", "dropped")

    def __init__(self) -> None:
        self._items: deque[T] = deque()
        self._waiter: asyncio.Future[bool] | None = None
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Add an item and wake the reader.  Beyond 1000 unread items the oldest is dropped and counted."""
        items = self._items
        if len(items) >= _MOST_UNREAD:
            items.popleft()
            self.dropped += 1
        items.append(item)
        waiter = self._waiter
        if waiter is not None:
            _wake(waiter, True)

    async def get(self, timeout: float | None = None) -> T | None:
        """The next item, or None when `timeout` seconds went by without one.

        Raises RuntimeError when another task is already reading.
        """
        items = self._items
        if items:
            return items.popleft()
        if timeout is not None and timeout <= 0:
            return None
        if self._waiter is not None:
            raise RuntimeError("an inbox has one reader")
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None
        while True:
            self._waiter = waiter = loop.create_future()
            if timeout is not None:
                timer = loop.call_later(timeout, _wake, waiter, False)
            try:
                in_time = await waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
            if items:
                return items.popleft()
            if not in_time:
                return None
            # What woke us was thrown away before we ran.
            if timer is not None:
                timeout = timer.when() - loop.time()

    def discard(self, unwanted: Callable[[T], bool]) -> None:
        """Remove the unread items for which `unwanted` is true."""
        if self._items:
            kept = [item for item in self._items if not unwanted(item)]
            self._items.clear()
            self._items.extend(kept)

    def take_all(self) -> list[T]:
        """Remove and return all unread items."""
        items = list(self._items)
        self._items.clear()
        return items
