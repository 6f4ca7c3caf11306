"""Channels: list, originate, create, dial, hang up, continue."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.variables import given_variables
from offhook.config.codecs import ALL_CODECS
from offhook.dialplan.errors import ApplicationError, DialplanError, Hangup
from offhook.dialplan.originating import Placement, place
from offhook.drivers.local import LocalChannel
from offhook.pbx.causes import Cause
from offhook.pbx.originate import OriginateError
from offhook.pbx.party import PartyId, parse_caller_id
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari
    from offhook.pbx.channel import Channel

__all__ = ["check_ids", "created_with", "in_application", "set_variables"]

log = logging.getLogger(__name__)

NOT_FOUND = {404: "Channel not found"}
NOT_STASIS = {404: "Channel not found", 409: "Channel not in a Stasis application"}
_MOST_ID = 149


@operation("GET", "/channels", model="List[Channel]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all active channels."""
    return [ari.show(channel) for channel in ari.node.pbx.channels.values()]


@operation("GET", "/channels/{channelId}", model="Channel", errors=NOT_FOUND)
def get(ari: Ari, channelId: str) -> Json:
    """Get details of a channel."""
    return ari.show(ari.channel(channelId))


# ---------------------------------------------------------------- making channels


def check_ids(ari: Ari, endpoint: str, first: str, second: str) -> tuple[str, ...]:
    """The unique ids for the channels of a request.  Raises AriError: 400, 409."""
    if endpoint.lower().startswith("local/") and first and not second:
        second = f"{first};2"
    for one in (first, second):
        if len(one) > _MOST_ID:
            raise AriError(400, "Uniqueid length exceeds maximum")
        if one and one in ari.node.pbx.by_uniqueid:
            raise AriError(409, "Channel with given unique ID already exists")
    if first and first == second:
        raise AriError(409, "Channel with given unique ID already exists")
    return (first, second)


def _codecs(formats: str) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
    for name in wanted:
        if name not in ALL_CODECS:
            raise AriError(400, f"Provided format ({name}) was not found")
    return wanted


def _endpoint(endpoint: str) -> str:
    technology, slash, resource = endpoint.partition("/")
    if not technology or not slash or not resource:
        raise AriError(400, "Invalid endpoint specified")
    return endpoint


def set_variables(ari: Ari, leg: Channel, variables: dict[str, Any] | None) -> None:
    """Set the variables of a request on a channel; what cannot be set is in the log."""
    call = ari.node.runner.call_on(leg)
    for name, value, reported in given_variables(variables):
        try:
            call.assign(name, value or "")
        except DialplanError as error:
            log.warning("%s: ARI: %s cannot be set: %s", leg.name, name, error)
        if reported:
            ari.report(leg, name)


def hear(ari: Ari, app: str, channel: Channel) -> None:
    """Have an application hear of a channel that it made before that is in it, and behind."""
    if app in ari.apps:
        ari.apps[app].channels.add(channel.uniqueid)


def created_with(app: str, arguments: str) -> str:
    """What Stasis() is given for an application and its arguments."""
    return f"{app},{arguments}" if arguments else app


_ORIGINATE_ERRORS = {
    400: "Invalid parameters for originating a channel.",
    404: "Requested label can not be found",
    409: "Channel with given unique ID already exists.",
}


