"""Writer: a thread that writes log lines to its destinations, with a queue of limited length before it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from offhook.features.logs.lines import Line

if TYPE_CHECKING:
    from offhook.features.logs.destinations import Destination

__all__ = ["Writer"]

_JOIN_TIMEOUT = 5.0  # seconds for the last lines at the end


class Writer:
    """Writes lines in their order; who says them never waits."""

    def __init__(self, name: str) -> None:
        self.limit = 1000  # lines that may wait
        self.verbose = 0  # the depth for destinations without one of their own
        self.dropped = 0
        self.taken = 0  # lines that were put into the queue, and the most that have waited
        self.deepest = 0
        self.kinds: frozenset[str] = frozenset()  # what is put at all
        self._name = name
        self._told = 0
        self.destinations: Sequence[Destination] = ()
        self._active: Sequence[Destination] = ()  # those of the thread: as soon as it gets there
        self._queue: queue.SimpleQueue[Line | Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, line: Line) -> None:
        """Have a line written, or count it as dropped."""
        waiting = self._queue.qsize()
        if waiting >= self.limit:
            self.dropped += 1
            return
        self.taken += 1
        if waiting >= self.deepest:
            self.deepest = waiting + 1
        self._queue.put(line)

    @property
    def name(self) -> str:
        """What it writes to."""
        return self._name

    @property
    def waiting(self) -> int:
        """Lines that are to be written."""
        return self._queue.qsize()

    def forget(self) -> None:
        """Count anew."""
        self.taken = self.deepest = 0

    def use(self, destinations: Sequence[Destination]) -> None:
        """Write to these from now on, and close those that are gone; lines that wait still go there."""
        self.destinations = destinations
        if self._thread is None:
            if not destinations:
                return
            self._thread = threading.Thread(target=self._run, name=f"log {self._name}", daemon=True)
            self._thread.start()

        def change() -> None:
            for destination in self._active:
                if destination not in destinations:
                    destination.close()
            self._active = destinations

        self._queue.put(change)

    def wait(self) -> None:
        """Wait until what has been said so far is in its files, a few seconds at most.  Not for the loop."""
        if self._thread is not None:
            done = threading.Event()
            self._queue.put(done.set)
            done.wait(_JOIN_TIMEOUT)

    def close(self) -> None:
        """Write what is left, and close the destinations.  Idempotent."""
        thread, self._thread = self._thread, None
        self.destinations, self.kinds = (), frozenset()
        if thread is None:
            return
        self._queue.put(None)
        thread.join(_JOIN_TIMEOUT)
        if thread.is_alive():
            return  # a console that takes nothing: the process ends without its last lines
        for destination in self._active:
            destination.close()
        self._active = ()

    # ------------------------------------------------------------ the thread

    def _run(self) -> None:
        waiting = self._queue
        while True:
            item = waiting.get()
            while True:
                if item is None:
                    self._rest()
                    return
                if isinstance(item, Line):
                    self._write(item)
                else:
                    item()
                try:
                    item = waiting.get_nowait()
                except queue.Empty:
                    break
            self._rest()

    def _write(self, line: Line) -> None:
        for destination in self._active:
            if destination.wants(line, self.verbose):
                destination.put(line)

    def _rest(self) -> None:
        """Nothing waits: say what is missing, and hand on what is buffered."""
        lost = self.dropped - self._told
        if lost:
            self._told += lost
            text = f"{lost} lines are missing here: they came faster than they could be written"
            self._write(Line(time.time(), "warning", 0, "offhook.logs", "writer.py", 0, "", text, ""))
        for destination in self._active:
            destination.flush()
