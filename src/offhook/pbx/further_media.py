"""What a channel has beside its audio, and what it reports of it: part of Channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.media.reports import RtcpReport
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["FurtherMedia"]


class FurtherMedia:
    """Part of Channel: video and faxes, which are passed on between two that are bridged, and RTCP."""

    __slots__ = ()
    pbx: Pbx

    @property
    def _channel(self) -> Channel:
        return cast("Channel", self)

    def further_media(self) -> list[tuple[str, MediaPort]]:
        """What it has beside its audio: ("video" or "image", port) in order."""
        return []

    def set_streams(self, kind: str, count: int) -> None:
        """Have so many "audio" or "video" streams, where the technology can."""

    def partner_gone(self) -> None:
        """It is no longer bridged with the one it was bridged with."""

    def known_address(self, port: MediaPort) -> str:
        """The address of a port as the far end knows it."""
        return port.address

    def on_rtcp(self, port: MediaPort, report: RtcpReport, sent: bool) -> None:
        """Part of PortListener."""
        address = self.known_address(port)
        local = f"[{address}]:{port.rtcp_port}" if ":" in address else f"{address}:{port.rtcp_port}"
        if sent:
            self.pbx.bus.emit(events.RtcpSent, self._channel, report, local)
        elif self.pbx.bus.wanted(events.RtcpReceived):
            round_trip = float(port.stats()["rtt_ms"])
            self.pbx.bus.emit(events.RtcpReceived, self._channel, report, round_trip, local)
