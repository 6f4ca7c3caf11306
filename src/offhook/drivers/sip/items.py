"""Endpoints, AORs and contacts as the dialplan reads them: PJSIP_ENDPOINT(), PJSIP_AOR(), PJSIP_CONTACT()."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING

from offhook.config.schema import shown
from offhook.sip.contacts import Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.drivers.sip.driver import SipDriver
    from offhook.sip.contacts import Binding

__all__ = ["aor_item", "contact_item", "contact_name", "endpoint_item"]

# Asterisk's words, as in `pjsip show contacts`.
_STATUS = {Status.UNKNOWN: "Unknown", Status.REACHABLE: "Reachable", Status.UNREACHABLE: "Unreachable"}


def contact_name(binding: Binding) -> str:
    """A contact's name: the AOR and a hash of the URI, whose own characters argument lists do not take.

    Between them `;@` when it has registered, `@@` when it is in the configuration.
    """
    between = "@@" if binding.permanent else ";@"
    return f"{binding.aor}{between}{hashlib.md5(binding.uri.encode(), usedforsecurity=False).hexdigest()}"


def endpoint_item(driver: SipDriver, name: str, field: str) -> str | None:
    """An option of an endpoint; None when there is none such.  LookupError without such an endpoint."""
    return shown(driver.config.endpoints[name], field)


def aor_item(driver: SipDriver, name: str, field: str) -> str | None:
    """An option of an AOR, or `contact`: the names of its contacts.  LookupError without such an AOR."""
    aor = driver.config.aors[name]
    if field == "contact":
        return ",".join(contact_name(binding) for binding in driver.contacts.of(name))
    return shown(aor, field)


def contact_item(driver: SipDriver, name: str, field: str) -> str | None:
    """A field of a contact; None when there is no such field.  LookupError without such a contact."""
    aor = name.partition(";@")[0].partition("@@")[0]
    for binding in driver.contacts.of(aor):
        if contact_name(binding) == name:
            break
    else:
        raise LookupError(name)
    read = _CONTACT.get(field)
    if read is not None:
        return read(driver, binding)
    config = driver.config.aors.get(aor)
    return shown(config, field) if config is not None and field in _OF_AOR else None


def _expires(driver: SipDriver, binding: Binding) -> str:
    if binding.permanent:
        return "0"
    network = driver.network
    return str(int(network.wall() + binding.expires_at - network.now()))


def _endpoint(driver: SipDriver, binding: Binding) -> str:
    return next(
        (name for name, endpoint in driver.config.endpoints.items() if binding.aor in endpoint.aors), ""
    )


_CONTACT: dict[str, Callable[[SipDriver, Binding], str]] = {
    "type": lambda driver, binding: "contact",
    "uri": lambda driver, binding: binding.uri,
    "expiration_time": _expires,
    "path": lambda driver, binding: ",".join(binding.path),
    "user_agent": lambda driver, binding: binding.user_agent,
    "endpoint": _endpoint,
    "via_addr": lambda driver, binding: binding.host,
    "via_port": lambda driver, binding: str(binding.port),
    "call_id": lambda driver, binding: binding.call_id,
    # Microseconds, as Asterisk gives it; 0 as long as nothing was measured.
    "rtt": lambda driver, binding: (
        "0" if math.isnan(binding.round_trip) else str(int(binding.round_trip * 1e6))
    ),
    "status": lambda driver, binding: _STATUS[binding.status],
}
_OF_AOR = frozenset(
    ("qualify_frequency", "qualify_timeout", "qualify_2xx_only", "authenticate_qualify", "outbound_proxy")
)