@operation("POST", "/channels", model="Channel", errors=_ORIGINATE_ERRORS, with_id="channelId")
async def originate(
    ari: Ari,
    endpoint: str,
    extension: str = "",
    context: str = "",
    priority: int = 0,
    label: str = "",
    app: str = "",
    appArgs: str = "",
    callerId: str = "",
    timeout: int = 30,
    variables: dict[str, Any] | None = None,
    channelId: str = "",
    otherChannelId: str = "",
    originator: str = "",
    formats: str = "",
) -> Json:
    """Call an endpoint; when it answers the channel goes to an application or an extension."""
    node = ari.node
    if not endpoint:
        raise AriError(400, "Endpoint must be specified")
    if originator and formats:
        raise AriError(400, "Originator and formats can't both be specified")
    number = priority or 1
    if not app:
        if not extension:
            raise AriError(400, "Application or extension must be specified")
        context = context or "default"
        if label:
            call = node.runner.call_without_channel(node.pbx)
            try:
                number = call.resolve_priority(context, extension, label)
            except ApplicationError:
                raise AriError(404, "Requested label can not be found") from None
    ids = check_ids(ari, endpoint, channelId, otherChannelId)
    from_channel = ari.node.pbx.channel(originator) if originator else None
    if originator and from_channel is None:
        raise AriError(400, "Provided originator channel was not found")
    name, caller_number = parse_caller_id(callerId)
    given = given_variables(variables)
    placement = Placement(
        _endpoint(endpoint),
        context or "default",
        extension or "s",
        number,
        "Stasis" if app else "",
        created_with(app, appArgs) if app else "",
        float(timeout) if timeout > 0 else 1e6,
        PartyId(caller_number, name),
        [(one.name, one.value or "") for one in given],
        "",
        False,
        _codecs(formats),
        ids,
    )
    loop = asyncio.get_running_loop()
    made: asyncio.Future[Channel] = loop.create_future()

    def created(channel: Channel) -> None:
        if from_channel is not None:
            channel.linkedid = from_channel.linkedid
        for one in given:
            if one.reported:
                ari.report(channel, one.name)
        hear(ari, app, channel)
        if isinstance(channel, LocalChannel) and channel.other is not None:
            hear(ari, app, channel.other)
        if not made.done():
            made.set_result(channel)

    async def work() -> None:
        try:
            await place(node.pbx, node.runner, placement, created=created)
        except (OriginateError, CannotDialError) as error:
            log.info("ARI: originate: %s", error)
            if not made.done():
                made.set_exception(AriError(500, "Allocation failed"))
        finally:
            if not made.done():
                made.set_exception(AriError(500, "Allocation failed"))

    node.runner.spawn(work(), f"originate {endpoint}")
    return ari.show(await made)


@operation("POST", "/channels/create", model="Channel", errors=_ORIGINATE_ERRORS)
def create(
    ari: Ari,
    endpoint: str,
    app: str,
    appArgs: str = "",
    channelId: str = "",
    otherChannelId: str = "",
    originator: str = "",
    formats: str = "",
    variables: dict[str, Any] | None = None,
) -> Json:
    """Make a channel and put it into an application; `dial` calls its far end."""
    node = ari.node
    if originator and formats:
        raise AriError(400, "Originator and formats can't both be specified")
    ids = check_ids(ari, endpoint, channelId, otherChannelId)
    codecs = _codecs(formats)
    from_channel = node.pbx.channel(originator) if originator else None
    if originator and from_channel is None:
        raise AriError(400, "Provided originator channel was not found")
    try:
        with node.pbx.assigned_ids(ids):
            legs = node.pbx.request(_endpoint(endpoint), caller=from_channel)
    except CannotDialError as error:
        raise AriError(500, f"Unable to create channel: {error}") from None
    leg, *others = legs
    for other in others:
        other.hangup(Cause.NORMAL_CLEARING)
    leg.codecs = codecs
    if from_channel is not None:
        leg.linkedid = from_channel.linkedid
    set_variables(ari, leg, variables)
    hear(ari, app, leg)
    shown = ari.show(leg)
    ari.dial_strings[leg.uniqueid] = endpoint.partition("/")[2]
    leg.when_ended(lambda: ari.forget_dial_string(leg.uniqueid))
    node.runner.spawn(in_application(ari, leg, created_with(app, appArgs)), f"Stasis on {leg.name}")
    return shown


