"""Watching that a script does not block the node: each step of its coroutine is timed.

A step that takes longer than a tenth of a second is told with file and line of what it does.  One that does
not end, a loop that never waits, is interrupted by BlockedError after ten seconds, so that it costs the node
these ten seconds and no more.  The thread that looks exists only while such calls are up.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
import time
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

__all__ = ["BlockedError", "Watch", "watched"]

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_EVERY = 0.05  # seconds between two looks of the thread
_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_STDLIB = os.path.dirname(os.__file__) + os.sep


class BlockedError(Exception):
    """Raised inside a script that has not let the node go on for ten seconds."""


class Watch:
    """Watches the thread of one event loop."""

    def __init__(self, *, tell_after: float = 0.1, interrupt_after: float = 10.0) -> None:
        self.tell_after = tell_after  # seconds
        self.interrupt_after = interrupt_after
        self.told = 0  # steps that took too long
        self.began = 0.0  # when the step that runs began, by time.monotonic(); 0 when none runs
        self._where = ""
        self._interrupted = False
        self._calls = 0
        self._thread_id = 0
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def enter(self) -> None:
        """One more call may run a script; in the loop's thread."""
        self._calls += 1
        if self._calls == 1:
            self._thread_id = threading.get_ident()
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="blocked scripts", daemon=True)
                self._thread.start()

    def leave(self) -> None:
        """One call less."""
        self._calls -= 1
        if not self._calls:
            self._wanted.clear()

    def step_ended(self, began: float) -> None:
        """A step that began then is over; for those that took long."""
        seconds = time.monotonic() - began
        where, self._where, self._interrupted = self._where, "", False
        if seconds >= self.tell_after:
            self.told += 1
            log.warning(
                "a script has blocked the node for %.2f s%s: await something that waits, or put the work "
                "into asyncio.to_thread()", seconds, f" at {where}" if where else "",
            )  # fmt: skip

    def _look(self) -> None:
        while self._wanted.wait():
            time.sleep(LOOK_EVERY)
            began = self.began
            if not began:
                continue
            seconds = time.monotonic() - began
            if seconds >= self.tell_after and not self._where:
                frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
                where = _script_line(frames.get(self._thread_id))
                if self.began == began:  # it is the same step still
                    self._where = where
            if seconds >= self.interrupt_after and not self._interrupted and self.began == began:
                self._interrupted = True
                log.error(
                    "a script blocks the node%s: it is interrupted",
                    f" at {self._where}" if self._where else "",
                )
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(self._thread_id), ctypes.py_object(BlockedError)
                )


def _script_line(frame: types.FrameType | None) -> str:
    """The innermost place that is neither ours nor the standard library's: `file:line in function`."""
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_PACKAGE, _STDLIB, "<")):
            return f"{file}:{frame.f_lineno} in {frame.f_code.co_name}()"
        frame = frame.f_back
    return ""


WATCH = Watch()
"""A process has one event loop that runs calls."""


@types.coroutine
def watched(work: Coroutine[Any, Any, T], watch: Watch = WATCH) -> Generator[Any, Any, T]:
    """Await `work`, each of its steps timed."""
    value: Any = None
    error: BaseException | None = None
    watch.enter()
    try:
        while True:
            outer = watch.began
            watch.began = began = time.monotonic()
            try:
                waits_for = work.send(value) if error is None else work.throw(error)
            except StopIteration as end:
                return end.value
            finally:
                watch.began = outer
                if time.monotonic() - began >= watch.tell_after:
                    watch.step_ended(began)
            value, error = None, None
            try:
                value = yield waits_for
            except GeneratorExit:
                work.close()
                raise
            except BaseException as thrown:
                error = thrown
    finally:
        watch.leave()
