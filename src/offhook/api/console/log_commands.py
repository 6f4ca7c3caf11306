"""Console commands about the log: `logger ...`, `core set verbose`, `core set debug`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity
from offhook.levels import KINDS

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_MOST = 100


def _level(words: list[str], before: int, usage: str) -> int:
    """`N`, `atleast N`, `off`."""
    if words == ["off"]:
        return 0
    at_least = words[:1] == ["atleast"]
    if len(words) != 1 + at_least or not words[-1].isascii() or not words[-1].isdigit():
        raise CommandError(f"Usage: {usage}")
    level = min(int(words[-1][:4]), _MOST)
    return max(level, before) if at_least else level


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core set verbose", "[atleast] LEVEL|off")
    def set_verbose(node: Node, words: list[str]) -> str:
        """Set up to which level VERBOSE lines are written: 3 shows each step of the dialplan."""
        before = node.logs.verbose
        node.logs.set_verbose(_level(words, before, "core set verbose [atleast] LEVEL|off"))
        return f"Console verbose was {before} and is now {node.logs.verbose}.\n"

    @commands.add("core set debug", "[atleast] LEVEL|off")
    def set_debug(node: Node, words: list[str]) -> str:
        """Set whether DEBUG lines are written: more than 0."""
        before = node.logs.debug
        node.logs.set_debug(_level(words, before, "core set debug [atleast] LEVEL|off"))
        return f"Core debug was {before} and is now {node.logs.debug}.\n"

    @commands.add("logger reload")
    def reload(node: Node, words: list[str]) -> str:
        """Read logger.conf anew and open the log files again, after they have been moved away."""
        problems = node.reload_logs()
        lines = [str(problem) for problem in problems]
        if any(problem.severity is Severity.ERROR for problem in problems):
            lines.append("Not reloaded: the log stays as it is.")
        return "".join(f"{line}\n" for line in lines)

    @commands.add("logger show channels")
    def show_channels(node: Node, words: list[str]) -> str:
        """Show where log lines go, and how many have gone there."""
        logs = node.logs
        lines = [f"{'Channel':<40} {'Lines':>9} {'Failed':>7} {'Format':<8} Levels"]
        for one in logs.destinations:
            depth = "" if one.depth is None else f"({one.depth})"
            kinds = " ".join(
                f"{kind.upper()}{depth if kind == 'verbose' else ''}" for kind in sorted(one.kinds)
            )
            lines.append(f"{one.name:<40} {one.written:>9} {one.failures:>7} {one.form.name:<8} {kinds}")
        lines.append(f"Queue limit {logs.limit}, lines dropped {logs.dropped}")
        return "\n".join(lines) + "\n"

    @commands.add("logger show levels")
    def show_levels(node: Node, words: list[str]) -> str:
        """Show the levels that there are."""
        own = node.snapshot.logger.general.custom_levels
        return "".join(f"{kind.upper()}\n" for kind in (*KINDS, *own))
