"""Reports about audio on the wire: RTCPSent, RTCPReceived."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ami.announce import shows
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.api.ami.shape import Shape
    from offhook.media.reports import ReportBlock, RtcpReport
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_SENDER_REPORT = 200


@shows(events.RtcpSent, "RTCPSent", classes="reporting")
def sent(shape: Shape, event: events.RtcpSent) -> str:
    """A report about the audio of a channel went out by RTCP."""
    return _lines(shape, event.channel, event.report, event.local, event.report.address, None)


@shows(events.RtcpReceived, "RTCPReceived", classes="reporting")
def received(shape: Shape, event: events.RtcpReceived) -> str:
    """A report about the audio of a channel came in by RTCP."""
    return _lines(shape, event.channel, event.report, event.report.address, event.local, event.round_trip_ms)


def _lines(
    shape: Shape, channel: Channel, report: RtcpReport, source: str, target: str, round_trip_ms: float | None
) -> str:
    kind = "200(SR)" if report.packet_type == _SENDER_REPORT else "201(RR)"
    lines = shape.channel(channel)
    lines += f"SSRC: 0x{report.ssrc:08x}\r\nPT: {kind}\r\nFrom: {source}\r\nTo: {target}\r\n"
    if round_trip_ms is not None and round_trip_ms >= 0:
        lines += f"RTT: {round_trip_ms / 1000:.4f}\r\n"
    lines += f"ReportCount: {report.report_count}\r\n"
    if report.packet_type == _SENDER_REPORT:
        lines += (
            f"SentNTP: {report.ntp >> 32}.{(report.ntp & 0xFFFFFFFF) * 1_000_000 >> 32:06d}\r\n"
            f"SentRTP: {report.rtp_timestamp}\r\n"
            f"SentPackets: {report.packets}\r\n"
            f"SentOctets: {report.octets}\r\n"
        )
    return lines + _block(report.block) if report.block is not None else lines


def _block(block: ReportBlock) -> str:
    return (
        f"Report0SourceSSRC: 0x{block.source_ssrc:08x}\r\n"
        f"Report0FractionLost: {block.fraction_lost}\r\n"
        f"Report0CumulativeLost: {block.cumulative_lost}\r\n"
        f"Report0HighestSequence: {block.highest_sequence}\r\n"
        f"Report0SequenceNumberCycles: {block.sequence_cycles}\r\n"
        f"Report0IAJitter: {block.jitter}\r\n"
        f"Report0LSR: {block.last_sr}\r\n"
        f"Report0DLSR: {block.delay_since_last_sr / 65536:.4f}\r\n"
    )
