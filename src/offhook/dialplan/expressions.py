"""`$[...]`: tokens, precedence parser, and operators, compiled to closures.

Values are text or numbers.  Text that looks like a number counts as one when it is compared or
calculated with; text in double quotes never does, and keeps its quotes, so `"a" = a` is false
(Asterisk's rules).  Loosest first:

    ,  ?::  | ||  & &&  = == != < > <= >=  + -  * / %  ! and unary -  : =~ ~~  ( ) and function(...)

A compiled expression has holes, for the variables that stand in it.  Asterisk puts their text in and
parses the result each time.  Here each hole is an operand of the expression parsed at load, as long as
its text at run time is one operand; when it is not (empty, several words, an operator) the whole text
is parsed then, and the meaning is the same.  One thing is safer: a quote in a variable that stands
within quotes is part of the string and cannot end it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from offhook.dialplan.errors import DialplanError, ExpressionError
from offhook.dialplan.numbers import Number, format_number
from offhook.dialplan.operators import BINARY, FUNCTIONS, Value, complement, is_true, negate, numeric_value

__all__ = ["Environment", "Expression", "compile_expression", "evaluate_text"]


class Environment(Protocol):
    """What an expression needs when it is evaluated."""

    def call_function(self, name: str, arguments: str) -> str:
        """Read a dialplan function."""
        ...

    def complain(self, what: str) -> None:
        """Tell the administrator of a mistake; the expression goes on."""
        ...


Env = TypeVar("Env", bound=Environment)
Piece = str | Callable[[Env], str]
Node = Callable[[Env], Value]

_TOKEN = re.compile(r'\s*(?:(==|=~|=|\|\||\||&&|&|!=|!|<=|<|>=|>|\+|-|\*|/|%|\?|::|:|~~|,|\(|\))|("[^"]*")|)')
# What may stand in a word: everything but blanks, operators, quotes, parentheses.  A single ~ may.
_WORD = re.compile(r'(?:[^\s=|&!<>+\-*/%?:,()"~]|~(?!~))+')
# The text of a hole that is one operand: a word, a number with its sign, a quoted string.
_OPERAND = re.compile(r'(?:[^\s=|&!<>+\-*/%?:,()"~]|~(?!~))+|-\d+(?:\.\d*)?|"[^"]*"')

_MAX_DEPTH = 100  # of parentheses and unary operators: far below Python's own limit
_MAX_LENGTH = 8192  # Asterisk's buffer for one priority

_LEVELS: dict[str, int] = {
    "|": 3, "||": 3, "&": 4, "&&": 4,
    "=": 5, "==": 5, "!=": 5, "<": 5, ">": 5, "<=": 5, ">=": 5,
    "+": 6, "-": 6, "*": 7, "/": 7, "%": 7, ":": 9, "=~": 9, "~~": 9,
}  # fmt: skip
_UNARY_LEVEL = 8


class Operand(Generic[Env]):
    """A token that is a value: text with holes."""

    __slots__ = ("pieces", "quoted")

    def __init__(self, pieces: list[Piece[Env]], *, quoted: bool) -> None:
        self.pieces = pieces
        self.quoted = quoted


class _NotOneOperandError(Exception):
    """A hole's text is more, or less, than one operand."""


class Expression(Generic[Env]):
    """A compiled expression."""

    __slots__ = ("_node", "_pieces")

    def __init__(self, pieces: list[Piece[Env]], node: Node[Env] | None) -> None:
        self._pieces = pieces
        self._node = node

    def evaluate(self, env: Env) -> str:
        """The result as text.  What is no expression gives "0", and one complaint."""
        node = self._node
        if node is not None:
            try:
                return text_of(node(env))
            except _NotOneOperandError:
                pass
        text = "".join(piece if isinstance(piece, str) else piece(env) for piece in self._pieces)
        try:
            return evaluate_text(text, env)
        except ExpressionError as error:
            env.complain(str(error))
            return "0"


