"""codecs.conf: how the encoders are set up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, integer, text

__all__ = ["OPUS", "CodecsConf", "OpusConf", "read_codecs_conf"]


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.lower() not in words:
            raise InvalidValueError(f"'{value}' is not one of {', '.join(words)}")
        return value.lower()

    return parse


def _bitrate(value: str) -> str:
    if value.lower() in ("auto", "max"):
        return value.lower()
    return str(integer(500, 512_000)(value))


@dataclass(frozen=True, slots=True)
class OpusConf:
    """[opus]."""

    name: str = "opus"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    type: str = option("opus", text)
    packet_loss: int = option(0, integer(0, 100))
    """Loss in per cent that the encoder prepares for."""
    complexity: int = option(10, integer(0, 10))
    max_bandwidth: str = option("full", _one_of("narrow", "medium", "wide", "super_wide", "full"))
    signal: str = option("auto", _one_of("auto", "voice", "music"))
    application: str = option("voip", _one_of("voip", "audio", "low_delay"))
    max_playback_rate: int = option(48_000, integer(8000, 48_000))
    bitrate: str = option("auto", _bitrate)
    cbr: bool = option(False, boolean)
    fec: bool = option(True, boolean)
    dtx: bool = option(False, boolean)

    @property
    def settings(self) -> str:
        """For the engine's encoder: `name=value` with semicolons."""
        words = {
            "packet_loss": self.packet_loss,
            "complexity": self.complexity,
            "max_bandwidth": self.max_bandwidth,
            "signal": self.signal,
            "application": self.application,
            "max_playback_rate": self.max_playback_rate,
            "bitrate": self.bitrate,
        }
        flags = {"cbr": self.cbr, "fec": self.fec, "dtx": self.dtx}
        yes_no = {name: "yes" if on else "no" for name, on in flags.items()}
        return ";".join(f"{name}={value}" for name, value in {**words, **yes_no}.items())

    @property
    def fmtp(self) -> str:
        """What our SDP asks the far end for (RFC 7587), without what is the default there."""
        asked: list[str] = []
        if self.max_playback_rate != 48_000:
            asked.append(f"maxplaybackrate={self.max_playback_rate}")
        if self.bitrate not in ("auto", "max"):
            asked.append(f"maxaveragebitrate={self.bitrate}")
        if self.cbr:
            asked.append("cbr=1")
        if self.fec:
            asked.append("useinbandfec=1")
        if self.dtx:
            asked.append("usedtx=1")
        return ";".join(asked)


OPUS = ObjectType("codecs.conf", "opus", OpusConf)
_OTHERS = ("speex", "plc", "silk8", "silk12", "silk16", "silk24")


@dataclass(frozen=True, slots=True)
class CodecsConf:
    """What codecs.conf says."""

    opus: OpusConf = OpusConf()


def read_codecs_conf(config: ConfigFile, problems: Problems) -> CodecsConf:
    """The typed content of codecs.conf."""

    def other(section: Section) -> None:
        # formats of one's own by any name, and codecs that are passed from leg to leg as they are
        if section.items and section.name != "plc":
            problems.unsupported(section.file, section.line, f"section [{section.name}] of codecs.conf")

    return CodecsConf(**read_sections(config, problems, {"opus": OPUS}, other=other))
