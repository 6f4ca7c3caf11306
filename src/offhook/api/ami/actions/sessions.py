"""Actions about the session itself: logging in, which events it gets, what it can ask for."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import replace

from offhook.api.ami.declare import ACTIONS, ActionError, Listing, Reply, Request, action
from offhook.api.ami.filters import FilterError, parse_filter
from offhook.api.ami.protocol import field
from offhook.config.files.manager import ManagerUser
from offhook.config.values import permits
from offhook.pbx.events import UserEvent

__all__: list[str] = []

_REFUSED = Reply("Authentication failed", response="Error", closes=True)


@action("Challenge", missing="Must specify AuthType")
def challenge(request: Request, auth_type: str) -> Reply:
    """Ask for a challenge, to log in without sending the password.

    The login then has `AuthType: MD5` and `Key`: the MD5, in hexadecimal, of challenge and password.

    Args:
        auth_type: MD5.
    """
    if auth_type.upper() != "MD5":
        raise ActionError("Must specify AuthType")
    session = request.session
    if not session.challenge:
        session.challenge = str(secrets.randbelow(900_000_000) + 100_000_000)
    return Reply(fields=field("Challenge", session.challenge))


@action("Login", missing="Authentication failed", sends=("FullyBooted",))
async def login(
    request: Request,
    username: str = "",
    auth_type: str = "",
    secret: str = "",
    key: str = "",
    events: str = "",
) -> Reply:
    """Log in.

    A wrong password is answered late, later each time, and ends the connection.

    Args:
        username: a section of manager.conf.
        auth_type: `plain` (default), or `MD5` for an answer to Challenge.
        secret: the password, with plain.
        key: the answer to the challenge, with MD5.
        events: as the action Events: which events to send.
    """
    session = request.session
    if session.user is not None:
        return Reply("Already logged in")
    server = session.server
    host = session.peer[0]
    pestered = server.failed_logins.is_pestered_by(host)
    user = None if pestered else _proven(request, username, auth_type, secret, key)
    if user is None:
        session.challenge = ""
        await server.failed_logins.delay(host)
        return _REFUSED
    if server.is_in_use(user):
        server.security.session_limit(session.peer, session.local, session.transport)
        return replace(_REFUSED, message="Login Already In Use")
    server.security.accepted(session, user.name)
    session.log_in(user, events)
    server.welcome(session)
    session.respond(request.message.action_id, "Success", "Authentication accepted")
    node = request.node
    if session.wanted & 1 and session.waiting is None:  # system
        up = int(node.pbx.wall_clock() - node.pbx.started_at)
        status = "Fully Booted" if node.fully_booted.is_set() else "Booting"
        lines = field("Uptime", up) + field("LastReload", int(node.pbx.wall_clock() - node.reloaded_at))
        session.send(f"Event: FullyBooted\r\nPrivilege: system,all\r\n{lines}Status: {status}\r\n\r\n")
    return Reply(response="")


def _proven(request: Request, username: str, auth_type: str, secret: str, key: str) -> ManagerUser | None:
    """The user that a login proves to be, else None; the security log says why."""
    session = request.session
    server = session.server
    user = server.user(username)
    if user is None:
        server.security.unknown_account(session, username)
        return None
    if not _may_come_from(request, user, session.peer[0]):
        server.security.not_from_there(session, username)
        return None
    if auth_type.upper() == "MD5":
        due = hashlib.md5((session.challenge + user.secret).encode(), usedforsecurity=False).hexdigest()
        if not session.challenge or not user.secret or not hmac.compare_digest(due, key.strip().lower()):
            server.security.wrong_response(session, username, session.challenge, key, due)
            return None
    elif not user.secret or not hmac.compare_digest(user.secret.encode(), secret.encode()):
        server.security.wrong_password(session, username)
        return None
    return user


def _may_come_from(request: Request, user: ManagerUser, host: str) -> bool:
    if not permits(user.rules, host):
        return False
    acls = request.node.snapshot.acls
    return all(name in acls and permits(acls[name].rules, host) for name in user.acl)


@action("Logoff")
def logoff(request: Request) -> Reply:
    """End the session."""
    return Reply("Thanks for all the fish.", response="Goodbye", closes=True)


@action("Ping")
def ping(request: Request) -> Reply:
    """Have something answered, to keep the connection alive."""
    return Reply(fields=f"Ping: Pong\r\nTimestamp: {request.pbx.wall_clock():.6f}\r\n")


@action("Events", missing="Invalid event mask")
def choose_events(request: Request, event_mask: str) -> Reply:
    """Choose the events that this session gets, of those that it may see.

    Args:
        event_mask: `on`, `off`, or classes: `system,call,log`.
    """
    session = request.session
    if not session.set_events(event_mask):
        raise ActionError("Invalid event mask")
    if session.server.conf.general.brokeneventsaction:
        return Reply(response="" if session.wanted == session.read else "Success")
    return Reply(fields=field("Events", "On" if session.wanted else "Off"))


@action("Filter", "system")
def add_filter(request: Request, operation: str = "Add", filter: str = "", match_criteria: str = "") -> str:
    """Add an event filter to this session.

    Args:
        operation: Add.
        filter: as `eventfilter` in manager.conf: a regular expression, or, with criteria, what they say.
        match_criteria: `action(include),name(Newchannel),header(Channel),method(starts_with)`.
    """
    if operation.lower() != "add":
        raise ActionError("Unknown operation")
    given = request.message
    criteria = given.get("MatchCriteria") or None
    if not filter and criteria is None:
        raise ActionError("Missing filter")
    try:
        found = parse_filter(filter, criteria)
    except FilterError as error:
        raise ActionError(f"Filter did not parse successfully: {error}") from None
    request.session.filters.add(found)
    request.session.server.changed(request.session)
    return "Success"


@action("WaitEvent", sends=("WaitEventComplete",))
async def wait_event(request: Request, timeout: int = -1) -> Listing:
    """Wait until there is an event, and give those there are; for sessions over HTTP.

    Args:
        timeout: the most seconds to wait; -1: as long as the session may last.
    """
    session = request.session
    waiting = session.waiting
    limit = session.server.conf.general.httptimeout - 10
    if waiting is None:
        limit = 3600 if timeout < 0 else timeout
    seconds = max(1, limit) if timeout < 0 else timeout
    if not waiting:
        session.event_came.clear()
        try:
            async with asyncio.timeout(seconds):
                await session.event_came.wait()
        except TimeoutError:
            pass
    items: list[tuple[str, str]] = []
    while waiting:
        text = waiting.popleft()
        name, _, lines = text.removeprefix("Event: ").partition("\r\n")
        items.append((name, lines.removesuffix("\r\n")))
    return Listing("Waiting for Event completed.", "WaitEventComplete", items, counted=False, announced=False)


@action("ListCommands")
def list_commands(request: Request) -> Reply:
    """List the actions that this session may use."""
    allowed = request.session.write
    lines = (
        field(one.name, f"{one.synopsis}.  (Priv: {one.privilege})")
        for one in ACTIONS.all()
        if not one.mask or one.mask & allowed
    )
    return Reply(fields="".join(lines))


@action("UserEvent", "user", headers={"user_event": "UserEvent"})
def user_event(request: Request, user_event: str) -> str:
    """Send an event of your own to everybody who listens.

    All other headers of the action become headers of the event.

    Args:
        user_event: what it is called.
    """
    left_out = {"action", "actionid", "userevent"}
    headers = [(name, value) for name, value in request.message.headers if name.lower() not in left_out]
    request.pbx.bus.emit(UserEvent, user_event, headers)
    return "Event Sent"
