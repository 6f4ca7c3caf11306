"""Call: what an application or function is given: the channel, where it is in the dialplan, its variables.

A call keeps the dialplan snapshot that it started with; a reload does not touch it.  It belongs to the
task that runs the channel's dialplan.
"""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from offhook.dialplan.declare import functions
from offhook.dialplan.errors import ApplicationError, DialplanError, UnknownFunctionError
from offhook.dialplan.templates import Template, compile_template, truth

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Generator

    from offhook.config.errors import Where
    from offhook.dialplan.declare import Function
    from offhook.dialplan.model import Dialplan, Step
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel

__all__ = ["MAX_FRAMES", "Call", "Frame", "Target", "Timeouts", "parse_target"]

log = logging.getLogger(__name__)

# Gosub without Return must not fill the memory.  Asterisk has no limit; nothing sane nests this deep.
MAX_FRAMES = 1000
MOST_HANGUP_CAUSES = 100

_RELATIVE = re.compile(r"[+-]\d+")


class Target(NamedTuple):
    """Where a Goto or Gosub leads: what is None stays; the priority is a number, `+1`, `-1` or a label."""

    context: str | None
    exten: str | None
    priority: str

    def __str__(self) -> str:
        return ",".join(part for part in self if part is not None)


def parse_target(text: str) -> Target:
    """Read `[[context,]exten,]priority`.

    Raises:
        ApplicationError: there is no priority.
    """
    parts = [part.strip() for part in text.split(",", 2)]
    priority = parts[-1]
    if not priority:
        raise ApplicationError(f"{text!r} names no priority: [[context,]extension,]priority")
    exten = parts[-2] or None if len(parts) > 1 else None
    context = parts[0] or None if len(parts) > 2 else None
    return Target(context, exten, priority)


@dataclass(slots=True)
class Frame:
    """One level of Gosub: where to go back to, its arguments, and what its local variables hide."""

    context: str
    exten: str
    priority: int
    arguments: int = 0
    hidden: dict[str, str | None] = field(default_factory=dict[str, "str | None"])


@dataclass(slots=True)
class Timeouts:
    """TIMEOUT(): seconds for a first digit, between digits, and for the whole call (0: none)."""

    digit: float = 5.0
    response: float = 10.0
    absolute: float = 0.0
    # When the absolute time-out strikes, by the loop's clock; and the timer that will.
    absolute_at: float = 0.0
    struck: bool = False
    timer: asyncio.TimerHandle | None = None


