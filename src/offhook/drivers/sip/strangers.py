"""Addresses whose requests no endpoint is identified by: how many, since when (`unidentified_request_*`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.config.pjsip.general import Global

__all__ = ["Stranger", "Strangers"]

_MOST = 10_000  # addresses: a flood of forged ones is forgotten, the oldest first


class Stranger:
    """One address."""

    __slots__ = ("count", "first", "host", "last")

    def __init__(self, host: str, now: float) -> None:
        self.host = host
        self.count = 0
        """Requests since `first`."""
        self.first = now
        """Seconds since 1970."""
        self.last = now


class Strangers:
    """Those who came lately."""

    def __init__(self) -> None:
        self._known: dict[str, Stranger] = {}
        self._pruned_at = 0.0

    def came(self, host: str, now: float, general: Global) -> bool:
        """Count a request.  Whether so many came in so short a time that it is to be told."""
        if now - self._pruned_at >= general.unidentified_request_prune_interval:
            self._prune(now, general)
        found = self._known.get(host)
        if found is None:
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            found = self._known[host] = Stranger(host, now)
        elif now - found.first > general.unidentified_request_period:
            found.first, found.count = now, 0
        found.last = now
        found.count += 1
        return found.count >= general.unidentified_request_count

    def _prune(self, now: float, general: Global) -> None:
        self._pruned_at = now
        old = now - max(general.unidentified_request_period, general.unidentified_request_prune_interval)
        self._known = {host: one for host, one in self._known.items() if one.last > old}

    def lately(self, now: float, general: Global) -> Iterator[Stranger]:
        """Those who are remembered."""
        self._prune(now, general)
        yield from self._known.values()
