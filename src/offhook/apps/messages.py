"""Text: MessageSend outside of calls, ReceiveText within one."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.pbx import events
from offhook.pbx.messages import MessageError, Messages

__all__: list[str] = []


@application("ReceiveText")
async def receive_text(call: Call, timeout: float = 0.0) -> None:
    """Wait until the caller sends a text within the call.

    Args:
        timeout: how many seconds to wait; 0 is without end.

    Sets:
        RECEIVETEXTMESSAGE: the text.
        RECEIVETEXTSTATUS: SUCCESS, or FAILURE when none came in time.
    """
    channel = call.channel
    loop = channel.pbx.loop
    end = loop.time() + timeout if timeout > 0 else None
    call.set_variable("RECEIVETEXTMESSAGE", "")
    while True:
        event = await channel.inbox.get(None if end is None else end - loop.time())
        if event is None:
            call.set_variable("RECEIVETEXTSTATUS", "FAILURE")
            return
        if isinstance(event, events.TextReceived):
            call.set_variable("RECEIVETEXTMESSAGE", event.text)
            call.set_variable("RECEIVETEXTSTATUS", "SUCCESS")
            return


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
