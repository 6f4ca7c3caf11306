"""The media engine on the event loop: opens ports, and hands the engine's events to them in batches.

One reader on the engine's event descriptor; no task, no timer.  Listeners and `on_end` callbacks run inside
the dispatch: what they raise is logged and hurts neither the other events nor the loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING

from offhook.config.files.codecs import CodecsConf
from offhook.media.gathering import Gatherer, PortOptions
from offhook.media.port import MediaPort
from offhook.media.room import MediaRoom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import MediaEngine, Port
    from offhook.config.files.udptl import UdptlConf

__all__ = ["MediaService"]

_log = logging.getLogger(__name__)


class MediaService:
    """Owns the engine for one event loop.  close() ends both."""

    __slots__ = (
        "_closed",
        "_events_failed",
        "_events_lost",
        "_loop",
        "_ports",
        "codecs",
        "encryption",
        "engine",
        "gatherer",
    )

    def __init__(self, engine: MediaEngine, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.engine = engine
        self._loop = loop if loop is not None else asyncio.get_running_loop()
        self._ports: dict[int, MediaPort] = {}
        self.codecs = CodecsConf()
        self.encryption = True
        """Whether SRTP may be agreed on."""
        self._events_lost = 0
        self._events_failed = 0
        self._closed = False
        self.gatherer = Gatherer(self._loop, self.open_as)
        """What STUN and TURN servers tell of ports, and ports of which they have told already."""
        self._loop.add_reader(engine.event_fd, self._dispatch)

    def open_port(
        self,
        address: str,
        *,
        carries: str = "audio",
        fixed: bool = False,
        rtcp: bool = True,
        rtcp_mux: bool = False,
        tos: int = 0,
        cos: int = 0,
        symmetric: bool = True,
        strict: bool = True,
        probation: int = 4,
        near: MediaPort | None = None,
    ) -> MediaPort:
        """A port bound at `address` (IP literal) for "audio", "video" or "udptl".

        `near`: the leg that it will be bridged to.  `fixed`: others may ride on it.  `cos`: the priority of
        its packets where they leave (802.1p), 0 to 7; 7 takes CAP_NET_ADMIN, without which it is left out.

        Raises MediaError ("no_ports", "closed"), OSError when it cannot bind, ValueError for the address.
        """
        core = self.engine.open_port(
            address,
            carries=carries,
            fixed=fixed,
            rtcp=rtcp,
            rtcp_mux=rtcp_mux,
            tos=tos,
            symmetric=symmetric,
            strict=strict,
            probation=probation,
            near=near.core if near is not None else None,
        )
        if cos:
            _set_priority(core.descriptors, cos)
        return self._adopt(core)

    def take_port(self, options: PortOptions) -> MediaPort:
        """A port for a leg with ICE: one of which servers have told already, where there are servers.

        Raises what open_port() does.
        """
        if self.gatherer.active:
            return self.gatherer.take(options)
        return self.open_as(options)

    def open_as(self, options: PortOptions) -> MediaPort:
        """A port with these options.  Raises what open_port() does."""
        return self.open_port(
            options.address,
            carries=options.carries,
            fixed=options.fixed,
            tos=options.tos,
            cos=options.cos,
            symmetric=options.symmetric,
            strict=options.strict,
            probation=options.probation,
        )

    def open_rider(self, carrier: MediaPort, carries: str) -> MediaPort:
        """A port that uses the sockets, keys and addresses of a `fixed` one (BUNDLE)."""
        return self._adopt(self.engine.open_rider(carrier.core, carries=carries))

    def open_pipe(self, *, near: MediaPort | None = None, rate: int = 8000) -> tuple[MediaPort, MediaPort]:
        """Two ports without sockets; what one sends the other receives (Local channels).

        Above 8 kHz it is linear audio of this rate in Hz, or of the next higher one that there is.
        """
        one, other = self.engine.open_pipe(near=near.core if near is not None else None)
        ends = self._adopt(one), self._adopt(other)
        if rate > 8000:
            for end in ends:
                end.set_linear(rate)
        return ends

    def open_room(self, *, rate: int = 8000, interval_ms: int = 20) -> MediaRoom:
        """A conference that mixes at `rate` Hz every 10, 20, 40 or 80 ms.  Raises MediaError."""
        return MediaRoom(self.engine.open_room(rate=rate, interval_ms=interval_ms), rate)

    def configure(self, codecs: CodecsConf, fax: UdptlConf) -> None:
        """How codecs are set up, and the ports that carry "udptl", from now on."""
        self.codecs = codecs
        self.engine.set_udptl_range(fax.udptlstart, fax.udptlend, even=fax.use_even_ports)

    def report_rtcp(self, on: bool) -> None:
        """Whether listeners of ports are told of RTCP reports."""
        self.engine.report_rtcp(on)

    def want_packets(self, rtp: tuple[str, int] | None, udptl: tuple[str, int] | None) -> None:
        """Which packets packets() gives: by the far address ("": all) and port (0: all); None: none."""
        self.engine.want_packets(rtp, udptl)

    def packets(self) -> tuple[list[tuple[str, bool, str, bytes, int]], int]:
        """Packets since the last call, and how many were left out; see MediaEngine.packets()."""
        return self.engine.packets()

    def ports(self) -> int:
        """Ports that are open, or whose recordings are being completed; not those that no call has yet."""
        return len(self._ports) - self.gatherer.spare

    def stats(self) -> dict[str, int]:
        """The engine's counters, and events_failed: callbacks that raised."""
        stats = self.engine.stats()
        stats["events_lost"] = max(stats.get("events_lost", 0), self._events_lost)
        stats["events_failed"] = self._events_failed
        return stats

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._closed

    def close(self) -> None:
        """Close all ports, complete all recordings, end the engine.  Whoever waits is told.  Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self.engine.event_fd)
        self.gatherer.close()
        for port in tuple(self._ports.values()):
            port.close()
        self.engine.close()
        self._dispatch()
        for port in tuple(self._ports.values()):
            port.abandon()
        self._ports.clear()

    def _adopt(self, core: Port) -> MediaPort:
        port = MediaPort(core, self._forget)
        self._ports[port.id] = port
        return port

    def _forget(self, port_id: int) -> None:
        self._ports.pop(port_id, None)

    def _dispatch(self) -> None:
        ports = self._ports
        for kind, port_id, ref, text, value in self.engine.events():
            port = ports.get(port_id)
            if port is None:
                if kind == "overrun":
                    self._overrun(value)
                continue
            try:
                port.dispatch(kind, ref, text, value)
                if kind == "server":
                    self.gatherer.told(port, text, value)
            except Exception:
                self._events_failed += 1
                _log.exception("media event %s of port %d: its listener failed", kind, port_id)

    def _overrun(self, lost: int) -> None:
        # the loop was stuck for so long that the engine's queue ran over
        self._events_lost += lost
        _log.error("%d media events were lost: the event loop did not fetch them in time", lost)


def _set_priority(descriptors: Sequence[int], priority: int) -> None:
    """Set SO_PRIORITY of sockets of the engine, through copies of their descriptors."""
    for descriptor in descriptors:
        if descriptor < 0:
            continue
        try:
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, priority)
        except OSError as error:
            _log.warning("the priority %d of packets cannot be set: %s", priority, error.strerror)
