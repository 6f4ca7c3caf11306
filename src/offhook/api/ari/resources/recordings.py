"""Recordings: those that run and those that are files."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, Content, operation

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_NOT_FOUND = {404: "Recording not found"}


@operation("GET", "/recordings/stored", model="List[StoredRecording]")
async def listStored(ari: Ari) -> Any:
    """List recordings that are complete."""
    return await ari.recordings.stored()


@operation("GET", "/recordings/stored/{recordingName}", model="StoredRecording", errors=_NOT_FOUND)
async def getStored(ari: Ari, recordingName: str) -> Json:
    """Get a stored recording's details."""
    path = await ari.recordings.file(recordingName)
    return {"name": recordingName, "format": path.suffix[1:]}


@operation("GET", "/recordings/stored/{recordingName}/file", model="binary", errors=_NOT_FOUND)
async def getStoredFile(ari: Ari, recordingName: str) -> Content:
    """Get the file of a stored recording."""
    path = await ari.recordings.file(recordingName)
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Content(str(path), media_type)


@operation("DELETE", "/recordings/stored/{recordingName}", errors=_NOT_FOUND)
async def deleteStored(ari: Ari, recordingName: str) -> None:
    """Delete a stored recording."""
    await ari.recordings.delete(recordingName)


@operation(
    "POST",
    "/recordings/stored/{recordingName}/copy",
    model="StoredRecording",
    status=201,
    errors={**_NOT_FOUND, 409: "A recording with the same name already exists on the system"},
)
async def copyStored(ari: Ari, recordingName: str, destinationRecordingName: str) -> Json:
    """Copy a stored recording."""
    return await ari.recordings.copy(recordingName, destinationRecordingName)


@operation("GET", "/recordings/live/{recordingName}", model="LiveRecording", errors=_NOT_FOUND)
def getLive(ari: Ari, recordingName: str) -> Json:
    """Get a running recording's details."""
    return ari.recordings.get_live(recordingName).json()


@operation("DELETE", "/recordings/live/{recordingName}", errors=_NOT_FOUND)
def cancel(ari: Ari, recordingName: str) -> None:
    """Stop a running recording and throw it away."""
    ari.recordings.get_live(recordingName).cancel()


@operation("POST", "/recordings/live/{recordingName}/stop", errors=_NOT_FOUND)
def stop(ari: Ari, recordingName: str) -> None:
    """Stop a running recording and keep it."""
    recording = ari.recordings.get_live(recordingName)
    if recording.running is None:
        raise AriError(409, "Recording has not begun")
    recording.stop()


_NOT_RUNNING = {**_NOT_FOUND, 409: "Recording not in session"}


@operation("POST", "/recordings/live/{recordingName}/pause", errors=_NOT_RUNNING)
def pause(ari: Ari, recordingName: str) -> None:
    """Pause a running recording: what is said meanwhile is left out, and no silence takes its place."""
    ari.recordings.get_live(recordingName).hold(paused=True)


@operation("DELETE", "/recordings/live/{recordingName}/pause", errors=_NOT_RUNNING)
def unpause(ari: Ari, recordingName: str) -> None:
    """Go on with a recording that was paused."""
    ari.recordings.get_live(recordingName).hold(paused=False)


@operation("POST", "/recordings/live/{recordingName}/mute", errors=_NOT_RUNNING)
def mute(ari: Ari, recordingName: str) -> None:
    """Record silence in place of what is said."""
    ari.recordings.get_live(recordingName).hold(muted=True)


@operation("DELETE", "/recordings/live/{recordingName}/mute", errors=_NOT_RUNNING)
def unmute(ari: Ari, recordingName: str) -> None:
    """Record again what is said."""
    ari.recordings.get_live(recordingName).hold(muted=False)
