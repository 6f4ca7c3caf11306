"""One run of `offhook dial`: register, call or be called, do what was asked, hang up, say how it went."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar

from offhook.cli.dial_output import Printer, Signalling, StepLog, stats_text
from offhook.cli.phone import Phone, PhoneError, RefusedError
from offhook.sip.reason import EndedBy

if TYPE_CHECKING:
    from offhook.cli.dial import DialOptions
    from offhook.cli.phone_call import CallEnd, PhoneCall

__all__ = ["ANSWERED", "FAILED", "REFUSED", "dial", "exit_status"]

# Exit statuses besides 2 (usage) and 128 + the signal's number (interrupted).
ANSWERED = 0
REFUSED = 1
FAILED = 3

# Seconds that the far end has to answer BYE or CANCEL, and longer when it was the ring timeout: then
# nobody is impatient.
_GOODBYE = 3.0
# Between the last of what was sent and our BYE: what is under way may be heard first.
_LINGER = 0.5

T = TypeVar("T")


class _InterruptedError(Exception):
    """SIGINT, SIGTERM or SIGHUP."""


class _Interrupts:
    """Signals as something to wait for: the first ends the call properly, the second at once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, printer: Printer) -> None:
        self.number = 0
        self.first: asyncio.Future[None] = loop.create_future()
        self.second: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._printer = printer
        self._watched: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # not in the main thread (a program that embeds the phone): signals are that program's business
            with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
                loop.add_signal_handler(number, self.interrupt, number)
                self._watched.append(number)

    def interrupt(self, number: int) -> None:
        """A signal came."""
        if not self.first.done():
            self.number = number
            self._printer("interrupted", f"interrupted by {signal.Signals(number).name}", signal=number)
            self.first.set_result(None)
        elif not self.second.done():
            self.second.set_result(None)

    async def unless(self, work: Awaitable[T], timeout: float | None = None) -> T:
        """What `work` gives.  Raises _InterruptedError when a signal is faster, TimeoutError."""
        ours = not isinstance(work, asyncio.Future)  # a future may have others who wait for it
        future = asyncio.ensure_future(work)
        try:
            await asyncio.wait((future, self.first), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
            if self.first.done():
                raise _InterruptedError
            raise TimeoutError
        finally:
            if ours and not future.done():
                future.cancel()
                await asyncio.wait((future,))

    def close(self) -> None:
        """Give the signals back."""
        for number in self._watched:
            self._loop.remove_signal_handler(number)


def dial(options: DialOptions) -> int:
    """Run; the exit status."""
    printer = Printer(sys.stdout, sys.stderr, as_json=options.json, quiet=options.quiet)
    log = StepLog(printer, verbose=options.verbose)
    log.start()
    try:
        return asyncio.run(_dial(options, printer))
    finally:
        log.stop()


async def _dial(options: DialOptions, printer: Printer) -> int:
    interrupts = _Interrupts(asyncio.get_running_loop(), printer)
    phone = Phone(options.phone, printer)
    phone.ua.message_log = Signalling(phone.ua, printer, verbose=options.verbose)
    status = FAILED
    text = ""
    try:
        status, text = await _use(phone, options, printer, interrupts)
    except _InterruptedError:
        status, text = 128 + interrupts.number, "interrupted"
    except RefusedError as error:
        printer("error", str(error), status=error.status)
        status, text = REFUSED, str(error)
    except PhoneError as error:
        printer("error", str(error))
        text = str(error)
    finally:
        try:
            await _close(interrupts, phone.close())
        finally:
            interrupts.close()
        if options.json:
            printer("end", text, exit=status)
    return status


async def _close(interrupts: _Interrupts, closing: Awaitable[None]) -> None:
    """Close, but not longer than the user has patience: a second Ctrl-C ends the waiting."""
    task = asyncio.ensure_future(closing)
    await asyncio.wait((task, interrupts.second), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    else:
        task.cancel()
        await asyncio.wait((task,))


async def _use(
    phone: Phone, options: DialOptions, printer: Printer, interrupts: _Interrupts
) -> tuple[int, str]:
    """From the first packet to the last; exit status and why."""
    phone.open()
    if options.registrar is not None:
        await interrupts.unless(phone.register(options.registrar))
    if options.target is None:
        if options.registrar is None:
            addresses = phone.addresses()
            printer("ready", f"waiting for a call to {' or '.join(addresses)}", addresses=addresses)
        else:
            printer("ready", "waiting for a call", addresses=phone.addresses())
        try:
            call = await interrupts.unless(
                phone.next_call(record=options.record), options.ring_timeout or None
            )
        except TimeoutError:
            raise PhoneError(f"no call came in {options.ring_timeout:g} s") from None
    else:
        call = await interrupts.unless(phone.call(options.target, record=options.record))
    timed_out = False
    with contextlib.suppress(_InterruptedError):
        timed_out = await _conduct(call, options, interrupts)
    end = await _hang_up(call, interrupts)
    return _conclude(end, options, printer, interrupts, timed_out)


async def _conduct(call: PhoneCall, options: DialOptions, interrupts: _Interrupts) -> bool:
    """The call until it is to be hung up or has ended; True when nobody answered in time."""
    if options.target is None:
        if options.answer_after:
            with contextlib.suppress(TimeoutError):
                await interrupts.unless(call.ended, options.answer_after)
        call.answer()
    else:
        either = asyncio.wait((call.answered, call.ended), return_when=asyncio.FIRST_COMPLETED)
        try:
            await interrupts.unless(either, options.ring_timeout or None)
        except TimeoutError:
            return True
    if not call.answered.done():
        return False
    work = asyncio.ensure_future(_perform(call, options))
    waiting: list[asyncio.Future[Any]] = [call.ended]
    if options.auto_hangup:
        waiting.append(work)
    try:
        await interrupts.unless(
            asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED), options.duration or None
        )
    except TimeoutError:
        pass
    finally:
        call.hangup()  # what is played ends by itself then
        await asyncio.wait((work,))
    work.result()
    return False


async def _perform(call: PhoneCall, options: DialOptions) -> None:
    """What is to be sent, all at once; ends when all of it has gone out."""
    if options.tone is not None:
        call.play_tone(options.tone, options.level)
    async with asyncio.TaskGroup() as group:
        if options.play:
            group.create_task(call.play(options.play))
        if options.dtmf:
            group.create_task(call.send_digits(options.dtmf))
    if options.auto_hangup and not call.ended.done():
        await asyncio.wait((call.ended,), timeout=_LINGER)


async def _hang_up(call: PhoneCall, interrupts: _Interrupts) -> CallEnd:
    """End the call if it has not ended, and wait a moment for the far end to confirm it."""
    call.hangup()
    await asyncio.wait((call.ended, interrupts.second), timeout=_GOODBYE, return_when=asyncio.FIRST_COMPLETED)
    if not call.ended.done():
        call.abandon()
    return await call.ended


def _conclude(
    end: CallEnd, options: DialOptions, printer: Printer, interrupts: _Interrupts, timed_out: bool
) -> tuple[int, str]:
    if end.stats:
        printer("stats", stats_text(end.stats), **end.stats)
    status = exit_status(end, timed_out=timed_out)
    reason = end.reason
    if interrupts.number:
        status, text = 128 + interrupts.number, "interrupted"
    elif end.failure:
        text = end.failure  # said already
    elif timed_out:
        text = f"nobody answered in {options.ring_timeout:g} s"
        printer("error", text)
    elif reason is not None and reason.answered and status == ANSWERED:
        text = f"the call has ended after {end.talked:.1f} s"
        printer("ended", text, seconds=round(end.talked, 3))
    elif reason is None:
        text = "the far end did not confirm the end of the call"
        printer("error", text)
    else:
        text = _why_not(end)
        printer("error", text, status=reason.status, q850=reason.q850)
    return status, text


def _why_not(end: CallEnd) -> str:
    reason = end.reason
    assert reason is not None
    cause = f" (cause {reason.q850})" if reason.q850 is not None else ""
    if reason.answered:
        return f"the call broke off: {reason.text or reason.status}{cause}"
    if reason.by is EndedBy.NETWORK:
        why = {"timeout": "nobody answers there", "transport": "it cannot be sent there"}
        return f"the call failed: {reason.status}: {why.get(reason.text, reason.text)}"
    if reason.status == 487:
        return f"the caller gave up{cause}"
    hint = " (it wants other credentials: --user, --password)" if reason.status in (401, 407) else ""
    return f"the call was refused: {reason.status} {reason.text}{cause}{hint}"


def exit_status(end: CallEnd, *, timed_out: bool = False) -> int:
    """0 answered and ended as calls end, 1 refused, 3 nobody answered or something broke."""
    reason = end.reason
    if end.failure or timed_out or reason is None:
        return FAILED
    if reason.answered:
        return ANSWERED if reason.by in (EndedBy.LOCAL, EndedBy.REMOTE) else FAILED
    return REFUSED if reason.by is EndedBy.REMOTE else FAILED
