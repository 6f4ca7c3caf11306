"""If, ElseIf, Else, EndIf, ExitIf: conditions over several priorities, which may nest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


def _find(call: Call, names: tuple[str, ...]) -> tuple[int, str] | None:
    """The next priority of this block, not of one within it, that has one of these applications."""
    depth = 0
    at = call.priority + 1
    while True:
        step = call.dialplan.find(call.context, call.exten, at, call.caller_number)
        if step is None:
            return None
        name = step.application.lower()
        if name == "if":
            depth += 1
        elif not depth and name in names:
            return at, name
        elif name == "endif":
            if not depth:
                return None
            depth -= 1
        at += 1


def _end(call: Call, name: str) -> None:
    """Go on behind the EndIf of this block."""
    found = _find(call, ("endif",))
    if found is None:
        raise ApplicationError(f"{name}: there is no EndIf after it")
    call.goto(None, None, found[0] + 1)


def _next_branch(call: Call, name: str) -> None:
    """Go to the next branch whose turn it is: an ElseIf, behind the Else, or behind the EndIf."""
    found = _find(call, ("elseif", "else", "endif"))
    if found is None:
        raise ApplicationError(f"{name}: there is no EndIf after it")
    priority, kind = found
    if kind == "elseif":
        # It is executed as a branch that is still to be decided, not as the end of the one before it.
        call.services["if.undecided"] = (call.context, call.exten, priority)
        call.goto(None, None, priority)
    else:
        call.goto(None, None, priority + 1)


@application("If")
def if_block(call: Call, expr: Raw = "") -> None:
    """Execute what follows, up to ElseIf, Else or EndIf, only when a condition holds: If(condition)."""
    if not call.is_true(expr.strip()):
        _next_branch(call, "If")


@application("ElseIf")
def else_if(call: Call, expr: Raw = "") -> None:
    """Within If: another condition, for when none before it held.

    As in Asterisk its condition is evaluated even when an earlier branch was taken; that has no effect then.
    """
    undecided = call.services.pop("if.undecided", None)
    if undecided != (call.context, call.exten, call.priority):
        _end(call, "ElseIf")  # the branch before it has been executed
    elif not call.is_true(expr.strip()):
        _next_branch(call, "ElseIf")


@application("Else")
def else_block(call: Call) -> None:
    """Within If: what follows is for when no condition before it held."""
    _end(call, "Else")  # who comes here has executed the branch before it


@application("EndIf")
def end_if(call: Call) -> None:
    """The end of If."""


@application("ExitIf")
def exit_if(call: Call) -> None:
    """Leave the If block: go on behind its EndIf."""
    _end(call, "ExitIf")
