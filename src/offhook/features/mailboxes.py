"""Message counts of mailboxes that others keep (ARI, AMI's MWIUpdate): what message lamps show.

They outlive a restart in the database, family `Mailboxes`; or, where sorcery.conf says so, they are rows of
a family of extconfig.conf with the columns id, msgs_new and msgs_old.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from offhook.features.astdb import AstDb
from offhook.features.realtime import Realtime, RealtimeError

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

    def __init__(self, bus: Bus, database: AstDb, rows: Realtime | None = None) -> None:
        self._bus = bus
        self._database = database
        self._rows = rows
        self.family = ""
        """The family whose rows they are; "" for our own database."""
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

    async def use(self, families: Sequence[str]) -> None:
        """Be the rows of the first of these families from now on, of our own database without one."""
        self.family = families[0] if families else ""
        with contextlib.suppress(RealtimeError):  # it is in the log
            await self.refresh()

    async def refresh(self) -> None:
        """Look at the rows, if that is where they are.  Raises RealtimeError."""
        if self._rows is None or not self.family:
            return
        found: dict[str, Counts] = {}
        for row in await self._rows.find_all(self.family, [("id LIKE", "%")]):
            values = dict(row)
            new, old = values.get("msgs_new", "0"), values.get("msgs_old", "0")
            if values.get("id") and new.isdecimal() and old.isdecimal():
                found[values["id"]] = Counts(int(new), int(old))
        before, self._counts = self._counts, found
        for name in before.keys() | found.keys():
            counts = found.get(name, Counts(0, 0))
            if before.get(name, Counts(0, 0)) != counts:
                self._bus.emit(MailboxChanged, name, counts)

    async def set(self, mailbox: str, counts: Counts) -> None:
        """Tell new counts; kept when this returns.  Raises AstDbError or RealtimeError when not."""
        kept = None
        if self._rows is not None and self.family:
            changes = [("msgs_new", str(counts.new)), ("msgs_old", str(counts.old))]
            if not await self._rows.update(self.family, [("id", mailbox)], changes):
                await self._rows.store(self.family, [("id", mailbox), *changes])
        else:
            kept = self._database.put(_FAMILY, mailbox, f"{counts.new},{counts.old}")
        if self._counts.get(mailbox) != counts:
            self._counts[mailbox] = counts
            self._bus.emit(MailboxChanged, mailbox, counts)
        if kept is not None:
            await kept

    async def remove(self, mailbox: str) -> bool:
        """Forget one; False when it was not known.  Its lamp goes out.  Raises RealtimeError."""
        if mailbox not in self._counts:
            return False
        gone = None
        if self._rows is not None and self.family:
            await self._rows.destroy(self.family, [("id", mailbox)])
        else:
            _, gone = self._database.delete(_FAMILY, mailbox)
        self._counts.pop(mailbox, None)
        self._bus.emit(MailboxChanged, mailbox, Counts(0, 0))
        if gone is not None:
            await gone
        return True
