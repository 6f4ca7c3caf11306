r"""Asterisk's .conf grammar: sections, templates, additions, includes, comments, escapes.

    [name]                      a section; several may share one name
    [name](!)                   a template: only there to inherit from
    [name](a,b)                 begins with what [a] and [b] hold so far
    [name](+)                   adds to the first section of that name; (+type=aor&key=value) to the first
                                that has such items (both sides are regular expressions)
    key = value, key => value   an item; both mean the same
    key += value                appends to the value of the last item of that name, with nothing in between
    #include "f", #tryinclude   another file (relative to the configuration folder) or all files of a pattern;
                                items before its first section belong to the section that includes it
    #exec "command"             its standard output, where the administrator allows that
    ; comment   ;-- block --;   blocks nest and may end within a line; \; is a semicolon
    \[key = value                a leading backslash keeps [ and # from being special

There are no continuation lines and no quotes: every other character stands for itself.  Two things are
friendlier than in Asterisk: every mistake of a file is reported, not only the first, and a pattern that
matches no file is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from offhook.config.errors import ConfigError, Problems, Where, nearest

__all__ = ["ConfigFile", "Item", "Section", "read_file", "read_text"]

MAX_INCLUDE_LEVEL = 10  # as Asterisk; the file itself is the first level
MAX_COMMENT_LEVEL = 128  # as Asterisk
MAX_FILES = 10_000  # a file that includes ten files ten levels deep must not fill the memory
MAX_INHERITED = 5_000_000  # items in all, for the same reason: templates can double at each step
EXEC_TIMEOUT = 30.0  # seconds an #exec command may take

_BLANKS = "".join(map(chr, range(33)))  # Asterisk strips everything below "!"
_MAGIC = re.compile(r"[*?\[{]")
_BRACES = re.compile(r"\{([^{}]*)\}")


class Item(NamedTuple):
    """One `key = value` line; `is_object` when it was written with `=>`."""

    key: str
    value: str
    file: str
    line: int
    is_object: bool = False

    @property
    def where(self) -> Where:
        """The line it stands on (for an inherited item: in the template)."""
        return Where(self.file, self.line)


class Section:
    """A section with its items, inherited ones first, in the order that they count."""

    __slots__ = ("file", "is_template", "items", "line", "name", "parents")

    def __init__(
        self, name: str, file: str, line: int, *, is_template: bool = False, parents: tuple[str, ...] = ()
    ) -> None:
        self.name = name
        self.file = file
        self.line = line
        self.is_template = is_template
        self.parents = parents
        self.items: list[Item] = []

    def item(self, key: str) -> Item | None:
        """The last item of that name: the one that counts where a name may stand once."""
        for item in reversed(self.items):
            if item.key == key:
                return item
        return None

    def get(self, key: str, default: str = "") -> str:
        """The value of the last item of that name."""
        item = self.item(key)
        return default if item is None else item.value

    def all(self, key: str) -> list[str]:
        """The values of every item of that name."""
        return [item.value for item in self.items if item.key == key]

    @property
    def where(self) -> Where:
        """The line of its header."""
        return Where(self.file, self.line)

    def __repr__(self) -> str:
        return f"<Section [{self.name}] {self.file}:{self.line}, {len(self.items)} items>"


class ConfigFile:
    """What a file and all that it includes say."""

    __slots__ = ("_by_name", "files", "path", "sections", "templates")

    def __init__(
        self,
        path: str,
        sections: list[Section],
        templates: list[Section],
        by_name: dict[str, list[Section]],
        files: tuple[str, ...],
    ) -> None:
        self.path = path
        self.sections = sections
        """Every section but the templates, in the order of the file."""
        self.templates = templates
        self.files = files
        """Every file that was read, the file itself first."""
        self._by_name = by_name

    def named(self, name: str) -> list[Section]:
        """The sections of that name, templates left out."""
        return [section for section in self._by_name.get(name, ()) if not section.is_template]

    def with_sections(self, more: Sequence[Section], files: Sequence[str] = ()) -> ConfigFile:
        """The same file with further sections behind its own, and the files that they come from."""
        by_name = {name: list(found) for name, found in self._by_name.items()}
        for section in more:
            by_name.setdefault(section.name, []).append(section)
        return ConfigFile(self.path, [*self.sections, *more], self.templates, by_name, (*self.files, *files))

    def section(self, name: str) -> Section | None:
        """The first section of that name, or None."""
        for section in self._by_name.get(name, ()):
            if not section.is_template:
                return section
        return None

    def __iter__(self) -> Iterator[Section]:
        return iter(self.sections)

    def __len__(self) -> int:
        return len(self.sections)


def read_file(
    path: str | Path,
    *,
    config_dir: str | Path | None = None,
    problems: Problems | None = None,
    exec_includes: bool = False,
) -> ConfigFile:
    """Read a file; includes are looked up in `config_dir` (default: the folder of the file).

    Raises:
        ConfigError: the file cannot be read, or has a mistake and no `problems` list was given.
    """
    base = Path(path).parent if config_dir is None else Path(config_dir)
    reader = _Reader(base, Problems(strict=True) if problems is None else problems, exec_includes)
    name = str(path)
    text = reader.load(name, name, 0)
    reader.include(name, text, None)
    return reader.result(name)


def read_text(
    text: str,
    *,
    file: str = "<text>",
    config_dir: str | Path = ".",
    problems: Problems | None = None,
    exec_includes: bool = False,
) -> ConfigFile:
    """Read configuration from a string, as `read_file` does from a file named `file`.

    Raises:
        ConfigError: there is a mistake and no `problems` list was given.
    """
    reader = _Reader(Path(config_dir), Problems(strict=True) if problems is None else problems, exec_includes)
    reader.include(file, text, None)
    return reader.result(file)


class _Reader:
    """One reading of a file with its includes."""

    def __init__(self, config_dir: Path, problems: Problems, exec_includes: bool) -> None:
        self.config_dir = config_dir
        self.problems = problems
        self.exec_includes = exec_includes
        self.sections: list[Section] = []
        self.templates: list[Section] = []
        self.by_name: dict[str, list[Section]] = {}
        self.files: list[str] = []
        self.stack: list[str] = []
        self.inherited = 0
        # Names and short values repeat thousands of times: one string object for each.
        self.words: dict[str, str] = {}

    def result(self, path: str) -> ConfigFile:
        return ConfigFile(path, self.sections, self.templates, self.by_name, tuple(self.files))

    def load(self, path: str, file: str, line: int) -> str:
        """The text of a file; `file` and `line` are who asked for it."""
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConfigError(file, line, f"cannot read {path}: {reason}") from error
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            at = data.count(b"\n", 0, error.start) + 1
            self.problems.warning(path, at, "not UTF-8: the byte is kept as it is")
            return data.decode("utf-8", "surrogateescape")

    def include(self, file: str, text: str, section: Section | None) -> Section | None:
        """Read the text of a file whose first items belong to `section`; the section it ends in."""
        self.files.append(file)
        self.stack.append(file)
        try:
            return self.parse(file, text.removeprefix("\ufeff"), section)
        finally:
            self.stack.pop()

    def parse(self, file: str, text: str, section: Section | None) -> Section | None:
        """The loop over the lines.  Written for speed: 10,000 phones are 70,000 lines."""
        problems, words = self.problems, self.words
        blocks: list[int] = []  # the lines where the block comments begin that are open now
        items = None if section is None else section.items
        number = 0
        for raw in text.split("\n"):
            number += 1
            line = raw.strip(_BLANKS)
            if not line:
                continue
            if blocks or ";" in line:
                line = self.uncomment(line, blocks, file, number)
                if not line:
                    continue
            first = line[0]
            if first == "[":
                section = self.header(line, file, number)
                items = section.items
                continue
            if first == "#":
                self.directive(line, file, number, section)
                continue
            start = 0
            if first == "\\":
                line = line[1:]
                start = 1
                if not line or line[0] <= " ":
                    problems.error(file, number, "a backslash at the start of a line escapes nothing")
                    continue
            at = line.find("=", start)
            if at < 0:
                problems.warning(file, number, f"no '=' in this line, it is ignored: {line[:60]}")
                continue
            if items is None:
                problems.error(file, number, "this line stands before the first [section]")
                continue
            key = line[:at]
            value = line[at + 1 :]
            if key[-1:] == "+":
                self.append(items, key[:-1].strip(_BLANKS), value.strip(_BLANKS), file, number)
                continue
            is_object = value[:1] == ">"
            if is_object:
                value = value[1:]
            if key not in words:
                words[key] = key.strip(_BLANKS)
            key = words[key]
            if not key:
                problems.warning(file, number, "no name before '=', the line is ignored")
                continue
            value = value.strip(_BLANKS)
            if len(value) < 8:
                value = words.setdefault(value, value)
            items.append(Item(key, value, file, number, is_object))
        if blocks:
            problems.warning(file, blocks[-1], "a ;-- comment begins here and never ends")
        return section

    def uncomment(self, line: str, blocks: list[int], file: str, number: int) -> str:
        r"""The line without comments and with `\;` unescaped; opens and closes block comments."""
        kept: list[str] = []
        start = 0  # where the text that still counts, or the block comment, begins
        scan = 0
        while (at := line.find(";", scan)) >= 0:
            if at > scan and line[at - 1] == "\\":
                if not blocks:
                    kept.append(line[start : at - 1])
                    start = at
                scan = at + 1
            elif line.startswith("--", at + 1) and line[at + 3 : at + 4] != "-":
                if not blocks:
                    kept.append(line[start:at])
                if len(blocks) < MAX_COMMENT_LEVEL:
                    blocks.append(number)
                else:
                    self.problems.error(file, number, f"comments nest deeper than {MAX_COMMENT_LEVEL} levels")
                start = scan = at + 3
            elif blocks:
                if at >= scan + 2 and line[at - 2 : at] == "--":
                    blocks.pop()
                    start = at + 1
                scan = at + 1
            else:
                kept.append(line[start:at])
                return "".join(kept).strip(_BLANKS)
        if not blocks:
            kept.append(line[start:])
        return "".join(kept).strip(_BLANKS)

    def append(self, items: list[Item], key: str, value: str, file: str, number: int) -> None:
        """`key += value`: nothing to append to makes it a plain item."""
        if not key:
            self.problems.warning(file, number, "no name before '+=', the line is ignored")
            return
        for index in range(len(items) - 1, -1, -1):
            item = items[index]
            if item.key == key:
                items[index] = Item(key, item.value + value, file, number, item.is_object)
                return
        items.append(Item(key, value, file, number))

    def header(self, line: str, file: str, number: int) -> Section:
        """`[name](options)`; a wrong one gives a section that nothing sees, so that its items do no harm."""
        problems = self.problems
        end = line.find("]")
        if end < 0:
            problems.error(file, number, "a section header without its ']'")
            return Section(line[1:], file, number)
        name = line[1:end].strip(_BLANKS)
        rest = line[end + 1 :]
        if not rest:
            return self.add(Section(name, file, number))
        if rest[0] != "(":
            problems.warning(file, number, f"text after [{name}] is ignored: {rest.strip(_BLANKS)[:60]}")
            return self.add(Section(name, file, number))
        end = rest.find(")")
        if end < 0:
            problems.error(file, number, f"the options of section [{name}] have no ')'")
            return Section(name, file, number)
        if rest[end + 1 :].strip(_BLANKS):
            problems.warning(file, number, f"text after the ')' of [{name}] is ignored")
        return self.header_options(name, rest[1:end], file, number)

    def header_options(self, name: str, options: str, file: str, number: int) -> Section:
        """What the parentheses after `[name]` say: `!`, `+`, `+filter`, names to inherit from."""
        target: Section | None = None
        is_addition = is_template = False
        parents: list[Section] = []
        for word in options.split(","):
            option = word.strip(_BLANKS)
            if option == "!":
                is_template = True
            elif option.startswith("+"):
                is_addition = True
                target = self.find(name, option[1:], file, number)
            elif option in self.by_name:
                parents.append(self.by_name[option][0])
            elif option:
                what = f"section [{name}] inherits from [{option}], which does not exist (yet)"
                self.problems.error(file, number, what, self.problems.nearest(option, self.by_name))
        section = target
        if section is None:
            names = tuple(parent.name for parent in parents)
            section = Section(name, file, number, is_template=is_template, parents=names)
            if not is_addition:
                self.add(section)
        for parent in parents:
            self.inherited += len(parent.items)
            if self.inherited > MAX_INHERITED:
                self.problems.error(file, number, f"more than {MAX_INHERITED} items are inherited")
                break
            section.items.extend(parent.items)
        return section

    def add(self, section: Section) -> Section:
        if section.is_template:
            self.templates.append(section)
        else:
            self.sections.append(section)
        same = self.by_name.get(section.name)
        if same is None:
            self.by_name[section.name] = [section]
        else:
            same.append(section)
        return section

    def find(self, name: str, expression: str, file: str, number: int) -> Section | None:
        """The section that `[name](+expression)` adds to; reports when there is none."""
        try:
            wanted, templates = _filters(expression)
        except (ValueError, re.error) as error:
            self.problems.error(file, number, f"a wrong filter in [{name}](+{expression}): {error}")
            return None
        same = self.by_name.get(name, ())
        candidates = [section for section in same if not section.is_template]
        if templates == "include" or not templates:
            # Without a word about templates a section comes first, and a template where there is no section.
            candidates += [section for section in same if section.is_template]
        elif templates == "restrict":
            candidates = [section for section in same if section.is_template]
        for section in candidates:
            if all(_has(section, key, value) for key, value in wanted):
                return section
        if same:
            what = f"[{name}](+{expression}) adds to a section, and no section [{name}] matches the filter"
            self.problems.error(file, number, what)
        else:
            what = f"[{name}](+) adds to a section that does not exist (yet)"
            self.problems.error(file, number, what, self.problems.nearest(name, self.by_name))
        return None

    def directive(self, line: str, file: str, number: int, section: Section | None) -> None:
        """`#include`, `#tryinclude`, `#exec`."""
        problems = self.problems
        words = line[1:].split(None, 1)
        name = words[0].lower() if words and not line[1:2].isspace() else ""
        if name not in ("include", "tryinclude", "exec"):
            hint = nearest(name, ("include", "tryinclude", "exec"))
            what = f"unknown directive {line.split(None, 1)[0]}, the line is ignored"
            problems.warning(file, number, what, f"#{hint}" if hint else "")
            return
        argument = _unquote(words[1].strip(_BLANKS)) if len(words) > 1 else ""
        if not argument:
            problems.warning(file, number, f"#{name} needs a file name or command, the line is ignored")
        elif len(self.stack) >= MAX_INCLUDE_LEVEL:
            problems.error(file, number, f"includes nest deeper than {MAX_INCLUDE_LEVEL} levels")
        elif name == "exec":
            self.run(argument, file, number, section)
        else:
            self.include_all(argument, file, number, section, must_exist=name == "include")

    def include_all(
        self, pattern: str, file: str, number: int, section: Section | None, *, must_exist: bool
    ) -> None:
        problems = self.problems
        paths = self.expand(pattern, file, number)
        if not paths and must_exist:
            problems.warning(file, number, f"no file matches {pattern}")
        for path in paths:
            if path in self.stack:
                problems.error(file, number, f"{path} includes itself")
                continue
            if len(self.files) >= MAX_FILES:
                problems.error(file, number, f"more than {MAX_FILES} files are included")
                return
            try:
                text = self.load(path, file, number)
            except ConfigError as error:
                if must_exist:
                    problems.error(error.file, error.line, error.what)
                elif isinstance(error.__cause__, OSError) and not isinstance(
                    error.__cause__, FileNotFoundError
                ):
                    problems.warning(error.file, error.line, error.what)
                continue
            # As in Asterisk, a file of a pattern goes on in the section in which the one before it ended,
            # while the including file goes on in its own.
            section = self.include(path, text, section)

    def expand(self, pattern: str, file: str, number: int) -> Sequence[str]:
        """The files that a name or pattern stands for; a plain name stands for itself."""
        full = str(self.config_dir / pattern)
        if not _MAGIC.search(pattern):
            return (full,)
        import glob

        found: list[str] = []
        try:
            for alternative in _alternatives(full):
                found += sorted(glob.glob(alternative))
        except (OSError, ValueError, re.error) as error:
            self.problems.error(file, number, f"cannot look for {pattern}: {error}")
        return found

    def run(self, command: str, file: str, number: int, section: Section | None) -> None:
        """`#exec`: the command's output is read as if it stood here."""
        problems = self.problems
        if not self.exec_includes:
            what = "#exec is not allowed (execincludes=yes in [options] of asterisk.conf allows it)"
            problems.warning(file, number, what)
            return
        import subprocess

        try:
            # A shell command line is what the administrator writes here, and what execincludes allows.
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                capture_output=True,
                timeout=EXEC_TIMEOUT,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            problems.error(file, number, f"#exec {command}: {error}")
            return
        if done.returncode:
            message = done.stderr.decode("utf-8", "replace").strip().splitlines()
            reason = f": {message[-1][:120]}" if message else ""
            problems.warning(file, number, f"#exec {command} ended with status {done.returncode}{reason}")
        self.include(f"{file}:{number}(#exec)", done.stdout.decode("utf-8", "surrogateescape"), section)


