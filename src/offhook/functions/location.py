"""Functions of the dialplan itself: DIALPLAN_EXISTS, VALID_EXTEN, TIMEOUT."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import ApplicationError, FunctionError

__all__: list[str] = []


def _exists(call: Call, context: str, exten: str, priority: str) -> bool:
    try:
        number = call.resolve_priority(context, exten, priority.strip() or "1")
    except ApplicationError:
        return False
    return call.exists(context, exten, number)


@function("DIALPLAN_EXISTS")
def dialplan_exists(call: Call, context: str, extension: str = "", priority: str = "") -> str:
    """1 when there is such a context, extension in it, and priority (or label) of that; else 0."""
    if not extension:
        return "1" if context in call.dialplan.contexts else "0"
    return "1" if _exists(call, context, extension, priority) else "0"


@function("VALID_EXTEN")
def valid_exten(call: Call, context: str = "", extension: str = "", priority: str = "") -> str:
    """1 when this extension exists, else 0; the context is the call's if not given."""
    if not extension:
        raise FunctionError("VALID_EXTEN: [context],extension[,priority] are needed")
    return "1" if _exists(call, context or call.context, extension, priority) else "0"


@function("TIMEOUT")
def timeout(call: Call, timeouttype: str) -> str:
    """A time-out in seconds: digit, response, or what is left of absolute."""
    timeouts = call.timeouts
    match timeouttype.strip().lower():
        case "digit":
            return f"{timeouts.digit:.3f}"
        case "response":
            return f"{timeouts.response:.3f}"
        case "absolute":
            if timeouts.timer is None:
                return "0.000"
            return f"{max(0.0, timeouts.absolute_at - call.channel.pbx.loop.time()):.3f}"
        case kind:
            raise FunctionError(f"TIMEOUT: {kind!r} is none of absolute, digit, response")


@timeout.writer
def set_timeout(call: Call, value: str, timeouttype: str) -> None:
    """Set a time-out: between digits, for the first digit, or for the call (from now; 0 for none)."""
    try:
        seconds = float(value or 0)
    except ValueError:
        raise FunctionError(f"TIMEOUT: {value!r} is not a number of seconds") from None
    if not 0 <= seconds < 1e9:
        raise FunctionError(f"TIMEOUT: {value!r} is not a number of seconds")
    match timeouttype.strip().lower():
        case "digit":
            call.timeouts.digit = seconds
        case "response":
            call.timeouts.response = seconds
        case "absolute":
            call.set_absolute_timeout(seconds)
        case kind:
            raise FunctionError(f"TIMEOUT: {kind!r} is none of absolute, digit, response")
