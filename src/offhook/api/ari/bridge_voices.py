"""What bridges of ARI hear besides their channels: announcements, and music on hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.media.room import Taking
from offhook.pbx.bridge_voice import BridgeVoice

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.api.ari.service import Ari
    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["BridgeVoices"]


class BridgeVoices:
    """The voices of all bridges.  Those of a holding bridge hear nothing in common: each is played to."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._playing: dict[Bridge, BridgeVoice] = {}
        self._music: dict[Bridge, tuple[BridgeVoice, Callable[[], None]]] = {}

    def ports(self, bridge: Bridge) -> list[tuple[Channel, MediaPort]]:
        """Where to play something to a bridge; none when it is gone.  Raises MediaError."""
        if bridge.destroyed:
            return []
        if bridge.holding:
            return [(one, one.media) for one in bridge.channels if one.media is not None and not one.ended]
        voice = self._playing.get(bridge)
        if voice is None:
            voice = BridgeVoice(bridge, f"Announcer/{bridge.uniqueid}", Taking(deaf=True))
            self._playing[bridge] = voice
        return [(voice, voice.media)] if voice.media is not None else []

    def done_playing(self, bridge: Bridge) -> None:
        """Nothing more is to be played for now."""
        voice = self._playing.pop(bridge, None)
        if voice is not None:
            voice.close()

    def start_music(self, bridge: Bridge, music_class: str) -> None:
        """Play music on hold to all, in place of what music plays."""
        self.stop_music(bridge)
        if bridge.holding:
            for channel in bridge.channels:
                control = self._ari.controls.get(channel.uniqueid)
                if control is not None:
                    control.start_music(music_class)
            return
        voice = BridgeVoice(bridge, f"MOH/{bridge.uniqueid}", Taking(deaf=True))
        stop = bridge.pbx.start_music(voice, music_class)
        if stop is None:
            voice.close()
        else:
            self._music[bridge] = (voice, stop)

    def stop_music(self, bridge: Bridge) -> None:
        """End that."""
        if bridge.holding:
            for channel in bridge.channels:
                control = self._ari.controls.get(channel.uniqueid)
                if control is not None:
                    control.release_music()
        playing = self._music.pop(bridge, None)
        if playing is not None:
            voice, stop = playing
            stop()
            voice.close()

    def forget(self, bridge: Bridge) -> None:
        """The bridge ends."""
        self.stop_music(bridge)
        self._ari.playbacks.stop_all(bridge)
        self._ari.recordings.stop_all(bridge)
        self.done_playing(bridge)
