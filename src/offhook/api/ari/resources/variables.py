"""Variables of channels and bridges."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from offhook.api.ari.operations import AriError, operation
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.waiting import render_waiting

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.dialplan.call import Call
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["Given", "given_variables", "read_outside", "set_bridge_variables"]

_CHANNEL = {404: "Channel not found", 409: "Channel not in a Stasis application"}
_BRIDGE = {404: "Bridge not found", 409: "Bridge not in Stasis application"}


class Given(NamedTuple):
    """A variable of a request."""

    name: str
    value: str | None
    """None: it is to be removed."""
    reported: bool
    """Whether events are to show it from now on."""


def given_variables(body: dict[str, Any] | None) -> list[Given]:
    """The variables of a request: `{"NAME": "value"}`, or an object with `value` and `report_events`.

    The older form, in which the body holds them in `variables` once more, is taken as well.  Raises AriError
    400.
    """
    found = body or {}
    if isinstance(found.get("variables"), dict):
        found = cast("dict[str, Any]", found["variables"])
    return [_given(str(name).strip(), value) for name, value in found.items()]


def _given(name: str, value: Any) -> Given:
    if not name:
        raise AriError(400, "A variable has a name")
    if not isinstance(value, dict):
        return Given(name, None if value is None else str(value), False)
    told = cast("dict[str, Any]", value)
    if "value" not in told:
        raise AriError(400, f"Variable {name}: an object has a value, and may have report_events")
    return _given(name, told["value"])._replace(reported=bool(told.get("report_events")))


# ---------------------------------------------------------------- channels


async def read_outside(call: Call, name: str) -> str:
    """What `${name}` is.  Raises AriError 400 for what is no name."""
    try:
        return await render_waiting(call, "${" + name + "}")
    except DialplanError as error:
        raise AriError(400, str(error)) from None


async def _read(call: Call, name: str) -> str:
    """A variable or function, also one that has to wait, as somebody outside the dialplan may read it."""
    guest = copy(call)  # the channel's own may go on meanwhile, and with its own rights
    guest.may_live_dangerously = call.runner.live_dangerously
    return await read_outside(guest, name)


def _names(variables: list[str]) -> list[str]:
    return [name.strip() for name in variables]


@operation("GET", "/channels/{channelId}/variable", model="Variable", errors=_CHANNEL)
async def getChannelVar(ari: Ari, channelId: str, variable: str) -> Json:
    """Get the value of a variable or function of a channel."""
    call = ari.node.runner.call_on(ari.channel(channelId))
    value = await _read(call, variable)
    if not value and not variable.endswith(")") and variable not in call.variables:
        raise AriError(404, "Provided variable was not found")
    return {"value": value}


@operation("POST", "/channels/{channelId}/variable", errors=_CHANNEL)
async def setChannelVar(
    ari: Ari, channelId: str, variable: str, value: str = "", report_events: bool = False
) -> None:
    """Set a variable or write a function of a channel; with `report_events` events show it from now on."""
    await _set(ari, ari.channel(channelId), [Given(variable.strip(), value, report_events)])


@operation("GET", "/channels/{channelId}/variables", model="Variables", errors=_CHANNEL)
async def getChannelVars(ari: Ari, channelId: str, variables: list[str]) -> Json:
    """Get the values of several variables of a channel."""
    call = ari.node.runner.call_on(ari.channel(channelId))
    return {"variables": {name: await _read(call, name) for name in _names(variables)}}


@operation("POST", "/channels/{channelId}/variables", errors=_CHANNEL)
async def setChannelVars(ari: Ari, channelId: str, variables: dict[str, Any]) -> None:
    """Set several variables of a channel; `null` removes one."""
    await _set(ari, ari.channel(channelId), given_variables(variables))


async def _set(ari: Ari, channel: Channel, given: list[Given]) -> None:
    call = ari.node.runner.call_on(channel)
    for one in given:
        if one.value is None:
            channel.unset_variable(one.name)
            continue
        if one.reported:
            ari.report(channel, one.name)
        try:
            with call.from_outside():
                kept = call.assign(one.name, one.value)
            if kept is not None:
                await kept
        except DialplanError as error:
            raise AriError(400, str(error)) from None


# ---------------------------------------------------------------- bridges


@operation("GET", "/bridges/{bridgeId}/variable", model="Variable", errors=_BRIDGE)
def getBridgeVar(ari: Ari, bridgeId: str, variable: str) -> Json:
    """Get the value of a variable of a bridge."""
    value = ari.bridge(bridgeId).variables.get(variable.strip())
    if value is None:
        raise AriError(404, "Provided variable was not found")
    return {"value": value}


@operation("POST", "/bridges/{bridgeId}/variable", errors=_BRIDGE)
def setBridgeVar(
    ari: Ari, bridgeId: str, variable: str, value: str = "", report_events: bool = False
) -> None:
    """Set a variable of a bridge; an empty value removes it."""
    set_bridge_variables(ari, ari.bridge(bridgeId), [Given(variable.strip(), value, report_events)])


@operation("GET", "/bridges/{bridgeId}/variables", model="Variables", errors=_BRIDGE)
def getBridgeVars(ari: Ari, bridgeId: str, variables: list[str]) -> Json:
    """Get the values of several variables of a bridge."""
    found = ari.bridge(bridgeId).variables
    return {"variables": {name: found.get(name, "") for name in _names(variables)}}


@operation("POST", "/bridges/{bridgeId}/variables", errors=_BRIDGE)
def setBridgeVars(ari: Ari, bridgeId: str, variables: dict[str, Any]) -> None:
    """Set several variables of a bridge."""
    set_bridge_variables(ari, ari.bridge(bridgeId), given_variables(variables))


def set_bridge_variables(ari: Ari, bridge: Bridge, given: list[Given]) -> None:
    """Set variables of a bridge, and have events show those that are to be reported."""
    for one in given:
        if not one.value:
            bridge.variables.pop(one.name, None)
            continue
        bridge.variables[one.name] = one.value
        if one.reported:
            ari.report(bridge, one.name)
