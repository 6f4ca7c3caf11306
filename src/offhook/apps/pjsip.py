"""PJSIPHangup: refuse a call with a SIP status."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError, Hangup

__all__: list[str] = []


@runtime_checkable
class _SipLeg(Protocol):
    """What is needed of the channel."""

    def refuse_with(self, status: str) -> None:
        """With which status it is refused when it ends unanswered.  ValueError for what is none."""
        ...


@application("PJSIPHangup")
def pjsip_hangup(call: Call, cause: str) -> None:
    """End a call that came in by SIP; before the answer with this status.

    Args:
        cause: a SIP status from 400 to 699, or its name: 486, Busy Here.
    """
    channel = call.channel
    if not isinstance(channel, _SipLeg):
        raise ApplicationError(f"PJSIPHangup: {channel.name} is no PJSIP channel")
    try:
        channel.refuse_with(cause)
    except ValueError as error:
        raise ApplicationError(f"PJSIPHangup: {error}") from error
    raise Hangup
