"""Runner: executes the dialplan on a channel; what `Pbx.dialplan` is.

A channel's dialplan is one task.  Its end comes by falling off the last priority, by an application
that raises `Hangup`, or by cancellation: hanging up, a redirect and the absolute time-out all cancel
the task, and what they mean is found in the channel and the call.  Afterwards `h` runs, and then the
hangup handlers, the last one first.

A dialplan that loops without ever waiting does not block the others: every `YIELD_EVERY` priorities
(about a millisecond) the event loop gets its turn.  It is not ended: a loop may be meant.  Subroutines
that never return are ended at `MAX_FRAMES` levels.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from offhook import levels
from offhook.dialplan.arguments import split_plain
from offhook.dialplan.call import Call, Target, parse_target
from offhook.dialplan.errors import ApplicationError, DialplanError, Hangup
from offhook.dialplan.leg_calls import LegCalls
from offhook.dialplan.steps import bind_step, find_application
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.events import ChannelHangupRequested, HangupHandlerBegan, NewExtension
from offhook.pbx.unlisted import UnlistedChannel

if TYPE_CHECKING:
    from offhook.dialplan.model import Dialplan
    from offhook.dialplan.switches import SwitchSource
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["YIELD_EVERY", "Runner", "split_subroutine"]

log = logging.getLogger(__name__)

_STEP = levels.verbose(3)  # of the line that says what is executed, as in Asterisk
YIELD_EVERY = 256

# What a caller who fell off the end hears, by DIALSTATUS; the cause tells an unanswered one the same.
_AFTERMATH = {
    "BUSY": ("Busy", Cause.USER_BUSY),
    "CONGESTION": ("Congestion", Cause.NORMAL_CIRCUIT_CONGESTION),
    "CHANUNAVAIL": ("Congestion", Cause.NORMAL_CIRCUIT_CONGESTION),
}
_AFTERMATH_SECONDS = "10"

_STAND_INS = ("h", "i", "t", "T", "e")  # what the runner may look for on its own

DigitCollector = Callable[[Call, float], Awaitable[str]]


def split_subroutine(text: str) -> tuple[Target, list[str]]:
    """Read `[[context,]exten,]priority[(arg1,arg2...)]` as Gosub and hangup handlers take it.

    Raises:
        ApplicationError: there is no priority, or the parenthesis is not closed.
    """
    place, parenthesis, rest = text.partition("(")
    if not parenthesis:
        return parse_target(text), []
    inner, closing, _ = rest.rpartition(")")
    if not closing:
        raise ApplicationError(f"{text!r}: the parenthesis is never closed")
    return parse_target(place), split_plain(inner) if inner else []


class Runner:
    """Executes a dialplan snapshot; `install` puts the next one in place for the calls to come."""

    def __init__(self, dialplan: Dialplan, *, paths: Mapping[str, str] | None = None) -> None:
        self.dialplan = dialplan
        self.globals: dict[str, str] = {}
        """Global variables; they outlive reloads unless `clearglobalvars` is set."""
        self.paths: Mapping[str, str] = paths or {}
        """The folders of asterisk.conf by their keys (astetcdir ...), and entityid."""
        self.randint: Callable[[int, int], int] = random.randint
        """Where RAND() takes its numbers from: (least, greatest) -> number."""
        self.collect_digits: DigitCollector | None = None
        """Reads digits for `autofallthrough=no`: (call, seconds for the first digit) -> what was dialled."""
        self.live_dangerously = False
        """Whether AMI and ARI may use functions that reach out of the dialplan (asterisk.conf)."""
        self.has_module: Callable[[str], bool] = lambda name: False
        """Whether what Asterisk has in a module of this name is here (IFMODULE)."""
        self.reload: Callable[[list[str]], Awaitable[bool]] = _cannot_reload
        """Reads the configuration anew for these modules, or all of them; whether that went well (Reload)."""
        self._calls: dict[Channel, Call] = {}
        self._legs = LegCalls(self, self._run_handlers_of_leg)
        self._last_tasks: set[asyncio.Task[None]] = set()
        self.switches: dict[str, SwitchSource] = {}
        """Where `switch =>` takes extensions from, by the switch's name in lower case."""
        self._editing: asyncio.Lock | None = None
        self._on_install: list[Callable[[Dialplan], None]] = []
        self.install(dialplan)

    def install(self, dialplan: Dialplan) -> None:
        """Use this snapshot for the calls that start from now on, and set its global variables."""
        dialplan.prepare()
        if dialplan.settings.clear_globals:
            self.globals.clear()
        self.globals.update(dialplan.global_variables)
        self._put_in_place(dialplan)

    def _put_in_place(self, dialplan: Dialplan) -> None:
        dialplan.sources = self.switches
        dialplan.variables = self.globals
        self.dialplan = dialplan
        for callback in self._on_install:
            callback(dialplan)

    def edit_now(self, change: Callable[[Dialplan], Dialplan]) -> None:
        """As edit(), at once: for a small change of a small context.  What `change` raises comes back."""
        after = change(self.dialplan)
        after.prepare()
        self._put_in_place(after)

    async def edit(self, change: Callable[[Dialplan], Dialplan]) -> None:
        """Use a changed copy of the dialplan for the calls to come (offhook.dialplan.edit has changes).

        What `change` raises comes back.  It runs in a thread: a context may have 100,000 extensions.
        """
        if self._editing is None:
            self._editing = asyncio.Lock()

        def changed() -> Dialplan:
            dialplan = change(self.dialplan)
            dialplan.prepare()
            return dialplan

        async with self._editing:
            before = self.dialplan
            after = await asyncio.to_thread(changed)
            if self.dialplan is not before:  # it was reloaded meanwhile
                after = change(self.dialplan)
                after.prepare()
            self._put_in_place(after)

    def when_installed(self, callback: Callable[[Dialplan], None]) -> None:
        """Call `callback(dialplan)` whenever the next dialplan is in place."""
        self._on_install.append(callback)

    def exists(self, context: str, exten: str, priority: int = 1, caller: str = "") -> bool:
        """Whether there is such an extension with such a priority."""
        return self.dialplan.find(context, exten, priority, caller) is not None

    def can_match(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether digits begin an extension (a SIP driver answers 484 then, not 404)."""
        return self.dialplan.can_match(context, digits, caller)

    def match_more(self, context: str, digits: str, caller: str = "") -> bool:
        """Whether it is worth to wait for more digits."""
        return self.dialplan.match_more(context, digits, caller)

    def call_on(self, channel: Channel) -> Call:
        """The call that runs on a channel; for one without dialplan, what is kept for it until its end."""
        return self._calls.get(channel) or self._legs.of(channel)

    def assign(self, channel: Channel, name: str, value: str) -> None:
        """Set what Set() names on a channel, a variable or `FUNCTION(args)`; a mistake is logged."""
        call = self.call_on(channel)
        try:
            waits = call.assign(name, value)
        except DialplanError as error:
            log.warning("%s: %s=%s: %s", channel.name, name, value, error)
            return
        if waits is not None:
            self.spawn(_awaited(waits), f"{name} of {channel.name}")

    def call_without_channel(self, pbx: Pbx) -> Call:
        """A call of no channel, to evaluate variables and functions with (`dialplan eval function`, AMI)."""
        return Call(UnlistedChannel(pbx), self, self.dialplan)

    # -------------------------------------------------------------- a channel's life

    async def run(self, channel: Channel) -> None:
        """Execute the dialplan from the channel's location to its end, `h` and hangup handlers included."""
        call = self._calls[channel] = self._legs.take(channel)
        alone = callable(channel.redirect_to)  # it comes for something else, without dialplan
        try:
            await self._until_end(call)
            if not channel.hangup_requested:
                # From here on nobody may cancel us: the leg is as good as gone.
                channel.hangup_requested = True
                channel.hangup_cause = channel.hangup_cause or Cause.NORMAL_CLEARING
            # Said whoever has asked for it; that the dialplan ends is normal, whatever cause Dial() has left.
            channel.pbx.bus.emit(ChannelHangupRequested, channel, cause=Cause.NORMAL_CLEARING)
            if not alone or call.where:
                await self._after_hangup(call)
        finally:
            del self._calls[channel]
            if call.timeouts.timer is not None:
                call.timeouts.timer.cancel()

    async def _until_end(self, call: Call) -> None:
        channel = call.channel
        while not channel.hangup_requested:
            try:
                if callable(channel.redirect_to):
                    activity, channel.redirect_to = channel.redirect_to, None
                    call.jumped = False
                    await activity(channel)
                    if not call.jumped:
                        return
                await self._run(call)
                return
            except asyncio.CancelledError:
                if not self._was_meant(call):
                    raise
            except Hangup as end:
                if end.cause:
                    channel.hangup_cause = end.cause
                return
            except Exception:
                log.exception("%s: %s: the dialplan failed", call.where, channel.name)
                channel.hangup_cause = channel.hangup_cause or Cause.NORMAL_TEMPORARY_FAILURE
                return

    def _was_meant(self, call: Call) -> bool:
        """What a cancellation means: False when it is for the task itself (the node stops)."""
        channel = call.channel
        redirect = channel.redirect_to
        struck, call.timeouts.struck = call.timeouts.struck, False
        if not (channel.hangup_requested or redirect or struck):
            return False
        task = asyncio.current_task()
        while task is not None and task.cancelling():
            task.uncancel()
        if callable(redirect) and not channel.hangup_requested:
            return True
        channel.redirect_to = None
        if channel.hangup_requested:
            return True
        place = None if callable(redirect) else redirect
        if place is not None:
            call.goto(*place)
        elif call.exists(channel.context, "T"):
            call.goto(None, "T", 1)
        elif not call.raise_exception("ABSOLUTETIMEOUT"):
            channel.hangup_requested = True
            channel.hangup_cause = channel.hangup_cause or Cause.NORMAL_CLEARING
            channel.pbx.bus.emit(ChannelHangupRequested, channel)
        return True

    async def _run(self, call: Call) -> None:
        """Execute, with what follows where an extension ends or does not exist."""
        channel = call.channel
        while True:
            await self._execute(call)
            if not call.exists(channel.context, channel.exten):
                if call.exists(channel.context, "i"):
                    call.set_variable("INVALID_EXTEN", channel.exten)
                    call.goto(None, "i", 1)
                elif not call.raise_exception("INVALID"):
                    log.info("%s: there is no %s@%s", channel.name, channel.exten, channel.context)
                    raise Hangup(channel.hangup_cause or Cause.UNALLOCATED)
            elif call.dialplan.settings.autofallthrough or self.collect_digits is None:
                await self._fall_through(call)
                return
            else:
                self.go_to_dialed(call, await self.collect_digits(call, call.timeouts.response))
            await asyncio.sleep(0)  # `i` may lead to `i`

    async def _fall_through(self, call: Call) -> None:
        aftermath = _AFTERMATH.get(call.variables.get("DIALSTATUS", ""))
        if aftermath is None:
            return
        application, cause = aftermath
        channel = call.channel
        channel.hangup_cause = cause
        if channel.state is ChannelState.UP:
            await self.execute(call, application, _AFTERMATH_SECONDS)

    async def _after_hangup(self, call: Call) -> None:
        """`h`, then the hangup handlers."""
        call.is_hanging_up = True
        channel = call.channel
        _remember_own_cause(call)
        if call.exists(channel.context, "h"):
            call.goto(None, "h", 1)
            await self._last_rites(call, self._execute(call))
        await self._run_handlers(call)

    async def _run_handlers(self, call: Call) -> None:
        channel = call.channel
        while call.hangup_handlers:
            handler = call.hangup_handlers.pop()
            try:
                target, arguments = split_subroutine(handler)
            except ApplicationError as error:
                log.warning("%s: hangup handler: %s", channel.name, error)
                continue
            channel.pbx.bus.emit(HangupHandlerBegan, channel, handler)
            await self._last_rites(call, self.run_subroutine(call, target, arguments))

    async def _last_rites(self, call: Call, work: Awaitable[object]) -> None:
        try:
            await work
        except Hangup:
            pass
        except DialplanError as error:
            call.complain(str(error))
        except Exception:
            log.exception("%s: %s: the dialplan failed after the hangup", call.where, call.channel.name)

    # -------------------------------------------------------------- priorities

    async def _execute(self, call: Call, over: Callable[[], bool] | None = None) -> None:
        """Execute priorities until there is none, or until `over()` says so after one."""
        channel = call.channel
        dialplan = call.dialplan
        rematch = dialplan.has_callers
        switches = dialplan.has_switches
        variables = channel.variables if switches else None
        trace = log.isEnabledFor(_STEP)
        left = YIELD_EVERY
        context = exten = ""
        extension = None
        while True:
            if rematch or exten != channel.exten or context != channel.context:
                if switches and self.switches and (exten != channel.exten or context != channel.context):
                    await self._fetch(channel)
                context, exten = channel.context, channel.exten
                extension = dialplan.match(context, exten, channel.caller.number, variables)
            if extension is None:
                return
            priority = channel.priority
            step = extension.steps.get(priority)
            if step is None:
                step = dialplan.find(context, exten, priority, channel.caller.number, variables)
                if step is None:
                    return
            call.step = step
            call.jumped = False
            if trace:
                log.log(_STEP, "%s: [%s@%s:%d] %s(%s)", channel.name, exten, context, priority,
                        step.application, step.arguments)  # fmt: skip
            execute = step.execute
            if execute is None:
                step.execute = execute = bind_step(step)
            try:
                waits = execute(call)
                if waits is not None:
                    await waits
            except DialplanError as error:
                log.warning("%s: %s: %s", step.where, channel.name, error)
                if call.is_hanging_up or not call.raise_exception("ERROR"):
                    raise Hangup from error
            if not call.jumped:
                channel.priority = priority + 1
            if over is not None and over():
                return
            left -= 1
            if not left:
                left = YIELD_EVERY
                await asyncio.sleep(0)

    async def _fetch(self, channel: Channel) -> None:
        """Let switches that ask a database bring what the next look-ups need into memory."""
        dialplan = self.dialplan
        override = dialplan.settings.override_switch
        for context in dialplan.tree(channel.context):
            for switch in (override, *context.switches) if override is not None else context.switches:
                source = self.switches.get(switch.name.lower())
                if source is None:
                    continue
                data = dialplan.switch_data(switch, context.name, channel.exten, channel.variables)
                try:
                    await source.fetch(data, context.name, (channel.exten, *_STAND_INS))
                except Exception:
                    log.exception("%s:%d: switch %s failed", switch.file, switch.line, switch.name)

    async def execute(self, call: Call, application: str, arguments: str, *, announced: bool = True) -> None:
        """Run an application by name with final arguments.

        Without `announced` it is none that the channel is in: events, call records and CHANNEL() keep that.

        Raises:
            UnknownApplicationError: there is no such application.
            ApplicationError: it does not take these arguments, or could not do it.
        """
        found = find_application(application)
        complaints: list[str] = []
        bound = found.bind(arguments, complaints)
        for complaint in complaints:
            call.complain(f"{found.name}: {complaint}")
        channel = call.channel
        outer = channel.application, channel.application_data
        if announced:
            channel.application, channel.application_data = found.name, arguments
            channel.pbx.bus.emit(NewExtension, channel, found.name, arguments, by_itself=True)
        waits = found.func(call, *bound)
        if waits is not None:
            await waits
        channel.application, channel.application_data = outer

    async def run_application_on(self, channel: Channel, application: str, arguments: str) -> None:
        """Run one application on a channel without a dialplan, as the work of `Channel.lend()`.

        Raises:
            UnknownApplicationError, ApplicationError: as `execute`.
        """
        self._calls[channel] = call = self._legs.of(channel)
        try:
            await self.execute(call, application, call.evaluate(arguments))
            if call.jumped:  # it is to go on in the dialplan, which it has not run before
                channel.redirect_to = (channel.context, channel.exten, channel.priority)
        finally:
            del self._calls[channel]

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do work of the dialplan in the background; the node's stop waits for it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._last_tasks.add(task)
        task.add_done_callback(self._last_tasks.discard)

    async def run_subroutine(self, call: Call, target: Target, arguments: list[str]) -> str:
        """Run a subroutine to its Return, and come back to where the call is now; its return value.

        Raises:
            ApplicationError: there is no such place.
        """
        channel = call.channel
        depth = len(call.frames)
        back = (channel.context, channel.exten, channel.priority)
        step, jumped = call.step, call.jumped
        call.set_variable("GOSUB_RETVAL", "")
        call.push_frame(target, arguments, back)
        try:
            return await self.finish_subroutine(call, depth, back)
        finally:
            call.step, call.jumped = step, jumped

    async def finish_subroutine(self, call: Call, depth: int, back: tuple[str, str, int]) -> str:
        """Run what was entered (Gosub) from `depth` levels to its Return, and come back to a place.

        For those who execute an application outside of a priority, and go on behind it: its return value.
        """
        channel = call.channel
        step = call.step
        try:
            await self._execute(call, lambda: len(call.frames) <= depth)
        finally:
            while len(call.frames) > depth:  # it ended without Return
                call.pop_frame()
            channel.context, channel.exten, channel.priority = back
            call.step, call.jumped = step, False
        return call.variables.get("GOSUB_RETVAL", "")

    async def run_macro(self, call: Call, context: str, over: Callable[[], bool]) -> None:
        """Run extension `s` of a context until it ends or `over()`; the call is where that has led it.

        Macro() is made of this: unlike a subroutine it has no Return.
        """
        call.goto(context, "s", 1)
        await self._execute(call, over)

    async def run_subroutine_on(
        self, channel: Channel, target: str, arguments: list[str] | None = None
    ) -> str:
        """Run a subroutine on a channel that may have no dialplan of its own (a called leg).

        Whoever ends such a leg meanwhile, the subroutine itself or the far end, ends the subroutine and
        nothing else: "" is returned, and `channel.ended` says so.

        Raises:
            ApplicationError: there is no such place.
        """
        return await self.run_on(
            channel, lambda call: self.run_subroutine(call, parse_target(target), arguments or [])
        )

    async def run_on(self, channel: Channel, work: Callable[[Call], Awaitable[str]]) -> str:
        """Do something of the dialplan on a channel that may have none of its own; see run_subroutine_on."""
        call = self._calls.get(channel)
        if call is not None:
            return await work(call)
        if channel.ended:
            return ""
        try:
            return await channel.lend(self._work_on(channel, work)) or ""
        except Hangup as end:
            channel.hangup(end.cause)
            return ""

    async def _work_on(self, channel: Channel, work: Callable[[Call], Awaitable[str]]) -> str:
        self._calls[channel] = call = self._legs.of(channel)
        try:
            return await work(call)
        finally:
            del self._calls[channel]

    def _run_handlers_of_leg(self, call: Call) -> None:
        """The hangup handlers of a leg without dialplan that has ended, in the background."""
        call.is_hanging_up = True
        _remember_own_cause(call)
        self.spawn(self._run_handlers(call), f"hangup handlers of {call.channel.name}")

    def run_hangup_exten(self, channel: Channel) -> None:
        """Run `h` for a called leg that has ended (Dial's option e), in the background."""
        call = Call(channel, self, self.dialplan)
        self.spawn(self._after_hangup(call), f"h of {channel.name}")

    async def finish(self, timeout: float = 2.0) -> None:
        """Wait for what still runs for legs that have ended, at most so many seconds; for the node's stop."""
        if self._last_tasks:
            _, late = await asyncio.wait(self._last_tasks, timeout=timeout)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=1.0)

    def go_to_dialed(self, call: Call, digits: str) -> None:
        """Go to the extension that was dialled; see `Call.goto_dialed`.

        Raises:
            Hangup: neither it nor one that stands in for it exists.
        """
        context = call.context
        if digits and call.exists(context, digits):
            call.goto(None, digits, 1)
            return
        if digits:
            self.go_to_invalid(call, digits)
        elif call.exists(context, "t"):
            call.goto(None, "t", 1)
        elif not call.raise_exception("RESPONSETIMEOUT"):
            raise Hangup

    def go_to_invalid(self, call: Call, digits: str) -> None:
        """Go to `i`, or what stands in for it, as for digits that are no extension.

        Raises:
            Hangup: there is none.
        """
        if call.exists(call.context, "i"):
            call.set_variable("INVALID_EXTEN", digits)
            call.goto(None, "i", 1)
        elif not call.raise_exception("INVALID"):
            raise Hangup


def _remember_own_cause(call: Call) -> None:
    """HANGUPCAUSE() of the call's own channel, where its technology has said anything."""
    if call.channel.tech_cause:
        call.remember_hangup_cause(call.channel)


async def _cannot_reload(modules: list[str]) -> bool:
    return False


async def _awaited(waits: Awaitable[None]) -> None:
    await waits
