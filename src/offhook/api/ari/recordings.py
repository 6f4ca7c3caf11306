"""Recordings: of channels and bridges while they run (live), and the files that they left (stored)."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.ari.operations import AriError
from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import audience_of
from offhook.media.activity import RecordingEnd, RecordingResult
from offhook.media.formats import RECORDABLE_EXTENSIONS, recorded_as
from offhook.pbx import events
from offhook.pbx.listening import find_sounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.media.activity import Recording
    from offhook.media.port import MediaPort
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["LiveRecording", "Recordings"]

log = logging.getLogger(__name__)

sends("RecordingStarted", "RecordingFinished", "RecordingFailed")

_TERMINATORS = {"none": "", "any": "0123456789*#ABCD", "*": "*", "#": "#"}
_LONGEST_NAME = 200  # bytes; with the extension that is what file systems take
_LONGEST_PATH = 1000
_KNOWN = frozenset(RECORDABLE_EXTENSIONS)


class LiveRecording:
    """One recording that runs."""

    def __init__(self, recordings: Recordings, name: str, kind: str, target_uri: str, path: Path) -> None:
        self._recordings = recordings
        self.name = name
        self.kind = kind
        self.target_uri = target_uri
        self.audience = audience_of(target_uri)
        self.hearers = recordings.ari.hearers(self.audience)
        self.path = path
        self.state = "queued"
        self.duration_s: int | None = None
        self.cause = ""
        self.running: Recording | None = None
        self.canceled = False
        self.paused = self.muted = False
        self.of: Channel | Bridge | None = None
        self.done: Callable[[], None] | None = None
        self.stop_listening: Callable[[], None] | None = None

    def json(self) -> Json:
        """The model LiveRecording."""
        found: Json = {
            "name": self.name,
            "format": self.kind,
            "state": self.state,
            "target_uri": self.target_uri,
        }
        if self.duration_s is not None:
            found["duration"] = self.duration_s
        if self.cause:
            found["cause"] = self.cause
        return found

    def start(self, port: MediaPort, *, max_seconds: int, silence_seconds: int, append: bool) -> None:
        """Begin."""
        self.running = port.start_recording(
            os.fspath(self.path),
            recorded_as(self.kind) or self.kind,
            max_ms=max_seconds * 1000,
            silence_ms=silence_seconds * 1000,
            append=append,
            on_end=self._ended,
        )
        self.state = "recording"
        self._recordings.tell("RecordingStarted", self)

    def stop(self) -> None:
        """End it and keep the file."""
        if self.running is not None:
            self.running.stop()

    def cancel(self) -> None:
        """End it and throw the file away."""
        self.canceled = True
        self.stop()

    def hold(self, *, paused: bool | None = None, muted: bool | None = None) -> None:
        """Leave out what is said for now, or keep silence in its place; None: as before."""
        if self.running is None:
            raise AriError(409, "Recording not in session")
        self.paused = self.paused if paused is None else paused
        self.muted = self.muted if muted is None else muted
        self.running.hold(paused=self.paused, muted=self.muted)
        self.state = "paused" if self.paused else "recording"

    def _ended(self, result: RecordingResult) -> None:
        if self.stop_listening is not None:
            self.stop_listening()
        self.of = None
        done, self.done = self.done, None
        if done is not None:
            done()
        self._recordings.live.pop(self.name, None)
        self.duration_s = round(result.recorded_ms / 1000)
        if self.canceled:
            self.state = "canceled"
            self.path.unlink(missing_ok=True)
        elif result.end is RecordingEnd.FAILED:
            self.state, self.cause = "failed", result.error or "the file cannot be written"
        else:
            self.state = "done"
        self._recordings.tell("RecordingFailed" if self.state == "failed" else "RecordingFinished", self)


class Recordings:
    """All recordings of a node's ARI; files lie below the recording folder, by the name of the recording."""

    def __init__(self, ari: Ari) -> None:
        self.ari = ari
        self.live: dict[str, LiveRecording] = {}

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.ari.node.paths.spool / "recording"

    def stem(self, name: str) -> Path:
        """The file of a name without its extension.

        Raises AriError: 403 for one outside the folder, 400 for one that no file can have.
        """
        try:
            long = any(len(part) > _LONGEST_NAME for part in os.fsencode(name).split(b"/"))
        except UnicodeEncodeError:
            raise AriError(400, "Recording name is no text") from None
        if long or len(name) > _LONGEST_PATH:
            raise AriError(400, f"A recording name has at most {_LONGEST_NAME} bytes between slashes")
        folder = self.folder.resolve()
        path = Path(os.path.normpath(folder / name))
        if not name or "\0" in name or folder not in path.parents:
            raise AriError(403, "Recording name leads out of the recordings folder")
        return path

    def tell(self, name: str, recording: LiveRecording) -> None:
        """Announce what became of a recording."""
        self.ari.announce(
            name, lambda: recording.audience, lambda: {"recording": recording.json()}, recording.hearers
        )

    def get_live(self, name: str) -> LiveRecording:
        """A recording that runs.  Raises AriError 404."""
        found = self.live.get(name)
        if found is None:
            raise AriError(404, "Recording not found")
        return found

    async def record(
        self,
        channel: Channel,
        target_uri: str,
        name: str,
        kind: str,
        *,
        max_seconds: int,
        silence_seconds: int,
        if_exists: str,
        beep: bool,
        terminate_on: str,
        whose_keys: Callable[[Channel], bool],
        of: Channel | Bridge,
        done: Callable[[], None] | None = None,
    ) -> LiveRecording:
        """Record what comes in on a channel (for a bridge: on its voice).  Raises AriError: 400, 409, 422.

        `whose_keys` says whose keys of `terminate_on` end it; `of` is what it is a recording of.  `done` is
        called at the end.
        """
        if not name:
            raise AriError(400, "Recording name must be specified")
        if max_seconds < 0 or silence_seconds < 0:
            raise AriError(400, "Limits must not be negative")
        if recorded_as(kind) is None:
            raise AriError(422, f"The format {kind!r} cannot be recorded")
        if if_exists not in ("fail", "overwrite", "append"):
            raise AriError(400, f"Invalid ifExists {if_exists!r}: fail, overwrite or append")
        terminators = _TERMINATORS.get(terminate_on.lower())
        if terminators is None:
            raise AriError(400, f"Invalid terminateOn {terminate_on!r}: none, any, * or #")
        path = self.stem(name)
        path = path.with_name(f"{path.name}.{kind}")
        if name in self.live:
            raise AriError(409, f"Recording {name} is in progress")
        if if_exists == "fail" and await asyncio.to_thread(path.exists):
            raise AriError(409, f"Recording {name} exists already")
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        if name in self.live:  # another request has come meanwhile
            raise AriError(409, f"Recording {name} is in progress")
        made = LiveRecording(self, name, kind, target_uri, path)
        made.of, made.done = of, done
        self.live[name] = made
        try:
            if beep:
                await self._beep(channel)
            port = channel.media
            if port is None or port.closed:
                raise AriError(409, "The channel has ended")
        except BaseException:
            self.live.pop(name, None)
            raise
        made.start(
            port, max_seconds=max_seconds, silence_seconds=silence_seconds, append=if_exists == "append"
        )
        if terminators:

            def pressed(event: events.ChannelDigit) -> None:
                if whose_keys(event.channel) and not event.sent and event.digit in terminators:
                    made.stop()

            made.stop_listening = channel.pbx.bus.listen(events.ChannelDigit, pressed)
        return made

    async def _beep(self, channel: Channel) -> None:
        files, _ = await find_sounds(channel, ["beep"])
        if files and channel.media is not None:
            await channel.media.start_playing(files).wait()

    def stop_all(self, of: Channel | Bridge) -> None:
        """End all recordings of a bridge or channel, and keep the files."""
        for recording in list(self.live.values()):
            if recording.of is of:
                recording.stop()

    # ------------------------------------------------------------ stored

    async def stored(self) -> list[Json]:
        """All recordings that are files."""

        def look() -> list[Json]:
            found: list[Json] = []
            for path in sorted(self.folder.rglob("*")):
                if path.is_file() and path.suffix[1:] in _KNOWN:
                    name = path.relative_to(self.folder).with_suffix("")
                    found.append({"name": str(name), "format": path.suffix[1:]})
            return found

        return await asyncio.to_thread(look)

    async def file(self, name: str) -> Path:
        """The file of a stored recording.  Raises AriError 403, 404."""
        stem = self.stem(name)

        def look() -> Path | None:
            for extension in sorted(_KNOWN):
                path = stem.with_name(f"{stem.name}.{extension}")
                if path.is_file():
                    return path
            return None

        found = await asyncio.to_thread(look)
        if found is None:
            raise AriError(404, "Recording not found")
        return found

    async def delete(self, name: str) -> None:
        """Remove a stored recording."""
        path = await self.file(name)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def copy(self, name: str, to: str) -> Json:
        """Copy a stored recording.  Raises AriError: 404, 409 when the new one exists."""
        path = await self.file(name)
        stem = self.stem(to)
        target = stem.with_name(f"{stem.name}{path.suffix}")
        if await asyncio.to_thread(target.exists):
            raise AriError(409, f"Recording {to} exists already")

        def copy() -> None:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

        await asyncio.to_thread(copy)
        return {"name": to, "format": path.suffix[1:]}
