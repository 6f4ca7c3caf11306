"""The ways in which the channels of a bridge are joined, by Asterisk's names; some can be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from offhook.pbx.pbx import Pbx

__all__ = ["TECHNOLOGIES", "BridgeTechnology", "NotDispensableError", "suspend", "unsuspend"]


class BridgeTechnology(NamedTuple):
    """One way."""

    name: str
    kind: str
    priority: int
    dispensable: bool
    """Whether another does its work when it is suspended."""


TECHNOLOGIES = {
    one.name: one
    for one in (
        BridgeTechnology("simple_bridge", "1to1Mix", 50, dispensable=True),
        BridgeTechnology("softmix", "MultiMix", 10, dispensable=False),
        BridgeTechnology("holding_bridge", "Holding", 50, dispensable=False),
        BridgeTechnology("native_rtp", "Native", 90, dispensable=True),
    )
}


class NotDispensableError(Exception):
    """Nothing else does what it does."""


def suspend(pbx: Pbx, name: str) -> None:
    """Use it no more for bridges to come.  KeyError for a name that there is not, NotDispensableError."""
    if not TECHNOLOGIES[name].dispensable:
        raise NotDispensableError(f"{name} cannot be suspended: nothing else does what it does")
    pbx.suspended_bridging.add(name)


def unsuspend(pbx: Pbx, name: str) -> None:
    """Use it again.  KeyError for a name that there is not."""
    pbx.suspended_bridging.discard(TECHNOLOGIES[name].name)
