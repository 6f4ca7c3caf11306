"""SIP headers from the dialplan: PJSIP_HEADER and what goes with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from offhook._core import Message, SipParseError
from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

_Lines = list[tuple[str, str]]


@runtime_checkable
class _SipLeg(Protocol):
    """What is needed of a channel."""

    request: Message | None  # the INVITE that came in
    response: Message | None  # the 2xx of the INVITE that went out
    extra_headers: _Lines  # of what is sent
    from_params: dict[tuple[str, str], str]  # (header or uri, name) -> value, of the INVITE that goes out


# What the session itself writes: a second one of these would make a message that no peer understands.
_OURS = frozenset(
    (
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "max-forwards",
        "route",
        "record-route",
        "content-length",
        "content-type",
        "content-encoding",
        "session-expires",
        "min-se",
        "rseq",
        "rack",
        "require",
        "supported",
        "allow",
        "authorization",
        "proxy-authorization",
    )
)
_TOKEN = frozenset("-.!%*_+`'~")


# ------------------------------------------------------------------ what came in


def _named(lines: Iterable[tuple[str, str]], name: str) -> list[str]:
    """The values of all lines of a name; one that ends in `*` stands for all that begin so."""
    wanted = name.strip().lower()
    if wanted.endswith("*"):
        start = wanted[:-1]
        return [value for other, value in lines if other.lower().startswith(start)]
    return [value for other, value in lines if other.lower() == wanted]


def _pick(lines: list[str], number: str) -> str:
    index = _number(number)
    if index == 0 or abs(index) > len(lines):
        return ""
    return lines[index - 1 if index > 0 else index]


def _names(message: Message, prefix: str) -> str:
    wanted = prefix.strip().lower()
    names = dict.fromkeys(name for name, _ in message.headers())
    return ",".join(name for name in names if name.lower().startswith(wanted))


@function("PJSIP_HEADERS")
def header_names(call: Call, prefix: str = "") -> str:
    """The names of the header lines of the INVITE that came in, separated by commas.

    Args:
        prefix: only those that begin so, in whatever case; all if not given.
    """
    channel = _leg(call)
    if channel.request is None:
        raise FunctionError("PJSIP_HEADERS: there is no INVITE that came in to read")
    return _names(channel.request, prefix)


@function("PJSIP_RESPONSE_HEADERS")
def response_header_names(call: Call, prefix: str = "") -> str:
    """The names of the header lines of the answer to a call that went out (Dial's option U), by commas.

    Args:
        prefix: only those that begin so, in whatever case; all if not given.
    """
    return _names(_response(call), prefix)


@function("PJSIP_RESPONSE_HEADER")
def response_header(call: Call, action: str, name: str, number: str = "1") -> str:
    """A header line of the answer to a call that went out, for a subroutine on the called channel.

    Args:
        action: read.
        name: the header's name; one that ends in * stands for all that begin so.
        number: which line of this name, counted from 1; a negative one counts from the last.
    """
    if action.strip().lower() != "read":
        raise FunctionError(f"PJSIP_RESPONSE_HEADER: {action!r} is not read")
    return _pick(_named(_response(call).headers(), name), number)


@function("PJSIP_HEADER")
def header(call: Call, action: str, name: str, number: str = "1") -> str:
    """Read a header line of the INVITE that came in, or one that was added since.

    Setting it adds a line to the INVITE that goes out (on a called channel: Dial's option b), or to the
    answers to the one that came in.

    Args:
        action: read; add, update and remove when it is set.
        name: the header's name; one that ends in * stands for all that begin so (read, remove).
        number: which line of this name, counted from 1; to be read, a negative one counts from the last.
    """
    channel = _leg(call)
    if action.strip().lower() != "read":
        raise FunctionError(f"PJSIP_HEADER: {action!r} cannot be read")
    if channel.request is None and not channel.extra_headers:
        raise FunctionError("PJSIP_HEADER: there is no INVITE that came in to read")
    came = channel.request.headers() if channel.request is not None else []
    return _pick(_named([*came, *channel.extra_headers], name), number)


@header.writer
def set_header(call: Call, value: str, action: str, name: str, number: str = "1") -> None:
    """Add, change or remove a header line of what this channel will send."""
    _change("PJSIP_HEADER", _leg(call).extra_headers, value, action, name, number)


@function("PJSIP_INHERITABLE_HEADER")
def inheritable_header(call: Call, action: str, name: str, number: str = "1") -> str:
    """Header lines for the INVITEs of all calls that this channel places, also through Local channels.

    It can only be set.

    Args:
        action: add, update or remove.
        name: the header's name; one that ends in * stands for all that begin so (remove only).
        number: which line of this name is changed, counted from 1.
    """
    raise FunctionError("PJSIP_INHERITABLE_HEADER cannot be read")


@inheritable_header.writer
def set_inheritable_header(call: Call, value: str, action: str, name: str, number: str = "1") -> None:
    """Add, change or remove a line."""
    headers = list(call.channel.passed_headers)
    _change("PJSIP_INHERITABLE_HEADER", headers, value, action, name, number)
    call.channel.passed_headers = tuple(headers)


# ------------------------------------------------------------------ parameters


@function("PJSIP_HEADER_PARAM")
def header_param(call: Call, header_name: str, parameter_type: str, parameter_name: str) -> str:
    """A parameter of From: of the INVITE that came in; set on a called channel, of the one that goes out.

    Args:
        header_name: From.
        parameter_type: `header` for one of the header, `uri` for one of the URI in it.
        parameter_name: which.
    """
    channel = _leg(call)
    kind, name = _param(header_name, parameter_type, parameter_name)
    set_here = channel.from_params.get((kind, name))
    if set_here is not None:
        return set_here
    if channel.request is None:
        raise FunctionError("PJSIP_HEADER_PARAM: there is no INVITE that came in to read")
    try:
        caller = channel.request.from_
    except SipParseError:
        return ""
    return (caller.uri.param(name) if kind == "uri" else caller.param(name)) or ""


@header_param.writer
def set_header_param(
    call: Call, value: str, header_name: str, parameter_type: str, parameter_name: str
) -> None:
    """Set a parameter of the From that this channel will send; an empty value takes it away again."""
    channel = _leg(call)
    kind, name = _param(header_name, parameter_type, parameter_name)
    if name == "tag":
        raise FunctionError("PJSIP_HEADER_PARAM: the tag is not for the dialplan to set")
    if not all(char.isalnum() or char in _TOKEN for char in name + value):
        raise FunctionError(f"PJSIP_HEADER_PARAM: {name}={value} cannot stand in a SIP message")
    if value:
        channel.from_params[kind, name] = value
    else:
        channel.from_params.pop((kind, name), None)


def _param(header_name: str, kind: str, name: str) -> tuple[str, str]:
    kind = kind.strip().lower() or "header"
    if header_name.strip().lower() != "from" or kind not in ("header", "uri") or not name.strip():
        raise FunctionError("PJSIP_HEADER_PARAM takes From, then header or uri, then a name")
    return kind, name.strip().lower()


# ------------------------------------------------------------------ inside


def _change(who: str, headers: _Lines, value: str, action: str, name: str, number: str) -> None:
    name = name.strip()
    if name.lower() in _OURS or not name:
        raise FunctionError(f"{who}: {name!r} is not for the dialplan to set")
    if "\r" in value or "\n" in value or not all(char.isalnum() or char in _TOKEN for char in name):
        raise FunctionError(f"{who}: {name!r} or its value cannot stand in a SIP message")
    match action.strip().lower():
        case "add":
            headers.append((name, value))
        case "update":
            at = [index for index, (other, _) in enumerate(headers) if other.lower() == name.lower()]
            index = _number(number)
            if not 0 < index <= len(at):
                raise FunctionError(f"{who}: there is no line {number} of {name} to change")
            headers[at[index - 1]] = (name, value)
        case "remove":
            start = name.lower().removesuffix("*")
            if name.endswith("*"):
                headers[:] = [line for line in headers if not line[0].lower().startswith(start)]
            else:
                headers[:] = [line for line in headers if line[0].lower() != start]
        case _:
            raise FunctionError(f"{who}: {action!r} is none of add, update, remove")


def _leg(call: Call) -> _SipLeg:
    channel = call.channel
    if not isinstance(channel, _SipLeg):
        raise FunctionError(f"PJSIP_HEADER: {channel.name} is no PJSIP channel")
    return channel


def _response(call: Call) -> Message:
    response = _leg(call).response
    if response is None:
        raise FunctionError("PJSIP_RESPONSE_HEADER: there is no call that went out and was answered")
    return response


def _number(text: str) -> int:
    try:
        return int(text.strip() or "1")
    except ValueError:
        raise FunctionError(f"PJSIP_HEADER: {text!r} is no number") from None
