"""Groups of calls whose lines consoles show: LOG_GROUP() and `logger filter changroup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx.events import ChannelHungUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["LogGroups", "log_groups_of"]


class LogGroups:
    """Which group each call is in, and which groups consoles show.

    While no group is chosen everything is shown.  Files are not concerned.
    """

    def __init__(self, pbx: Pbx) -> None:
        self.shown: set[str] = set()
        self._pbx = pbx
        self._of_calls: dict[str, str] = {}
        self._stop: Callable[[], None] | None = None

    def put(self, channel: Channel, group: str) -> None:
        """Put the call of a channel into a group; "": into none."""
        call = _name(channel)
        if group:
            self._of_calls[call] = group
            if self._stop is None:
                self._stop = self._pbx.bus.listen(ChannelHungUp, self._hung_up)
        else:
            self._of_calls.pop(call, None)

    def groups(self) -> dict[str, list[str]]:
        """The calls of each group."""
        found: dict[str, list[str]] = {}
        for call, group in self._of_calls.items():
            found.setdefault(group, []).append(call)
        return found

    def hides(self, call: str) -> bool:
        """Whether consoles do not show lines of a call (`C-0000000a`)."""
        return bool(self.shown) and self._of_calls.get(call) not in self.shown

    def _hung_up(self, event: ChannelHungUp) -> None:
        number = event.channel.call_id
        if any(
            other.call_id == number for other in self._pbx.channels.values() if other is not event.channel
        ):
            return
        self._of_calls.pop(_name(event.channel), None)
        if not self._of_calls and self._stop is not None:
            self._stop()
            self._stop = None


def _name(channel: Channel) -> str:
    return f"C-{channel.call_id:08x}"


def log_groups_of(pbx: Pbx) -> LogGroups:
    """The groups of a node."""
    found = pbx.service(LogGroups)
    if found is None:
        found = LogGroups(pbx)
        pbx.add_service(found)
    return found
