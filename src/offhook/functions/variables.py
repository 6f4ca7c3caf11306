"""Functions of variables that are not the channel's alone: GLOBAL, LOCAL, ENV, EXCEPTION, the stack."""

from __future__ import annotations

import os

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, write_only_function
from offhook.dialplan.errors import FunctionError
from offhook.pbx.events import GlobalVariableSet

__all__: list[str] = []


@function("GLOBAL")
def global_variable(call: Call, varname: Raw) -> str:
    """A global variable."""
    return call.globals.get(varname.strip(), "")


@global_variable.writer
def set_global_variable(call: Call, value: str, varname: Raw) -> None:
    """Set a global variable."""
    name = varname.strip()
    call.globals[name] = value
    call.channel.pbx.bus.emit(GlobalVariableSet, name, value)


@function("GLOBAL_EXISTS")
def global_exists(call: Call, varname: Raw) -> str:
    """1 when there is such a global variable, even an empty one; else 0."""
    return "1" if varname.strip() in call.globals else "0"


@write_only_function("GLOBAL_DELETE")
def global_delete(call: Call, value: str, varname: Raw) -> None:
    """Forget a global variable: Set(GLOBAL_DELETE(varname)=)."""
    call.globals.pop(varname.strip(), None)


@function("LOCAL")
def local_variable(call: Call, varname: Raw) -> str:
    """A variable of this subroutine, or of an outer one."""
    return call.variables.get(varname.strip(), "")


@local_variable.writer
def set_local_variable(call: Call, value: str, varname: Raw) -> None:
    """Set a variable that lasts until Return() and hides an outer one of its name."""
    if not call.frames:
        raise FunctionError("LOCAL: not within a Gosub")
    call.set_local(varname.strip(), value)


@function("LOCAL_PEEK")
def peek_local(call: Call, n: int, varname: str) -> str:
    """A local variable as the subroutine n levels further out sees it."""
    if n < 0:
        raise FunctionError("LOCAL_PEEK: levels are counted from 0")
    value: str | None = call.variables.get(varname)
    for frame in reversed(call.frames[max(0, len(call.frames) - n) :] if n else []):
        if varname in frame.hidden:
            value = frame.hidden[varname]
    return value or ""


@function("STACK_PEEK")
def peek_stack(call: Call, n: int, which: str, suppress: str = "") -> str:
    """Where the n-th subroutine from here was called from: c(ontext), e(xtension), p(riority), l(ocation)."""
    if not 0 < n <= len(call.frames):
        if suppress:
            return ""
        raise FunctionError(f"STACK_PEEK: there is no level {n}")
    frame = call.frames[-n]
    # The frame knows where it returns to; the Gosub is the priority before.
    match which[:1].lower():
        case "c":
            return frame.context
        case "e":
            return frame.exten
        case "p":
            return str(frame.priority - 1)
        case "l":
            return f"{frame.context},{frame.exten},{frame.priority - 1}"
        case _:
            raise FunctionError(f"STACK_PEEK: {which!r} is none of c, e, p, l")


@function("ENV")
def environment(call: Call, varname: Raw) -> str:
    """A variable of the program's environment."""
    return os.environ.get(varname.strip(), "")


@environment.writer
def set_environment(call: Call, value: str, varname: Raw) -> None:
    """Set a variable of the program's environment, or remove it with an empty value."""
    name = varname.strip()
    if not name or "=" in name or "\0" in name + value:
        raise FunctionError(f"ENV: {name!r} cannot be a name in the environment")
    if value:
        os.environ[name] = value
    else:
        os.environ.pop(name, None)


@function("EXCEPTION")
def exception(call: Call, field: str) -> str:
    """Why the call is at `e`: reason, context, exten or priority of what went wrong."""
    match field.strip().lower():
        case "reason":
            return call.exception_reason
        case "context" | "exten" | "priority" as name:
            return call.variables.get(f"EXCEPTION_{name.upper()}", "")
        case _:
            raise FunctionError(f"EXCEPTION: {field!r} is none of reason, context, exten, priority")
