"""Two SIP legs that negotiate with each other without SIP, their ports on one engine."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

from offhook._core import MediaEngine, Sdp
from offhook.config.errors import Problems
from offhook.config.files.rtp import RtpConf
from offhook.config.pjsip import read_pjsip
from offhook.config.reader import read_text
from offhook.drivers.sip.leg_media import LegMedia
from offhook.media.service import MediaService

__all__ = ["hears", "leg", "media_service", "negotiate", "until", "with_line", "without_line"]


@contextlib.contextmanager
def media_service(workers: int = 1) -> Iterator[MediaService]:
    """An engine on free ports, for the running loop."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        start = min(probe.getsockname()[1], 60_000)
    service = MediaService(MediaEngine(workers=workers, rtp_start=start, rtp_end=start + 200))
    try:
        yield service
    finally:
        service.close()


def leg(service: MediaService, options: str, rtp: RtpConf | None = None) -> LegMedia:
    """A leg of an endpoint with these options."""
    text = "[alice]\ntype=endpoint\nallow=!all,ulaw\nrtp_symmetric=yes\n" + "\n".join(options.split())
    problems = Problems()
    config = read_pjsip(read_text(text, file="pjsip.conf", problems=problems), problems)
    assert not list(problems), list(problems)
    return LegMedia(service, config.endpoints["alice"], rtp or RtpConf())


def negotiate(one: LegMedia, other: LegMedia) -> tuple[Sdp, Sdp]:
    """Offer and answer as they went over the wire."""
    offer = Sdp.parse(one.offer("127.0.0.1").to_bytes())
    assert other.has_codec_for(offer), other.objection
    answer = Sdp.parse(other.answer(offer, "127.0.0.1").to_bytes())
    one.accept_answer(answer)
    return offer, answer


def without_line(sdp: Sdp, start: str) -> Sdp:
    """A description without the lines that start so."""
    lines = [line for line in sdp.to_bytes().split(b"\r\n") if not line.startswith(start.encode())]
    return Sdp.parse(b"\r\n".join(lines))


def with_line(sdp: Sdp, old: str, new: str) -> Sdp:
    """A description with one text replaced."""
    text = sdp.to_bytes().decode()
    assert old in text
    return Sdp.parse(text.replace(old, new).encode())


async def hears(one: LegMedia, other: LegMedia, packets: int = 10) -> None:
    """Both play a tone until each has heard so many packets of the other."""
    for each in (one, other):
        assert each.port is not None
        each.port.start_tones([(440.0, 0.0, False, 0, False)])

    def heard(each: LegMedia) -> int:
        return int(each.port.stats()["rx_packets"]) if each.port is not None else 0

    before = [heard(each) for each in (one, other)]
    await until(lambda: heard(one) >= before[0] + packets and heard(other) >= before[1] + packets)


async def until(condition: object, seconds: float = 10.0) -> None:
    """Wait until a function gives something true."""
    assert callable(condition)
    for _ in range(round(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")
