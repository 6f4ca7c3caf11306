"""From the text of an AEL file to its tree.  Every mistake has file and line; what is right is used.

There is hardly a token in AEL: names, conditions and arguments are raw text up to a delimiter, in which
parentheses, brackets and quotes nest.  So this reads characters.
"""

from __future__ import annotations

import re

from offhook.config.errors import Problems, nearest
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
    IncludeNode,
    Jump,
    Keyword,
    Label,
    MacroCall,
    MacroNode,
    Place,
    SetGlobal,
    Statement,
    SwitchLine,
    SwitchNode,
    While,
)
from offhook.dialplan.errors import DialplanError

__all__ = ["parse"]

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_~][\w~.-]*")
_LABEL = re.compile(r"([\w~.-]+)\s*:(?!:)")
_TOP = ("context", "abstract", "extend", "macro", "globals")
_CONDITIONS = {"if": "if", "iftime": "ifTime", "random": "random"}
_MAX_DEPTH = 60
_LINE_END = re.compile(r"[ \t\r]*(?://[^\n]*)?(?:\n|\Z)")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class _AelError(DialplanError):
    """A mistake; `at` is where."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


def parse(source: Source, problems: Problems) -> File:
    """The tree of a source; mistakes go to `problems`."""
    parser = _Parser(source, problems)
    parser.parse()
    return parser.file


class _Parser:
    """One reading of a source."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source = source
        self.text = source.text
        self.problems = problems
        self.at = 0
        self.depth = 0
        self.file = File()

    # ---------------------------------------------------------- characters

    def skip(self) -> None:
        """Go over blanks and comments."""
        found = _SPACE.match(self.text, self.at)
        if found is not None:
            self.at = found.end()

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def take(self, char: str, after: str) -> None:
        """Go over a character that must be there."""
        if self.peek() != char:
            raise _AelError(f"{char!r} is missing after {after}", self.at)
        self.at += 1

    def word(self) -> str:
        """The name that stands here, "" when none does; it is not taken."""
        self.skip()
        found = _WORD.match(self.text, self.at)
        return found[0] if found else ""

    def place(self, at: int | None = None) -> Place:
        return self.source.place(self.at if at is None else at)

    def raw(self, stops: str, what: str) -> str:
        """Text up to one of `stops` outside of parentheses and quotes; the stop is not taken."""
        text, begun = self.text, self.at
        nested: list[str] = []
        at, end = self.at, len(self.text)
        while at < end:
            char = text[at]
            if char == "\\":
                at += 2
                continue
            if not nested and char in stops:
                self.at = at
                return _on_one_line(text[begun:at])
            if char == '"':
                closing = text.find('"', at + 1)
                if closing >= 0 and "\n" not in text[at:closing]:
                    at = closing + 1
                    continue
            elif char in "([" or (char == "{" and (stops == ")" or text[at - 1 : at] == "$")):
                nested.append(_CLOSING[char])
            elif nested and char == nested[-1]:
                nested.pop()
            elif char == "}" or (char == "{" and not nested):
                break
            elif char == ";" and (_LINE_END.match(text, at + 1) or (stops != ")" and not nested)):
                break  # within arguments it is text, but at the end of a line somebody forgot a )
            at += 1
        raise _AelError(f"{what} does not end: {' or '.join(stops)} is missing", begun)

    def parenthesized(self, what: str) -> str:
        """The text between the parentheses that begin here."""
        self.take("(", what)
        inner = self.raw(")", what)
        self.at += 1
        return inner.strip()

    def recover(self, error: _AelError) -> None:
        """Tell a mistake, and go on behind the statement that has it: after its `;`, or its block."""
        self.problems.error(*self.place(error.at), str(error))
        if error.at < self.at and self.text[self.at - 1] == ";":
            return
        text, end = self.text, len(self.text)
        level = 0
        while self.at < end:
            char = text[self.at]
            if text.startswith(("//", "/*"), self.at):
                self.skip()
                continue
            if char == "{":
                level += 1
            elif char == "}":
                if level == 0:
                    return
                level -= 1
                if level == 0:
                    self.at += 1
                    return
            elif char == ";" and level == 0:
                self.at += 1
                return
            self.at += 1

    # ---------------------------------------------------------- the file

    def parse(self) -> None:
        """Read everything into `file`."""
        while self.peek():
            before = self.at
            try:
                self.top()
            except _AelError as error:
                self.recover(error)
                if self.peek() == "}":
                    self.at += 1
            if self.at == before:  # a stray character must not stop us
                self.at += 1

    def top(self) -> None:
        if self.peek() == ";":
            self.at += 1
            return
        place = self.place()
        word = self.word()
        match word:
            case "context" | "abstract" | "extend":
                self.context(place)
            case "macro":
                self.at += len(word)
                self.macro(place)
            case "globals":
                self.at += len(word)
                self.global_variables()
            case _:
                hint = nearest(word, _TOP)
                meant = f" (did you mean {hint}?)" if hint else ""
                what = word or self.peek()
                raise _AelError(f"{what!r} is none of context, macro, globals{meant}", self.at)

    def global_variables(self) -> None:
        self.take("{", "globals")
        while self.peek() not in ("}", ""):
            if self.peek() == ";":
                self.at += 1
                continue
            place = self.place()
            name = self.raw("=", "the name of a global variable").strip()
            self.at += 1
            value = self.raw(";", f"the value of {name}").strip()
            self.at += 1
            self.file.variables.append(SetGlobal(place, name, value))
        self.take("}", "globals")

    def macro(self, place: Place) -> None:
        name = self.word()
        if not name:
            raise _AelError("a macro needs a name", self.at)
        self.at += len(name)
        inside = self.parenthesized(f"macro {name}")
        parameters = [part.strip() for part in re.split(r"[,|]", inside) if part.strip()]
        if self.peek() != "{":
            raise _AelError(f"'{{' is missing after macro {name}", self.at)
        self.file.macros.append(MacroNode(place, name, parameters, self.block()))

    def context(self, place: Place) -> None:
        is_abstract = extends = False
        while (word := self.word()) in ("abstract", "extend"):
            is_abstract, extends = is_abstract or word == "abstract", extends or word == "extend"
            self.at += len(word)
        if self.word() != "context":
            raise _AelError("'context' is missing", self.at)
        self.at += len("context")
        name = self.raw("{", "the name of a context").strip()
        if not name:
            raise _AelError("a context needs a name", self.at)
        self.at += 1
        node = ContextNode(place, name, is_abstract, extends)
        self.file.contexts.append(node)
        while self.peek() not in ("}", ""):
            try:
                self.element(node)
            except _AelError as error:
                self.recover(error)
        self.take("}", f"context {name}")
        if self.peek() == ";":
            self.at += 1

    def element(self, node: ContextNode) -> None:
        """One thing in a context."""
        if self.peek() == ";":
            self.at += 1
            return
        place = self.place()
        match self.word():
            case "includes":
                for where, text in self.lines("includes"):
                    name, _, times = text.replace("|", ",").partition(",")
                    node.includes.append(IncludeNode(where, name.strip(), times.strip()))
                return
            case "switches" | "eswitches" as word:
                kind = "switch" if word == "switches" else "eswitch"
                node.switches += (SwitchLine(where, kind, text) for where, text in self.lines(word))
                return
            case "ignorepat":
                self.at += len("ignorepat")
                self.arrow("ignorepat")
                node.ignore.append((place, self.raw(";", "ignorepat").strip().strip('"')))
                self.at += 1
                return
            case "local":
                raise _AelError("a variable is set in an extension, or in globals", self.at)
            case _:
                self.extension(node, place)

    def lines(self, word: str) -> list[tuple[Place, str]]:
        """`word { text; text; }`."""
        self.at += len(word)
        self.take("{", word)
        found: list[tuple[Place, str]] = []
        while self.peek() not in ("}", ""):
            if self.peek() == ";":
                self.at += 1
                continue
            place = self.place()
            found.append((place, self.raw(";", word).strip()))
        self.take("}", word)
        return found

    def arrow(self, after: str) -> None:
        self.skip()
        if not self.text.startswith("=>", self.at):
            raise _AelError(f"'=>' is missing after {after}", self.at)
        self.at += 2

    def extension(self, node: ContextNode, place: Place) -> None:
        hint = ""
        while (word := self.word()) in ("regexten", "hint"):
            begun = self.at
            self.at += len(word)
            if word == "hint":
                if self.peek() != "(":  # an extension of that name
                    self.at = begun
                    break
                hint = self.parenthesized("hint")
        begun = self.at
        name = self.raw("=", "the name of an extension").strip()
        if not self.text.startswith("=>", self.at):
            raise _AelError(f"'=>' is missing after {name or 'the name of an extension'}", begun)
        self.at += 2
        if not name:
            raise _AelError("an extension without a name", begun)
        caller: str | None = None
        if "/" in name:
            name, _, caller = name.partition("/")
        body = self.statement()
        node.extensions.append(
            ExtensionNode(place, name.strip(), caller.strip() if caller is not None else None, hint, body)
        )

    # ---------------------------------------------------------- statements

    def block(self) -> Block:
        place = self.place()
        self.take("{", "this")
        begun = self.at
        body: list[Statement] = []
        while True:
            char = self.peek()
            if char == "}":
                self.at += 1
                return Block(place, body)
            if not char:
                raise _AelError("a '{' is never closed", begun - 1)
            if char == ";":
                self.at += 1
                continue
            try:
                body.append(self.statement())
            except _AelError as error:
                self.recover(error)

    def statement(self) -> Statement:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.depth -= 1
            raise _AelError(f"it nests deeper than {_MAX_DEPTH} levels", self.at)
        try:
            return self._statement()
        finally:
            self.depth -= 1

    def _statement(self) -> Statement:
        char = self.peek()
        place = self.place()
        if char == "{":
            return self.block()
        if char == "&":
            self.at += 1
            return self.macro_call(place)
        if char == ";":
            self.at += 1
            return Block(place, [])
        word = self.word()
        lower = word.lower()
        if lower in _CONDITIONS and self.opens(word):
            return self.condition(place, word)
        if word in ("while", "for", "switch") and self.opens(word):
            self.at += len(word)
            return {"while": self.loop, "for": self.counted, "switch": self.switch}[word](place)
        match word:
            case "goto" | "jump" | "local" | "catch" if not self.opens(word):
                self.at += len(word)
                return self.keyword(place, word)
            case "break" | "continue" | "return" if not self.opens(word):
                self.at += len(word)
                self.end_of(word)
                return Keyword(place, word)
            case "else":
                raise _AelError("else without an if", self.at)
            case "case" | "default" | "pattern" if not self.opens(word):
                raise _AelError(f"{word} outside of a switch", self.at)
            case _:
                pass
        found = _LABEL.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
            return Label(place, found[1])
        return self.simple(place, ";")

    def opens(self, word: str) -> bool:
        """Whether a parenthesis follows a word."""
        found = _SPACE.match(self.text, self.at + len(word))
        at = found.end() if found else self.at + len(word)
        return self.text[at : at + 1] == "("

    def end_of(self, what: str) -> None:
        if self.peek() != ";":
            raise _AelError(f"';' is missing after {what}", self.at)
        self.at += 1

    def keyword(self, place: Place, word: str) -> Statement:
        if word == "catch":
            self.skip()
            exten = self.raw("{", "catch").strip()
            if not exten:
                raise _AelError("catch needs the name of an extension", self.at)
            return Catch(place, exten, self.block())
        self.skip()
        if word == "local":
            name = self.raw("=", "local").strip()
            self.at += 1
            value = self.raw(";", f"the value of {name}").strip()
            self.at += 1
            return Assign(place, name, value, is_local=True)
        target = self.raw(";", word).strip()
        self.at += 1
        if not target:
            raise _AelError(f"{word} needs a place to go to", self.at - 1)
        if word == "goto":
            parts = _parts(target)
            if len(parts) > 3:
                raise _AelError(f"goto {target}: context|extension|label at most", self.at - 1)
            return Goto(place, parts)
        exten, _, context = target.partition("@")
        return Jump(place, exten.strip(), context.strip())

    def simple(self, place: Place, stop: str) -> Statement:
        """An assignment or an application, up to its `;` (or what ends a part of a `for`)."""
        begun = self.at
        head = self.raw("=(" + stop, "a statement").strip()
        if self.text[self.at] == "(":
            arguments = self.parenthesized(head)
            if self.peek() == "=" and self.text[self.at : self.at + 2] != "=>":
                head = f"{head}({arguments})"
            elif self.peek() == stop or (stop == ")" and self.peek() == ")"):
                self.finish(stop)
                if not head:
                    raise _AelError("the name of an application is missing", begun)
                return Application(place, head, arguments)
            else:
                raise _AelError(f"{stop!r} is missing after {head}(...)", self.at)
        if self.text[self.at] == "=" and self.text[self.at : self.at + 2] != "=>":
            if not head:
                raise _AelError("the name of a variable is missing", begun)
            self.at += 1
            value = self.raw(stop, f"the value of {head}").strip()
            self.finish(stop)
            return Assign(place, head, value)
        if self.text.startswith("=>", self.at):
            raise _AelError(f"{head} => stands within an extension: is a '}}' missing before it?", begun)
        self.finish(stop)
        if not _WORD.fullmatch(head):
            raise _AelError(f"{head!r} is no statement", begun)
        return Application(place, head, "")

    def finish(self, stop: str) -> None:
        if stop == ";":
            self.at += 1

    def macro_call(self, place: Place) -> MacroCall:
        name = self.word()
        if not name:
            raise _AelError("the name of a macro is missing after &", self.at)
        self.at += len(name)
        arguments = self.parenthesized(f"&{name}")
        if self.peek() == ";":
            self.at += 1
        elif self.peek() != ")":
            raise _AelError(f"';' is missing after &{name}(...)", self.at)
        return MacroCall(place, name, arguments)

    def condition(self, place: Place, word: str) -> If:
        self.at += len(word)
        condition = self.parenthesized(word)
        then = self.statement()
        otherwise: Statement | None = None
        if self.word() == "else":
            self.at += len("else")
            otherwise = self.statement()
        return If(place, _CONDITIONS[word.lower()], condition, then, otherwise)

    def loop(self, place: Place) -> While:
        condition = self.parenthesized("while")
        return While(place, condition, self.statement())

    def counted(self, place: Place) -> For:
        self.take("(", "for")
        first = self.part(";")
        self.take(";", "the first part of for")
        self.skip()
        condition = self.raw(";", "the condition of for").strip()
        self.at += 1
        following = self.part(")")
        self.take(")", "for(...")
        return For(place, first, condition, following, self.statement())

    def part(self, stop: str) -> Statement | None:
        """The first or last part of a `for`."""
        if self.peek() == stop:
            return None
        place = self.place()
        if self.peek() == "&":
            self.at += 1
            name = self.word()
            self.at += len(name)
            return MacroCall(place, name, self.parenthesized(f"&{name}"))
        begun = self.at
        found = self.simple(place, stop)
        if stop == ";" and self.text[self.at - 1] == ";" and self.at > begun:
            self.at -= 1
        return found

    def switch(self, place: Place) -> SwitchNode:
        subject = self.parenthesized("switch")
        self.take("{", "switch(...)")
        begun = self.at
        cases: list[Case] = []
        while True:
            char = self.peek()
            if char == "}":
                self.at += 1
                return SwitchNode(place, subject, cases)
            if not char:
                raise _AelError("the '{' of a switch is never closed", begun - 1)
            word = self.word()
            where = self.place()
            if word in ("case", "pattern"):
                self.at += len(word)
                value = self.raw(":", word).strip()
                self.at += 1
                cases.append(Case(where, word, value, []))
            elif word == "default":
                self.at += len(word)
                self.take(":", "default")
                cases.append(Case(where, word, "", []))
            elif char == ";":
                self.at += 1
            elif not cases:
                raise _AelError("a switch begins with case, pattern or default", self.at)
            else:
                try:
                    cases[-1].body.append(self.statement())
                except _AelError as error:
                    self.recover(error)


def _parts(text: str) -> tuple[str, ...]:
    """Text at its commas and bars, those within parentheses and braces left alone."""
    parts = [""]
    depth = 0
    for char in text:
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        if char in ",|" and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return tuple(part.strip() for part in parts)


def _on_one_line(text: str) -> str:
    """Text that goes over several lines, as one."""
    if "\n" not in text:
        return text
    return "".join(line.strip() if number else line.rstrip() for number, line in enumerate(text.split("\n")))
