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


_STATES = {state: f": {state:d}\r\n" for state in STATE_WORDS}


def _lines(channel: Channel, p: str) -> str:
    """The lines of a channel, every value made safe: nothing of what people write may end a line."""
    caller, connected, state = channel.caller, channel.connected, channel.state
    tenant = f"{p}TenantID: {clean(channel.tenant_id)}\r\n" if channel.tenant_id else ""
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
        f"{tenant}"
    )


class Shape:
    """What every snapshot has, and the variables that manager.conf adds to it (`channelvars`)."""

    __slots__ = ("channel_vars",)

    def __init__(self, channel_vars: Sequence[str] = ()) -> None:
        self.channel_vars = tuple(channel_vars)

    def channel(self, channel: Channel, prefix: str = "") -> str:
        """The lines of a channel, their names after `prefix` (Dest, Transferer ...)."""
        if prefix:
            text = _lines(channel, prefix)
        else:
            # Most events of a channel differ in its place in the dialplan only.
            key = (
                channel.name, channel.state, channel.caller, channel.connected, channel.language,
                channel.account_code, channel.linkedid, channel.tenant_id,
            )  # fmt: skip
            shown = channel.ami_lines
            if shown is None or shown[0] != key:
                lines = _lines(channel, "")  # no value has the end of a line in it
                before = lines[: lines.index("\r\nContext: ") + 2]
                channel.ami_lines = shown = (key, before, lines[lines.index("\r\nUniqueid: ") + 2 :])
            context, exten = channel.context, channel.exten
            if not (context.isprintable() and exten.isprintable()):
                context, exten = clean(context), clean(exten)
            text = (
                f"{shown[1]}Context: {context}\r\nExten: {exten}\r\n"
                f"Priority: {channel.priority}\r\n{shown[2]}"
            )
        if self.channel_vars:
            text += "".join(
                f"{prefix}ChanVariable: {clean(name)}={escape(channel.get_variable(name) or '')}\r\n"
                for name in self.channel_vars
            )
        return text

    def bridge(self, bridge: Bridge, prefix: str = "") -> str:
        """The lines of a bridge."""
        p, seen = prefix, bridge.video_source
        source = f"{p}BridgeVideoSource: {seen.uniqueid}\r\n" if seen is not None else ""
        return (
            f"{p}BridgeUniqueid: {bridge.uniqueid}\r\n"
            f"{p}BridgeType: {bridge.kind}\r\n"
            f"{p}BridgeTechnology: {bridge.technology}\r\n"
            f"{p}BridgeCreator: {clean(bridge.creator) or UNKNOWN}\r\n"
            f"{p}BridgeName: {clean(bridge.name) or UNKNOWN}\r\n"
            f"{p}BridgeNumChannels: {len(bridge.channels)}\r\n"
            f"{p}BridgeVideoSourceMode: {bridge.video_mode}\r\n"
            f"{source}"
        )

    def between(self, caller: Channel | None, peer: Channel) -> str:
        """The lines of a dial attempt: the caller's, when there is one, and the called party's (Dest)."""
        dest = self.channel(peer, "Dest")
        return dest if caller is None else self.channel(caller) + dest

    def variable(self, channel: Channel | None, name: str, value: str) -> str:
        """The lines of a variable that was set, of a channel or (None) globally."""
        lines = f"Variable: {clean(name)}\r\nValue: {escape(value)}\r\n"
        return f"{_NO_CHANNEL if channel is None else self.channel(channel)}{lines}"