def _unquote(text: str) -> str:
    """Without the quotes or angle brackets around it, when both are there."""
    closing = {'"': '"', "'": "'", "<": ">"}.get(text[:1])
    return text[1:-1] if closing and len(text) > 1 and text[-1] == closing else text


def _alternatives(pattern: str) -> list[str]:
    """`a{b,c}` is `ab` and `ac`, as in glob(3) with GLOB_BRACE."""
    found = _BRACES.search(pattern)
    if not found:
        return [pattern]
    result: list[str] = []
    for word in found[1].split(",")[:100]:
        result += _alternatives(pattern[: found.start()] + word + pattern[found.end() :])
        if len(result) > MAX_FILES:
            raise ValueError("too many alternatives in braces")
    return result


_Match = Callable[[str], object]


def _filters(expression: str) -> tuple[list[tuple[_Match, _Match]], str]:
    """The pairs of a `(+key=value&key=value)` filter, and what it says of templates."""
    wanted: list[tuple[_Match, _Match]] = []
    templates = ""
    for part in expression.split("&") if expression else ():
        key, found, value = part.partition("=")
        key, value = key.strip(_BLANKS), value.strip(_BLANKS)
        if not found or not key:
            raise ValueError("it is key=value, several joined by &")
        if key == "TEMPLATES":
            if value not in ("include", "restrict"):
                raise ValueError("TEMPLATES is include or restrict")
            templates = value
        else:
            wanted.append((re.compile(key).fullmatch, re.compile(value).fullmatch))
    return wanted, templates


def _has(section: Section, key: _Match, value: _Match) -> bool:
    return any(key(item.key) and value(item.value) for item in section.items)
