"""Music on hold for channels: classes of musiconhold.conf, and who hears which."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.config.files.musiconhold import KillMethod, Mode
from offhook.media.music import MusicClass
from offhook.media.music_command import MusicCommand
from offhook.pbx.channel import ChannelState
from offhook.pbx.events import MusicStarted, MusicStopped

if TYPE_CHECKING:
    from offhook.config.files.musiconhold import MusicOnHoldConf
    from offhook.features.media_cache import MediaCache
    from offhook.media.music import Music
    from offhook.media.music_command import MusicPrograms
    from offhook.pbx.channel import Channel

__all__ = ["MusicOnHold", "music_classes"]

log = logging.getLogger(__name__)


def music_classes(
    conf: MusicOnHoldConf, folders: Sequence[Path], cache: MediaCache | None, programs: MusicPrograms
) -> dict[str, Music]:
    """The classes of musiconhold.conf, and `default`, by name; what web servers have of them is fetched now.

    `folders`: the data folders of the node.
    """
    classes: dict[str, Music] = {"default": MusicClass("default", [folder / "moh" for folder in folders])}
    for name, moh in conf.classes.items():
        if moh.mode is Mode.CUSTOM:
            classes[name] = programs.music(
                MusicCommand(
                    name,
                    moh.application,
                    moh.directory and str(folders[0] / moh.directory),
                    moh.format.value,
                    moh.kill_escalation_delay / 1000,
                    moh.kill_method is KillMethod.PROCESS_GROUP,
                    moh.answeredonly,
                )
            )
            continue
        own = Path(moh.directory)
        entries = moh.entries if moh.mode is Mode.PLAYLIST else ()
        classes[name] = MusicClass(
            name,
            [own] if own.is_absolute() else [base / own for base in folders],
            entries=entries,
            sort=moh.sort.value,
            answered_only=moh.answeredonly,
            remote=cache.at_hand if cache is not None else None,
        )
        if cache is not None:
            for entry in entries:
                if "://" in entry:
                    cache.at_hand(entry)
    return classes


class MusicOnHold:
    """Starts and stops music; `start` is what `Pbx.provide_music` takes."""

    def __init__(self, classes: Mapping[str, Music], *, prefer_channel: bool = True) -> None:
        """`classes` by name; one named `default` must be there.

        `prefer_channel`: the class that was set for a channel (CHANNEL(musicclass)) counts more than the
        one asked for (musiconhold.conf preferchannelclass).
        """
        self.classes = dict(classes)
        self.prefer_channel = prefer_channel

    def remove(self, name: str) -> bool:
        """Take a class away; False when there is none such.  Who hears it goes on hearing it."""
        return self.classes.pop(name, None) is not None

    def start(self, channel: Channel, name: str = "") -> Callable[[], None]:
        """Play the channel's own class or the class `name`, else `default`; returns what stops it."""
        music = self._class_for(channel, name)
        if music.answered_only and channel.state is not ChannelState.UP:
            return _nothing
        if channel.media is None and not channel.ended:
            channel.progress()  # a caller who has not been answered hears it as early media
        media = channel.media
        if media is None:
            return _nothing
        stop = music.start(media, channel.audio_codec).stop
        bus = channel.pbx.bus
        if not channel.is_listed:
            return stop
        bus.emit(MusicStarted, channel, music.name)

        def stop_and_say() -> None:
            stop()
            bus.emit(MusicStopped, channel)

        return stop_and_say

    def _class_for(self, channel: Channel, name: str) -> Music:
        own = channel.music_class
        for wanted in (own, name) if self.prefer_channel else (name, own):
            if wanted:
                music = self.classes.get(wanted)
                if music is not None:
                    return music
                log.info("%s: there is no music class %r", channel.name, wanted)
        return self.classes["default"]


def _nothing() -> None:
    """There is nothing to stop."""
