"""`logger rotate`: the log files become files of the past, and new ones begin."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.features.logs.rotation import rotate

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["rotate_logs"]

log = logging.getLogger(__name__)


async def rotate_logs(node: Node) -> list[str]:
    """Rotate every log file as logger.conf says.  What could not be, in words; those files go on.

    No line is lost: what is written meanwhile is at the end of the old files.
    """
    general = node.snapshot.logger.general
    wrong: list[str] = []
    moved: list[tuple[Path, Path]] = []

    def move() -> None:
        now = time.time()
        for path in node.logs.files:
            try:
                target = rotate(path, general.rotatestrategy, now)
            except OSError as error:
                wrong.append(f"the log {path} cannot be rotated: {error.strerror}")
                continue
            if target is not None:
                moved.append((path, target))

    await asyncio.to_thread(move)
    node.open_logs()
    await asyncio.to_thread(node.logs.wait)  # the last lines are in the old files now
    for text in wrong:
        log.error("%s", text)
    if general.exec_after_rotate:
        for path, target in moved:
            await _afterwards(general.exec_after_rotate, path, target)
    return wrong


async def _afterwards(command: str, path: Path, target: Path) -> None:
    environment = os.environ | {"filename": str(path), "rotated": str(target)}
    process = await asyncio.create_subprocess_shell(
        command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, env=environment
    )
    status = await process.wait()
    if status:
        log.warning("exec_after_rotate of %s ended with status %d", path, status)
