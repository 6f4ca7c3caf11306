"""Actions on the message counts of mailboxes: MWIGet, MWIUpdate, MWIDelete, MailboxCount, MailboxStatus."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ActionError, Listing, Reply, Request, action
from offhook.api.ami.protocol import field
from offhook.features.astdb import AstDbError
from offhook.features.mailboxes import Counts
from offhook.features.realtime import RealtimeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__: list[str] = []


def _wanted(mailbox: str) -> Callable[[str], bool]:
    """Which mailboxes `name`, or `/regular expression/`, means."""
    if len(mailbox) < 2 or mailbox[0] != "/" or mailbox[-1] != "/":
        return lambda name: name == mailbox
    try:
        pattern = re.compile(mailbox[1:-1])
    except re.error as error:
        raise ActionError(f"Mailbox: {mailbox} is no regular expression: {error}") from None
    return lambda name: pattern.search(name) is not None


async def _matching(request: Request, mailbox: str) -> list[tuple[str, Counts]]:
    wanted, mailboxes = _wanted(mailbox), request.node.mailboxes
    try:
        await mailboxes.refresh()
    except RealtimeError as error:
        raise ActionError(str(error)) from None
    return [(name, counts) for name, counts in mailboxes.items() if wanted(name)]


@action(
    "MWIGet",
    "call",
    "reporting",
    missing="Missing mailbox parameter in request",
    sends=("MWIGet", "MWIGetComplete"),
)
async def mwi_get(request: Request, mailbox: str) -> Listing:
    """Show the message counts of mailboxes.

    Args:
        mailbox: its name, or `/regular expression/` for several.
    """
    items = [
        (
            "MWIGet",
            field("Mailbox", name) + field("OldMessages", counts.old) + field("NewMessages", counts.new),
        )
        for name, counts in await _matching(request, mailbox)
    ]
    return Listing("Mailboxes will follow", "MWIGetComplete", items)


@action(
    "MWIUpdate",
    "call",
    missing="Missing mailbox parameter in request",
    headers={"old_messages": "OldMessages", "new_messages": "NewMessages"},
)
async def mwi_update(request: Request, mailbox: str, old_messages: int = 0, new_messages: int = 0) -> Reply:
    """Set the message counts of a mailbox.

    Args:
        mailbox: its name.
        old_messages: how many are old.
        new_messages: how many are new.
    """
    if old_messages < 0 or new_messages < 0:
        raise ActionError("Counts must not be negative")
    try:
        await request.node.mailboxes.set(mailbox, Counts(new_messages, old_messages))
    except (AstDbError, RealtimeError) as error:
        raise ActionError(f"Could not update mailbox: {error}") from None
    return Reply()


@action("MWIDelete", "call", missing="Missing mailbox parameter in request")
async def mwi_delete(request: Request, mailbox: str) -> Reply:
    """Forget the message counts of mailboxes; their lamps go out.

    Args:
        mailbox: its name, or `/regular expression/` for several.
    """
    for name, _ in await _matching(request, mailbox):
        try:
            await request.node.mailboxes.remove(name)
        except (AstDbError, RealtimeError) as error:
            raise ActionError(f"Could not delete {name}: {error}") from None
    return Reply()


@action("MailboxCount", "call", "reporting", missing="Mailbox not specified")
def mailbox_count(request: Request, mailbox: str) -> Reply:
    """Show how many messages a mailbox has.

    Args:
        mailbox: its name, `mailbox@context`.
    """
    counts = request.node.mailboxes.get(mailbox) or Counts(0, 0)
    return Reply(
        "Mailbox Message Count",
        field("Mailbox", mailbox)
        + field("UrgMessages", 0)
        + field("NewMessages", counts.new)
        + field("OldMessages", counts.old),
    )


@action("MailboxStatus", "call", "reporting", missing="Mailbox not specified")
def mailbox_status(request: Request, mailbox: str) -> Reply:
    """Show whether new messages wait in mailboxes.

    Args:
        mailbox: names separated by commas.
    """
    mailboxes = request.node.mailboxes
    known = (mailboxes.get(name.strip()) for name in mailbox.split(","))
    waiting = any(counts is not None and counts.new for counts in known)
    return Reply("Mailbox Status", field("Mailbox", mailbox) + field("Waiting", int(waiting)))
