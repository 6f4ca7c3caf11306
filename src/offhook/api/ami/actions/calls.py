"""Actions that end and move calls: Hangup, Redirect, AbsoluteTimeout, SendText, PlayDTMF."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.protocol import field
from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import ApplicationError, RegexError
from offhook.drivers.local import LocalChannel, LocalOptimizer
from offhook.pbx.causes import Cause
from offhook.pbx.channel import NotSupportedByChannelError
from offhook.pbx.events import PlaybackControl
from offhook.pbx.text import TextDetails

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__: list[str] = []

_LAST_CAUSE = 127


@action(
    "Hangup",
    "system",
    "call",
    missing="No channel specified",
    sends=("ChannelHungup", "ChannelsHungupListComplete"),
)
def hangup(request: Request, channel: str, cause: str = "") -> str | Listing:
    """Hang up a channel.

    Args:
        channel: its name; or a regular expression between slashes, for all channels it matches.
        cause: the hangup cause, a number; 16 without it.
    """
    number = int(Cause.NORMAL_CLEARING)
    if cause:
        if not cause.isdecimal() or not 0 <= int(cause) <= _LAST_CAUSE:
            raise ActionError(f"Invalid 'Cause: {cause}' in manager action Hangup")
        number = int(cause) or number
    if len(channel) > 2 and channel.startswith("/") and channel.endswith("/"):
        return _hang_up_all(request, channel[1:-1], number)
    find_channel(request, channel).request_hangup(number)
    return "Channel Hungup"


def _hang_up_all(request: Request, expression: str, cause: int) -> Listing:
    try:
        compiled = compile_ere(expression)
    except RegexError as error:
        raise ActionError(f"Regex compile failed on: {expression}: {error}") from None
    hung_up = [one for one in list(request.pbx.channels.values()) if compiled.search(one.name)]
    for one in hung_up:
        one.request_hangup(cause)
    items = [("ChannelHungup", field("Channel", one.name)) for one in hung_up]
    return Listing("Channels hung up will follow", "ChannelsHungupListComplete", items)


@action("Redirect", "call", missing="Channel not specified")
def redirect(
    request: Request,
    channel: str,
    exten: str = "",
    context: str = "",
    priority: str = "",
    extra_channel: str = "",
    extra_exten: str = "",
    extra_context: str = "",
    extra_priority: str = "",
) -> str:
    """Send a channel elsewhere in the dialplan, or two at once: the two of a call.

    Args:
        channel: its name.
        exten: the extension.
        context: the context; where the channel is, when it is left out.
        priority: a number or label; 1 when it is left out.
        extra_channel: a second channel.
        extra_exten: its extension; `exten` when this and the next two are left out.
        extra_context: its context.
        extra_priority: its priority.
    """
    first = _redirectable(request, channel)
    target = _place(request, first, context, exten, priority, "Priority")
    second, second_target = None, target
    if extra_channel:
        second = _redirectable(request, extra_channel)
        if extra_exten or extra_context or extra_priority:
            second_target = _place(
                request, second, extra_context, extra_exten, extra_priority, "ExtraPriority"
            )
    if second is None:
        first.redirect(*target)
        return "Redirect successful"
    # Neither may find the other gone meanwhile: both leave their bridge before one of them runs.
    first.redirect(*target)
    second.redirect(*second_target)
    return "Dual Redirect successful"


def _redirectable(request: Request, name: str) -> Channel:
    found = find_channel(request, name, f"Channel does not exist: {name}")
    if found.hangup_requested:
        raise ActionError(f"Redirect failed, channel not up: {name}")
    return found


def _place(
    request: Request, channel: Channel, context: str, exten: str, priority: str, title: str
) -> tuple[str, str, int]:
    context, exten = context or channel.context, exten or channel.exten
    if not priority:
        return context, exten, 1
    try:
        number = request.node.runner.call_on(channel).resolve_priority(context, exten, priority)
    except ApplicationError:
        raise ActionError(f"{title} is invalid") from None
    return context, exten, number


@action("AbsoluteTimeout", "system", "call", missing="No channel specified")
def absolute_timeout(request: Request, channel: str, timeout: int = 0) -> str:
    """End a call in so many seconds.

    Args:
        channel: its name.
        timeout: seconds; 0: never.
    """
    if not timeout and request.message.get("Timeout") != "0":
        raise ActionError("No timeout specified")
    found = find_channel(request, channel)
    if found.task is None:
        raise ActionError("The channel runs no dialplan")
    request.node.runner.call_on(found).set_absolute_timeout(timeout)
    return "Timeout Set"


@action("SendText", "call", missing="No channel specified", headers={"content_type": "Content-Type"})
def send_text(request: Request, channel: str, message: str = "", content_type: str = "") -> str:
    """Send text to the far end of a channel, within its call.

    Args:
        channel: its name.
        message: the text.
        content_type: its MIME type; text/plain without it.
    """
    if not message:
        raise ActionError("No Message specified")
    try:
        find_channel(request, channel).send_text(message, TextDetails(content_type))
    except NotSupportedByChannelError:
        raise ActionError("Failure") from None
    return "Success"


@action("LocalOptimizeAway", "system", "call", missing="'Channel' not specified.")
def local_optimize_away(request: Request, channel: str) -> str:
    """Let a Local channel that was dialled with `/n` leave the call when both its halves talk.

    Args:
        channel: the name of a half.
    """
    found = find_channel(request, channel, "Channel does not exist.")
    optimizer = request.pbx.service(LocalOptimizer)
    if not isinstance(found, LocalChannel) or optimizer is None:
        raise ActionError("Unable to optimize channel")
    optimizer.allow(found)
    return "Queued channel to be optimized away"


@action("SendFlash", "call", missing="Channel not specified")
def send_flash(request: Request, channel: str, receive: bool = False) -> str:
    """Send a hook flash to the far end of a channel, or act as if it had made one.

    Args:
        channel: its name.
        receive: as if the far end had made it.
    """
    found = find_channel(request, channel, "Channel not found")
    if receive:
        found.flash_received()
        return "Flash successfully queued"
    try:
        found.send_flash()
    except NotSupportedByChannelError as error:
        raise ActionError(str(error)) from None
    return "Flash successfully queued"


@action("MuteAudio", "system", missing="Channel not specified")
def mute_audio(request: Request, channel: str, direction: str, state: str) -> str:
    """Have nothing heard from a channel, or let it hear nothing.

    Args:
        channel: its name.
        direction: `in` (nothing is heard from it), `out` (it hears nothing) or `all`.
        state: `on` or `off`.
    """
    found = find_channel(request, channel, "Channel not found")
    if direction not in ("in", "out", "all") or state.lower() not in ("on", "off"):
        raise ActionError("Direction is in, out or all, and State on or off")
    if found.media is None:
        raise ActionError("Failed to mute/unmute stream")
    on = state.lower() == "on"
    receive, send = found.muted
    receive = on if direction in ("in", "all") else receive
    send = on if direction in ("out", "all") else send
    found.mute(receive=receive, send=send)
    return "Success"


_CONTROLS = ("stop", "forward", "reverse", "pause", "restart")


@action("ControlPlayback", "call", missing="Channel not specified")
def control_playback(request: Request, channel: str, control: str = "") -> str:
    """Wind, halt or end what a channel's dialplan plays to it.

    Args:
        channel: its name.
        control: stop, forward, reverse (by 3 s), pause (again to go on) or restart.
    """
    what = control.lower()
    if what not in _CONTROLS:
        raise ActionError(f"Control is one of {', '.join(_CONTROLS)}")
    found = find_channel(request, channel, "Channel does not exist")
    found.deliver(PlaybackControl(found, what))
    return "Playback control queued"


_DIGITS = frozenset("0123456789*#ABCDabcd")


@action("PlayDTMF", "call", missing="Channel not specified")
async def play_dtmf(
    request: Request, channel: str, digit: str = "", duration: int = 0, receive: bool = False
) -> str:
    """Send a DTMF digit to the far end of a channel, or act as if it had pressed one.

    Args:
        channel: its name.
        digit: 0 to 9, *, #, A to D.
        duration: milliseconds; 100 without it.
        receive: as if the far end had pressed it.
    """
    found = find_channel(request, channel, "Channel not found")
    if not digit:
        raise ActionError("No digit specified")
    if digit[0] not in _DIGITS:
        raise ActionError(f"{digit[0]!r} is no digit")
    milliseconds = min(max(duration, 0), 60_000) or 100
    if receive:
        found.receive_digit(digit[0].upper(), milliseconds)
        return "DTMF successfully queued"
    try:
        found.send_digit(digit[0].upper(), milliseconds)
    except NotSupportedByChannelError as error:
        raise ActionError(str(error)) from None
    # Digits asked for one after the other are sent so, and the answer says that this one is out.
    await asyncio.sleep(milliseconds / 1000)
    return "DTMF successfully queued"
