"""Console commands of codecs: `core show codecs`, `core show codec`, `core show translation`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.media.formats import CODECS, CodecFacts
from offhook.media.translation import steps

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_KINDS = ("audio", "video", "image", "text")
_LINE = "-" * 86


def _row(number: int, codec: CodecFacts) -> str:
    # Asterisk names codecs apart from formats; `slin16` is a format of the codec `slin`
    return f"{number:>8} {codec.kind:<5} {codec.name:<12} {codec.name:<16} {codec.description}"


def _codec(words: list[str]) -> str:
    usage = "Usage: core show codec <number>"
    if len(words) != 1 or not words[0].isdigit():
        raise CommandError(usage)
    number = int(words[0])
    rows = list(CODECS.values())
    if not 1 <= number <= len(rows):
        raise CommandError(f"Codec {number} not found")
    codec = rows[number - 1]
    return f"{number:>11} {codec.description}\n"


def _path(codec: CodecFacts) -> str:
    lines = [f'Translation paths SRC Codec "{codec.name}" sample rate {codec.rate}']
    for other in CODECS.values():
        if other.kind != "audio" or other.name == codec.name:
            continue
        found = steps(codec, other)
        way = (
            "No Translation Path"
            if found is None
            else f"({codec.name}@{codec.rate})" + "".join(f"->({step.name}@{step.rate})" for step in found)
        )
        lines.append(
            f"\t{codec.name + ':' + str(codec.rate):<16} To {other.name + ':' + str(other.rate):<16} : {way}"
        )
    return "\n".join(lines) + "\n"


def _matrix() -> str:
    usable = [codec for codec in CODECS.values() if codec.decodes]
    width = max(len(codec.name) for codec in usable) + 1
    lines = [
        "         Translation steps between formats: decoding, changing the rate, encoding",
        "          Source Format (Rows) Destination Format (Columns)",
        "",
        " " * width + "".join(f"{codec.name:>{len(codec.name) + 1}}" for codec in usable),
    ]
    for codec in usable:
        cells: list[str] = []
        for other in usable:
            found = steps(codec, other)
            cell = "-" if codec is other or found is None else str(len(found))
            cells.append(f"{cell:>{len(other.name) + 1}}")
        lines.append(f"{codec.name:>{width}}" + "".join(cells))
    return "\n".join(lines) + "\n"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core show codecs [audio|video|image|text]")
    def show_codecs(node: Node, words: list[str]) -> str:
        """Show the codecs that can be allowed."""
        kind = words[0].lower() if words else ""
        if kind and (kind not in _KINDS or len(words) > 1):
            raise CommandError("Usage: core show codecs [audio|video|image|text]")
        lines = [f"{'ID':>8} {'TYPE':<5} {'NAME':<12} {'FORMAT':<16} DESCRIPTION", _LINE]
        for number, codec in enumerate(CODECS.values(), 1):
            if not kind or codec.kind == kind:
                lines.append(_row(number, codec))
        return "\n".join(lines) + "\n"

    @commands.add("core show codec", "<number>")
    def show_codec(node: Node, words: list[str]) -> str:
        """Show one codec by its number."""
        return _codec(words)

    @commands.add("core show translation", "[paths <codec>]")
    def show_translation(node: Node, words: list[str]) -> str:
        """Show between which codecs the engine transcodes, and in how many steps."""
        if not words:
            return _matrix()
        if words[0] == "paths" and len(words) in (2, 3):
            codec = CODECS.get(words[1].lower())
            if codec is None or codec.kind != "audio":
                raise CommandError(f"Codec {words[1]!r} not found")
            return _path(codec)
        raise CommandError("Usage: core show translation [paths <codec>]")
