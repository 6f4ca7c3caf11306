"""What becomes of bridges, announced on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = [
    "BridgeCreated",
    "BridgeDestroyed",
    "BridgeEntered",
    "BridgeLeft",
    "BridgeVideoSourceChanged",
    "BridgesMerged",
]


@dataclass(frozen=True, slots=True, eq=False)
class BridgeCreated:
    """A bridge exists."""

    bridge: Bridge


@dataclass(frozen=True, slots=True, eq=False)
class BridgeEntered:
    """A channel joined a bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class BridgeLeft:
    """A channel left a bridge."""

    bridge: Bridge
    channel: Channel


@dataclass(frozen=True, slots=True, eq=False)
class BridgesMerged:
    """The channels of one bridge go into another."""

    to: Bridge
    gone: Bridge


@dataclass(frozen=True, slots=True, eq=False)
class BridgeVideoSourceChanged:
    """Another channel of a bridge is seen by the others, or none."""

    bridge: Bridge
    old: str
    """The unique id of the one that was, "" for none."""


@dataclass(frozen=True, slots=True, eq=False)
class BridgeDestroyed:
    """A bridge is gone."""

    bridge: Bridge
