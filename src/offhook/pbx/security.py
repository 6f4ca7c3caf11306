"""Security events: who tried to get in and could not.

Each becomes a line of the security log, in the form of Asterisk's, which fail2ban's filter reads, and an
event on the bus.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from offhook.levels import logger_of
from offhook.pbx.events import SecurityEvent

if TYPE_CHECKING:
    from offhook.pbx.bus import Bus

__all__ = ["SecurityLog"]

security = logger_of("security")

_INFORMATIONAL = frozenset(("SuccessfulAuth", "ChallengeSent"))


class SecurityLog:
    """Where security events go."""

    def __init__(self, bus: Bus, wall_clock: Callable[[], float]) -> None:
        self._bus = bus
        self._wall_clock = wall_clock

    def event(
        self,
        name: str,
        service: str,
        account: str,
        session: str,
        local: tuple[str, int],
        remote: tuple[str, int],
        transport: str,
        more: Mapping[str, str] | None = None,
    ) -> None:
        """Tell one event: its name in Asterisk (InvalidPassword ...), the service (AMI, ARI, PJSIP), the
        account and session it is about, the addresses, and what belongs to this event."""
        logged = security.isEnabledFor(logging.WARNING)
        if not logged and not self._bus.wanted(SecurityEvent):
            return
        now = self._wall_clock()
        said = {
            "EventTV": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
            + f".{int(now % 1 * 1000):03d}+0000",
            "Severity": "Informational" if name in _INFORMATIONAL else "Error",
            "Service": service,
            "EventVersion": "1",
            "AccountID": account,
            "SessionID": session,
            "LocalAddress": _address(transport, local),
            "RemoteAddress": _address(transport, remote),
            **(more or {}),
        }
        if logged:
            line = ",".join(f'{key}="{_clean(value)}"' for key, value in said.items())
            security.warning('SecurityEvent="%s",%s', name, line)
        self._bus.emit(SecurityEvent, name, said)


def _address(transport: str, address: tuple[str, int]) -> str:
    host, port = address
    return f"IPV{6 if ':' in host else 4}/{transport}/{host}/{port}"


def _clean(text: str) -> str:
    """Text from outside in a log line: no line breaks, no quotes, not endless."""
    return "".join(char for char in text[:80] if char.isprintable() and char != '"')
