"""Groups of devices that a dialplan keeps by itself and calls at once: DIALGROUP().

As in Asterisk they are kept in the database, so they outlive a restart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.features.astdb import AstDb, AstDbError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.pbx.pbx import Pbx

__all__ = ["DialGroups", "groups_of"]

_FAMILY = "dialgroup"


class DialGroups:
    """The groups of one node; a service of its Pbx."""

    def __init__(self, database: AstDb | None) -> None:
        self._database = database
        self._groups: dict[str, list[str]] = {}
        for key, value in database.entries(_FAMILY) if database is not None else ():
            self._groups[key.removeprefix(f"/{_FAMILY}/")] = [one for one in value.split("&") if one]

    def members(self, group: str) -> Sequence[str]:
        """The devices of a group, in the order in which they came."""
        return self._groups.get(group, ())

    def replace(self, group: str, members: Sequence[str]) -> None:
        """Set the devices of a group."""
        self._groups[group] = list(dict.fromkeys(members))
        self._keep(group)

    def add(self, group: str, member: str) -> None:
        """Add a device, once."""
        members = self._groups.setdefault(group, [])
        if member and member not in members:
            members.append(member)
            self._keep(group)

    def remove(self, group: str, member: str) -> None:
        """Remove a device."""
        members = self._groups.get(group, [])
        if member in members:
            members.remove(member)
            self._keep(group)

    def _keep(self, group: str) -> None:
        members = self._groups[group]
        if not members:
            del self._groups[group]
        if self._database is None:
            return
        try:
            if members:
                self._database.put(_FAMILY, group, "&".join(members))
            else:
                self._database.delete(_FAMILY, group)
        except AstDbError:  # a name that is no key: it lasts as long as the process
            return


def groups_of(pbx: Pbx) -> DialGroups:
    """The groups of a node, made when they are first needed."""
    found = pbx.service(DialGroups)
    if found is None:
        found = DialGroups(pbx.service(AstDb))
        pbx.add_service(found)
    return found
