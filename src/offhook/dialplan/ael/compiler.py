"""From the tree of an AEL file to contexts and extensions.

if, while, for, random, ifTime   GotoIf and Goto with numbers of priorities
switch                           a chain of GotoIf, the best match first, in the same extension: there
${EXTEN} stays what it is
macro                            a context with the extension ~~s~~; `&name(...)` is a Gosub
catch                            an extension of the same context
NAME=value                       Set(NAME=$[value])
"""

from __future__ import annotations

from pathlib import Path

from offhook.config.errors import Problems
from offhook.dialplan.ael.parser import parse
from offhook.dialplan.ael.source import Source
from offhook.dialplan.ael.tree import (
    Application,
    Assign,
    Block,
    Case,
    Catch,
    ContextNode,
    ExtensionNode,
    File,
    For,
    Goto,
    If,
    Jump,
    Keyword,
    Label,
    MacroCall,
    MacroNode,
    Place,
    Statement,
    SwitchNode,
    While,
)
from offhook.dialplan.errors import DialplanError, PatternError, TimingError
from offhook.dialplan.globals import substitute_globals
from offhook.dialplan.model import Context, Extension, Include, Step, Switch
from offhook.dialplan.patterns import compile_pattern
from offhook.dialplan.switches import KNOWN_SWITCHES
from offhook.dialplan.templates import compile_template
from offhook.dialplan.timing import parse_time_condition

__all__ = ["MACRO_EXTEN", "read_ael", "read_ael_text"]

MACRO_EXTEN = "~~s~~"
"""The extension that a macro's body is, as in Asterisk."""
# After these the next priority is only reached by a jump.
_LEAVING = frozenset(("goto", "hangup", "return"))
REGISTRAR = "pbx_ael"


def read_ael(
    path: Path,
    contexts: dict[str, Context],
    variables: dict[str, str],
    problems: Problems,
    *,
    config_dir: Path | None = None,
) -> None:
    """Add what an extensions.ael says to contexts and global variables.  OSError when it cannot be read."""
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    read_ael_text(text, contexts, variables, problems, file=str(path), config_dir=config_dir or path.parent)


def read_ael_text(
    text: str,
    contexts: dict[str, Context],
    variables: dict[str, str],
    problems: Problems,
    *,
    file: str = "extensions.ael",
    config_dir: Path = Path(),
) -> None:
    """Add what an AEL text says to contexts and global variables; mistakes go to `problems`."""
    source = Source(config_dir, problems)
    source.read(text, file)
    _Compiler(contexts, variables, problems).compile(parse(source, problems))


