"""Applications that act on other channels: ChannelRedirect, SoftHangup, Originate, ChanIsAvail and others."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook import levels
from offhook.apps.dial_options import subroutine_of
from offhook.dialplan.call import parse_target
from offhook.dialplan.declare import Options, Raw, application, applications, flag, option, separated
from offhook.dialplan.errors import ApplicationError, DialplanError
from offhook.dialplan.originating import Placement, place
from offhook.features.device_states import DeviceState, DeviceStates
from offhook.pbx.causes import Cause
from offhook.pbx.channel import NotSupportedByChannelError
from offhook.pbx.originate import OriginateError
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError
from offhook.pbx.text import TextDetails

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []

log = logging.getLogger(__name__)


@application("ChannelRedirect")
def channel_redirect(call: Call, channel: str, target: Raw) -> None:
    """Have another channel go on elsewhere: ChannelRedirect(channel,[[context,]extension,]priority).

    What is left out is as on that channel.

    Sets:
        CHANNELREDIRECT_STATUS: SUCCESS, or NOCHANNEL when there is no such channel.
    """
    place = parse_target(target)
    other = call.channel.pbx.channel(channel.strip())
    if other is None:
        call.complain(f"ChannelRedirect: there is no channel {channel}")
        call.set_variable("CHANNELREDIRECT_STATUS", "NOCHANNEL")
        return
    theirs = call.runner.call_on(other)
    context = place.context or other.context
    exten = place.exten or other.exten
    priority = theirs.resolve_priority(context, exten, place.priority)
    if not theirs.exists(context, exten, priority):
        raise ApplicationError(f"ChannelRedirect: there is no priority {priority} in {exten}@{context}")
    call.set_variable("CHANNELREDIRECT_STATUS", "SUCCESS")
    other.redirect(context, exten, priority)


@dataclass(frozen=True, slots=True)
class SoftHangupOptions(Options):
    """The option letters of SoftHangup()."""

    all_of_device: bool = flag("a", "Hang up all channels of the device, not a single channel.")


_SOFT_HANGUP = SoftHangupOptions()


@application("SoftHangup")
def soft_hangup(call: Call, name: str, options: SoftHangupOptions = _SOFT_HANGUP) -> None:
    """Hang up another channel.

    Args:
        name: the channel (PJSIP/6001-00000001), or with option a the device (PJSIP/6001).
        options: a.
    """
    pbx = call.channel.pbx
    wanted = pbx.canonical(name.strip())
    if options.all_of_device:
        legs = list(pbx.by_device.get(wanted, ()))
    else:
        one = pbx.channel(wanted)
        legs = [one] if one is not None else list(pbx.by_device.get(wanted, ()))[:1]
    if not legs:
        call.complain(f"SoftHangup: there is no channel {name}")
    for leg in legs:
        leg.request_hangup(Cause.NORMAL_CLEARING)


@dataclass(frozen=True, slots=True)
class OriginateOptions(Options):
    """The option letters of Originate()."""

    asynchronous: bool = flag("a", "Do not wait for the answer.")
    before: str | None = option("b", "Gosub on the called channel before it is called.")
    before_caller: str | None = option("B", "Gosub on this channel before anybody is called.")
    codecs: str | None = option("C", "Codecs to offer, separated by commas.", required=True)
    caller_number: str | None = option("c", "The caller's number that the called party sees.", required=True)
    caller_name: str | None = option("n", "The caller's name that the called party sees.", required=True)
    variables: str | None = option("v", "Variables for the called channel: var1=a,var2=b.", required=True)


_ORIGINATE = OriginateOptions()
_STATUSES = {"BUSY": "BUSY", "CONGESTION": "CONGESTION", "NOANSWER": "RINGING", "CANCEL": "HANGUP"}

# Calls that are placed while the dialplan has gone on: a task that nobody keeps may be collected.
_placing: set[asyncio.Task[str]] = set()


@application("Originate")
async def originate_application(
    call: Call,
    tech_data: str,
    type: str,
    arg1: str,
    arg2: str = "",
    arg3: str = "",
    timeout: float = 30.0,
    options: OriginateOptions = _ORIGINATE,
) -> None:
    """Call somebody, and connect the call with an extension or an application, apart from this one.

    Args:
        tech_data: whom to call: Technology/Resource.
        type: app or exten.
        arg1: the application, or the context.
        arg2: its arguments, or the extension.
        arg3: the priority, 1 if not given.
        timeout: seconds that it may ring.
        options: see the letters.

    Sets:
        ORIGINATE_STATUS: SUCCESS, BUSY, CONGESTION, RINGING when nobody answered, HANGUP or FAILED.
    """
    call.set_variable("ORIGINATE_STATUS", "FAILED")
    kind = type.strip().lower()
    if kind not in ("app", "exten"):
        raise ApplicationError(f"Originate: {type!r} is neither app nor exten")
    if kind == "app" and arg1.strip() not in applications:
        raise ApplicationError(f"Originate: there is no application {arg1}")
    if options.before_caller is not None:
        await call.gosub(*subroutine_of(options.before_caller))
    priority = 1
    if kind == "exten" and arg3.strip():
        priority = call.resolve_priority(arg1.strip(), arg2.strip() or "s", arg3.strip())
    placement = Placement(
        tech_data.strip(),
        context=arg1.strip() if kind == "exten" else "default",
        exten=(arg2.strip() or "s") if kind == "exten" else "s",
        priority=priority,
        application=arg1.strip() if kind == "app" else "",
        data=arg2 if kind == "app" else "",
        timeout=timeout if timeout > 0 else 30.0,
        caller=PartyId(options.caller_number or "", options.caller_name or ""),
        variables=_variables(call, options.variables or ""),
        codecs=tuple(name.strip() for name in (options.codecs or "").split(",") if name.strip()),
        predial=(options.before or "").replace("^", ","),
    )
    placing = _place(call, placement)
    if options.asynchronous:
        task = call.channel.pbx.loop.create_task(placing, name=f"Originate of {call.channel.name}")
        _placing.add(task)
        task.add_done_callback(_placing.discard)
        call.set_variable("ORIGINATE_STATUS", "SUCCESS")
    else:
        call.set_variable("ORIGINATE_STATUS", await placing)


async def _place(call: Call, placement: Placement) -> str:
    """Place a call; the ORIGINATE_STATUS of it."""
    try:
        await place(call.channel.pbx, call.runner, placement)
    except OriginateError as error:
        return _STATUSES.get(error.status, "FAILED")
    except (CannotDialError, DialplanError) as error:
        log.warning("Originate: %s: %s", placement.destination, error)
        return "FAILED"
    return "SUCCESS"


def _variables(call: Call, text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for one in text.split(","):
        name, equals, value = one.partition("=")
        if equals and name.strip():
            found.append((name.strip(), value))
        elif one.strip():
            call.complain(f"Originate: v: {one!r} is not name=value")
    return found


@dataclass(frozen=True, slots=True)
class ChanIsAvailOptions(Options):
    """The option letters of ChanIsAvail()."""

    all_devices: bool = flag("a", "Look at all of them, not only for the first that is available.")
    in_use_counts: bool = flag("s", "A device that is in use is not available.")
    states_only: bool = flag("t", "Ask for the state only.")


_IS_AVAILABLE = ChanIsAvailOptions()
_UNAVAILABLE = (DeviceState.INVALID, DeviceState.UNAVAILABLE)


@application("ChanIsAvail")
def chan_is_avail(
    call: Call, devices: Annotated[list[str], separated("&")], options: ChanIsAvailOptions = _IS_AVAILABLE
) -> None:
    """Find out which of several devices could be called now.

    A channel is asked for and given back at once; nobody is called.

    Args:
        devices: Technology/Resource, separated by &.
        options: see the letters.

    Sets:
        AVAILCHAN: the names of the channels that there were, separated by &; empty when there was none.
        AVAILORIGCHAN: the devices that could be called, as they were given.
        AVAILSTATUS: the state of the last that was looked at, as a number (1 not in use, 2 in use ...).
        AVAILCAUSECODE: why the last one could not be called; 0 when one could.
    """
    states = call.channel.pbx.service(DeviceStates)
    names: list[str] = []
    available: list[str] = []
    last, cause = DeviceState.UNKNOWN, Cause.NO_ROUTE_DESTINATION
    in_use_counts = options.in_use_counts or options.states_only
    for device in devices:
        last = states.state(device) if states is not None else DeviceState.UNKNOWN
        busy = last is not DeviceState.NOT_INUSE if in_use_counts else last is DeviceState.BUSY
        if last in _UNAVAILABLE or busy or (options.states_only and last is DeviceState.UNKNOWN):
            continue
        try:
            names.append(device if options.states_only else _asked_for(call, device))
        except CannotDialError as error:
            cause = error.cause
            continue
        available.append(device)
        if not options.all_devices:
            break
    call.set_variable("AVAILCHAN", "&".join(names))
    call.set_variable("AVAILORIGCHAN", "&".join(available))
    call.set_variable("AVAILSTATUS", str(int(last)))
    call.set_variable("AVAILCAUSECODE", "0" if available else str(int(cause)))


def _asked_for(call: Call, device: str) -> str:
    """The name of a channel that could call a device, and that is given back.  Raises CannotDialError."""
    legs = call.channel.pbx.request(device, caller=call.channel)
    for leg in legs:
        leg.hangup()
    return legs[0].name


@application("SendText")
def send_text(call: Call, text: Raw = "") -> None:
    """Send a text to the caller's display, within the call.

    Args:
        text: what to send; the variable SENDTEXT_BODY if not given.

    Sets:
        SENDTEXTSTATUS: SUCCESS, FAILURE, or UNSUPPORTED by the channel's technology.
        SENDTEXTTYPE: ENHANCED or BASIC, as the technology carries more than the text or not; NONE when
            nothing was sent.

    The variables SENDTEXT_CONTENT_TYPE, SENDTEXT_FROM_DISPLAYNAME and SENDTEXT_TO_DISPLAYNAME say what the
    text is (text/plain if not given), and the names that it is from and to.
    """
    body = call.variables.get("SENDTEXT_BODY", "") or text
    call.set_variable("SENDTEXTTYPE", "NONE")
    if not body:
        call.set_variable("SENDTEXTSTATUS", "FAILURE")
        call.complain("SendText: there is no text")
        return
    details = TextDetails(
        call.variables.get("SENDTEXT_CONTENT_TYPE", ""),
        call.variables.get("SENDTEXT_FROM_DISPLAYNAME", ""),
        call.variables.get("SENDTEXT_TO_DISPLAYNAME", ""),
    )
    try:
        call.channel.send_text(body, details)
    except NotSupportedByChannelError:
        call.set_variable("SENDTEXTSTATUS", "UNSUPPORTED")
        return
    call.set_variable("SENDTEXTSTATUS", "SUCCESS")
    call.set_variable("SENDTEXTTYPE", "ENHANCED" if call.channel.text_details else "BASIC")


@application("DumpChan")
def dump_chan(call: Call, level: str = "") -> None:
    """Write everything about the channel to the log.

    Args:
        level: the verbose level from which it is written; always if not given.
    """
    channel = call.channel
    number = int(level) if level.strip().isdecimal() and len(level.strip()) < 4 else 0
    lines = [
        f"Name= {channel.name}",
        f"Type= {channel.technology}",
        f"UniqueID= {channel.uniqueid}",
        f"LinkedID= {channel.linkedid}",
        f"CallerIDNum= {channel.caller.number or '(N/A)'}",
        f"CallerIDName= {channel.caller.name or '(N/A)'}",
        f"ConnectedLineIDNum= {channel.connected.number or '(N/A)'}",
        f"DNIDDigits= {channel.dialed or '(N/A)'}",
        f"State= {channel.state.name} ({int(channel.state)})",
        f"Context= {channel.context}",
        f"Extension= {channel.exten}",
        f"Priority= {channel.priority}",
        f"Application= {channel.application}",
        f"Data= {channel.application_data}",
        "Variables:",
        *(f"{name}={value}" for name, value in channel.variables.items()),
    ]
    text = "\n".join(lines)
    logging.getLogger("offhook.dialplan.verbose").log(levels.verbose(number), "DumpChan:\n%s", text)
