"""What a jitter buffer is set to."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["JitterBuffer"]


class JitterBuffer(NamedTuple):
    """Times in milliseconds; the defaults are Asterisk's."""

    adaptive: bool = True
    max_ms: int = 200
    """The most that is held back; a fixed buffer always holds back this much."""
    resync_ms: int = 1000
    """A timestamp that strays further from the clock begins anew; 0: never."""
    target_ms: int = 40
    """What an adaptive one holds back beyond what the last packets needed."""
