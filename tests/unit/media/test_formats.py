from offhook._core import Codec
from offhook.config.codecs import ALL_CODECS
from offhook.media.formats import (
    CODECS,
    FILE_FORMATS,
    READABLE_EXTENSIONS,
    RECORDABLE_EXTENSIONS,
    codec_of,
    extensions_for,
    format_of_extension,
    recorded_as,
)


def test_every_codec_of_allow_is_known_in_its_order():
    assert list(CODECS) == ALL_CODECS


def test_what_rfc_3551_says():
    for name, payload_type in {"ulaw": 0, "gsm": 3, "g723": 4, "alaw": 8, "g722": 9, "g729": 18}.items():
        assert CODECS[name].payload_type == payload_type
        assert CODECS[name].static
    assert CODECS["g722"].clock == 8000
    assert CODECS["g722"].rate == 16000
    assert not CODECS["opus"].static


def test_dynamic_numbers_are_dynamic_and_different():
    dynamic = [codec.payload_type for codec in CODECS.values() if codec.payload_type >= 35]
    assert all(96 <= number <= 127 for number in dynamic)
    assert len(dynamic) == len(set(dynamic))


def test_by_rtpmap():
    assert codec_of("pcmu", 8000) is CODECS["ulaw"]
    assert codec_of("G729A", 8000) is CODECS["g729"]
    assert codec_of("L16", 16000) is CODECS["slin16"]
    assert codec_of("opus", 48000) is CODECS["opus"]
    assert codec_of("PCMU", 16000) is None
    assert codec_of("telephone-event", 8000) is None


def test_the_channel_codec_comes_first():
    assert extensions_for("ulaw")[0] == "ulaw"
    assert extensions_for("alaw")[0] == "alaw"
    assert extensions_for("slin")[:2] == ("wav", "sln")
    assert extensions_for("g722")[:2] == ("g722", "wav16")
    assert extensions_for("ulaw").index("gsm") > extensions_for("ulaw").index("wav")
    # for what cannot be written directly, audio that was never compressed comes first
    assert extensions_for("opus")[0] == "wav"
    for codec in CODECS:
        assert sorted(extensions_for(codec)) == sorted(READABLE_EXTENSIONS)


def test_file_formats():
    assert format_of_extension("ul").name == "pcm"
    assert format_of_extension("pcm").name == "pcm"
    assert format_of_extension("WAV").name == "wav49"
    assert format_of_extension("g726-32").codec == "g726"
    assert format_of_extension("exe") is None
    assert all(form.codec in CODECS for form in FILE_FORMATS.values())


def test_sdp_proposes_the_numbers_of_the_registry():
    for codec in CODECS.values():
        if codec.sdp and codec.payload_type >= 0 and not codec.sdp.startswith(("L16", "DVI4")):
            assert Codec(codec.sdp, codec.clock, channels=codec.channels).payload_type == codec.payload_type


def test_one_table_says_what_can_be_recorded():
    assert {recorded_as(extension) for extension in RECORDABLE_EXTENSIONS} == set(RECORDABLE_EXTENSIONS)
    assert recorded_as("WAV") == "WAV"  # GSM in RIFF
    assert recorded_as("wav") == "wav"
    assert recorded_as("Gsm") == "gsm"
    assert recorded_as("mp3") is None
    assert recorded_as("exe") is None
