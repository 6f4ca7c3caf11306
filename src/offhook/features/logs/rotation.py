"""Rotation of log files: how a file that is full of the past is named (logger.conf rotatestrategy).

sequential   messages.0, messages.1 ...: the highest number is the newest
rotate       messages.0 is the newest; the others move up by one
timestamp    messages.1767225600: seconds since the epoch
none         it stays; somebody else moves it away
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["rotate"]


def rotate(path: Path, strategy: str, now: float) -> Path | None:
    """Give a log file its name as a file of the past; that name, None when it stays or is not there.

    When this returns the new name is on disk.  Raises OSError.
    """
    if strategy == "none" or not path.exists():
        return None
    numbers = _numbers(path)
    if strategy == "timestamp":
        number = int(now)
        while number in numbers:  # twice in a second
            number += 1
    elif strategy == "rotate":
        number = 0
        top = 0
        while top in numbers:  # a gap takes what would move up
            top += 1
        for each in range(top, 0, -1):
            _numbered(path, each - 1).replace(_numbered(path, each))
    else:
        number = max((each for each in numbers if each < _EPOCH), default=-1) + 1
    target = _numbered(path, number)
    path.replace(target)
    _sync(path.parent)
    return target


_EPOCH = 1_000_000_000  # numbers from here on are moments of another strategy


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _numbers(path: Path) -> set[int]:
    """The numbers that files of the past have."""
    found: set[int] = set()
    prefix = f"{path.name}."
    for one in path.parent.iterdir():
        number = one.name.removeprefix(prefix).partition(".")[0]  # messages.3.gz counts, too
        if one.name.startswith(prefix) and number.isascii() and number.isdigit():
            found.add(int(number))
    return found


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
