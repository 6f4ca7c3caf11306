"""Functions that calculate: MATH, RAND, INC, DEC, ABS, MIN, MAX."""

from __future__ import annotations

import math
import re

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.errors import FunctionError
from offhook.dialplan.numbers import Number, format_number, parse_number

__all__: list[str] = []

_RAND_MAX = 2147483647  # as C's, where Asterisk takes its default from
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_MATH = re.compile(
    rf"\s*({_NUMBER})\s*(<<|>>|<=|>=|==|<|>|=|\+|-|\*|/|%|\^|AND|XOR|OR)\s*({_NUMBER})\s*", re.IGNORECASE
)
_MAX_SHIFT = 63


@function("MATH")
def calculate(call: Call, expression: str, result_type: str = "f") -> str:
    """Calculate with two numbers: MATH(number operator number[,type]).

    Operators: + - * / % ^ (power) << >> AND OR XOR < <= > >= ==; comparisons give TRUE or FALSE.
    Types: f (six decimals, the default), i (whole number), h (hexadecimal), c (character).
    """
    found = _MATH.fullmatch(expression)
    if found is None:
        raise FunctionError(f"MATH: {expression!r} is not number operator number")
    left, right, sign = float(found[1]), float(found[3]), found[2].upper()
    comparison = _compare(left, sign, right)
    if comparison is not None:
        return "TRUE" if comparison else "FALSE"
    try:
        return _formatted(_operate(left, sign, right), result_type.strip()[:1].lower() or "f")
    except (OverflowError, ValueError):
        raise FunctionError(f"MATH: the result of {expression.strip()!r} is too large") from None


def _compare(left: float, sign: str, right: float) -> bool | None:
    match sign:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
        case "=" | "==":
            return left == right
        case _:
            return None


def _operate(left: float, sign: str, right: float) -> float:
    match sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            # Asterisk gives 0 for a division by zero here, unlike in $[...].
            return left / right if right else 0.0
        case "%":
            return math.fmod(left, right) if right else 0.0
        case "^":
            return math.pow(left, right)
        case "AND":
            return float(int(left) & int(right))
        case "OR":
            return float(int(left) | int(right))
        case "XOR":
            return float(int(left) ^ int(right))
        case _:
            if not 0 <= right <= _MAX_SHIFT:
                raise OverflowError
            return float(int(left) << int(right) if sign == "<<" else int(left) >> int(right))


def _formatted(value: float, kind: str) -> str:
    match kind:
        case "i":
            return str(int(value))
        case "h":
            return f"{int(value) & 0xFFFFFFFF:x}"
        case "c":
            return chr(int(value) & 0xFF)
        case "f":
            return f"{value:f}"
        case _:
            raise FunctionError(f"MATH: there is no result type {kind!r} (there are: f i h c)")


@function("RAND")
def rand(call: Call, minimum: int = 0, maximum: int = _RAND_MAX) -> str:
    """A random whole number from minimum to maximum, both included."""
    if maximum < minimum:
        minimum, maximum = maximum, minimum
    return str(call.runner.randint(minimum, maximum))


def _number_in(call: Call, name: str, function_name: str) -> Number:
    value = call.get(name)
    number = parse_number(value) if value else 0
    if number is None:
        raise FunctionError(f"{function_name}: {name} is {value!r}, which is not a number")
    return number


@function("INC")
def increment(call: Call, variable: Raw) -> str:
    """Add 1 to a variable; gives the new value."""
    name = variable.strip()
    value = format_number(_number_in(call, name, "INC") + 1)
    call.set_variable(name, value)
    return value


@function("DEC")
def decrement(call: Call, variable: Raw) -> str:
    """Take 1 off a variable; gives the new value."""
    name = variable.strip()
    value = format_number(_number_in(call, name, "DEC") - 1)
    call.set_variable(name, value)
    return value


def _number(text: str, function_name: str) -> Number:
    number = parse_number(text)
    if number is None:
        raise FunctionError(f"{function_name}: {text!r} is not a number")
    return number


@function("ABS")
def absolute(call: Call, number: str) -> str:
    """A number without its sign."""
    return format_number(abs(_number(number, "ABS")))


@function("MIN")
def minimum_of(call: Call, number1: str, number2: str) -> str:
    """The smaller of two numbers."""
    return format_number(min(_number(number1, "MIN"), _number(number2, "MIN")))


@function("MAX")
def maximum_of(call: Call, number1: str, number2: str) -> str:
    """The larger of two numbers."""
    return format_number(max(_number(number1, "MAX"), _number(number2, "MAX")))


@function("DIGIT_SUM")
def digit_sum(call: Call, number: str) -> str:
    """The sum of the digits of a number."""
    return str(sum(int(char) for char in number if char.isascii() and char.isdecimal()))
