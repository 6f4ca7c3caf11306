"""What a text message within a call is besides its text (Asterisk: enhanced messaging)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PLAIN", "TextDetails"]


@dataclass(frozen=True, slots=True)
class TextDetails:
    """Shown where a technology carries it; "" is what the call itself says."""

    content_type: str = ""
    sender: str = ""
    """The name that the message is from."""
    receiver: str = ""


PLAIN = TextDetails()
"""Plain text of one party of the call to the other."""
