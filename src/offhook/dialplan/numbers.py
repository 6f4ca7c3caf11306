"""Numbers of `$[...]` and MATH(): whole ones exactly, others with 18 digits, written as Asterisk writes them.

Asterisk calculates with an 80-bit floating point type and prints 18 significant digits ("%.18Lg").
Here whole numbers are Python's, others are decimals with as many digits, so that 0.1 stays 0.1.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Context, Decimal

__all__ = ["Number", "arithmetic", "format_number", "from_float", "is_numeric", "parse_number"]

if TYPE_CHECKING:
    Number = int | Decimal
else:
    Number = object

_DIGITS = 18
_LARGE = 10**_DIGITS
# Beyond this the 80-bit type is infinite; and nobody may make us calculate with millions of digits.
_MAX_EXPONENT = 4932
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,5})?\s*")
_NUMERIC = re.compile(r"-?[0-9.]*[0-9][0-9.]*")

_context: Context | None = None


def arithmetic() -> Context:
    """The decimal context for numbers that are not whole; made at first use, since few need it."""
    global _context
    if _context is None:
        import decimal

        _context = decimal.Context(prec=21, Emax=_MAX_EXPONENT, Emin=-_MAX_EXPONENT, traps=[])
    return _context


def is_numeric(text: str) -> bool:
    """Whether an operand counts as a number when it is compared."""
    return text.isdecimal() or _NUMERIC.fullmatch(text) is not None


def parse_number(text: str) -> Number | None:
    """The number that `text` is; None when it is none."""
    if text.isdecimal() and text.isascii() and len(text) <= _DIGITS:
        return int(text)
    if len(text) > _MAX_EXPONENT or not _NUMBER.fullmatch(text):
        return None
    return whole(arithmetic().create_decimal(text.strip()))


def from_float(value: float) -> Number:
    """A float as a number, with the digits that identify it."""
    return whole(arithmetic().create_decimal(repr(value)))


def whole(value: Decimal) -> Number:
    """A decimal without a fraction as an int, when all its digits are known."""
    if not value.is_finite():
        return value
    if value.adjusted() < _DIGITS and value == value.to_integral_value():
        return int(value)
    return value


def format_number(value: Number) -> str:
    """A number in at most 18 significant digits: 3, 0.5, 1e+20."""
    if isinstance(value, int):
        if -_LARGE < value < _LARGE:
            return str(value)
        value = arithmetic().create_decimal(value)
    if value.is_nan():
        return "nan"
    if value.is_infinite():
        return "-inf" if value < 0 else "inf"
    if not value:
        return "0"
    return _general(value)


def _general(value: Decimal) -> str:
    """C's `%.18g`."""
    rounded = f"{value:.{_DIGITS - 1}e}"
    mantissa, _, exponent_text = rounded.partition("e")
    exponent = int(exponent_text)
    if -4 <= exponent < _DIGITS:
        text = f"{value:.{_DIGITS - 1 - exponent}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
