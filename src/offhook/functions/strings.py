"""Functions on text: LEN, CUT, FILTER, FIELDQTY, REGEX, REPLACE, SPRINTF and the like."""

from __future__ import annotations

import re

from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import FunctionError
from offhook.functions.delimiters import delimiter_of, unescape

__all__: list[str] = []

_MAX_WIDTH = 4096  # of a SPRINTF field: nobody needs more, and it could fill the memory


@function("LEN")
def length(call: Call, string: Raw = "") -> str:
    """The number of characters of a text."""
    return str(len(string))


@function("TOUPPER")
def upper(call: Call, string: Raw = "") -> str:
    """The text in capitals."""
    return string.upper()


@function("TOLOWER")
def lower(call: Call, string: Raw = "") -> str:
    """The text in small letters."""
    return string.lower()


@function("TRIM")
def trim(call: Call, string: Raw = "") -> str:
    """The text without blanks around it."""
    return string.strip()


@function("LTRIM")
def trim_left(call: Call, string: Raw = "") -> str:
    """The text without blanks before it."""
    return string.lstrip()


@function("RTRIM")
def trim_right(call: Call, string: Raw = "") -> str:
    """The text without blanks after it."""
    return string.rstrip()


@function("PASSTHRU")
def pass_through(call: Call, string: Raw = "") -> str:
    """The text as it is: gives a text to functions that want the name of a variable."""
    return string


@function("QUOTE")
def quote(call: Call, string: Raw = "") -> str:
    """The text in double quotes, with quotes and backslashes in it escaped."""
    return '"' + string.replace("\\", "\\\\").replace('"', '\\"') + '"'


@function("CSV_QUOTE")
def csv_quote(call: Call, string: Raw = "") -> str:
    """The text in double quotes, with quotes in it doubled, as CSV files have it."""
    return '"' + string.replace('"', '""') + '"'


@function("EVAL")
def evaluate(call: Call, string: Raw = "") -> str:
    """The text with the variables in it replaced once more."""
    return call.evaluate(string)


# ---------------------------------------------------------------- parts of a text


@function("CUT")
def cut(call: Call, varname: str, delimiter: str | None, fields: Raw) -> str:
    """Fields of a variable: CUT(varname,delimiter,fields).

    The delimiter is `-` if not given.  Fields are counted from 1: `2`, `2-` (to the last), `-2`, `2-4`,
    several joined with `&`.
    """
    separator = delimiter_of(delimiter or "-")
    parts = call.get(varname).split(separator)
    chosen: list[str] = []
    for spec in fields.split("&"):
        first, last = _field_range(spec.strip(), len(parts))
        chosen += parts[first - 1 : last]
    return separator.join(chosen)


def _field_range(spec: str, count: int) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{0,9})(-?)(\d{0,9})", spec)
    if found is None or not (found[1] or found[3]):
        raise FunctionError(f"CUT: {spec!r} is no field and no range of fields")
    first = int(found[1] or 1)
    last = (int(found[3]) if found[3] else count) if found[2] else first
    return max(first, 1), last


@function("FIELDQTY")
def field_count(call: Call, varname: str, delimiter: str) -> str:
    """How many fields a variable has; 0 when it is empty."""
    value = call.get(varname)
    return str(value.count(delimiter_of(delimiter)) + 1) if value else "0"


@function("FIELDNUM")
def field_number(call: Call, varname: str, delimiter: str, value: str) -> str:
    """Which field of a variable has this value, counted from 1; 0 when none has."""
    fields = call.get(varname).split(delimiter_of(delimiter))
    return str(fields.index(value) + 1) if value in fields else "0"


@function("FILTER")
def filter_characters(call: Call, text: Raw) -> str:
    r"""The text without the characters that are not allowed: FILTER(allowed,text).

    Allowed are characters and ranges (`0-9a-f`); `\x41` is a code, `\-`, `\,` and `\\` are themselves.
    """
    found = re.match(r"((?:\\.|[^,\\])*),(.*)", text, re.DOTALL)
    if found is None:
        raise FunctionError("FILTER: allowed characters and a text are needed")
    allowed = _character_set(found[1])
    return "".join(char for char in found[2] if char in allowed)


