"""Functions on lists within a variable, and on arrays and hashes: PUSH, POP, ARRAY, HASH, SORT ..."""

from __future__ import annotations

from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.dialplan.numbers import parse_number
from offhook.functions.delimiters import delimiter_of

__all__: list[str] = []


@write_only_function("PUSH")
def push(call: Call, value: str, varname: str, delimiter: str = ",") -> None:
    """Add a value at the end of a list: Set(PUSH(varname[,delimiter])=value)."""
    known = call.get(_bare(varname))
    call.set_variable(varname, known + delimiter_of(delimiter) + value if known else value)


@write_only_function("UNSHIFT")
def unshift(call: Call, value: str, varname: str, delimiter: str = ",") -> None:
    """Add a value at the beginning of a list: Set(UNSHIFT(varname[,delimiter])=value)."""
    known = call.get(_bare(varname))
    call.set_variable(varname, value + delimiter_of(delimiter) + known if known else value)


def _bare(varname: str) -> str:
    """The name without the underscores that say who inherits it."""
    return varname.removeprefix("_").removeprefix("_")


@function("POP")
def pop(call: Call, varname: str, delimiter: str = ",") -> str:
    """Take the last value off a list."""
    rest, _, value = call.get(varname).rpartition(delimiter_of(delimiter))
    call.set_variable(varname, rest)
    return value


@function("SHIFT")
def shift(call: Call, varname: str, delimiter: str = ",") -> str:
    """Take the first value off a list."""
    value, _, rest = call.get(varname).partition(delimiter_of(delimiter))
    call.set_variable(varname, rest)
    return value


@function("LISTFILTER")
def list_filter(call: Call, varname: str, delimiter: str, value: str) -> str:
    """A list without one of its values."""
    separator = delimiter_of(delimiter)
    return separator.join(one for one in call.get(varname).split(separator) if one != value)


@function("SORT")
def sort(call: Call, *pairs: str) -> str:
    """The keys of `key:value` pairs in the order of their values, which are numbers."""

    def value(pair: str) -> float:
        number = parse_number(pair.partition(":")[2])
        return 0.0 if number is None else float(number)

    return ",".join(pair.partition(":")[0] for pair in sorted(pairs, key=value))


@write_only_function("ARRAY")
def array(call: Call, value: str, *varnames: str) -> None:
    """Set several variables at once: Set(ARRAY(a,b,c)=1,2,3); those without a value become empty."""
    if not varnames:
        raise FunctionError("ARRAY: names of variables are needed")
    values = split_arguments(value)
    for index, name in enumerate(varnames):
        call.assign(name.strip(), values[index] if index < len(values) else "")


# ---------------------------------------------------------------- hashes

# As Asterisk names the variables behind a hash, which can be seen where variables are listed.
_PREFIX = "~HASH~"


def _prefix(name: str) -> str:
    return f"{_PREFIX}{name}~"


def _keys(call: Call, name: str) -> list[str]:
    prefix = _prefix(name)
    return [variable[len(prefix) : -1] for variable in call.variables if variable.startswith(prefix)]


@function("HASH")
def hash_value(call: Call, hashname: str, hashkey: str | None = None) -> str:
    """A value of a hash; without a key, all values, separated by commas."""
    if hashkey is None:
        return ",".join(call.variables[f"{_prefix(hashname)}{key}~"] for key in _keys(call, hashname))
    return call.variables.get(f"{_prefix(hashname)}{hashkey}~", "")


@hash_value.writer
def set_hash_value(call: Call, value: str, hashname: str, hashkey: str | None = None) -> None:
    """Set a value of a hash; without a key, all those for which CURL() or a query has left names."""
    if hashkey is None:
        names = split_arguments(call.variables.get("~ODBCFIELDS~", ""))
        if not names:
            raise FunctionError("HASH: a key is needed: HASH(name,key)")
        for name, one in zip(names, split_arguments(value), strict=False):
            call.set_variable(f"{_prefix(hashname)}{name}~", one)
        return
    call.set_variable(f"{_prefix(hashname)}{hashkey}~", value)


@function("HASHKEYS")
def hash_keys(call: Call, hashname: Raw) -> str:
    """The keys of a hash, separated by commas."""
    return ",".join(_keys(call, hashname.strip()))
