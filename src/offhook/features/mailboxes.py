"""Message counts of mailboxes that others keep (ARI, AMI's MWIUpdate): what message lamps show.

They outlive a restart in the database, family `Mailboxes`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from offhook.features.astdb import AstDb

if TYPE_CHECKING:
    from offhook.pbx.bus import Bus

__all__ = ["Counts", "MailboxChanged", "Mailboxes"]

_FAMILY = "Mailboxes"


class Counts(NamedTuple):
    """How many messages wait."""

    new: int
    old: int


@dataclass(frozen=True, slots=True, eq=False)
class MailboxChanged:
    """The counts of a mailbox are others now."""

    mailbox: str
    counts: Counts


class Mailboxes:
    """The counts by mailbox."""

    def __init__(self, bus: Bus, database: AstDb) -> None:
        self._bus = bus
        self._database = database
        self._counts: dict[str, Counts] = {}
        for key, value in list(database.entries(_FAMILY)):
            new, _, old = value.partition(",")
            if new.isdecimal() and old.isdecimal():
                self._counts[key.removeprefix(f"/{_FAMILY}/")] = Counts(int(new), int(old))

    def items(self) -> Iterator[tuple[str, Counts]]:
        """All of them."""
        yield from sorted(self._counts.items())

    def get(self, mailbox: str) -> Counts | None:
        """The counts of one, None when nobody has told any."""
        return self._counts.get(mailbox)

    async def set(self, mailbox: str, counts: Counts) -> None:
        """Tell new counts; on disk when this returns.  Raises AstDbError when they cannot be kept."""
        kept = self._database.put(_FAMILY, mailbox, f"{counts.new},{counts.old}")
        if self._counts.get(mailbox) != counts:
            self._counts[mailbox] = counts
            self._bus.emit(MailboxChanged, mailbox, counts)
        if kept is not None:
            await kept

    async def remove(self, mailbox: str) -> bool:
        """Forget one; False when it was not known.  Its lamp goes out."""
        if mailbox not in self._counts:
            return False
        _, gone = self._database.delete(_FAMILY, mailbox)
        del self._counts[mailbox]
        self._bus.emit(MailboxChanged, mailbox, Counts(0, 0))
        if gone is not None:
            await gone
        return True
