"""Files: STAT, FILE, FILE_COUNT_LINE, FILE_FORMAT, BASENAME, DIRNAME.

Files are read and written in threads: a disk that does not answer holds up the call that asked, and no other.
"""

from __future__ import annotations

import asyncio
import os
import stat as modes
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, Raw, flag, function, waiting_function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

T = TypeVar("T")

_MOST = 1 << 20  # bytes that are read: a dialplan has no use for more
_NEWLINES = {"u": "\n", "d": "\r\n", "m": "\r"}


def _path(filename: str, name: str) -> Path:
    if not filename.strip() or "\0" in filename:
        raise FunctionError(f"{name}: a file name is needed")
    return Path(filename.strip())


async def _in_thread(name: str, work: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(work)
    except OSError as error:
        raise FunctionError(f"{name}: {error.filename}: {error.strerror}") from None


# ---------------------------------------------------------------- about a file

_ABOUT: dict[str, Callable[[os.stat_result], str]] = {
    "f": lambda found: str(int(modes.S_ISREG(found.st_mode))),
    "d": lambda found: str(int(modes.S_ISDIR(found.st_mode))),
    "e": lambda found: "1",
    "s": lambda found: str(found.st_size),
    "m": lambda found: f"{found.st_mode:o}",
    "M": lambda found: str(int(found.st_mtime)),
    "A": lambda found: str(int(found.st_atime)),
    "C": lambda found: str(int(found.st_ctime)),
}


@waiting_function("STAT", dangerous="read")
async def stat(call: Call, flag: str, filename: str) -> str:
    """Something about a file; empty when it does not exist (0 with e, f and d).

    Args:
        flag: e whether it exists, f whether it is a file, d whether it is a folder, s its size, m its mode
            in octal, M when it was changed, A when it was read, C when it was renamed or its rights changed.
        filename: its path.
    """
    path = _path(filename, "STAT")
    about = _ABOUT.get(flag.strip()[:1])
    if about is None:
        raise FunctionError(f"STAT: {flag!r} is none of {', '.join(_ABOUT)}")

    def look() -> os.stat_result | None:
        try:
            return path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None

    found = await _in_thread("STAT", look)
    if found is None:
        return "0" if flag.strip()[:1] in "efd" else ""
    return about(found)


@function("BASENAME")
def basename(call: Call, filename: Raw) -> str:
    """The last part of a path."""
    return os.path.basename(filename.strip())


@function("DIRNAME")
def dirname(call: Call, filename: Raw) -> str:
    """A path without its last part; `.` when there is nothing else."""
    return os.path.dirname(filename.strip()) or "."


# ---------------------------------------------------------------- what is in a file


@dataclass(frozen=True, slots=True)
class FileOptions(Options):
    """The option letters of FILE()."""

    lines: bool = flag("l", "Offset and length count lines instead of characters.")
    append: bool = flag("a", "Write at the end of the file.")
    no_newline: bool = flag("d", "Do not end what is written with a newline.")


_NO_OPTIONS = FileOptions()


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST).decode("utf-8", "surrogateescape")


def _newline_of(text: str, format: str) -> str:
    """The newline of a format, or of the text when none is named."""
    known = _NEWLINES.get(format.strip()[:1].lower())
    if known is not None:
        return known
    if "\r\n" in text:
        return "\r\n"
    return "\r" if "\r" in text and "\n" not in text else "\n"


def _lines(text: str, newline: str) -> list[str]:
    """The lines, each with its newline."""
    parts = text.split(newline)
    lines = [part + newline for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def _span(count: int, offset: int | None, length: int | None) -> tuple[int, int]:
    """From where to where: negative offsets count from the end, negative lengths leave so many off it."""
    start = offset or 0
    start = max(count + start, 0) if start < 0 else min(start, count)
    if length is None:
        return start, count
    end = start + length if length >= 0 else count + length
    return start, max(start, min(end, count))


@waiting_function("FILE", dangerous="both")
async def read_file(
    call: Call,
    filename: str,
    offset: int | None = None,
    length: int | None = None,
    options: FileOptions = _NO_OPTIONS,
    format: str = "",
) -> str:
    """A text file, or a part of it; at most one MiB of the file is read.

    Args:
        filename: its path.
        offset: how many characters (or lines) to skip; from the end when it is negative.
        length: how many there are to be, all if not given; negative ones leave so many off the end.
        options: l.
        format: how lines end: u, d or m (Unix, DOS, old Macintosh); found out if not given.
    """
    text = await _in_thread("FILE", lambda: _read(_path(filename, "FILE")))
    if options.lines:
        lines = _lines(text, _newline_of(text, format))
        start, end = _span(len(lines), offset, length)
        return "".join(lines[start:end])
    start, end = _span(len(text), offset, length)
    return text[start:end]


@read_file.writer
def write_file(
    call: Call,
    value: str,
    filename: str,
    offset: int | None = None,
    length: int | None = None,
    options: FileOptions = _NO_OPTIONS,
    format: str = "",
) -> Awaitable[None]:
    """Write a text file, or replace a part of it."""
    path = _path(filename, "FILE")

    def write() -> None:
        if options.append or (offset is None and length is None):
            newline = _newline_of("", format)
            data = value + (newline if options.lines and not options.no_newline else "")
            _store(path, data, append=options.append)
            return
        text = _read(path) if path.exists() else ""
        newline = _newline_of(text, format)
        if options.lines:
            lines = _lines(text, newline)
            start, end = _span(len(lines), offset, length)
            lines[start:end] = [value if options.no_newline else value + newline]
            _store(path, "".join(lines))
        else:
            start, end = _span(len(text), offset, length)
            _store(path, text[:start] + value + text[end:])

    return asyncio.get_running_loop().create_task(_in_thread("FILE", write))


def _store(path: Path, text: str, *, append: bool = False) -> None:
    with path.open("ab" if append else "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))


@waiting_function("FILE_COUNT_LINE", dangerous="read")
async def count_lines(call: Call, filename: str, format: str = "") -> str:
    """How many lines a text file has, as far as one MiB goes; -1 when it cannot be read.

    Args:
        filename: its path.
        format: how lines end: u, d or m; found out if not given.
    """
    try:
        text = await _in_thread("FILE_COUNT_LINE", lambda: _read(_path(filename, "FILE_COUNT_LINE")))
    except FunctionError as error:
        call.complain(str(error))
        return "-1"
    return str(text.count(_newline_of(text, format)))


@waiting_function("FILE_FORMAT", dangerous="read")
async def file_format(call: Call, filename: str) -> str:
    """How the lines of a text file end: u (Unix), d (DOS), m (old Macintosh), x when it has none."""
    text = await _in_thread("FILE_FORMAT", lambda: _read(_path(filename, "FILE_FORMAT")))
    if "\r\n" in text:
        return "d"
    return "u" if "\n" in text else "m" if "\r" in text else "x"
