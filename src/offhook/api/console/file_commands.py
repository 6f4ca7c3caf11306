"""Console command that converts sound files: `file convert`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from offhook._core import convert_file
from offhook.api.console.commands import CommandError, Commands

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["declare"]


def _path(node: Node, name: str, *, there: bool) -> Path:
    """A file by its path; below the sounds folders when it has none."""
    path = Path(name)
    if path.is_absolute():
        return path
    folders = [Path(folder) for folder in node.pbx.sounds.folders]
    for folder in folders if there else ():
        if (folder / path).is_file():
            return folder / path
    return folders[0] / path


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("file convert", "FILE.FORMAT FILE.FORMAT")
    async def convert(node: Node, words: list[str]) -> str:
        """Write a sound file anew in another format; files without a path are below the sounds folder."""
        if len(words) != 2 or not all(Path(word).suffix for word in words):
            raise CommandError("Usage: file convert FILE.FORMAT FILE.FORMAT")
        source, target = _path(node, words[0], there=True), _path(node, words[1], there=False)
        try:
            length = await asyncio.to_thread(convert_file, str(source), str(target))
        except (OSError, ValueError) as error:
            raise CommandError(f"Unable to convert {words[0]} to {words[1]}: {error}") from error
        return f"Converted {source} to {target} ({length} ms of sound)\n"
