"""StasisBroadcast: a call is offered to all applications, and goes to the first that claims it."""

from __future__ import annotations

import asyncio
import random
import re
from typing import TYPE_CHECKING

from offhook.api.ari.operations import AriError
from offhook.api.ari.schema import sends

if TYPE_CHECKING:
    from offhook.api.ari.service import Ari
    from offhook.api.ari.subscriptions import StasisApp
    from offhook.pbx.channel import Channel

__all__ = ["Broadcasts"]

sends("CallBroadcast", "CallClaimed")

_LONGEST_NAME = 256  # of an application that a pattern is tried on


class _Offer:
    def __init__(self, channel: Channel, told: list[StasisApp]) -> None:
        self.channel = channel
        self.told = told
        self.claimed: asyncio.Future[StasisApp] = channel.pbx.loop.create_future()


class Broadcasts:
    """The calls that are offered, or were and are still in the application that has them."""

    def __init__(self, ari: Ari) -> None:
        self._ari = ari
        self._offers: dict[str, _Offer] = {}

    async def offer(
        self, channel: Channel, timeout_s: float, pattern: re.Pattern[str] | None, *, notify: bool
    ) -> StasisApp | None:
        """Offer a channel to the applications whose names match; who claimed it, None when nobody did.

        With `notify` the others are told who has it.  To be followed by forget().
        """
        ari = self._ari
        told = [
            app
            for app in ari.apps.values()
            if app.active and (pattern is None or pattern.search(app.name[:_LONGEST_NAME]))
        ]
        random.shuffle(told)  # none of them is always the first
        offer = self._offers[channel.uniqueid] = _Offer(channel, told)
        message = {
            "type": "CallBroadcast",
            **ari.stamp(),
            "channel": ari.show(channel),
            "caller": channel.caller.number,
            "called": channel.exten,
        }
        for app in told:
            app.send(message)
        try:
            async with asyncio.timeout(timeout_s):
                winner = await asyncio.shield(offer.claimed)
        except TimeoutError:
            offer.claimed.cancel()
            return None
        if notify:
            news = {
                "type": "CallClaimed",
                **ari.stamp(),
                "channel": ari.show(channel),
                "winner_app": winner.name,
            }
            for app in told:
                if app is not winner:
                    app.send(news)
        return winner

    def forget(self, channel: Channel) -> None:
        """The application that claimed it has let the channel go."""
        offer = self._offers.pop(channel.uniqueid, None)
        if offer is not None:
            offer.claimed.cancel()

    def claim(self, channel_id: str, app: StasisApp) -> None:
        """The application wants the channel.  Raises AriError: 404 it is not offered, 409 it is too late."""
        offer = self._offers.get(channel_id)
        if offer is None:
            raise AriError(404, "Channel is in no broadcast")
        if offer.claimed.done() or offer.channel.hangup_requested:
            raise AriError(409, "Channel has been claimed already, or nobody is waited for any more")
        if app not in offer.told:
            raise AriError(409, f"Channel was not offered to {app.name}")
        offer.claimed.set_result(app)
