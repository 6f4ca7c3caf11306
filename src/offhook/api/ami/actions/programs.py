"""Actions for programs that drive calls or send text: AGI, MessageSend."""

from __future__ import annotations

import base64
import binascii

from offhook.api.agi.async_agi import async_agi_of
from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.api.ami.protocol import field
from offhook.pbx.messages import MessageError, Messages, TextMessage

__all__: list[str] = []


@action("AGI", "agi", missing="Channel not specified", headers={"command_id": "CommandID"})
def agi(request: Request, channel: str, command: str = "", command_id: str = "") -> str:
    """Have a channel that is in AGI(agi:async) carry out an AGI command; the reply is an AsyncAGIExec event.

    Args:
        channel: its name.
        command: the line, as a script would write it.
        command_id: what the event has, to tell replies apart.
    """
    if not command:
        raise ActionError("Command not specified")
    found = find_channel(request, channel, f"Channel {channel} does not exist")
    session = async_agi_of(request.node.runner, found)
    if session is None:
        raise ActionError(f"Channel {channel} is not running Async AGI")
    if not session.submit(command, command_id):
        raise ActionError("Failed to add AGI command to queue")
    return "Added AGI command to queue"


@action("MessageSend", "message", headers={"from_": "From", "base64_body": "Base64Body", "to": "To"})
def message_send(
    request: Request,
    destination: str = "",
    to: str = "",
    from_: str = "",
    body: str = "",
    base64_body: str = "",
    variable: tuple[str, ...] = (),
) -> str | Reply:
    """Send a text message outside of a call.

    Args:
        destination: where it goes, `pjsip:endpoint` ...; what To says without it.
        to: what the To header says; the destination without it.
        from_: who it is from, a SIP URI or `name <URI>`.
        body: the text.
        base64_body: the text in base64, when it is of several lines.
        variable: `name=value`: a header that goes along; several, also joined by commas.
    """
    messages = request.pbx.service(Messages)
    if messages is None:
        raise ActionError("Message technology not found.")
    if not destination and not to:
        raise ActionError("No 'To' address or 'Destination' specified.")
    if base64_body:
        try:
            body = base64.b64decode(base64_body, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise ActionError("Base64Body is no base64") from None
    message = TextMessage(to=to if destination else "", from_=from_, body=body)
    for line in variable:
        for pair in line.split(","):
            name, equals, value = pair.partition("=")
            if equals and name.strip():
                message.data[name.strip()] = value
    message.outbound = set(message.data)
    try:
        messages.send(message, destination or to)
    except MessageError as error:
        technology = error.status == "INVALID_PROTOCOL"
        raise ActionError(
            "Message technology not found." if technology else "Message failed to send."
        ) from None
    return Reply("Message successfully sent", field("Destination", destination) if destination else "")
