"""Console commands of what works beside calls: queues before threads, the bus, the media engine's clock.

Asterisk's commands are about its task processors and its message bus; here they are about the queues and the
bus that there are.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook._core import MediaError
from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.media.port import MediaPort

__all__ = ["declare"]

_LINE = "{:<24} {:>10} {:>10} {:>10} {:>10}\n"
_ALERT = 0.9  # of what fits into a queue


@dataclass(frozen=True, slots=True)
class _Queue:
    """A queue before a thread."""

    name: str
    processed: int
    waiting: int
    deepest: int
    limit: int
    reset: Callable[[], None]
    ping: Callable[[], Awaitable[None]]


def _queues(node: Node) -> list[_Queue]:
    store = node.store
    found = [
        _Queue("store", store.written, store.waiting, store.deepest, store.limit, store.forget, store.flush)
    ]
    for writer in node.logs.writers:

        async def ping(wait: Callable[[], None] = writer.wait) -> None:
            await asyncio.to_thread(wait)

        name = f"log/{writer.name}"
        found.append(
            _Queue(name, writer.taken, writer.waiting, writer.deepest, writer.limit, writer.forget, ping)
        )
    return found


def _queue(node: Node, words: list[str], usage: str) -> _Queue:
    if len(words) != 1:
        raise CommandError(f"Usage: {usage}")
    for one in _queues(node):
        if one.name == words[0]:
            return one
    raise CommandError(f"{words[0]}: there is no such queue (core show taskprocessors)")


def _table(found: list[_Queue]) -> str:
    head = _LINE.format("Processor", "Processed", "In Queue", "Max Depth", "Limit")
    rows = [_LINE.format(one.name, one.processed, one.waiting, one.deepest, one.limit) for one in found]
    return head + "".join(rows) + f"\n{len(found)} taskprocessors\n"


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_queues(commands)
    _declare_bus(commands)
    _declare_clock(commands)


def _declare_queues(commands: Commands) -> None:
    @commands.add("core show taskprocessors [like]", "[PATTERN]")
    def show(node: Node, words: list[str]) -> str:
        """Show the queues before threads: the store's, and the log's writers'."""
        match words:
            case []:
                return _table(_queues(node))
            case ["like", pattern]:
                try:
                    wanted = re.compile(pattern)
                except re.error as error:
                    raise CommandError(f"{pattern!r} is no regular expression: {error}") from error
                return _table([one for one in _queues(node) if wanted.search(one.name)])
            case _:
                raise CommandError("Usage: core show taskprocessors [like PATTERN]")

    @commands.add("core show taskprocessor name", "NAME")
    def show_one(node: Node, words: list[str]) -> str:
        """Show one queue before a thread."""
        return _table([_queue(node, words, "core show taskprocessor name NAME")])

    @commands.add("core show taskprocessor alerted subsystems")
    def show_alerted(node: Node, words: list[str]) -> str:
        """Show the queues that are nearly full."""
        found = [one for one in _queues(node) if one.waiting >= _ALERT * one.limit]
        rows = [f"{one.waiting:>9} {one.name}\n" for one in found]
        return f"{'Waiting':>9} Subsystem\n" + "".join(rows) + f"\nTotal {len(found)} alerted\n"

    @commands.add("core ping taskprocessor", "NAME")
    async def ping(node: Node, words: list[str]) -> str:
        """Measure how long what is put into a queue waits and takes."""
        one = _queue(node, words, "core ping taskprocessor NAME")
        begun = time.perf_counter()
        await one.ping()
        return f"\n\t{one.name} ping time: {time.perf_counter() - begun:.6f} sec\n\n"

    @commands.add("core reset taskprocessor", "NAME")
    def reset(node: Node, words: list[str]) -> str:
        """Count anew what goes through one queue."""
        one = _queue(node, words, "core reset taskprocessor NAME")
        one.reset()
        return f"\nReset {one.name}\n\n"

    @commands.add("core reset taskprocessors")
    def reset_all(node: Node, words: list[str]) -> str:
        """Count anew what goes through all queues."""
        found = _queues(node)
        for one in found:
            one.reset()
        return f"\n{len(found)} taskprocessors reset\n\n"


def _declare_bus(commands: Commands) -> None:
    @commands.add("stasis show topics")
    def show_topics(node: Node, words: list[str]) -> str:
        """Show the kinds of events on the bus that somebody listens to, and how many do."""
        found = node.pbx.bus.listeners()
        rows = [f"{name:<40} {count}\n" for name, count in sorted(found.items())]
        return f"{'Name':<40} Subscribers\n" + "".join(rows) + f"\n{len(found)} Total topics\n"

    @commands.add("stasis show topic", "NAME")
    def show_topic(node: Node, words: list[str]) -> str:
        """Show who listens to a kind of event."""
        names = node.pbx.bus.who_listens(words[0]) if len(words) == 1 else []
        if not names:
            raise CommandError(f"Nobody listens to {' '.join(words)!r} (stasis show topics)")
        rows = [f"  {name}\n" for name in names]
        return f"Name: {words[0]}\nNumber of subscribers: {len(names)}\n" + "".join(rows)


def _packets(port: MediaPort) -> int:
    return int(port.stats()["rx_packets"])


def _declare_clock(commands: Commands) -> None:
    @commands.add("timing test", "[TICKS A SECOND]")
    async def test(node: Node, words: list[str]) -> str:
        """Test the media engine's clock: play a tone for a second, and count the packets that it makes."""
        if words not in ([], ["50"]):
            raise CommandError("Usage: timing test [50]: the engine makes 50 packets a second")
        try:
            one, other = node.pbx.media.open_pipe()
        except MediaError as error:
            raise CommandError(f"The media engine does not answer: {error}") from error
        try:
            playing = one.start_tones([(440.0, 0.0, False, 0, False)])
            await asyncio.sleep(0.1)  # until it plays
            before, begun = _packets(other), time.monotonic()
            await asyncio.sleep(1.0)
            ticks, passed = _packets(other) - before, time.monotonic() - begun
            playing.stop()
        finally:
            one.close()
            other.close()
        late = node.pbx.media.stats().get("late_ticks", 0)
        return (
            "Attempting to test a timer with 50 ticks per second.\n"
            "Using the 'media engine' timing module for this test.\n"
            f"It has been {passed * 1000:.0f} milliseconds, and we got {ticks} timer ticks\n"
            f"({late} ticks were more than 5 ms late since the start)\n"
        )
