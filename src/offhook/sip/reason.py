"""Why a call ends: the Reason header (RFC 3326) and what a session tells its owner.

`Reason` is one value of the header, as it comes and goes with BYE, CANCEL and final responses
(RFC 6432 allows Q.850 causes there).  Which cause means which status is the switch's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook._core import quote_string

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = ["EndReason", "EndedBy", "Reason"]

_PARAM = re.compile(r';\s*([A-Za-z0-9\-.!%*_+`\'~]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*))?')
_ESCAPE = re.compile(r"\\(.)")
_MAX_TEXT = 128  # as much of the peer's text as is kept and shown


@dataclass(frozen=True, slots=True)
class Reason:
    """One Reason value: `Q.850;cause=16;text="Normal call clearing"` or `SIP;cause=200;text="..."`."""

    protocol: str  # "Q.850" or "SIP"; others as they came
    cause: int
    text: str = ""

    @staticmethod
    def q850(cause: int, text: str = "") -> Reason:
        """An ITU-T Q.850 cause, 1 to 127."""
        return Reason("Q.850", cause, text)

    @staticmethod
    def sip(status: int, text: str = "") -> Reason:
        """A SIP status, e.g. 200 "Call completed elsewhere" in a CANCEL."""
        return Reason("SIP", status, text)

    @staticmethod
    def parse(value: str) -> Reason | None:
        """One value of the header; None when it is malformed or has no cause number (RFC 3326 allows it)."""
        protocol, semicolon, params = value.partition(";")
        protocol = protocol.strip()
        if not protocol or not semicolon:
            return None
        cause = -1
        text = ""
        for match in _PARAM.finditer(";" + params):
            name = match[1].lower()
            content = match[2] or ""
            if content.startswith('"'):
                content = _ESCAPE.sub(r"\1", content[1:-1])
            if name == "cause" and content.isascii() and content.isdigit() and len(content) <= 3:
                cause = int(content)
            elif name == "text":
                text = content[:_MAX_TEXT]
        if cause < 0:
            return None
        upper = protocol.upper()
        return Reason(upper if upper in ("Q.850", "SIP") else protocol, cause, text)

    @staticmethod
    def of(message: Message | None) -> tuple[Reason, ...]:
        """All reasons that a message gives, in order."""
        if message is None or message.get("Reason") is None:
            return ()
        found = (Reason.parse(value) for value in message.values("Reason"))
        return tuple(reason for reason in found if reason is not None)

    def __str__(self) -> str:
        """The header's value."""
        if self.text:
            return f"{self.protocol};cause={self.cause};text={quote_string(self.text)}"
        return f"{self.protocol};cause={self.cause}"


class EndedBy(Enum):
    """Who or what ended a session."""

    LOCAL = "local"  # hangup(), reject(), redirect()
    REMOTE = "remote"  # BYE, CANCEL, or a final response to our INVITE
    NETWORK = "network"  # no answer in time, no way to send, no ACK
    EXPIRED = "expired"  # the session timer ran out (RFC 4028)
    PROTOCOL = "protocol"  # what the peer sent cannot be a call, e.g. a 2xx without an answer


@dataclass(frozen=True, slots=True)
class EndReason:
    """Why and by whom a session ended.

    `status` is the final status of the initial INVITE when it failed, as sent or received (487 for a
    cancelled one); for a session that had been answered it is 200 after a BYE, or the status of the
    request inside the dialog that showed the peer to be gone (408, 481).
    """

    by: EndedBy
    status: int
    text: str = ""  # for the log: the reason phrase, or what went wrong
    reasons: tuple[Reason, ...] = ()  # of the message that ended it; ours when `by` is LOCAL
    answered: bool = False  # whether there had been a 2xx
    message: Message | None = None  # the peer's BYE, CANCEL or final response

    @property
    def q850(self) -> int | None:
        """The Q.850 cause that was given, None when there was none."""
        for reason in self.reasons:
            if reason.protocol == "Q.850":
                return reason.cause
        return None

    @property
    def sip(self) -> int | None:
        """The SIP cause that was given (200 in a CANCEL: answered elsewhere), None when there was none."""
        for reason in self.reasons:
            if reason.protocol == "SIP":
                return reason.cause
        return None
