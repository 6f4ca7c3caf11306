"""Whether the machine has room for another call: asterisk.conf maxload and minmemfree."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Capacity", "free_memory", "load_average"]

log = logging.getLogger(__name__)

_AGAIN_S = 1.0  # a burst of calls looks once


def load_average() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def free_memory() -> int:
    """MiB of memory that programs can have."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return 1 << 30  # a system that does not say


class Capacity:
    """Looks at the machine when a call comes, at most once a second."""

    def __init__(
        self,
        max_load: float,
        min_free: int,
        *,
        load: Callable[[], float] = load_average,
        free: Callable[[], int] = free_memory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`max_load`: above it there is none; `min_free` in MiB: below it neither.  0 for no such limit."""
        self._max_load = max_load
        self._min_free = min_free
        self._load, self._free, self._clock = load, free, clock
        self._looked = float("-inf")
        self._why = ""

    def is_exhausted(self) -> bool:
        """Whether no call may be taken now; a change is logged."""
        now = self._clock()
        if now - self._looked >= _AGAIN_S:
            self._looked = now
            why = self._find()
            if bool(why) != bool(self._why):
                log.warning("%s", f"no calls are taken: {why}" if why else "calls are taken again")
            self._why = why
        return bool(self._why)

    def _find(self) -> str:
        if self._max_load:
            load = self._load()
            if load > self._max_load:
                return f"the load average is {load:.2f} (maxload={self._max_load:g})"
        if self._min_free:
            free = self._free()
            if free < self._min_free:
                return f"{free} MiB of memory are free (minmemfree={self._min_free})"
        return ""
