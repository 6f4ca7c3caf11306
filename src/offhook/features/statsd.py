"""StatsD: statistics to a server by UDP, of the node itself and of the dialplan (the application StatsD).

PJSIP.contacts.states.<state>   how many contacts are in it (gauge)
PJSIP.contacts.<contact>.rtt    round-trip time of an answered OPTIONS (ms)
PJSIP.registrations.count       registrations of ours, and
PJSIP.registrations.state.<s>   how many are in each state (gauges)
channels.count                  channels (gauge)
channels.calltime               how long each that ended has lasted (ms)
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import re
import socket
from collections import deque
from typing import TYPE_CHECKING

from offhook.pbx.events import (
    ChannelCreated,
    ChannelHungUp,
    ContactChanged,
    RegistrationChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offhook.config.files.statsd import StatsdConf
    from offhook.pbx.bus import Bus

__all__ = ["KINDS", "Statsd", "StatsdError", "check"]

log = logging.getLogger(__name__)

_PORT = 8125
_WAITING = 1000  # statistics kept until the server's name is looked up
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
KINDS = {"g": "gauge", "c": "counter", "ms": "timer", "s": "set"}
"""Types of statistics by their letters on the wire."""
_CONTACT_STATES = ("Unreachable", "Reachable", "Unknown", "NonQualified", "Removed")
_REGISTRATION_STATES = ("Unregistered", "Registered", "Rejected", "Stopped")


class StatsdError(ValueError):
    """A statistic that the protocol cannot carry."""


def check(kind: str, name: str, value: str) -> None:
    """Raises StatsdError for what is no statistic: the type, a name with `|`, a value that does not fit."""
    if kind not in KINDS:
        raise StatsdError(f"{kind!r} is none of {', '.join(KINDS)}")
    if not name or any(char in name for char in "|:@\r\n"):
        raise StatsdError(f"{name!r} is no name: it is empty, or has | : @")
    if not value or any(char in value for char in "|\r\n"):
        raise StatsdError(f"{value!r} is no value: it is empty, or has |")
    if kind == "s":
        return
    if not _NUMBER.fullmatch(value):
        raise StatsdError(f"{value!r} is no number")
    if kind == "ms" and value[0] in "+-":
        raise StatsdError(f"{value!r}: a time has no sign")


class Statsd:
    """The client; a service of the switch.  `clock` gives seconds since the epoch."""

    def __init__(self, bus: Bus, clock: Callable[[], float]) -> None:
        self._bus = bus
        self._clock = clock
        self._random = random.Random()
        self._socket: socket.socket | None = None
        self._conf: StatsdConf | None = None
        self._waiting: deque[bytes] = deque(maxlen=_WAITING)
        self._looking: asyncio.Task[None] | None = None
        self._contacts: dict[tuple[str, str], str] = {}
        self._registrations: dict[tuple[str, str], str] = {}
        self._channels = 0
        self._stops: list[Callable[[], None]] = []

    @property
    def is_enabled(self) -> bool:
        """Whether statistics are sent."""
        return self._conf is not None

    def use(self, conf: StatsdConf) -> None:
        """Send to this server from now on, or (not enabled) to none."""
        if conf == self._conf or (not conf.enabled and self._conf is None):
            return
        self.close()
        if not conf.enabled:
            return
        self._conf = conf
        self._looking = asyncio.get_running_loop().create_task(self._connect(conf), name="statsd")
        bus = self._bus
        self._stops = [
            bus.listen(ContactChanged, self._on_contact),
            bus.listen(RegistrationChanged, self._on_registration),
            bus.listen(ChannelCreated, self._on_channel),
            bus.listen(ChannelHungUp, self._on_hangup),
        ]
        for state in _CONTACT_STATES:
            self.send(f"PJSIP.contacts.states.{state}", "g", "0")
        self.send("PJSIP.registrations.count", "g", "0")
        for state in _REGISTRATION_STATES:
            self.send(f"PJSIP.registrations.state.{state}", "g", "0")
        known, self._contacts = self._contacts, {}
        for (aor, uri), state in known.items():
            self._contact(aor, uri, state)
        ours, self._registrations = self._registrations, {}
        for who, state in ours.items():
            self._registration(who, state)

    def begin_with(self, contacts: Iterable[tuple[str, str]]) -> None:
        """Contacts (AOR, URI) that were there before anybody was told."""
        for aor, uri in contacts:
            if (aor, uri) not in self._contacts:
                self._contact(aor, uri, "NonQualified")

    def close(self) -> None:
        """Send nothing any more."""
        for stop in self._stops:
            stop()
        self._stops.clear()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._conf = None
        self._waiting.clear()

    def send(self, name: str, kind: str, value: str, rate: float = 1.0) -> None:
        """Send one statistic, with a chance of `rate`.  What cannot be sent is lost, as UDP has it."""
        conf = self._conf
        if conf is None or rate <= 0 or (rate < 1 and self._random.random() >= rate):
            return
        prefix = f"{conf.prefix}." if conf.prefix else ""
        sampled = f"|@{rate:.2f}" if rate < 1 else ""
        data = f"{prefix}{name}:{value}|{kind}{sampled}{chr(10) if conf.add_newline else ''}".encode()
        if self._socket is None:
            self._waiting.append(data)
        else:
            self._write(data)

    def _write(self, data: bytes) -> None:
        try:
            if self._socket is not None:
                self._socket.send(data)
        except OSError as error:  # nobody listens, or the buffer is full
            log.debug("statsd: %s", error)

    async def _connect(self, conf: StatsdConf) -> None:
        loop = asyncio.get_running_loop()
        host, port = conf.server.host, conf.server.port or _PORT
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            family, _, _, _, where = found[0]
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.setblocking(False)
            made.connect(where)
        except OSError as error:
            log.error("statsd.conf: statistics cannot be sent to %s:%d: %s", host, port, error)
            return
        self._socket = made
        while self._waiting:
            self._write(self._waiting.popleft())

    # ------------------------------------------------------------ what the node counts

    def _on_contact(self, event: ContactChanged) -> None:
        state = event.status
        if state == "Updated":
            return
        self._contact(event.aor, event.uri, "NonQualified" if state == "Created" else state)
        if state == "Reachable" and event.round_trip_us:
            digest = hashlib.md5(event.uri.encode(), usedforsecurity=False).hexdigest()
            name = f"{event.aor}@@{digest}"
            self.send(f"PJSIP.contacts.{name}.rtt", "ms", str(max(1, event.round_trip_us // 1000)))

    def _contact(self, aor: str, uri: str, state: str) -> None:
        before = self._contacts.get((aor, uri))
        if before == state or (before is None and state == "Removed"):
            return  # an AOR of several endpoints is told once for each
        if before is not None:
            self.send(f"PJSIP.contacts.states.{before}", "g", "-1")
        self.send(f"PJSIP.contacts.states.{state}", "g", "+1")
        if state == "Removed":
            del self._contacts[aor, uri]
        else:
            self._contacts[aor, uri] = state

    def _on_registration(self, event: RegistrationChanged) -> None:
        self._registration((event.username, event.domain), event.status)

    def _registration(self, who: tuple[str, str], state: str) -> None:
        before = self._registrations.get(who)
        if before is None:
            self.send("PJSIP.registrations.count", "g", "+1")
        else:
            self.send(f"PJSIP.registrations.state.{before}", "g", "-1")
        self.send(f"PJSIP.registrations.state.{state}", "g", "+1")
        self._registrations[who] = state

    def _on_channel(self, event: ChannelCreated) -> None:
        self._channels += 1
        self.send("channels.count", "g", str(self._channels))

    def _on_hangup(self, event: ChannelHungUp) -> None:
        self._channels = max(0, self._channels - 1)
        self.send("channels.count", "g", str(self._channels))
        lasted = int((self._clock() - event.channel.created_at) * 1000)
        self.send("channels.calltime", "ms", str(max(0, lasted)))
