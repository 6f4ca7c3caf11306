"""What is known of each codec and file format: facts, as a table.

Codec names are those of `allow=` (offhook.config.codecs reads the lists).  The codecs are the engine's own
registry (rust/media/src/codecs/table.rs); `decodes` says what it can make audible, all others are passed
from leg to leg as they are.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from offhook._core import codec_registry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from offhook._core import CodecRow

__all__ = [
    "CODECS",
    "FILE_FORMATS",
    "READABLE_EXTENSIONS",
    "RECORDABLE_EXTENSIONS",
    "CodecFacts",
    "FileFormat",
    "add",
    "codec_of",
    "extensions_for",
    "facts_of",
    "format_of_extension",
    "linear_of",
    "recorded_as",
    "recorded_at",
]


class CodecFacts(NamedTuple):
    """One codec."""

    name: str
    """Asterisk's name."""
    kind: str
    """audio, video, image or text."""
    sdp: str
    """Encoding name in SDP; "" for one that has none."""
    clock: int
    """RTP clock in Hz, as in SDP (for G.722 that is not its sample rate)."""
    rate: int
    """Sample rate in Hz; 0 for what is not audio."""
    payload_type: int
    """The static number of RFC 3551, else the one commonly used; -1: none."""
    ptime: int
    """Usual packet time in ms; 0 for what is not audio."""
    max_ptime: int
    """Longest packet time in ms; 0 for what is not audio."""
    quality: int
    """Which one to prefer when a choice is free; higher is better, 0 is unknown."""
    channels: int = 1
    decodes: bool = False
    """Whether the engine decodes and encodes it."""
    other_sdp: tuple[str, ...] = ()
    """Names under which others send it."""
    step: int = 0
    """Packet times are multiples of so many ms; 0 for what is not audio."""
    description: str = ""
    """As `core show codecs` has it."""

    @property
    def static(self) -> bool:
        """Whether its payload type needs no rtpmap (RFC 3551 table 4 and 5)."""
        return 0 <= self.payload_type < 35


def facts_of(row: CodecRow) -> CodecFacts:
    """A row of the engine's registry."""
    (
        name,
        kind,
        sdp,
        (clock, rate),
        payload_type,
        (step, ptime, max_ptime),
        quality,
        channels,
        decodes,
        text,
    ) = row
    return CodecFacts(
        name,
        kind,
        sdp[0] if sdp else "",
        clock,
        rate,
        payload_type,
        ptime,
        max_ptime,
        quality,
        channels,
        decodes,
        tuple(sdp[1:]),
        step,
        text,
    )


_codecs: dict[str, CodecFacts] = {}
_by_sdp: dict[tuple[str, int], CodecFacts] = {}

CODECS: Final[Mapping[str, CodecFacts]] = MappingProxyType(_codecs)
"""All codecs by Asterisk's name, in the order of `allow=all`; last those that packages add."""


def add(codec: CodecFacts) -> None:
    """Make known a codec that the engine has; where two have a name in SDP, it is the earlier one's."""
    _codecs[codec.name] = codec
    for name in (codec.sdp, *codec.other_sdp):
        if name:
            _by_sdp.setdefault((name.lower(), codec.clock), codec)


for _row in codec_registry():
    add(facts_of(_row))


def codec_of(sdp_name: str, clock: int) -> CodecFacts | None:
    """The codec of an rtpmap; None for one that is not known (telephone-event and CN are no codecs)."""
    return _by_sdp.get((sdp_name.lower(), clock))


class FileFormat(NamedTuple):
    """One kind of sound file."""

    name: str
    """Asterisk's name, which Record() and `core show file formats` use."""
    extensions: tuple[str, ...]
    codec: str
    """The codec that its contents need not be transcoded for."""
    readable: bool = False
    writable: bool = False
    compressed: bool = False
    """Whether something is lost in it that the codec's name does not tell."""


def _linear(kilohertz: int) -> FileFormat:
    name = f"sln{kilohertz}"
    return FileFormat(name, (name, f"slin{kilohertz}"), f"slin{kilohertz}", readable=True, writable=True)


