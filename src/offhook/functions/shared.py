"""SHARED: variables that several channels see."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.pbx.channel import Channel

__all__: list[str] = []

_shared: WeakKeyDictionary[Channel, dict[str, str]] = WeakKeyDictionary()


def _channel(call: Call, name: str) -> Channel:
    if not name.strip():
        return call.channel
    found = call.channel.pbx.channel(name.strip())
    if found is None:
        raise FunctionError(f"SHARED: there is no channel {name}")
    return found


@function("SHARED")
def shared(call: Call, varname: str, channel: str = "") -> str:
    """A shared variable of this channel, or of another one by its name or unique id.

    Shared variables are apart from the others: any channel may read and write those of any other, and
    nothing inherits them.

    Args:
        varname: the variable.
        channel: whose it is; this one's without.
    """
    return _shared.get(_channel(call, channel), {}).get(varname.strip(), "")


@shared.writer
def set_shared(call: Call, value: str, varname: str, channel: str = "") -> None:
    """Set a shared variable of this channel, or of another one; an empty value forgets it."""
    variables = _shared.setdefault(_channel(call, channel), {})
    if value:
        variables[varname.strip()] = value
    else:
        variables.pop(varname.strip(), None)
