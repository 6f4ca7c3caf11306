"""A client of the manager interface: its login, its actions one after another, and the events it gets.

A session knows no socket: it is given what writes and what closes.  TCP and TLS sessions write at once; one
over HTTP keeps its events until they are asked for (WaitEvent).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ACTIONS, ActionError, Listing, Reply, Request
from offhook.api.ami.filters import FilterError, Filters, parse_filter
from offhook.api.ami.privileges import mask_of
from offhook.api.ami.protocol import Message, MessageError, clean, field

if TYPE_CHECKING:
    from offhook.api.ami.declare import Action, Answer
    from offhook.api.ami.server import ManagerServer
    from offhook.api.ami.streams import Stream
    from offhook.config.files.manager import ManagerUser

__all__ = ["MOST_WAITING_EVENTS", "Session"]

log = logging.getLogger(__name__)

MOST_WAITING_EVENTS = 10_000
"""Of a session over HTTP that does not fetch them; the oldest are dropped then."""

_BEFORE_LOGIN = frozenset(("login", "logoff", "challenge"))
_PAUSE_EVERY = 200  # items of a listing between two looks at the event loop


class Session:
    """One client."""

    def __init__(
        self,
        server: ManagerServer,
        peer: tuple[str, int],
        write: Callable[[bytes], None],
        close: Callable[[], None],
        *,
        local: tuple[str, int] = ("", 0),
        transport: str = "TCP",
        keeps_events: bool = False,
        descriptor: int = -1,
    ) -> None:
        """`descriptor`: the number of its connection, by which operators name it; -1 over HTTP."""
        self.descriptor = descriptor
        self.server = server
        self.node = server.node
        self.peer = peer
        self.local = local
        self.transport = transport
        self.user: ManagerUser | None = None
        self.challenge = ""
        self.read = 0  # classes of events that it may see
        self.write = 0  # classes of actions that it may use
        self.wanted = 0  # of those it may see, the ones it asked for
        self.filters = Filters()
        self.logged_in_at = 0.0
        self.closed = False
        self.failures = 0
        self.waiting: deque[str] | None = deque(maxlen=MOST_WAITING_EVENTS) if keeps_events else None
        self.event_came = asyncio.Event()
        self._write = write
        self._close = close
        self.stream: Stream | None = None  # where its events come from

    @property
    def name(self) -> str:
        """Who it is, for the log."""
        return self.user.name if self.user is not None else ""

    # ------------------------------------------------------------ actions

    async def act(self, message: Message | MessageError) -> None:
        """Carry out one action and answer it.  Never raises for what the client said."""
        if isinstance(message, MessageError):
            log.info("manager %s: %s", self.peer[0], message)
            self._error(message.action_id, str(message))
            return
        try:
            await self._act(message)
        except ActionError as error:
            self._error(message.action_id, str(error), error.fields)
        except Exception as error:
            log.exception("manager: action %s failed", message.action)
            self._error(message.action_id, f"{message.action} failed: {error or type(error).__name__}")

    async def _act(self, message: Message) -> None:
        name = message.action
        if not name:
            raise ActionError("Missing action in request")
        if self.user is None and name.lower() not in _BEFORE_LOGIN:
            raise ActionError("Permission denied")
        action = ACTIONS.get(name)
        if action is None:
            raise ActionError(
                f"Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
            )
        if action.mask and not action.mask & self.write:
            raise ActionError("Permission denied")
        answer = await self._call(action, message)
        await self._answer(message, answer)

    async def _call(self, action: Action, message: Message) -> Answer:
        arguments = action.bind(message)
        answer = action.func(Request(message, self, self.node), **arguments)
        return await answer if inspect.isawaitable(answer) else answer

    async def _answer(self, message: Message, answer: Answer) -> None:
        if isinstance(answer, Listing):
            await self._list(message, answer)
            return
        if not isinstance(answer, Reply):
            answer = Reply(answer or "")
        if answer.response:
            self.respond(message.action_id, answer.response, answer.message, answer.fields)
        if answer.closes:
            self.close()

    async def _list(self, message: Message, listing: Listing) -> None:
        action_id = message.action_id
        start = "EventList: start\r\n" if listing.announced else ""
        # EventList stands before Message: that is the order that clients have always seen.
        self.respond(action_id, "Success", "", start + field("Message", listing.message))
        id_line = field("ActionID", action_id) if action_id else ""
        count = 0
        for name, lines in listing.items:
            self.send(f"Event: {name}\r\n{id_line}{lines}\r\n")
            count += 1
            if not count % _PAUSE_EVERY:
                await asyncio.sleep(0)
        if not listing.complete:
            return
        told = count if listing.count is None else listing.count
        counted = f"EventList: Complete\r\nListItems: {told}\r\n" if listing.counted else ""
        self.send(f"Event: {listing.complete}\r\n{id_line}{counted}{listing.fields}\r\n")

    def respond(self, action_id: str, response: str, message: str = "", fields: str = "") -> None:
        """Send an answer."""
        text = f"Response: {response}\r\n"
        if action_id:
            text += f"ActionID: {clean(action_id)}\r\n"
        if message:
            text += f"Message: {clean(message)}\r\n"
        self.send(f"{text}{fields}\r\n")

    def _error(self, action_id: str, what: str, fields: str = "") -> None:
        self.respond(action_id, "Error", what, fields)

    # ------------------------------------------------------------ writing

    def send(self, text: str) -> None:
        """Write text of an answer, behind the events that came before it."""
        if self.closed:
            return
        self.flush()
        self._write(text.encode("utf-8", "replace"))

    def deliver(self, name: str, text: str) -> None:
        """Take an event that it may and wants to see; its filters decide."""
        if self.closed or (self.filters and not self.filters.passes(name, text)):
            return
        if self.waiting is not None:
            self.waiting.append(text)
            self.event_came.set()
        elif self.stream is not None:
            self.stream.pending.append(text.encode("utf-8", "replace"))

    def write_events(self, data: bytes) -> None:
        """Write events of the stream that it gets them from."""
        if not self.closed:
            self._write(data)

    def flush(self) -> None:
        """Write the events that have come so far."""
        if self.stream is not None:
            self.stream.flush()

    def close(self) -> None:
        """End the session; what was written is still sent."""
        if not self.closed:
            self.flush()
            self.closed = True
            self._close()

    # ------------------------------------------------------------ login

    def log_in(self, user: ManagerUser, events: str) -> None:
        """Become a user."""
        self.user = user
        self.read, self.write = mask_of(user.read), mask_of(user.write)
        self.wanted = self.read
        self.filters = Filters()
        for expression in user.eventfilter:
            self._filter(expression, None)
        for said in user.advanced_filters:
            criteria, _, expression = said.partition("\t")
            self._filter(expression, criteria)
        self.logged_in_at = self.node.pbx.wall_clock()
        if events:
            self.set_events(events)
        self.server.changed(self)

    def _filter(self, expression: str, criteria: str | None) -> None:
        try:
            self.filters.add(parse_filter(expression, criteria))
        except FilterError as error:
            log.warning("manager.conf: an eventfilter of [%s] is ignored: %s", self.name, error)

    def set_events(self, mask: str) -> bool:
        """Ask for classes of events: on, off, or their names.  False when it is none of these."""
        from offhook.api.ami.privileges import read_mask

        wanted = read_mask(mask)
        if wanted is None:
            return False
        self.wanted = wanted & self.read
        self.server.changed(self)
        return True
