"""indications.conf: the tones of countries, as far as the file adds to or changes the built-in ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from offhook.config.errors import Problems, Where, nearest
from offhook.config.reader import ConfigFile, Section

__all__ = ["IndicationsConf", "ToneZone", "read_indications_conf"]

# One part of a tone list: a frequency, two or more added, or one modulated by another, and milliseconds.
# "!" plays it once, M marks MIDI note numbers.
_PART = re.compile(r"!?M?[0-9]+(\+M?[0-9]+)*(\*M?[0-9]+(@[0-9]+)?)?(/[0-9]+)?")


@dataclass(frozen=True, slots=True)
class ToneZone:
    """A country."""

    name: str
    where: Where = field(compare=False, repr=False)
    description: str = ""
    ringcadence: tuple[int, ...] = ()
    """Milliseconds on, off, on, off ..."""
    tones: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    """Tone lists by name: dial, busy, ring, congestion ..."""


@dataclass(frozen=True, slots=True)
class IndicationsConf:
    """What indications.conf says."""

    country: str = "us"
    zones: Mapping[str, ToneZone] = field(default_factory=lambda: dict[str, ToneZone]())


def read_indications_conf(config: ConfigFile, problems: Problems) -> IndicationsConf:
    """The typed content of indications.conf."""
    country = "us"
    zones: dict[str, ToneZone] = {}
    for section in config.sections:
        if section.name == "general":
            for item in section.items:
                if item.key.lower() == "country":
                    country = item.value
                else:
                    what = f"unknown option {item.key} in [general]"
                    problems.error(item.file, item.line, what, nearest(item.key, ("country",)))
        else:
            zones[section.name] = _zone(section, problems)
    return IndicationsConf(country, zones)


def _zone(section: Section, problems: Problems) -> ToneZone:
    values: dict[str, Any] = {}
    tones: dict[str, str] = {}
    for item in section.items:
        key = item.key.lower()
        if key == "description":
            values["description"] = item.value
        elif key == "ringcadence":
            words = [word.strip() for word in item.value.split(",") if word.strip()]
            if all(word.isascii() and word.isdigit() and len(word) < 7 for word in words):
                values["ringcadence"] = tuple(map(int, words))
            else:
                problems.error(item.file, item.line, f"ringcadence '{item.value}' is not milliseconds on,off")
        else:
            parts = [part.strip() for part in item.value.split(",")]
            # A tone list of Asterisk's older files separates its parts by bars.
            if len(parts) == 1 and "|" in item.value:
                parts = item.value.split("|")
            wrong = next((part for part in parts if not _PART.fullmatch(part)), None)
            if wrong is None:
                tones[key] = ",".join(parts)
            else:
                what = f"'{wrong}' in tone {item.key} of [{section.name}] is not frequency/milliseconds"
                problems.error(item.file, item.line, what)
    return ToneZone(section.name, section.where, tones=tones, **values)
