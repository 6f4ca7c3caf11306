"""extensions.conf: from the items of the .conf file to a `Dialplan`.

    [general] [globals]           settings; global variables
    exten => name,priority,App(args)
        name        literal or _pattern, with `/caller` for certain callers only
        priority    a number, n (the one after the last), s (the same again), a label; +N adds;
                    (label) names it; `hint` gives the devices instead of an application
    same => priority,App(args)    for the extension of the line before
    include => context[,times]    ignorepat => pattern    autohints = yes
    switch =>, lswitch =>, eswitch =>

Every mistake is collected with file and line.  A line with a mistake is left out, as Asterisk leaves
it out; the rest can be used.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from offhook.config.errors import Problems, nearest
from offhook.config.reader import ConfigFile, Item, Section, read_file, read_text
from offhook.dialplan.errors import DialplanError, PatternError, TimingError
from offhook.dialplan.globals import substitute_globals
from offhook.dialplan.model import Context, Dialplan, DialplanSettings, Extension, Include, Step, Switch
from offhook.dialplan.patterns import compile_pattern
from offhook.dialplan.switches import KNOWN_SWITCHES
from offhook.dialplan.templates import compile_template
from offhook.dialplan.timing import parse_time_condition

__all__ = ["build_dialplan", "read_dialplan", "read_dialplan_text"]

_KEYS = ("exten", "same", "include", "ignorepat", "switch", "lswitch", "eswitch", "autohints")
# What Asterisk knows in [general]; those that change nothing here are accepted.
_GENERAL = (
    "autofallthrough",
    "clearglobalvars",
    "writeprotect",
    "static",
    "extenpatternmatchnew",
    "overrideswitch",
    "priorityjumping",
    "userscontext",
    "allow_exten_patterns",
)
_ASTERISK_SWITCHES = frozenset(("realtime", "dundi", "iax2", "lua"))
_TRUE = frozenset(("yes", "true", "y", "t", "1", "on"))
_PRIORITY = re.compile(
    r"\s*(?P<base>[^(+\s]+)\s*(?:\((?P<label>[^)]*)\))?\s*(?:\+\s*(?P<plus>\d{1,9}))?\s*(?:\((?P<late>[^)]*)\))?\s*"
)
MAX_PRIORITY = 999_999_999


def read_dialplan(
    path: str | Path,
    *,
    config_dir: str | Path | None = None,
    problems: Problems | None = None,
    exec_includes: bool = False,
    clock: Callable[[], float] | None = None,
) -> Dialplan:
    """Read extensions.conf and what it includes.

    Raises:
        ConfigError: the file cannot be read, or has a mistake and no `problems` list was given.
    """
    found = Problems(strict=True) if problems is None else problems
    with _no_garbage():
        file = read_file(path, config_dir=config_dir, problems=found, exec_includes=exec_includes)
        return build_dialplan(file, found, clock=clock)


def read_dialplan_text(
    text: str,
    *,
    file: str = "extensions.conf",
    problems: Problems | None = None,
    clock: Callable[[], float] | None = None,
) -> Dialplan:
    """Read a dialplan from a string.

    Raises:
        ConfigError: there is a mistake and no `problems` list was given.
    """
    found = Problems(strict=True) if problems is None else problems
    with _no_garbage():
        return build_dialplan(read_text(text, file=file, problems=found), found, clock=clock)


@contextmanager
def _no_garbage() -> Generator[None, None, None]:
    """No garbage collection while loading.

    Nearly all of the objects made stay: looking through them again and again takes twice as long as
    making them (100,000 patterns: 0.9 s instead of 2.8 s).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def build_dialplan(
    file: ConfigFile, problems: Problems, *, clock: Callable[[], float] | None = None
) -> Dialplan:
    """Make the dialplan of a file that has been read; mistakes go to `problems`."""
    return _Builder(problems).build(file, clock)


