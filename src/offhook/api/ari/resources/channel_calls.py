"""Channels: answer, ring, progress, hold, mute, digits, redirect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook._core import MediaError
from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.channels import NOT_STASIS
from offhook.pbx.channel import NotSupportedByChannelError

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []


@operation("POST", "/channels/{channelId}/answer", errors=NOT_STASIS)
def answer(ari: Ari, channelId: str) -> None:
    """Answer a channel."""
    ari.control(channelId).channel.answer()


@operation("POST", "/channels/{channelId}/ring", errors=NOT_STASIS)
def ring(ari: Ari, channelId: str) -> None:
    """Indicate ringing to a channel."""
    ari.control(channelId).channel.ring()


@operation("DELETE", "/channels/{channelId}/ring", errors=NOT_STASIS)
def ringStop(ari: Ari, channelId: str) -> None:
    """Stop ringing indication on a channel."""
    ari.control(channelId).channel.stop_ringing()


@operation("POST", "/channels/{channelId}/progress", errors=NOT_STASIS)
def progress(ari: Ari, channelId: str) -> None:
    """Indicate progress on a channel."""
    ari.control(channelId).channel.progress()


@operation(
    "POST", "/channels/{channelId}/redirect", errors={400: "Endpoint parameter not provided", **NOT_STASIS}
)
def redirect(ari: Ari, channelId: str, endpoint: str) -> None:
    """Send the caller elsewhere: a 302 or a REFER."""
    channel = ari.control(channelId).channel
    technology, slash, resource = endpoint.partition("/")
    if not slash or not resource:
        raise AriError(400, "Endpoint parameter not in the form Technology/resource")
    if technology.lower() != channel.technology.lower():
        raise AriError(422, "Endpoint is not the same type as the channel")
    try:
        channel.redirect_call(resource)
    except NotSupportedByChannelError as error:
        raise AriError(422, str(error)) from None


_PROGRESS = {
    "channel_progress": 180,
    "channel_answered": 200,
    "channel_unavailable": 503,
    "channel_declined": 603,
}


@operation(
    "POST",
    "/channels/{channelId}/transfer_progress",
    errors={400: "Endpoint parameter not provided", **NOT_STASIS},
)
def transfer_progress(ari: Ari, channelId: str, states: str) -> None:
    """Tell a phone how the transfer goes that it has asked for (ChannelTransfer)."""
    channel = ari.control(channelId).channel
    status = _PROGRESS.get(states)
    if status is None:
        raise AriError(400, f"{states!r} is none of {', '.join(_PROGRESS)}")
    if channel.asked_transfer is None:
        raise AriError(409, "The channel has not asked for a transfer")
    channel.asked_transfer.tell(status)
    if status >= 200:
        channel.asked_transfer = None


@operation("POST", "/channels/{channelId}/hold", errors=NOT_STASIS)
def hold(ari: Ari, channelId: str) -> None:
    """Put a channel on hold."""
    ari.control(channelId).channel.hold(True)


@operation("DELETE", "/channels/{channelId}/hold", errors=NOT_STASIS)
def unhold(ari: Ari, channelId: str) -> None:
    """Take a channel back from hold."""
    ari.control(channelId).channel.hold(False)


def _mute(ari: Ari, channel_id: str, direction: str, on: bool) -> None:
    control = ari.control(channel_id)
    match direction:
        case "in":
            control.muted_in = on
        case "out":
            control.muted_out = on
        case "both":
            control.muted_in = control.muted_out = on
        case _:
            raise AriError(400, "Invalid direction: in, out or both")
    media = control.channel.media
    if media is not None:
        media.mute(receive=control.muted_in, send=control.muted_out)


@operation("POST", "/channels/{channelId}/mute", errors=NOT_STASIS)
def mute(ari: Ari, channelId: str, direction: str = "both") -> None:
    """Mute a channel: what it says (`in`), what it hears (`out`), or both."""
    _mute(ari, channelId, direction, True)


@operation("DELETE", "/channels/{channelId}/mute", errors=NOT_STASIS)
def unmute(ari: Ari, channelId: str, direction: str = "both") -> None:
    """Unmute a channel."""
    _mute(ari, channelId, direction, False)


@operation("POST", "/channels/{channelId}/dtmf", errors={400: "DTMF is required", **NOT_STASIS})
async def sendDTMF(
    ari: Ari,
    channelId: str,
    dtmf: str = "",
    before: int = 0,
    between: int = 100,
    duration: int = 100,
    after: int = 0,
) -> None:
    """Send digits to a channel; times are in ms."""
    channel = ari.control(channelId).channel
    if not dtmf:
        raise AriError(400, "DTMF is required")
    if (
        any(digit.upper() not in "0123456789*#ABCD" for digit in dtmf)
        or min(before, between, duration, after) < 0
    ):
        raise AriError(400, "Invalid DTMF")

    async def send() -> None:
        import asyncio

        await asyncio.sleep(before / 1000)
        for index, digit in enumerate(dtmf):
            if channel.ended:
                return
            if index:
                await asyncio.sleep(between / 1000)
            try:
                channel.send_digit(digit.upper(), duration)
            except (NotSupportedByChannelError, MediaError):
                return
            await asyncio.sleep(duration / 1000)

    ari.node.runner.spawn(send(), f"digits to {channel.name}")


@operation(
    "GET", "/channels/{channelId}/rtp_statistics", model="RTPstat", errors={404: "Channel cannot be found."}
)
def rtpstatistics(ari: Ari, channelId: str) -> Json:
    """RTP statistics of a channel; jitter and round trip are in seconds."""
    channel = ari.channel(channelId)
    media = channel.media
    if media is None or not media.rtp_port:
        raise AriError(404, "Channel has no RTP")
    stats: dict[str, Any] = media.stats()

    def number(name: str) -> float:
        value = stats.get(name, 0)
        return value if isinstance(value, (int, float)) else 0

    return {
        "txcount": int(number("tx_packets")),
        "rxcount": int(number("rx_packets")),
        "txoctetcount": int(number("tx_bytes")),
        "rxoctetcount": int(number("rx_bytes")),
        "rxploss": int(number("rx_lost")),
        "txploss": int(number("remote_lost")),
        "rxjitter": number("rx_jitter_ms") / 1000,
        "txjitter": number("remote_jitter_ms") / 1000,
        "rtt": number("rtt_ms") / 1000,
        "local_ssrc": media.core.ssrc,
        "remote_ssrc": int(number("rx_ssrc")),
        "channel_uniqueid": channel.uniqueid,
    }