class _Compiler:
    def __init__(self, contexts: dict[str, Context], variables: dict[str, str], problems: Problems) -> None:
        self.contexts = contexts
        self.variables = variables
        self.problems = problems
        self.macros: dict[str, MacroNode] = {}
        self.made: dict[str, ContextNode | MacroNode] = {}

    def compile(self, file: File) -> None:
        for entry in file.variables:
            try:
                self.variables[entry.name] = substitute_globals(entry.value, self.variables)
            except DialplanError as error:
                self.error(entry.place, str(error))
        for macro in file.macros:
            if macro.name in self.macros:
                at = self.macros[macro.name].place
                self.error(macro.place, f"macro {macro.name} is already defined at {at[0]}:{at[1]}")
                continue
            self.macros[macro.name] = macro
        for macro in self.macros.values():
            self.macro(macro)
        for node in file.contexts:
            self.context(node)

    def error(self, place: Place, what: str, hint: str = "") -> None:
        self.problems.error(*place, what, hint)

    def warning(self, place: Place, what: str) -> None:
        self.problems.warning(*place, what)

    # ---------------------------------------------------------- contexts

    def into(self, name: str, place: Place) -> Context:
        context = self.contexts.get(name)
        if context is None:
            self.contexts[name] = context = Context(name, *place, registrar=REGISTRAR)
        return context

    def context(self, node: ContextNode) -> None:
        known = self.made.get(node.name)
        if known is not None and not node.extends:
            file, line = known.place
            what = f"context {node.name} is already defined at {file}:{line}: 'extend context' adds to it"
            self.warning(node.place, what)
        self.made.setdefault(node.name, node)
        context = self.into(node.name, node.place)
        for include in node.includes:
            condition = None
            try:
                condition = parse_time_condition(include.times) if include.times else None
            except TimingError as error:
                self.error(include.place, f"includes {include.context}: {error}")
                continue
            context.includes.append(Include(include.context, condition, *include.place, times=include.times))
        for line in node.switches:
            name, _, data = line.text.partition("/")
            name = name.strip()
            if name.lower() not in KNOWN_SWITCHES:
                self.problems.unsupported(*line.place, f"{line.kind} {line.text}")
            context.switches.append(Switch(line.kind, name, data.strip(), *line.place))
        for place, pattern in node.ignore:
            try:
                if pattern[:1] == "_":
                    compile_pattern(pattern)
            except PatternError as error:
                self.error(place, str(error))
                continue
            context.ignore.append(pattern)
        for extension in node.extensions:
            self.extension(context, extension)

    def extension(self, context: Context, node: ExtensionNode) -> None:
        name = node.name
        try:
            if "$" in name:
                name = substitute_globals(name, self.variables)
        except DialplanError as error:
            self.error(node.place, str(error))
            return
        made = self.new(context, name, node.caller, node.place)
        if made is None:
            return
        if node.hint:
            made.hint, made.hint_line = node.hint, node.place[1]
        _Body(self, context, made, node.place).compile(node.body)

    def new(self, context: Context, name: str, caller: str | None, place: Place) -> Extension | None:
        """A new extension in a context; None when there is one already, or the name is wrong."""
        known = context.extensions.get((name, caller))
        if known is not None and known.steps:
            what = f"extension {name} of {context.name} is already defined at {known.file}:{known.line}"
            # In extensions.conf it is what counts, as in Asterisk; within AEL somebody made a mistake.
            report = self.error if context.registrar == REGISTRAR else self.warning
            report(place, what)
            return None
        try:
            made = Extension.make(name, caller, *place)
        except PatternError as error:
            self.error(place, str(error))
            return None
        if known is not None:
            made.hint, made.hint_line = known.hint, known.hint_line
        context.add(made)
        return made

    def macro(self, node: MacroNode) -> None:
        if node.name in self.contexts:
            where = self.contexts[node.name]
            self.error(node.place, f"macro {node.name}: there is a context of that name at "
                                   f"{where.file}:{where.line}")  # fmt: skip
            return
        context = self.into(node.name, node.place)
        self.made[node.name] = node
        made = self.new(context, MACRO_EXTEN, None, node.place)
        if made is not None:
            body = _Body(self, context, made, node.place, macro=node)
            for number, parameter in enumerate(node.parameters, 1):
                body.emit(node.place, "Set", f"LOCAL({parameter})=${{ARG{number}}}")
            body.compile(node.body)


class _Loop:
    """Where `break` and `continue` go, filled in when it is known."""

    __slots__ = ("breaks", "continues", "is_loop")

    def __init__(self, *, is_loop: bool) -> None:
        self.is_loop = is_loop
        self.breaks: list[Step] = []
        self.continues: list[Step] = []


