"""What a channel technology (SIP, Local, recorders of a room ...) fills in of Channel.

Operations are synchronous and act at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from offhook.media.port import MediaPort
    from offhook.pbx.channel import Channel
    from offhook.pbx.charges import Advice
    from offhook.pbx.text import TextDetails

__all__ = ["ChannelTechnology", "NotSupportedByChannelError"]


class NotSupportedByChannelError(Exception):
    """The channel's technology cannot do this."""


class ChannelTechnology(ABC):
    """Part of Channel."""

    __slots__ = ()

    technology: ClassVar[str]
    name: str
    media: MediaPort | None

    @abstractmethod
    def _place(self) -> None:
        """Start the outgoing call."""

    def _ring(self) -> None:
        """Tell the far end that the called party is being alerted."""

    def _progress(self) -> None:
        """Open the audio path before the answer (early media)."""

    @abstractmethod
    def _answer(self) -> None:
        """Accept the incoming call."""

    @abstractmethod
    def _release(self, cause: int) -> None:
        """End the leg at the far end: refuse, cancel or hang up, as the state asks for.  Called once."""

    def _forget(self) -> None:
        """Let go of what the leg was made of, so that no cycle keeps it in memory.  Called once, last."""

    def _send_digit(self, digit: str, duration_ms: int) -> None:
        """Send one DTMF digit; the default is through the media engine."""
        if self.media is None:
            raise NotSupportedByChannelError(f"{self.name} has no audio to send a digit on")
        self.media.start_digits(digit, duration_ms=duration_ms)

    def _send_flash(self) -> None:
        """Send a hook flash."""
        raise NotSupportedByChannelError(f"{self.name} has no hook to flash")

    def _connected_line_changed(self) -> None:
        """Show the far end whom it is connected with, where the technology can."""

    def _redirecting_changed(self) -> None:
        """Tell the far end that the call is diverted, where the technology can."""

    def _hold(self, on: bool) -> None:
        """Put the far end on hold or take it back."""

    def _send_text(self, text: str, details: TextDetails) -> None:
        """Send a text message within the call, with those details that the technology carries."""
        raise NotSupportedByChannelError(f"{self.technology} channels carry no text")

    def advise_of_charge(self, advice: Advice) -> bool:
        """Tell the far end what the call costs; False when the technology cannot, or it does not care."""
        return False

    def music_on_hold_passes(self, on: bool) -> bool:
        """Hold the far end by signalling in place of playing music to it; False: it does not want that."""
        return False

    def redirect_call(self, target: str, done: Callable[[int], None] | None = None) -> None:
        """Send the caller elsewhere (Transfer(), SIP 302 or REFER).

        `done` is told how that ended: 0 when it is there, else the protocol's status.
        """
        raise NotSupportedByChannelError(f"{self.technology} channels cannot be redirected")

    def info(self, item: str) -> str | None:
        """A technology's own item of CHANNEL(); None when it has no such item."""
        return None

    @property
    def device(self) -> str:
        """The device that the leg belongs to: its name without the number behind the last dash."""
        return self.name.rpartition("-")[0]

    @property
    def far_half(self) -> Channel | None:
        """Of a leg that leads on: the channel that will run the dialplan there."""
        return None

    @property
    def audio_codec(self) -> str:
        """Asterisk's name of the codec that goes out, to choose sound files by."""
        return "ulaw"

    @property
    def native_formats(self) -> tuple[str, ...]:
        """Asterisk's names of all codecs that may be sent without another agreement."""
        return (self.audio_codec,)
