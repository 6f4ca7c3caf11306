"""Console commands of rows that are kept in memory: `sorcery memory cache ...`.

Objects of PJSIP that are rows of a database are always in memory as a whole (offhook.api.pjsip_rows), so
every type of them is a cache with Asterisk's name, `res_pjsip/endpoint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.api.pjsip_rows import READ_EVERY
from offhook.config.files.sorcery import OBJECTS

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _kind(node: Node, words: list[str], usage: str, *, with_object: bool = False) -> tuple[str, list[str]]:
    """The type of the cache that is named, and the names of its objects."""
    if not 1 <= len(words) <= 1 + 2 * with_object or words[2:] not in ([], ["reload"]):
        raise CommandError(f"Usage: {usage}")
    section, _, name = words[0].partition("/")
    kind = OBJECTS.get(section, {}).get(name, "")
    found = node.rows.names_of(kind)
    if found is None:
        raise CommandError(f"Specified sorcery memory cache '{words[0]}' does not exist")
    if len(words) > 1 and words[1] not in found:
        raise CommandError(f"Specified object '{words[1]}' does not exist in cache '{words[0]}'")
    return kind, found


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("sorcery memory cache show", "NAME")
    def show(node: Node, words: list[str]) -> str:
        """Show how many rows of a type are in memory, and how old they are: res_pjsip/endpoint."""
        _, found = _kind(node, words, "sorcery memory cache show NAME")
        return (
            f"Sorcery memory cache: {words[0]}\n"
            f"Number of objects within cache: {len(found)}\n"
            "There is no limit on the maximum number of objects in the cache\n"
            f"Number of seconds before object becomes stale: {READ_EVERY:.0f}\n"
            f"Number of seconds since they were read: {node.pbx.loop.time() - node.rows.read_at:.0f}\n"
            "Expire on reload: on\n"
        )

    @commands.add("sorcery memory cache dump", "NAME")
    def dump(node: Node, words: list[str]) -> str:
        """Show the rows of a type that are in memory."""
        _, found = _kind(node, words, "sorcery memory cache dump NAME")
        left = max(READ_EVERY - (node.pbx.loop.time() - node.rows.read_at), 0)
        line = "{:<36} {:>17}\n"
        head = f"Dumping sorcery memory cache '{words[0]}':\n * Object Name | Seconds to be read again\n"
        return head + "".join(line.format(name, f"{left:.0f}") for name in found)

    @commands.add("sorcery memory cache expire", "NAME [OBJECT [reload]]")
    async def expire(node: Node, words: list[str]) -> str:
        """Read the rows anew now, as they may have changed; one object's cannot be read alone."""
        _kind(node, words, "sorcery memory cache expire NAME [OBJECT [reload]]", with_object=True)
        await node.use_rows(read=True)
        if len(words) > 1:
            return f"Object '{words[1]}' successfully expired from sorcery memory cache '{words[0]}'\n"
        return f"All objects expired from sorcery memory cache '{words[0]}'\n"

    @commands.add("sorcery memory cache stale", "NAME [OBJECT [reload]]")
    def stale(node: Node, words: list[str]) -> str:
        """Have the rows read anew soon; until then those that are there count."""
        _kind(node, words, "sorcery memory cache stale NAME [OBJECT [reload]]", with_object=True)
        node.rows.stranger_came()
        if len(words) > 1:
            return f"Object '{words[1]}' successfully marked as stale in cache '{words[0]}'\n"
        return f"All objects in sorcery memory cache '{words[0]}' marked as stale\n"

    @commands.add("sorcery memory cache populate", "NAME")
    async def populate(node: Node, words: list[str]) -> str:
        """Read all rows of a type anew."""
        _kind(node, words, "sorcery memory cache populate NAME")
        await node.use_rows(read=True)
        return f"Expired all objects from sorcery memory cache '{words[0]}', and read them anew\n"
