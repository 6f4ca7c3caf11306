"""QueueLog: a line of a program's own in the queue log."""

from __future__ import annotations

from offhook.api.ami.declare import Request, action

__all__: list[str] = []


@action("QueueLog", "agent", missing="Need 'Queue' and 'Event' parameters.")
def queue_log(
    request: Request, queue: str, event: str, uniqueid: str = "", interface: str = "", message: str = ""
) -> str:
    """Write an event to the queue log.

    Args:
        queue: the queue that it is about.
        event: what has happened.
        uniqueid: the caller's unique id.
        interface: the member.
        message: what belongs to it.
    """
    request.node.records.queue_log.write(queue, uniqueid, interface, event, *([message] if message else ()))
    return "Event added successfully"
