"""Ports behind a NAT: what STUN and TURN servers tell of them, known before a call wants it.

An offer is written at once, and a server's answer takes a round trip.  So a few ports are kept open whose
candidates are known already; a call takes one of them and another is opened in its place.  Nothing is kept
while no server is configured.  The protocols are the engine's (rust/media/src/nat).
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from offhook._core import MediaError

if TYPE_CHECKING:
    from offhook.media.port import MediaPort

__all__ = ["Gatherer", "IceServers", "Place", "PortOptions"]

log = logging.getLogger(__name__)

FRESH_S = 300.0
"""For so long the address of a server counts; then its name is looked up again."""
RETRY_S = 30.0
_SPARE = 2
_MOST_SPARE = 32
_LATELY_S = 5.0


def _anybody(host: str) -> bool:
    return True


class Place(NamedTuple):
    """A server: name or address, and UDP port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class IceServers:
    """The servers that candidates come from."""

    stun: Place | None = None
    turn: Place | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    software: str = ""
    """What our messages say of the program; "": nothing."""
    asks: Callable[[str], bool] = field(default=_anybody, compare=False)
    """Whether sockets that send from this address of ours ask servers."""
    rules: object = None
    """What `asks` was made of."""


class PortOptions(NamedTuple):
    """What a port is opened with (MediaService.open_port())."""

    address: str
    carries: str
    fixed: bool
    tos: int
    cos: int
    symmetric: bool
    strict: bool
    probation: int


@dataclass(slots=True)
class _Server:
    """One server, as it is known."""

    place: Place
    addresses: dict[int, str] = field(default_factory=dict[int, str])
    """By version of IP."""
    error: str = ""

    def at(self, version: int) -> tuple[str, int] | None:
        host = self.addresses.get(version)
        return (host, self.place.port) if host is not None else None


@dataclass(slots=True)
class _Pool:
    """Spare ports of one kind."""

    ports: list[MediaPort] = field(default_factory=list["MediaPort"])
    taken: deque[float] = field(default_factory=lambda: deque[float](maxlen=_MOST_SPARE))

    def wanted(self, now: float) -> int:
        lately = sum(now - at < _LATELY_S for at in self.taken)
        return min(max(_SPARE, 2 * lately), _MOST_SPARE)


