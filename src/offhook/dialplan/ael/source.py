"""The text of an AEL file with what it includes, and where each character of it stands."""

from __future__ import annotations

import glob
import re
from bisect import bisect_right
from pathlib import Path

from offhook.config.errors import Problems

__all__ = ["Source"]

_INCLUDE = re.compile(r"""\s*#include\s+(?:"([^"]*)"|<([^>]*)>|'([^']*)'|(\S+))\s*;?\s*$""")
_MAX_LEVEL = 10
_MAX_FILES = 1000


class Source:
    """One text, put together of all files."""

    def __init__(self, folder: Path, problems: Problems) -> None:
        self._folder = folder
        self._problems = problems
        self._parts: list[str] = []
        self._starts: list[int] = []  # offset of each line
        self._places: list[tuple[str, int]] = []
        self._length = 0
        self._stack: list[str] = []
        self.files: list[str] = []
        self.text = ""

    def read(self, text: str, file: str) -> None:
        """Take the text of the main file."""
        self._add(text, file)
        self.text = "".join(self._parts)

    def place(self, offset: int) -> tuple[str, int]:
        """File and line of a character."""
        if not self._starts:
            return "", 0
        return self._places[max(0, bisect_right(self._starts, offset) - 1)]

    def _add(self, text: str, file: str) -> None:
        self.files.append(file)
        self._stack.append(file)
        in_comment = False
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
            found = None if in_comment else _INCLUDE.match(line)
            if found is not None:
                self._include(found[1] or found[2] or found[3] or found[4] or "", file, number)
                continue
            in_comment = _ends_in_comment(line, in_comment)
            self._starts.append(self._length)
            self._places.append((file, number))
            self._parts.append(line + "\n")
            self._length += len(line) + 1
        self._stack.pop()

    def _include(self, name: str, file: str, line: int) -> None:
        problems = self._problems
        if len(self._stack) >= _MAX_LEVEL:
            problems.error(file, line, f"includes nest deeper than {_MAX_LEVEL} levels")
            return
        pattern = str(self._folder / name)
        paths = sorted(glob.glob(pattern)) if any(char in name for char in "*?[") else [pattern]
        if not paths:
            problems.warning(file, line, f"no file matches {name}")
        for path in paths:
            if path in self._stack:
                problems.error(file, line, f"{path} includes itself")
                continue
            if len(self.files) >= _MAX_FILES:
                problems.error(file, line, f"more than {_MAX_FILES} files are included")
                return
            try:
                text = Path(path).read_bytes().decode("utf-8", "surrogateescape")
            except OSError as error:
                problems.error(file, line, f"cannot read {path}: {error.strerror or error}")
                continue
            self._add(text, path)


def _ends_in_comment(line: str, inside: bool) -> bool:
    """Whether a `/*` is open at the end of a line."""
    at = 0
    while True:
        if inside:
            end = line.find("*/", at)
            if end < 0:
                return True
            inside, at = False, end + 2
            continue
        begin, rest = line.find("/*", at), line.find("//", at)
        if begin < 0 or 0 <= rest < begin:
            return False
        inside, at = True, begin + 2
