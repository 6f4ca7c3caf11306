"""PJSIP_PARSE_URI and PJSIP_PARSE_URI_FROM: the parts of a SIP URI."""

from __future__ import annotations

from offhook._core import NameAddr, SipParseError
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

_PARAMETERS = ("user", "method", "transport", "ttl", "lr", "maddr")


@function("PJSIP_PARSE_URI")
def parse_uri(call: Call, text: Raw) -> str:
    """A part of a SIP URI, or of a name and a URI in angle brackets: PJSIP_PARSE_URI(uri,type).

    The type is one of display, scheme, user, passwd, host, port, user_param, method_param, transport_param,
    ttl_param, lr_param (1 or 0) and maddr_param; what is not there is empty.
    """
    uri, comma, part = text.rpartition(",")
    if not comma:
        raise FunctionError("PJSIP_PARSE_URI: a URI and the type of its part are needed")
    return _part(uri.replace("\\;", ";").replace("\\,", ","), part.strip().lower())


@function("PJSIP_PARSE_URI_FROM")
def parse_uri_from(call: Call, variable: str, part: str) -> str:
    """The same of the URI in a variable, whose characters need no care: PJSIP_PARSE_URI_FROM(name,type)."""
    return _part(call.get(variable.strip()), part.strip().lower())


def _part(text: str, part: str) -> str:
    text = text.strip()
    try:
        address = NameAddr.parse(text if "<" in text else f"<{text}>")
    except SipParseError as error:
        raise FunctionError(f"{text!r} is no SIP URI") from error
    uri = address.uri
    match part:
        case "display":
            return address.display_name or ""
        case "scheme":
            return uri.scheme
        case "user":
            return uri.user or ""
        case "passwd":
            return uri.password or ""
        case "host":
            return uri.host
        case "port":
            return str(uri.port) if uri.port is not None else ""
        case "lr_param":
            return str(int(uri.param("lr") is not None))
        case _:
            name = part.removesuffix("_param")
            if not part.endswith("_param") or name not in _PARAMETERS:
                raise FunctionError(f"{part!r} is no part of a URI")
            return uri.param(name) or ""
