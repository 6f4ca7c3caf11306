"""The channel technology `Nobody/...`, where nobody ever is: the least that a technology can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.errors import CannotDialError
from offhook.pbx.causes import Cause

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx


class Nobody:
    """See the module's text."""

    name = "Nobody"

    def __init__(self, pbx: Pbx) -> None:
        self.pbx = pbx

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        """Refuse."""
        raise CannotDialError(f"nobody is at {destination}", Cause.SUBSCRIBER_ABSENT)

    def device_state(self, device: str) -> str:
        """Never there."""
        return "UNAVAILABLE"
