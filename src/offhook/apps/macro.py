"""Macro and its family, which Asterisk has dropped and many dialplans still use.

`Macro(name,args)` runs the context `macro-name` from extension `s` until a priority is missing, the call
leaves the context by Goto, or MacroExit; then the call goes on where it was.  Arguments are ARG1, ARG2 ...

When the caller hangs up within a macro, `h` of the macro's context runs, or, when it has none, that of the
context that called it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.apps.control import split_choices
from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError
from offhook.features.locks import locks_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.dialplan.call import Call

__all__ = ["dialled_place", "run_macro"]

_SERVICE = "macro"
# Asterisk's own limit was seven, for want of stack.
_DEEPEST = 50
_PLACE = ("MACRO_CONTEXT", "MACRO_EXTEN", "MACRO_PRIORITY")


@dataclass(slots=True)
class _Running:
    """One macro that a call is within."""

    context: str
    frames: int
    outer: _Running | None
    place: tuple[str, str]
    exits: bool = False


def dialled_place(call: Call) -> tuple[str, str]:
    """Context and extension that a call is in, outside of all subroutines and macros that it is within."""
    running = call.services.get(_SERVICE)
    first = running if isinstance(running, _Running) else None
    while first is not None and first.outer is not None:
        first = first.outer
    if first is not None and not first.frames:
        return first.place
    if call.frames:
        return call.frames[0].context, call.frames[0].exten
    return call.context, call.exten


async def run_macro(call: Call, name: str, arguments: Sequence[str]) -> None:
    """Run a macro on the call's channel; the call is back where it was, or where a Goto led it, afterwards.

    Raises ApplicationError when macros nest too deep.
    """
    channel = call.channel
    context = f"macro-{name}"
    if not call.exists(context, "s"):
        known = "lacks extension s, priority 1" if context in call.dialplan.contexts else "does not exist"
        call.complain(f"Macro: the context {context} {known}")
        return
    if call.macros >= _DEEPEST:
        raise ApplicationError(f"Macro: macros nest deeper than {_DEEPEST} levels")
    outer = call.services.get(_SERVICE)
    place = (channel.context, channel.exten, channel.priority)
    running = _Running(context, len(call.frames), outer if isinstance(outer, _Running) else None, place[:2])
    saved = _enter(call, place, arguments)
    step = call.step
    call.services[_SERVICE] = running
    call.macros += 1
    channel.in_subroutine += 1

    def over() -> bool:
        frames = len(call.frames)
        left = frames < running.frames or (frames == running.frames and channel.context != context)
        return left or running.exits

    stays = False  # for `h` or `T`, which the macro's context has
    try:
        await call.runner.run_macro(call, context, over)
    except BaseException:
        stand_in = "T" if call.timeouts.struck else "h"
        stays = not call.is_hanging_up and call.exists(channel.context, stand_in)
        raise
    finally:
        call.macros -= 1
        channel.in_subroutine -= 1
        call.services[_SERVICE] = running.outer
        if not stays:
            _leave(call, running, place, saved)
            call.step = step


def _enter(call: Call, place: tuple[str, str, int], arguments: Sequence[str]) -> dict[str, str | None]:
    """Set the macro's variables; what they hide."""
    saved: dict[str, str | None] = {}

    def hide(name: str, value: str | None) -> None:
        saved[name] = call.variables.get(name)
        if value is not None:
            call.set_variable(name, value)
        elif saved[name] is not None:
            call.channel.unset_variable(name)

    for name, value in zip(_PLACE, place, strict=True):
        hide(name, str(value))
    hide("MACRO_OFFSET", None)
    hide("MACRO_DEPTH", str(call.macros + 1))
    for number, argument in enumerate(arguments, 1):
        hide(f"ARG{number}", argument)
    number = len(arguments) + 1
    while f"ARG{number}" in call.variables:  # of an outer macro or subroutine: not this one's
        hide(f"ARG{number}", None)
        number += 1
    return saved


def _leave(call: Call, running: _Running, place: tuple[str, str, int], saved: dict[str, str | None]) -> None:
    """Restore what the macro hid; go back, unless a Goto has led elsewhere."""
    channel = call.channel
    offset = call.variables.get("MACRO_OFFSET", "").strip()
    for name, value in saved.items():
        if value is None:
            channel.unset_variable(name)
        else:
            call.set_variable(name, value)
    if channel.context != running.context and not running.exits:
        call.jumped = True
        return
    channel.context, channel.exten, channel.priority = place
    call.jumped = False
    if offset.isdecimal() and len(offset) < 10 and int(offset):
        beyond = channel.priority + int(offset) + 1
        if call.exists(channel.context, channel.exten, beyond):
            channel.priority = beyond
            call.jumped = True


@application("Macro")
async def macro(call: Call, name: str, *arguments: str) -> None:
    """Run a macro: the context `macro-name`, from its extension `s`.

    It ends with the first priority that is missing, with MacroExit, or with a Goto to another context,
    which then counts.

    Args:
        name: of the macro.
        arguments: found in ARG1, ARG2 ...

    Sets:
        MACRO_CONTEXT: the context that the macro was called from.
        MACRO_EXTEN: the extension that it was called from.
        MACRO_PRIORITY: the priority that it was called from.
        MACRO_DEPTH: how many macros it is within, itself included.
        MACRO_OFFSET: read when it ends: so many priorities are skipped, if there is one behind them.
    """
    await run_macro(call, name.strip(), arguments)


@application("MacroExclusive")
async def macro_exclusive(call: Call, name: str, *arguments: str) -> None:
    """Run a macro that only one call at a time may be in; others wait until it has left.

    Args:
        name: of the macro.
        arguments: found in ARG1, ARG2 ...
    """
    locks = locks_of(call.channel.pbx)
    lock = f"macro-{name.strip()}\0"  # no name that LOCK() could have
    await locks.acquire(lock, call.channel, None)
    try:
        await run_macro(call, name.strip(), arguments)
    finally:
        locks.release(lock, call.channel)


@application("MacroIf")
async def macro_if(call: Call, text: Raw) -> None:
    """Run one macro or another: MacroIf(condition?name[,arg1...][:name[,arg1...]])."""
    condition, question, choices = text.partition("?")
    if not question:
        raise ApplicationError("MacroIf: condition?macro[:macro] is needed")
    yes, no = split_choices(choices)
    chosen = split_arguments(yes if call.is_true(condition.strip()) else no)
    if chosen:
        await run_macro(call, chosen[0].strip(), chosen[1:])


@application("MacroExit")
def macro_exit(call: Call) -> None:
    """Leave the macro at once."""
    running = call.services.get(_SERVICE)
    if not isinstance(running, _Running):
        call.complain("MacroExit: the call is in no macro")
        return
    running.exits = True
    while len(call.frames) > running.frames:
        call.pop_frame()
