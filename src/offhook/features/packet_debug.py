"""Packets that an operator looks at: `rtp set debug`, `rtcp set debug`, `rtcp set stats`, `udptl set debug`.

What nobody looks at costs nothing: the media engine keeps the beginnings of packets only while they are
wanted, in a queue of limited length, and RTCP reports are events only while somebody listens to them.  Lines
are VERBOSE, worded as Asterisk words them.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from offhook.levels import verbose
from offhook.pbx import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.media.reports import RtcpReport
    from offhook.pbx.pbx import Pbx

__all__ = ["ALL", "PacketDebug", "Wanted", "packet_debug_of", "packet_line"]

_log = logging.getLogger(__name__)

Filter = tuple[str, int]
ALL: Filter = ("", 0)
"""Every far address and port."""

_POLL = 0.1  # seconds
_KINDS = {200: "Sender Report", 201: "Receiver Report"}
_RTCP_TYPES = range(192, 224)  # RFC 5761 section 4: packets of these second octets are RTCP


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at; None: nothing of the kind."""

    rtp: Filter | None = None
    udptl: Filter | None = None
    rtcp: Filter | None = None
    rtcp_stats: bool = False
    """What we report to others, too."""


def packet_line(kind: str, sent: bool, far: str, head: bytes, length: int) -> str | None:
    """The line for one packet of the engine; None for what is no RTP (STUN, DTLS, RTCP on the same port)."""
    if kind == "udptl":
        sequence = int.from_bytes(head[:2], "big")
        way = "Sent UDPTL packet to     " if sent else "Got  UDPTL packet from   "
        return f"{way} {far} (seq {sequence}, len {length})"
    if len(head) < 12 or head[0] >> 6 != 2 or head[1] in _RTCP_TYPES:
        return None
    bits, marked, sequence, timestamp, _ = struct.unpack("!BBHII", head)
    payload = length - 12 - 4 * (bits & 15)
    way = "Sent RTP packet to       " if sent else "Got  RTP packet from     "
    return f"{way} {far} (type {marked & 127:02d}, seq {sequence:06d}, ts {timestamp:06d}, len {payload:06d})"


def _passes(wanted: Filter | None, far: str) -> bool:
    if wanted is None:
        return False
    host, _, port = far.rpartition(":")
    return (not wanted[0] or host.strip("[]") == wanted[0]) and (not wanted[1] or port == str(wanted[1]))


class PacketDebug:
    """What is looked at on one node."""

    def __init__(self, pbx: Pbx) -> None:
        self.wanted = Wanted()
        self._pbx = pbx
        self._timer: asyncio.TimerHandle | None = None
        self._stops: list[Callable[[], None]] = []

    def look(self, **changes: Filter | bool | None) -> None:
        """Change what is looked at: fields of Wanted."""
        before, self.wanted = self.wanted, replace(self.wanted, **changes)  # type: ignore[arg-type]
        wanted = self.wanted
        if (wanted.rtp, wanted.udptl) != (before.rtp, before.udptl):
            self._pbx.media.want_packets(wanted.rtp, wanted.udptl)
            if wanted.rtp is None and wanted.udptl is None:
                self._poll()  # what came until now
                self._stop_polling()
            elif self._timer is None:
                self._timer = self._pbx.loop.call_later(_POLL, self._tick)
        for stop in self._stops:
            stop()
        self._stops.clear()
        if wanted.rtcp is not None:
            self._stops.append(self._pbx.bus.listen(events.RtcpReceived, self._received))
        if wanted.rtcp is not None or wanted.rtcp_stats:
            self._stops.append(self._pbx.bus.listen(events.RtcpSent, self._sent))

    def _stop_polling(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if self._pbx.media.closed:
            return
        self._poll()
        self._timer = self._pbx.loop.call_later(_POLL, self._tick)

    def _poll(self) -> None:
        seen, lost = self._pbx.media.packets()
        for packet in seen:
            line = packet_line(*packet)
            if line is not None:
                _log.log(verbose(0), "%s", line)
        if lost:
            _log.log(verbose(0), "%d more packets came than can be shown", lost)

    # ------------------------------------------------------------ RTCP

    def _received(self, event: events.RtcpReceived) -> None:
        report = event.report
        if not _passes(self.wanted.rtcp, report.address):
            return
        lines = [f"Got RTCP from {report.address} ({event.channel.name})", *_described(report)]
        if event.round_trip_ms >= 0:
            lines.append(f"  RTT: {event.round_trip_ms / 1000:.4f}(sec)")
        _log.log(verbose(0), "%s", "\n".join(lines))

    def _sent(self, event: events.RtcpSent) -> None:
        report = event.report
        if not self.wanted.rtcp_stats and not _passes(self.wanted.rtcp, report.address):
            return
        lines = [f"Sent RTCP to {report.address} ({event.channel.name})", *_described(report)]
        _log.log(verbose(0), "%s", "\n".join(lines))


def _described(report: RtcpReport) -> list[str]:
    lines = [
        f"  PT: {report.packet_type} ({_KINDS.get(report.packet_type, 'Unknown')})",
        f"  Reception reports: {report.report_count}",
        f"  SSRC of sender: {report.ssrc}",
    ]
    if report.packet_type == 200:
        lines += [
            f"  NTP timestamp: {report.ntp >> 32}.{report.ntp & 0xFFFFFFFF}",
            f"  RTP timestamp: {report.rtp_timestamp}",
            f"  SPC: {report.packets}\tSOC: {report.octets}",
        ]
    block = report.block
    if block is not None:
        lines += [
            f"  Reported SSRC: {block.source_ssrc}",
            f"  Fraction lost: {block.fraction_lost}",
            f"  Packets lost so far: {block.cumulative_lost}",
            f"  Highest sequence number: {block.highest_sequence}",
            f"  Sequence number cycles: {block.sequence_cycles}",
            f"  Interarrival jitter: {block.jitter}",
            f"  Last SR(our NTP): {block.last_sr >> 16}.{block.last_sr & 0xFFFF}",
            f"  DLSR: {block.delay_since_last_sr / 65536:.4f}(sec)",
        ]
    return lines


def packet_debug_of(pbx: Pbx) -> PacketDebug:
    """What is looked at on a node."""
    found = pbx.service(PacketDebug)
    if found is None:
        found = PacketDebug(pbx)
        pbx.add_service(found)
    return found
