"""rtp.conf: ports and timers of media."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, integer

__all__ = ["GENERAL", "RtpConf", "StrictRtp", "read_rtp_conf"]


class StrictRtp(StrEnum):
    """Whether packets of other sources than the one learned are dropped."""

    NO = "no"
    YES = "yes"
    SEQNO = "seqno"
    """Yes, and a source is learned by consecutive sequence numbers alone."""


def _strict(value: str) -> StrictRtp:
    if value.lower() == "seqno":
        return StrictRtp.SEQNO
    try:
        return StrictRtp.YES if boolean(value) else StrictRtp.NO
    except InvalidValueError:
        raise InvalidValueError(f"'{value}' is not one of yes, no, seqno") from None


@dataclass(frozen=True, slots=True)
class RtpConf:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    rtpstart: int = option(5000, integer(1024, 65535))
    rtpend: int = option(31000, integer(1024, 65535))
    strictrtp: StrictRtp = option(StrictRtp.YES, _strict)
    probation: int = option(4, integer(1, 1000))
    """Packets in a row that make a source known."""
    dtls_mtu: int = option(1200, integer(256, 65535))
    """Largest datagram of a DTLS handshake."""
    srtpreplayprotection: bool = option(True, boolean)
    """Whether an encrypted packet that came before is dropped."""


GENERAL = ObjectType("rtp.conf", "general", RtpConf, ignored=("icesupport",))
_SECTIONS = ("general", "ice_host_candidates")


def read_rtp_conf(config: ConfigFile, problems: Problems) -> RtpConf:
    """The typed content of rtp.conf."""

    def other(section: Section) -> None:
        if section.name != "ice_host_candidates":
            what = f"unknown section [{section.name}]"
            problems.error(section.file, section.line, what, nearest(section.name, _SECTIONS))
        elif section.items:
            problems.unsupported(section.file, section.line, f"section [{section.name}] of rtp.conf")

    found = read_sections(config, problems, {"general": GENERAL}, other=other)
    result: RtpConf = found.get("general", RtpConf())
    if result.rtpend < result.rtpstart + 1:
        problems.error(result.where.file, result.where.line, "rtpend is not greater than rtpstart")
    return result
