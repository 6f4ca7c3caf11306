r"""Changing a .conf file as programs do (AMI UpdateConfig): categories and lines, with everything else kept.

Comments, blank lines, templates and includes stay where they are; what is added goes to the end of its
category.  A file is written whole beside the old one, synced, and put in its place, so that a reader
sees the old or the new one.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Category", "EditError", "EditableFile", "Line"]

_HEADER = re.compile(r"\[((?:\\.|[^\]\\])*)\](?:\(([^)]*)\))?")


class EditError(Exception):
    """A change cannot be made: what it names is not there, or is there already."""


@dataclass(slots=True)
class Line:
    """A line of a category: `name = value`, or (`name` empty) anything else, as it stands."""

    name: str
    value: str
    is_object: bool = False
    text: str = ""  # as it stands in the file, with its line end; "" for a new one
    comment: str = ""  # behind the value

    def write(self) -> str:
        """The line as the file has it."""
        if self.text:
            return self.text
        return f"{self.name} {'=>' if self.is_object else '='} {_masked(self.value)}\n"


@dataclass(slots=True)
class Category:
    """A section: its name, what its header says besides, and its lines."""

    name: str
    options: str = ""
    header: str = ""
    lines: list[Line] = field(default_factory=list[Line])

    @property
    def is_template(self) -> bool:
        """Whether it is only there to be inherited from."""
        return "!" in self.options.split(",")

    @property
    def parents(self) -> tuple[str, ...]:
        """The templates that it begins with."""
        return tuple(
            name for part in self.options.split(",") if (name := part.strip()) and name not in ("!", "+")
        )

    def variables(self) -> list[Line]:
        """The lines that set something, in order."""
        return [line for line in self.lines if line.name]

    def write(self) -> str:
        """The category as the file has it."""
        if not self.name and not self.header:
            head = ""
        else:
            head = self.header or f"[{self.name}]{f'({self.options})' if self.options else ''}\n"
        return head + "".join(line.write() for line in self.lines)

    def append(self, name: str, value: str, *, is_object: bool = False) -> None:
        """Add a line behind the last one that sets something."""
        at = max((i for i, line in enumerate(self.lines) if line.name), default=-1) + 1
        self.lines.insert(at, Line(name, value, is_object))

    def insert(self, number: int, name: str, value: str, *, is_object: bool = False) -> None:
        """Add a line before the one with this number (0: first), counting those that set something."""
        variables = self.variables()
        if number < len(variables):
            at = next(i for i, line in enumerate(self.lines) if line is variables[number])
            self.lines.insert(at, Line(name, value, is_object))
        else:
            self.append(name, value, is_object=is_object)

    def update(self, name: str, value: str, match: str = "", *, is_object: bool = False) -> None:
        """Set the value of a line: the first of this name, or (`match`) the one that has this value.

        Raises:
            EditError: there is none.
        """
        for i, line in enumerate(self.lines):
            if line.name == name and (not match or line.value == match):
                self.lines[i] = Line(name, value, is_object or line.is_object)
                return
        raise EditError(f"there is no such line: {name}")

    def delete(self, name: str, match: str = "", number: int | None = None) -> None:
        """Remove the lines of a name (with one value), or the one with a number.

        Raises:
            EditError: there is none.
        """
        variables = self.variables()
        if number is not None:
            gone = variables[number : number + 1]
            if not gone or (name and gone[0].name != name) or (match and gone[0].value != match):
                raise EditError("there is no such line")
        else:
            gone = [line for line in variables if line.name == name and (not match or line.value == match)]
            if not gone:
                raise EditError(f"there is no such line: {name}")
        self.lines = [line for line in self.lines if all(line is not one for one in gone)]


class EditableFile:
    """A file's categories, in order; the first, without a name, is what stands before all headers."""

    def __init__(self, text: str) -> None:
        self.categories: list[Category] = [Category("")]
        self._read(text)

    @classmethod
    def load(cls, path: Path) -> EditableFile:
        """Read a file.  Raises OSError."""
        return cls(path.read_text("utf-8", "surrogateescape"))

    def save(self, path: Path) -> None:
        """Write the file whole and durably.  Raises OSError."""
        temporary = path.with_name(f".{path.name}.new")
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o640
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(self.write())
                file.flush()
                os.fsync(file.fileno())
            target = path.resolve() if path.is_symlink() else path
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def write(self) -> str:
        """The text of the file."""
        return "".join(category.write() for category in self.categories)

    # ------------------------------------------------------------ categories

    def named(self) -> list[Category]:
        """The categories with a name."""
        return self.categories[1:]

    def find(self, name: str, index: int = 0) -> Category:
        """A category by its name; of several the one with this index.

        Raises:
            EditError: there is none.
        """
        found = [one for one in self.categories[1:] if one.name == name]
        if index >= len(found):
            raise EditError(f"there is no category {name}")
        return found[index]

    def has(self, name: str) -> bool:
        """Whether there is such a category."""
        return any(one.name == name for one in self.categories[1:])

    def new(self, name: str, options: str = "", *, before: str = "", may_exist: bool = False) -> Category:
        """Add a category, at the end or before another one.

        Raises:
            EditError: there is one of this name, or none to stand before.
        """
        if self.has(name) and not may_exist:
            raise EditError(f"category {name} exists")
        made = Category(name, options)
        if before:
            found = self.find(before)
            at = next(i for i, one in enumerate(self.categories) if one is found)
            self.categories.insert(at, made)
        else:
            if not self.write().endswith("\n") and len(self.categories) + len(self.categories[0].lines) > 1:
                self.categories[-1].lines.append(Line("", "", text="\n"))
            self.categories.append(made)
        return made

    def rename(self, name: str, to: str) -> None:
        """Give a category another name.  Raises EditError when there is none."""
        category = self.find(name)
        category.name, category.header = to, ""

    def drop(self, name: str) -> None:
        """Remove a category.  Raises EditError when there is none."""
        found = self.find(name)
        self.categories = [one for one in self.categories if one is not found]

    def effective(self, category: Category, seen: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
        """What a category says, with what it inherits: (name, value) in order."""
        result: list[tuple[str, str]] = []
        for parent in category.parents:
            if parent in seen:
                continue
            for one in self.categories[1:]:
                if one.name == parent and one is not category:
                    result += self.effective(one, seen | {parent})
                    break
        return result + [(line.name, line.value) for line in category.variables()]

    # ------------------------------------------------------------ templates that change

    def inherited(self) -> list[tuple[Category, list[tuple[str, str]]]]:
        """What each category has from templates: (name, value) in order."""
        return [(one, self._inherited(one)) for one in self.named() if one.parents]

    def _inherited(self, category: Category) -> list[tuple[str, str]]:
        everything = self.effective(category)
        return everything[: len(everything) - len(category.variables())]

    def keep_inherited(self, before: list[tuple[Category, list[tuple[str, str]]]]) -> None:
        """Write into the categories themselves what their templates said before and no longer do."""
        for category, had in before:
            has = self._inherited(category)
            own = [(line.name, line.value) for line in category.variables()]
            gone = [one for one in had if one not in has and one not in own]
            for number, (name, value) in enumerate(gone):
                category.insert(number, name, value)

    def drop_repeated(self, before: list[tuple[Category, list[tuple[str, str]]]]) -> None:
        """Take out of the categories themselves what their templates say from now on."""
        for category, had in before:
            new = [one for one in self._inherited(category) if one not in had]
            category.lines = [line for line in category.lines if (line.name, line.value) not in new]

    # ------------------------------------------------------------ reading

    def _read(self, text: str) -> None:
        depth = 0
        for raw in text.splitlines(keepends=True):
            current = self.categories[-1].lines
            code, depth = _without_comments(raw, depth)
            stripped = code.strip()
            header = _HEADER.match(stripped)
            if header is not None:
                self.categories.append(Category(header[1], header[2] or "", raw))
            elif not stripped or stripped.startswith("#") or "=" not in stripped:
                current.append(Line("", "", text=raw))
            else:
                name, _, value = stripped.partition("=")
                is_object = value.startswith(">")
                value = value[1:] if is_object else value
                current.append(Line(name.strip().rstrip("+"), value.strip(), is_object, raw))


def _without_comments(line: str, depth: int) -> tuple[str, int]:
    """A line without its comments, and how many block comments are open behind it."""
    result = ""
    at = 0
    while at < len(line):
        if depth:
            end = line.find("--;", at)
            start = line.find(";--", at)
            if start >= 0 and (end < 0 or start < end):
                depth, at = depth + 1, start + 3
            elif end < 0:
                break
            else:
                depth, at = depth - 1, end + 3
            continue
        if line.startswith(";--", at) and not line.startswith(";---", at):
            depth, at = depth + 1, at + 3
        elif line[at] == ";":
            break
        elif line.startswith("\\;", at):
            result += ";"
            at += 2
        else:
            result += line[at]
            at += 1
    return result, depth


def _masked(value: str) -> str:
    """A value as it is written: a semicolon does not begin a comment, and no line ends within it."""
    return value.replace(";", "\\;").replace("\r", " ").replace("\n", " ")
