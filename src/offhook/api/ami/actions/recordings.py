"""Actions that record calls."""

from __future__ import annotations

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Reply, Request, action
from offhook.api.ami.protocol import field
from offhook.apps.mixmonitor import MixMonitorOptions, start
from offhook.dialplan.errors import ApplicationError, ArgumentError
from offhook.features.call_recording import call_recordings_of
from offhook.pbx.events import TestEvent

__all__: list[str] = []

_DIRECTIONS = ("read", "write", "both")


@action("MixMonitor", "system", missing="No channel specified")
def mixmonitor(request: Request, channel: str, file: str = "", options: str = "", command: str = "") -> Reply:
    """Record what a channel hears and says, mixed.

    Args:
        channel: whom to record.
        file: `name.format`, in the recordings folder unless it is an absolute path.
        options: the option letters of the application MixMonitor.
        command: for the system's shell when the file is complete.
    """
    found = find_channel(request, channel, "Channel not found")
    call = request.node.runner.call_on(found)
    try:
        recording = start(call, file, MixMonitorOptions.parse(options), command)
    except (ApplicationError, ArgumentError) as error:
        raise ActionError(f"Could not start monitoring channel: {error}") from error
    return Reply("Success", field("MixMonitorID", recording.id))


@action(
    "StopMixMonitor",
    "call",
    "system",
    missing="No channel specified",
    headers={"mixmonitor_id": "MixMonitorID"},
)
def stop_mixmonitor(request: Request, channel: str, mixmonitor_id: str = "") -> str:
    """End recordings of a channel.

    Args:
        channel: whose.
        mixmonitor_id: one of them; without it all.
    """
    found = find_channel(request, channel, "Could not find channel")
    if not call_recordings_of(request.pbx).stop(found, mixmonitor_id):
        raise ActionError("Could not stop monitoring channel")
    return "Success"


@action(
    "MixMonitorMute",
    "call",
    "system",
    missing="No channel specified",
    headers={"mixmonitor_id": "MixMonitorID"},
)
def mixmonitor_mute(
    request: Request, channel: str, direction: str = "both", state: str = "", mixmonitor_id: str = ""
) -> str:
    """Write silence in place of a direction into recordings of a channel, or no longer.

    Args:
        channel: whose.
        direction: read (what it says), write (what it hears) or both.
        state: 1 for silence, 0 for what there is.
        mixmonitor_id: one of the recordings; without it all.
    """
    found = find_channel(request, channel, "No such channel")
    direction = direction.strip().lower() or "both"
    if direction not in _DIRECTIONS:
        raise ActionError("Invalid direction specified")
    if not state.strip():
        raise ActionError("No state specified")
    on = state.strip().lower() in ("1", "yes", "true", "on")
    count = call_recordings_of(request.pbx).mute(found, direction, on, mixmonitor_id)
    if not count:
        raise ActionError("Cannot set mute flag")
    if not mixmonitor_id:
        said = (("Channel", found.name), ("Source", "MixMonitor"), ("Count", str(count)))
        request.pbx.bus.emit(TestEvent, "AUDIOHOOK_GROUP_MUTE_TOGGLE", said)
    return "Success"
