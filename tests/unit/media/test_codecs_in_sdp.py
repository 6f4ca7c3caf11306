import pytest

from offhook._core import Codec
from offhook.config.files.codecs import OpusConf
from offhook.media.formats import CODECS
from offhook.media.sdp import audio_codecs
from offhook.media.translation import steps


def test_every_audio_codec_can_be_offered_with_its_parameters():
    audio = [codec for codec in CODECS.values() if codec.kind == "audio"]
    offered = audio_codecs([codec.name for codec in audio], events=False)
    assert {codec.name for codec in offered} == {codec.sdp for codec in audio}
    assert {codec.fmtp for codec in offered if codec.name == "opus"} == {"useinbandfec=1"}
    assert {codec.fmtp for codec in offered if codec.name == "G7221"} == {"bitrate=32000", "bitrate=48000"}
    assert [codec.fmtp for codec in offered if codec.name == "AMR"] == [None, "octet-align=1"]
    theirs = Codec("AMR", 8000, payload_type=97, fmtp="octet-align=1;mode-set=7")
    assert any(codec.matches(theirs) for codec in offered)


def test_comfort_noise_goes_beside_the_codecs_at_their_clocks():
    def offered(*names: str) -> list[tuple[str, int, int]]:
        codecs = audio_codecs(names, events=True)
        return [(codec.name, codec.clock_rate, codec.payload_type) for codec in codecs][-2:]

    assert offered("g722", "cn", "alaw") == [("CN", 8000, 13), ("telephone-event", 8000, 101)]
    assert offered("cn", "slin16") == [("CN", 16000, -1), ("telephone-event", 8000, 101)]
    assert [name for name, *_ in offered("opus", "cn")] == ["opus", "telephone-event"]
    assert audio_codecs(["cn"], events=True) == ()


def test_opus_settings():
    conf = OpusConf(bitrate="24000", dtx=True, fec=False, complexity=4)
    assert conf.fmtp == "maxaveragebitrate=24000;usedtx=1"
    assert "complexity=4" in conf.settings
    assert "fec=no" in conf.settings
    assert OpusConf().fmtp == "useinbandfec=1"


@pytest.mark.parametrize(
    ("source", "target", "through"),
    [
        ("ulaw", "alaw", "alaw"),
        ("ulaw", "g722", "slin g722"),
        ("opus", "g722", "slin16 g722"),
        ("gsm", "slin", "slin"),
        ("gsm", "slin48", "slin slin48"),
        ("ulaw", "g729", None),
    ],
)
def test_steps_of_transcoding(source: str, target: str, through: str | None):
    found = steps(CODECS[source], CODECS[target])
    assert (None if found is None else " ".join(codec.name for codec in found)) == through
