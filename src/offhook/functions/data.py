"""Data in texts: JSON_DECODE, ICONV, SQL_ESC; EVAL_EXTEN, SAYFILES."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, cast

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, Raw, flag, function, waiting_function
from offhook.dialplan.errors import DialplanError, FunctionError
from offhook.dialplan.runner import split_subroutine
from offhook.media.say import NumberTooLargeError, say_alpha, say_digits, say_number, say_phonetic

__all__: list[str] = []

_MOST = 1 << 20  # characters of JSON that are read


@dataclass(frozen=True, slots=True)
class JsonOptions(Options):
    """The option letters of JSON_DECODE()."""

    ignore_case: bool = flag("c", "Names of members are compared without regard to case.")


_NO_OPTIONS = JsonOptions()


@function("JSON_DECODE")
def json_decode(
    call: Call, varname: str, item: str, separator: str = ".", options: JsonOptions = _NO_OPTIONS
) -> str:
    """A value out of a variable that has JSON in it; empty when there is no such member.

    Objects and arrays come as JSON, null as an empty text, true and false as 1 and 0.

    Args:
        varname: the variable (its name).
        item: the member; members of members by names joined with the separator, elements of arrays by
            their number, counted from 0.
        separator: what stands between names; a dot if not given.
        options: c.
    """
    text = call.get(varname)
    if not text:
        return ""
    if len(text) > _MOST:
        raise FunctionError(f"JSON_DECODE: {varname} has more than {_MOST} characters")
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FunctionError(f"JSON_DECODE: {varname} is no JSON: {error}") from None
    for name in item.split(separator or "."):
        found = _member(found, name.strip(), options.ignore_case)
        if found is None:
            return ""
    match found:
        case bool():
            return str(int(found))
        case str():
            return found
        case int() | float():
            return str(found)
        case _:
            return json.dumps(found, separators=(",", ":"), ensure_ascii=False)


def _member(value: object, name: str, ignore_case: bool) -> object:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        if ignore_case:
            return next((one for key, one in members.items() if key.lower() == name.lower()), None)
        return members.get(name)
    if isinstance(value, list) and name.isdecimal() and len(name) < 10:
        elements = cast("list[object]", value)
        return elements[int(name)] if int(name) < len(elements) else None
    return None


@function("ICONV")
def iconv(call: Call, in_charset: str, out_charset: str, string: Raw) -> str:
    """A text whose bytes are of one character set, in another; what has no counterpart is left out.

    Args:
        in_charset: what the text's bytes are.
        out_charset: what they become.
        string: the text.
    """
    try:
        data = string.encode("utf-8", "surrogateescape")
        converted = data.decode(in_charset.strip(), "ignore").encode(
            out_charset.partition("//")[0].strip(), "ignore"
        )
    except LookupError as error:
        raise FunctionError(f"ICONV: {error}") from None
    return converted.decode("utf-8", "surrogateescape")


@function("SQL_ESC")
def sql_escape(call: Call, string: Raw = "") -> str:
    """A text with its single quotes doubled, to stand within quotes in SQL."""
    return string.replace("'", "''")


@function("SQL_ESC_BACKSLASHES")
def sql_escape_backslashes(call: Call, string: Raw = "") -> str:
    """A text with its backslashes doubled, for databases that take them as escapes."""
    return string.replace("\\", "\\\\")


@function("EVAL_EXTEN")
def eval_exten(call: Call, place: Raw) -> str:
    """The text of a priority, evaluated now: EVAL_EXTEN([[context,]exten,]priority).

    It is the argument of a priority with Return(), which makes of an extension a function.  ${EXTEN} and
    ${CONTEXT} in it are that priority's.
    """
    parts = [part.strip() for part in place.split(",", 2)]
    priority = parts[-1]
    exten = parts[-2] if len(parts) > 1 and parts[-2] else call.exten
    context = parts[0] if len(parts) > 2 and parts[0] else call.context
    try:
        number = call.resolve_priority(context, exten, priority or "1")
    except DialplanError as error:
        raise FunctionError(f"EVAL_EXTEN: {error}") from None
    step = call.dialplan.find(context, exten, number, call.caller_number)
    if step is None:
        raise FunctionError(f"EVAL_EXTEN: there is no priority {priority} in {exten}@{context}")
    channel = call.channel
    here = channel.context, channel.exten, channel.priority
    channel.context, channel.exten, channel.priority = context, exten, number
    try:
        return call.evaluate(step.arguments)
    finally:
        channel.context, channel.exten, channel.priority = here


@function("SAYFILES")
def say_files(
    call: Call, value: str, type: Literal["alpha", "digits", "number", "phonetic"] = "alpha"
) -> str:
    """The names of the sounds that say something, joined by & as Playback() takes them.

    Args:
        value: what is to be said.
        type: alpha, digits, number or phonetic.
    """
    match type:
        case "alpha":
            names = say_alpha(value)
        case "digits":
            names = say_digits(value)
        case "phonetic":
            names = say_phonetic(value)
        case "number":
            try:
                names = say_number(int(value.strip()), call.channel.language)
            except NumberTooLargeError as error:
                raise FunctionError(f"SAYFILES: {error}") from None
            except ValueError:
                raise FunctionError(f"SAYFILES: {value!r} is not a whole number") from None
    return "&".join(names)


@waiting_function("EVAL_SUB")
async def eval_sub(call: Call, place: Raw) -> str:
    """What a subroutine returns: EVAL_SUB([[context,]exten,]priority[(arg1,...)])."""
    target, arguments = split_subroutine(place)
    return await call.runner.run_subroutine(call, target, arguments)
