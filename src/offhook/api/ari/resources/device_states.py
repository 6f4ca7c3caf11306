"""Device states: those of all devices to read, those of `Stasis:` devices to set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.features.device_states import DeviceState

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_PREFIX = "Stasis:"
_NOT_OURS = {404: "Device name is missing", 409: "Uncontrolled device specified"}


def _name(device: str) -> str:
    if not device.startswith(_PREFIX):
        raise AriError(409, "Uncontrolled device specified")
    return device.removeprefix(_PREFIX)


@operation("GET", "/deviceStates", model="List[DeviceState]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all device states that ARI controls."""
    return [{"name": _PREFIX + name, "state": state.name} for name, state in ari.device_states.items()]


@operation("GET", "/deviceStates/{deviceName}", model="DeviceState")
def get(ari: Ari, deviceName: str) -> Json:
    """Get the state of a device, whoever controls it."""
    return {"name": deviceName, "state": ari.node.devices.state(deviceName).name}


@operation("PUT", "/deviceStates/{deviceName}", errors=_NOT_OURS)
async def update(ari: Ari, deviceName: str, deviceState: str) -> None:
    """Set the state of a `Stasis:` device."""
    name = _name(deviceName)
    if deviceState.upper() not in DeviceState.__members__:
        raise AriError(400, f"Unknown device state {deviceState!r}")
    await ari.set_device_state(name, DeviceState.named(deviceState))


@operation("DELETE", "/deviceStates/{deviceName}", errors=_NOT_OURS)
async def delete(ari: Ari, deviceName: str) -> None:
    """Remove a `Stasis:` device."""
    name = _name(deviceName)
    if name not in ari.device_states:
        raise AriError(404, "Device not found")
    await ari.set_device_state(name, None)