async def in_application(ari: Ari, leg: Channel, data: str) -> None:
    """Run Stasis() on a leg that has no dialplan; it ends with that."""
    try:
        await leg.lend(ari.node.runner.run_application_on(leg, "Stasis", data))
    except Hangup:
        pass
    except DialplanError as error:
        log.warning("%s: Stasis: %s", leg.name, error)
    finally:
        if leg.task is None:
            leg.hangup()


@operation(
    "POST",
    "/channels/{channelId}/dial",
    errors={404: "Channel cannot be found.", 409: "Channel cannot be dialed."},
)
def dial(ari: Ari, channelId: str, caller: str = "", timeout: int = 0) -> None:
    """Call the far end of a channel that `create` made."""
    control = ari.control(channelId)
    if timeout < 0:
        raise AriError(400, "Invalid timeout")
    from_channel = ari.node.pbx.channel(caller) if caller else None
    destination = ari.dial_strings.pop(control.channel.uniqueid, None)
    if destination is None or control.channel.state:
        raise AriError(409, "Channel is not in the 'Down' state")
    control.dial(destination, from_channel, float(timeout))


# ---------------------------------------------------------------- the end, and where it goes on

_REASONS = {
    "normal": Cause.NORMAL_CLEARING,
    "busy": Cause.USER_BUSY,
    "congestion": Cause.NORMAL_CIRCUIT_CONGESTION,
    "no_answer": Cause.NO_ANSWER,
    "timeout": Cause.RECOVERY_ON_TIMER_EXPIRE,
    "rejected": Cause.CALL_REJECTED,
    "unallocated": Cause.UNALLOCATED,
    "normal_unspecified": Cause.NORMAL_UNSPECIFIED,
    "number_incomplete": Cause.INVALID_NUMBER_FORMAT,
    "codec_mismatch": Cause.BEARERCAPABILITY_NOTAVAIL,
    "interworking": Cause.INTERWORKING,
    "failure": Cause.NETWORK_OUT_OF_ORDER,
    "answered_elsewhere": Cause.ANSWERED_ELSEWHERE,
}


@operation("DELETE", "/channels/{channelId}", errors={400: "Invalid reason for hangup provided", **NOT_FOUND})
def hangup(ari: Ari, channelId: str, reason_code: str = "", reason: str = "") -> None:
    """Hang up a channel, with a cause by its number or by a word."""
    channel = ari.channel(channelId)
    cause: int = Cause.NORMAL_CLEARING
    if reason_code and reason:
        raise AriError(400, "The reason and reason_code query parameters can't both be specified")
    if reason_code:
        if not reason_code.isdecimal() or not 0 <= int(reason_code) <= 127:
            raise AriError(400, "Invalid Reason Code")
        cause = int(reason_code)
    elif reason:
        found = _REASONS.get(reason.lower())
        if found is None:
            raise AriError(400, "Invalid Reason")
        cause = found
    channel.request_hangup(cause)


@operation("POST", "/channels/{channelId}/continue", errors=NOT_STASIS)
def continueInDialplan(
    ari: Ari, channelId: str, context: str = "", extension: str = "", priority: int = 0, label: str = ""
) -> None:
    """Let a channel leave its application and go on in the dialplan."""
    control = ari.control(channelId)
    channel = control.channel
    target: int | str = priority
    if label:
        try:
            target = control.call.resolve_priority(
                context or channel.context, extension or channel.exten, label
            )
        except ApplicationError:
            raise AriError(404, "Requested label can not be found") from None
    control.resume(context or None, extension or None, target)


@operation("POST", "/channels/{channelId}/move", errors=NOT_STASIS)
def move(ari: Ari, channelId: str, app: str, appArgs: str = "") -> None:
    """Hand a channel over to another application."""
    control = ari.control(channelId)
    found = ari.apps.get(app)
    if found is None:
        raise AriError(404, "Application not found")
    control.move(found, appArgs.split(",") if appArgs else [])
