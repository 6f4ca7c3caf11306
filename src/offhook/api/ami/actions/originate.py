"""The action Originate: call somebody, and connect them with an extension or an application."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.config.codecs import ALL_CODECS
from offhook.dialplan.errors import ApplicationError, UnknownApplicationError
from offhook.dialplan.originating import Placement, place
from offhook.dialplan.steps import find_application
from offhook.pbx.events import OriginateEnded
from offhook.pbx.originate import OriginateError
from offhook.pbx.party import PartyId, parse_caller_id
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["split_assignments"]

log = logging.getLogger(__name__)

_DANGEROUS_APPLICATIONS = frozenset(
    (
        "system",
        "trysystem",
        "exec",
        "execif",
        "tryexec",
        "agi",
        "eagi",
        "deadagi",
        "externalivr",
        "mixmonitor",
        "originate",
    )
)
_DANGEROUS_DATA = ("SHELL", "EVAL", "FILE", "CURL", "ODBC", "REALTIME", "DB(")
_SYSTEM = 1
_REASONS = {"ANSWER": 4, "BUSY": 5, "CONGESTION": 8, "NOANSWER": 3}
_MAX_ID = 149


@action(
    "Originate",
    "originate",
    missing="Channel not specified",
    headers={
        "caller_id": "CallerID",
        "early_media": "EarlyMedia",
        "run_async": "Async",
        "channel_id": "ChannelId",
        "other_channel_id": "OtherChannelId",
        "predial_gosub": "PreDialGoSub",
    },
)
async def originate(
    request: Request,
    channel: str,
    exten: str = "",
    context: str = "",
    priority: str = "",
    application: str = "",
    data: str = "",
    timeout: int = 30000,
    caller_id: str = "",
    variable: tuple[str, ...] = (),
    account: str = "",
    early_media: bool = False,
    run_async: bool = False,
    codecs: str = "",
    channel_id: str = "",
    other_channel_id: str = "",
    predial_gosub: str = "",
) -> Reply | str:
    """Call somebody, and connect them with an extension or an application.

    Without Async the answer comes when the call was answered or has failed; with it at once, and what becomes
    of the call is an OriginateResponse event.

    Args:
        channel: whom to call, `Technology/resource`.
        exten: the extension to go on with, which needs context and priority.
        context: its context.
        priority: its priority, a number or label.
        application: an application to run instead.
        data: its arguments.
        timeout: milliseconds to ring.
        caller_id: shown to the called party, and the caller id of its channel: `"Name" <number>`.
        variable: `NAME=value`, for each a header; several in one are separated by commas.
        account: the account code.
        early_media: go on as soon as the far end sends audio.
        run_async: answer at once.
        codecs: codecs to offer, separated by commas.
        channel_id: the unique id of the new channel.
        other_channel_id: the unique id of the other half of a Local channel.
        predial_gosub: a subroutine that the called channel runs first: `context,exten,priority(arg)`.
    """
    technology, slash, resource = channel.partition("/")
    if not slash or not technology or not resource:
        raise ActionError("Invalid channel")
    node = request.node
    number = 1
    if application:
        _check_application(request, application, data)
    elif not (exten and context and priority):
        raise ActionError("Originate with 'Exten' requires 'Context' and 'Priority'")
    else:
        number = _priority(request, context, exten, priority)
    wanted = tuple(dict.fromkeys(name.strip() for name in codecs.split(",") if name.strip()))
    unknown = [name for name in wanted if name not in ALL_CODECS]
    if unknown:
        raise ActionError(f"Invalid codecs: {unknown[0]}")
    ids = _ids(request, technology, channel_id, other_channel_id)
    name, caller_number = parse_caller_id(caller_id)
    placement = Placement(
        channel,
        context,
        exten,
        number,
        application,
        data,
        timeout / 1000,
        PartyId(caller_number, name),
        _variables(request, variable),
        account,
        early_media,
        wanted,
        ids,
        predial_gosub,
    )
    if run_async:
        node.runner.spawn(_in_background(request, placement), f"originate {channel}")
        return "Originate successfully queued"
    try:
        await place(node.pbx, node.runner, placement)
    except (OriginateError, CannotDialError) as error:
        log.info("manager: Originate: %s", error)
        raise ActionError("Originate failed") from None
    return "Originate successfully queued"


def _check_application(request: Request, application: str, data: str) -> None:
    if request.session.write & _SYSTEM == 0 and (
        application.lower() in _DANGEROUS_APPLICATIONS
        or any(word in data.upper() for word in _DANGEROUS_DATA)
    ):
        raise ActionError("Originate Access Forbidden: app or data blacklisted")
    try:
        find_application(application)
    except UnknownApplicationError as error:
        raise ActionError(f"Originate failed: {error}") from None


def _priority(request: Request, context: str, exten: str, priority: str) -> int:
    call = request.node.runner.call_without_channel(request.pbx)
    try:
        number = call.resolve_priority(context, exten, priority)
    except ApplicationError:
        raise ActionError("Invalid priority") from None
    if not request.pbx.dialplan.exists(context, exten, number):
        raise ActionError("Extension does not exist.")
    return number


def _ids(request: Request, technology: str, first: str, second: str) -> tuple[str, ...]:
    if technology.lower() == "local" and first and not second:
        second = f"{first};2"
    ids = (first, second)
    for one in ids:
        if len(one) > _MAX_ID:
            raise ActionError(f"Uniqueid length exceeds maximum of {_MAX_ID}")
        if one and one in request.pbx.by_uniqueid:
            raise ActionError("Originate failed: a channel with this id exists")
    return ids


def _variables(request: Request, given: tuple[str, ...]) -> list[tuple[str, str]]:
    """What `Variable` headers and the user's `setvar` say, in order."""
    user = request.session.user
    found = [(one.name, one.value) for one in user.setvar] if user is not None else []
    for header in given:
        for part in split_assignments(header):
            name, equals, value = part.partition("=")
            if equals:
                found.append((name.strip(), value))
    return found


def split_assignments(header: str) -> list[str]:
    """`A=1,B=2` as its parts; a comma within quotes or parentheses belongs to its part."""
    parts, depth, quoted = [""], 0, False
    for char in header:
        if char == '"':
            quoted = not quoted
        elif not quoted:
            depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0 and not quoted:
            parts.append("")
        elif char != '"':
            parts[-1] += char
    return [part for part in parts if part.strip()]


async def _in_background(request: Request, placement: Placement) -> None:
    leg: Channel | None = None
    reason = 0
    node = request.node
    try:
        leg = await place(node.pbx, node.runner, placement)
        reason = 4
    except OriginateError as error:
        reason = _REASONS.get(error.status, 0)
        log.info("manager: Originate: %s", error)
    except CannotDialError as error:
        log.info("manager: Originate: %s", error)
    node.pbx.bus.emit(
        OriginateEnded,
        request.message.action_id,
        leg is not None,
        leg.name if leg is not None else placement.destination,  # as it was asked for
        placement.context,
        placement.exten,
        placement.application,
        placement.data,
        reason,
        leg.uniqueid if leg is not None else "",
        placement.caller,
    )
