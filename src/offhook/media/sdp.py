"""Between session descriptions and the engine: codecs as SDP names them, a port set to what was agreed.

Offer and answer themselves are `_core.OfferAnswer`; who negotiates keeps that, and comes here for both ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import Codec
from offhook.config.codecs import COMFORT_NOISE
from offhook.media.formats import CODECS, codec_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from offhook._core import AgreedMedia
    from offhook.config.files.codecs import CodecsConf
    from offhook.media.port import MediaPort

__all__ = ["TELEPHONE_EVENT", "audio_codecs", "set_up_port", "video_codecs"]

TELEPHONE_EVENT = Codec("telephone-event", 8000, payload_type=101, fmtp="0-16")
"""Digits by RFC 4733; 16 is flash."""
_CN, _CN_CLOCK = 13, 8000  # the static number of comfort noise (RFC 3551), and the clock that it is for


_VARIANTS: dict[str, tuple[str, ...]] = {
    "siren7": ("bitrate=32000",),
    "siren14": ("bitrate=48000",),
    # Both layouts of RFC 4867 are fine for a codec that is passed on as it is.
    "amr": ("", "octet-align=1"),
    "amrwb": ("", "octet-align=1"),
}


def audio_codecs(
    names: Iterable[str], *, events: bool, opus_fmtp: str = "useinbandfec=1"
) -> tuple[Codec, ...]:
    """Audio codecs by Asterisk's names as SDP has them, in order; telephone-event last when `events`.

    "cn" stands for comfort noise at the clocks of the codecs that have none of their own.

    `opus_fmtp` is what we ask of those who send us Opus (codecs.conf).

    Names of what is no audio, or has no name in SDP, are left out.
    """
    found: list[Codec] = []
    clocks: list[int] = []
    quiet = False
    for name in names:
        quiet |= name == COMFORT_NOISE
        facts = CODECS.get(name)
        if facts is None or facts.kind != "audio" or not facts.sdp:
            continue
        payload_type = facts.payload_type if facts.payload_type >= 0 else None
        if facts.decodes and name != "opus" and facts.clock not in clocks:
            clocks.append(facts.clock)
        variants = (opus_fmtp,) if name == "opus" else _VARIANTS.get(name, ("",))
        found += [
            Codec(
                facts.sdp,
                facts.clock,
                payload_type=payload_type,
                channels=facts.channels,
                fmtp=fmtp or None,
            )
            for fmtp in variants
        ]
    if quiet:
        found += [Codec("CN", clock, payload_type=_CN if clock == _CN_CLOCK else None) for clock in clocks]
    if found and events:
        found.append(TELEPHONE_EVENT)
    return tuple(found)


def video_codecs(names: Iterable[str]) -> tuple[Codec, ...]:
    """Video codecs by Asterisk's names as SDP has them, in order; what is no video is left out.

    They have no parameters of ours: video is passed on, so those of the far ends count.
    """
    found = (CODECS.get(name) for name in names)
    return tuple(
        Codec(facts.sdp, facts.clock, payload_type=facts.payload_type if facts.payload_type >= 0 else None)
        for facts in found
        if facts is not None and facts.kind == "video" and facts.sdp
    )


def set_up_port(
    port: MediaPort,
    line: AgreedMedia,
    packet_ms: Callable[[str], int | None] | None = None,
    encoders: CodecsConf | None = None,
    *,
    rides: bool = False,
) -> str:
    """Make `port` send and receive what was agreed; Asterisk's name of the codec that it sends.

    `packet_ms` gives how many ms of a codec (by Asterisk's name) go into a packet, None for as many as the
    far end asks for, as it does without this; the far end's maxptime is kept to.
    `encoders` is how codecs.conf sets them up; `rides`: it uses another port's address (BUNDLE).
    "" when there is nothing to send with: then nothing was changed.
    """
    if not line.send:
        return ""
    send = line.send[0]
    facts = codec_of(send.name, send.clock_rate)
    name = facts.name if facts is not None else send.name.lower()
    ptime = packet_ms(name) if packet_ms is not None else None
    if ptime is None:
        ptime = line.ptime or 20
    elif line.remote.maxptime:
        ptime = min(ptime, line.remote.maxptime)
    quiet = (codec for codec in line.send if codec.is_comfort_noise and codec.clock_rate == send.clock_rate)
    noise = next(quiet, None)
    port.set_codecs(
        (send.payload_type, send.name, send.clock_rate, ptime),
        [
            (codec.payload_type, codec.name, codec.clock_rate)
            for codec in (*line.receive, *line.receive_events)
        ],
        send_fmtp=send.fmtp or "",
        send_further=[
            (codec.payload_type, codec.name, codec.clock_rate, codec.fmtp or "") for codec in line.send[1:]
        ]
        if line.kind == "video"
        else (),
        send_settings=encoders.opus.settings if encoders is not None and name == "opus" else "",
        receive_fmtp=[(codec.payload_type, codec.fmtp) for codec in line.receive if codec.fmtp],
        telephone_event_send=line.send_event.payload_type if line.send_event is not None else -1,
        telephone_event_clock=line.send_event.clock_rate if line.send_event is not None else 0,
        telephone_event_receive=[codec.payload_type for codec in line.receive_events],
        comfort_noise_send=noise.payload_type if noise is not None else -1,
    )
    if line.remote_address is not None and line.remote_port and not rides:
        rtcp_port = line.remote_rtcp[1] if line.remote_rtcp is not None else 0
        try:
            port.set_remote(line.remote_address, line.remote_port, rtcp_port)
        except ValueError:  # a host name, or 0.0.0.0: where it is, is learned from what it sends
            port.set_remote("::1" if ":" in port.address else "127.0.0.1", 0)
    direction = line.direction
    port.set_direction(
        send=direction in ("sendrecv", "sendonly"), receive=direction in ("sendrecv", "recvonly")
    )
    return name
