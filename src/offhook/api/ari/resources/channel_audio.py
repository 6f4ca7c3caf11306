"""Channels: music, silence, playing, recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.channels import NOT_STASIS
from offhook.pbx.channel import ChannelState

if TYPE_CHECKING:
    from offhook.api.ari.control import StasisControl
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.media.port import MediaPort
    from offhook.pbx.channel import Channel

__all__: list[str] = []


@operation("POST", "/channels/{channelId}/moh", errors=NOT_STASIS)
def startMoh(ari: Ari, channelId: str, mohClass: str = "") -> None:
    """Play music on hold to a channel, until it is stopped or something else is played."""
    ari.control(channelId).start_music(mohClass)


@operation("DELETE", "/channels/{channelId}/moh", errors=NOT_STASIS)
def stopMoh(ari: Ari, channelId: str) -> None:
    """Stop music on hold."""
    ari.control(channelId).release_music()


@operation("POST", "/channels/{channelId}/silence", errors=NOT_STASIS)
def startSilence(ari: Ari, channelId: str) -> None:
    """Play silence to a channel: what played stops, and audio goes out."""
    channel = ari.control(channelId).channel
    if channel.media is not None:
        channel.media.start_tones(channel.pbx.indications.resolve("!0/0", None))


@operation("DELETE", "/channels/{channelId}/silence", errors=NOT_STASIS)
def stopSilence(ari: Ari, channelId: str) -> None:
    """Stop playing silence."""
    channel = ari.control(channelId).channel
    if channel.media is not None:
        channel.media.stop_playing()


def _port(control: StasisControl) -> MediaPort:
    channel = control.channel
    if channel.state is not ChannelState.UP:
        channel.progress()
    if channel.media is None:
        raise AriError(409, "Channel has no audio")
    return channel.media


@operation(
    "POST",
    "/channels/{channelId}/play",
    model="Playback",
    status=201,
    errors=NOT_STASIS,
    with_id="playbackId",
)
def play(
    ari: Ari,
    channelId: str,
    media: list[str],
    lang: str = "",
    offsetms: int = 0,
    skipms: int = 3000,
    playbackId: str = "",
) -> Json:
    """Play media to a channel: `sound:`, `recording:`, `number:`, `digits:`, `characters:`, `tone:`."""
    control = ari.control(channelId)
    channel = control.channel
    _port(control)

    def ports() -> list[tuple[Channel, MediaPort]]:
        port = channel.media
        return [(channel, port)] if port is not None and not channel.ended else []

    playback = ari.playbacks.add(
        channel,
        f"channel:{channel.uniqueid}",
        media,
        lang or channel.language,
        offsetms,
        skipms,
        playbackId,
        ports,
    )
    return playback.json()


@operation(
    "POST",
    "/channels/{channelId}/record",
    model="LiveRecording",
    status=201,
    errors={400: "Invalid parameters", **NOT_STASIS, 422: "The format specified is unknown on this system"},
)
async def record(
    ari: Ari,
    channelId: str,
    name: str,
    format: str,
    maxDurationSeconds: int = 0,
    maxSilenceSeconds: int = 0,
    ifExists: str = "fail",
    beep: bool = False,
    terminateOn: str = "none",
) -> Json:
    """Record what a channel says."""
    control = ari.control(channelId)
    channel = control.channel
    _port(control)
    recording = await ari.recordings.record(
        channel,
        f"channel:{channel.uniqueid}",
        name,
        format,
        max_seconds=maxDurationSeconds,
        silence_seconds=maxSilenceSeconds,
        if_exists=ifExists,
        beep=beep,
        terminate_on=terminateOn,
        whose_keys=lambda pressed: pressed is channel,
        of=channel,
    )
    return recording.json()
