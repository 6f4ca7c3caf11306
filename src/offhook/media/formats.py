"""What is known of each codec and file format: facts, as a table.

Codec names are those of `allow=` (offhook.config.codecs reads the lists); SDP names, clocks and usual payload
types are from RFC 3551 and the registrations that followed.  `decodes` says what the engine can make
audible at present; all others are passed from leg to leg as they are.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

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

    @property
    def static(self) -> bool:
        """Whether its payload type needs no rtpmap (RFC 3551 table 4 and 5)."""
        return 0 <= self.payload_type < 35


_A, _V, _I, _T = "audio", "video", "image", "text"

_TABLE: Final = (
    # name, kind, SDP name, clock, sample rate, payload type, ptime, longest, quality
    CodecFacts("opus", _A, "opus", 48000, 48000, 107, 20, 60, 75, channels=2),
    CodecFacts("g722", _A, "G722", 8000, 16000, 9, 20, 140, 110),
    CodecFacts("ulaw", _A, "PCMU", 8000, 8000, 0, 20, 140, 100, decodes=True, other_sdp=("G711U",)),
    CodecFacts("alaw", _A, "PCMA", 8000, 8000, 8, 20, 140, 100, decodes=True, other_sdp=("G711A",)),
    CodecFacts("gsm", _A, "GSM", 8000, 8000, 3, 20, 300, 40),
    CodecFacts("g726", _A, "G726-32", 8000, 8000, 111, 20, 300, 85),
    CodecFacts("g726aal2", _A, "AAL2-G726-32", 8000, 8000, 112, 20, 300, 85),
    CodecFacts("adpcm", _A, "DVI4", 8000, 8000, 5, 20, 300, 80),
    CodecFacts("slin", _A, "L16", 8000, 8000, 11, 20, 60, 115),
    CodecFacts("slin12", _A, "L16", 12000, 12000, 122, 20, 60, 116),
    CodecFacts("slin16", _A, "L16", 16000, 16000, 118, 20, 60, 117, other_sdp=("L16-256",)),
    CodecFacts("slin24", _A, "L16", 24000, 24000, 123, 20, 60, 118),
    CodecFacts("slin32", _A, "L16", 32000, 32000, 124, 20, 60, 119),
    CodecFacts("slin44", _A, "L16", 44100, 44100, 125, 20, 60, 120),
    CodecFacts("slin48", _A, "L16", 48000, 48000, 126, 20, 60, 121),
    CodecFacts("slin96", _A, "L16", 96000, 96000, 127, 20, 60, 122),
    CodecFacts("slin192", _A, "L16", 192000, 192000, 96, 20, 60, 123),
    CodecFacts("lpc10", _A, "LPC", 8000, 8000, 7, 20, 20, 8),
    CodecFacts("g729", _A, "G729", 8000, 8000, 18, 20, 220, 45, other_sdp=("G729A", "G.729")),
    CodecFacts("speex", _A, "speex", 8000, 8000, 110, 20, 60, 40),
    CodecFacts("speex16", _A, "speex", 16000, 16000, 117, 20, 60, 40),
    CodecFacts("speex32", _A, "speex", 32000, 32000, 119, 20, 60, 40),
    CodecFacts("ilbc", _A, "iLBC", 8000, 8000, 97, 20, 300, 35),
    CodecFacts("g723", _A, "G723", 8000, 8000, 4, 30, 300, 20),
    CodecFacts("siren7", _A, "G7221", 16000, 16000, 102, 20, 80, 85),
    CodecFacts("siren14", _A, "G7221", 32000, 32000, 115, 20, 80, 90),
    CodecFacts("g719", _A, "G719", 48000, 48000, 116, 20, 80, 95),
    CodecFacts("codec2", _A, "", 8000, 8000, -1, 20, 300, 0),
    CodecFacts("silk8", _A, "SILK", 8000, 8000, -1, 20, 100, 0),
    CodecFacts("silk12", _A, "SILK", 12000, 12000, -1, 20, 100, 0),
    CodecFacts("silk16", _A, "SILK", 16000, 16000, -1, 20, 100, 0),
    CodecFacts("silk24", _A, "SILK", 24000, 24000, -1, 20, 100, 0),
    CodecFacts("jpeg", _I, "JPEG", 90000, 0, 26, 0, 0, 0),
    CodecFacts("png", _I, "PNG", 90000, 0, -1, 0, 0, 0),
    CodecFacts("h261", _V, "H261", 90000, 0, 31, 0, 0, 0),
    CodecFacts("h263", _V, "H263", 90000, 0, 34, 0, 0, 0),
    CodecFacts("h263p", _V, "h263-1998", 90000, 0, 103, 0, 0, 0),
    CodecFacts("h264", _V, "H264", 90000, 0, 99, 0, 0, 0),
    CodecFacts("h265", _V, "H265", 90000, 0, 109, 0, 0, 0),
    CodecFacts("mpeg4", _V, "MP4V-ES", 90000, 0, 104, 0, 0, 0),
    CodecFacts("vp8", _V, "VP8", 90000, 0, 100, 0, 0, 0),
    CodecFacts("vp9", _V, "VP9", 90000, 0, 108, 0, 0, 0),
    CodecFacts("red", _T, "RED", 1000, 0, 105, 0, 0, 0),
    CodecFacts("t140", _T, "T140", 1000, 0, 106, 0, 0, 0),
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
