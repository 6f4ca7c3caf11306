"""HOLD_INTERCEPT: that a far end wants to hold the other one is announced, and not done."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import write_only_function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []


@write_only_function("HOLD_INTERCEPT")
def intercept_hold(call: Call, value: str, action: str) -> None:
    """Announce what the far end signals as hold, and do nothing else: Set(HOLD_INTERCEPT(set)=).

    AMI tells of Hold and Unhold, ARI of ChannelHold and ChannelUnhold; the other party hears no music.

    Args:
        action: set, or remove to have the far end hold others again.
    """
    match action.strip().lower():
        case "set":
            call.channel.intercepts_hold = True
        case "remove":
            call.channel.intercepts_hold = False
        case _:
            raise FunctionError(f"HOLD_INTERCEPT: {action!r} is none of set, remove")
