"""What is about SIP only: PJSIPHangup, PJSIPNotify."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx.notifications import Notification, Notifications, NotifyError

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


@application("PJSIPNotify")
def pjsip_notify(call: Call, to: str = "", content: str = "") -> None:
    """Send a NOTIFY, to a URI or to the caller's phone within the call.

    Args:
        to: the URI; without one, within this call.
        content: a section of pjsip_notify.conf, or `&name=value&name=value...`: headers, lines of Content.
    """
    service = call.channel.pbx.service(Notifications)
    if not content:
        to, content = "", to  # the only argument is the content
    if service is None or not content:
        raise ApplicationError("PJSIPNotify: nothing to send")
    try:
        if content.startswith("&"):
            items = [part.partition("=") for part in content[1:].split("&") if part]
            what = Notification.of((name, value) for name, _, value in items)
        else:
            what = service.named(content)
        if to:
            service.sender.notify_uri(to, what)
        else:
            service.sender.notify_channel(call.channel, what)
    except NotifyError as error:
        call.complain(f"PJSIPNotify: {error}")
