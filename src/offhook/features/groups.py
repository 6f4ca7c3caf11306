"""Groups of channels, by which dialplans count and limit calls: GROUP(), GROUP_COUNT() and their kind.

A channel is in one group of each category at most; it leaves all of them when it ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["Groups", "groups_of"]


class Groups:
    """Who is in which group; a service of the Pbx."""

    def __init__(self) -> None:
        self._groups: dict[Channel, dict[str, str]] = {}  # category -> group
        self._counts: dict[tuple[str, str], int] = {}  # (category, group) -> channels

    def put(self, channel: Channel, group: str, category: str = "") -> None:
        """Put a channel into a group in place of another of the category; out of it with "" ."""
        mine = self._groups.get(channel)
        if mine is None:
            if not group:
                return
            self._groups[channel] = mine = {}
            channel.when_ended(lambda: self._ended(channel))
        before = mine.pop(category, None)
        if before is not None:
            self._count(category, before, -1)
        if group:
            mine[category] = group
            self._count(category, group, 1)

    def group(self, channel: Channel, category: str = "") -> str:
        """The group that a channel is in; "" for none."""
        return self._groups.get(channel, {}).get(category, "")

    def of(self, channel: Channel) -> dict[str, str]:
        """All groups of a channel, by category."""
        return self._groups.get(channel, {})

    def count(self, group: str, category: str = "") -> int:
        """How many channels are in a group."""
        return self._counts.get((category, group), 0)

    def count_matching(self, group: Callable[[str], bool], category: Callable[[str], bool]) -> int:
        """How many channels are in groups whose names and categories these accept."""
        return sum(count for (kind, name), count in self._counts.items() if category(kind) and group(name))

    def __iter__(self) -> Iterator[tuple[Channel, str, str]]:
        """(channel, group, category) of all."""
        for channel, mine in self._groups.items():
            for category, group in mine.items():
                yield channel, group, category

    def _count(self, category: str, group: str, change: int) -> None:
        key = (category, group)
        count = self._counts.get(key, 0) + change
        if count:
            self._counts[key] = count
        else:
            self._counts.pop(key, None)

    def _ended(self, channel: Channel) -> None:
        for category, group in self._groups.pop(channel, {}).items():
            self._count(category, group, -1)


def groups_of(pbx: Pbx) -> Groups:
    """The groups of a node, made when they are first needed."""
    found = pbx.service(Groups)
    if found is None:
        found = Groups()
        pbx.add_service(found)
    return found
