"""The manager interface of a node: its listeners, its sessions, and the events that go to them.

It listens to the bus only for events that a session wants: with nobody logged in nothing is built.  An event
is shown once; how it reaches the sessions that may see it is in offhook.api.ami.streams.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook.api.ami import actions, announce
from offhook.api.ami.listeners import Connection, tls_context
from offhook.api.ami.privileges import words_of
from offhook.api.ami.security import ManagerSecurity
from offhook.api.ami.shape import Shape
from offhook.api.ami.streams import Streams
from offhook.api.failed_logins import FailedLogins
from offhook.config.values import Address

if TYPE_CHECKING:
    from starlette.routing import Route

    from offhook.api.ami.announce import Shown
    from offhook.api.ami.session import Session
    from offhook.api.ami.web import WebManager
    from offhook.api.node import Node
    from offhook.config.files.manager import ManagerConf, ManagerUser

__all__ = ["ManagerServer"]

log = logging.getLogger(__name__)

_TLS_PORT = 5039


class ManagerServer:
    """The manager interface of one node."""

    def __init__(self, node: Node, conf: ManagerConf) -> None:
        actions.load()
        announce.load()
        self.node = node
        self.loop = asyncio.get_running_loop()
        self.conf = conf
        self.shape = Shape(conf.general.channelvars)
        self.security = ManagerSecurity(node.pbx.security)
        self.sessions: set[Session] = set()
        self._anonymous = 0
        self._servers: list[asyncio.Server] = []
        self._listening: dict[Shown, Callable[[], None]] = {}
        self._streams = Streams(self.loop)
        self._sequence = 0
        self._heads: dict[str, str] = {}
        self._plain_heads = self._has_plain_heads()
        self._web: WebManager | None = None
        self.failed_logins = FailedLogins()

    # ------------------------------------------------------------ configuration

    @property
    def authlimit(self) -> int:
        """How many connections may be there without a login."""
        return self.conf.general.authlimit

    @property
    def authtimeout(self) -> int:
        """Seconds to log in."""
        return self.conf.general.authtimeout

    def user(self, name: str) -> ManagerUser | None:
        """A user by name; manager.conf's names count in their exact case."""
        return self.conf.users.get(name)

    def web_routes(self, prefix: str) -> list[Route]:
        """What the HTTP server serves for the manager interface."""
        from offhook.api.ami.web import WebManager

        self._web = WebManager(self)
        return self._web.routes(prefix)

    async def start(self) -> None:
        """Listen, when manager.conf says so.  Raises OSError when an address cannot be used."""
        general = self.conf.general
        if not general.enabled:
            return
        await self._listen(general.bindaddr, general.port, "TCP")
        if general.tlsenable:
            where = general.tlsbindaddr or Address(general.bindaddr.host, _TLS_PORT)
            await self._listen(where, where.port or _TLS_PORT, "TLS")

    async def _listen(self, where: Address, default_port: int, transport: str) -> None:
        context = tls_context(self.conf.general) if transport == "TLS" else None
        port = where.port or default_port
        try:
            server = await self.loop.create_server(
                lambda: Connection(self, transport), where.host or None, port, ssl=context, backlog=256
            )
        except OSError as error:
            raise OSError(
                error.errno, f"manager.conf: cannot listen on {where.host}:{port}: {error.strerror or error}"
            ) from error
        self._servers.append(server)
        log.info("manager: listening on %s:%d (%s)", where.host, self.ports()[-1], transport)

    def ports(self) -> list[int]:
        """The ports it listens on: TCP, then TLS."""
        return [int(server.sockets[0].getsockname()[1]) for server in self._servers]

    async def use(self, conf: ManagerConf) -> None:
        """Use another configuration; who is logged in stays, unless the user is gone."""
        before, self.conf = self.conf.general, conf
        general = conf.general
        self.shape.channel_vars = general.channelvars
        self._heads.clear()
        self._plain_heads = self._has_plain_heads()
        for session in list(self.sessions):
            if session.user is not None and session.name not in conf.users:
                session.close()
        self._listen_to_bus()
        listens = ("enabled", "bindaddr", "port", "tlsenable", "tlsbindaddr", "tlscertfile", "tlsprivatekey")
        if any(getattr(before, name) != getattr(general, name) for name in listens):
            self._stop_listening()
            try:
                await self.start()
            except OSError as error:
                log.error("%s", error.strerror or error)

    def number_events(self, on: bool) -> None:
        """Give events a SequenceNumber, or none, until manager.conf is read anew (`debug`)."""
        self.conf = replace(self.conf, general=replace(self.conf.general, debug=on))
        self._heads.clear()
        self._plain_heads = self._has_plain_heads()

    def _stop_listening(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()

    async def close(self) -> None:
        """Say goodbye to everybody."""
        self._stop_listening()
        if self._web is not None:
            self._web.close()
        for session in list(self.sessions):
            session.close()
        self.sessions.clear()
        self._listen_to_bus()
        self._streams.close()

    # ------------------------------------------------------------ sessions

    def is_crowded(self) -> bool:
        """Whether no further connection may come in before some log in."""
        return sum(1 for one in self.sessions if one.user is None) >= self.authlimit

    def add(self, session: Session) -> None:
        """A client is there."""
        self.sessions.add(session)

    def remove(self, session: Session) -> None:
        """A client is gone."""
        self.sessions.discard(session)
        self._streams.remove(session)
        if session.user is not None and self._shows_connects(session):
            log.info("manager: %s logged off from %s", session.name, session.peer[0])
        self._listen_to_bus()

    def changed(self, session: Session) -> None:
        """What a session wants to see has changed."""
        self._streams.place(session)
        self._listen_to_bus()

    def _shows_connects(self, session: Session) -> bool:
        said = session.user.displayconnects if session.user is not None else None
        return self.conf.general.displayconnects if said is None else said

    def welcome(self, session: Session) -> None:
        """A client has logged in."""
        if self._shows_connects(session):
            log.info("manager: %s logged on from %s", session.name, session.peer[0])

    def is_in_use(self, user: ManagerUser) -> bool:
        """Whether a user who may log in once only is there."""
        several = user.allowmultiplelogin
        if several is None:
            several = self.conf.general.allowmultiplelogin
        return not several and any(one.user is not None and one.name == user.name for one in self.sessions)

    # ------------------------------------------------------------ events

    def _listen_to_bus(self) -> None:
        wanted = 0
        for session in self.sessions:
            wanted |= session.wanted
        disabled = self.conf.general.disabledevents
        bus = self.node.pbx.bus
        for shown in announce.SHOWN:
            needed = bool(shown.mask & wanted) and not all(name in disabled for name in shown.names)
            if "TestEvent" in shown.names and not self.node.options.test_events:
                continue
            stop = self._listening.get(shown)
            if needed and stop is None:
                self._listening[shown] = bus.listen(shown.event_type, self._shower(shown))
            elif not needed and stop is not None:
                del self._listening[shown]
                stop()

    def _shower(self, shown: Shown) -> Callable[[object], None]:
        only = shown.names[0] if len(shown.names) == 1 else ""
        show, mask, shape = shown.func, shown.mask, self.shape

        def on_event(event: object) -> None:
            found = show(shape, event)
            if found is None:
                return
            if isinstance(found, str):
                self.broadcast(only, mask, found)
            else:
                self.broadcast(found[0], mask, found[1])

        return on_event

    def broadcast(self, name: str, mask: int, lines: str) -> None:
        """Give an event, its header lines without the first ones, to every session that wants such."""
        if name not in self.conf.general.disabledevents:
            self._streams.give(name, mask, self._head(name, mask), lines)

    def _has_plain_heads(self) -> bool:
        """Whether an event begins with its name and classes only."""
        general = self.conf.general
        return not (general.timestampevents or general.debug or self.node.pbx.system_name)

    def _head(self, name: str, mask: int) -> str:
        head = self._heads.get(name)
        if head is None:
            head = self._heads[name] = f"Event: {name}\r\nPrivilege: {words_of(mask)}\r\n"
        if self._plain_heads:
            return head
        general = self.conf.general
        if general.timestampevents:
            head += f"Timestamp: {self.node.pbx.wall_clock():.6f}\r\n"
        if general.debug:
            head += f"SequenceNumber: {self._sequence}\r\n"
            self._sequence += 1
        system = self.node.pbx.system_name
        return f"{head}SystemName: {system}\r\n" if system else head

    @property
    def is_watched(self) -> bool:
        """Whether anybody gets events."""
        return bool(self._listening)
