"""The dialplan as loaded: contexts, extensions, priorities.  One snapshot is never changed once built.

A call keeps the snapshot that it started with.  What a priority executes is bound when it first runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from offhook.config.errors import Where
from offhook.dialplan.patterns import Index, Pattern, compile_pattern, normalize

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

    __slots__ = ("application", "arguments", "execute", "file", "label", "line", "priority")

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

    __slots__ = ("caller", "caller_pattern", "file", "hint", "labels", "line", "name", "pattern", "steps")

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

    __slots__ = ("condition", "context", "file", "line")

    def __init__(self, context: str, condition: TimeCondition | None, file: str, line: int) -> None:
        self.context = context
        self.condition = condition
        self.file = file
        self.line = line


class Switch:
    """`switch =>`, `lswitch =>`, `eswitch =>`: another source of extensions; kept, not asked yet."""

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
        "switches",
    )

    def __init__(self, name: str, file: str, line: int) -> None:
        self.name = name
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
    def hints(self) -> Index[Extension]:
        """The index of the extensions that have a hint."""
        if self._hints is None:
            self._hints = Index([one for one in self.extensions.values() if one.hint])
        return self._hints


class DialplanSettings:
    """[general] of extensions.conf."""

    __slots__ = ("autofallthrough", "autohints", "clear_globals", "user_context", "write_protect")

    def __init__(self) -> None:
        self.autofallthrough = True
        self.clear_globals = False
        self.write_protect = False
        self.autohints: frozenset[str] = frozenset()
        self.user_context = "default"


class Dialplan:
    """A snapshot of all contexts."""

    __slots__ = ("_remembered", "clock", "contexts", "global_variables", "has_callers", "settings")

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
        self._remembered: dict[tuple[str, str], Extension] = {}

    def prepare(self) -> None:
        """Build every index now, so that the first call does not wait for it."""
        for context in self.contexts.values():
            _ = context.index

    def forget(self) -> None:
        """Forget remembered look-ups."""
        self._remembered.clear()

    # ---- whole numbers

    def match(self, context: str, exten: str, caller: str = "") -> Extension | None:
        """The extension that a dialled number reaches in a context: its best match, then the includes'."""
        known = self._remembered.get((context, exten))
        if known is not None:
            return known
        search = _Search(self, caller)
        found = search.find(context, normalize(exten), None)
        if found is not None and search.is_lasting:
            if len(self._remembered) >= _MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[context, exten] = found
        return found

    def find(self, context: str, exten: str, priority: int = 1, caller: str = "") -> Step | None:
        """The priority of an extension; where the best match lacks it, the next best is asked."""
        found = self.match(context, exten, caller)
        if found is None:
            return None
        step = found.steps.get(priority)
        if step is not None:
            return step
        extension = _Search(self, caller).find(
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

    def hint(self, context: str, exten: str) -> str:
        """The devices that an extension's hint names, "" without a hint."""
        number = normalize(exten)
        for one in _Search(self, "").walk(context):
            found = one.hints.find(number)
            if found is not None:
                return found.hint
        return ""

    # ---- beginnings of numbers

    def can_match(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether digits are an extension or begin one."""
        search = _Search(self, caller)
        number = normalize(digits)
        return any(one.index.can_match(number, search.dialable) for one in search.walk(context))

    def match_more(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether more digits could match something (else): then it is worth to wait for them."""
        search = _Search(self, caller)
        number = normalize(digits)
        return any(one.index.match_more(number, search.dialable) for one in search.walk(context))

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

    __slots__ = ("caller", "dialplan", "is_lasting", "now")

    def __init__(self, dialplan: Dialplan, caller: str) -> None:
        self.dialplan = dialplan
        self.caller = caller
        self.is_lasting = True
        """Whether the same look-up would always find the same: nothing depended on caller or time."""
        self.now: float | None = None

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
        return None

    def dialable(self, extension: Extension) -> bool:
        """Whether this caller can dial it: it has a first priority."""
        return 1 in extension.steps and extension.accepts(self.caller)
