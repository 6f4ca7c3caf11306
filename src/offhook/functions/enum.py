"""Numbers and services in the DNS: ENUMLOOKUP, ENUMQUERY (RFC 6116), TXTCIDNAME, SRVQUERY, SRVRESULT."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function, waiting_function
from offhook.dialplan.errors import FunctionError

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

__all__: list[str] = []

_SERVICE = "dns."
_ZONE = "e164.arpa"
_TIMEOUT = 10.0  # seconds for a look-up, however many servers do not answer


class _Found(NamedTuple):
    """One NAPTR record that leads somewhere."""

    order: int
    preference: int
    service: str
    uri: str


class _Server(NamedTuple):
    host: str
    port: int
    priority: int
    weight: int


def _resolver(call: Call) -> Resolver:
    import dns.asyncresolver

    found = call.channel.pbx.service(dns.asyncresolver.Resolver)
    if found is None:
        try:
            found = dns.asyncresolver.Resolver()
        except Exception as error:  # no resolv.conf, or a broken one
            raise FunctionError(f"this machine has no DNS: {error}") from None
        call.channel.pbx.add_service(found)
    return found


async def _ask(call: Call, name: str, kind: str) -> list[object]:
    """The records of a name; none when it does not exist."""
    import dns.exception
    import dns.resolver

    try:
        answer = await _resolver(call).resolve(name, kind, lifetime=_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise FunctionError(f"{kind} of {name}: {error}") from None
    return list(cast("Sequence[object]", answer))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


# ---------------------------------------------------------------- ENUM


def _domain(number: str, zone: str) -> str:
    digits = re.sub(r"\D", "", number)
    if not digits or len(digits) > 40:
        raise FunctionError(f"ENUM: {number!r} is no number")
    return ".".join([*reversed(digits), zone.strip(". ") or _ZONE])


def _apply(expression: str, number: str) -> str | None:
    """The URI that a NAPTR's `!regex!replacement!flags` makes of a number."""
    if len(expression) < 3:
        return None
    parts = expression[1:].split(expression[0])
    if len(parts) < 2:
        return None
    flags = re.IGNORECASE if len(parts) > 2 and "i" in parts[2].lower() else 0
    try:
        found = re.search(parts[0], number, flags)
        return None if found is None else re.sub(parts[0], parts[1], number, count=1, flags=flags)
    except (re.error, IndexError):
        return None


async def _enum(call: Call, number: str, method: str, zone: str) -> list[_Found]:
    found: list[_Found] = []
    e164 = "+" + re.sub(r"\D", "", number)
    for record in await _ask(call, _domain(number, zone), "NAPTR"):
        service = _text(getattr(record, "service", "")).lower()
        # `E2U+sip`, and `sip+E2U` as older zones have it.
        kinds = [kind for kind in re.split(r"[+]", service) if kind != "e2u"]
        if _text(getattr(record, "flags", "")).lower() != "u" or "e2u" not in service.split("+"):
            continue
        if method not in ("all", "") and not any(kind.partition(":")[0] == method for kind in kinds):
            continue
        uri = _apply(_text(getattr(record, "regexp", "")), e164)
        if uri:
            order, preference = int(getattr(record, "order", 0)), int(getattr(record, "preference", 0))
            found.append(_Found(order, preference, kinds[0] if kinds else "", uri))
    return sorted(found)


def _shown(found: _Found, method: str, options: str) -> str:
    """A result as ENUMLOOKUP gives it: without the scheme that the method names already."""
    uri = found.uri
    if method == "all" or "u" in options:
        return uri
    scheme, colon, rest = uri.partition(":")
    return rest if colon and scheme.lower() in (method, "sip", "sips", "tel", "iax2", "h323") else uri


