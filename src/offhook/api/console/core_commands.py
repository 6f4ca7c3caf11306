"""Console commands about the node: its version, uptime, memory, help, reload."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from offhook import __version__
from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.node import Node

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

    @commands.add("core show uptime [seconds]")
    def show_uptime(node: Node, words: list[str]) -> str:
        """Show how long the node has been running, and since when it has this configuration."""
        if words not in ([], ["seconds"]):
            raise CommandError("Usage: core show uptime [seconds]")
        now = time.time()
        up, reloaded = now - node.pbx.started_at, now - node.reloaded_at
        if words:
            return f"System uptime: {int(up)}\nLast reload: {int(reloaded)}\n"
        return f"System uptime: {_words(up)}\nLast reload: {_words(reloaded)}\n"

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
        """List the commands, those that begin with some words, or explain one."""
        found = commands.matching(words)
        if not found:
            raise CommandError(f"No such command '{' '.join(words)}'.")
        exact = commands.find(" ".join(words))
        if exact is not None and not exact[1]:
            command = exact[0]
            return f"Usage: {command.whole}\n       {command.help.replace(chr(10), chr(10) + ' ' * 7)}\n"
        return "".join(f"{command.pattern:>30} -- {command.synopsis}\n" for command in found)

    @commands.add("!", "[COMMAND]")
    def shell(node: Node, words: list[str]) -> str:
        """Run a command of the system; the interactive console does that, where it was started."""
        raise CommandError("! works in the interactive console: offhook -r")
