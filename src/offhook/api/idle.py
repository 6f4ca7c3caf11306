"""What a node does when a rush is over: it gives back the memory that the rush has taken.

The C library keeps freed pages for later; after a busy hour that is most of a node's memory.  While
calls come nothing is done.  When they have ceased, and once more when the last transactions have timed
out (32 s), the pages go back to the system.  The collector runs first while few calls are up: it finds
nothing (what a call consists of frees itself), but it empties the interpreter's lists of free objects,
which hold pages.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
from collections.abc import Callable

__all__ = ["IdleTrim"]

log = logging.getLogger(__name__)

_LOOK_EVERY = 10.0  # seconds
_FEW_CALLS = 100  # channels; the collector looks at what they consist of in some 5 ms
# After so many quiet looks: at the first, and when what timers F, H and J (32 s) hold has gone.
_TRIM_AT = frozenset((1, 5))


def _malloc_trim() -> Callable[[int], int] | None:
    """The C library's malloc_trim(3); None where there is none (it is glibc's)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    trim.argtypes = [ctypes.c_size_t]
    trim.restype = ctypes.c_int
    return trim


class IdleTrim:
    """Looks every ten seconds whether there was work, and trims when there was and is no more."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, work_done: Callable[[], int], calls: Callable[[], int]
    ) -> None:
        """`work_done` is a counter of requests and calls, `calls` how many channels there are."""
        self.trims = 0
        self._loop = loop
        self._work_done = work_done
        self._calls = calls
        self._last = work_done()
        self._quiet: int | None = (
            None  # looks since the last work; None when there was none to clean up after
        )
        self._trim = _malloc_trim()
        self._timer: asyncio.TimerHandle | None = None
        if self._trim is not None:
            self._arm()

    def _arm(self) -> None:
        self._timer = self._loop.call_later(_LOOK_EVERY, self._look)

    def _look(self) -> None:
        self._arm()
        done = self._work_done()
        # A few keep-alives and refreshes are no rush.
        if done - self._last > _LOOK_EVERY * 5:
            self._quiet = 0
        elif self._quiet is not None:
            self._quiet += 1
            if self._quiet in _TRIM_AT:
                self.give_back()
            elif self._quiet > max(_TRIM_AT):
                self._quiet = None
        self._last = done

    def give_back(self) -> None:
        """Give memory back now."""
        if self._calls() < _FEW_CALLS:
            gc.collect()
        if self._trim is not None:
            self._trim(0)
            self.trims += 1

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
