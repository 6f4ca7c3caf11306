"""An asyncio event loop in virtual time: nobody waits.

When nothing is ready, time jumps to the next timer.  When there is none either and the main task is
not done, nothing will ever happen again: `DeadlockError`.  `run()` is asyncio.run() for such loops; it
also fails for whatever a scenario leaves behind.

Functions given to run_in_executor() run at once in the loop's thread, so that nothing depends on how
fast another thread is.  Descriptors can be watched (an eventfd of the media engine); they are looked
at whenever time is about to jump.  Sockets are refused.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import selectors
from asyncio import selector_events
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple, cast

__all__ = ["DeadlockError", "LeftoverError", "VirtualLoop", "run"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_RESOLUTION = 1e-9


class DeadlockError(AssertionError):
    """Tasks wait for what can never come."""


class LeftoverError(AssertionError):
    """Tasks, timers or errors that a scenario left behind."""


class _Jump(selectors.BaseSelector):
    """The selector that does not wait: it moves the loop's time on."""

    def __init__(self) -> None:
        self.loop: VirtualLoop | None = None
        self._real: selectors.BaseSelector | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        real = self._real
        if real is not None and real.get_map():
            events = real.select(0)
            if events:
                return events
        loop = self.loop
        assert loop is not None
        if timeout is None:
            if real is not None and real.get_map():
                return real.select(loop.patience)
            raise DeadlockError(loop.situation())
        if timeout > 0:
            loop.jump()
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self._real is None:
            self._real = selectors.DefaultSelector()
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        assert self._real is not None
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        assert self._real is not None
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> Any:
        return self._real.get_map() if self._real is not None else {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        if self._real is None:
            raise KeyError(fileobj)
        return self._real.get_key(fileobj)

    def close(self) -> None:
        if self._real is not None:
            self._real.close()
            self._real = None


class VirtualLoop(selector_events.BaseSelectorEventLoop):
    """asyncio's own loop with another clock and selector."""

    def __init__(self, start: float = 1000.0) -> None:
        self.virtual_time = start
        self.patience = 5.0  # real seconds to wait for a watched descriptor when there is no timer
        self.errors: list[dict[str, Any]] = []  # what the exception handler was given
        jump = _Jump()
        jump.loop = self
        super().__init__(jump)
        self._clock_resolution = _RESOLUTION
        self.set_exception_handler(lambda loop, context: self.errors.append(context))

    # ------------------------------------------------------------ time

    def time(self) -> float:
        return self.virtual_time

    def jump(self) -> None:
        """To the next timer."""
        scheduled = self._timers()
        if scheduled:
            self.virtual_time = max(self.virtual_time, scheduled[0].when())

    def timers(self) -> list[asyncio.TimerHandle]:
        """What is still to come, in order."""
        return sorted((handle for handle in self._timers() if not handle.cancelled()), key=lambda h: h.when())

    def _timers(self) -> list[asyncio.TimerHandle]:
        return cast("Any", self)._scheduled

    def settle(self, limit: float) -> bool:
        """Run until nothing is to come any more; False when there still is after `limit` virtual seconds."""
        end = self.virtual_time + limit
        while True:
            timers = self.timers()
            if not timers and not self._ready:  # type: ignore[attr-defined]
                return True
            if timers and not self._ready and timers[0].when() > end:  # type: ignore[attr-defined]
                return False
            self.stop()  # run_forever() then makes one round: what is ready, without jumping
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]
                self.jump_cleanly(end)

    def jump_cleanly(self, end: float) -> None:
        """To the next timer that was not cancelled, if it is before `end`."""
        timers = self.timers()
        if timers and timers[0].when() <= end:
            self.virtual_time = max(self.virtual_time, timers[0].when())

    def situation(self) -> str:
        """Where the tasks are that wait."""
        lines = [f"at {self.virtual_time:.3f} nothing is ready and nothing is scheduled; waiting:"]
        for task in sorted(asyncio.all_tasks(self), key=lambda t: t.get_name()):
            frames = task.get_stack(limit=1)
            where = f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "?"
            lines.append(f"  {task.get_name()}: {where}")
        return "\n".join(lines)

    # ------------------------------------------------------------ what a loop with sockets has

    def _make_self_pipe(self) -> None:
        """Nobody wakes this loop from outside."""

    def _close_self_pipe(self) -> None: ...

    def _write_to_self(self) -> None: ...

    def run_in_executor(self, executor: Any, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """At once, in this thread."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(contextvars.copy_context().run(func, *args))
        except (Exception, asyncio.CancelledError) as error:
            future.set_exception(error)
        return future

    async def create_datagram_endpoint(self, *args: Any, **options: Any) -> Any:
        raise RuntimeError("no sockets in virtual time: use the simulated network")

    async def create_connection(self, *args: Any, **options: Any) -> Any:
        raise RuntimeError("no sockets in virtual time: use the simulated network")

    async def create_server(self, *args: Any, **options: Any) -> Any:
        raise RuntimeError("no sockets in virtual time: use the simulated network")


def run(
    main: Callable[[VirtualLoop], Coroutine[Any, Any, T]],
    *,
    settle: float = 0.0,
    loop: VirtualLoop | None = None,
) -> T:
    """Run `main(loop)` to its end, then `settle` virtual seconds more for what has to run out by itself.

    LeftoverError when tasks, timers or unhandled errors remain.  With `settle` 0 timers may remain.
    """
    loop = loop or VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(main(loop))
        if settle:
            loop.settle(settle)
        check_nothing_left(loop, timers=bool(settle))
        return result
    finally:
        _close(loop)
        asyncio.set_event_loop(None)


def check_nothing_left(loop: VirtualLoop, *, timers: bool = True) -> None:
    """LeftoverError for tasks, timers (when asked) and unhandled errors."""
    left = [f"task {task.get_name()}: {task.get_coro()}" for task in asyncio.all_tasks(loop)]
    if timers:
        left += [f"timer {handle!r}" for handle in loop.timers()]
    for context in loop.errors:
        left.append(f"error: {context.get('message')}: {context.get('exception')!r}")
    if left:
        error = LeftoverError("\n".join(left))
        cause = next((c["exception"] for c in loop.errors if c.get("exception") is not None), None)
        raise error from cause


def _close(loop: VirtualLoop) -> None:
    """End what is left, whatever it says."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        gathered = asyncio.gather(*tasks, return_exceptions=True)
        try:
            loop.run_until_complete(gathered)
        except DeadlockError:
            gathered.cancel()
    loop.close()
    if tasks:
        gc.collect()  # destroyed tasks complain here, not in the next scenario
