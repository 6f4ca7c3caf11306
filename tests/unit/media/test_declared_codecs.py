"""Codecs that packages add: a real one through the engine, and what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from rtp_phone import Phone, level, tone

from offhook._core import MediaEngine
from offhook.config.codecs import Codec, allow
from offhook.config.values import InvalidValueError
from offhook.media.codecs import AudioCodec, CodecError, declare
from offhook.media.formats import CODECS, codec_of
from offhook.media.service import MediaService

L8 = Path(__file__).resolve().parents[3] / "examples" / "l8" / "src" / "offhook_l8" / "l8.wat"


async def test_a_declared_codec_is_heard_and_spoken(engine: MediaEngine, phones: tuple[Phone, Phone]) -> None:
    declare(AudioCodec("test_l8", sdp="X-L8", frame=(8, 1), module=L8))
    service = MediaService(engine)
    try:
        port = service.open_port("127.0.0.1")
        port.set_codecs((97, "X-L8", 8000, 20), [(97, "X-L8", 8000)])
        phone = phones[0]
        phone.connect(port.core)
        heard = port.listen(rate=8000)
        said = bytes((sample >> 8) + 128 for sample in tone(700, 0.5))
        for at in range(0, len(said), 160):
            phone.send(said[at : at + 160], pt=97)
        got = b""
        async with asyncio.timeout(20):
            async for frame in heard:
                got += frame
                if len(got) >= 6000:
                    heard.close()
            samples = [int.from_bytes(got[n : n + 2], "little", signed=True) for n in range(0, len(got), 2)]
            assert level(samples[800:2400], 700) == pytest.approx(8000, rel=0.1)
            hearing = asyncio.create_task(asyncio.to_thread(phone.hear, 20, 5.0))
            out = port.speak(rate=8000)
            await out.write(b"".join(s.to_bytes(2, "little", signed=True) for s in tone(500, 0.5)))
            packets = await hearing
        spoken = [(octet - 128) << 8 for packet in packets for octet in packet.payload]
        assert {len(packet.payload) for packet in packets} == {160}
        assert {packet.pt for packet in packets} == {97}
        assert level(spoken[800:2400], 500) == pytest.approx(8000, rel=0.1)
    finally:
        service.close()


def test_configuration_and_sdp_know_it() -> None:
    with pytest.raises(InvalidValueError):
        allow((), "test_passed")
    codec = AudioCodec("test_passed", sdp="X-Passed", clock=16000, other_sdp=("X-P",))
    declare(codec)
    declare(codec)  # again changes nothing
    assert allow((), "test_passed:30") == (Codec("test_passed", 30),)
    assert Codec("test_passed") in allow((), "all")
    facts = CODECS["test_passed"]
    assert codec_of("x-p", 16000) is facts
    assert (facts.decodes, facts.rate, facts.payload_type) == (False, 16000, -1)


@pytest.mark.parametrize(
    ("codec", "why"),
    [
        (AudioCodec("ulaw", sdp="X-Other"), "there is one of this name"),
        (AudioCodec("test_other", sdp="PCMU"), "there is one that is PCMU/8000 in SDP"),
        (AudioCodec("Test", sdp="X-Other"), "lower-case"),
        (AudioCodec("test_other", sdp="X-Other", clock=0), "a clock"),
        (AudioCodec("test_other", sdp="X-Other", frame=(0, 1)), "frame"),
        (AudioCodec("test_other", sdp="X-Other", module=b"(module)"), "no `memory`"),
        (AudioCodec("test_other", sdp="X-Other", max_ptime=5000, module=b"(module)"), "out of range"),
        (AudioCodec("test_other", sdp="X-Other", module=Path("/nowhere/l8.wat")), "No such file"),
    ],
)
def test_what_is_wrong_is_said(codec: AudioCodec, why: str) -> None:
    with pytest.raises(CodecError, match=why):
        declare(codec)
    assert "test_other" not in CODECS
