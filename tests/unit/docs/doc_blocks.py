"""What stands in the documentation: fenced blocks and tables, with the markers before them.

A marker is an HTML comment, so a reader does not see it:

    <!-- check: pjsip.conf group=acl -->   the ini block that follows is this file; blocks of one group lie
                                           in one folder, others each in their own; it has no mistakes
    <!-- problems: group=mistakes -->      the text block that follows is what `offhook check` says of it
    <!-- values: NAME=value ... -->        each row of the table that follows is a text and its value
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_MARKER = re.compile(r"\s*<!-- (\w+):\s*(.*?)\s*-->\s*$")
_FENCE = re.compile(r"(\s*)```(\S*).*$")
_ROW = re.compile(r"\| `(.*)` \| `(.*)` \|$")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: str
    line: int
    language: str
    text: str
    marker: str = ""
    argument: str = ""
    options: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Value:
    """A row of a table of values."""

    where: str
    variables: dict[str, str]
    text: str
    value: str


def _options(text: str) -> tuple[str, dict[str, str]]:
    words = text.split()
    options = dict(word.split("=", 1) for word in words if "=" in word)
    return " ".join(word for word in words if "=" not in word), options


def blocks_of(text: str, page: str) -> list[Block]:
    """The fenced blocks of one page; indentation (of tabs) is taken away."""
    found: list[Block] = []
    lines = text.splitlines()
    marker, argument, options = "", "", dict[str, str]()
    index = 0
    while index < len(lines):
        line = lines[index]
        comment, fence = _MARKER.match(line), _FENCE.match(line)
        if comment:
            marker = comment[1]
            argument, options = _options(comment[2])
        elif fence:
            start, indent = index + 1, fence[1]
            end = next(i for i in range(start, len(lines)) if lines[i].strip() == "```")
            body = "\n".join(one.removeprefix(indent) for one in lines[start:end]) + "\n"
            found.append(Block(page, start, fence[2], body, marker, argument, options))
            marker, argument, options = "", "", {}
            index = end
        index += 1
    return found


def values_of(text: str, page: str) -> list[Value]:
    """The rows of the tables of values of one page."""
    found: list[Value] = []
    variables: dict[str, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        comment = _MARKER.match(line)
        row = _ROW.match(line.replace("| `` |", "| `\0` |"))
        if comment:
            variables = _options(comment[2])[1] if comment[1] == "values" else None
        elif row and variables is not None:
            found.append(Value(f"{page}:{number}", variables, row[1], row[2].replace("\0", "")))
        elif line and not line.startswith("|"):
            variables = None
    return found


def all_blocks() -> list[Block]:
    """Every fenced block of the documentation."""
    return [
        block for path in PAGES if path.exists() for block in blocks_of(path.read_text("utf-8"), path.name)
    ]


def all_values() -> list[Value]:
    """Every row of every table of values."""
    return [
        value for path in PAGES if path.exists() for value in values_of(path.read_text("utf-8"), path.name)
    ]
