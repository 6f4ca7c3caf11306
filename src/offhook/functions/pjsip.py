"""SIP from the dialplan: PJSIP_DIAL_CONTACTS, PJSIP_ENDPOINT, PJSIP_AOR, PJSIP_CONTACT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

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
