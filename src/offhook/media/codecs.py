"""Codecs that packages add: facts for SDP and packets, and a WebAssembly module that encodes and decodes.

    CODEC = AudioCodec("l8", sdp="L8", frame=(8, 1), module=files(__package__) / "l8.wat")

What runs for every packet is not Python: the engine runs the module, within bounds of time and memory, and
nothing in it can reach the process (docs/extending.md has what a module exports).  Without one a codec is
passed from leg to leg as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offhook._core import codec_registry, declare_codec
from offhook.config import codecs as lists
from offhook.media import formats

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

__all__ = ["AudioCodec", "CodecError", "declare"]


class CodecError(ValueError):
    """A codec cannot be declared; the text says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    sdp: str
    """Encoding name in SDP."""
    clock: int = 8000
    """RTP clock in Hz."""
    rate: int = 0
    """Sample rate in Hz; 0: the clock."""
    channels: int = 1
    """As SDP writes them."""
    other_sdp: tuple[str, ...] = ()
    """Names under which others send it."""
    step: int = 10
    """Packet times are multiples of so many ms."""
    ptime: int = 20
    """Usual packet time in ms."""
    max_ptime: int = 150
    """Longest packet time in ms."""
    quality: int = 0
    """Which to prefer when a choice is free; higher is better."""
    frame: tuple[int, int] | None = None
    """Octets and ms of what payloads consist of; None: every packet lasts the agreed packet time."""
    description: str = ""
    """For `core show codecs`."""
    module: bytes | Path | Traversable | None = None
    """WebAssembly, binary or text; None: passed on only."""


@dataclass(frozen=True, slots=True)
class AudioCodec(_Facts):
    """A codec for speech, named as in `allow=`."""

    name: str


_declared: dict[str, AudioCodec] = {}


def declare(codec: AudioCodec) -> None:
    """Make a codec known to configuration, SDP and engine, until the process ends.

    Declaring the same one again changes nothing.

    Raises:
        CodecError: the name is taken, a number makes no sense, or the module is no codec.
    """
    if _declared.get(codec.name) == codec:
        return
    if codec.name != codec.name.lower() or not codec.name.isidentifier():
        raise CodecError(f"codec {codec.name!r}: a name is lower-case letters, digits and _")
    try:
        module = codec.module
        content = module if isinstance(module, bytes) or module is None else module.read_bytes()
        frame = None if codec.frame is None else (codec.frame[0], codec.frame[1] * codec.clock // 1000)
        declare_codec(
            codec.name,
            codec.description or codec.name,
            [codec.sdp, *codec.other_sdp],
            (codec.clock, codec.rate or codec.clock),
            (codec.step, codec.ptime, codec.max_ptime),
            quality=codec.quality,
            channels=codec.channels,
            frame=frame,
            module=content,
        )
    except OSError as error:
        raise CodecError(f"codec {codec.name}: {error}") from error
    except (ValueError, OverflowError) as error:
        raise CodecError(str(error)) from error
    formats.add(formats.facts_of(codec_registry()[-1]))
    lists.add(codec.name)
    _declared[codec.name] = codec
