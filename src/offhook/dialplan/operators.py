"""What the operators and functions of `$[...]` do with values (see offhook.dialplan.expressions)."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import RegexError
from offhook.dialplan.numbers import (
    Number,
    arithmetic,
    format_number,
    from_float,
    is_numeric,
    parse_number,
    whole,
)

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["BINARY", "FUNCTIONS", "Value", "complement", "is_true", "negate", "numeric_value"]

if TYPE_CHECKING:
    Value = str | Number
else:
    Value = object


class Complains(Protocol):
    """Where mistakes that do not stop an expression are told."""

    def complain(self, what: str) -> None:
        """Tell one."""
        ...


# What a division by zero gives in Asterisk.
_INT_MAX = 2147483647


def numeric_value(value: Value) -> Number | None:
    """A value as a number; None when it is none."""
    return parse_number(value) if isinstance(value, str) else value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else format_number(value)


def _bare(value: Value) -> str:
    """Text without the double quotes around it."""
    text = _text(value)
    return text[1:-1] if len(text) > 1 and text[0] == '"' == text[-1] else text


def _is_nothing(value: Value) -> bool:
    """Empty or zero, as `|` and `&` see it."""
    if isinstance(value, str):
        return value == "" or value == '""' or parse_number(value) == 0
    return value == 0


def is_true(value: Value) -> bool:
    """The condition of `?::`."""
    if isinstance(value, str):
        if value == "" or value == '""':
            return False
        return not (is_numeric(value) and parse_number(value) == 0)
    return value != 0


def complement(value: Value) -> int:
    """`!`: 1 for nothing, "0" and zero."""
    if isinstance(value, str):
        return int(value in ("", "0", '""'))
    return int(value == 0)


def negate(value: Value, env: Complains) -> Value:
    """Unary minus."""
    number = numeric_value(value)
    if number is None:
        env.complain(f"-: {_text(value)!r} is not a number")
        return 0
    return -number if isinstance(number, int) else whole(arithmetic().minus(number))


def _either(left: Value, right: Value, env: Complains) -> Value:
    return right if _is_nothing(left) else left


def _both(left: Value, right: Value, env: Complains) -> Value:
    return 0 if _is_nothing(left) or _is_nothing(right) else left


def _compare(test: Callable[[object, object], bool]) -> Callable[[Value, Value, Complains], Value]:
    def compare(left: Value, right: Value, env: Complains) -> Value:
        if isinstance(left, str) and not is_numeric(left):
            return int(test(left, _text(right)))
        if isinstance(right, str) and not is_numeric(right):
            return int(test(_text(left), right))
        a, b = numeric_value(left), numeric_value(right)
        if a is None or b is None:  # 1.2.3 has only digits and dots, and is no number
            return int(test(_text(left), _text(right)))
        return int(test(a, b))

    return compare


def _plus(left: Value, right: Value, env: Complains) -> Value:
    a, b = numeric_value(left), numeric_value(right)
    if a is None or b is None:
        _not_numeric("+", left if a is None else right, env)
        return (0 if b is None else b) if a is None else a
    if isinstance(a, int) and isinstance(b, int):
        return a + b
    return whole(arithmetic().add(a, b))


def _minus(left: Value, right: Value, env: Complains) -> Value:
    a, b = numeric_value(left), numeric_value(right)
    if a is None or b is None:
        _not_numeric("-", left if a is None else right, env)
        return (0 if b is None else negate(b, env)) if a is None else a
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    return whole(arithmetic().subtract(a, b))


def _times(left: Value, right: Value, env: Complains) -> Value:
    a, b = numeric_value(left), numeric_value(right)
    if a is None or b is None:
        _not_numeric("*", left if a is None else right, env)
        return 0
    if isinstance(a, int) and isinstance(b, int) and a.bit_length() + b.bit_length() < 4096:
        return a * b
    return whole(arithmetic().multiply(_decimal(a), _decimal(b)))


def _divide(left: Value, right: Value, env: Complains) -> Value:
    a, b = numeric_value(left), numeric_value(right)
    if a is None:
        _not_numeric("/", left, env)
        return 0
    if b is None:
        _not_numeric("/", right, env)
        return _INT_MAX
    if b == 0:
        env.complain("division by zero")
        return _INT_MAX
    if isinstance(a, int) and isinstance(b, int) and a % b == 0:
        return a // b
    return whole(arithmetic().divide(_decimal(a), _decimal(b)))


def _remainder(left: Value, right: Value, env: Complains) -> Value:
    a, b = numeric_value(left), numeric_value(right)
    if a is None:
        _not_numeric("%", left, env)
        return 0
    if b is None:
        _not_numeric("%", right, env)
        return _INT_MAX
    if b == 0:
        env.complain("division by zero")
        return _INT_MAX
    if isinstance(a, int) and isinstance(b, int):
        rest = abs(a) % abs(b)
        return rest if a >= 0 else -rest
    return whole(arithmetic().remainder(_decimal(a), _decimal(b)))


def _not_numeric(sign: str, value: Value, env: Complains) -> None:
    env.complain(f"{sign}: {_text(value)!r} is not a number")


def _decimal(value: Number) -> Decimal:
    return arithmetic().create_decimal(value)


def _concatenate(left: Value, right: Value, env: Complains) -> Value:
    return _bare(left) + _bare(right)


def _regex(*, anchored: bool) -> Callable[[Value, Value, Complains], Value]:
    """`:` and `=~`: what the first group matched, or without groups how many characters matched."""

    def match(left: Value, right: Value, env: Complains) -> Value:
        try:
            pattern = compile_ere(_bare(right))
        except RegexError as error:
            env.complain(str(error))
            return 0
        subject = _bare(left)
        found = pattern.match(subject) if anchored else pattern.search(subject)
        if found is None:
            return "" if pattern.groups else 0
        if pattern.groups:
            return found[1] or ""
        return found.end() - found.start()

    return match


BINARY: dict[str, Callable[[Value, Value, Complains], Value]] = {
    "|": _either,
    "||": _either,
    "&": _both,
    "&&": _both,
    "=": _compare(operator.eq),
    "==": _compare(operator.eq),
    "!=": _compare(operator.ne),
    "<": _compare(cast("Callable[[object, object], bool]", operator.lt)),
    "<=": _compare(cast("Callable[[object, object], bool]", operator.le)),
    ">": _compare(cast("Callable[[object, object], bool]", operator.gt)),
    ">=": _compare(cast("Callable[[object, object], bool]", operator.ge)),
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _divide,
    "%": _remainder,
    ":": _regex(anchored=True),
    "=~": _regex(anchored=False),
    "~~": _concatenate,
}


# ---------------------------------------------------------------- mathematical functions


def _real(function: Callable[..., float]) -> Callable[..., Number]:
    return lambda *values: from_float(function(*map(float, values)))


def _exactly(rounding: str) -> Callable[[Number], Number]:
    """Round to a whole number, without a detour through binary floats."""

    def calculate(value: Number) -> Number:
        if isinstance(value, int) or not value.is_finite():
            return value
        return int(value.to_integral_value(rounding))

    return calculate


FUNCTIONS: dict[str, tuple[int, Callable[..., Number]]] = {
    "ACOS": (1, _real(math.acos)),
    "ASIN": (1, _real(math.asin)),
    "ATAN": (1, _real(math.atan)),
    "ATAN2": (2, _real(math.atan2)),
    "CEIL": (1, _exactly("ROUND_CEILING")),
    "COS": (1, _real(math.cos)),
    "EXP": (1, _real(math.exp)),
    "EXP2": (1, _real(functools.partial(math.pow, 2.0))),
    "FLOOR": (1, _exactly("ROUND_FLOOR")),
    "LOG": (1, _real(math.log)),
    "LOG10": (1, _real(math.log10)),
    "LOG2": (1, _real(math.log2)),
    "POW": (2, _real(math.pow)),
    "REMAINDER": (2, _real(math.remainder)),
    "RINT": (1, _exactly("ROUND_HALF_EVEN")),
    "ROUND": (1, _exactly("ROUND_HALF_UP")),
    "SIN": (1, _real(math.sin)),
    "SQRT": (1, _real(math.sqrt)),
    "TAN": (1, _real(math.tan)),
    "TRUNC": (1, _exactly("ROUND_DOWN")),
}
