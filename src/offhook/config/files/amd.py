"""amd.conf: what AMD() goes by where its arguments say nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import integer, text

__all__ = ["GENERAL", "AmdConf", "read_amd_conf"]

_MOST = 2**31 - 1
_ms = integer(1, _MOST)


@dataclass(frozen=True, slots=True)
class AmdConf:
    """[general]; all but the number of words and the threshold in ms."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    initial_silence: int = option(2500, _ms)
    greeting: int = option(1500, _ms)
    after_greeting_silence: int = option(800, _ms)
    total_analysis_time: int = option(5000, _ms)
    min_word_length: int = option(100, _ms)
    between_words_silence: int = option(50, _ms)
    maximum_number_of_words: int = option(2, integer(0, _MOST))
    maximum_word_length: int = option(5000, _ms)
    silence_threshold: int = option(256, integer(0, 32_767))
    """Mean magnitude of samples below which it is silence."""
    playback_file: str = option("", text)
    """A sound to play meanwhile."""


GENERAL = ObjectType("amd.conf", "general", AmdConf)


def read_amd_conf(config: ConfigFile, problems: Problems) -> AmdConf:
    """The typed content of amd.conf."""
    found = read_sections(config, problems, {"general": GENERAL})
    return found.get("general", AmdConf())