def _character_set(spec: str) -> set[str]:
    chars = unescape(spec)
    allowed: set[str] = set()
    index = 0
    while index < len(chars):
        char, _ = chars[index]
        if index + 2 < len(chars) and chars[index + 1] == ("-", False):
            last = chars[index + 2][0]
            if ord(last) - ord(char) > 0xFFFF:
                raise FunctionError(f"FILTER: the range {char}-{last} is too wide")
            allowed.update(map(chr, range(ord(char), ord(last) + 1)))
            index += 3
        else:
            allowed.add(char)
            index += 1
    return allowed


# ---------------------------------------------------------------- search and replace


@function("REGEX")
def regex(call: Call, text: Raw) -> str:
    """Whether a text matches a POSIX extended regular expression: REGEX("expression" text); 1 or 0."""
    found = re.match(r'\s*"((?:\\.|[^"\\])*)"(?:\s(.*))?', text, re.DOTALL)
    if found is None:
        raise FunctionError('REGEX: "expression" text is needed, the expression in double quotes')
    pattern = compile_ere(found[1].replace('\\"', '"'))
    return "1" if pattern.search(found[2] or "") else "0"


@function("REPLACE")
def replace(call: Call, varname: str, find_chars: str, replace_char: str = "") -> str:
    """A variable with each of some characters replaced by another one, or left out."""
    unwanted = {char for char, _ in unescape(find_chars)}
    other = unescape(replace_char)
    instead = other[0][0] if other else ""
    return "".join(instead if char in unwanted else char for char in call.get(varname))


@function("STRREPLACE")
def replace_text(
    call: Call, varname: str, find_string: str, replace_string: str = "", max_replacements: int = -1
) -> str:
    """A variable with a text in it replaced by another one, at most so many times."""
    limit = max_replacements if max_replacements > 0 else -1
    return call.get(varname).replace(find_string, replace_string, limit)


@function("STRBETWEEN")
def insert_between(call: Call, varname: str, insert_string: str = "") -> str:
    """A variable with a text put between its characters."""
    return insert_string.join(call.get(varname))


# ---------------------------------------------------------------- other forms

_KEYPAD = {
    **{char: char for char in "0123456789"},
    **dict.fromkeys("abc", "2"),
    **dict.fromkeys("def", "3"),
    **dict.fromkeys("ghi", "4"),
    **dict.fromkeys("jkl", "5"),
    **dict.fromkeys("mno", "6"),
    **dict.fromkeys("pqrs", "7"),
    **dict.fromkeys("tuv", "8"),
    **dict.fromkeys("wxyz", "9"),
}


@function("KEYPADHASH")
def keypad_digits(call: Call, string: Raw = "") -> str:
    """The keys of a telephone that the letters are on: `Les` is 537."""
    return "".join(_KEYPAD.get(char, "") for char in string.lower())


_DIRECTIVE = re.compile(r"%([-+ #0]*)(\d*)(?:\.(\d+))?[hlLqjzt]*([a-zA-Z%])")


@function("SPRINTF")
def sprintf(call: Call, format_and_arguments: Raw) -> str:
    """A text made by a format as in C: SPRINTF(format,arg1,...), with %d %i %o %u %x %c %e %f %g %s %%."""
    pieces = split_arguments(format_and_arguments)
    if not pieces:
        raise FunctionError("SPRINTF: a format is needed")
    arguments = iter(pieces[1:])

    def fill(found: re.Match[str]) -> str:
        flags, width, precision, kind = found.groups()
        if kind == "%":
            return "%"
        if (width and int(width) > _MAX_WIDTH) or (precision and int(precision) > _MAX_WIDTH):
            raise FunctionError(f"SPRINTF: {found[0]} is wider than {_MAX_WIDTH}")
        argument = next(arguments, None)
        if argument is None:
            raise FunctionError(f"SPRINTF: there is no argument for {found[0]}")
        spec = f"%{flags}{width}{'.' + precision if precision is not None else ''}"
        return _format_one(spec, kind, argument)

    return _DIRECTIVE.sub(fill, pieces[0])


def _format_one(spec: str, kind: str, argument: str) -> str:
    try:
        if kind in "diouxX":
            return (spec + ("d" if kind in "iu" else kind)) % int(float(argument or 0))
        if kind in "eEfFgG":
            return (spec + kind) % float(argument or 0)
        if kind == "c":
            return (spec + "c") % (argument[:1] or "\0")
        if kind == "s":
            return (spec + "s") % argument
    except (ValueError, OverflowError):
        raise FunctionError(f"SPRINTF: {argument!r} is not a number") from None
    raise FunctionError(f"SPRINTF: there is no %{kind}")
