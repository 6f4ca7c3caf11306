"""Playbacks: state, control, stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ari.operations import operation

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_NOT_FOUND = {404: "The playback cannot be found"}


@operation("GET", "/playbacks/{playbackId}", model="Playback", errors=_NOT_FOUND)
def get(ari: Ari, playbackId: str) -> Json:
    """Get a playback's details."""
    return ari.playbacks.get(playbackId).json()


@operation("DELETE", "/playbacks/{playbackId}", errors=_NOT_FOUND)
def stop(ari: Ari, playbackId: str) -> None:
    """Stop a playback."""
    ari.playbacks.get(playbackId).stop()


@operation(
    "POST",
    "/playbacks/{playbackId}/control",
    errors={
        400: "The provided operation parameter was invalid",
        **_NOT_FOUND,
        409: "The operation cannot be performed",
    },
)
def control(ari: Ari, playbackId: str, operation: str) -> None:
    """Control a playback: restart, pause, unpause, reverse or forward (by its skipms)."""
    ari.playbacks.get(playbackId).control(operation)
