"""Running a Lua extension on a call: the script in a thread, what it asks for in the call's own task.

A script's `app.dial(...)` waits in its thread until the call's task has done it; so hanging up cancels
what the script waits for as it cancels any application, and the script is told by an error.  One that
only calculates is ended by the hook of its state.  Variables that a script sets for itself (Lua's globals)
last as long as the call, as in Asterisk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offhook.dialplan.errors import ApplicationError, DialplanError, Hangup
from offhook.dialplan.lua.state import LuaError, LuaState
from offhook.dialplan.runner import split_subroutine
from offhook.dialplan.waiting import render_waiting
from offhook.pbx.events import NewExtension

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["LuaScript", "bind", "execute_extension"]

log = logging.getLogger(__name__)

_KEY = "lua"  # in Call.services
_END_SECONDS = 2.0  # how long an ended script's thread is waited for before its state is given up


@dataclass(frozen=True, slots=True)
class LuaScript:
    """An extensions.lua as it was when it was read."""

    path: str
    source: bytes


class _EndedError(Exception):
    """The script must not go on; raised in its thread out of what it calls."""


@dataclass(slots=True)
class _Request:
    """What a script asks for, and where its thread waits for the answer."""

    kind: str
    name: str
    value: str
    answer: Future[str]


@dataclass(slots=True)
class _Session:
    """The Lua state of a call."""

    script: LuaScript
    state: LuaState | None = None
    ending: str = ""
    requests: deque[_Request] = field(default_factory=deque[_Request])
    wake: Callable[[], None] | None = None
    """Called from the thread when there is a request."""
    thread: threading.Thread | None = None
    is_spoilt: bool = False
    """Whether the hook has ended a script in this state: it would end the next one, too."""

    def ask(self, kind: str, name: str, value: str) -> str:
        """In the script's thread: have the call's task do something, and wait for it."""
        wake = self.wake
        if self.ending or wake is None:
            raise _EndedError
        request = _Request(kind, name, value, Future())
        self.requests.append(request)
        wake()
        return request.answer.result()

    def run(self, name: str, arguments: str) -> None:
        self.ask("run", name, arguments)

    def get(self, name: str) -> str:
        return self.ask("get", name, "")

    def set_value(self, name: str, value: str) -> None:
        self.ask("set", name, value)

    def say(self, text: str) -> None:
        log.info("%s: %s", self.script.path, text)

    def must_end(self) -> str:
        if self.ending:
            self.is_spoilt = True
        return self.ending


async def execute_extension(call: Call, script: LuaScript, context: str, name: str) -> None:
    """Run the function of an extension to its end, to where it goes elsewhere, or to the call's end.

    Raises:
        ApplicationError: the script failed.
        Hangup: an application of it ended the call.
    """
    session = call.services.get(_KEY)
    if not isinstance(session, _Session) or session.script is not script or session.thread is not None:
        call.services[_KEY] = session = _Session(script)
    await _run(call, session, context, name, call.exten)


async def _run(call: Call, session: _Session, context: str, name: str, exten: str) -> None:
    loop = asyncio.get_running_loop()
    wakened = asyncio.Event()
    outcome: list[BaseException | None] = []
    done = asyncio.Event()

    def tell(event: asyncio.Event) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(event.set)

    def work() -> None:
        error: BaseException | None = None
        try:
            if session.state is None:
                script = session.script
                session.state = LuaState(
                    script.source,
                    script.path,
                    run=session.run,
                    get=session.get,
                    set_value=session.set_value,
                    log=session.say,
                    must_end=session.must_end,
                )
            session.state.execute(context, name, exten)
        except BaseException as raised:
            error = raised
        outcome.append(error)
        tell(done)
        tell(wakened)

    session.ending = ""
    session.wake = lambda: tell(wakened)
    session.thread = thread = threading.Thread(target=work, name=f"lua {call.channel.name}", daemon=True)
    thread.start()
    ended: BaseException | None = None
    try:
        while not done.is_set():
            await wakened.wait()
            wakened.clear()
            while session.requests and ended is None:
                ended = await _answer(call, session, session.requests[0])
                if ended is not None:
                    break
                session.requests.popleft()
            if ended is not None:
                break
    finally:
        session.ending = "the call has ended" if ended is None else "it went elsewhere"
        session.wake = None
        while session.requests:
            session.requests.popleft().answer.set_exception(_EndedError())
        if not done.is_set():
            await _wait_for_end(done)
        if done.is_set():
            session.thread = None
            session.ending = ""
            if session.is_spoilt:
                session.state, session.is_spoilt = None, False
        else:
            call.complain(f"{session.script.path}: a script does not end; its thread is left to itself")
            call.services.pop(_KEY, None)
    if isinstance(ended, _WentError):
        return
    if ended is not None:
        raise ended
    error = outcome[0] if outcome else None
    if isinstance(error, LuaError):
        raise ApplicationError(str(error))
    if error is not None and not isinstance(error, _EndedError):
        raise ApplicationError(f"{session.script.path}: {type(error).__name__}: {error}")


async def _wait_for_end(done: asyncio.Event) -> None:
    """Give a script that was told to end a moment for it, also when its call was cancelled."""
    waiting = asyncio.ensure_future(done.wait())
    try:
        await asyncio.wait({waiting}, timeout=_END_SECONDS)
    finally:
        waiting.cancel()


class _WentError(Exception):
    """The call goes on elsewhere in the dialplan."""


async def _answer(call: Call, session: _Session, request: _Request) -> BaseException | None:
    """Do what a script asks for; what ends its run, if anything does."""
    try:
        match request.kind:
            case "run":
                await _execute(call, request.name, request.value)
                if call.jumped:
                    return _WentError()
                request.answer.set_result("")
            case "get":
                request.answer.set_result(await render_waiting(call, "${" + request.name + "}"))
            case _:
                durable = call.assign(request.name, request.value)
                if durable is not None:
                    await durable
                request.answer.set_result("")
    except Hangup as end:
        return end
    except DialplanError as error:
        request.answer.set_exception(ApplicationError(f"{request.name}: {error}"))
    return None


async def _execute(call: Call, name: str, arguments: str) -> None:
    channel = call.channel
    channel.application, channel.application_data = name, arguments
    channel.pbx.bus.emit(NewExtension, channel, name, arguments)
    call.jumped = False
    if name.lower() == "gosub":  # a script goes on where it was, so the subroutine runs within it
        target, values = split_subroutine(arguments)
        await call.runner.run_subroutine(call, target, values)
        call.jumped = False
    else:
        await call.execute(name, arguments)


def bind(script: LuaScript, context: str, name: str) -> Callable[[Call], Awaitable[None]]:
    """What a priority of such an extension executes."""

    def execute(call: Call) -> Awaitable[None]:
        return execute_extension(call, script, context, name)

    return execute
