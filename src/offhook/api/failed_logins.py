"""Wrong passwords are answered late, and later each time: who guesses has all the time that he wants.

Kept for each address, whichever interface (AMI, ARI) it tries.  Nothing is blocked but the answer: a client
with the right password is let in at once, unless too many wrong ones of its address are waiting.
"""

from __future__ import annotations

import asyncio
from collections import Counter

__all__ = ["FailedLogins"]

_DELAY, _MOST_DELAY = 1.0, 10.0  # seconds that the answer to a wrong password takes
_MOST_DELAYED = 5  # wrong passwords of one address whose answers are due; meanwhile no others are looked at
_MOST_ADDRESSES = 10_000


class FailedLogins:
    """The wrong passwords of one interface."""

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()
        self._delayed: Counter[str] = Counter()

    def is_pestered_by(self, host: str) -> bool:
        """Whether so many wrong passwords of an address are being answered that no more are looked at."""
        return self._delayed[host] >= _MOST_DELAYED

    async def delay(self, host: str) -> None:
        """Wait before a wrong password is answered: longer each time, for 10 s after the last one."""
        if len(self._failures) > _MOST_ADDRESSES:
            self._failures.clear()
        self._failures[host] += 1
        delay = min(_DELAY * self._failures[host], _MOST_DELAY)
        self._delayed[host] += 1
        try:
            await asyncio.sleep(delay)
        finally:
            self._delayed[host] -= 1
            if self._delayed[host] <= 0:
                del self._delayed[host]
        asyncio.get_running_loop().call_later(_MOST_DELAY, self._forgive, host)

    def _forgive(self, host: str) -> None:
        self._failures[host] -= 1
        if self._failures[host] <= 0:
            del self._failures[host]