class Call:
    """One channel's way through the dialplan."""

    __slots__ = (
        "__weakref__",
        "channel",
        "dialplan",
        "exception_reason",
        "frames",
        "globals",
        "hangup_causes",
        "hangup_handlers",
        "is_hanging_up",
        "jumped",
        "macros",
        "may_live_dangerously",
        "runner",
        "services",
        "step",
        "timeouts",
        "variables",
    )

    def __init__(self, channel: Channel, runner: Runner, dialplan: Dialplan) -> None:
        self.channel = channel
        self.runner = runner
        self.dialplan = dialplan
        self.variables: dict[str, str] = channel.variables
        self.globals: dict[str, str] = runner.globals
        self.frames: list[Frame] = []
        self.macros = 0  # how many Macro() it is within
        self.timeouts = Timeouts()
        self.hangup_handlers: list[str] = []
        # Legs that this call dialled and that ended: name -> (the technology's words, Q.850 cause).
        self.hangup_causes: dict[str, tuple[str, int]] = {}
        self.exception_reason = ""
        self.is_hanging_up = False
        self.jumped = False
        # False for what AMI and the like evaluate: functions that reach out of the dialplan are not theirs.
        self.may_live_dangerously = True
        self.step: Step | None = None
        # What applications remember from one priority to the next, by a key of their own.
        self.services: dict[str, object] = {}

    # ---------------------------------------------------------- where it is

    @property
    def context(self) -> str:
        """The context that it is in."""
        return self.channel.context

    @property
    def exten(self) -> str:
        """The extension that it executes (`${EXTEN}`)."""
        return self.channel.exten

    @property
    def priority(self) -> int:
        """The priority that it executes."""
        return self.channel.priority

    @property
    def where(self) -> Where | None:
        """File and line of the priority that it executes."""
        return self.step.where if self.step else None

    @property
    def now(self) -> float:
        """Seconds since the epoch, for time conditions: what TESTTIME() has set, else the clock's."""
        text = self.variables.get("TESTTIME")
        if text:
            try:
                return float(text)
            except ValueError:
                self.complain(f"TESTTIME is {text!r}, which is no number of seconds: the clock counts")
        return self.dialplan.clock()

    @property
    def caller_number(self) -> str:
        """The number that extensions with a caller pattern are matched against."""
        return self.channel.caller.number

    # ---------------------------------------------------------- where it goes

    def goto(self, context: str | None, exten: str | None, priority: int | str = 1) -> None:
        """Go on there after this application; what is None stays as it is.

        Whether the extension exists is seen when the runner arrives; if not, `i` follows.

        Raises:
            ApplicationError: there is no such label.
        """
        channel = self.channel
        new_context = channel.context if context is None else context
        new_exten = channel.exten if exten is None else exten
        if not isinstance(priority, int):
            priority = self.resolve_priority(new_context, new_exten, priority)
        channel.context = new_context
        channel.exten = new_exten
        channel.priority = priority
        self.jumped = True

    def goto_target(self, target: Target) -> None:
        """`goto` for what `parse_target` read."""
        self.goto(target.context, target.exten, target.priority)

    def resolve_priority(self, context: str, exten: str, priority: str) -> int:
        """The number of a priority: `3`, `+1`, `-1` (from here) or a label.

        Raises:
            ApplicationError: there is no such label.
        """
        if priority.isdigit() and len(priority) < 10:
            return int(priority)
        if _RELATIVE.fullmatch(priority):
            return self.channel.priority + int(priority[:10])
        found = self.dialplan.find_label(context, exten, priority, self.caller_number)
        if found is None:
            raise ApplicationError(f"there is no label {priority!r} in {exten}@{context}")
        return found

    def goto_dialed(self, digits: str) -> None:
        """Go to the extension that the caller dialled within this context.

        No digits mean that none came in time: `t`.  Digits that are no extension: `i`, with
        `INVALID_EXTEN`.  Where those do not exist, `e` with the reason in EXCEPTION().

        Raises:
            Hangup: none of them exists.
        """
        self.runner.go_to_dialed(self, digits)

    def raise_exception(self, reason: str) -> bool:
        """Go to `e` with this EXCEPTION(reason); False when there is no `e`."""
        if not self.exists(self.context, "e"):
            return False
        self.exception_reason = reason
        self.set_variable("EXCEPTION_CONTEXT", self.context)
        self.set_variable("EXCEPTION_EXTEN", self.exten)
        self.set_variable("EXCEPTION_PRIORITY", str(self.priority))
        self.goto(None, "e", 1)
        return True

    # ---------------------------------------------------------- what could be dialled

    def exists(self, context: str, exten: str, priority: int = 1) -> bool:
        """Whether this extension has this priority for this caller."""
        return self.dialplan.find(context, exten, priority, self.caller_number, self.variables) is not None

    def can_match(self, context: str, digits: str) -> bool:
        """Whether these digits are an extension or the beginning of one."""
        return self.dialplan.can_match(context, digits, self.caller_number)

    def match_more(self, context: str, digits: str) -> bool:
        """Whether further digits could make a (different) extension: then it is worth to wait for them."""
        return self.dialplan.match_more(context, digits, self.caller_number)

    # ---------------------------------------------------------- variables

    def get(self, name: str) -> str:
        """A variable or function by what stands between `${` and `}`; "" when it is not set.

        `get("EXTEN:1")` and `get("CALLERID(num)")` work.
        """
        return compile_template("${" + name + "}").render(self)

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable; `_NAME` and `__NAME` are inherited by channels that this one dials."""
        self.channel.set_variable(name, value)

    def assign(self, name: str, value: str) -> Awaitable[None] | None:
        """Set what a `Set()` names: a variable, or `FUNCTION(args)`.

        It is set when this returns; what comes back, if anything, may be awaited: until it is durable.

        Raises:
            FunctionError: there is no such function, or it cannot be written so.
        """
        if name.endswith(")") and "(" in name:
            function_name, _, arguments = name[:-1].partition("(")
            function = self.find_function(function_name)
            write, bound = function.write, function.bind_write(arguments)
            return write(self, value, *bound) if write is not None else None
        self.channel.set_variable(name, value)
        return None

    def find_function(self, name: str) -> Function[...]:
        """A function by its name.

        Raises:
            UnknownFunctionError: there is none.
        """
        found = functions.get(name)
        if found is None:
            hint = functions.nearest(name)
            meant = f" (did you mean {hint}?)" if hint else ""
            raise UnknownFunctionError(f"there is no function {name}{meant}")
        return found

    @contextmanager
    def from_outside(self) -> Generator[None, None, None]:
        """While somebody outside the dialplan (AMI, ARI) reads and sets things: what he may not do fails."""
        before, self.may_live_dangerously = self.may_live_dangerously, self.runner.live_dangerously
        try:
            yield
        finally:
            self.may_live_dangerously = before

    def call_function(self, name: str, arguments: str) -> str:
        """Read a function with the text between its parentheses; "" and a log line when that fails."""
        try:
            function = self.find_function(name.strip())
            bound = function.bind_read(arguments)
            return function.read(self, *bound) if function.read is not None else ""
        except DialplanError as error:
            self.complain(f"{name}: {error}")
            return ""

    def remember_hangup_cause(self, leg: Channel) -> None:
        """Keep for HANGUPCAUSE() why a leg has ended: one that this call dialled, or the call's own."""
        causes = self.hangup_causes
        causes.pop(leg.name, None)
        causes[leg.name] = (leg.tech_cause, leg.tech_cause_code or leg.hangup_cause)
        if len(causes) > MOST_HANGUP_CAUSES:  # a dialplan may dial for ever
            del causes[next(iter(causes))]

    def complain(self, what: str) -> None:
        """Tell the administrator of a mistake in the dialplan that does not stop the call."""
        log.warning("%s: %s: %s", self.where or f"{self.exten}@{self.context}", self.channel.name, what)

    def set_absolute_timeout(self, seconds: float) -> None:
        """End the call (at `T`, else `e`, else by hanging up) in so many seconds; 0 for never."""
        timeouts = self.timeouts
        if timeouts.timer is not None:
            timeouts.timer.cancel()
            timeouts.timer = None
        timeouts.absolute = max(0.0, seconds)
        if seconds > 0:
            loop = self.channel.pbx.loop
            timeouts.absolute_at = loop.time() + seconds
            timeouts.timer = loop.call_at(timeouts.absolute_at, self._time_is_up)

    def _time_is_up(self) -> None:
        channel = self.channel
        self.timeouts.timer = None
        if channel.hangup_requested:
            return
        if channel.task is None:  # a leg without dialplan
            channel.request_hangup()
            return
        self.timeouts.struck = True
        channel.task.cancel()

    def set_local(self, name: str, value: str) -> None:
        """Set a variable that lasts until Return; outside of a subroutine it is an ordinary one."""
        if self.frames:
            hidden = self.frames[-1].hidden
            if name not in hidden:
                hidden[name] = self.variables.get(name)
        self.channel.set_variable(name, value)

    def evaluate(self, text: str) -> str:
        """Replace the variables, functions and expressions in `text`.

        Raises:
            TemplateError: a `${` or `$[` that never ends.
        """
        return self.template(text).render(self)

    @staticmethod
    def template(text: str) -> Template:
        """`text` compiled; compiled once however often it is asked for."""
        return compile_template(text)

    @staticmethod
    def is_true(condition: str) -> bool:
        """The truth of a condition: "" and numbers that are 0 are false, all else is true."""
        return truth(condition)

    # ---------------------------------------------------------- subroutines

    def push_frame(self, target: Target, arguments: list[str], back: tuple[str, str, int]) -> None:
        """Enter a subroutine (Gosub): it returns to `back`; ARG1.. and ARGC are its own.

        Raises:
            ApplicationError: there is no such place, or subroutines nest too deep.
        """
        if len(self.frames) >= MAX_FRAMES:
            raise ApplicationError(f"subroutines nest deeper than {MAX_FRAMES} levels: is a Return missing?")
        context = target.context or self.context
        exten = target.exten or self.exten
        priority = self.resolve_priority(context, exten, target.priority)
        if not self.exists(context, exten, priority):
            raise ApplicationError(f"there is no priority {priority} in {exten}@{context} to call")
        outer = self.frames[-1].arguments if self.frames else 0
        frame = Frame(*back)
        self.frames.append(frame)
        self.channel.in_subroutine = len(self.frames) + self.macros
        for number, argument in enumerate(arguments, 1):
            self.set_local(f"ARG{number}", argument)
        # The caller's further arguments are not this subroutine's.
        for number in range(len(arguments) + 1, outer + 1):
            self.set_local(f"ARG{number}", "")
        self.set_local("ARGC", str(len(arguments)))
        frame.arguments = max(len(arguments), outer)
        self.goto(context, exten, priority)

    def pop_frame(self) -> Frame | None:
        """Leave a subroutine: its local variables go; None when there is none.  Does not jump back."""
        if not self.frames:
            return None
        frame = self.frames.pop()
        self.channel.in_subroutine = len(self.frames) + self.macros
        for name, value in frame.hidden.items():
            if value is None:
                self.channel.unset_variable(name)
            else:
                self.channel.set_variable(name, value)
        return frame

    # ---------------------------------------------------------- other applications

    async def execute(self, application: str, arguments: str = "", *, announced: bool = True) -> None:
        """Run an application by name, as a priority would; nothing is replaced in `arguments`.

        Without `announced` nobody sees the channel leave the application that it is in.

        Raises:
            UnknownApplicationError: there is no such application.
            ApplicationError: it does not take these arguments, or could not do it.
        """
        await self.runner.execute(self, application, arguments, announced=announced)

    async def gosub(self, target: str, arguments: list[str] | None = None) -> str:
        """Run a subroutine (`[[context,]exten,]priority`) to its Return and come back here; its return value.

        Raises:
            ApplicationError: there is no such place.
        """
        return await self.runner.run_subroutine(self, parse_target(target), arguments or [])
