"""Events of records: what a call was (Cdr), what happened to a channel (CEL), who took a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.ami.announce import shows
from offhook.api.ami.protocol import field
from offhook.features.mailboxes import MailboxChanged
from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.api.ami.shape import Shape

__all__: list[str] = []


@shows(events.CdrReported, "Cdr", classes="cdr")
def cdr(shape: Shape, event: events.CdrReported) -> str:
    """A call record is finished (cdr_manager.conf)."""
    return "".join(field(name, value) for name, value in event.headers)


@shows(events.CelReported, "CEL", classes="call")
def cel(shape: Shape, event: events.CelReported) -> str:
    """Something happened to a channel that cel.conf wants recorded."""
    return "".join(field(name, value) for name, value in event.headers)


@shows(events.CallPickedUp, "Pickup", classes="call")
def pickup(shape: Shape, event: events.CallPickedUp) -> str:
    """A channel has taken a call that rang elsewhere."""
    return shape.channel(event.by) + shape.channel(event.target, "Target")


@shows(MailboxChanged, "MessageWaiting", classes="call")
def message_waiting(shape: Shape, event: MailboxChanged) -> str:
    """The message counts of a mailbox are others."""
    new, old = event.counts
    return (
        field("Mailbox", event.mailbox)
        + field("Waiting", int(new > 0))
        + field("New", new)
        + field("Old", old)
    )