class _Builder:
    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.settings = DialplanSettings()
        self.globals: dict[str, str] = {}
        self.contexts: dict[str, Context] = {}
        self.autohints: set[str] = set()
        # Names, labels, argument texts repeat: one string for each saves half of the memory.
        self.words: dict[str, str] = {}
        # Argument texts whose variables and expressions are known to be right.
        self.checked: set[str] = set()

    def build(self, file: ConfigFile, clock: Callable[[], float] | None) -> Dialplan:
        for section in file:
            name = section.name.lower()
            if name == "general":
                self.general(section)
            elif name == "globals":
                self.global_variables(section)
        for section in file:
            if section.name.lower() not in ("general", "globals"):
                self.context(section)
        self.settings.autohints = frozenset(self.autohints)
        dialplan = Dialplan(self.contexts, settings=self.settings, global_variables=self.globals, clock=clock)
        dialplan.prepare()
        return dialplan

    # ---------------------------------------------------------- settings

    def general(self, section: Section) -> None:
        settings = self.settings
        for item in section.items:
            value = item.value.lower() in _TRUE
            match item.key.lower():
                case "autofallthrough":
                    settings.autofallthrough = value
                case "clearglobalvars":
                    settings.clear_globals = value
                case "writeprotect":
                    settings.write_protect = value
                case "userscontext":
                    settings.user_context = item.value
                case "static":
                    settings.static = value
                case "extenpatternmatchnew":
                    settings.extenpatternmatchnew = value
                case "overrideswitch" if item.value:
                    settings.override_switch = self.switch("switch", item)
                case key if key not in _GENERAL:
                    self.problems.warning(
                        item.file, item.line, f"there is no setting {item.key}", nearest(key, _GENERAL)
                    )
                case _:
                    pass

    def global_variables(self, section: Section) -> None:
        for item in section.items:
            self.globals[item.key] = self.substitute(item, item.value)

    def substitute(self, item: Item, text: str) -> str:
        """Global variables in what is needed at load."""
        if "$" not in text:
            return text
        try:
            return substitute_globals(text, self.globals)
        except DialplanError as error:
            self.problems.error(item.file, item.line, str(error))
            return ""

    # ---------------------------------------------------------- contexts

    def context(self, section: Section) -> None:
        context = self.contexts.get(section.name)
        if context is None:
            self.contexts[section.name] = context = Context(section.name, section.file, section.line)
        lines = _Lines(self, context)
        for item in section.items:
            match item.key:
                case "exten":
                    lines.exten(item)
                case "same":
                    lines.same(item)
                case _:
                    self.other(context, item)

    def other(self, context: Context, item: Item) -> None:
        problems = self.problems
        match item.key.lower():
            case "include":
                self.include(context, item)
            case "ignorepat":
                self.ignore(context, item)
            case "switch" | "lswitch" | "eswitch" as kind:
                context.switches.append(self.switch(kind, item))
            case "autohints":
                if item.value.lower() in _TRUE:
                    self.autohints.add(context.name)
            case "exten" | "same" as key:
                problems.error(item.file, item.line, f"{item.key} is written {key}", key)
            case key:
                what = f"there is no {item.key!r} in a context"
                problems.error(item.file, item.line, what, nearest(key, _KEYS))

    def switch(self, kind: str, item: Item) -> Switch:
        value = self.substitute(item, item.value) if kind == "lswitch" else item.value
        name, _, data = value.partition("/")
        name = name.strip()
        if name.lower() not in KNOWN_SWITCHES:
            if name.lower() in _ASTERISK_SWITCHES:
                self.problems.unsupported(item.file, item.line, f"{item.key} => {item.value}")
            else:
                what = f"there is no switch {name!r}"
                self.problems.error(item.file, item.line, what, nearest(name, ("Loopback", "Realtime")))
        return Switch(kind, name, data.strip(), item.file, item.line)

    def include(self, context: Context, item: Item) -> None:
        value = self.substitute(item, item.value)
        # The | of old configurations still separates here.
        at = next((index for index, char in enumerate(value) if char in ",|"), len(value))
        name, times = value[:at].strip(), value[at + 1 :].strip()
        if not name:
            self.problems.error(item.file, item.line, "include names no context")
            return
        condition = None
        if times:
            try:
                condition = parse_time_condition(times)
            except TimingError as error:
                self.problems.error(item.file, item.line, f"include => {name}: {error}")
                return
        if any(one.context == name and one.condition == condition for one in context.includes):
            self.problems.warning(item.file, item.line, f"[{context.name}] includes {name} already")
            return
        context.includes.append(Include(name, condition, item.file, item.line, times=times))

    def ignore(self, context: Context, item: Item) -> None:
        value = self.substitute(item, item.value)
        try:
            if value[:1] == "_":
                compile_pattern(value)
        except PatternError as error:
            self.problems.error(item.file, item.line, str(error))
            return
        context.ignore.append(value)


