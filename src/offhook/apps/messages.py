"""Text outside of calls: MessageSend."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.pbx.messages import MessageError, Messages

__all__: list[str] = []


@application("MessageSend")
def message_send(call: Call, destination: str, from_: str = "", to: str = "") -> None:
    """Send the text message that this dialplan has, or has composed with MESSAGE().

    Args:
        destination: pjsip:endpoint, pjsip:endpoint/uri, pjsip:user@host or pjsip:uri.
        from_: who it is from, a SIP URI or `name <URI>`; as it came in without one.
        to: what the To header says; the destination without one.

    Sets:
        MESSAGE_SEND_STATUS: SUCCESS (it is on its way), FAILURE, INVALID_PROTOCOL or INVALID_URI.
    """
    messages = call.channel.pbx.service(Messages)
    status = "INVALID_PROTOCOL"
    if messages is not None:
        message = messages.of(call.channel)
        if from_:
            message.from_ = from_
        if to:
            message.to = to
        try:
            messages.send(message, destination)
            status = "SUCCESS"
        except MessageError as error:
            call.complain(f"MessageSend: {error}")
            status = error.status
    call.set_variable("MESSAGE_SEND_STATUS", status)
