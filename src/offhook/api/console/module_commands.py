"""Console commands about modules: what of Asterisk's is here, and what of it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api import modules
from offhook.api.console.commands import CommandError, Commands
from offhook.api.loaded import NotLoadableError
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_LINE = "{:<30.30} {:<40.40} {:<10} {:<11} {:>13}"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("module show [like]", "[WORD]")
    def show(node: Node, words: list[str]) -> str:
        """List the modules of Asterisk that are here and loaded."""
        if words and (words[0] != "like" or len(words) != 2):
            raise CommandError("Usage: module show [like WORD]")
        word = words[1].lower() if words else ""
        found = [one for one in node.modules.running() if word in f"{one.name}.so".lower()]
        lines = [_LINE.format("Module", "Description", "Use Count", "Status", "Support Level")]
        lines += [
            _LINE.format(f"{one.name}.so", one.description, one.use_count(node.pbx), "Running", one.support)
            for one in found
        ]
        return "\n".join([*lines, f"{len(found)} modules loaded", ""])

    @commands.add("module reload", "[MODULE]")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew; nothing changes when it has an error."""
        name = words[0] if words else ""
        if name and modules.find(name) is None:
            raise CommandError(f"No such module '{name}'")
        if name and not node.modules.is_running(name):
            raise CommandError(f"The module '{name}' was not loaded, and cannot be reloaded")
        problems = await node.reload(name or "All")
        errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
        if errors:
            return "\n".join([*errors, "The module did not reload: the running configuration stays.", ""])
        return f"Module '{name}' reloaded successfully.\n" if name else ""

    @commands.add("module load", "MODULE")
    async def load(node: Node, words: list[str]) -> str:
        """Load a module that was left out: what it offers is there again."""
        _usage(words, "load")
        for name in words:
            await _change(node, name, True, f"Unable to load module {name}")
        return "".join(f"Loaded {name}\n" for name in words)

    @commands.add("module unload", "MODULE")
    async def unload(node: Node, words: list[str]) -> str:
        """Take away what a module offers until it is loaded again; not while a call executes it."""
        _usage(words, "unload")
        for name in words:
            await _change(node, name, False, f"Unable to unload resource {name}")
        return "".join(f"Unloaded {name}\n" for name in words)

    @commands.add("module refresh", "MODULE")
    async def refresh(node: Node, words: list[str]) -> str:
        """Take a module away and load it again."""
        _usage(words, "refresh")
        for name in words:
            await _change(node, name, False, f"Unable to unload resource {name}")
            await _change(node, name, True, f"Unable to load module {name}")
        return "".join(f"Unloaded and loaded {name}\n" for name in words)


def _usage(words: list[str], what: str) -> None:
    if not words:
        raise CommandError(f"Usage: module {what} MODULE ...")


async def _change(node: Node, name: str, wanted: bool, failed: str) -> None:
    try:
        await node.change_module(name, wanted)
    except NotLoadableError as error:
        raise CommandError(f"{failed}\n{error}") from None
