"""Applications that tell programs outside something: UserEvent."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.pbx.events import UserEvent

__all__: list[str] = []


@application("UserEvent")
def user_event(call: Call, eventname: str, *body: str) -> None:
    """Send an event of your own to the programs that listen (AMI, ARI).

    Args:
        eventname: what it is called.
        body: further headers, each `Name: value`.
    """
    headers: list[tuple[str, str]] = []
    for line in body:
        name, _, value = line.partition(":")
        headers.append((name.strip(), value.strip()))
    channel = call.channel
    channel.pbx.bus.emit(UserEvent, eventname, headers, channel)
