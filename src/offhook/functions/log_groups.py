"""LOG_GROUP: whose log lines consoles show (`logger filter changroup`)."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, write_only_function
from offhook.features.log_groups import log_groups_of

__all__: list[str] = []


@write_only_function("LOG_GROUP")
def log_group(call: Call, value: str, group: Raw = "") -> None:
    """Put the call into a group of the log: Set(LOG_GROUP()=group); an empty one takes it out of any.

    `logger filter changroup GROUP` has consoles show calls of chosen groups only.
    """
    log_groups_of(call.channel.pbx).put(call.channel, value.strip() or group.strip())
