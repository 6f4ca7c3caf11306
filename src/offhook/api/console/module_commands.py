"""Console commands about modules: what of Asterisk's is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api import modules
from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_LINE = "{:<30.30} {:<40.40} {:<10} {:<11} {:>13}"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("module show", "[like WORD]")
    def show(node: Node, words: list[str]) -> str:
        """List the modules of Asterisk that are here."""
        if words and (words[0] != "like" or len(words) != 2):
            raise CommandError("Usage: module show [like WORD]")
        word = words[1].lower() if words else ""
        found = [one for one in modules.running(node.snapshot.modules) if word in f"{one.name}.so".lower()]
        lines = [_LINE.format("Module", "Description", "Use Count", "Status", "Support Level")]
        lines += [_LINE.format(f"{one.name}.so", one.description, 0, "Running", one.support) for one in found]
        return "\n".join([*lines, f"{len(found)} modules loaded", ""])

    @commands.add("module reload", "[MODULE]")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew; nothing changes when it has an error."""
        name = words[0] if words else ""
        if name and modules.find(name) is None:
            raise CommandError(f"No such module '{name}'")
        problems = await node.reload(name or "All")
        errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
        if errors:
            return "\n".join([*errors, "The module did not reload: the running configuration stays.", ""])
        return f"Module '{name}' reloaded successfully.\n" if name else ""

    @commands.add("module load", "MODULE")
    async def load(node: Node, words: list[str]) -> str:
        """Have a module there that modules.conf leaves out; most need not be loaded."""
        if len(words) != 1:
            raise CommandError("Usage: module load MODULE")
        found = modules.find(words[0])
        if found is None or not found.is_provided:
            raise CommandError(f"Unable to load module {words[0]}")
        await node.use_module(found.name, True)
        return f"Loaded {words[0]}\n"

    @commands.add("module unload", "MODULE")
    async def unload(node: Node, words: list[str]) -> str:
        """Leave out a module from now on: one of those that modules.conf can leave out."""
        if len(words) != 1:
            raise CommandError("Usage: module unload MODULE")
        found = modules.find(words[0])
        if found is None or not await node.use_module(found.name, False):
            raise CommandError(f"Unable to unload resource {words[0]}")
        return f"Unloaded {words[0]}\n"
