"""PBX: a node inside a program.

    async with offhook.PBX("/etc/asterisk") as pbx:
        await pbx.originate("PJSIP/6001", context="office", exten="500")
        async for event in pbx.events(events.ChannelHungUp):
            print(event.channel.name)

It runs on the program's own event loop (a script's, Jupyter's, a web application's) and leaves the program's
signals and logging alone: what it has to say goes to the logger `offhook`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from offhook.api.configuration import NodeOptions
from offhook.api.node import Node
from offhook.api.python.dialplan import Declared, DefinitionError, Dialplan
from offhook.api.python.steps import add_to, executor
from offhook.config.errors import ConfigError, Problem, Problems, Severity
from offhook.pbx.originate import originate
from offhook.pbx.party import NOBODY, PartyId

if TYPE_CHECKING:
    from types import TracebackType

    from offhook.api.python.call import Call
    from offhook.dialplan.call import Call as DialplanCall
    from offhook.pbx.channel import Channel

__all__ = ["PBX", "Config", "config_text"]

log = logging.getLogger(__name__)

E = TypeVar("E")
L = TypeVar("L", bound="Callable[[Any], Any]")

Options = Mapping[str, "str | int | float | bool | Sequence[str]"]
Sections = Mapping[str, "Options | Sequence[Options]"]
Config = Mapping[str, "str | Sections"]
"""Configuration from code: by file name its text, or its sections with their options; a section that is there
several times (PJSIP names endpoint, auth and aor alike) has a list of options."""

_MOST_EVENTS = 10_000  # that one reader may be behind


def config_text(sections: Sections) -> str:
    """The text of a .conf file."""
    lines: list[str] = []
    for name, found in sections.items():
        several = [found] if isinstance(found, Mapping) else found
        for options in several:
            lines.append(f"[{name}]")
            for key, value in options.items():
                values = [value] if isinstance(value, str | int | float) else value
                lines += [f"{key} = {_value(one)}" for one in values]
    return "\n".join(lines) + "\n"


def _value(value: str | int | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace(";", "\\;")


class PBX:
    """A switch with everything that it consists of; an asynchronous context manager."""

    def __init__(
        self,
        config: str | Path | Config | None = None,
        *,
        dialplan: Dialplan | Iterable[Dialplan] = (),
        state: str | Path | None = None,
        media_workers: int = 1,
    ) -> None:
        """Nothing happens before the start.

        Args:
            config: the folder of .conf files, or the files' content (see `Config`).
            dialplan: extensions in Python, beside those of the configuration.
            state: what is written lies below this folder; one for this run alone if not given and the
                configuration is no folder.
            media_workers: threads of the media engine; 0: one a core.
        """
        self._config: str | Path | Config = dict[str, str]() if config is None else config
        self._scripts = [dialplan] if isinstance(dialplan, Dialplan) else list(dialplan)
        self._state = None if state is None else Path(state)
        self._media_workers = media_workers
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._node: Node | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listeners: list[tuple[type[Any], Callable[[Any], Any]]] = []
        self._stops: list[Callable[[], None]] = []
        self._readers: set[_Reader[Any]] = set()

    # ---------------------------------------------------------- start and stop

    async def start(self) -> PBX:
        """Start it, on the loop that runs.

        Raises:
            ConfigError: the configuration has a mistake; the first one.
            StartError: it cannot start: a port in use, a folder that cannot be written.
        """
        if self._node is not None:
            raise RuntimeError("this PBX runs already")
        config, state = self._config, self._state
        if isinstance(config, Mapping):
            self._folder = tempfile.TemporaryDirectory(prefix="offhook-")
            base = Path(self._folder.name)
            folder = base / "config"
            folder.mkdir()
            for name, content in config.items():
                text = content if isinstance(content, str) else config_text(content)
                (folder / name).write_text(text)
            state = state or base / "state"
        else:
            folder = Path(config)
        options = NodeOptions(
            folder, state=state, media_workers=self._media_workers, scripts=self._scripts, embedded=True
        )
        try:
            self._node = node = await Node.start(options)
        except BaseException:
            self._clean()
            raise
        wrong = next((one for one in node.problems if one.severity is Severity.ERROR), None)
        if wrong is not None:
            await self.stop()
            raise ConfigError(wrong.file, wrong.line, wrong.what, wrong.suggestion)
        for event_type, listener in self._listeners:
            self._listen(event_type, listener)
        return self

    async def stop(self) -> None:
        """Hang up all calls, write what is to be written, close everything.  Idempotent."""
        node, self._node = self._node, None
        if node is not None:
            await node.stop()
        for stop in self._stops:
            stop()
        self._stops.clear()
        for reader in tuple(self._readers):
            reader.close()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._clean()

    def _clean(self) -> None:
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()

    async def __aenter__(self) -> PBX:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def node(self) -> Node:
        """What it consists of, for what has no method here.  RuntimeError when it does not run."""
        if self._node is None:
            raise RuntimeError("this PBX does not run: `async with PBX(...)`, or await pbx.start()")
        return self._node

    async def reload(self) -> Sequence[Problem]:
        """Read the configuration anew; with an error among the problems nothing has changed."""
        return await self.node.reload()

    async def console(self, command: str) -> str:
        """The answer to a console command: `core show channels`."""
        from offhook.api.console.all_commands import COMMANDS

        return await COMMANDS.run(self.node, command)

    # ---------------------------------------------------------- dialplan

    async def add(self, dialplan: Dialplan) -> None:
        """Add extensions in Python, for the calls to come; they stay when the configuration is reloaded.

        Raises:
            DefinitionError: one of them is there already; nothing is added then.
        """
        if self._node is not None:
            problems = Problems()
            added = add_to(self._node.runner.dialplan, [dialplan], problems)  # looks for mistakes first
            for one in problems.errors:
                raise DefinitionError(one.what, one.file, one.line)
            del added
            runner = self._node.runner
            await runner.edit(lambda before: add_to(before, [dialplan], Problems()))
            runner.globals.update(dialplan.globals)
        self._scripts.append(dialplan)

    # ---------------------------------------------------------- calls

    @property
    def channels(self) -> Sequence[Channel]:
        """The channels that there are."""
        return tuple(self.node.pbx.channels.values())

    async def originate(
        self,
        destination: str,
        flow: Callable[[Call], Coroutine[Any, Any, Any]] | None = None,
        *,
        context: str = "default",
        exten: str = "s",
        priority: int = 1,
        timeout: float = 30.0,
        caller_id: PartyId = NOBODY,
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """Call somebody; who answers is given to a call flow, or to an extension.

        Args:
            destination: a dial string, `PJSIP/6001`.
            flow: what is done with the call; it ends with it.
            context: where it goes without a flow.
            exten: the extension there.
            priority: the priority there.
            timeout: how many seconds it may ring.
            caller_id: what the called party sees.
            variables: channel variables.

        Returns:
            The channel that answered.

        Raises:
            OriginateError: nobody answered.
            CannotDialError: the destination cannot be dialled.
        """
        node = self.node

        def start(leg: Channel) -> None:
            if flow is not None:
                node.runner.spawn(_run_flow(node, leg, flow), f"flow on {leg.name}")

        return await originate(
            node.pbx,
            destination,
            context=context,
            exten=exten,
            priority=priority,
            start=None if flow is None else start,
            timeout=timeout,
            caller=caller_id,
            variables=variables,
        )

    # ---------------------------------------------------------- events

    def on(self, *event_types: type[Any]) -> Callable[[L], L]:
        """Call a function or coroutine with every event of these types; also before the start."""

        def declare(listener: L) -> L:
            for event_type in event_types:
                self._listeners.append((event_type, listener))
                if self._node is not None:
                    self._listen(event_type, listener)
            return listener

        return declare

    def _listen(self, event_type: type[Any], listener: Callable[[Any], Any]) -> None:
        if inspect.iscoroutinefunction(listener):

            def start(event: object) -> None:
                self._spawn(listener(event))

            self._stops.append(self.node.pbx.bus.listen(event_type, start))
        else:
            self._stops.append(self.node.pbx.bus.listen(event_type, listener))

    def _spawn(self, work: Awaitable[Any]) -> None:
        async def run() -> None:
            try:
                await work
            except Exception:
                log.exception("a listener failed")

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def events(self, *event_types: type[E]) -> AsyncIterator[E]:
        """The events of these types from now on, in order; it ends when the PBX stops.

        A reader that is 10,000 events behind loses the oldest.
        """
        reader: _Reader[E] = _Reader(self._readers)
        bus = self.node.pbx.bus
        reader.stops = [bus.listen(event_type, reader.put) for event_type in event_types]
        self._readers.add(reader)
        return reader


class _Reader(AsyncIterator[E]):
    """One `async for` over events."""

    def __init__(self, readers: set[_Reader[Any]]) -> None:
        self.stops: list[Callable[[], None]] = []
        self._readers = readers
        self._events: deque[E] = deque(maxlen=_MOST_EVENTS)
        self._waiter: asyncio.Future[None] | None = None
        self._closed = False

    def put(self, event: E) -> None:
        if len(self._events) == _MOST_EVENTS:
            log.warning("a reader of events is %d behind: the oldest is lost", _MOST_EVENTS)
        self._events.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        self._closed = True
        for stop in self.stops:
            stop()
        self._readers.discard(self)
        self._wake()

    async def aclose(self) -> None:
        """Listen no more."""
        self.close()

    def __aiter__(self) -> _Reader[E]:
        return self

    async def __anext__(self) -> E:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._events.popleft()

    def __del__(self) -> None:
        # A loop that was left by `break`: nobody reads any more.
        if not self._closed:
            self.close()


async def _run_flow(node: Node, leg: Channel, flow: Callable[[Call], Coroutine[Any, Any, Any]]) -> None:
    code = flow.__code__ if inspect.isfunction(flow) else None
    file, line = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
    execute = executor(Declared("s", None, flow, (), False, "", file, line))

    async def work(call: DialplanCall) -> str:
        await execute(call)
        return "on" if call.jumped else ""

    try:
        goes_on = await node.runner.run_on(leg, work)
        if goes_on and not leg.ended and leg.task is None:
            leg.start_dialplan(leg.context, leg.exten, leg.priority)
    except Exception as error:
        log.warning("%s: %s", leg.name, error)
    finally:
        if leg.task is None:
            leg.hangup()
