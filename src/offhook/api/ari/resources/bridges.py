"""Bridges: make, fill, empty and destroy them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.variables import given_variables, set_bridge_variables
from offhook.pbx.bridge import Bridge, BridgeError

if TYPE_CHECKING:
    from offhook.api.ari.control import StasisControl
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_NOT_FOUND = {404: "Bridge not found"}
_NOT_OURS = {**_NOT_FOUND, 409: "Bridge not in Stasis application"}
_TYPES = ("mixing", "holding", "dtmf_events", "proxy_media", "video_sfu", "video_single", "sdp_label")


@operation("GET", "/bridges", model="List[Bridge]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all active bridges."""
    return [ari.show_bridge(bridge) for bridge in {*ari.node.pbx.bridges, *ari.bridges.values()}]


@operation("GET", "/bridges/{bridgeId}", model="Bridge", errors=_NOT_FOUND)
def get(ari: Ari, bridgeId: str) -> Json:
    """Get details of a bridge."""
    return ari.show_bridge(ari.bridge(bridgeId))


@operation(
    "POST",
    "/bridges",
    model="Bridge",
    errors={409: "Bridge with the same bridgeId already exists"},
    with_id="bridgeId",
)
def create(
    ari: Ari,
    type: str = "mixing",
    bridgeId: str = "",
    name: str = "",
    variables: dict[str, Any] | None = None,
) -> Json:
    """Create a bridge, or get the one with this id: `mixing` or `holding`, with attributes after commas."""
    found = ari.bridges.get(bridgeId)
    if found is not None:
        if name and name != found.name:
            raise AriError(409, f"Bridge {bridgeId} exists already, with another name")
        return ari.show_bridge(found)
    given = given_variables(variables)
    words = [word.strip() for word in type.split(",") if word.strip()]
    for word in words:
        if word not in _TYPES:
            raise AriError(400, f"Invalid bridge type {word!r}: {', '.join(_TYPES)}")
    bridge = Bridge(
        ari.node.pbx,
        kind="stasis",
        creator="Stasis",
        name=name,
        uniqueid=bridgeId,
        lasting=True,
        holding="holding" in words,
    )
    ari.bridges[bridge.uniqueid] = bridge
    set_bridge_variables(ari, bridge, given)
    return ari.show_bridge(bridge)


@operation("DELETE", "/bridges/{bridgeId}", errors=_NOT_OURS)
def destroy(ari: Ari, bridgeId: str) -> None:
    """Shut down a bridge; its channels stay in their applications."""
    bridge = ari.own_bridge(bridgeId)
    ari.voices.forget(bridge)
    for channel in [*bridge.channels]:
        _leave(ari, bridge, channel)
    del ari.bridges[bridge.uniqueid]
    bridge.destroy()


def _leave(ari: Ari, bridge: Bridge, channel: Channel) -> None:
    bridge.leave(channel)
    control = ari.controls.get(channel.uniqueid)
    if control is not None:
        control.app.bridges.remove(bridge.uniqueid)


def _controls(ari: Ari, channels: list[str]) -> Any:
    """The channels of a request.  Raises AriError: 400 for none, 422 for one in no application."""
    found: Any = []
    for identity in channels:
        channel = ari.node.pbx.channel(identity)
        if channel is None:
            raise AriError(400, "Channel not found")
        control = ari.controls.get(channel.uniqueid)
        if control is None:
            raise AriError(422, "Channel not in Stasis application")
        found.append(control)
    return found


@operation(
    "POST",
    "/bridges/{bridgeId}/addChannel",
    errors={
        400: "Channel not found",
        **_NOT_FOUND,
        409: "Bridge not in Stasis application; Channel currently recording",
        422: "Channel not in Stasis application",
    },
)
def addChannel(
    ari: Ari,
    bridgeId: str,
    channel: list[str],
    role: str = "",
    absorbDTMF: bool = False,
    mute: bool = False,
    inhibitConnectedLineUpdates: bool = False,
) -> None:
    """Add channels to a bridge."""
    bridge = ari.own_bridge(bridgeId)
    controls: list[StasisControl] = _controls(ari, channel)
    if not controls:
        raise AriError(400, "Channel must be specified")
    for control in controls:
        before = control.channel.bridge
        if before is bridge:
            continue
        if before is not None:
            _leave(ari, before, control.channel)
        control.release_music()
        control.absorbs_digits = absorbDTMF
        control.app.bridges.add(bridge.uniqueid)
        try:
            bridge.join(control.channel)
        except BridgeError as error:
            control.app.bridges.remove(bridge.uniqueid)
            raise AriError(409, str(error)) from None
        if mute and control.channel.media is not None:
            control.muted_in = True
            control.channel.media.mute(receive=True, send=control.muted_out)
        if absorbDTMF:
            control.channel.relay_digits(False)
        if not inhibitConnectedLineUpdates:
            _show_each_other(bridge)
        if role == "announcer" or bridge.holding is False:
            continue
        control.start_music("")


def _show_each_other(bridge: Bridge) -> None:
    if len(bridge.channels) == 2:
        one, two = bridge.channels
        one.set_connected(two.caller)
        two.set_connected(one.caller)


@operation(
    "POST",
    "/bridges/{bridgeId}/removeChannel",
    errors={
        400: "Channel not found",
        **_NOT_FOUND,
        409: "Bridge not in Stasis application",
        422: "Channel not in this bridge",
    },
)
def removeChannel(ari: Ari, bridgeId: str, channel: list[str]) -> None:
    """Remove channels from a bridge."""
    bridge = ari.own_bridge(bridgeId)
    controls: list[StasisControl] = _controls(ari, channel)
    if not controls:
        raise AriError(400, "Channel must be specified")
    for control in controls:
        if control.channel.bridge is not bridge:
            raise AriError(422, "Channel not in this bridge")
    for control in controls:
        control.release_music()
        if control.absorbs_digits:
            control.absorbs_digits = False
            control.channel.relay_digits(True)
        _leave(ari, bridge, control.channel)


@operation(
    "POST",
    "/bridges/{bridgeId}/videoSource/{channelId}",
    errors={
        404: "Bridge or Channel not found",
        409: "Channel not in Stasis application",
        422: "Channel not in this bridge",
    },
)
def setVideoSource(ari: Ari, bridgeId: str, channelId: str) -> None:
    """Show the video of one channel to all others of a bridge of more than two."""
    bridge = ari.own_bridge(bridgeId)
    channel = ari.control(channelId).channel
    if channel.bridge is not bridge:
        raise AriError(422, "Channel not in this bridge")
    bridge.video.show(bridge, channel)


@operation("DELETE", "/bridges/{bridgeId}/videoSource", errors=_NOT_OURS)
def clearVideoSource(ari: Ari, bridgeId: str) -> None:
    """Show nobody's video any more."""
    bridge = ari.own_bridge(bridgeId)
    bridge.video.show(bridge, None, "none")