@waiting_function("ENUMLOOKUP")
async def enum_lookup(
    call: Call,
    number: str,
    method_type: str = "sip",
    options: str = "",
    record: int = 1,
    zone_suffix: str = _ZONE,
) -> str:
    """Where a number leads by the DNS (RFC 6116); empty when it leads nowhere.

    Args:
        number: in E.164, with or without +.
        method_type: sip, iax2, h323, tel ..., or ALL.
        options: c gives how many there are; u gives whole URIs; s and i and d look elsewhere in Asterisk and
            mean nothing here.
        record: which of several, counted from 1 in their order.
        zone_suffix: e164.arpa, or another tree.
    """
    method = method_type.strip().lower() or "sip"
    found = await _enum(call, number, method, zone_suffix)
    if "c" in options:
        return str(len(found))
    return _shown(found[record - 1], method, options) if 0 < record <= len(found) else ""


@waiting_function("ENUMQUERY")
async def enum_query(call: Call, number: str, method_type: str = "sip", zone_suffix: str = _ZONE) -> str:
    """Look a number up in the DNS; gives an id for ENUMRESULT()."""
    method = method_type.strip().lower() or "sip"
    found = await _enum(call, number, method, zone_suffix)
    return _keep(call, [_shown(one, method, "") for one in found])


@function("ENUMRESULT")
def enum_result(call: Call, id: str, resultnum: str) -> str:
    """A result of ENUMQUERY(), counted from 1; `getnum` gives how many there are."""
    return _result(call, id, resultnum, "ENUMRESULT")


def _keep(call: Call, results: list[str] | list[_Server]) -> str:
    number = sum(1 for key in call.services if key.startswith(_SERVICE)) + 1
    call.services[f"{_SERVICE}{number}"] = results
    return str(number)


def _kept(call: Call, id: str, name: str) -> list[object]:
    found = call.services.get(f"{_SERVICE}{id.strip()}")
    if not isinstance(found, list):
        raise FunctionError(f"{name}: there are no results with the id {id!r}")
    return cast("list[object]", found)


def _result(call: Call, id: str, number: str, name: str) -> str:
    results = _kept(call, id, name)
    if number.strip().lower() == "getnum":
        return str(len(results))
    if not number.strip().isdecimal():
        raise FunctionError(f"{name}: {number!r} is neither a number nor getnum")
    index = int(number.strip()[:9])
    return str(results[index - 1]) if 0 < index <= len(results) else ""


# ---------------------------------------------------------------- names and services


@waiting_function("TXTCIDNAME")
async def txt_cid_name(call: Call, number: str, zone_suffix: str = _ZONE) -> str:
    """The name that the DNS has for a number (a TXT record); empty when it has none."""
    for record in await _ask(call, _domain(number, zone_suffix), "TXT"):
        strings = getattr(record, "strings", ())
        return "".join(_text(part) for part in cast("Sequence[object]", strings))
    return ""


@waiting_function("SRVQUERY")
async def srv_query(call: Call, service: str) -> str:
    """Look a service (_sip._udp.example.com) up in the DNS; gives an id for SRVRESULT()."""
    servers: list[_Server] = []
    for record in await _ask(call, service.strip(), "SRV"):
        values = [int(getattr(record, name, 0)) for name in ("port", "priority", "weight")]
        servers.append(_Server(str(getattr(record, "target", "")).rstrip("."), *values))
    # RFC 2782: by priority; among equals at random, the heavier ones sooner.
    servers.sort(key=lambda one: (one.priority, -(random.random() ** (1 / (one.weight + 0.01)))))
    return _keep(call, servers)


@function("SRVRESULT")
def srv_result(call: Call, id: str, resultnum: str, field: str = "host") -> str:
    """A result of SRVQUERY(), counted from 1; `getnum` gives how many there are.

    Args:
        id: what SRVQUERY() gave; or the service itself, when it was asked for before.
        resultnum: which, or getnum.
        field: host, port, priority or weight.
    """
    results = _kept(call, id, "SRVRESULT")
    if resultnum.strip().lower() == "getnum":
        return str(len(results))
    what = field.strip().lower() or "host"
    if not resultnum.strip().isdecimal() or what not in _Server._fields:
        raise FunctionError(f"SRVRESULT: {resultnum!r} or {field!r} is not known")
    index = int(resultnum.strip()[:9])
    return str(getattr(results[index - 1], what)) if 0 < index <= len(results) else ""
