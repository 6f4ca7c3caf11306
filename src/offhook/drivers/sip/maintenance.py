"""Maintenance: endpoints that begin nothing new (PJSIPSetMaintenance), while what they have goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from offhook.pbx.events import MaintenanceChanged

if TYPE_CHECKING:
    from offhook.pbx.bus import Bus
    from offhook.sip.incoming import IncomingRequest

__all__ = ["Maintenance"]


class Maintenance:
    """Which endpoints are in maintenance; a restart ends it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._names: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._names))

    def set(self, names: Iterable[str], on: bool) -> None:
        """Put endpoints into maintenance, or take them out of it; those that change are announced."""
        for name in names:
            if (name in self._names) is on:
                continue
            (self._names.add if on else self._names.discard)(name)
            self._bus.emit(MaintenanceChanged, name, on)

    def forget(self, known: Iterable[str]) -> None:
        """Endpoints that are not `known` exist no more."""
        self._names.intersection_update(known)

    def refuses(self, name: str, request: IncomingRequest) -> bool:
        """Whether a request outside of dialogs was refused with 503; taking back is always possible."""
        if name not in self._names or _takes_back(request):
            return False
        request.respond(503)
        return True


def _takes_back(request: IncomingRequest) -> bool:
    """Whether it ends a registration or a subscription."""
    message = request.message
    if message.method not in ("REGISTER", "SUBSCRIBE"):
        return False
    return (message.get("Expires") or "").strip() == "0"
