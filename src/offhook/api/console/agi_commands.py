"""Console commands about AGI: `agi show commands`, `agi set debug`, `agi exec`."""

from __future__ import annotations

import asyncio
import html
from typing import TYPE_CHECKING

from offhook.api.agi.async_agi import async_agi_of
from offhook.api.agi.commands import COMMANDS, AgiCommand
from offhook.api.agi.session import AgiDebug
from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _one(command: AgiCommand) -> str:
    dead = "Yes" if command.dead else "No"
    return (
        f"[Syntax]\n{command.usage}\n\n[Synopsis]\n{command.synopsis}\n\n[Runs Dead]\n{dead}\n\n"
        f"[Description]\n{command.help}\n"
    )


def _page() -> str:
    """All commands as HTML."""
    parts = ["<!DOCTYPE html>\n<html><head><meta charset='utf-8'><title>AGI Commands</title></head><body>"]
    parts.append("<h1>AGI Commands</h1>")
    for key in sorted(COMMANDS):
        one = COMMANDS[key]
        parts.append(f"<h2>{html.escape(one.name)}</h2><p><code>{html.escape(one.usage)}</code></p>")
        parts.append(f"<p>Runs dead: {'yes' if one.dead else 'no'}</p><pre>{html.escape(one.help)}</pre>")
    return "\n".join([*parts, "</body></html>", ""])


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("agi show commands [topic]", "[WORDS]")
    def show_commands(node: Node, words: list[str]) -> str:
        """List the AGI commands, or show one whole."""
        if words[:1] == ["topic"] and len(words) > 1:
            wanted = tuple(word.upper() for word in words[1:])
            exact = COMMANDS.get(wanted)
            if exact is not None:
                return _one(exact)
            words = words[1:]
        elif words:
            raise CommandError("Usage: agi show commands [topic WORDS]")
        wanted = tuple(word.upper() for word in words)
        found = sorted(key for key in COMMANDS if key[: len(wanted)] == wanted)
        if not found:
            return f"No such command '{' '.join(words)}'.\n"
        lines = [f"{'Dead':>4} {'Command':>25}   Description"]
        for key in found:
            command = COMMANDS[key]
            dead = "Yes" if command.dead else "No"
            lines.append(f"{dead:>4} {command.name.lower():>25}   {command.synopsis}")
        return "\n".join(lines) + "\n"

    @commands.add("agi dump html", "FILE")
    async def dump(node: Node, words: list[str]) -> str:
        """Write a page about all AGI commands; a name alone is a file in the log folder."""
        if len(words) != 1:
            raise CommandError("Usage: agi dump html FILE")
        path = node.paths.log / words[0]
        try:
            await asyncio.to_thread(path.write_text, _page(), "utf-8")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise CommandError(f"Could not create file '{path}': {reason}") from error
        return f"AGI HTML commands dumped to: {path}\n"

    @commands.add("agi set debug [on|off]")
    def set_debug(node: Node, words: list[str]) -> str:
        """Write every AGI command and reply to the log, or stop that."""
        match words:
            case ["on"]:
                node.pbx.add_service(AgiDebug())
                return "AGI Debugging Enabled\n"
            case ["off"]:
                node.pbx.remove_service(AgiDebug)
                return "AGI Debugging Disabled\n"
            case _:
                raise CommandError("Usage: agi set debug on|off")

    @commands.add("agi exec", "CHANNEL COMMAND [ID]")
    def execute(node: Node, words: list[str]) -> str:
        """Have a channel in Async AGI carry out an AGI command; one with spaces stands in quotes."""
        if len(words) < 2:
            raise CommandError("Usage: agi exec CHANNEL COMMAND [ID]")
        channel = node.pbx.channel(words[0])
        if channel is None:
            raise CommandError(f"Channel {words[0]} does not exist.")
        asynchronous = async_agi_of(node.runner, channel)
        if asynchronous is None:
            raise CommandError(f"Channel {words[0]} is not in Async AGI.")
        quoted = " " in words[1]
        line = words[1] if quoted else " ".join(words[1:])
        command_id = words[2] if quoted and len(words) > 2 else ""
        if not asynchronous.submit(line, command_id):
            raise CommandError("The channel has too many commands waiting.")
        return f"Added AGI command to channel {channel.name} queue\n"