def compile_expression(pieces: Sequence[Piece[Env]]) -> Expression[Env]:
    """Compile text with holes (what stands between `$[` and `]`).

    Raises:
        ExpressionError: it is constant text, and not an expression.
    """
    kept = list(pieces)
    try:
        return Expression(kept, _Parser(_tokenize(kept)).parse())
    except ExpressionError:
        if all(isinstance(piece, str) for piece in kept):
            raise
        return Expression(kept, None)  # an operator may come from a variable


_parsed: dict[str, Node[Environment]] = {}
_MAX_PARSED = 2000


def evaluate_text(text: str, env: Environment) -> str:
    """Parse and evaluate text without holes.

    Raises:
        ExpressionError: it is not an expression.
    """
    node = _parsed.get(text)
    if node is None:
        node = _Parser(_tokenize(cast("list[Piece[Environment]]", [text]))).parse()
        if len(_parsed) >= _MAX_PARSED:
            _parsed.clear()
        _parsed[text] = node
    return text_of(node(env))


def text_of(value: Value) -> str:
    """A result as the text that replaces the expression."""
    return value if isinstance(value, str) else format_number(value)


# ---------------------------------------------------------------- tokens


def _tokenize(pieces: list[Piece[Env]]) -> list[str | Operand[Env]]:
    tokens: list[str | Operand[Env]] = []
    word: Operand[Env] | None = None  # an unquoted operand that may go on
    quoted: Operand[Env] | None = None  # a string whose closing quote has not come
    for piece in pieces:
        if not isinstance(piece, str):
            if quoted is not None:
                quoted.pieces.append(piece)
            elif word is not None:
                word.pieces.append(piece)
            else:
                word = Operand([piece], quoted=False)
                tokens.append(word)
            continue
        if len(piece) > _MAX_LENGTH:
            raise ExpressionError(f"an expression of more than {_MAX_LENGTH} characters")
        at, end = 0, len(piece)
        while at < end:
            if quoted is not None:
                close = piece.find('"', at)
                if close < 0:
                    quoted.pieces.append(piece[at:])
                    break
                quoted.pieces.append(piece[at : close + 1])
                quoted = None
                at = close + 1
                continue
            found = _WORD.match(piece, at)
            if found is not None:
                if word is None:
                    word = Operand([], quoted=False)
                    tokens.append(word)
                word.pieces.append(found[0])
                at = found.end()
                continue
            word = None
            found = _TOKEN.match(piece, at)
            if found is None or (found.end() == at and piece[at] != '"'):
                raise ExpressionError(f"unexpected {piece[at : at + 10]!r}")
            at = found.end()
            if found[1]:
                tokens.append(found[1])
            elif found[2]:
                tokens.append(Operand([found[2]], quoted=True))
            elif at < end and piece[at] == '"':
                quoted = Operand(['"'], quoted=True)
                tokens.append(quoted)
                at += 1
    if quoted is not None:
        raise ExpressionError("a double quote is never closed")
    return tokens


def _operand(operand: Operand[Env]) -> Node[Env]:
    pieces = operand.pieces
    if all(isinstance(piece, str) for piece in pieces):
        constant = "".join(cast("list[str]", pieces))
        return lambda env: constant
    if len(pieces) == 1:
        hole = cast("Callable[[Env], str]", pieces[0])

        def read(env: Env) -> Value:
            value = hole(env)
            # Most holes are numbers or names.
            if (value.isalnum() and value.isascii()) or _OPERAND.fullmatch(value):
                return value
            raise _NotOneOperandError

        return read

    def join(env: Env) -> str:
        return "".join([piece if isinstance(piece, str) else piece(env) for piece in pieces])

    if operand.quoted:
        return join

    def join_word(env: Env) -> Value:
        value = join(env)
        if _OPERAND.fullmatch(value):
            return value
        raise _NotOneOperandError

    return join_word


# ---------------------------------------------------------------- parser


