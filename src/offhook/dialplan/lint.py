"""What can be found wrong with a dialplan without a call, for `offhook check`.

Errors: names of applications, functions, contexts, extensions and labels that do not exist, with the
nearest that does; arguments and options that an application does not take.  Warnings: priorities that
nothing reaches.  Where a name comes from a variable, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from offhook.config.errors import Problems, nearest
from offhook.dialplan.declare import Application, applications, functions
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.jumps import DYNAMIC, Jump, jumps_of
from offhook.dialplan.known import (
    ASTERISK_APPLICATIONS,
    ASTERISK_FUNCTIONS,
    DROPPED_APPLICATIONS,
    DROPPED_FUNCTIONS,
)
from offhook.dialplan.lint_loops import check_loops
from offhook.dialplan.model import Context, Dialplan, Extension, Step
from offhook.dialplan.patterns import normalize
from offhook.dialplan.templates import ExpressionPart, FunctionPart, Part, VariablePart, compile_template

__all__ = ["lint"]

# Stands for what a variable will give.
_SOMETHING = "\N{REPLACEMENT CHARACTER}"
# After these the next priority is only reached by a jump.
_LEAVING = frozenset(("goto", "hangup", "return"))
_APPLICATION_NAMES = {name.lower() for name in ASTERISK_APPLICATIONS}
_CHAN_SIP = re.compile(r"(?<![A-Za-z])SIP/\w")
_DIAL_STRINGS = {"SIP/...": "PJSIP/..., which answers for it"}
_FUNCTION_NAMES = {name.lower() for name in ASTERISK_FUNCTIONS}


def lint(dialplan: Dialplan, problems: Problems) -> None:
    """Check a dialplan; what is found goes to `problems`.  All applications must have been declared."""
    _Linter(dialplan, problems).run()


class _Linter:
    def __init__(self, dialplan: Dialplan, problems: Problems) -> None:
        self.dialplan = dialplan
        self.problems = problems
        self.included_by = _included_by(dialplan)
        # Priorities that jumps of other extensions name by number, by the extension's name.
        self.numbered_targets = _numbered_targets(dialplan)
        self.checked: set[tuple[str, str]] = set()
        self.unsupported: set[tuple[str, str]] = set()  # (application, option) that were reported
        self.dropped: set[str] = set()  # names that were reported
        self.known_surroundings: dict[str, list[Context]] = {}

    def run(self) -> None:
        for context in self.dialplan.contexts.values():
            self.includes(context)
            for extension in context.extensions.values():
                jumps = {number: list(jumps_of(step)) for number, step in extension.steps.items()}
                for number, step in extension.steps.items():
                    self.step(step)
                    for jump in jumps[number]:
                        self.jump(context, extension, step, jump)
                self.reachable(context, extension, jumps)
        check_loops(self.dialplan, self.problems)

    # ---------------------------------------------------------- names and arguments

    def step(self, step: Step) -> None:
        if step.is_native:
            return
        application = applications.get(step.application)
        if application is None:
            self.unknown_application(step)
            return
        if (application.name, step.arguments) in self.checked:
            return  # the same line, perhaps 10,000 times
        self.checked.add((application.name, step.arguments))
        if "SIP/" in step.arguments and _CHAN_SIP.search(step.arguments):
            self.is_dropped(step, "SIP/...", _DIAL_STRINGS)
        self.is_dropped(step, application.name, DROPPED_APPLICATIONS)
        try:
            template = compile_template(step.arguments)
        except DialplanError as error:
            self.error(step, f"{application.name}: {error}")
            return
        for part in template.parts:
            self.part(step, part)
        self.assignment(step, application)
        if template.constant:
            self.arguments(step, application)
        else:
            self.some_arguments(step, application, template.parts)
        self.options(step, application, template.parts)

    def options(self, step: Step, application: Application, parts: Sequence[Part]) -> None:
        """Options that do nothing yet: said once for each, however many lines have it."""
        text = "".join(part if isinstance(part, str) else _SOMETHING for part in parts)
        for option in application.signature.unsupported(text):
            key = (application.name, option.letter)
            if key not in self.unsupported:
                self.unsupported.add(key)
                what = f"{application.name}: option {option.letter} ({option.doc.rstrip('.')})"
                self.problems.unsupported(step.file, step.line, what)

    def is_dropped(self, step: Step, name: str, names: Mapping[str, str]) -> None:
        """A name that works here and that Asterisk has no more: said once, where it is used first."""
        instead = names.get(name)
        if instead is not None and name not in self.dropped:
            self.dropped.add(name)
            what = f"{name} works, but Asterisk has dropped it; in its place there is {instead}"
            self.problems.warning(step.file, step.line, what)

    def arguments(self, step: Step, application: Application) -> None:
        for complaint in application.signature.check(step.arguments):
            self.error(step, f"{application.name}: {complaint}")

    def some_arguments(self, step: Step, application: Application, parts: Sequence[Part]) -> None:
        """What is wrong whatever the variables will be: too few or too many arguments, options."""
        text = "".join(part if isinstance(part, str) else _SOMETHING for part in parts)
        for complaint in application.signature.check_partly(text, _SOMETHING):
            self.error(step, f"{application.name}: {complaint}")

    def unknown_application(self, step: Step) -> None:
        name = step.application
        if name.lower() in _APPLICATION_NAMES:
            self.problems.unsupported(step.file, step.line, f"the application {name}")
        elif "," in name and name.split(",")[0] in applications:
            what = f"arguments belong in parentheses: {name.replace(',', '(', 1)})"
            self.error(step, what)
        else:
            self.error(step, f"there is no application {name}", applications.nearest(name))

    def part(self, step: Step, part: Part) -> None:
        if isinstance(part, str):
            return
        if isinstance(part, FunctionPart) and len(part.name) == 1 and isinstance(part.name[0], str):
            self.function(step, part.name[0].strip(), part.arguments)
        for inner in _inner(part):
            self.part(step, inner)

    def function(self, step: Step, name: str, arguments: Sequence[Part], *, written: bool = False) -> None:
        found = functions.get(name)
        if found is None:
            if name.lower() in _FUNCTION_NAMES:
                self.problems.unsupported(step.file, step.line, f"the function {name}")
            else:
                self.error(step, f"there is no function {name}", functions.nearest(name))
            return
        self.is_dropped(step, found.name, DROPPED_FUNCTIONS)
        if (found.write if written else found.read) is None:
            self.error(step, f"{found.name} cannot be {'written' if written else 'read'}")
            return
        if all(isinstance(part, str) for part in arguments):
            text = "".join(str(part) for part in arguments)
            signature = found.write_signature if written else found.read_signature
            for complaint in signature.check(text):
                self.error(step, f"{found.name}: {complaint}")

    def assignment(self, step: Step, application: Application) -> None:
        """The function that a Set() writes."""
        if application.name != "Set":
            return
        name = step.arguments.partition("=")[0].strip()
        function_name, parenthesis, rest = name.partition("(")
        if not parenthesis or not rest.endswith(")") or "$" in function_name:
            return
        try:
            arguments = compile_template(rest[:-1]).parts
        except DialplanError:
            return  # a `=` within the name: what it means is only known when it runs
        self.function(step, function_name, arguments, written=True)

    # ---------------------------------------------------------- places

    def includes(self, context: Context) -> None:
        for include in context.includes:
            if include.context not in self.dialplan.contexts:
                hint = nearest(include.context, self.dialplan.contexts)
                what = f"[{context.name}] includes [{include.context}], which does not exist"
                # Not an error: generated dialplans include contexts that the administrator may add.
                self.problems.warning(include.file, include.line, what, hint)
            elif include.context == context.name:
                self.problems.warning(include.file, include.line, f"[{context.name}] includes itself")
            elif self.is_empty(include.context):
                what = f"[{context.name}] includes [{include.context}], in which there is nothing"
                self.problems.warning(include.file, include.line, what)

    def is_empty(self, name: str) -> bool:
        """Whether a context has nothing that can be dialled or found, nor includes anything."""
        context = self.dialplan.contexts[name]
        return not (context.extensions or context.includes or context.switches or context.ignore)

    def jump(self, context: Context, extension: Extension, step: Step, jump: Jump) -> None:
        target = jump.target
        if target.context is not None and DYNAMIC in target.context:
            return
        if target.context is not None and target.context not in self.dialplan.contexts:
            hint = nearest(target.context, self.dialplan.contexts)
            self.error(step, f"{step.application}: there is no context {target.context}", hint)
            return
        if target.exten is not None and DYNAMIC in target.exten:
            return
        if target.exten is None:
            if _has(extension, target.priority):
                return
            candidates = self.same_extension(context, extension)
            name = extension.name
        else:
            searched = self.tree(target.context) if target.context else self.surroundings(context.name)
            if any(one.switches for one in searched):
                return
            number = normalize(target.exten)
            candidates = [found for one in searched for found in one.index.matches(number)]
            name = target.exten
            if not candidates:
                known = [one.name for each in searched for one in each.extensions.values()]
                where = f"{name}@{target.context or context.name}"
                self.error(step, f"{step.application}: there is no extension {where}", nearest(name, known))
                return
        self.priority(step, jump, candidates, name)

    def priority(self, step: Step, jump: Jump, candidates: Sequence[Extension], name: str) -> None:
        priority = jump.target.priority
        if DYNAMIC in priority:
            return
        if priority[:1] in "+-" and priority[1:].isdecimal():
            number = step.priority + int(priority)
        elif priority.isdecimal():
            number = int(priority)
        else:
            labels = [label for one in candidates for label in one.labels]
            if priority not in labels:
                self.error(
                    step,
                    f"{step.application}: there is no label {priority!r} in {name}",
                    nearest(priority, labels),
                )
            return
        if not any(number in one.steps for one in candidates):
            self.error(step, f"{step.application}: {name} has no priority {number}")

    def same_extension(self, context: Context, extension: Extension) -> list[Extension]:
        """What can be meant by a label or priority alone: this extension and others for the same numbers."""
        found = [extension]
        number = normalize(extension.name)
        for one in self.surroundings(context.name):
            found += one.index.matches(number)
            if extension.pattern is not None:
                found += one.extensions.values()
        return found

    def tree(self, name: str) -> list[Context]:
        """A context and all that it includes, whatever the time."""
        found: dict[str, Context] = {}
        pending = [name]
        while pending:
            name = pending.pop()
            context = self.dialplan.contexts.get(name)
            if context is not None and name not in found:
                found[name] = context
                pending += (include.context for include in context.includes)
        return list(found.values())

    def surroundings(self, name: str) -> list[Context]:
        """Where an extension of this context may look: calls can be in a context that includes this one."""
        known = self.known_surroundings.get(name)
        if known is not None:
            return known
        start, roots = name, {name}
        pending = [name]
        while pending:
            for parent in self.included_by.get(pending.pop(), ()):
                if parent not in roots:
                    roots.add(parent)
                    pending.append(parent)
        found: dict[str, Context] = {}
        for root in roots:
            found.update((one.name, one) for one in self.tree(root))
        self.known_surroundings[start] = result = list(found.values())
        return result

    # ---------------------------------------------------------- what nothing reaches

    def reachable(self, context: Context, extension: Extension, jumps: dict[int, list[Jump]]) -> None:
        steps = extension.steps
        targets = {
            number + int(priority) if priority[0] in "+-" else int(priority)
            for number, several in jumps.items()
            for _, _, priority in (jump.target for jump in several)
            if priority.lstrip("+-").isdecimal()
        }
        for number, step in sorted(steps.items()):
            if step.label or number in targets or number == 1:
                continue
            before = steps.get(number - 1)
            if before is None:
                if not self.supplied(context, extension, number - 1):
                    what = f"{extension.name} has priority {number} but no {number - 1}: nothing leads here"
                    self.problems.warning(step.file, step.line, what)
            elif before.application.lower() in _LEAVING and not self.jumped_to(extension, number):
                what = f"nothing leads to this priority: {before.application}() comes before it"
                self.problems.warning(step.file, step.line, what)

    def supplied(self, context: Context, extension: Extension, number: int) -> bool:
        """Whether another extension for the same numbers can have a priority."""
        others = self.same_extension(context, extension)
        return any(number in one.steps for one in others if one is not extension)

    def jumped_to(self, extension: Extension, number: int) -> bool:
        """Whether a jump of another extension names this priority by its number."""
        return number in self.numbered_targets.get(extension.name, ())

    def error(self, step: Step, what: str, hint: str = "") -> None:
        self.problems.error(step.file, step.line, what, hint)


def _has(extension: Extension, priority: str) -> bool:
    return priority in extension.labels or (priority.isdecimal() and int(priority) in extension.steps)


def _numbered_targets(dialplan: Dialplan) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for context in dialplan.contexts.values():
        for extension in context.extensions.values():
            for step in extension.steps.values():
                for jump in jumps_of(step):
                    if jump.target.exten is not None and jump.target.priority.isdecimal():
                        found.setdefault(jump.target.exten, set()).add(int(jump.target.priority))
    return found


def _included_by(dialplan: Dialplan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for context in dialplan.contexts.values():
        for include in context.includes:
            found.setdefault(include.context, []).append(context.name)
    return found


def _inner(part: VariablePart | FunctionPart | ExpressionPart) -> Iterator[Part]:
    if isinstance(part, ExpressionPart):
        yield from part.parts
        return
    yield from part.name
    yield from part.slice
    if isinstance(part, FunctionPart):
        yield from part.arguments
