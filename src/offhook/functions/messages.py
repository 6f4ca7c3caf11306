"""Text messages: MESSAGE() and MESSAGE_DATA()."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError
from offhook.pbx.messages import Messages, TextMessage

__all__: list[str] = []


def _message(call: Call) -> TextMessage:
    messages = call.channel.pbx.service(Messages)
    if messages is None:
        raise FunctionError("this node sends and takes no messages")
    return messages.of(call.channel)


@function("MESSAGE")
def message(call: Call, field: str) -> str:
    """A part of the text message that runs this dialplan, or is composed: to, from or body.

    It can be set, and MessageSend() sends what is set: Set(MESSAGE(body)=hello).  MESSAGE(custom_data) is set
    to mark_all_outbound or clear_all_outbound: whether the headers of MESSAGE_DATA() go along.
    """
    found = _message(call)
    match field.strip().lower():
        case "to":
            return found.to
        case "from":
            return found.from_
        case "body":
            return found.body
        case other:
            raise FunctionError(f"MESSAGE: {other!r} is none of to, from, body")


@message.writer
def set_message(call: Call, value: str, field: str) -> None:
    """Set a part of the message."""
    found = _message(call)
    match field.strip().lower():
        case "to":
            found.to = value
        case "from":
            found.from_ = value
        case "body":
            found.body = value
        case "custom_data" if value.strip().lower() == "mark_all_outbound":
            found.outbound = set(found.data)
        case "custom_data" if value.strip().lower() == "clear_all_outbound":
            found.outbound.clear()
        case "custom_data":
            raise FunctionError("MESSAGE(custom_data): mark_all_outbound or clear_all_outbound is needed")
        case other:
            raise FunctionError(f"MESSAGE: {other!r} is none of to, from, body, custom_data")


@function("MESSAGE_DATA")
def message_data(call: Call, name: Raw) -> str:
    """A header of the text message by its name, without case; one that is set goes along when it is sent."""
    wanted = name.strip().lower()
    return next((value for key, value in _message(call).data.items() if key.lower() == wanted), "")


@message_data.writer
def set_message_data(call: Call, value: str, name: Raw) -> None:
    """Set a header of the message; an empty value takes it away."""
    found, wanted = _message(call), name.strip()
    if not wanted or any(char in wanted for char in ":\r\n "):
        raise FunctionError(f"MESSAGE_DATA: {name!r} is no name of a header")
    for key in [key for key in found.data if key.lower() == wanted.lower()]:
        del found.data[key]
        found.outbound.discard(key)
    if value:
        found.data[wanted] = value
        found.outbound.add(wanted)
