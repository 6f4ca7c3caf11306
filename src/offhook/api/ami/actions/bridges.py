"""Actions that show and end bridges."""

from __future__ import annotations

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.pbx.bridge import Bridge
from offhook.pbx.causes import Cause

__all__: list[str] = []


def _find(request: Request, uniqueid: str) -> Bridge:
    found = next((one for one in request.pbx.bridges if one.uniqueid == uniqueid), None)
    if found is None:
        raise ActionError("Bridge not found")
    return found


@action("BridgeList")
def bridge_list(request: Request, bridge_type: str = "") -> Listing:
    """List the bridges.

    Args:
        bridge_type: only those of this type: basic, holding, stasis ...
    """
    shape = request.session.server.shape
    items = [
        ("BridgeListItem", shape.bridge(one))
        for one in list(request.pbx.bridges)
        if not bridge_type or one.kind == bridge_type
    ]
    return Listing("Bridge listing will follow", "BridgeListComplete", items)


@action("BridgeInfo", missing="Bridge not found")
def bridge_info(request: Request, bridge_uniqueid: str) -> Listing:
    """Show a bridge and the channels in it.

    Args:
        bridge_uniqueid: its unique id.
    """
    shape = request.session.server.shape
    bridge = _find(request, bridge_uniqueid)
    items = [("BridgeInfoChannel", shape.channel(one)) for one in bridge.channels]
    return Listing(
        "Bridge channel listing will follow", "BridgeInfoComplete", items, fields=shape.bridge(bridge)
    )


@action("BridgeDestroy", missing="Bridge not found")
def bridge_destroy(request: Request, bridge_uniqueid: str) -> str:
    """End a bridge: every channel in it is hung up.

    Args:
        bridge_uniqueid: its unique id.
    """
    for channel in list(_find(request, bridge_uniqueid).channels):
        channel.request_hangup(Cause.NORMAL_CLEARING)
    return "Bridge has been destroyed"


@action("BridgeKick", missing="Channel not specified")
def bridge_kick(request: Request, channel: str, bridge_uniqueid: str = "") -> str:
    """Take a channel out of its bridge, and hang it up.

    Args:
        channel: its name.
        bridge_uniqueid: the bridge that it must be in.
    """
    found = find_channel(request, channel, "Channel not found")
    bridge = found.bridge
    if bridge is None or (bridge_uniqueid and bridge.uniqueid != bridge_uniqueid):
        raise ActionError("Channel is not in this bridge" if bridge else "Channel not in a bridge")
    found.request_hangup(Cause.NORMAL_CLEARING)
    return "Channel has been kicked"
