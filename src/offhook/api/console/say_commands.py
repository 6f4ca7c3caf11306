"""Console command of how numbers and dates are said: `say load`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.features.saying import Saying

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("say load [new|old]")
    def load(node: Node, words: list[str]) -> str:
        """Show whether numbers and dates are said by say.conf (new) or by the program (old), or choose."""
        saying = node.pbx.service(Saying) or Saying()
        if not words:
            languages = ", ".join(saying.rules.languages) or "none"
            return f"say mode is [{'new' if saying.by_rules else 'old'}]\nlanguages with rules: {languages}\n"
        if words not in (["new"], ["old"]):
            raise CommandError("Usage: say load [new|old]")
        if words == ["new"] and not saying.rules.languages:
            raise CommandError("say.conf has no rules: numbers and dates are said as before")
        before, saying.by_rules = saying.by_rules, words == ["new"]
        return f"setting say mode from [{'new' if before else 'old'}] to [{words[0]}]\n"
