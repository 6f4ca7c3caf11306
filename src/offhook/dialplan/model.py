"""The dialplan as loaded: contexts, extensions, priorities.  One snapshot is never changed once built.

A call keeps the snapshot that it started with.  What a priority executes is bound when it first runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from offhook.config.errors import Where
from offhook.dialplan.errors import DialplanError, PatternError
from offhook.dialplan.globals import substitute_globals
from offhook.dialplan.patterns import Index, Pattern, compile_pattern, normalize
from offhook.dialplan.switches import LOOPBACK, MAX_DEPTH, Loopback, SwitchSource, read_loopback

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from offhook.dialplan.call import Call
    from offhook.dialplan.timing import TimeCondition

__all__ = ["Context", "Dialplan", "DialplanSettings", "Extension", "Include", "Step", "Switch"]

# How deep includes are followed, as in Asterisk.
MAX_INCLUDES = 128
# Remembered look-ups; calls go to the same few extensions again and again.
_MAX_REMEMBERED = 8192


class Step:
    """One priority: an application and the text of its arguments."""

    __slots__ = ("application", "arguments", "execute", "file", "is_native", "label", "line", "priority")

    def __init__(
        self, priority: int, label: str, application: str, arguments: str, file: str, line: int
    ) -> None:
        self.priority = priority
        self.label = label
        self.application = application
        self.arguments = arguments
        self.file = file
        self.line = line
        # Made by the runner at first execution; see offhook.dialplan.steps.
        self.execute: Callable[[Call], Awaitable[None] | None] | None = None
        self.is_native = False
        """Whether it is code of another language: `application` and `arguments` are only shown."""

    @property
    def where(self) -> Where:
        """Where it stands."""
        return Where(self.file, self.line)

    def __repr__(self) -> str:
        return f"<{self.priority}: {self.application}({self.arguments})>"


# Most of 100,000 extensions have no label: they share this.
_NO_LABELS: Mapping[str, int] = MappingProxyType({})


class Extension:
    """An extension of a context: its name or pattern, the callers it is for, and its priorities."""

    __slots__ = (
        "caller",
        "caller_pattern",
        "file",
        "hint",
        "hint_line",
        "labels",
        "line",
        "name",
        "pattern",
        "steps",
    )

    def __init__(
        self,
        name: str,
        caller: str | None,
        file: str,
        line: int,
        *,
        pattern: Pattern | None = None,
        caller_pattern: Pattern | None = None,
    ) -> None:
        self.name = name
        self.pattern = pattern
        self.caller = caller
        """The caller number or pattern after the `/`; None: for every caller; "": for those without one."""
        self.caller_pattern = caller_pattern
        self.file = file
        self.line = line
        self.steps: dict[int, Step] = {}
        self.labels: Mapping[str, int] = _NO_LABELS
        self.hint = ""
        self.hint_line = 0

    @classmethod
    def make(cls, name: str, caller: str | None, file: str, line: int) -> Extension:
        """An extension, its patterns compiled.

        Raises:
            PatternError: the name or the caller is a wrong pattern.
        """
        return cls(
            name,
            caller,
            file,
            line,
            pattern=compile_pattern(name) if name[:1] == "_" else None,
            caller_pattern=compile_pattern(caller) if caller and caller[:1] == "_" else None,
        )

    def add(self, step: Step) -> None:
        """Add a priority and its label."""
        self.steps[step.priority] = step
        if step.label:
            if self.labels is _NO_LABELS:
                self.labels = {}
            cast("dict[str, int]", self.labels)[step.label] = step.priority

    def accepts(self, caller: str) -> bool:
        """Whether it is for this caller."""
        wanted = self.caller
        if wanted is None:
            return True
        number = normalize(caller)
        if self.caller_pattern is not None:
            return self.caller_pattern.matches(number)
        return normalize(wanted) == number

    def __repr__(self) -> str:
        return f"<extension {self.name}{'' if self.caller is None else '/' + self.caller}>"


class Include:
    """`include => context[,time condition]`."""

    __slots__ = ("condition", "context", "file", "line", "times")

    def __init__(
        self, context: str, condition: TimeCondition | None, file: str, line: int, *, times: str = ""
    ) -> None:
        self.context = context
        self.condition = condition
        self.times = times
        self.file = file
        self.line = line

    @property
    def text(self) -> str:
        """As it is written: `context[,times]`."""
        return f"{self.context},{self.times}" if self.times else self.context


class Switch:
    """`switch =>`, `lswitch =>`, `eswitch =>`: another source of extensions (offhook.dialplan.switches)."""

    __slots__ = ("data", "file", "kind", "line", "name")

    def __init__(self, kind: str, name: str, data: str, file: str, line: int) -> None:
        self.kind = kind
        self.name = name
        self.data = data
        self.file = file
        self.line = line


def _rank(extension: Extension) -> tuple[int, tuple[tuple[int, str], ...], str]:
    """Those for certain callers before those for all; the more certain first."""
    if extension.caller is None:
        return (2, (), "")
    if extension.caller_pattern is None:
        return (0, (), extension.caller)
    return (1, extension.caller_pattern.order, "")


class Context:
    """A context: extensions, includes, ignore patterns."""

    __slots__ = (
        "_hints",
        "_index",
        "extensions",
        "file",
        "has_callers",
        "ignore",
        "includes",
        "line",
        "name",
        "registrar",
        "switches",
    )

    def __init__(self, name: str, file: str, line: int, *, registrar: str = "pbx_config") -> None:
        self.name = name
        self.registrar = registrar
        """Who made it, as `dialplan show` tells: pbx_config, pbx_ael, pbx_lua ..."""
        self.file = file
        self.line = line
        self.extensions: dict[tuple[str, str | None], Extension] = {}
        self.includes: list[Include] = []
        self.switches: list[Switch] = []
        self.ignore: list[str] = []
        self.has_callers = False
        """Whether an extension is for certain callers only; known once `index` was asked for."""
        self._index: Index[Extension] | None = None
        self._hints: Index[Extension] | None = None

    def add(self, extension: Extension) -> None:
        """Add an extension, in place of one of the same name and caller; before the snapshot is used."""
        self.extensions[extension.name, extension.caller] = extension
        self._index = self._hints = None

    @property
    def index(self) -> Index[Extension]:
        """The index of what can be executed, made at first use (`Dialplan.prepare` makes them all)."""
        if self._index is None:
            found = [one for one in self.extensions.values() if one.steps]
            self.has_callers = any(one.caller is not None for one in found)
            if self.has_callers:
                found.sort(key=_rank)
            self._index = Index(found)
        return self._index

    @property
    def hinted(self) -> list[Extension]:
        """The extensions that have a hint."""
        return [one for one in self.extensions.values() if one.hint]

    @property
    def hints(self) -> Index[Extension]:
        """The index of the extensions that have a hint."""
        if self._hints is None:
            self._hints = Index(self.hinted)
        return self._hints


class DialplanSettings:
    """[general] of extensions.conf."""

    __slots__ = (
        "autofallthrough",
        "autohints",
        "clear_globals",
        "extenpatternmatchnew",
        "override_switch",
        "static",
        "user_context",
        "write_protect",
    )

    def __init__(self) -> None:
        self.static = False
        self.extenpatternmatchnew = True
        self.override_switch: Switch | None = None
        """Asked before any context is."""
        self.autofallthrough = True
        self.clear_globals = False
        self.write_protect = False
        self.autohints: frozenset[str] = frozenset()
        self.user_context = "default"


class Dialplan:
    """A snapshot of all contexts."""

    __slots__ = (
        "_remembered",
        "clock",
        "contexts",
        "global_variables",
        "has_callers",
        "has_switches",
        "settings",
        "sources",
        "variables",
    )

    def __init__(
        self,
        contexts: Mapping[str, Context],
        *,
        settings: DialplanSettings | None = None,
        global_variables: Mapping[str, str] | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.contexts = contexts
        self.settings = settings or DialplanSettings()
        self.global_variables = dict(global_variables or {})
        self.clock = clock or time.time
        """Seconds since the epoch, for includes with a time condition."""
        self.has_callers = any(
            one.caller is not None for context in contexts.values() for one in context.extensions.values()
        )
        """Whether a match can depend on the caller; then it is made anew for every priority."""
        self.has_switches = self.settings.override_switch is not None or any(
            context.switches for context in contexts.values()
        )
        self.sources: Mapping[str, SwitchSource] = {}
        """Where switches take extensions from, by name in lower case; the runner puts its own here."""
        self.variables: Mapping[str, str] = self.global_variables
        """Global variables for what switches look up; the runner puts its own here."""
        self._remembered: dict[tuple[str, str], Extension] = {}

    def edited(self, context: Context) -> Dialplan:
        """A copy with another context of this name; for changes at run time (offhook.dialplan.edit)."""
        contexts = {**self.contexts, context.name: context}
        return self.with_contexts(contexts)

    def with_contexts(
        self, contexts: Mapping[str, Context], global_variables: Mapping[str, str] | None = None
    ) -> Dialplan:
        """A copy with other contexts, and perhaps other global variables."""
        copy = Dialplan(
            contexts,
            settings=self.settings,
            global_variables=self.global_variables if global_variables is None else global_variables,
            clock=self.clock,
        )
        copy.sources, copy.variables = self.sources, self.variables
        return copy

    def tree(self, name: str) -> list[Context]:
        """A context and all that it includes now."""
        return list(_Search(self, "").walk(name))

    def switch_data(self, switch: Switch, context: str, exten: str, variables: Mapping[str, str]) -> str:
        """What stands behind a switch's name, for a number and the channel's variables."""
        return _Search(self, "", variables).data(switch, context, exten)

    def prepare(self) -> None:
        """Build every index now, so that the first call does not wait for it."""
        for context in self.contexts.values():
            _ = context.index

    def forget(self) -> None:
        """Forget remembered look-ups."""
        self._remembered.clear()

    # ---- whole numbers

    def match(
        self, context: str, exten: str, caller: str = "", variables: Mapping[str, str] | None = None
    ) -> Extension | None:
        """The extension that a dialled number reaches in a context: its best match, then the includes'.

        `variables` are the channel's, for `eswitch`.
        """
        known = self._remembered.get((context, exten))
        if known is not None:
            return known
        search = _Search(self, caller, variables)
        found = search.find(context, normalize(exten), None)
        if found is not None and search.is_lasting:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[context, exten] = found
        return found

    def find(
        self,
        context: str,
        exten: str,
        priority: int = 1,
        caller: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> Step | None:
        """The priority of an extension; where the best match lacks it, the next best is asked."""
        found = self.match(context, exten, caller, variables)
        if found is None:
            return None
        step = found.steps.get(priority)
        if step is not None:
            return step
        extension = _Search(self, caller, variables).find(
            context, normalize(exten), lambda extension: priority in extension.steps
        )
        return extension.steps[priority] if extension is not None else None

    def find_label(self, context: str, exten: str, label: str, caller: str = "") -> int | None:
        """The priority that a label names."""
        found = self.match(context, exten, caller)
        if found is None:
            return None
        number = found.labels.get(label)
        if number is not None:
            return number
        extension = _Search(self, caller).find(
            context, normalize(exten), lambda extension: label in extension.labels
        )
        return extension.labels[label] if extension is not None else None

    def hint_of(self, context: str, exten: str) -> Extension | None:
        """The extension whose hint counts for a number; None without a hint."""
        number = normalize(exten)
        for one in _Search(self, "").walk(context):
            found = one.hints.find(number)
            if found is not None:
                return found
        return None

    def hint(self, context: str, exten: str) -> str:
        """The devices that an extension's hint names, "" without a hint."""
        found = self.hint_of(context, exten)
        return "" if found is None else found.hint

    # ---- beginnings of numbers

    def can_match(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether digits are an extension or begin one."""
        search = _Search(self, caller)
        number = normalize(digits)
        return search.begins(context, number, more=False)

    def match_more(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether more digits could match something (else): then it is worth to wait for them."""
        search = _Search(self, caller)
        number = normalize(digits)
        return search.begins(context, number, more=True)

    def ignores(self, context: str, digits: str) -> bool:
        """Whether dial tone goes on after these digits (`ignorepat`)."""
        found = self.contexts.get(context)
        if found is None:
            return False
        for text in found.ignore:
            if text[:1] == "_":
                if compile_pattern(text).matches(normalize(digits)):
                    return True
            elif text == digits:
                return True
        return False


class _Search:
    """One look-up through a context and what it includes."""

    __slots__ = ("caller", "depth", "dialplan", "is_lasting", "now", "variables")

    def __init__(self, dialplan: Dialplan, caller: str, variables: Mapping[str, str] | None = None) -> None:
        self.dialplan = dialplan
        self.caller = caller
        self.variables = variables
        self.is_lasting = True
        """Whether the same look-up would always find the same: nothing depended on caller or time."""
        self.now: float | None = None
        self.depth = 0

    def walk(self, name: str) -> Iterator[Context]:
        """The context and its includes, each once, in the order in which they count."""
        pending = [name]
        seen: set[str] = set()
        while pending and len(seen) < MAX_INCLUDES:
            name = pending.pop()
            if name in seen:
                continue
            seen.add(name)
            context = self.dialplan.contexts.get(name)
            if context is None:
                continue
            yield context
            for include in reversed(context.includes):
                if include.condition is not None:
                    self.is_lasting = False
                    if self.now is None:
                        self.now = self.dialplan.clock()
                    if not include.condition.holds(self.now):
                        continue
                pending.append(include.context)

    def find(self, context: str, number: str, accept: Callable[[Extension], bool] | None) -> Extension | None:
        override = self.dialplan.settings.override_switch
        if override is not None and not self.depth:
            found = self.switched(override, context, number, accept)
            if found is not None:
                return found
        caller = self.caller
        for one in self.walk(context):
            index = one.index
            if one.has_callers:
                self.is_lasting = False
                found = index.find(
                    number, lambda extension: extension.accepts(caller) and (not accept or accept(extension))
                )
            else:
                found = index.find(number, accept)
            if found is not None:
                return found
            for switch in one.switches:
                found = self.switched(switch, one.name, number, accept)
                if found is not None:
                    return found
        return None

    def switched(
        self, switch: Switch, context: str, number: str, accept: Callable[[Extension], bool] | None
    ) -> Extension | None:
        """What a switch has for a number."""
        self.is_lasting = False
        name = switch.name.lower()
        if name == LOOPBACK:
            place = self.loopback(switch, context, number)
            if place is None:
                return None
            self.depth += 1
            found = self.find(place.context, normalize(place.exten), accept)
            self.depth -= 1
            if found is None or not place.priority.isdecimal():
                return found
            return _from_priority(found, int(place.priority))
        source = self.dialplan.sources.get(name)
        if source is None:
            return None
        found = source.find(self.data(switch, context, number), context, number, self.caller)
        return found if found is not None and (accept is None or accept(found)) else None

    def loopback(self, switch: Switch, context: str, number: str) -> Loopback | None:
        """Where a Loopback leads; None for numbers that it is not for."""
        if self.depth >= MAX_DEPTH:
            return None
        place = read_loopback(switch.data, context, number, self.names(switch))
        if place.pattern and not _loopback_admits(place.pattern, number):
            return None
        return None if (place.exten, place.context) == (number, context) else place

    def names(self, switch: Switch) -> Mapping[str, str]:
        """The variables that count for a switch."""
        if switch.kind == "eswitch" and self.variables is not None:
            return {**self.dialplan.variables, **self.variables}
        return self.dialplan.variables

    def data(self, switch: Switch, context: str, number: str) -> str:
        """What stands behind the switch's name, for this number."""
        text = switch.data
        if switch.kind != "eswitch" or "$" not in text:
            return text
        try:
            return substitute_globals(text, {**self.names(switch), "EXTEN": number, "CONTEXT": context})
        except DialplanError:
            return ""

    def begins(self, context: str, digits: str, *, more: bool) -> bool:
        """Whether digits begin an extension, or (`more`) whether further ones could make another."""
        override = self.dialplan.settings.override_switch
        if override is not None and not self.depth and self.switch_begins(override, context, digits, more):
            return True
        for one in self.walk(context):
            test = one.index.match_more if more else one.index.can_match
            if test(digits, self.dialable):
                return True
            for switch in one.switches:
                if self.switch_begins(switch, one.name, digits, more):
                    return True
        return False

    def switch_begins(self, switch: Switch, context: str, digits: str, more: bool) -> bool:
        name = switch.name.lower()
        if name == LOOPBACK:
            place = self.loopback(switch, context, digits)
            if place is None:
                return False
            self.depth += 1
            found = self.begins(place.context, normalize(place.exten), more=more)
            self.depth -= 1
            return found
        source = self.dialplan.sources.get(name)
        if source is None:
            return False
        data = self.data(switch, context, digits)
        return (source.match_more if more else source.can_match)(data, context, digits)

    def dialable(self, extension: Extension) -> bool:
        """Whether this caller can dial it: it has a first priority."""
        return 1 in extension.steps and extension.accepts(self.caller)


def _loopback_admits(pattern: str, number: str) -> bool:
    try:
        return compile_pattern(pattern if pattern[:1] == "_" else "_" + pattern).matches(number)
    except PatternError:
        return False


def _from_priority(extension: Extension, first: int) -> Extension:
    """The extension as one that begins with another of its priorities (`Loopback/...:5`)."""
    moved = Extension(extension.name, extension.caller, extension.file, extension.line)
    moved.steps = {number - first + 1: step for number, step in extension.steps.items() if number >= first}
    return moved
