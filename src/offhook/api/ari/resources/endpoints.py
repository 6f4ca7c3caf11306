"""Endpoints: who can be called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.announce import endpoint_of
from offhook.api.ari.operations import AriError, operation
from offhook.features.device_states import DeviceState

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__ = ["endpoint_json"]

_NOT_FOUND = {404: "Endpoints not found"}


def endpoint_json(ari: Ari, technology: str, resource: str) -> Json:
    """The model Endpoint."""
    name = f"{technology}/{resource}"
    state = ari.node.devices.state(name)
    offline = state in (DeviceState.UNAVAILABLE, DeviceState.INVALID)
    channels = [one.uniqueid for one in ari.node.pbx.channels.values() if endpoint_of(one) == name]
    return {
        "technology": technology,
        "resource": resource,
        "state": "unknown" if state is DeviceState.UNKNOWN else "offline" if offline else "online",
        "channel_ids": channels,
    }


def _technology(ari: Ari, technology: str) -> str:
    found = ari.node.pbx.technologies.get(technology.upper())
    if found is None:
        raise AriError(404, "Technology not found")
    return found.name


@operation("GET", "/endpoints", model="List[Endpoint]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all endpoints."""
    return [endpoint_json(ari, "PJSIP", name) for name in ari.node.snapshot.pjsip.endpoints]


@operation("GET", "/endpoints/{tech}", model="List[Endpoint]", errors=_NOT_FOUND)
def listByTech(ari: Ari, tech: str) -> Any:
    """List the endpoints of a technology."""
    technology = _technology(ari, tech)
    if technology != "PJSIP":
        return []
    return [endpoint_json(ari, "PJSIP", name) for name in ari.node.snapshot.pjsip.endpoints]


@operation("GET", "/endpoints/{tech}/{resource}", model="Endpoint", errors=_NOT_FOUND)
def get(ari: Ari, tech: str, resource: str) -> Json:
    """Get details of an endpoint."""
    technology = _technology(ari, tech)
    if technology != "PJSIP" or resource not in ari.node.snapshot.pjsip.endpoints:
        raise AriError(404, "Endpoint not found")
    return endpoint_json(ari, technology, resource)