class _Lines:
    """The `exten` and `same` lines of one section: they build on those before."""

    def __init__(self, builder: _Builder, context: Context) -> None:
        self.builder = builder
        self.problems = builder.problems
        self.words = builder.words
        self.context = context
        self.last: Extension | None = None
        self.priority = 0
        self.is_first = True

    def exten(self, item: Item) -> None:
        value = item.value
        at = value.find(",")
        if at > 0 and "[" in value[:at]:
            at = _end_of_name(value)
        if at <= 0:
            what = "exten => name,priority,application(arguments) is needed"
            if at < 0 and "[" in value:
                what += "; is a [ never closed?"
            self.problems.error(item.file, item.line, what)
            self.last = None
            return
        name = value[:at].strip()
        if "$" in name:
            name = self.builder.substitute(item, name)
        extension = self.extension(name, item)
        self.last = extension
        if extension is not None:
            self.step(extension, value[at + 1 :], item)

    def same(self, item: Item) -> None:
        if self.last is None:
            if self.is_first:
                self.problems.error(item.file, item.line, "same => without an extension before it")
            return
        self.step(self.last, item.value, item)

    def extension(self, name: str, item: Item) -> Extension | None:
        """The extension of this name and caller, made when it is new."""
        self.is_first = False
        caller: str | None = None
        if "/" in name:
            name, _, caller = name.partition("/")
            caller = _shrink(caller)
        key = (name, caller)
        found = self.context.extensions.get(key)
        if found is not None:
            return found
        if not name:
            self.problems.error(item.file, item.line, "an extension without a name")
            return None
        try:
            extension = Extension.make(name, caller, item.file, item.line)
        except PatternError as error:
            self.problems.error(item.file, item.line, str(error))
            return None
        pattern = extension.pattern
        if pattern is not None:
            if name == "_.":
                what = "_. matches everything, h, i and t too; _X. is mostly what is meant"
                self.problems.warning(item.file, item.line, what)
            elif pattern.tail and not name.endswith(pattern.tail):
                what = f"{name}: what follows the {pattern.tail} is never looked at"
                self.problems.warning(item.file, item.line, what)
        self.context.extensions[key] = extension
        return extension

    def step(self, extension: Extension, text: str, item: Item) -> None:
        """`priority,application(arguments)`."""
        problems = self.problems
        priority_text, comma, rest = text.partition(",")
        if not comma:
            problems.error(
                item.file, item.line, "the application is missing: priority,application(arguments)"
            )
            return
        label = ""
        word = priority_text.strip()
        if word == "n":
            number = self.priority + 1
        elif word.isdecimal() and len(word) < 10:
            number = int(word)
        elif word == "hint":
            extension.hint = self.hint(extension, rest.strip(), item)
            extension.hint_line = item.line
            return
        else:
            numbered = self.priority_of(extension, word, item)
            if numbered is None:
                return
            number, label = numbered
        if not 0 < number <= MAX_PRIORITY:
            problems.error(item.file, item.line, f"{number} is not a priority: they begin with 1")
            return
        self.priority = number
        known = extension.steps.get(number)
        if known is not None:
            what = f"{extension.name} has priority {number} already ({known.where}); this line is ignored"
            problems.warning(item.file, item.line, what)
            return
        application, arguments = self.application(rest, item)
        if not application:
            return
        if label and label in extension.labels:
            what = f"{extension.name} has the label {label!r} already; it stays where it is"
            problems.warning(item.file, item.line, what)
            label = ""
        extension.add(Step(number, label, application, arguments, item.file, item.line))

    def hint(self, extension: Extension, text: str, item: Item) -> str:
        """A hint's devices; in a pattern's, ${EXTEN} stands for the number that is asked for."""
        if "$" in text and extension.pattern is not None and "${EXTEN" in text:
            try:
                compile_template(text)
            except DialplanError as error:
                self.problems.error(item.file, item.line, f"hint: {error}")
                return ""
            return text
        return self.builder.substitute(item, text)

    def priority_of(self, extension: Extension, word: str, item: Item) -> tuple[int, str] | None:
        """The number and label of a priority that is more than a number or `n`."""
        found = _PRIORITY.fullmatch(word)
        if found is None:
            self.problems.error(item.file, item.line, f"{word!r} is not a priority")
            return None
        base = found["base"]
        label = (found["label"] or found["late"] or "").strip()
        if base in ("n", "next"):
            number = self.priority + 1
        elif base in ("s", "same"):
            if not self.priority:
                self.problems.error(item.file, item.line, f"{base!r}: there is no priority before it")
                return None
            number = self.priority
        elif base.isdecimal() and len(base) < 10:
            number = int(base)
        elif base in extension.labels:
            number = extension.labels[base]
        else:
            hint = nearest(base, (*extension.labels, "n", "s", "hint"))
            what = f"{base!r} is no priority and no label of {extension.name}"
            self.problems.error(item.file, item.line, what, hint)
            return None
        return number + int(found["plus"] or 0), label

    def application(self, text: str, item: Item) -> tuple[str, str]:
        """Name and argument text of `App(args)`; the name is empty when there is a mistake."""
        problems = self.problems
        name, parenthesis, rest = text.partition("(")
        name = name.strip()
        name = self.words.setdefault(name, name)
        if not name:
            problems.error(item.file, item.line, "there is no application")
            return "", ""
        if not parenthesis:
            return name, ""
        arguments, closing, after = rest.rpartition(")")
        if not closing:
            problems.warning(item.file, item.line, f"{name}(: the closing parenthesis is missing")
            arguments = rest
        elif after and not after.isspace():
            problems.warning(item.file, item.line, f"text after the ')' is ignored: {after.strip()[:60]}")
        arguments = self.words.setdefault(arguments, arguments)
        if "$" in arguments and arguments not in self.builder.checked:
            try:
                compile_template(arguments)
            except DialplanError as error:
                problems.error(item.file, item.line, f"{name}: {error}")
                return "", ""
            self.builder.checked.add(arguments)
        return name, arguments


def _end_of_name(value: str) -> int:
    """The comma that ends an extension's name: not one within brackets, nor one after a backslash."""
    depth = 0
    at = 0
    while at < len(value):
        char = value[at]
        if char == "\\":
            at += 1
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= depth > 0
        elif char == "," and not depth:
            return at
        at += 1
    return -1


def _shrink(number: str) -> str:
    """A caller number without the punctuation that people write into numbers; patterns keep theirs."""
    number = number.strip()
    if number[:1] == "_":
        return number
    return "".join(char for char in number if char not in "() .-")
