"""RTCP reports as programs are told of them (RFC 3550 section 6.4): what a far end says, and what we say."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ReportBlock", "RtcpReport", "read_report"]


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What one side reports of the stream that it hears."""

    source_ssrc: int
    fraction_lost: int
    """Since the report before, in 1/256."""
    cumulative_lost: int
    highest_sequence: int
    sequence_cycles: int
    jitter: int
    """In units of the RTP clock."""
    last_sr: int
    """Middle 32 bits of the NTP time of the last sender report heard, 0: none."""
    delay_since_last_sr: int
    """In 1/65536 s."""


@dataclass(frozen=True, slots=True)
class RtcpReport:
    """One report."""

    address: str
    """host:port it came from or went to."""
    ssrc: int
    packet_type: int
    """200: sender report, 201: receiver report."""
    report_count: int
    ntp: int = 0
    """64-bit NTP time of a sender report."""
    rtp_timestamp: int = 0
    packets: int = 0
    octets: int = 0
    block: ReportBlock | None = None


def read_report(text: str) -> RtcpReport:
    """A report as the engine's `rtcp_received` and `rtcp_sent` events have it."""
    words = dict(word.split("=", 1) for word in text.split())

    def number(name: str) -> int:
        return int(words.get(name, 0))

    block = None
    if "source" in words:
        block = ReportBlock(
            number("source"),
            number("fraction"),
            number("lost"),
            number("highest"),
            number("cycles"),
            number("jitter"),
            number("lsr"),
            number("dlsr"),
        )
    return RtcpReport(
        words["address"],
        number("ssrc"),
        number("pt"),
        number("count"),
        number("ntp"),
        number("rtp"),
        number("packets"),
        number("octets"),
        block,
    )
