"""Mailboxes: message counts that an application tells, for the lamps of phones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.features.mailboxes import Counts

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_NOT_FOUND = {404: "Mailbox not found"}


def _json(name: str, counts: Counts) -> Json:
    return {"name": name, "old_messages": counts.old, "new_messages": counts.new}


@operation("GET", "/mailboxes", model="List[Mailbox]", nickname="list")
def list_all(ari: Ari) -> Any:
    """List all mailboxes."""
    return [_json(name, counts) for name, counts in ari.node.mailboxes.items()]


@operation("GET", "/mailboxes/{mailboxName}", model="Mailbox", errors=_NOT_FOUND)
def get(ari: Ari, mailboxName: str) -> Json:
    """Get the counts of a mailbox."""
    found = ari.node.mailboxes.get(mailboxName)
    if found is None:
        raise AriError(404, "Mailbox not found")
    return _json(mailboxName, found)


@operation("PUT", "/mailboxes/{mailboxName}", errors=_NOT_FOUND)
async def update(ari: Ari, mailboxName: str, oldMessages: int, newMessages: int) -> None:
    """Set the counts of a mailbox."""
    if oldMessages < 0 or newMessages < 0:
        raise AriError(400, "Counts must not be negative")
    await ari.node.mailboxes.set(mailboxName, Counts(newMessages, oldMessages))


@operation("DELETE", "/mailboxes/{mailboxName}", errors=_NOT_FOUND)
async def delete(ari: Ari, mailboxName: str) -> None:
    """Destroy a mailbox."""
    if not await ari.node.mailboxes.remove(mailboxName):
        raise AriError(404, "Mailbox not found")
