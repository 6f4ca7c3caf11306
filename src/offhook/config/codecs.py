"""Codec lists: `allow` and `disallow` lines in their order give one list of codecs.

    allow = !all,g722,ulaw:20      `!` takes away, `all` is every codec, `:20` is the packet time in ms

Names are Asterisk's; whether a codec can be transcoded is the media engine's to say.
"""

from __future__ import annotations

from typing import NamedTuple

from offhook._core import codec_registry
from offhook.config.errors import nearest
from offhook.config.values import InvalidValueError, integer, words

__all__ = ["ALL_CODECS", "COMFORT_NOISE", "Codec", "add", "allow", "disallow"]


class Codec(NamedTuple):
    """A codec of an endpoint; `ptime` in milliseconds, 0 is the codec's default."""

    name: str
    ptime: int = 0


ALL_CODECS: list[str] = [codec[0] for codec in codec_registry()]
"""What `allow=all` stands for, in its order: speech, pictures, video and text, then what packages add."""
COMFORT_NOISE = "cn"
"""Goes beside the codecs (RFC 3389) of an endpoint that names it; `all` is without it."""
_KNOWN = {*ALL_CODECS, COMFORT_NOISE}
_OTHER_SPELLINGS = {
    "h263+": "h263p",
    "g723.1": "g723",
    "slin8": "slin",
    "linear": "slin",
    "amr-wb": "amrwb",
}
_EVERY = [Codec(name) for name in ALL_CODECS]


def add(name: str) -> None:
    """Make known what a package has declared (offhook.media.codecs)."""
    ALL_CODECS.append(name)
    _KNOWN.add(name)
    _EVERY.append(Codec(name))


def allow(current: tuple[Codec, ...], value: str) -> tuple[Codec, ...]:
    """The list after an `allow` line."""
    return _change(current, value, adds=True)


def disallow(current: tuple[Codec, ...], value: str) -> tuple[Codec, ...]:
    """The list after a `disallow` line."""
    return _change(current, value, adds=False)


def _change(current: tuple[Codec, ...], value: str, *, adds: bool) -> tuple[Codec, ...]:
    result = list(current)
    for word in words(value):
        negated = word.startswith("!")
        name, _, ptime = word[negated:].strip().partition(":")
        name = name.lower()
        name = _OTHER_SPELLINGS.get(name, name)
        adding = adds is not negated
        if name == "all":
            result = list(_EVERY) if adding else []
            continue
        if name not in _KNOWN:
            raise InvalidValueError(
                f"unknown codec '{word}'", nearest(name, (*ALL_CODECS, COMFORT_NOISE, "all"))
            )
        result = [codec for codec in result if codec.name != name or adding]
        if adding and all(codec.name != name for codec in result):
            result.append(Codec(name, integer(1, 1000)(ptime) if ptime else 0))
    return tuple(result)
