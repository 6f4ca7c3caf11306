"""Console commands of host names in the configuration: `dnsmgr status`, `dnsmgr refresh`, `dnsmgr reload`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("dnsmgr status")
    def status(node: Node, words: list[str]) -> str:
        """Show how often host names are looked up anew, and which addresses they stand for."""
        names = node.sip.names
        lines = [
            f"DNS Manager: {'enabled' if names.interval is not None else 'disabled'}",
            f"Refresh Interval: {node.snapshot.dnsmgr.refreshinterval} seconds",
            f"Number of entries: {len(names.names())}",
        ]
        lines += [f"  {name}: {', '.join(found) or '(unknown)'}" for name, found in names.names().items()]
        return "\n".join([*lines, ""])

    @commands.add("dnsmgr refresh", "[PATTERN]")
    def refresh(node: Node, words: list[str]) -> str:
        """Look host names up now: all, or those that match a pattern with * and ?."""
        if len(words) > 1:
            raise CommandError("Usage: dnsmgr refresh [PATTERN]")
        count = node.sip.names.refresh(*words)
        if not count:
            raise CommandError("No host name matches.")
        return f"Looking up {count} host name{'' if count == 1 else 's'}.\n"

    @commands.add("dnsmgr reload")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew, dnsmgr.conf with it; nothing changes when it has an error."""
        problems = await node.reload("dnsmgr")
        return "".join(f"{problem}\n" for problem in problems if problem.severity is Severity.ERROR)
