"""Console commands of databases: `realtime load`, `update`, `update2`, `store`, `destroy`, `odbc show`."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, TypeVar

from offhook.api.console.commands import CommandError, Commands
from offhook.features.realtime import Realtime, RealtimeError

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]

T = TypeVar("T")


async def _done(work: Awaitable[T]) -> T:
    try:
        return await work
    except RealtimeError as error:
        raise CommandError(str(error)) from None


def _engine(node: Node) -> Realtime:
    return node.records.realtime


def _need(ok: bool, usage: str) -> None:
    if not ok:
        raise CommandError(f"Usage: {usage}")


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("realtime load", "FAMILY COLUMN VALUE")
    async def load(node: Node, words: list[str]) -> str:
        """Show the rows of a family that have a value in a column."""
        _need(len(words) == 3, "realtime load <family> <colmatch> <value>")
        rows = await _done(_engine(node).find_all(words[0], [(words[1], words[2])]))
        if not rows:
            return f"No rows found matching search criteria in {words[0]}.\n"
        lines = [f"{'Column':>30}  {'Value':<30}", f"{'-' * 20:>30}  {'-' * 20:<30}"]
        for row in rows:
            lines += [f"{name:>30}  {value:<30}" for name, value in row]
            lines.append("")
        return "\n".join(lines) + "\n"

    @commands.add("realtime update", "FAMILY COLUMN VALUE NEWCOLUMN NEWVALUE")
    async def update(node: Node, words: list[str]) -> str:
        """Set a column of the rows of a family that have a value in another."""
        _need(len(words) == 5, "realtime update <family> <colmatch> <valuematch> <colupdate> <newvalue>")
        family, column, value, changed, new = words
        count = await _done(_engine(node).update(family, [(column, value)], [(changed, new)]))
        return f"Updated {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime update2", "FAMILY COLUMN VALUE ... { COLUMN VALUE ...")
    async def update2(node: Node, words: list[str]) -> str:
        """Set columns of the rows that meet several conditions; `{` stands between conditions and changes."""
        conditions, changes = words[1:], list[str]()
        if "{" in words:
            at = words.index("{")
            conditions, changes = words[1:at], words[at + 1 :]
        ok = bool(conditions and changes) and len(conditions) % 2 == 0 == len(changes) % 2
        _need(ok, "realtime update2 <family> <colmatch> <valuematch> [...] { <colupdate> <newvalue> [...]")
        count = await _done(_engine(node).update(words[0], _pairs(conditions), _pairs(changes)))
        return f"Updated {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime store", "FAMILY COLUMN VALUE ...")
    async def store(node: Node, words: list[str]) -> str:
        """Add a row to a family."""
        _need(len(words) >= 3 and len(words) % 2 == 1, "realtime store <family> <column> <value> [...]")
        await _done(_engine(node).store(words[0], _pairs(words[1:])))
        return "Stored RealTime record.\n"

    @commands.add("realtime destroy", "FAMILY COLUMN VALUE ...")
    async def destroy(node: Node, words: list[str]) -> str:
        """Remove the rows of a family that have these values."""
        _need(
            len(words) >= 3 and len(words) % 2 == 1, "realtime destroy <family> <colmatch> <valuematch> [...]"
        )
        count = await _done(_engine(node).destroy(words[0], _pairs(words[1:])))
        return f"Removed {count} RealTime record{'s' if count != 1 else ''}.\n"

    @commands.add("realtime show families")
    def families(node: Node, words: list[str]) -> str:
        """Show where the rows of each family are."""
        lines = [f"{'Family':<24} {'Driver':<8} {'Database':<32} Table"]
        lines += [
            f"{one.family:<24} {one.driver:<8} {one.database:<32} {one.table}"
            for places in _engine(node).families.values()
            for one in places
        ]
        return "\n".join(lines) + "\n"

    @commands.add("odbc show", "[NAME|all]")
    def odbc_show(node: Node, words: list[str]) -> str:
        """Show the databases, and whether they can be reached."""
        databases = node.records.databases
        names = [name for name in databases.names if not words or words[0] in ("all", name)]
        lines = ["", "ODBC DSN Settings", "-----------------", ""]
        for name in names:
            conf, opened = node.snapshot.databases.get(name), databases.opened(name)
            if conf is None:
                continue
            state = "not used yet" if opened is None else "not reachable" if opened.is_down else "connected"
            active = opened.active if opened is not None else 0
            lines += [
                f"  Name:   {name}",
                f"  DSN:    {databases.shown_url(name)}",
                f"    Number of active connections: {active} (out of {conf.connections})",
                f"    State: {state}",
                "",
            ]
        return "\n".join(lines) + "\n"


def _pairs(words: list[str]) -> list[tuple[str, str]]:
    return list(zip(words[::2], words[1::2], strict=True))
