"""Console command of key files: `keys show`."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from offhook.api.console.commands import Commands

if TYPE_CHECKING:
    from pathlib import Path

    from offhook.api.node import Node

__all__ = ["declare"]

_LARGEST = 65_536  # bytes; no key is longer


def _status(content: bytes) -> str:
    if b"-----BEGIN " not in content or b" KEY-----" not in content:
        return "[No key]"
    locked = b"ENCRYPTED PRIVATE KEY" in content or b"Proc-Type: 4,ENCRYPTED" in content
    return "[Needs Passcode]" if locked else "[Loaded]"


def _rows(folder: Path) -> list[str]:
    rows: list[str] = []
    for path in sorted(folder.glob("*")):
        kind = {".pub": "PUBLIC", ".key": "PRIVATE"}.get(path.suffix)
        if kind is None or not path.is_file():
            continue
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST)
        except OSError as error:
            rows.append(f"{path.stem:<18} {kind:<8} {f'[{error.strerror}]':<16}")
            continue
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()  # to compare two files by eye
        rows.append(f"{path.stem:<18} {kind:<8} {_status(content):<16} {digest}")
    return rows


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("keys show")
    async def show(node: Node, words: list[str]) -> str:
        """Show the RSA keys that are in the keys folder: NAME.pub, NAME.key."""
        rows = await asyncio.to_thread(_rows, node.paths.key)
        head = f"{'Key Name':<18} {'Type':<8} {'Status':<16} {'Sum'}"
        rule = f"{'-' * 18} {'-' * 8} {'-' * 16} {'-' * 32}"
        return "\n".join(["", head, rule, *rows, "", f"{len(rows)} known RSA keys.", ""])
