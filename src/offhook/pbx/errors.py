"""What goes wrong in the switch, for its callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.causes import Cause

__all__ = ["CannotDialError", "PlaybackError"]


class CannotDialError(Exception):
    """A destination cannot be dialled; `cause` is the Q.850 cause and `status` the DIALSTATUS of it."""

    def __init__(self, what: str, cause: Cause, status: str = "CHANUNAVAIL") -> None:
        super().__init__(what)
        self.cause = cause
        self.status = status


class PlaybackError(Exception):
    """Something cannot be played; the text says what and why."""
