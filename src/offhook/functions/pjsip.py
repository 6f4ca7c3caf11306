"""SIP from the dialplan: PJSIP_DIAL_CONTACTS, PJSIP_HEADER(S), PJSIP_ENDPOINT, PJSIP_AOR, PJSIP_CONTACT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from offhook._core import Message
from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []


@runtime_checkable
class _Registrar(Protocol):
    """What is needed of the technology."""

    def contact_uris(self, name: str, aor: str, user: str) -> Sequence[str] | None:
        """The URIs of an endpoint's contacts; None when there is no such endpoint."""
        ...


@runtime_checkable
class _Configured(Protocol):
    """What is needed of the technology to look things up."""

    def item(self, kind: str, name: str, field: str) -> str | None:
        """A field of an "endpoint", "aor" or "contact"; None when it has no such field.

        Raises LookupError when there is no such thing.
        """
        ...


@runtime_checkable
class _SipLeg(Protocol):
    """What is needed of a channel."""

    request: Message | None  # the INVITE that came in
    extra_headers: list[tuple[str, str]]  # of what is sent


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


@function("PJSIP_DIAL_CONTACTS")
def dial_contacts(call: Call, endpoint: str, aor: str = "", request_user: str = "") -> str:
    """A dial string that calls every contact of an endpoint at once; empty when there is none to be reached.

    Args:
        endpoint: the endpoint.
        aor: only the contacts of this address of record, in place of all that the endpoint has.
        request_user: the user part to call there, in place of the contact's own.
    """
    driver = call.channel.pbx.technologies.get("PJSIP")
    found = driver.contact_uris(endpoint, aor, request_user) if isinstance(driver, _Registrar) else None
    if found is None:
        raise FunctionError(f"PJSIP_DIAL_CONTACTS: there is no endpoint {endpoint!r}")
    return "&".join(f"PJSIP/{endpoint}/{uri}" for uri in found)


def _item(call: Call, kind: str, name: str, field: str) -> str:
    driver = call.channel.pbx.technologies.get("PJSIP")
    if not isinstance(driver, _Configured):
        raise FunctionError(f"PJSIP_{kind.upper()}: this node has no SIP")
    try:
        found = driver.item(kind, name.strip(), field.strip().lower())
    except LookupError:
        raise FunctionError(f"PJSIP_{kind.upper()}: there is no {kind} {name!r}") from None
    if found is None:
        raise FunctionError(f"PJSIP_{kind.upper()}: {kind}s have no field {field!r}")
    return found


@function("PJSIP_ENDPOINT")
def endpoint_field(call: Call, name: str, field: str) -> str:
    """An option of an endpoint in pjsip.conf, as it is in force."""
    return _item(call, "endpoint", name, field)


@function("PJSIP_AOR")
def aor_field(call: Call, name: str, field: str) -> str:
    """An option of an address of record; `contact` gives the names of its contacts, for PJSIP_CONTACT()."""
    return _item(call, "aor", name, field)


@function("PJSIP_CONTACT")
def contact_field(call: Call, name: str, field: str) -> str:
    """A field of a contact: uri, user_agent, expiration_time, status, rtt (microseconds), via_addr, path ...

    Args:
        name: as PJSIP_AOR(aor,contact) gives it.
        field: which.
    """
    return _item(call, "contact", name, field)


@function("PJSIP_HEADERS")
def header_names(call: Call, prefix: str = "") -> str:
    """The names of the header lines of the INVITE that came in, separated by commas.

    Args:
        prefix: only those that begin so, in whatever case; all if not given.
    """
    channel = _leg(call)
    if channel.request is None:
        raise FunctionError("PJSIP_HEADERS: there is no INVITE that came in to read")
    wanted = prefix.strip().lower()
    names = dict.fromkeys(name for name, _ in channel.request.headers())
    return ",".join(name for name in names if name.lower().startswith(wanted))


@function("PJSIP_HEADER")
def header(call: Call, action: str, name: str, number: str = "1") -> str:
    """Read a header line of the INVITE that came in.

    Setting it adds a line to the INVITE that goes out (on a called channel: Dial's option b), or to the
    answers to the one that came in.

    Args:
        action: read; add, update and remove when it is set.
        name: the header's name; one that ends in * stands for all that begin so (remove only).
        number: which line of this name, counted from 1; to be read, a negative one counts from the last.
    """
    channel = _leg(call)
    if action.strip().lower() != "read":
        raise FunctionError(f"PJSIP_HEADER: {action!r} cannot be read")
    if channel.request is None:
        raise FunctionError("PJSIP_HEADER: there is no INVITE that came in to read")
    lines = channel.request.get_all(name.strip())
    index = _number(number)
    if index == 0 or abs(index) > len(lines):
        return ""
    return lines[index - 1 if index > 0 else index]


@header.writer
def set_header(call: Call, value: str, action: str, name: str, number: str = "1") -> None:
    """Add, change or remove a header line of what this channel will send."""
    channel = _leg(call)
    name = name.strip()
    what = action.strip().lower()
    if name.lower() in _OURS or not name:
        raise FunctionError(f"PJSIP_HEADER: {name!r} is not for the dialplan to set")
    if "\r" in value or "\n" in value or not all(char.isalnum() or char in "-.!%*_+`'~" for char in name):
        raise FunctionError(f"PJSIP_HEADER: {name!r} or its value cannot stand in a SIP message")
    headers = channel.extra_headers
    at = [index for index, (other, _) in enumerate(headers) if other.lower() == name.lower()]
    match what:
        case "add":
            headers.append((name, value))
        case "update":
            index = _number(number)
            if not 0 < index <= len(at):
                raise FunctionError(f"PJSIP_HEADER: there is no line {number} of {name} to change")
            headers[at[index - 1]] = (name, value)
        case "remove":
            start = name.lower().removesuffix("*")
            if name.endswith("*"):
                headers[:] = [line for line in headers if not line[0].lower().startswith(start)]
            else:
                headers[:] = [line for line in headers if line[0].lower() != start]
        case _:
            raise FunctionError(f"PJSIP_HEADER: {action!r} is none of add, update, remove")


def _leg(call: Call) -> _SipLeg:
    channel = call.channel
    if not isinstance(channel, _SipLeg):
        raise FunctionError(f"PJSIP_HEADER: {channel.name} is no PJSIP channel")
    return channel


def _number(text: str) -> int:
    try:
        return int(text.strip() or "1")
    except ValueError:
        raise FunctionError(f"PJSIP_HEADER: {text!r} is no number") from None
