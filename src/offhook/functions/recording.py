"""MIXMONITOR() and RECORDING_INFO(): what is known of a recording that goes on, and of one that is over."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.features.call_recording import call_recordings_of
from offhook.features.last_recording import last_recording_ms

__all__: list[str] = []


@function("MIXMONITOR")
def mixmonitor(call: Call, id: str, key: str) -> str:
    """What is known of a recording by MixMonitor().

    Args:
        id: what its option i gave.
        key: filename.
    """
    if key.strip().lower() != "filename":
        raise FunctionError(f"MIXMONITOR: there is filename, not {key!r}")
    found = call_recordings_of(call.channel.pbx).find(call.channel, id.strip())
    return found.files[0] if found is not None else ""


@function("RECORDING_INFO")
def recording_info(call: Call, property: str) -> str:
    """What is known of the last recording by Record().

    Args:
        property: duration, in milliseconds.
    """
    if property.strip().lower() != "duration":
        raise FunctionError(f"RECORDING_INFO: there is duration, not {property!r}")
    found = last_recording_ms(call.channel)
    if found is None:
        raise FunctionError("RECORDING_INFO: nothing has been recorded")
    return str(found)
