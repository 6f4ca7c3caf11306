"""Actions that show channels and read and set their variables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ActionError, Listing, Reply, Request, action
from offhook.api.ami.protocol import field
from offhook.dialplan.errors import DialplanError
from offhook.pbx.events import GlobalVariableSet

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["find_channel"]


def find_channel(request: Request, name: str, missing: str = "No such channel") -> Channel:
    """A channel by its name or unique id.

    Raises:
        ActionError: there is none.
    """
    found = request.pbx.channel(name)
    if found is None:
        raise ActionError(missing)
    return found


def _call(request: Request, channel: str) -> Call:
    runner = request.node.runner
    if not channel:
        return runner.call_without_channel(request.pbx)
    return runner.call_on(find_channel(request, channel))


@action("Getvar", "call", "reporting", missing="No variable specified")
def get_variable(request: Request, variable: str, channel: str = "") -> Reply:
    """Read a variable or function, of a channel or global.

    Args:
        variable: a name, or a function with its arguments: `CALLERID(num)`.
        channel: whose; without it a global variable.
    """
    call = _call(request, channel)
    if variable.endswith(")"):
        name, _, arguments = variable[:-1].partition("(")
        try:
            function = call.find_function(name.strip())
            if function.read is None:
                raise ActionError("Unable to read variable") from None
            with call.from_outside():
                value = function.read(call, *function.bind_read(arguments))
        except DialplanError:
            value = ""
    elif channel:
        with call.from_outside():
            value = call.get(variable)
    else:
        value = request.node.runner.globals.get(variable, "") or call.get(variable)
    return Reply(fields=field("Variable", variable) + field("Value", value))


@action("Setvar", "call", missing="No variable specified")
def set_variable(request: Request, variable: str, value: str = "", channel: str = "") -> str:
    """Set a variable or function, of a channel or global.

    Args:
        variable: a name, or a function with its arguments.
        value: to what.
        channel: whose; without it a global variable.
    """
    call = _call(request, channel)
    try:
        if channel or variable.endswith(")"):
            with call.from_outside():
                call.assign(variable, value)
        else:
            request.node.runner.globals[variable] = value
            request.pbx.bus.emit(GlobalVariableSet, variable, value)
    except DialplanError as error:
        raise ActionError(f"Variable set failed: {error}") from None
    return "Variable Set"


def _duration(seconds: float) -> str:
    hours, rest = divmod(max(0, int(seconds)), 3600)
    return f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"


@action("CoreShowChannels", "system", "reporting", sends=("CoreShowChannel", "CoreShowChannelsComplete"))
def core_show_channels(request: Request) -> Listing:
    """List the channels."""
    shape, now = request.session.server.shape, request.pbx.wall_clock()

    def items() -> Iterable[tuple[str, str]]:
        for channel in list(request.pbx.channels.values()):
            bridge = channel.bridge.uniqueid if channel.bridge is not None else ""
            yield (
                "CoreShowChannel",
                shape.channel(channel)
                + field("BridgeId", bridge)
                + field("Application", channel.application)
                + field("ApplicationData", channel.application_data)
                + field("Duration", _duration(now - channel.created_at)),
            )

    return Listing("Channels will follow", "CoreShowChannelsComplete", items())


@action(
    "CoreShowChannelMap",
    "system",
    "reporting",
    missing="CoreShowChannelMap requires a channel.",
    sends=("CoreShowChannelMap", "CoreShowChannelMapComplete"),
)
def core_show_channel_map(request: Request, channel: str) -> Listing:
    """List the channels that a channel is in a call with, directly or through others.

    Args:
        channel: its name.
    """
    start = find_channel(request, channel)
    seen: list[Channel] = [start]
    for one in seen:  # it grows while it is walked
        bridged = one.bridge.channels if one.bridge is not None else ()
        other: Channel | None = getattr(one, "other", None)  # the other half of a Local channel
        seen.extend(found for found in (*bridged, other) if found is not None and found not in seen)
    lines = "".join(field("ConnectedChannel", one.name) for one in seen[1:])
    return Listing(
        "Channel map will follow",
        "CoreShowChannelMapComplete",
        [("CoreShowChannelMap", lines)] if lines else [],
    )


@action("Status", "system", "call", "reporting", sends=("Status", "StatusComplete"))
def status(request: Request, channel: str = "", variables: str = "", all_variables: bool = False) -> Listing:
    """Show channels with their state.

    Args:
        channel: only this one.
        variables: names of variables and functions to show, separated by commas.
        all_variables: show every variable of the channel.
    """
    channels = [find_channel(request, channel)] if channel else list(request.pbx.channels.values())
    names = [name.strip() for name in _split(variables)] if variables else []

    def items() -> Iterable[tuple[str, str]]:
        for one in channels:
            if not one.ended:
                yield "Status", f"Privilege: Call\r\n{_status(request, one, names, all_variables)}"

    count = field("Items", len(channels))
    return Listing("Channel status will follow", "StatusComplete", items(), fields=count)


def _split(variables: str) -> list[str]:
    """Names separated by commas; those between parentheses belong to a function's arguments."""
    found, depth = [""], 0
    for char in variables:
        depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0:
            found.append("")
        else:
            found[-1] += char
    return [name for name in found if name]


def _status(request: Request, channel: Channel, names: list[str], all_variables: bool) -> str:
    now = request.pbx.wall_clock()
    call = request.node.runner.call_on(channel)
    connected = channel.connected
    left = call.timeouts.absolute_at - request.pbx.loop.time() if call.timeouts.timer is not None else 0
    bridge = channel.bridge.uniqueid if channel.bridge is not None else ""
    codec = "slin" if channel.technology == "Local" else channel.audio_codec
    lines = (
        request.session.server.shape.channel(channel)
        + field("Type", channel.technology)
        + field("DNID", channel.dialed)
        + field("EffectiveConnectedLineNum", connected.number or "<unknown>")
        + field("EffectiveConnectedLineName", connected.name or "<unknown>")
        + field("TimeToHangup", max(0, int(left)))
        + field("BridgeID", bridge)
        + field("Application", channel.application)
        + field("Data", channel.application_data)
        + field("Nativeformats", f"({codec})")
        + field("Readformat", codec)
        + field("Readtrans", "")
        + field("Writeformat", codec)
        + field("Writetrans", "")
        + field("Callgroup", 0)
        + field("Pickupgroup", 0)
        + field("Seconds", int(now - (channel.answered_at or channel.created_at)))
    )
    for name in names:
        value = call.get(name) if not name.endswith(")") else call.call_function(*_function(name))
        lines += field("Variable", f"{name}={value}")
    if all_variables:
        for name, value in list(channel.variables.items()):
            if name not in names:
                lines += field("Variable", f"{name}={value}")
    return lines


def _function(text: str) -> tuple[str, str]:
    name, _, arguments = text[:-1].partition("(")
    return name, arguments
