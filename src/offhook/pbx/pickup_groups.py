"""Pickup groups: who may take whose calls."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NO_GROUPS", "PickupGroups"]


class PickupGroups(NamedTuple):
    """The groups that a channel's calls are in, and those whose calls it may take."""

    call: frozenset[int] = frozenset()
    pickup: frozenset[int] = frozenset()
    named_call: frozenset[str] = frozenset()
    named_pickup: frozenset[str] = frozenset()

    def may_take(self, of: PickupGroups) -> bool:
        """Whether who has these may take a call that rings at who has those."""
        return bool(self.pickup & of.call or self.named_pickup & of.named_call)


NO_GROUPS = PickupGroups()
