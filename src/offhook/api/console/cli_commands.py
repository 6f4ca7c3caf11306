"""Console commands about the console: who may use what (cli_permissions.conf), aliases (cli_aliases.conf)."""

from __future__ import annotations

import grp
from typing import TYPE_CHECKING

from offhook.api.console.callers import Caller, known_caller
from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.config.files.cli import CommandRule

__all__ = ["declare"]


def _rules(title: str, rules: tuple[CommandRule, ...]) -> list[str]:
    lines = [title, "Permissions:"]
    return [*lines, *(f"\t{'permit' if one.permit else 'deny':<8} -> {one.command}" for one in rules), ""]


def _caller(text: str) -> Caller:
    """`user`, `@group` or `user@group`."""
    user, at, group = text.partition("@")
    if group:
        try:
            grp.getgrnam(group)
        except (KeyError, ValueError):  # ValueError: NUL in it
            raise CommandError(f"Unknown group '{group}'") from None
    if not user:
        return Caller("", (group,))
    try:
        return Caller(user, (group,)) if at else known_caller(user)
    except (KeyError, ValueError):  # ValueError: NUL in it
        raise CommandError(f"Unknown user '{user}'") from None


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("cli show permissions")
    def show_permissions(node: Node, words: list[str]) -> str:
        """Show who may use which commands."""
        conf = node.snapshot.cli_permissions
        lines = [f"Default permission: {'permit' if conf.default else 'deny'}", ""]
        for name, rules in sorted(conf.users.items()):
            lines += _rules(f"User: {name}", rules)
        for name, rules in sorted(conf.groups.items()):
            lines += _rules(f"Group: {name}", rules)
        return "\n".join(lines)

    @commands.add("cli check permissions", "USER|@GROUP|USER@GROUP [COMMAND]")
    def check_permissions(node: Node, words: list[str]) -> str:
        """Show whether a user or group may use a command, or all commands that they may use."""
        if not words:
            raise CommandError("Usage: cli check permissions {USER|@GROUP|USER@GROUP} [COMMAND]")
        caller, conf = _caller(words[0]), node.snapshot.cli_permissions
        who = f"User '{words[0]}'" if caller.user else f"Group '{words[0][1:]}'"
        if len(words) == 1:
            allowed = [one for one in commands.all() if conf.permits(*caller, one.name)]
            return "".join(f"{one.whole:>30.30} -- {one.synopsis}\n" for one in allowed)
        found = commands.find_words(words[1:])
        if found is None:
            raise CommandError(f"Unknown command '{' '.join(words[1:])}'")
        name = found[0].name
        verb = "is allowed" if conf.permits(*caller, name) else "is not allowed"
        return f"{who} {verb} to run command: '{name}'\n"

    @commands.add("cli reload permissions")
    async def reload_permissions(node: Node, words: list[str]) -> str:
        """Read all configuration anew, cli_permissions.conf with it; nothing changes when it has an error."""
        problems = await node.reload("cli_permissions.conf")
        errors = [str(problem) for problem in problems if problem.severity is Severity.ERROR]
        return "".join(f"{error}\n" for error in errors)

    @commands.add("cli show aliases")
    def show_aliases(node: Node, words: list[str]) -> str:
        """Show the further names of commands."""
        rows = sorted(node.snapshot.cli_aliases.items())
        line = "{:<50.50} {:<50.50}"
        lines = [line.format("Alias Command", "Real Command")]
        return "\n".join([*lines, *(line.format(*row).rstrip() for row in rows), ""])
