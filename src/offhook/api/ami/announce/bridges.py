"""Events of bridges."""

from __future__ import annotations

from offhook.api.ami.announce import shows
from offhook.api.ami.shape import Shape
from offhook.pbx import events

__all__: list[str] = []


@shows(events.BridgeCreated, "BridgeCreate", classes="call")
def bridge_create(shape: Shape, event: events.BridgeCreated) -> str:
    """A bridge exists."""
    return shape.bridge(event.bridge)


@shows(events.BridgeEntered, "BridgeEnter", classes="call")
def bridge_enter(shape: Shape, event: events.BridgeEntered) -> str:
    """A channel has joined a bridge."""
    return shape.bridge(event.bridge) + shape.channel(event.channel)


@shows(events.BridgeLeft, "BridgeLeave", classes="call")
def bridge_leave(shape: Shape, event: events.BridgeLeft) -> str:
    """A channel has left a bridge."""
    return shape.bridge(event.bridge) + shape.channel(event.channel)


@shows(events.BridgesMerged, "BridgeMerge", classes="call")
def bridge_merge(shape: Shape, event: events.BridgesMerged) -> str:
    """The channels of one bridge go into another."""
    return shape.bridge(event.to, "To") + shape.bridge(event.gone, "From")


@shows(events.BridgeVideoSourceChanged, "BridgeVideoSourceUpdate", classes="call")
def bridge_video_source_update(shape: Shape, event: events.BridgeVideoSourceChanged) -> str:
    """Another channel of a bridge is seen by the others, or none."""
    return shape.bridge(event.bridge) + f"BridgePreviousVideoSource: {event.old}\r\n"


@shows(events.BridgeDestroyed, "BridgeDestroy", classes="call")
def bridge_destroy(shape: Shape, event: events.BridgeDestroyed) -> str:
    """A bridge is gone."""
    return shape.bridge(event.bridge)
