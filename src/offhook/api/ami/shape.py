"""How channels and bridges are shown in events and lists: Asterisk's snapshot headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ami.protocol import clean, escape
from offhook.pbx.channel import STATE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["UNKNOWN", "Shape"]

UNKNOWN = "<unknown>"
_NO_CHANNEL = "Channel: none\r\nUniqueid: none\r\n"


_LINES = 14
_STATES = {state: f": {state:d}\r\n" for state in STATE_WORDS}


def _safe_lines(channel: Channel, p: str) -> str:
    """The same with every value made safe."""
    caller, connected, state = channel.caller, channel.connected, channel.state
    return (
        f"{p}Channel: {clean(channel.name)}\r\n"
        f"{p}ChannelState{_STATES[state]}"
        f"{p}ChannelStateDesc: {STATE_WORDS[state]}\r\n"
        f"{p}CallerIDNum: {clean(caller.number) or UNKNOWN}\r\n"
        f"{p}CallerIDName: {escape(caller.name) or UNKNOWN}\r\n"
        f"{p}ConnectedLineNum: {clean(connected.number) or UNKNOWN}\r\n"
        f"{p}ConnectedLineName: {escape(connected.name) or UNKNOWN}\r\n"
        f"{p}Language: {clean(channel.language)}\r\n"
        f"{p}AccountCode: {clean(channel.account_code)}\r\n"
        f"{p}Context: {clean(channel.context)}\r\n"
        f"{p}Exten: {clean(channel.exten)}\r\n"
        f"{p}Priority: {channel.priority}\r\n"
        f"{p}Uniqueid: {clean(channel.uniqueid)}\r\n"
        f"{p}Linkedid: {clean(channel.linkedid)}\r\n"
    )


class Shape:
    """What every snapshot has, and the variables that manager.conf adds to it (`channelvars`)."""

    __slots__ = ("channel_vars",)

    def __init__(self, channel_vars: Sequence[str] = ()) -> None:
        self.channel_vars = tuple(channel_vars)

    def channel(self, channel: Channel, prefix: str = "") -> str:
        """The lines of a channel, their names after `prefix` (Dest, Transferer ...)."""
        p, caller, connected, state = prefix, channel.caller, channel.connected, channel.state
        text = (
            f"{p}Channel: {channel.name}\r\n{p}ChannelState{_STATES[state]}"
            f"{p}ChannelStateDesc: {STATE_WORDS[state]}\r\n"
            f"{p}CallerIDNum: {caller.number or UNKNOWN}\r\n"
            f"{p}CallerIDName: {escape(caller.name) if caller.name else UNKNOWN}\r\n"
            f"{p}ConnectedLineNum: {connected.number or UNKNOWN}\r\n"
            f"{p}ConnectedLineName: {escape(connected.name) if connected.name else UNKNOWN}\r\n"
            f"{p}Language: {channel.language}\r\n{p}AccountCode: {channel.account_code}\r\n"
            f"{p}Context: {channel.context}\r\n{p}Exten: {channel.exten}\r\n"
            f"{p}Priority: {channel.priority}\r\n"
            f"{p}Uniqueid: {channel.uniqueid}\r\n{p}Linkedid: {channel.linkedid}\r\n"
        )
        # Nothing of what people write may end a line; looking at all of it at once is the cheapest.
        if text.count("\n") != _LINES or text.count("\r") != _LINES:
            text = _safe_lines(channel, prefix)
        if self.channel_vars:
            text += "".join(
                f"{p}ChanVariable: {clean(name)}={escape(channel.get_variable(name) or '')}\r\n"
                for name in self.channel_vars
            )
        return text

    def bridge(self, bridge: Bridge, prefix: str = "") -> str:
        """The lines of a bridge."""
        p = prefix
        return (
            f"{p}BridgeUniqueid: {bridge.uniqueid}\r\n"
            f"{p}BridgeType: {bridge.kind}\r\n"
            f"{p}BridgeTechnology: {bridge.technology}\r\n"
            f"{p}BridgeCreator: {clean(bridge.creator) or UNKNOWN}\r\n"
            f"{p}BridgeName: {clean(bridge.name) or UNKNOWN}\r\n"
            f"{p}BridgeNumChannels: {len(bridge.channels)}\r\n"
            f"{p}BridgeVideoSourceMode: none\r\n"
        )

    def between(self, caller: Channel | None, peer: Channel) -> str:
        """The lines of a dial attempt: the caller's, when there is one, and the called party's (Dest)."""
        dest = self.channel(peer, "Dest")
        return dest if caller is None else self.channel(caller) + dest

    def variable(self, channel: Channel | None, name: str, value: str) -> str:
        """The lines of a variable that was set, of a channel or (None) globally."""
        lines = f"Variable: {clean(name)}\r\nValue: {escape(value)}\r\n"
        return f"{_NO_CHANNEL if channel is None else self.channel(channel)}{lines}"