class _Parser(Generic[Env]):
    """Precedence climbing over the tokens."""

    def __init__(self, tokens: list[str | Operand[Env]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0

    def parse(self) -> Node[Env]:
        if not self.tokens:
            return lambda env: ""
        node = self.sequence()
        if self.at < len(self.tokens):
            raise ExpressionError(f"unexpected {self.describe()}")
        return node

    def peek(self) -> str | Operand[Env] | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def describe(self) -> str:
        token = self.peek()
        if token is None:
            return "end of the expression"
        if isinstance(token, str):
            return repr(token)
        return "".join(piece if isinstance(piece, str) else "${...}" for piece in token.pieces)

    def sequence(self) -> Node[Env]:
        """`a, b`: the value is b's."""
        node = self.ternary()
        while self.peek() == ",":
            self.at += 1
            node = self.ternary()
        return node

    def ternary(self) -> Node[Env]:
        node = self.binary(3)
        while self.peek() == "?":
            self.at += 1
            yes = self.nested()
            if self.peek() != "::":
                raise ExpressionError(f"'::' is missing before {self.describe()}")
            self.at += 1
            no = self.binary(3)
            node = _choose(node, yes, no)
        return node

    def nested(self) -> Node[Env]:
        self.enter()
        node = self.ternary()
        self.depth -= 1
        return node

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise ExpressionError(f"it nests deeper than {_MAX_DEPTH} levels")

    def binary(self, level: int) -> Node[Env]:
        left = self.unary()
        while True:
            token = self.peek()
            own = _LEVELS.get(token, 0) if isinstance(token, str) else 0
            if own < level or not isinstance(token, str):
                return left
            self.at += 1
            self.enter()
            right = self.binary(own + 1)
            self.depth -= 1
            left = _combine(token, left, right)

    def unary(self) -> Node[Env]:
        token = self.peek()
        if token == "-" or token == "!":
            self.at += 1
            self.enter()
            operand = self.binary(_UNARY_LEVEL)
            self.depth -= 1
            return _negated(operand) if token == "-" else lambda env: complement(operand(env))
        return self.primary()

    def primary(self) -> Node[Env]:
        token = self.peek()
        if isinstance(token, Operand):
            self.at += 1
            if self.peek() == "(" and not token.quoted:
                return self.function(token)
            return _operand(token)
        if token == "(":
            self.at += 1
            self.enter()
            node = self.sequence()
            self.depth -= 1
            self.close()
            return node
        raise ExpressionError(f"unexpected {self.describe()}, where a value should stand")

    def close(self) -> None:
        if self.peek() != ")":
            raise ExpressionError(f"')' is missing before {self.describe()}")
        self.at += 1

    def function(self, name: Operand[Env]) -> Node[Env]:
        """`NAME(a, b)`: a mathematical function, else a dialplan function."""
        self.at += 1
        self.enter()
        arguments: list[Node[Env]] = []
        while self.peek() != ")":
            arguments.append(self.ternary())
            if self.peek() != ",":
                break
            self.at += 1
        self.depth -= 1
        self.close()
        return _function(_operand(name), arguments)


def _combine(sign: str, left: Node[Env], right: Node[Env]) -> Node[Env]:
    operate = BINARY[sign]

    def node(env: Env) -> Value:
        return operate(left(env), right(env), env)

    return node


def _negated(operand: Node[Env]) -> Node[Env]:
    return lambda env: negate(operand(env), env)


def _choose(condition: Node[Env], yes: Node[Env], no: Node[Env]) -> Node[Env]:
    return lambda env: yes(env) if is_true(condition(env)) else no(env)


def _function(name: Node[Env], arguments: list[Node[Env]]) -> Node[Env]:
    def node(env: Env) -> Value:
        called = text_of(name(env))
        values = [argument(env) for argument in arguments]
        known = FUNCTIONS.get(called.upper())
        if known is None:
            try:
                return env.call_function(called, ",".join(text_of(value) for value in values))
            except DialplanError as error:
                env.complain(str(error))
                return 0
        count, calculate = known
        numbers: list[Number] = []
        for value in values:
            number = numeric_value(value)
            if number is None:
                env.complain(f"{called}(): {text_of(value)!r} is not a number")
                return 0
            numbers.append(number)
        if len(numbers) != count:
            env.complain(f"{called}() takes {count} arguments, here are {len(numbers)}")
            return 0
        try:
            return calculate(*numbers)
        except (ValueError, ArithmeticError) as error:
            env.complain(f"{called}(): {error}")
            return 0

    return node
