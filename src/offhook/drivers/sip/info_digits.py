"""DTMF digits and hook flashes in SIP INFO: `application/dtmf-relay` (Signal=, Duration=), `application/dtmf`
and `application/hook-flash`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = ["FLASH", "FLASH_BODY", "FLASH_TYPE", "digit_body", "digit_of_info"]

FLASH = "!"
"""Stands for a hook flash where digits do."""
FLASH_TYPE = "application/hook-flash"
FLASH_BODY = b"signal=hf\r\n"

_DEFAULT_MS = 250
_LONGEST_MS = 10_000
# Some phones send events by their RFC 4733 number.
_BY_NUMBER = {str(number): digit for number, digit in enumerate("0123456789*#ABCD")}
_FLASHES = frozenset(("HF", "FLASH", "16", "!"))  # what gateways put into Signal=


def digit_body(digit: str, duration_ms: int) -> bytes:
    """The body of an application/dtmf-relay INFO."""
    return f"Signal={digit}\r\nDuration={duration_ms}\r\n".encode()


def digit_of_info(message: Message) -> tuple[str, int] | None:
    """(digit or FLASH, ms) of an INFO; None when its body names neither."""
    if message.content_type == FLASH_TYPE:
        return FLASH, _DEFAULT_MS
    text = message.body.decode("ascii", "replace")
    if message.content_type == "application/dtmf":
        digit = _digit(text)
        return (digit, _DEFAULT_MS) if digit else None
    digit, duration = "", _DEFAULT_MS
    for line in text.splitlines():
        name, _, value = line.partition("=")
        match name.strip().lower():
            case "signal":
                digit = _digit(value)
            case "duration":
                number = value.strip()
                if number.isascii() and number.isdigit() and len(number) < 7:
                    duration = min(int(number), _LONGEST_MS) or _DEFAULT_MS
            case _:
                pass
    return (digit, duration) if digit else None


def _digit(text: str) -> str:
    word = text.strip().upper()
    if len(word) == 1 and word in "0123456789*#ABCD":
        return word
    if word in _FLASHES:
        return FLASH
    return _BY_NUMBER.get(word, "")