_FILES: Final = (
    FileFormat("wav", ("wav",), "slin", readable=True, writable=True),
    FileFormat("pcm", ("ulaw", "ul", "pcm", "mu", "ulw"), "ulaw", readable=True, writable=True),
    FileFormat("alaw", ("alaw", "al", "alw"), "alaw", readable=True, writable=True),
    FileFormat("sln", ("sln", "slin", "raw"), "slin", readable=True, writable=True),
    FileFormat("wav16", ("wav16",), "slin16", readable=True, writable=True),
    FileFormat("wav49", ("WAV", "wav49"), "gsm", readable=True, writable=True),
    FileFormat("gsm", ("gsm",), "gsm", readable=True, writable=True),
    FileFormat("g722", ("g722",), "g722", readable=True, writable=True),
    FileFormat("g729", ("g729",), "g729"),
    FileFormat("g726-32", ("g726-32",), "g726", readable=True, writable=True),
    FileFormat("g723sf", ("g723", "g723sf"), "g723"),
    FileFormat("iLBC", ("ilbc",), "ilbc"),
    FileFormat("siren7", ("siren7",), "siren7"),
    FileFormat("siren14", ("siren14",), "siren14"),
    FileFormat("g719", ("g719",), "g719"),
    FileFormat("au", ("au",), "ulaw"),
    FileFormat("vox", ("vox",), "adpcm"),
    *(_linear(kilohertz) for kilohertz in (12, 16, 24, 32, 44, 48, 96, 192)),
    FileFormat("mp3", ("mp3",), "slin", readable=True, compressed=True),
    FileFormat("ogg_vorbis", ("ogg",), "slin", readable=True, writable=True, compressed=True),
    FileFormat("ogg_opus", ("opus",), "opus", readable=True, writable=True, compressed=True),
)

FILE_FORMATS: Final = MappingProxyType({file_format.name: file_format for file_format in _FILES})
"""Sound file formats by Asterisk's name."""

_BY_EXTENSION: Final = {extension: form for form in _FILES for extension in form.extensions}

READABLE_EXTENSIONS: Final = tuple(
    extension for form in _FILES if form.readable for extension in form.extensions
)
"""Extensions of what the engine can play."""

RECORDABLE_EXTENSIONS: Final = tuple(
    extension for form in _FILES if form.writable for extension in form.extensions
)
"""Extensions (and names of formats) of what the engine can record."""

_RECORDABLE: Final = frozenset(RECORDABLE_EXTENSIONS)


def recorded_as(extension: str) -> str | None:
    """The format that the engine records for an extension; None when it cannot be written.

    Case counts where it means something (WAV is GSM in RIFF) and is forgiven where it does not.
    """
    for candidate in (extension, extension.lower()):
        if candidate in _RECORDABLE:
            return candidate
    return None


_OPUS_FILE_RATE: Final = 16_000  # of what is recorded in Opus, Hz


def recorded_at(extension: str) -> int:
    """Samples a second of a recording with this extension (or name of a format), Hz; 8000 for others."""
    form = format_of_extension(recorded_as(extension) or extension)
    if form is None:
        return 8000
    return _OPUS_FILE_RATE if form.name.startswith("ogg") else max(8000, CODECS[form.codec].rate)


def linear_of(rate: int) -> CodecFacts:
    """The linear codec of this rate in Hz, or the next higher one that there is (192 kHz at most)."""
    linear = [codec for codec in _codecs.values() if codec.name.startswith("slin")]
    enough = [codec for codec in linear if codec.rate >= rate]
    if enough:
        return min(enough, key=lambda codec: codec.rate)
    return max(linear, key=lambda codec: codec.rate)


def format_of_extension(extension: str) -> FileFormat | None:
    """The format of an extension without its dot, or of a format's name; case counts (WAV is GSM in RIFF)."""
    return _BY_EXTENSION.get(extension) or FILE_FORMATS.get(extension)


def _order(codec: str) -> tuple[str, ...]:
    """The same codec first, then linear audio of a near rate (nothing is lost twice), then the others."""
    facts = CODECS.get(codec)
    rate = facts.rate if facts is not None and codec != "opus" else 8000

    def rank(form: FileFormat) -> tuple[int, int]:
        if form.compressed:
            return 3, 0
        if form.codec == codec:
            return 0, 0
        of_form = CODECS[form.codec]
        if form.codec.startswith("slin"):
            return 1, abs(of_form.rate - rate)
        return 2, -of_form.quality

    readable = sorted((form for form in _FILES if form.readable), key=rank)
    return tuple(extension for form in readable for extension in form.extensions)


_ORDERS: dict[str, tuple[str, ...]] = {}


def extensions_for(codec: str) -> tuple[str, ...]:
    """Extensions to look for when a channel uses this codec, the best first."""
    order = _ORDERS.get(codec)
    if order is None:
        order = _ORDERS[codec] = _order(codec)
    return order
