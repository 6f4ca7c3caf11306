"""Console commands about channels and bridges: `core show channels`, `core show channel`, `bridge ...`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.pbx.bridge import BridgeError
from offhook.pbx.bridge_technologies import TECHNOLOGIES, NotDispensableError, suspend, unsuspend
from offhook.pbx.causes import Cause
from offhook.pbx.channel_state import STATE_WORDS

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["declare", "duration", "find_channel"]

_SHORT = "{:<20.20} {:<20.20} {:<7.7} {:<30.30}\n"
_VERBOSE = (
    "{:<20.20} {:<20.20} {:<16.16} {:>4.4} {:<7.7} {:<12.12} {:<25.25} {:<15.15} {:<8.8} "
    "{:<11.11} {:<11.11} {:<20.20}\n"
)
_VERBOSE_HEAD = (
    *("Channel", "Context", "Extension", "Prio", "State", "Application", "Data", "CallerID", "Duration"),
    *("Accountcode", "PeerAccount", "BridgeID"),
)


def find_channel(node: Node, name: str) -> Channel:
    """A channel by its name or unique id.  Raises CommandError."""
    found = node.pbx.channel(name)
    if found is None:
        raise CommandError(f"{name} is not a known channel")
    return found


def duration(seconds: float) -> str:
    """`00:01:02`."""
    minutes, second = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{second:02d}"


def _plural(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _footer(node: Node, count: int) -> str:
    pbx = node.pbx
    calls = _plural(pbx.calls, "active call")
    if pbx.max_calls:
        part = 100 * pbx.calls / pbx.max_calls
        calls = f"{pbx.calls} of {_plural(pbx.max_calls, 'max active call')} ({part:5.2f}% of capacity)"
    processed = _plural(pbx.calls_processed, "call")
    return f"{_plural(count, 'active channel')}\n{calls}\n{processed} processed\n"


def _short(channel: Channel) -> str:
    location = f"{channel.exten}@{channel.context}:{channel.priority}"
    application = f"{channel.application}({channel.application_data})" if channel.application else "(None)"
    return _SHORT.format(channel.name, location, STATE_WORDS[channel.state], application)


def _verbose(channel: Channel, now: float) -> str:
    return _VERBOSE.format(
        channel.name,
        channel.context,
        channel.exten,
        str(channel.priority),
        STATE_WORDS[channel.state],
        channel.application or "(None)",
        channel.application_data,
        channel.caller.number,
        duration(now - channel.created_at),
        channel.account_code,
        channel.peer_account,
        channel.bridge.uniqueid if channel.bridge is not None else "",
    )


def _concise(channel: Channel, now: float) -> str:
    fields = (
        channel.name,
        channel.context,
        channel.exten,
        str(channel.priority),
        STATE_WORDS[channel.state],
        channel.application or "(None)",
        channel.application_data,
        channel.caller.number,
        channel.account_code,
        channel.peer_account,
        str(channel.ama_flags),
        str(int(now - channel.created_at)),
        channel.bridge.uniqueid if channel.bridge is not None else "",
        channel.uniqueid,
    )
    return "!".join(fields) + "\n"


def _rows(title: str, rows: Iterable[tuple[str, object]]) -> str:
    return f" -- {title} --\n" + "".join(f"{name:>15}: {value}\n" for name, value in rows)


def _channel(node: Node, channel: Channel) -> str:
    now, bridge, media = time.time(), channel.bridge, channel.media
    caller, connected = channel.caller, channel.connected
    seconds = int(now - channel.created_at)
    codec = channel.audio_codec if media is not None else "(nothing)"
    general = _rows(
        "General",
        [
            ("Name", channel.name),
            ("Type", channel.technology),
            ("UniqueID", channel.uniqueid),
            ("LinkedID", channel.linkedid),
            ("Caller ID", caller.number or "(N/A)"),
            ("Caller ID Name", caller.name or "(N/A)"),
            ("Connected Line ID", connected.number or "(N/A)"),
            ("Connected Line ID Name", connected.name or "(N/A)"),
            ("Eff. Connected Line ID", connected.number or "(N/A)"),
            ("Eff. Connected Line ID Name", connected.name or "(N/A)"),
            ("DNID Digits", channel.dialed or "(N/A)"),
            ("Language", channel.language),
            ("State", f"{STATE_WORDS[channel.state]} ({channel.state.value})"),
            ("NativeFormats", f"({codec})"),
            ("WriteFormat", codec),
            ("ReadFormat", codec),
            ("Elapsed Time", f"{seconds // 3600}h{seconds // 60 % 60}m{seconds % 60}s"),
            ("Bridge ID", bridge.uniqueid if bridge is not None else "(Not bridged)"),
        ],
    )
    call = node.runner.call_on(channel) if channel.task is not None else None
    pbx = _rows(
        "  PBX  ",
        [
            ("Context", channel.context),
            ("Extension", channel.exten),
            ("Priority", channel.priority),
            ("Application", channel.application or "(N/A)"),
            ("Data", channel.application_data or "(Empty)"),
            ("Call Identifer", f"[C-{channel.call_id:08x}]"),
        ],
    )
    variables = {**channel.variables, **(dict(call.variables) if call is not None else {})}
    listed = "".join(f"{name}={value}\n" for name, value in variables.items())
    return f"{general}{pbx}      Variables:\n{listed}"


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_channels(commands)
    _declare_bridges(commands)


def _declare_channels(commands: Commands) -> None:
    @commands.add("core show channels [concise|verbose|count]")
    def show_channels(node: Node, words: list[str]) -> str:
        """Show the channels that there are."""
        form = words[0] if words else ""
        if form not in ("", "concise", "verbose", "count") or len(words) > 1:
            raise CommandError("Usage: core show channels [concise|verbose|count]")
        channels, now = list(node.pbx.channels.values()), time.time()
        match form:
            case "concise":
                return "".join(_concise(channel, now) for channel in channels)
            case "verbose":
                head = _VERBOSE.format(*_VERBOSE_HEAD)
                rows = "".join(_verbose(channel, now) for channel in channels)
            case "count":
                head = rows = ""
            case _:
                head = _SHORT.format("Channel", "Location", "State", "Application(Data)")
                rows = "".join(_short(channel) for channel in channels)
        return head + rows + _footer(node, len(channels))

    @commands.add("core show channel", "CHANNEL")
    def show_channel(node: Node, words: list[str]) -> str:
        """Show everything about a channel, with its variables."""
        if len(words) != 1:
            raise CommandError("Usage: core show channel CHANNEL")
        return _channel(node, find_channel(node, words[0]))

    @commands.add("core show calls [uptime]")
    def show_calls(node: Node, words: list[str]) -> str:
        """Show how many calls there are and were; with `uptime` for how long the node has been counting."""
        if words not in ([], ["uptime"], ["uptime", "seconds"]):
            raise CommandError("Usage: core show calls [uptime [seconds]]")
        pbx = node.pbx
        text = f"{_plural(pbx.calls, 'active call')}\n{_plural(pbx.calls_processed, 'call')} processed\n"
        seconds = int(time.time() - pbx.started_at)
        if words:
            text += f"System uptime: {seconds if len(words) == 2 else duration(seconds)}\n"
        return text

    @commands.add("core show channeltypes")
    def show_types(node: Node, words: list[str]) -> str:
        """Show the channel technologies."""
        line = "{:<15.15}  {:<40.40} {:<12.12} {:<13.13} {:<12.12} {:<12.12}\n"
        text = line.format("Type", "Description", "Devicestate", "Presencestate", "Indications", "Transfer")
        text += line.format(*("-" * 15, "-" * 11, "-" * 11, "-" * 13, "-" * 11, "-" * 11))
        for one in node.pbx.technologies.values():
            says = (type(one).__doc__ or "").partition("\n")[0].replace("`", "")
            transfers = "yes" if one.name in ("PJSIP", "Local") else "no"
            text += line.format(one.name, says, "yes", "no", "yes", transfers)
        return f"{text}----------\n{len(node.pbx.technologies)} channel drivers registered.\n"

    @commands.add("core show channeltype", "TECHNOLOGY")
    def show_type(node: Node, words: list[str]) -> str:
        """Show a channel technology."""
        if len(words) != 1:
            raise CommandError("Usage: core show channeltype TECHNOLOGY")
        found = node.pbx.technologies.get(words[0].upper())
        if found is None:
            raise CommandError(f"{words[0]} is not a registered channel driver.")
        says = (type(found).__doc__ or "").partition("\n")[0].replace("`", "")
        return f"-- Info about channel driver: {found.name} --\n  Device State: yes\n   Description: {says}\n"

    @commands.add("channel request hangup", "CHANNEL|all")
    def request_hangup(node: Node, words: list[str]) -> str:
        """End a channel, or all of them."""
        if len(words) != 1:
            raise CommandError("Usage: channel request hangup CHANNEL|all")
        every = words[0] == "all"
        channels = list(node.pbx.channels.values()) if every else [find_channel(node, words[0])]
        lines = [f"Requested Hangup on channel '{channel.name}'\n" for channel in channels]
        for channel in channels:
            channel.request_hangup(Cause.NORMAL_CLEARING)
        return "".join(lines)

    @commands.add("local show channels")
    def show_local(node: Node, words: list[str]) -> str:
        """Show the Local channels."""
        found = [one for one in node.pbx.channels.values() if one.technology == "Local"]
        rows = [f"{one.name} -- {one.exten}@{one.context}\n" for one in found]
        return "".join(rows) or "No local channels in use\n"


def _bridge(node: Node, words: list[str], usage: str) -> Bridge:
    if not words:
        raise CommandError(f"Usage: {usage}")
    for bridge in node.pbx.bridges:
        if words[0] in (bridge.uniqueid, bridge.name):
            return bridge
    raise CommandError(f"Bridge '{words[0]}' not found")


def _declare_bridges(commands: Commands) -> None:
    @commands.add("bridge show all")
    def show_all(node: Node, words: list[str]) -> str:
        """Show the bridges that there are."""
        line = "{:<36} {:>5} {:<15} {:<15} {}\n"
        now = time.time()
        text = line.format("Bridge-ID", "Chans", "Type", "Technology", "Duration")
        for one in sorted(node.pbx.bridges, key=lambda bridge: bridge.created_at):
            since = duration(now - one.created_at)
            text += line.format(one.uniqueid, len(one.channels), one.kind, one.technology, since)
        return text

    @commands.add("bridge show", "BRIDGE")
    def show(node: Node, words: list[str]) -> str:
        """Show a bridge and who is in it."""
        one = _bridge(node, words, "bridge show BRIDGE")
        rows = (
            ("Id", one.uniqueid),
            ("Type", one.kind),
            ("Technology", one.technology),
            ("Creator", one.creator),
            ("Name", one.name),
            ("Num-Channels", len(one.channels)),
            ("Num-Active", len(one.channels)),
            ("Duration", duration(time.time() - one.created_at)),
            *(("Channel", channel.name) for channel in one.channels),
        )
        return "".join(f"{name}: {value}\n" for name, value in rows)

    @commands.add("bridge destroy", "BRIDGE")
    def destroy(node: Node, words: list[str]) -> str:
        """End a bridge: its channels go on with what they did before, or hang up."""
        one = _bridge(node, words, "bridge destroy BRIDGE")
        one.dissolve()
        return f"Bridge '{one.uniqueid}' has been told to go away.\n"

    @commands.add("bridge kick", "BRIDGE CHANNEL")
    def kick(node: Node, words: list[str]) -> str:
        """Take a channel out of a bridge and end it."""
        one = _bridge(node, words, "bridge kick BRIDGE CHANNEL")
        channel = find_channel(node, words[1] if len(words) == 2 else "")
        if channel.bridge is not one:
            raise CommandError(f"Channel '{channel.name}' is not in bridge '{one.uniqueid}'")
        try:
            channel.request_hangup(Cause.NORMAL_CLEARING)
        except BridgeError as error:
            raise CommandError(str(error)) from error
        return f"Kicking channel '{channel.name}' from bridge '{one.uniqueid}'\n"

    @commands.add("bridge technology show")
    def show_technologies(node: Node, words: list[str]) -> str:
        """Show the ways in which the channels of a bridge are joined."""
        line = "{:<20} {:<20} {:>8} {:<9}\n"
        text = line.format("Name", "Type", "Priority", "Suspended")
        suspended = node.pbx.suspended_bridging
        return text + "".join(
            line.format(one.name, one.kind, one.priority, "Yes" if one.name in suspended else "No")
            for one in TECHNOLOGIES.values()
        )

    @commands.add("bridge technology {suspend|unsuspend}", "TECHNOLOGY")
    def change_technology(node: Node, words: list[str]) -> str:
        """Use a way to join two channels no more for bridges to come, or use it again.

        Without native_rtp all audio goes through this node; without simple_bridge two are mixed like more.
        """
        if len(words) != 2 or words[1] not in TECHNOLOGIES:
            raise CommandError("Usage: bridge technology {suspend|unsuspend} TECHNOLOGY")
        try:
            (suspend if words[0] == "suspend" else unsuspend)(node.pbx, words[1])
        except NotDispensableError as error:
            raise CommandError(str(error)) from error
        return f"{words[0].capitalize()}ed bridge technology '{words[1]}'\n"
