"""Actions about the ways in which the channels of a bridge are joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.protocol import field
from offhook.pbx.bridge_technologies import TECHNOLOGIES, NotDispensableError, suspend, unsuspend

if TYPE_CHECKING:
    from offhook.pbx.pbx import Pbx

__all__: list[str] = []

_MISSING = "BridgeTechnology not specified"


@action("BridgeTechnologyList", sends=("BridgeTechnologyListItem", "BridgeTechnologyListComplete"))
def technology_list(request: Request) -> Listing:
    """List the ways in which the channels of a bridge are joined."""
    suspended = request.pbx.suspended_bridging
    items = [
        (
            "BridgeTechnologyListItem",
            field("BridgeTechnology", one.name)
            + field("BridgeType", one.kind)
            + field("BridgePriority", str(one.priority))
            + field("BridgeSuspended", "Yes" if one.name in suspended else "No"),
        )
        for one in TECHNOLOGIES.values()
    ]
    return Listing("Bridge technology listing will follow", "BridgeTechnologyListComplete", items)


def _change(request: Request, name: str, what: Callable[[Pbx, str], None]) -> None:
    try:
        what(request.pbx, name)
    except KeyError:
        raise ActionError("Bridge technology not found") from None
    except NotDispensableError as error:
        raise ActionError(str(error)) from error


@action("BridgeTechnologySuspend", missing=_MISSING)
def technology_suspend(request: Request, bridge_technology: str) -> str:
    """Use a way to join channels no more for bridges to come.

    Args:
        bridge_technology: native_rtp (direct media), or simple_bridge (two are then mixed like more).
    """
    _change(request, bridge_technology, suspend)
    return "Suspended bridge technology"


@action("BridgeTechnologyUnsuspend", missing=_MISSING)
def technology_unsuspend(request: Request, bridge_technology: str) -> str:
    """Use a way to join channels again.

    Args:
        bridge_technology: its name.
    """
    _change(request, bridge_technology, unsuspend)
    return "Unsuspended bridge technology"
