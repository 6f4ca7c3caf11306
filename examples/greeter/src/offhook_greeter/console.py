"""The console command `greeter show`."""

from typing import Any

from offhook.api.console.commands import Commands


def declare(commands: Commands) -> None:
    """Add the command."""

    @commands.add("greeter show", "NAME")
    def show(node: Any, words: list[str]) -> str:
        """Show a greeting."""
        return f"Hello {' '.join(words) or 'you'}\n"
