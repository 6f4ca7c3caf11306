"""MIXMONITOR(): what is known of a recording that goes on."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.features.call_recording import call_recordings_of

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
