"""Actions that show and end bridges."""

from __future__ import annotations

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.pbx.bridge import Bridge
from offhook.pbx.joining import join_two

__all__: list[str] = []


def _find(request: Request, uniqueid: str) -> Bridge:
    found = next((one for one in request.pbx.bridges if one.uniqueid == uniqueid), None)
    if found is None:
        raise ActionError("Bridge not found")
    return found


@action("BridgeList", sends=("BridgeListItem", "BridgeListComplete"))
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


@action("BridgeInfo", missing="Bridge not found", sends=("BridgeInfoChannel", "BridgeInfoComplete"))
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
    """End a bridge: every channel in it leaves, and goes on from there or ends.

    Args:
        bridge_uniqueid: its unique id.
    """
    bridge = _find(request, bridge_uniqueid)
    for channel in list(bridge.channels):
        bridge.kick(channel)
    bridge.let_end()
    return "Bridge has been destroyed"


@action("BridgeKick", missing="Channel not specified")
def bridge_kick(request: Request, channel: str, bridge_uniqueid: str = "") -> str:
    """Take a channel out of its bridge; its dialplan goes on as if the other party had left.

    Args:
        channel: its name.
        bridge_uniqueid: the bridge that it must be in.
    """
    found = find_channel(request, channel, "Channel not found")
    bridge = found.bridge
    if bridge is None or (bridge_uniqueid and bridge.uniqueid != bridge_uniqueid):
        raise ActionError("Channel is not in this bridge" if bridge else "Channel not in a bridge")
    bridge.kick(found)
    return "Channel has been kicked"


@action("Bridge", "call", missing="Missing channel parameter in request")
def bridge_two(request: Request, channel1: str, channel2: str, tone: str = "no") -> str:
    """Let two channels talk to each other, each leaving what it does; afterwards their dialplans go on.

    Args:
        channel1: the name of one.
        channel2: the name of the other.
        tone: who hears a beep: no, Channel1, Channel2 or Both.
    """
    one = find_channel(request, channel1, "Channel1 does not exists")
    two = find_channel(request, channel2, "Channel2 does not exists")
    if one is two:
        raise ActionError("Unable to bridge a channel with itself")
    if one.hangup_requested or two.hangup_requested:
        raise ActionError("Failed to yank the channels into the bridge")
    wanted = tone.lower()
    beeping = [
        leg
        for leg, words in ((one, ("channel1", "both", "yes", "true")), (two, ("channel2", "both")))
        if wanted in words
    ]
    join_two(one, two, beeping)
    return "Channels have been bridged"
