"""What chan_sip's users may still write: dial strings that begin with SIP/, SIPADDHEADER variables."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["headers_of_variables", "pjsip_dial_string"]

_NAME = frozenset("-.!%*_+`'~")


def pjsip_dial_string(destination: str) -> str:
    """What follows `SIP/` as PJSIP takes it: `peer/exten` is `exten@peer`, all else is the same."""
    destination = destination.partition("!")[0]  # chan_sip took a To and a From behind it
    peer, slash, exten = destination.partition("/")
    if slash and exten and "@" not in peer and not exten.lower().startswith(("sip:", "sips:")):
        return f"{exten}@{peer}"
    return destination


def headers_of_variables(variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """The header lines that SIPAddHeader() has left for a leg: variables SIPADDHEADER01 and so on."""
    found: list[tuple[str, str]] = []
    for variable in variables:
        if not variable.startswith("SIPADDHEADER"):
            continue
        name, colon, value = variables[variable].partition(":")
        name, value = name.strip(), value.strip()
        fits = all((char.isalnum() and char.isascii()) or char in _NAME for char in name)
        if colon and name and fits and "\r" not in value and "\n" not in value:
            found.append((name, value))
    return found
