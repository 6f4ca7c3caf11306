"""T.38 as SDP has it (ITU-T T.38 annex D): what two fax terminals agree on, and how large datagrams may be.

The datagrams themselves (UDPTL) are the engine's, which passes them on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from offhook._core import Media

__all__ = [
    "ErrorCorrection",
    "T38Parameters",
    "attributes",
    "largest_datagram",
    "largest_packet",
    "read_image",
]


class ErrorCorrection(StrEnum):
    """What a datagram has beside the newest packet."""

    NONE = "none"
    FEC = "fec"
    """Parity of packets before."""
    REDUNDANCY = "redundancy"
    """The packets before."""


_SDP_NAMES: Final = {ErrorCorrection.FEC: "t38UDPFEC", ErrorCorrection.REDUNDANCY: "t38UDPRedundancy"}
_SPAN: Final = 3  # packets that redundancy repeats
_MOST_DATAGRAM: Final = 1400  # what goes into a frame of Ethernet whatever is around it
_USUAL_DATAGRAM: Final = 400
_INSURANCE: Final = 0.05  # of a size, for those who count otherwise


@dataclass(frozen=True, slots=True)
class T38Parameters:
    """One side's terminal."""

    version: int = 0
    max_bit_rate: int = 14400
    rate_management: str = "transferredTCF"
    fill_bit_removal: bool = False
    transcoding_mmr: bool = False
    transcoding_jbig: bool = False
    error_correction: ErrorCorrection = ErrorCorrection.NONE
    max_datagram: int = _USUAL_DATAGRAM
    """Largest datagram that it takes, in octets."""

    def common(self, other: T38Parameters) -> T38Parameters:
        """What both can do; the datagram's size stays our own."""
        return replace(
            self,
            version=min(self.version, other.version),
            max_bit_rate=min(self.max_bit_rate, other.max_bit_rate),
            rate_management=other.rate_management,
            fill_bit_removal=self.fill_bit_removal and other.fill_bit_removal,
            transcoding_mmr=self.transcoding_mmr and other.transcoding_mmr,
            transcoding_jbig=self.transcoding_jbig and other.transcoding_jbig,
        )


def _number(text: str | None, default: int, most: int) -> int:
    text = (text or "").strip()
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 9 else default


def _present(line: Media, name: str) -> bool:
    """A capability: some write its name alone, others 0 or 1."""
    for key, value in line.attributes:
        if key == name:
            return (value or "1").strip() != "0"
    return False


def read_image(line: Media) -> T38Parameters:
    """What an m=image line says of its side."""
    size = line.attribute("T38FaxMaxDatagram") or line.attribute("T38MaxDatagram")
    correction = (line.attribute("T38FaxUdpEC") or "").strip().lower()
    rate_management = (line.attribute("T38FaxRateManagement") or "").strip()
    return T38Parameters(
        version=_number(line.attribute("T38FaxVersion"), 0, 3),
        max_bit_rate=_number(line.attribute("T38MaxBitRate"), 14400, 33600) or 14400,
        rate_management="localTCF" if rate_management.lower() == "localtcf" else "transferredTCF",
        fill_bit_removal=_present(line, "T38FaxFillBitRemoval"),
        transcoding_mmr=_present(line, "T38FaxTranscodingMMR"),
        transcoding_jbig=_present(line, "T38FaxTranscodingJBIG"),
        error_correction=next(
            (each for each, name in _SDP_NAMES.items() if name.lower() == correction), ErrorCorrection.NONE
        ),
        max_datagram=_number(size, _USUAL_DATAGRAM, 65535) or _USUAL_DATAGRAM,
    )


def attributes(parameters: T38Parameters) -> list[tuple[str, str | None]]:
    """The lines of an m=image line of ours."""
    lines: list[tuple[str, str | None]] = [
        ("T38FaxVersion", str(parameters.version)),
        ("T38MaxBitRate", str(parameters.max_bit_rate)),
    ]
    for name, on in (
        ("T38FaxFillBitRemoval", parameters.fill_bit_removal),
        ("T38FaxTranscodingMMR", parameters.transcoding_mmr),
        ("T38FaxTranscodingJBIG", parameters.transcoding_jbig),
    ):
        if on:
            lines.append((name, None))
    lines.append(("T38FaxRateManagement", parameters.rate_management))
    lines.append(("T38FaxMaxDatagram", str(parameters.max_datagram)))
    correction = _SDP_NAMES.get(parameters.error_correction)
    if correction is not None:
        lines.append(("T38FaxUdpEC", correction))
    return lines


def largest_packet(datagram: int, correction: ErrorCorrection) -> int:
    """Octets of a fax packet that fits into a datagram with what goes before and beside it."""
    match correction:
        case ErrorCorrection.NONE:
            room = datagram - 5
        case ErrorCorrection.REDUNDANCY:
            room = (datagram - 8) // (_SPAN + 1)
        case ErrorCorrection.FEC:
            room = (datagram - 10) // 2
    return max(int(room * (1 - _INSURANCE)), 1)


def largest_datagram(packet: int, correction: ErrorCorrection) -> int:
    """Octets of a datagram for packets of this size."""
    match correction:
        case ErrorCorrection.NONE:
            size = packet + 5
        case ErrorCorrection.REDUNDANCY:
            size = packet * (_SPAN + 1) + 8
        case ErrorCorrection.FEC:
            size = packet * 2 + 10
    return min(int(size * (1 + _INSURANCE)), _MOST_DATAGRAM)
