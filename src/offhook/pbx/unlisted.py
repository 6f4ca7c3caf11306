"""Channels without a far end: to evaluate variables where there is no call, and for calls that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx.channel import Channel

if TYPE_CHECKING:
    from offhook.pbx.pbx import Pbx

__all__ = ["FailedCallChannel", "MessageChannel", "UnlistedChannel"]


class UnlistedChannel(Channel):
    """In no registry and announced to nobody; it does nothing, and is dropped when it is not needed."""

    technology = "Substitution"
    is_listed = False
    __slots__ = ()

    def __init__(self, pbx: Pbx) -> None:
        super().__init__(pbx, "Substitution/none", outgoing=False)

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        pass


class MessageChannel(Channel):
    """What runs the dialplan for a text message that came in outside of a call."""

    technology = "Message"
    is_listed = False
    __slots__ = ()

    def __init__(self, pbx: Pbx) -> None:
        super().__init__(pbx, "Message/ast_msg_queue", outgoing=False)

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        pass


class FailedCallChannel(Channel):
    """What runs the extension `failed` when nobody answered an originated call."""

    technology = "OutgoingSpoolFailed"
    __slots__ = ()

    def __init__(self, pbx: Pbx) -> None:
        super().__init__(pbx, "OutgoingSpoolFailed", outgoing=False)

    def _place(self) -> None:
        pass

    def _answer(self) -> None:
        pass

    def _release(self, cause: int) -> None:
        pass
