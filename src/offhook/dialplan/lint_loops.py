"""Goto loops that can be seen: a call that gets in never waits and never leaves.

Only what is certain is told.  A loop of applications that neither wait nor can fail, all of whose jumps are
constant, goes on for ever and keeps a processor busy; one with a condition or a variable in a jump may end.
"""

from __future__ import annotations

from offhook.config.errors import Problems
from offhook.dialplan.jumps import DYNAMIC, jumps_of
from offhook.dialplan.model import Context, Dialplan, Extension, Step

__all__ = ["check_loops"]

# They are done at once, and go on with the next priority.
_AT_ONCE = frozenset(("noop", "set", "mset", "verbose", "log", "answer", "ringing", "progress", "proceeding"))

Place = tuple[int, int]
"""The identity of an extension, and a priority."""


def check_loops(dialplan: Dialplan, problems: Problems) -> None:
    """Tell every loop once, at its first line."""
    _Loops(dialplan, problems).run()


class _Loops:
    def __init__(self, dialplan: Dialplan, problems: Problems) -> None:
        self.dialplan = dialplan
        self.problems = problems
        self.places: dict[int, tuple[Context, Extension]] = {}
        # 1: on the path that is being followed; 2: what follows is known to end or wait.
        self.colours: dict[Place, int] = {}

    def run(self) -> None:
        for context in self.dialplan.contexts.values():
            for extension in context.extensions.values():
                if any(step.application.lower() == "goto" for step in extension.steps.values()):
                    self.places[id(extension)] = (context, extension)
        for context, extension in tuple(self.places.values()):
            for priority in extension.steps:
                self.follow(context, extension, priority)

    def follow(self, context: Context, extension: Extension, priority: int) -> None:
        """Follow what is certain from one priority, until it ends, waits, or comes to where it was."""
        path: list[Place] = []
        colours = self.colours
        here: tuple[Context, Extension, int] | None = (context, extension, priority)
        while here is not None:
            context, extension, priority = here
            place = (id(extension), priority)
            colour = colours.get(place)
            if colour == 1:
                self.tell(path[path.index(place) :])
            if colour is not None:
                break
            self.places.setdefault(id(extension), (context, extension))
            colours[place] = 1
            path.append(place)
            here = self.next(context, extension, priority)
        for place in path:
            colours[place] = 2

    def next(
        self, context: Context, extension: Extension, priority: int
    ) -> tuple[Context, Extension, int] | None:
        step = extension.steps.get(priority)
        if step is None or step.is_native:
            return None
        name = step.application.lower()
        if name in _AT_ONCE:
            return context, extension, priority + 1
        return self.jump(context, extension, step) if name == "goto" else None

    def jump(
        self, context: Context, extension: Extension, step: Step
    ) -> tuple[Context, Extension, int] | None:
        jump = next(jumps_of(step), None)
        if jump is None or any(part is not None and DYNAMIC in part for part in jump.target):
            return None
        target = jump.target
        found, into = extension, context
        if target.context is not None or target.exten is not None:
            known = self.dialplan.contexts.get(target.context or context.name)
            if known is None or target.exten is None:
                return None
            into = known
            match = self.dialplan.match(into.name, target.exten)
            if match is None or match.caller is not None:
                return None
            found = match
        number = _priority(found, step, target.priority)
        return None if number is None else (into, found, number)

    def tell(self, loop: list[Place]) -> None:
        lines: list[Step] = []
        for identity, priority in loop:
            step = self.places[identity][1].steps.get(priority)
            if step is not None:
                lines.append(step)
        jumps = [step for step in lines if step.application.lower() == "goto"]
        if not jumps:
            return
        last = max(jumps, key=lambda step: (step.file, step.line))
        target = min(lines, key=lambda step: (step.file, step.line))
        what = f"this loop never ends and never waits: Goto({last.arguments}) leads back to {target.where}"
        if last.line == target.line and last.file == target.file:
            what = f"this loop never ends and never waits: Goto({last.arguments}) leads to itself"
        self.problems.warning(last.file, last.line, what)


def _priority(extension: Extension, step: Step, text: str) -> int | None:
    if text[:1] in "+-" and text[1:].isdecimal():
        return step.priority + int(text)
    if text.isdecimal():
        return int(text)
    return extension.labels.get(text)
