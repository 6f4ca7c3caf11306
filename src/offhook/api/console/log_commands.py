"""Console commands about the log: `logger ...`, `core set verbose`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands, current_session
from offhook.api.console.debug_level_commands import level
from offhook.api.log_rotation import rotate_logs
from offhook.config.errors import Problems, Severity
from offhook.config.files.logger import log_file
from offhook.levels import KINDS

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core set verbose", "[atleast] LEVEL|off")
    def set_verbose(node: Node, words: list[str]) -> str:
        """Set up to which level VERBOSE lines are shown: 3 shows each step of the dialplan.

        In an interactive console for this console, else for the log.
        """
        usage = "core set verbose [atleast] LEVEL|off [silent]"
        quiet = words[-1:] == ["silent"]
        words = words[:-1] if quiet else words
        session = current_session.get()
        if session is None:
            before = node.logs.verbose
            depth = level(words, before, usage)
            node.logs.set_verbose(depth)
        else:
            before = session.verbose
            depth = level(words, before, usage)
            session.set_verbose(depth)
        if quiet:
            return ""
        if depth == before:
            return f"Console verbose is still {depth}.\n"
        return f"Console verbose was {before} and is now {depth}.\n"

    @commands.add("logger mute", "[silent]")
    def mute(node: Node, words: list[str]) -> str:
        """Show this console no more log lines, or show them again."""
        session = current_session.get()
        if session is None:
            raise CommandError("logger mute is for an interactive console: offhook -r")
        session.muted = not session.muted
        if words == ["silent"]:
            return ""
        return f"Console is {'muted' if session.muted else 'no longer muted'}.\n"

    @commands.add("logger set level {DEBUG|TRACE|NOTICE|WARNING|ERROR|VERBOSE|DTMF} {on|off}")
    def setlevel(node: Node, words: list[str]) -> str:
        """Show this console the log lines of a level, or no more; custom levels, too."""
        session = current_session.get()
        if session is None:
            raise CommandError("logger set level is for an interactive console: offhook -r")
        own = node.snapshot.logger.general.custom_levels
        if len(words) != 2 or words[1] not in ("on", "off") or words[0].lower() not in (*KINDS, *own):
            raise CommandError("Usage: logger set level LEVEL on|off")
        session.set_kind(words[0].lower(), words[1] == "on")
        state = "enabled" if words[1] == "on" else "disabled"
        return f"Logger status for '{words[0].upper()}' has been set to '{state}'.\n"

    @commands.add("logger reload")
    def reload(node: Node, words: list[str]) -> str:
        """Read logger.conf anew and open the log files again, after they have been moved away."""
        problems = node.reload_logs()
        lines = [str(problem) for problem in problems]
        if any(problem.severity is Severity.ERROR for problem in problems):
            lines.append("Not reloaded: the log stays as it is.")
        return "".join(f"{line}\n" for line in lines)

    @commands.add("logger rotate")
    async def rotate(node: Node, words: list[str]) -> str:
        """Give the log files the names of files of the past (rotatestrategy), and begin new ones."""
        return "".join(f"{text}\n" for text in await rotate_logs(node))

    @commands.add("logger add channel", "NAME LEVELS")
    def add_channel(node: Node, words: list[str]) -> str:
        """Write a further log file until `logger remove channel` or the end; levels as in logger.conf."""
        if len(words) < 2:
            raise CommandError("Usage: logger add channel NAME [FORMAT]LEVEL,LEVEL ...")
        own = node.snapshot.logger.general.custom_levels
        problems = Problems()
        file = log_file(words[0], " ".join(words[1:]), problems, own)
        wrong = [problem.what for problem in problems]
        if words[0] == "console" or words[0].startswith("syslog."):
            wrong.append("console and syslog are for logger.conf")
        if wrong:
            raise CommandError("\n".join(wrong))
        try:
            node.logs.add(file, node.paths.log / words[0])
        except (OSError, ValueError) as error:
            raise CommandError(f"Unable to add logger channel {words[0]!r}: {error}") from error
        return f"Added logger channel '{words[0]}'\n"

    @commands.add("logger remove channel", "NAME")
    def remove_channel(node: Node, words: list[str]) -> str:
        """Write a log file no more that `logger add channel` began."""
        if len(words) != 1 or not node.logs.remove(words[0]):
            raise CommandError(f"Unable to find dynamic logger channel '{' '.join(words)}'")
        return f"Removed dynamic logger channel '{words[0]}'\n"

    @commands.add("logger show channels")
    def show_channels(node: Node, words: list[str]) -> str:
        """Show where log lines go, in which form, which levels, and how many have gone there."""
        logs = node.logs
        line = "{:<35} {:<8} {:<10} {:<9} {}"
        lines = [f"Logger queue limit: {logs.limit}", ""]
        lines.append(line.format("Channel", "Type", "Formatter", "Status", "Configuration"))
        lines.append(line.format("-------", "----", "---------", "------", "-------------"))
        for one in logs.destinations:
            depth = "" if one.depth is None else f"({one.depth})"
            levels = " ".join(
                f"{kind.upper()}{depth if kind == 'verbose' else ''}" for kind in sorted(one.kinds)
            )
            counted = f"{one.written} lines" + (f", {one.failures} failed" if one.failures else "")
            status = "Disabled" if one.failures and not one.written else "Enabled"
            lines.append(line.format(one.name, one.type, one.form.name, status, f" - {levels} - {counted}"))
        lines.append(f"\nLines dropped: {logs.dropped}")
        return "\n".join(lines) + "\n"

    @commands.add("logger show levels")
    def show_levels(node: Node, words: list[str]) -> str:
        """Show the levels that there are."""
        own = node.snapshot.logger.general.custom_levels
        return "".join(f"{kind.upper()}\n" for kind in (*KINDS, *own))
