"""Bridges: music, playing and recording, for all of their channels at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ari.operations import AriError, operation
from offhook.config.codecs import ALL_CODECS
from offhook.media.room import Taking
from offhook.pbx.bridge_voice import BridgeVoice

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_NOT_OURS = {404: "Bridge not found", 409: "Bridge not in Stasis application"}
_UNKNOWN_FORMAT = {422: "The format specified is unknown on this system"}


def _check_format(name: str) -> None:
    """A format of the announcer or recorder: the engine converts by itself, so any that there is will do."""
    if name and name not in ALL_CODECS and not name.startswith("slin"):
        raise AriError(422, f"The format {name!r} is unknown on this system")


@operation("POST", "/bridges/{bridgeId}/moh", errors=_NOT_OURS)
def startMoh(ari: Ari, bridgeId: str, mohClass: str = "") -> None:
    """Play music on hold to a bridge, until it is stopped; what its channels say is heard with it."""
    ari.voices.start_music(ari.own_bridge(bridgeId), mohClass)


@operation("DELETE", "/bridges/{bridgeId}/moh", errors=_NOT_OURS)
def stopMoh(ari: Ari, bridgeId: str) -> None:
    """Stop playing music on hold to a bridge."""
    ari.voices.stop_music(ari.own_bridge(bridgeId))


@operation(
    "POST",
    "/bridges/{bridgeId}/play",
    model="Playback",
    status=201,
    errors={**_NOT_OURS, **_UNKNOWN_FORMAT},
    with_id="playbackId",
)
def play(
    ari: Ari,
    bridgeId: str,
    media: list[str],
    announcer_format: str = "",
    lang: str = "",
    offsetms: int = 0,
    skipms: int = 3000,
    playbackId: str = "",
) -> Json:
    """Play media to all channels of a bridge; they hear each other meanwhile."""
    bridge = ari.own_bridge(bridgeId)
    _check_format(announcer_format)
    playback = ari.playbacks.add(
        bridge,
        f"bridge:{bridge.uniqueid}",
        media,
        lang or ari.node.pbx.default_language,
        offsetms,
        skipms,
        playbackId,
        lambda: ari.voices.ports(bridge),
        lambda: ari.voices.done_playing(bridge),
    )
    return playback.json()


@operation(
    "POST",
    "/bridges/{bridgeId}/record",
    model="LiveRecording",
    status=201,
    errors={400: "Invalid parameters", **_NOT_OURS, **_UNKNOWN_FORMAT},
)
async def record(
    ari: Ari,
    bridgeId: str,
    name: str,
    format: str,
    recorder_format: str = "",
    maxDurationSeconds: int = 0,
    maxSilenceSeconds: int = 0,
    ifExists: str = "fail",
    beep: bool = False,
    terminateOn: str = "none",
) -> Json:
    """Record what all channels of a bridge hear and say."""
    bridge = ari.own_bridge(bridgeId)
    _check_format(recorder_format)
    voice = BridgeVoice(bridge, f"Recorder/{bridge.uniqueid}", Taking())

    def is_in_bridge(channel: Channel) -> bool:
        return channel.bridge is bridge

    try:
        recording = await ari.recordings.record(
            voice,
            f"bridge:{bridge.uniqueid}",
            name,
            format,
            max_seconds=maxDurationSeconds,
            silence_seconds=maxSilenceSeconds,
            if_exists=ifExists,
            beep=beep,
            terminate_on=terminateOn,
            whose_keys=is_in_bridge,
            of=bridge,
            done=voice.close,
        )
    except BaseException:
        voice.close()
        raise
    return recording.json()
