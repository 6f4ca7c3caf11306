"""Tones by country: the zones of indications.conf, and the tone lists of Playtones().

A tone list is `440+480/2000,0/4000`: parts separated by commas, each `frequency[+frequency|*frequency][/ms]`;
`*` modulates the first frequency by the second, 0 is silence, no duration is for ever, `!` in front leaves a
part out when the list is repeated, `M69` is a MIDI note.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from offhook._core import Tone

__all__ = ["Indications", "ToneSyntaxError", "UnknownToneError", "Zone", "parse_tone_list"]

_DATA: Final = Path(__file__).with_name("data") / "indications.tsv"
_DEFAULT_COUNTRY: Final = "us"

# names under which the same zone or tone is asked for
_COUNTRIES: Final = {"gb": "uk", "en": "uk"}
_TONES: Final = {"ringing": "ring", "dialtone": "dial", "reorder": "congestion", "callwait": "callwaiting"}

_MOST_PARTS: Final = 256
_HIGHEST_HZ: Final = 4000
_LONGEST_MS: Final = 24 * 3600 * 1000

_PART = re.compile(
    # a third frequency (Hungary's stutter) is left out, as Asterisk does: the engine adds two
    r"(?P<once>!?)\s*(?P<first>M?\d+)\s*(?:(?P<how>[+*])\s*(?P<second>M?\d+)(?:\s*\+\s*\d+)?)?\s*(?:/\s*(?P<ms>\d+))?",
    re.ASCII | re.IGNORECASE,
)


class ToneSyntaxError(ValueError):
    """A text that is no tone list: `position` is where in `text` it stops being one, counted from 0."""

    def __init__(self, text: str, position: int, what: str) -> None:
        super().__init__(f"tone list {text!r}: {what} at position {position}")
        self.text = text
        self.position = position
        self.what = what


class UnknownToneError(LookupError):
    """No zone has a tone of this name, and it is no tone list."""


class Zone(NamedTuple):
    """A country's tones."""

    country: str
    description: str
    ring_cadence_ms: tuple[int, ...]
    """Ring on and off in turn, for phones that ring by themselves."""
    tones: Mapping[str, str]
    """Tone lists by name: dial, busy, ring, congestion, callwaiting, dialrecall, record, info, stutter ..."""


def parse_tone_list(text: str) -> tuple[Tone, ...]:
    """A tone list as the engine takes it.  Raises ToneSyntaxError."""
    tones: list[Tone] = []
    position = 0
    for part in re.split(r"[,|]", text):
        tones.append(_parse_part(text, part, position))
        if len(tones) > _MOST_PARTS:
            raise ToneSyntaxError(text, position, f"more than {_MOST_PARTS} parts")
        position += len(part) + 1
    return tuple(tones)


def _parse_part(text: str, part: str, start: int) -> Tone:
    start += len(part) - len(part.lstrip())
    part = part.strip()
    found = _PART.match(part)
    if found is None:
        raise ToneSyntaxError(text, start, "a frequency is missing" if not part else "no frequency")
    if found.end() != len(part):
        raise ToneSyntaxError(text, start + found.end(), f"unexpected {part[found.end()]!r}")
    first = _frequency(text, found, "first", start)
    second = _frequency(text, found, "second", start) if found["second"] else 0.0
    ms = int(found["ms"]) if found["ms"] else 0
    if ms > _LONGEST_MS:
        raise ToneSyntaxError(text, start + found.start("ms"), "longer than a day")
    if found["ms"] and ms == 0:
        # the engine's 0 is for ever; a part of no length would be left out
        raise ToneSyntaxError(text, start + found.start("ms"), "a duration of 0")
    return (first, second, found["how"] == "*", ms, bool(found["once"]))


def _frequency(text: str, found: re.Match[str], group: str, start: int) -> float:
    value = found[group]
    if value[0] in "Mm":
        note = int(value[1:])
        if note > 127:
            raise ToneSyntaxError(text, start + found.start(group), "no such MIDI note")
        hertz = 440.0 * 2.0 ** ((note - 69) / 12)
    else:
        hertz = float(value)
    if hertz >= _HIGHEST_HZ:
        raise ToneSyntaxError(text, start + found.start(group), f"{_HIGHEST_HZ} Hz or more")
    return hertz


class Indications:
    """The zones of all countries; configuration may replace some (indications.conf)."""

    __slots__ = ("_parsed", "_zones", "default_country")

    def __init__(self, zones: Iterable[Zone], default_country: str = _DEFAULT_COUNTRY) -> None:
        self._zones = {zone.country.lower(): zone for zone in zones}
        self._parsed: dict[str, tuple[Tone, ...]] = {}
        self.default_country = default_country.lower()

    @classmethod
    def builtin(cls, default_country: str = _DEFAULT_COUNTRY) -> Indications:
        """The countries that Asterisk's samples have, from the package's data."""
        return cls(_read(_DATA.read_text("utf-8")), default_country)

    def with_zones(self, zones: Iterable[Zone], default_country: str | None = None) -> Indications:
        """These zones in place of, or besides, the ones here."""
        return Indications((*self._zones.values(), *zones), default_country or self.default_country)

    def countries(self) -> list[str]:
        """All countries in order."""
        return sorted(self._zones)

    def zone(self, country: str | None = None) -> Zone:
        """A country's zone; the default one's for an unknown country, and `us` when that is unknown too."""
        for name in (country or "", self.default_country, _DEFAULT_COUNTRY):
            name = name.lower()
            zone = self._zones.get(name) or self._zones.get(_COUNTRIES.get(name, ""))
            if zone is not None:
                return zone
        raise UnknownToneError("there is no zone")

    def tone(self, name: str, country: str | None = None) -> tuple[Tone, ...] | None:
        """The tone of this name, the default country's where a country has none, None when nobody has."""
        name = name.strip().lower()
        for zone in (self.zone(country), self.zone()):
            text = zone.tones.get(name) or zone.tones.get(_TONES.get(name, ""))
            if text is not None:
                tones = self._parsed.get(text)
                if tones is None:
                    tones = self._parsed[text] = parse_tone_list(text)
                return tones
        return None

    def resolve(self, argument: str, country: str | None = None) -> tuple[Tone, ...]:
        """What Playtones() is given: a tone's name, `name@country`, or a tone list.

        Raises UnknownToneError for a word that names nothing, ToneSyntaxError for a list that is none.
        """
        name, _, at = argument.partition("@")
        tones = self.tone(name, at.strip() or country)
        if tones is not None:
            return tones
        if argument.strip() and argument.strip()[0].isalpha() and not re.match(r"[Mm]\d", argument.strip()):
            raise UnknownToneError(f"there is no tone {argument.strip()!r}")
        return parse_tone_list(argument)


def _read(text: str) -> list[Zone]:
    tones: dict[str, dict[str, str]] = {}
    for line in text.splitlines()[1:]:
        country, name, value = line.split("\t")
        tones.setdefault(country, {})[name] = value
    zones: list[Zone] = []
    for country, values in tones.items():
        description = values.pop("description", country)
        cadence = values.pop("ringcadence", "")
        zones.append(Zone(country, description, _cadence(cadence), MappingProxyType(values)))
    return zones


def _cadence(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",") if part)