class _Body:
    """The priorities of one extension."""

    def __init__(
        self,
        compiler: _Compiler,
        context: Context,
        extension: Extension,
        place: Place,
        *,
        macro: MacroNode | None = None,
    ) -> None:
        self.compiler = compiler
        self.context = context
        self.extension = extension
        self.place = place
        self.macro = macro
        self.count = 0
        self.label = ""
        self.loops: list[_Loop] = []
        self.returns: list[Step] = []
        self.furthest = 0  # the last priority that a jump leads to
        self.switches = 0

    def compile(self, statement: Statement) -> None:
        self.statement(statement)
        end = self.here
        for step in self.returns:
            self.go(step, end)
        if self.macro is not None:
            if self.is_reached:
                self.emit(self.place, "Return", "")
        elif self.label or self.furthest > self.count or not self.count:
            self.emit(self.place, "NoOp", f"End of Extension {self.extension.name}")

    @property
    def is_reached(self) -> bool:
        """Whether anything leads to the next priority, as far as it is known yet."""
        if not self.count or self.label or self.furthest > self.count:
            return True
        return self.extension.steps[self.count].application.lower() not in _LEAVING

    @property
    def here(self) -> int:
        """The next priority."""
        return self.count + 1

    def emit(self, place: Place, application: str, arguments: str) -> Step:
        self.count += 1
        step = Step(self.count, self.label, application, arguments, *place)
        if self.label in self.extension.labels:
            step.label = ""
        self.label = ""
        if "$" in arguments:
            try:
                compile_template(arguments)
            except DialplanError as error:
                self.compiler.error(place, f"{application}: {error}")
                step.application, step.arguments = "NoOp", ""
        self.extension.add(step)
        return step

    def go(self, step: Step, target: int) -> None:
        """Let a Goto lead to a priority of this extension."""
        step.arguments = str(target)
        self.furthest = max(self.furthest, target)

    def branch(self, step: Step, yes: int, no: int) -> None:
        """Let a GotoIf or GotoIfTime lead to one of two priorities."""
        step.arguments = f"{step.arguments}?{yes}:{no}"
        self.furthest = max(self.furthest, yes, no)

    # ---------------------------------------------------------- statements

    def statement(self, node: Statement) -> None:
        match node:
            case Block():
                for one in node.body:
                    self.statement(one)
            case Application():
                self.emit(node.place, node.name, node.arguments)
            case MacroCall():
                self.call(node)
            case Assign():
                name = f"LOCAL({node.name})" if node.is_local else node.name
                self.emit(node.place, "Set", f"{name}=$[{node.value}]")
            case Goto():
                self.emit(node.place, "Goto", ",".join(node.target))
            case Jump():
                target = f"{node.exten},1" if not node.context else f"{node.context},{node.exten},1"
                self.emit(node.place, "Goto", target)
            case Label():
                if self.label:
                    self.emit(node.place, "NoOp", "")
                if node.name in self.extension.labels:
                    self.compiler.error(node.place, f"the label {node.name} is there already")
                self.label = node.name
            case Keyword():
                self.keyword(node)
            case If():
                self.condition(node)
            case While():
                self.loop(node.place, node.condition, node.body, None)
            case For():
                if node.first is not None:
                    self.statement(node.first)
                self.loop(node.place, node.condition, node.body, node.following)
            case SwitchNode():
                self.switch(node)
            case Catch():
                self.catch(node)

    def call(self, node: MacroCall) -> None:
        macro = self.compiler.macros.get(node.name)
        if macro is None:
            known = self.compiler.problems.nearest(node.name, self.compiler.macros)
            self.compiler.error(node.place, f"there is no macro {node.name}", known)
            return
        given = _count_arguments(node.arguments)
        if given != len(macro.parameters):
            wanted = len(macro.parameters)
            what = f"macro {node.name} takes {wanted} arguments, here are {given}"
            self.compiler.warning(node.place, what)
        arguments = f"({node.arguments})" if node.arguments else ""
        self.emit(node.place, "Gosub", f"{node.name},{MACRO_EXTEN},1{arguments}")

    def keyword(self, node: Keyword) -> None:
        match node.word:
            case "return" if self.macro is not None:
                self.emit(node.place, "Return", "")
            case "return":
                self.returns.append(self.emit(node.place, "Goto", ""))
            case "break" if self.loops:
                self.loops[-1].breaks.append(self.emit(node.place, "Goto", ""))
            case "continue" if any(loop.is_loop for loop in self.loops):
                loop = next(loop for loop in reversed(self.loops) if loop.is_loop)
                loop.continues.append(self.emit(node.place, "Goto", ""))
            case word:
                where = "a loop or switch" if word == "break" else "a loop"
                self.compiler.error(node.place, f"{word} outside of {where}")

    def condition(self, node: If) -> None:
        match node.kind:
            case "ifTime":
                times = node.condition.replace("|", ",")
                if "$" not in times:
                    try:
                        parse_time_condition(times)
                    except TimingError as error:
                        self.compiler.error(node.place, f"ifTime: {error}")
                test = self.emit(node.place, "GotoIfTime", times)
            case "random":
                test = self.emit(node.place, "GotoIf", f"$[${{RAND(1,100)}} <= ({node.condition})]")
            case _:
                test = self.emit(node.place, "GotoIf", f"$[{node.condition}]")
        yes = self.here
        self.statement(node.then)
        if node.otherwise is None:
            self.branch(test, yes, self.here)
            return
        over = self.emit(node.place, "Goto", "") if self.is_reached else None
        self.branch(test, yes, self.here)
        self.statement(node.otherwise)
        if over is not None:
            self.go(over, self.here)

    def loop(self, place: Place, condition: str, body: Statement, following: Statement | None) -> None:
        top = self.here
        test = self.emit(place, "GotoIf", f"$[{condition or 1}]")
        begin = self.here
        loop = _Loop(is_loop=True)
        self.loops.append(loop)
        self.statement(body)
        self.loops.pop()
        again = self.here
        if following is not None:
            self.statement(following)
        if following is not None or self.is_reached:
            self.go(self.emit(place, "Goto", ""), top)
        self.branch(test, begin, self.here)
        for step in loop.breaks:
            self.go(step, self.here)
        for step in loop.continues:
            self.go(step, again if following is not None else top)

    def switch(self, node: SwitchNode) -> None:
        subject = node.subject
        if len(subject) > 1 and subject[0] == '"' == subject[-1]:
            subject = subject[1:-1]
        if "$[" in subject or "(" in subject:  # it may be another one the next time
            self.switches += 1
            name = f"~~SWITCH{self.switches}~~"
            self.emit(node.place, "Set", f"{name}={subject}")
            subject = f"${{{name}}}"
        tests = [(case, self.emit(case.place, "GotoIf", self.test(case, subject)))
                 for case in self.in_order(node.cases)]  # fmt: skip
        otherwise = self.emit(node.place, "Goto", "")
        loop = _Loop(is_loop=False)
        self.loops.append(loop)
        starts: dict[int, int] = {}
        for case in node.cases:
            starts[id(case)] = self.here
            for one in case.body:
                self.statement(one)
        self.loops.pop()
        for case, step in tests:
            step.arguments = f"{step.arguments}?{starts[id(case)]}"
            self.furthest = max(self.furthest, starts[id(case)])
        default = next((case for case in node.cases if case.kind == "default"), None)
        self.go(otherwise, self.here if default is None else starts[id(default)])
        for step in loop.breaks:
            self.go(step, self.here)

    def in_order(self, cases: list[Case]) -> list[Case]:
        """Literals, then patterns, the more certain first, as extensions are matched."""
        literals: list[Case] = []
        patterns: list[tuple[tuple[tuple[int, str], ...], int, Case]] = []
        seen: set[tuple[str, str]] = set()
        for index, case in enumerate(cases):
            if (case.kind, case.value) in seen:
                what = f"{case.kind} {case.value}".strip()
                self.compiler.error(case.place, f"{what} is there twice")
                continue
            seen.add((case.kind, case.value))
            if case.kind == "case":
                literals.append(case)
            elif case.kind == "pattern":
                try:
                    found = compile_pattern("_" + case.value.removeprefix("_"))
                except PatternError as error:
                    self.compiler.error(case.place, str(error))
                    continue
                patterns.append((found.order, index, case))
        return [*literals, *(case for _, _, case in sorted(patterns, key=lambda one: one[:2]))]

    def test(self, case: Case, subject: str) -> str:
        if case.kind == "case":
            return f'$["{subject}" = "{case.value.strip(chr(34))}"]'
        return f'$["{subject}" =~ "{_regex(case.value)}"]'

    def catch(self, node: Catch) -> None:
        made = self.compiler.new(self.context, node.exten, None, node.place)
        if made is not None:
            _Body(self.compiler, self.context, made, node.place).compile(node.body)


def _count_arguments(text: str) -> int:
    if not text.strip():
        return 0
    depth = 0
    count = 1
    for char in text:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth <= 0:
            count += 1
    return count


def _regex(pattern: str) -> str:
    """A regular expression (POSIX) for an extension pattern that has been checked."""
    compiled = compile_pattern("_" + pattern.removeprefix("_"))
    out = ["^"]
    for element in compiled.elements:
        chars = sorted(element)
        if len(chars) == 1:
            char = chars[0]
            out.append(char if char.isalnum() else f"[{char}]" if char not in "^\\" else "\\" + char)
            continue
        first = "]" if "]" in element else ""
        last = ("^" if "^" in element else "") + ("-" if "-" in element else "")
        inner = "".join(char for char in chars if char not in "]^-")
        out.append(f"[{first}{inner}{last}]")
    out.append({"": "$", ".": ".+$", "!": ".*$"}[compiled.tail])
    return "".join(out)
