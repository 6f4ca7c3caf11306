"""Music on hold for channels: classes of musiconhold.conf, and who hears which."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.media.music import MusicClass
    from offhook.pbx.channel import Channel

__all__ = ["MusicOnHold"]

log = logging.getLogger(__name__)


class MusicOnHold:
    """Starts and stops music; `start` is what `Pbx.provide_music` takes."""

    def __init__(self, classes: Mapping[str, MusicClass]) -> None:
        """`classes` by name; one named `default` must be there."""
        self.classes = classes

    def start(self, channel: Channel, name: str = "") -> Callable[[], None]:
        """Play the class `name`, else the channel's own, else `default`; returns what stops it."""
        if channel.media is None and not channel.ended:
            channel.progress()  # a caller who has not been answered hears it as early media
        media = channel.media
        if media is None:
            return _nothing
        wanted = name or channel.music_class or "default"
        music = self.classes.get(wanted)
        if music is None:
            log.info("%s: there is no music class %r; playing the default", channel.name, wanted)
            music = self.classes["default"]
        return music.start(media, channel.audio_codec).stop


def _nothing() -> None:
    """There is nothing to stop."""