class Gatherer:
    """Knows the servers, and keeps ports ready."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, open_port: Callable[[PortOptions], MediaPort]
    ) -> None:
        self._loop = loop
        self._open_port = open_port
        self._servers: IceServers = IceServers()
        self._stun: _Server | None = None
        self._turn: _Server | None = None
        self._pools: dict[PortOptions, _Pool] = {}
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()
        self._filling = False
        self.debug = False
        """Whether every answer of a server is logged (`stun set debug`)."""
        self.mapped: dict[str, float] = {}
        """The addresses that the STUN server has seen lately, and when (monotonic)."""
        self.failures = 0
        self.last_failure = ""

    @property
    def active(self) -> bool:
        """Whether there is a server to ask."""
        return self._stun is not None or self._turn is not None

    @property
    def spare(self) -> int:
        """Ports that no call has yet."""
        return sum(len(pool.ports) for pool in self._pools.values())

    @property
    def servers(self) -> tuple[_Server | None, _Server | None]:
        """The STUN and the TURN server."""
        return self._stun, self._turn

    def configure(self, servers: IceServers) -> None:
        """Ask these from now on.  What calls have stays as it is."""
        if servers == self._servers:
            return
        self._servers = servers
        self._stun = _Server(servers.stun) if servers.stun is not None else None
        self._turn = _Server(servers.turn) if servers.turn is not None else None
        self.mapped.clear()
        self.failures, self.last_failure = 0, ""
        self._drop_spare()
        if self.active and self._task is None:
            self._task = self._loop.create_task(self._look_up_servers())
        elif not self.active and self._task is not None:
            self._task.cancel()
            self._task = None
        self._again.set()

    def look_up_again(self) -> None:
        """Look the servers' names up now."""
        self._again.set()

    def close(self) -> None:
        """Close the spare ports.  Idempotent."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._drop_spare()
        self._pools.clear()

    # ------------------------------------------------------------ servers

    async def _look_up_servers(self) -> None:
        while True:
            self._again.clear()
            known = [await self._look_up(server) for server in (self._stun, self._turn) if server is not None]
            self._fill_soon()
            try:
                async with asyncio.timeout(FRESH_S if all(known) else RETRY_S):
                    await self._again.wait()
            except TimeoutError:
                pass

    async def _look_up(self, server: _Server) -> bool:
        host, port = server.place
        try:
            found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except OSError as error:
            if not server.error:
                log.warning("ICE: the server %s cannot be found: %s", host, error.strerror or error)
            server.error = error.strerror or str(error)
            return False
        addresses: dict[int, str] = {}
        for family, _, _, _, address in found:
            version = 6 if family == socket.AF_INET6 else 4
            addresses.setdefault(version, str(address[0]))
        if server.addresses and addresses != server.addresses:
            log.info("ICE: %s is at %s now", host, ", ".join(addresses.values()))
            self._drop_spare()
        server.addresses, server.error = addresses, ""
        return True

    def _ask(self, port: MediaPort, options: PortOptions) -> bool:
        """Ask the servers about a port; whether there is one that could be asked."""
        version = 6 if ":" in options.address else 4
        stun = self._stun.at(version) if self._stun is not None else None
        turn = self._turn.at(version) if self._turn is not None else None
        for server in (stun, turn):
            if server is not None:
                port.base = _own_address(server)
                break
        if stun is not None and not self._servers.asks(port.base):
            stun = None
        if stun is None and turn is None:
            return False
        servers = self._servers
        port.gathering = True
        port.core.gather(
            stun=stun,
            turn=turn,
            username=servers.username,
            password=servers.password,
            software=servers.software,
        )
        return True

    # ------------------------------------------------------------ ports

    def take(self, options: PortOptions) -> MediaPort:
        """A port, with its candidates if some could be had before.

        Raises what MediaService.open_port() does.
        """
        pool = self._pools.setdefault(options, _Pool())
        pool.taken.append(time.monotonic())
        self._fill_soon()
        pool.ports = [port for port in pool.ports if not port.closed]
        if not pool.ports:
            port = self._open_port(options)
            self._ask(port, options)
            return port
        # The one that knows most; of these the oldest.
        best = max(pool.ports, key=lambda port: len(port.reflexive) + len(port.relayed))
        pool.ports.remove(best)
        return best

    def expect(self, options: PortOptions) -> None:
        """Calls will want such ports."""
        if options not in self._pools:
            self._pools[options] = _Pool()
            self._fill_soon()

    def _fill_soon(self) -> None:
        # After what goes on now: a call that is being set up comes first.
        if not self._filling and self.active:
            self._filling = True
            self._loop.call_soon(self._fill)

    def _fill(self) -> None:
        self._filling = False
        now = time.monotonic()
        for options, pool in self._pools.items():
            while self.active and len(pool.ports) < pool.wanted(now):
                try:
                    port = self._open_port(options)
                except (MediaError, OSError) as error:
                    log.debug("ICE: no port to keep: %s", error)
                    return
                if not self._ask(port, options):
                    port.close()
                    break
                pool.ports.append(port)

    def _drop_spare(self) -> None:
        for pool in self._pools.values():
            for port in pool.ports:
                port.close()
            pool.ports.clear()

    def told(self, port: MediaPort, text: str, component: int) -> None:
        """A server has said something of a port."""
        what, _, rest = text.partition(" ")
        if what == "srflx":
            self.mapped.pop(rest, None)
            self.mapped[rest] = time.monotonic()
            while len(self.mapped) > _MOST_SPARE:
                del self.mapped[next(iter(self.mapped))]
        elif what in ("no-srflx", "no-relay"):
            self.failures += 1
            if rest != self.last_failure:
                log.warning("ICE: %s", rest)
            self.last_failure = rest
        if self.debug:
            log.info("ICE: port %d, component %d: %s", port.rtp_port, component, text)


def _own_address(server: tuple[str, int]) -> str:
    """The address of ours from which the kernel sends there, "" when it does not."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(server)
            return str(probe.getsockname()[0])
    except OSError:
        return ""
