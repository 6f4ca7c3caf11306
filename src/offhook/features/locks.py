"""Locks that calls take and give back: what LOCK(), TRYLOCK(), UNLOCK() and MacroExclusive() are made of.

A lock belongs to a channel, which may take it again, and gives it back as often; it is given back by itself
when the channel ends.  Whoever waits gets it in the order of asking.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["Locks", "locks_of"]


@dataclass(slots=True)
class _Lock:
    owner: Channel
    count: int = 1
    waiting: deque[tuple[Channel, asyncio.Future[None]]] = field(
        default_factory=deque["tuple[Channel, asyncio.Future[None]]"]
    )


class Locks:
    """The locks of one node; a service of its Pbx."""

    def __init__(self) -> None:
        self._locks: dict[str, _Lock] = {}
        self._held: dict[Channel, set[str]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    def __iter__(self) -> Iterator[tuple[str, Channel, int]]:
        """Each lock: its name, who has it, and how many wait for it."""
        return ((name, lock.owner, len(lock.waiting)) for name, lock in self._locks.items())

    def owner(self, name: str) -> Channel | None:
        """Who has a lock."""
        lock = self._locks.get(name)
        return None if lock is None else lock.owner

    def try_acquire(self, name: str, channel: Channel) -> bool:
        """Take a lock if that needs no waiting."""
        lock = self._locks.get(name)
        if lock is None:
            self._give(name, _Lock(channel), channel)
            return True
        if lock.owner is channel:
            lock.count += 1
            return True
        return False

    async def acquire(self, name: str, channel: Channel, timeout: float | None) -> bool:
        """Take a lock, waiting at most so many seconds; False when it did not come free."""
        if self.try_acquire(name, channel):
            return True
        waiting = self._locks[name].waiting
        turn: asyncio.Future[None] = channel.pbx.loop.create_future()
        entry = (channel, turn)
        waiting.append(entry)
        try:
            async with asyncio.timeout(timeout):
                await turn
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the moment in which we went
                self.release(name, channel)
            raise
        finally:
            if entry in waiting:
                waiting.remove(entry)
        return turn.done() and not turn.cancelled()

    def release(self, name: str, channel: Channel) -> bool:
        """Give a lock back; False when the channel does not have it."""
        lock = self._locks.get(name)
        if lock is None or lock.owner is not channel:
            return False
        lock.count -= 1
        if not lock.count:
            self._pass_on(name, lock)
        return True

    def _give(self, name: str, lock: _Lock, channel: Channel) -> None:
        self._locks[name] = lock
        held = self._held.get(channel)
        if held is None:
            self._held[channel] = held = set[str]()
            channel.when_ended(lambda: self._ended(channel))
        held.add(name)

    def _pass_on(self, name: str, lock: _Lock) -> None:
        held = self._held.get(lock.owner)
        if held is not None:
            held.discard(name)
        del self._locks[name]
        while lock.waiting:
            channel, turn = lock.waiting.popleft()
            if not turn.done() and not channel.ended:
                lock.owner, lock.count = channel, 1
                self._give(name, lock, channel)
                turn.set_result(None)
                return

    def _ended(self, channel: Channel) -> None:
        for name in self._held.pop(channel, ()):
            lock = self._locks.get(name)
            if lock is not None and lock.owner is channel:
                self._pass_on(name, lock)


def locks_of(pbx: Pbx) -> Locks:
    """The locks of a node, made when they are first needed."""
    found = pbx.service(Locks)
    if found is None:
        found = Locks()
        pbx.add_service(found)
    return found
