"""How a node is stopped: now, when the calls that there are have ended, or when there happens to be none.

stopping.begin("gracefully")     no more calls begin; stops when the last has ended
stopping.begin("convenient")     goes on as ever until there is no call
stopping.abort()                 as if nothing had been said
await stopping.decided()         whether it came to that
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from offhook.levels import verbose
from offhook.pbx.events import ChannelHungUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.pbx.pbx import Pbx

__all__ = ["MANNERS", "Stopping"]

log = logging.getLogger(__name__)

MANNERS = ("now", "gracefully", "when convenient")
"""The words of `core stop` and `core restart`."""


class Stopping:
    """The stop that a node waits for, if any."""

    def __init__(self, pbx: Pbx, stop: Callable[[], None]) -> None:
        """`stop` begins the stop itself, which hangs up whatever calls are left."""
        self._pbx = pbx
        self._stop = stop
        self._waits = False
        self._ignore: Callable[[], None] = _nothing
        self._asking: list[asyncio.Future[bool]] = []
        self.restarts = False
        """Whether the process begins anew once it has stopped."""

    def begin(self, manner: str, *, restart: bool = False) -> None:
        """Stop in one of MANNERS; a manner that is under way is replaced."""
        self.abort()
        self.restarts = restart
        if manner == "now":
            self._stop_now()
            return
        log.log(verbose(0), "Waiting for inactivity to perform %s", "restart" if restart else "halt")
        self._pbx.refuses_calls = manner == "gracefully"
        self._waits = True
        self._ignore = self._pbx.bus.listen(ChannelHungUp, self._hung_up)
        self._look()

    def abort(self) -> bool:
        """Do not stop after all.  False when there was nothing to give up."""
        if not self._waits:
            return False
        self._waits = self._pbx.refuses_calls = self.restarts = False
        self._ignore()
        self._ignore = _nothing
        self._tell(False)
        return True

    async def decided(self) -> bool:
        """Wait until the stop begins (True) or is given up; True at once when none is waited for."""
        if not self._waits:
            return True
        asking: asyncio.Future[bool] = self._pbx.loop.create_future()
        self._asking.append(asking)
        return await asking

    def _tell(self, stops: bool) -> None:
        asking, self._asking = self._asking, []
        for each in asking:
            if not each.done():
                each.set_result(stops)

    def _stop_now(self) -> None:
        self._stop()
        self._tell(True)

    def _hung_up(self, event: ChannelHungUp) -> None:
        # The channel's own task is still about to end.
        self._pbx.loop.call_soon(self._look)

    def _look(self) -> None:
        if self._waits and not self._pbx.channels:
            asking, self._asking = self._asking, []
            restart = self.restarts
            self.abort()
            self.restarts, self._asking = restart, asking
            self._stop_now()


def _nothing() -> None: ...
