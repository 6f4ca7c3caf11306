"""Codec lists: `allow` and `disallow` lines in their order give one list of codecs.

    allow = !all,g722,ulaw:20      `!` takes away, `all` is every codec, `:20` is the packet time in ms

Names are Asterisk's; whether a codec can be transcoded is the media engine's to say.
"""

from __future__ import annotations

from typing import NamedTuple

from offhook.config.errors import nearest
from offhook.config.values import InvalidValueError, integer, words

__all__ = ["ALL_CODECS", "Codec", "allow", "disallow"]


class Codec(NamedTuple):
    """A codec of an endpoint; `ptime` in milliseconds, 0 is the codec's default."""

    name: str
    ptime: int = 0


# The order in which Asterisk lists what `allow=all` stands for: speech first, then pictures, video and text.
_IN_ORDER = """
opus g722 ulaw alaw gsm g726 g726aal2 adpcm slin slin12 slin16 slin24 slin32 slin44 slin48 slin96 slin192
lpc10 g729 speex speex16 speex32 ilbc g723 siren7 siren14 g719 codec2 silk8 silk12 silk16 silk24
jpeg png h261 h263 h263p h264 h265 mpeg4 vp8 vp9 red t140
"""
ALL_CODECS: tuple[str, ...] = tuple(_IN_ORDER.split())
_KNOWN = frozenset(ALL_CODECS)
_OTHER_SPELLINGS = {"h263+": "h263p", "g723.1": "g723", "slin8": "slin", "linear": "slin"}
_EVERY = tuple(Codec(name) for name in ALL_CODECS)


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
            raise InvalidValueError(f"unknown codec '{word}'", nearest(name, (*ALL_CODECS, "all")))
        result = [codec for codec in result if codec.name != name or adding]
        if adding and all(codec.name != name for codec in result):
            result.append(Codec(name, integer(1, 1000)(ptime) if ptime else 0))
    return tuple(result)
