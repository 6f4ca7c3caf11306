"""Console commands of sounds that come from web servers: `media cache ...`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.features.media_cache import MediaCache, MediaCacheError

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _cache(node: Node) -> MediaCache:
    found = node.pbx.service(MediaCache)
    if found is None:
        raise CommandError("This node has no media cache.")
    return found


def _clock(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment)) if moment else "each time"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("media cache show all")
    def show_all(node: Node, words: list[str]) -> str:
        """Show the sounds of web servers that are kept."""
        entries = _cache(node).entries()
        rows = [f"{one.uri}\n\t{one.path}\n" for one in entries]
        return "URI\n\tLocal File\n---------------\n" + "".join(rows) + f"{len(entries)} items found\n"

    @commands.add("media cache show", "URI")
    def show(node: Node, words: list[str]) -> str:
        """Show what is kept of a URI."""
        found = _cache(node).find(words[0]) if len(words) == 1 else None
        if found is None:
            raise CommandError(f"Unable to find '{' '.join(words)}' in the media cache")
        rows = (
            ("URI", found.uri),
            ("Local File Location", found.path),
            ("Asked for again after", "never" if found.by_hand else _clock(found.expires)),
            ("ETag", found.etag),
            ("Last-Modified", found.modified),
            ("Last used", _clock(found.used)),
        )
        return "".join(f"{name}: {value}\n" for name, value in rows if value)

    @commands.add("media cache create", "URI FILE")
    def create(node: Node, words: list[str]) -> str:
        """Use a file of this machine for a URI, until `media cache delete`."""
        if len(words) != 2:
            raise CommandError("Usage: media cache create URI FILE")
        try:
            _cache(node).put(words[0], Path(words[1]))
        except MediaCacheError as error:
            raise CommandError(f"Unable to create media cache item for URI '{words[0]}': {error}") from error
        return f"Created cached item for URI '{words[0]}'\n"

    @commands.add("media cache refresh", "URI")
    async def refresh(node: Node, words: list[str]) -> str:
        """Ask a web server for a sound now; one that has not changed stays."""
        if len(words) != 1:
            raise CommandError("Usage: media cache refresh URI")
        try:
            path = await _cache(node).fetch(words[0], again=True)
        except MediaCacheError as error:
            raise CommandError(f"Unable to refresh '{words[0]}': {error}") from error
        return f"Refreshed cache item for URI '{words[0]}': {path}\n"

    @commands.add("media cache delete", "URI")
    def delete(node: Node, words: list[str]) -> str:
        """Forget a sound of a web server, and its file."""
        if len(words) != 1 or not _cache(node).delete(words[0]):
            raise CommandError(f"Unable to delete '{' '.join(words)}': it is not in the media cache")
        return f"Deleted cache item for URI '{words[0]}'\n"
