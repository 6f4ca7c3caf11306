"""The log files are opened, anew after a reload and by `logger rotate`: they become files of the past."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.features.logs.rotation import rotate
from offhook.pbx.events import LogFileOpened

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.config.files.logger import LoggerConf

__all__ = ["rotate_logs", "use_logs"]

log = logging.getLogger(__name__)


def use_logs(node: Node, conf: LoggerConf) -> None:
    """Use logger.conf: its files are opened anew, which the bus is told (but at the start)."""
    for text in node.logs.apply(conf, node.paths.log):
        log.error("%s", text)
    if not hasattr(node, "pbx"):
        return
    for path in node.logs.files:
        node.pbx.bus.emit(LogFileOpened, str(path))
    for name, reason in node.logs.refused.items():
        node.pbx.bus.emit(LogFileOpened, str(node.paths.log / name), reason)


async def rotate_logs(node: Node) -> list[str]:
    """Rotate every log file, that of queues too, as logger.conf says.  What could not be, in words.

    No line is lost: what is written meanwhile is at the end of the old files.
    """
    general = node.snapshot.logger.general
    wrong: list[str] = []
    moved: list[tuple[Path, Path]] = []

    def move() -> None:
        now = time.time()
        for path in (*node.logs.files, node.records.queue_log.path):
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
