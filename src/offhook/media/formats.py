"""What is known of each codec and file format: facts, as a table.

Codec names are those of `allow=` (offhook.config.codecs reads the lists).  The codecs are the engine's own
registry (rust/media/src/codecs/table.rs); `decodes` says what it can make audible, all others are passed
from leg to leg as they are.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from offhook._core import codec_registry

__all__ = [
    "CODECS",
    "FILE_FORMATS",
    "READABLE_EXTENSIONS",
    "CodecFacts",
    "FileFormat",
    "codec_of",
    "extensions_for",
    "format_of_extension",
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


_TABLE: Final = tuple(
    CodecFacts(
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
        description,
    )
    for (
        name,
        kind,
        sdp,
        (clock, rate),
        payload_type,
        (step, ptime, max_ptime),
        quality,
        channels,
        decodes,
        description,
    ) in codec_registry()
)

CODECS: Final = MappingProxyType({codec.name: codec for codec in _TABLE})
"""All codecs by Asterisk's name, in the order of `allow=all`."""

_BY_SDP: Final = {
    (name.lower(), codec.clock): codec
    for codec in reversed(_TABLE)
    for name in (codec.sdp, *codec.other_sdp)
    if name
}


def codec_of(sdp_name: str, clock: int) -> CodecFacts | None:
    """The codec of an rtpmap; None for one that is not known (telephone-event and CN are no codecs)."""
    return _BY_SDP.get((sdp_name.lower(), clock))


class FileFormat(NamedTuple):
    """One kind of sound file."""

    name: str
    """Asterisk's name, which Record() and `core show file formats` use."""
    extensions: tuple[str, ...]
    codec: str
    """The codec that its contents need not be transcoded for."""
    readable: bool = False
    writable: bool = False


_FILES: Final = (
    FileFormat("wav", ("wav",), "slin", readable=True, writable=True),
    FileFormat("pcm", ("ulaw", "ul", "pcm", "mu", "ulw"), "ulaw", readable=True, writable=True),
    FileFormat("alaw", ("alaw", "al", "alw"), "alaw", readable=True, writable=True),
    FileFormat("sln", ("sln", "slin", "raw"), "slin", readable=True, writable=True),
    FileFormat("wav16", ("wav16",), "slin16"),
    FileFormat("wav49", ("WAV", "wav49"), "gsm"),
    FileFormat("gsm", ("gsm",), "gsm"),
    FileFormat("g722", ("g722",), "g722"),
    FileFormat("g729", ("g729",), "g729"),
    FileFormat("g726-32", ("g726-32",), "g726"),
    FileFormat("g723sf", ("g723", "g723sf"), "g723"),
    FileFormat("iLBC", ("ilbc",), "ilbc"),
    FileFormat("siren7", ("siren7",), "siren7"),
    FileFormat("siren14", ("siren14",), "siren14"),
    FileFormat("g719", ("g719",), "g719"),
    FileFormat("au", ("au",), "ulaw"),
    FileFormat("vox", ("vox",), "adpcm"),
    FileFormat("sln12", ("sln12",), "slin12"),
    FileFormat("sln16", ("sln16",), "slin16"),
    FileFormat("sln24", ("sln24",), "slin24"),
    FileFormat("sln32", ("sln32",), "slin32"),
    FileFormat("sln44", ("sln44",), "slin44"),
    FileFormat("sln48", ("sln48",), "slin48"),
    FileFormat("sln96", ("sln96",), "slin96"),
    FileFormat("sln192", ("sln192",), "slin192"),
    FileFormat("mp3", ("mp3",), "slin"),
    FileFormat("ogg_vorbis", ("ogg",), "slin"),
)

FILE_FORMATS: Final = MappingProxyType({file_format.name: file_format for file_format in _FILES})
"""Sound file formats by Asterisk's name."""

_BY_EXTENSION: Final = {extension: form for form in _FILES for extension in form.extensions}

READABLE_EXTENSIONS: Final = tuple(
    extension for form in _FILES if form.readable for extension in form.extensions
)
"""Extensions of what the engine can play."""


def format_of_extension(extension: str) -> FileFormat | None:
    """The format of an extension without its dot, or of a format's name; case counts (WAV is GSM in RIFF)."""
    return _BY_EXTENSION.get(extension) or FILE_FORMATS.get(extension)


def _order(codec: str) -> tuple[str, ...]:
    """The same codec first, then linear audio (nothing is lost twice), then the rest."""

    def rank(form: FileFormat) -> int:
        if form.codec == codec:
            return 0
        return 1 if form.codec.startswith("slin") else 2

    readable = sorted((form for form in _FILES if form.readable), key=rank)
    return tuple(extension for form in readable for extension in form.extensions)


_ORDERS: dict[str, tuple[str, ...]] = {}


def extensions_for(codec: str) -> tuple[str, ...]:
    """Extensions to look for when a channel uses this codec, the best first."""
    order = _ORDERS.get(codec)
    if order is None:
        order = _ORDERS[codec] = _order(codec)
    return order
