"""Applications that only steer: variables, jumps, subroutines, loops, conditions, messages."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from offhook import levels
from offhook.dialplan.call import Call, Frame, Target, parse_target
from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError, DialplanError, Hangup, TimingError
from offhook.dialplan.runner import split_subroutine
from offhook.dialplan.timing import parse_time_condition

__all__ = ["branch", "find_loop"]

log = logging.getLogger("offhook.dialplan.verbose")

_LEVELS = {
    "ERROR": logging.ERROR,
    "WARNING": logging.WARNING,
    "NOTICE": logging.INFO,
    "DEBUG": logging.DEBUG,
    "VERBOSE": levels.verbose(0),
}
_MAX_ARGUMENTS = 1000


# ---------------------------------------------------------------- messages


@application("NoOp")
def noop(call: Call, text: Raw = "") -> None:
    """Do nothing; the text can be seen in the trace of the call."""


@application("Verbose")
def verbose(call: Call, text: Raw) -> None:
    """Write a message to the console and the log.

    Verbose([level,]message): messages with a level above that of `core set verbose` are left out.
    """
    level, comma, message = text.partition(",")
    if not comma or not level.strip().isdecimal():
        level, message = "0", text
    log.log(levels.verbose(int(level.strip()[:4])), "%s", message)


@application("Log")
def log_message(call: Call, level: str, message: Raw) -> None:
    """Write a message to the log with a level.

    Args:
        level: ERROR, WARNING, NOTICE, DEBUG, VERBOSE, DTMF, or one of custom_levels in logger.conf.
        message: what to write.
    """
    name = level.strip().upper()
    number, to = _LEVELS.get(name), log
    if number is None:
        if name != "DTMF" and not levels.is_custom(name):
            raise ApplicationError(f"Log: {level.strip()!r} is none of {', '.join(_LEVELS)}, DTMF")
        number, to = logging.INFO, levels.logger_of(name)
    to.log(number, "[%s@%s:%d] %s", call.exten, call.context, call.priority, message)


# ---------------------------------------------------------------- variables


@application("Set")
def set_variable(call: Call, assignment: Raw) -> Awaitable[None] | None:
    """Set a variable or function: Set(name=value).

    A name that begins with `_` is inherited by the next channel that this one dials, with `__` by all
    that follow.
    """
    name, equals, value = assignment.partition("=")
    if not equals:
        call.complain(f"Set: {assignment!r} is not name=value")
        return None
    return _assign(call, name.strip(), value)


def _assign(call: Call, name: str, value: str) -> Awaitable[None] | None:
    """Assign; what a function refuses is a warning, and the call goes on as in Asterisk."""
    try:
        return call.assign(name, value)
    except DialplanError as error:
        call.complain(f"{name} is not set: {error}")
        return None


@application("MSet")
async def set_variables(call: Call, *assignments: str) -> None:
    """Set several variables: MSet(name1=value1,name2=value2...)."""
    if not assignments:
        raise ApplicationError("MSet: name=value is needed")
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if equals:
            durable = _assign(call, name.strip(), value)
            if durable is not None:
                await durable
        else:
            call.complain(f"MSet: {assignment!r} is not name=value")


@application("ClearHash")
def clear_hash(call: Call, hashname: str) -> None:
    """Forget all values of a hash."""
    prefix = f"~HASH~{hashname.strip()}~"
    for name in [name for name in call.variables if name.startswith(prefix)]:
        call.channel.unset_variable(name)


@application("HangupCauseClear")
def hangup_cause_clear(call: Call) -> None:
    """Forget why legs that this call dialled have ended, which HANGUPCAUSE() tells."""
    call.hangup_causes.clear()


# ---------------------------------------------------------------- jumps


@application("Goto")
def goto(call: Call, target: Raw) -> None:
    """Go on elsewhere: Goto([[context,]extension,]priority).

    The priority is a number, `+1` or `-1` from here, or a label.
    """
    call.goto_target(parse_target(target))


def branch(text: str, application_name: str) -> tuple[str, str, str]:
    """Take `condition?yes:no` apart.

    Raises:
        ApplicationError: the `?` is missing.
    """
    condition, question, choices = text.partition("?")
    if not question:
        raise ApplicationError(f"{application_name}: condition?this[:that] is needed")
    yes, _, no = choices.partition(":")
    return condition.strip(), yes.strip(), no.strip()


@application("GotoIf")
def goto_if(call: Call, text: Raw) -> None:
    """Go on elsewhere when a condition holds: GotoIf(condition?[target]:[target]).

    Without a target for the case, the next priority follows.
    """
    if "?" not in text:
        call.complain("GotoIf: condition?this[:that] is needed: not taking any branch")
        return
    condition, yes, no = branch(text, "GotoIf")
    target = yes if call.is_true(condition) else no
    if target:
        call.goto_target(parse_target(target))


def _time_holds(call: Call, condition: str, application_name: str) -> bool:
    try:
        return parse_time_condition(condition).holds(call.now)
    except TimingError as error:
        raise ApplicationError(f"{application_name}: {error}") from None


def split_time_branch(text: str, application_name: str) -> tuple[str, str]:
    """Take `times,weekdays,days,months[,zone]?rest` apart.

    Raises:
        ApplicationError: the `?` is missing.
    """
    condition, question, rest = text.partition("?")
    if not question:
        raise ApplicationError(f"{application_name}: times,weekdays,days,months?... is needed")
    return condition.strip(), rest.strip()


@application("GotoIfTime")
def goto_if_time(call: Call, text: Raw) -> None:
    """Go on elsewhere at certain times: GotoIfTime(times,weekdays,days,months[,zone]?[target]:[target])."""
    condition, choices = split_time_branch(text, "GotoIfTime")
    yes, _, no = choices.partition(":")
    target = (yes if _time_holds(call, condition, "GotoIfTime") else no).strip()
    if target:
        call.goto_target(parse_target(target))


@application("RaiseException")
def raise_exception(call: Call, reason: str) -> None:
    """Go to the `e` extension, where EXCEPTION(reason) is the reason given."""
    if not call.raise_exception(reason):
        raise Hangup


# ---------------------------------------------------------------- subroutines


def _enter(call: Call, text: str) -> None:
    target, arguments = split_subroutine(text)
    if len(arguments) > _MAX_ARGUMENTS:
        raise ApplicationError(f"Gosub: more than {_MAX_ARGUMENTS} arguments")
    call.push_frame(target, arguments, (call.context, call.exten, call.priority + 1))


@application("Gosub")
def gosub(call: Call, target: Raw) -> None:
    """Call a subroutine: Gosub([[context,]extension,]priority[(arg1[,arg2...])]).

    It finds its arguments in ARG1, ARG2 ... and their number in ARGC; these and LOCAL() variables are
    its own.  Return() comes back to the priority after this one.
    """
    _enter(call, target)


@application("GosubIf")
def gosub_if(call: Call, text: Raw) -> None:
    """Call a subroutine when a condition holds: GosubIf(condition?[target(args)]:[target(args)])."""
    condition, question, choices = text.partition("?")
    if not question:
        raise ApplicationError("GosubIf: condition?target[:target] is needed")
    yes, no = split_choices(choices)
    target = yes if call.is_true(condition.strip()) else no
    if target:
        _enter(call, target)


def split_choices(text: str) -> tuple[str, str]:
    """Take `this:that` apart at the first colon that is not within parentheses."""
    depth = 0
    for index, char in enumerate(text):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= depth > 0
        elif char == ":" and not depth:
            return text[:index].strip(), text[index + 1 :].strip()
    return text.strip(), ""


def _leave(call: Call) -> Frame | None:
    return call.pop_frame()


@application("Return")
def return_from_subroutine(call: Call, value: Raw = "") -> None:
    """Go back to where the subroutine was called from.

    Sets:
        GOSUB_RETVAL: the value given here.
    """
    frame = _leave(call)
    if frame is None:
        raise ApplicationError("Return: there is no Gosub to return from")
    call.set_variable("GOSUB_RETVAL", value)
    call.goto(frame.context, frame.exten, frame.priority)


@application("StackPop")
def stack_pop(call: Call) -> None:
    """Forget where the subroutine was called from; the call goes on here."""
    if _leave(call) is None:
        call.complain("StackPop: there is no Gosub to forget")


# ---------------------------------------------------------------- other applications


def split_call(text: str, application_name: str) -> tuple[str, str]:
    """Take `App(args)` apart.

    Raises:
        ApplicationError: there is no name.
    """
    name, parenthesis, rest = text.strip().partition("(")
    name = name.strip()
    if not name:
        raise ApplicationError(f"{application_name}: an application is needed")
    if not parenthesis:
        return name, ""
    arguments, closing, _ = rest.rpartition(")")
    return name, arguments if closing else rest


@application("ExecIf")
async def exec_if(call: Call, text: Raw) -> None:
    """Run an application when a condition holds: ExecIf(condition?App(args)[:App(args)])."""
    condition, question, choices = text.partition("?")
    if not question:
        raise ApplicationError("ExecIf: condition?App(args)[:App(args)] is needed")
    yes, no = split_choices(choices)
    chosen = yes if call.is_true(condition.strip()) else no
    if chosen:
        await call.execute(*split_call(chosen, "ExecIf"))
    elif not yes:
        raise ApplicationError("ExecIf: there is no application after the ?")


@application("ExecIfTime")
async def exec_if_time(call: Call, text: Raw) -> None:
    """Run an application at certain times: ExecIfTime(times,weekdays,days,months[,zone]?App(args))."""
    condition, chosen = split_time_branch(text, "ExecIfTime")
    if _time_holds(call, condition, "ExecIfTime"):
        await call.execute(*split_call(chosen, "ExecIfTime"))


@application("Exec")
async def exec_application(call: Call, text: Raw) -> None:
    """Run an application whose name or arguments are put together from variables: Exec(App(args))."""
    await call.execute(*split_call(text, "Exec"))


@application("TryExec")
async def try_exec(call: Call, text: Raw) -> None:
    """Run an application, and go on even when it fails: TryExec(App(args)).

    Sets:
        TRYSTATUS: SUCCESS, FAILED, or NOAPP when there is no such application.
    """
    from offhook.dialplan.errors import UnknownApplicationError

    try:
        await call.execute(*split_call(text, "TryExec"))
    except UnknownApplicationError:
        status = "NOAPP"
    except ApplicationError as error:
        call.complain(f"TryExec: {error}")
        status = "FAILED"
    else:
        status = "SUCCESS"
    call.set_variable("TRYSTATUS", status)


# ---------------------------------------------------------------- loops


def find_loop(call: Call, priority: int, step: int) -> int | None:
    """The priority of the EndWhile (`step` 1) or While (`step` -1) of the loop around or at `priority`.

    It is found by counting Whiles and EndWhiles in the priorities before or after.
    """
    opening, closing = ("while", "endwhile") if step > 0 else ("endwhile", "while")
    depth = 0
    at = priority + step
    while at > 0:
        found = call.dialplan.find(call.context, call.exten, at, call.caller_number)
        if found is None:
            return None
        name = found.application.lower()
        if name == opening:
            depth += 1
        elif name == closing:
            if not depth:
                return at
            depth -= 1
        at += step
    return None


def _after_loop(call: Call, name: str) -> None:
    end = find_loop(call, call.priority, 1)
    if end is None:
        raise ApplicationError(f"{name}: there is no EndWhile after it")
    call.goto(None, None, end + 1)


def _again(call: Call, name: str) -> None:
    start = find_loop(call, call.priority, -1)
    if start is None:
        raise ApplicationError(f"{name}: there is no While before it")
    call.goto(None, None, start)


@application("While")
def while_loop(call: Call, condition: Raw = "") -> None:
    """Repeat what stands between here and EndWhile as long as a condition holds: While(condition)."""
    if not call.is_true(condition.strip()):
        _after_loop(call, "While")


@application("EndWhile")
def end_while(call: Call) -> None:
    """Go back to the While of this loop."""
    _again(call, "EndWhile")


@application("ExitWhile")
def exit_while(call: Call) -> None:
    """Leave the loop: go on after its EndWhile."""
    _after_loop(call, "ExitWhile")


@application("ContinueWhile")
def continue_while(call: Call) -> None:
    """Begin the next turn of the loop: go back to its While."""
    _again(call, "ContinueWhile")


def target_of(text: str) -> Target:
    """The target of a Goto's text, for the linter."""
    return parse_target(text)
