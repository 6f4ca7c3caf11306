"""Realtime: rows of a family, wherever extconfig.conf says that they are."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from offhook.features.realtime.places import Condition, CurlPlace, Pair, Place, PlaceError, SqlPlace
from offhook.storage.sql import SqlError

if TYPE_CHECKING:
    from offhook.config.files.realtime import FamilyConf
    from offhook.features.databases import Databases

__all__ = ["Realtime", "RealtimeError", "Row"]

log = logging.getLogger(__name__)

T = TypeVar("T")
Row = list[Pair]
"""Columns and values, without those that are empty; a column may be there more than once."""


class RealtimeError(Exception):
    """A family that nobody has configured, or whose database does not answer; the text says which and why."""


class Realtime:
    """A service of the Pbx.  Each method raises RealtimeError, after the log was told why."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._families: Mapping[str, Sequence[FamilyConf]] = {}

    def use(self, families: Mapping[str, Sequence[FamilyConf]]) -> None:
        """Look there from now on."""
        self._families = families

    @property
    def families(self) -> Mapping[str, Sequence[FamilyConf]]:
        """What extconfig.conf says."""
        return self._families

    def knows(self, family: str) -> bool:
        """Whether a family has a place."""
        return family in self._families

    async def find(self, family: str, conditions: Sequence[Condition]) -> Row | None:
        """The first row that meets all conditions."""
        rows = await self._ask(family, lambda place: place.find(conditions, one=True))
        return rows[0] if rows else None

    async def find_all(self, family: str, conditions: Sequence[Condition] = ()) -> list[Row]:
        """Every row that meets all conditions."""
        return await self._ask(family, lambda place: place.find(conditions, one=False))

    async def update(self, family: str, conditions: Sequence[Condition], changes: Sequence[Pair]) -> int:
        """Change rows; how many they were."""
        if not conditions or not changes:
            raise RealtimeError(f"{family}: an update needs a condition and a change")
        return await self._ask(family, lambda place: place.update(conditions, changes))

    async def store(self, family: str, fields: Sequence[Pair]) -> int:
        """Add a row; 1."""
        if not fields:
            raise RealtimeError(f"{family}: a row needs a column")
        return await self._ask(family, lambda place: place.store(fields))

    async def destroy(self, family: str, conditions: Sequence[Condition]) -> int:
        """Remove rows; how many they were."""
        if not conditions:
            raise RealtimeError(f"{family}: rows are removed by a condition only")
        return await self._ask(family, lambda place: place.destroy(conditions))

    async def _ask(self, family: str, question: Callable[[Place], Awaitable[T]]) -> T:
        """Ask the family's places in turn, until one answers."""
        places = self._families.get(family)
        if not places:
            raise RealtimeError(f"extconfig.conf has no family {family!r}")
        why = ""
        for conf in places:
            try:
                return await question(self._place(conf))
            except (PlaceError, SqlError) as error:
                why = str(error)
                log.error("realtime family %s: %s", family, error)
        raise RealtimeError(f"{family}: {why}")

    def _place(self, conf: FamilyConf) -> Place:
        if conf.driver == "curl":
            return CurlPlace(conf.database)
        return SqlPlace(self._databases.get(conf.database), conf.table)
