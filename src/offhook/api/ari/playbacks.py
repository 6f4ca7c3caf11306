"""Playbacks: media that an application has played to a channel or a bridge, one after the other."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook.api.ari.operations import AriError
from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import audience_of
from offhook.media.activity import PlaybackEnd, PlaybackResult
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number
from offhook.pbx.controlled import tell_playing
from offhook.pbx.events import TestEvent
from offhook.pbx.listening import find_sounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.media.activity import Playback
    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["AriPlayback", "Playbacks", "check_media"]

log = logging.getLogger(__name__)

sends("PlaybackStarted", "PlaybackContinuing", "PlaybackFinished")

_KINDS = ("sound", "recording", "number", "digits", "characters", "tone")
_TEST_WORDS = {"forward": "FastForward", "reverse": "Rewind"}
_MOST_QUEUED = 1000
_WHOLE_MS = 86_400_000


def check_media(media: Sequence[str]) -> None:
    """Whether these are media that can be played.  Raises AriError 400."""
    if not media:
        raise AriError(400, "Media must be specified")
    for uri in media:
        kind, colon, rest = uri.partition(":")
        if not colon or kind not in _KINDS or not rest:
            raise AriError(400, f"Invalid media URI {uri!r}: one of {', '.join(f'{one}:' for one in _KINDS)}")


class AriPlayback:
    """One playback: a list of media for a channel or a bridge."""

    def __init__(
        self,
        playbacks: Playbacks,
        identity: str,
        target: Channel | Bridge,
        target_uri: str,
        media: Sequence[str],
        language: str,
        offset_ms: int,
        skip_ms: int,
    ) -> None:
        self._playbacks = playbacks
        self.id = identity
        self.target = target
        self.target_uri = target_uri
        self.audience = audience_of(target_uri)
        self.hearers = playbacks.ari.hearers(self.audience)
        self.media = list(media)
        self.language = language
        self.offset_ms = offset_ms
        self.skip_ms = skip_ms
        self.state = "queued"
        self.index = 0
        self._current: list[Playback] = []
        self._stopped = False

    def json(self) -> Json:
        """The model Playback."""
        found: Json = {
            "id": self.id,
            "media_uri": self.media[self.index],
            "target_uri": self.target_uri,
            "language": self.language,
            "state": self.state,
        }
        if self.index + 1 < len(self.media):
            found["next_media_uri"] = self.media[self.index + 1]
        return found

    # ------------------------------------------------------------ what operations ask for

    def stop(self) -> None:
        """End it; those that wait behind it follow."""
        self._stopped = True
        for playing in self._current:
            playing.stop()

    def control(self, what: str) -> None:
        """Pause, move, begin again.  Raises AriError: 400 for another word, 409 when not now."""
        if what not in ("restart", "pause", "unpause", "reverse", "forward"):
            raise AriError(400, f"Invalid operation {what!r}")
        if not self._current:
            raise AriError(409, "Operation failed")
        if what in ("pause", "unpause"):
            if (what == "pause") == (self.state == "paused"):
                return
            self.state = "paused" if what == "pause" else "playing"
            if what == "unpause":
                self._playbacks.tell("PlaybackStarted", self)
        elif what in _TEST_WORDS:
            said = (("Control", _TEST_WORDS[what]), ("SkipMs", str(self.skip_ms)))
            self.target.pbx.bus.emit(TestEvent, "PLAYBACK", said)
        for playing in self._current:
            match what:
                case "restart":
                    playing.seek(-_WHOLE_MS)
                case "pause" | "unpause":
                    playing.pause(what == "pause")
                case "reverse":
                    playing.seek(-self.skip_ms)
                case _:
                    playing.seek(self.skip_ms)

    # ------------------------------------------------------------ playing

    async def play(self, ports: Callable[[], Sequence[tuple[Channel, MediaPort]]]) -> None:
        """Play all of it on the ports of the target; never raises."""
        failed = False
        for index in range(len(self.media)):
            if self._stopped:
                break
            self.index = index
            targets = ports()
            if not targets:
                failed = True
                break
            self.state = "playing"
            self._playbacks.tell("PlaybackStarted", self)
            if not await self._play_one(self.media[index], targets, self.offset_ms if index == 0 else 0):
                failed = index == len(self.media) - 1 or failed
            if index + 1 < len(self.media) and not self._stopped:
                self.state = "continuing"
                self._playbacks.tell("PlaybackContinuing", self)
        self.state = "failed" if failed and not self._stopped else "done"
        self._playbacks.tell("PlaybackFinished", self)

    async def _play_one(self, uri: str, targets: Sequence[tuple[Channel, MediaPort]], offset_ms: int) -> bool:
        """Play one medium; whether it could be played."""
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.Future[PlaybackResult]] = []
        self._current = []
        for channel, port in targets:
            done: asyncio.Future[PlaybackResult] = loop.create_future()

            def ended(result: PlaybackResult, done: asyncio.Future[PlaybackResult] = done) -> None:
                if not done.done():
                    done.set_result(result)

            try:
                if uri.startswith("tone:"):
                    name, _, rest = uri[5:].partition(";")
                    zone = rest.partition("=")[2] or channel.tone_zone or None
                    tones = channel.pbx.indications.resolve(name, zone)
                    self._current.append(port.start_tones(tones, on_end=ended))
                else:
                    files, missing = await find_sounds(channel, self._names(uri, channel), self.language)
                    if missing:
                        log.warning("%s: ARI: there is no sound %r", channel.name, missing[0])
                    if not files or port.closed:
                        continue
                    self._current.append(port.start_playing(files, offset_ms=offset_ms, on_end=ended))
                    tell_playing(channel, files)
            except (LookupError, ValueError) as error:
                log.warning("%s: ARI: %s: %s", channel.name, uri, error)
                continue
            waiting.append(done)
        if self._stopped:
            for playing in self._current:
                playing.stop()
        results = await asyncio.gather(*waiting)
        self._current = []
        return any(result.end not in (PlaybackEnd.FAILED, PlaybackEnd.CLOSED) for result in results)

    def _names(self, uri: str, channel: Channel) -> list[str]:
        kind, _, rest = uri.partition(":")
        match kind:
            case "recording":
                return [str(self._playbacks.ari.recordings.stem(rest))]
            case "number":
                try:
                    return say_number(int(rest), self.language or channel.language)
                except NumberTooLargeError:
                    return []
            case "digits":
                return say_digits(rest)
            case "characters":
                return say_alpha(rest)
            case _:
                return [rest]


class Playbacks:
    """All playbacks of a node; those of one target are played one after the other."""

    def __init__(self, ari: Ari) -> None:
        self.ari = ari
        self._all: dict[str, AriPlayback] = {}
        self._queues: dict[object, list[AriPlayback]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, identity: str) -> AriPlayback:
        """A playback that waits or plays.  Raises AriError 404."""
        found = self._all.get(identity)
        if found is None:
            raise AriError(404, "Playback not found")
        return found

    def tell(self, name: str, playback: AriPlayback) -> None:
        """Announce what became of a playback."""
        self.ari.announce(
            name, lambda: playback.audience, lambda: {"playback": playback.json()}, playback.hearers
        )

    def add(
        self,
        target: Channel | Bridge,
        target_uri: str,
        media: Sequence[str],
        language: str,
        offset_ms: int,
        skip_ms: int,
        identity: str,
        ports: Callable[[], Sequence[tuple[Channel, MediaPort]]],
        idle: Callable[[], None] | None = None,
    ) -> AriPlayback:
        """Have media played after what the target plays now, on the `ports` that it has then.

        `idle` is called when nothing plays or waits any more.  Raises AriError: 400, 409.
        """
        check_media(media)
        if offset_ms < 0 or skip_ms < 0:
            raise AriError(400, "Offset and skip must not be negative")
        identity = identity or str(uuid.uuid4())
        if identity in self._all:
            raise AriError(409, f"Playback {identity} exists already")
        queue = self._queues.setdefault(target, [])
        if len(queue) >= _MOST_QUEUED:
            raise AriError(409, "Too many playbacks wait for this target")
        made = AriPlayback(self, identity, target, target_uri, media, language, offset_ms, skip_ms)
        self._all[identity] = made
        queue.append(made)
        if len(queue) == 1:
            task = asyncio.create_task(self._work(target, ports, idle), name=f"playbacks to {target_uri}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return made

    async def _work(
        self,
        target: Channel | Bridge,
        ports: Callable[[], Sequence[tuple[Channel, MediaPort]]],
        idle: Callable[[], None] | None,
    ) -> None:
        queue = self._queues[target]
        try:
            while queue:
                playback = queue[0]
                await playback.play(ports)
                if queue and queue[0] is playback:
                    del queue[0]
                self._all.pop(playback.id, None)
        finally:
            del self._queues[target]
            for playback in queue:
                self._all.pop(playback.id, None)
            if idle is not None:
                idle()

    def stop_all(self, target: Channel | Bridge) -> None:
        """The channel leaves its application, or the bridge ends: what plays or waits for it ends."""
        for playback in list(self._queues.get(target, ())):
            playback.stop()
