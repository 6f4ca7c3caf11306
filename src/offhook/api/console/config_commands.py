"""Console commands about configuration: its options, and what of it comes from databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api import modules
from offhook.api.console.commands import CommandError, Commands
from offhook.config.files.sorcery import MAILBOXES, OBJECTS
from offhook.config.known import KnownOption, known_objects, known_options

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

_USAGE = "Usage: config show help [MODULE [TYPE [OPTION]]]"


def _types(module: str) -> dict[str, str]:
    """The types of object of a module's files, and the file of each."""
    one = modules.find(module)
    return {name: file for file in (one.files if one is not None else ()) for name in known_objects(file)}


def _documented() -> list[str]:
    return [name for name in modules.known() if _types(name)]


def _option(one: KnownOption) -> str:
    default = f" (default: {one.default})" if one.default else ""
    values = f", one of {one.values}" if one.values else ""
    return f"{one.name:>35} -- {one.type or 'text'}{values}{default}"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("config show help", "[MODULE [TYPE [OPTION]]]")
    def show_help(node: Node, words: list[str]) -> str:
        """Show the options of a module's configuration: their types, values and defaults."""
        if len(words) > 3:
            raise CommandError(_USAGE)
        if not words:
            return "".join(f"\t{name}\n" for name in _documented())
        types = _types(words[0])
        if not types:
            raise CommandError(f"Module {words[0]} not found.")
        if len(words) == 1:
            rows = "".join(f"\t{name} ({file})\n" for name, file in types.items())
            return f"Configuration option types for {words[0]}:\n{rows}"
        if words[1] not in types:
            raise CommandError(f"Configuration type {words[1]} in {words[0]} not found.")
        options = known_options(types[words[1]], words[1])
        if len(words) == 2:
            rows = "".join(f"{_option(one)}\n" for one in options.values())
            return f"{words[1]}: [{types[words[1]]}]\n\n{rows}"
        found = options.get(words[2].lower())
        if found is None:
            raise CommandError(f"Configuration option {words[2]} of {words[1]} in {words[0]} not found.")
        return f"{_option(found)}\n"

    @commands.add("core show config mappings")
    def show_mappings(node: Node, words: list[str]) -> str:
        """Show which families of extconfig.conf are in which database."""
        rows: dict[str, list[str]] = {}
        for places in node.snapshot.families.values():
            for one in places:
                line = f"===> {one.family} (db={one.database}, table={one.table})"
                rows.setdefault(one.driver, []).append(line)
        if not rows:
            return "No config mappings found.\n"
        parts = [f"Config Engine: {driver}\n" + "\n".join(lines) for driver, lines in sorted(rows.items())]
        return "\n\n".join(parts) + "\n"

    @commands.add("sorcery show settings")
    def show_sorcery(node: Node, words: list[str]) -> str:
        """Show where objects come from: the file, families of a database, memory."""
        line = "{:<36} {:<14} {:<12} {}"
        lines = [line.format("Module", "Object type", "Wizard", "Data")]
        for module, kinds in OBJECTS.items():
            for kind, of in kinds.items():
                rows = [("realtime", family) for family in node.snapshot.sorcery.get(of, ())]
                if kind in node.snapshot.in_memory:
                    rows.append(("memory", ""))
                rows.append(
                    ("astdb", "") if of == MAILBOXES else ("config", f"pjsip.conf, criteria type={kind}")
                )
                lines += [line.format(module, kind, *row).rstrip() for row in rows]
        return "\n".join([*lines, ""])
