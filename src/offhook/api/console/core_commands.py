"""Console commands about the node and its channels."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from offhook import __version__
from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity
from offhook.pbx.causes import Cause

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.pbx.channel import Channel

__all__ = ["declare"]


def _words(seconds: float) -> str:
    """As Asterisk words an uptime: `1 day, 2 hours, 3 minutes, 4 seconds`."""
    left = int(seconds)
    parts: list[str] = []
    for size, name in ((604800, "week"), (86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core waitfullybooted")
    async def wait_fully_booted(node: Node, words: list[str]) -> str:
        """Wait until the node is ready."""
        await node.fully_booted.wait()
        return "Asterisk has fully booted.\n"

    @commands.add("core show version")
    def show_version(node: Node, words: list[str]) -> str:
        """Show the version."""
        return f"Offhook {__version__}\n"

    @commands.add("core show uptime", "[seconds]")
    def show_uptime(node: Node, words: list[str]) -> str:
        """Show how long the node has been running."""
        seconds = time.time() - node.pbx.started_at
        text = f"{int(seconds)}" if words[:1] == ["seconds"] else _words(seconds)
        return f"System uptime: {text}\n"

    @commands.add("core show channels", "[concise|verbose|count]")
    def show_channels(node: Node, words: list[str]) -> str:
        """Show the channels that there are."""
        channels = list(node.pbx.channels.values())
        form = words[0] if words else ""
        if form not in ("", "concise", "verbose", "count"):
            raise CommandError("Usage: core show channels [concise|verbose|count]")
        if form == "concise":
            return "".join(_concise(channel) for channel in channels)
        lines: list[str] = []
        if form != "count":
            lines.append(f"{'Channel':<20.20} {'Location':<20.20} {'State':<7.7} Application(Data)")
            for channel in channels:
                location = f"{channel.exten}@{channel.context}:{channel.priority}"
                application = (
                    f"{channel.application}({channel.application_data})" if channel.application else "(None)"
                )
                lines.append(
                    f"{channel.name:<20.20} {location:<20.20} {channel.state.name.title():<7.7} {application}"
                )
        count = len(channels)
        calls = sum(1 for channel in channels if not channel.outgoing)
        lines.append(f"{count} active channel{'' if count == 1 else 's'}")
        lines.append(f"{calls} active call{'' if calls == 1 else 's'}")
        processed = node.pbx.calls_processed
        lines.append(f"{processed} call{'' if processed == 1 else 's'} processed")
        return "\n".join(lines) + "\n"

    @commands.add("core show tasks")
    def show_tasks(node: Node, words: list[str]) -> str:
        """Show the tasks of the event loop: one for each channel that runs dialplan, and few others."""
        current = asyncio.current_task()
        names = sorted(task.get_name() for task in asyncio.all_tasks() if task is not current)
        return "\n".join([*names, f"{len(names)} task{'' if len(names) == 1 else 's'}"]) + "\n"

    @commands.add("media show counters")
    def show_media(node: Node, words: list[str]) -> str:
        """Show the media ports that are open and what the media engine has counted."""
        media = node.pbx.media
        counters = {**media.stats(), "ports": media.ports()}
        return "".join(f"{name:<40} {value}\n" for name, value in sorted(counters.items()))

    @commands.add("malloc trim")
    def trim(node: Node, words: list[str]) -> str:
        """Give memory that is free back to the system now; it happens by itself when a rush is over."""
        node.give_back_memory()
        return "Returned some memory to the OS.\n"

    @commands.add("channel request hangup", "CHANNEL|all")
    def request_hangup(node: Node, words: list[str]) -> str:
        """End a channel, or all of them."""
        if len(words) != 1:
            raise CommandError("Usage: channel request hangup CHANNEL|all")
        if words[0] == "all":
            channels = list(node.pbx.channels.values())
        else:
            channel = node.pbx.channel(words[0])
            if channel is None:
                raise CommandError(f"{words[0]} is not a known channel")
            channels = [channel]
        lines = [f"Requested Hangup on channel '{channel.name}'" for channel in channels]
        for channel in channels:
            channel.request_hangup(Cause.NORMAL_CLEARING)
        return "\n".join(lines) + "\n"

    for manner in ("now", "gracefully", "when convenient"):

        @commands.add(f"core stop {manner}")
        def stop(node: Node, words: list[str]) -> str:
            """Hang up all calls and stop."""
            node.request_stop()
            return ""

    @commands.add("core reload")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew; nothing changes when it has an error."""
        problems = await node.reload()
        lines = [str(problem) for problem in problems]
        refused = any(problem.severity is Severity.ERROR for problem in problems)
        lines.append("Not reloaded: the running configuration stays." if refused else "Reloaded.")
        return "\n".join(lines) + "\n"

    @commands.add("core show help", "[COMMAND]")
    def show_help(node: Node, words: list[str]) -> str:
        """List the commands, or explain one."""
        wanted = " ".join(words)
        lines: list[str] = []
        for command in commands.all():
            if command.name.startswith(wanted):
                synopsis = command.help.partition("\n")[0]
                lines.append(f"{command.name + ' ' + command.usage:<44} {synopsis}")
        if not lines:
            raise CommandError(f"No such command '{wanted}'.")
        return "\n".join(lines) + "\n"


def _concise(channel: Channel) -> str:
    seconds = int(time.time() - channel.created_at)
    bridge = channel.bridge.uniqueid if channel.bridge is not None else ""
    fields = (
        channel.name,
        channel.context,
        channel.exten,
        str(channel.priority),
        channel.state.name.title(),
        channel.application or "(None)",
        channel.application_data,
        channel.caller.number,
        channel.account_code,
        "",
        str(channel.ama_flags),
        str(seconds),
        bridge,
        channel.uniqueid,
    )
    return "!".join(fields) + "\n"
