"""Functions that decide: IF, IFTIME, ISNULL, EXISTS, SET, IMPORT."""

from __future__ import annotations

from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.dialplan.timing import parse_time_condition

__all__: list[str] = []


def _choose(choices: str, condition: bool) -> str:
    """One of `this:that`; quotes and parentheses protect the colon in `this`."""
    found = split_arguments(choices, ":", 2)
    index = 0 if condition else 1
    return found[index].strip() if index < len(found) else ""


def _split(text: str, name: str) -> tuple[str, str]:
    condition, question, choices = text.partition("?")
    if not question:
        raise FunctionError(f"{name}: condition?this[:that] is needed")
    return condition.strip(), choices


@function("IF")
def if_then(call: Call, text: Raw) -> str:
    """One of two texts: IF(condition?this:that)."""
    condition, choices = _split(text, "IF")
    return _choose(choices, call.is_true(condition))


@function("IFTIME")
def if_time(call: Call, text: Raw) -> str:
    """One of two texts by the time: IFTIME(times,weekdays,days,months[,zone]?this:that)."""
    condition, choices = _split(text, "IFTIME")
    return _choose(choices, parse_time_condition(condition).holds(call.now))


@function("ISNULL")
def is_null(call: Call, data: Raw = "") -> str:
    """1 when the text is empty, else 0."""
    return "0" if data else "1"


@function("EXISTS")
def exists(call: Call, data: Raw = "") -> str:
    """1 when the text is not empty, else 0."""
    return "1" if data else "0"


@function("SET")
def set_and_get(call: Call, text: Raw) -> str:
    """Set a variable, and give its value: SET(varname=value)."""
    name, equals, value = text.partition("=")
    if not equals:
        raise FunctionError("SET: varname=value is needed")
    call.assign(name.strip(), value)
    return value


@function("IMPORT")
def import_variable(call: Call, channel: str, variable: str) -> str:
    """A variable or function of another channel."""
    other = call.channel.pbx.channel(channel)
    if other is None:
        raise FunctionError(f"IMPORT: there is no channel {channel}")
    return call.runner.call_on(other).get(variable)


@function("VARIABLE_EXISTS")
def variable_exists(call: Call, varname: Raw) -> str:
    """1 when the channel has this variable, even an empty one; else 0."""
    return "1" if varname.strip() in call.variables else "0"


@write_only_function("DELETE")
def delete(call: Call, value: str, varname: Raw) -> None:
    """Forget a variable: Set(DELETE(varname)=)."""
    call.channel.unset_variable(varname.strip())
