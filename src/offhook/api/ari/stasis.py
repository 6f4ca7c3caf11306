"""The applications Stasis() and StasisBroadcast(): hand the call to an ARI application."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from offhook.api.ari.service import Ari
from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.api.ari.subscriptions import StasisApp
    from offhook.dialplan.call import Call

__all__ = ["stasis", "stasis_broadcast"]

_LONGEST_OFFER = 60_000  # ms


@application("Stasis")
async def stasis(call: Call, app_name: str, *args: str) -> None:
    """Hand the channel to an ARI application until that lets it go on.

    Args:
        app_name: the application, for which a client must be connected to `/ari/events?app=...`.
        args: what the application is told in StasisStart.

    Sets:
        STASISSTATUS: SUCCESS when the application let the channel go on or it has hung up there, FAILED when
            there is no such application.
    """
    ari = call.channel.pbx.service(Ari)
    name = app_name.strip()
    if ari is not None and ari.outbound is not None and name not in ari.apps and ari.outbound.serves(name):
        async with ari.outbound.for_call(name, call.channel.uniqueid) as own:
            await _run(call, ari, own, name, args)
        return
    await _run(call, ari, ari.apps.get(name) if ari is not None else None, name, args)


async def _run(
    call: Call, ari: Ari | None, app: StasisApp | None, app_name: str, args: Sequence[str]
) -> None:
    if ari is None or app is None:
        call.set_variable("STASISSTATUS", "FAILED")
        what = (
            "ARI is off (ari.conf, http.conf)" if ari is None else f"no client is connected for {app_name!r}"
        )
        call.complain(f"Stasis: {what}")
        return
    call.set_variable("STASISSTATUS", "")
    try:
        await ari.run(call, app, args)
    finally:  # also of a channel that hangs up there
        call.set_variable("STASISSTATUS", "SUCCESS")


@application("StasisBroadcast")
async def stasis_broadcast(
    call: Call, timeout: int = 500, app_filter: str = "", args: str = "", notify_claimed: str = ""
) -> None:
    """Offer the channel to all ARI applications; the first one that claims it gets it.

    Every application that a client is connected for is sent CallBroadcast, and claims the channel with
    `POST /events/claim`.  The others are refused.  When nobody claims it in time the dialplan goes on.

    Args:
        timeout: how long to wait for a claim, in ms, at most 60000.
        app_filter: a regular expression; applications whose name does not match are not asked.
        args: what the winner is told in StasisStart, separated by colons.
        notify_claimed: yes: those who have not won are sent CallClaimed.

    Sets:
        STASISSTATUS: SUCCESS when the application that claimed the channel let it go on or it has hung up
            there, FAILED when it could not be handed over, TIMEOUT when nobody claimed it.
    """
    if not 0 <= timeout <= _LONGEST_OFFER:
        raise ApplicationError(f"StasisBroadcast: the timeout is 0 to {_LONGEST_OFFER} ms, not {timeout}")
    try:
        pattern = re.compile(app_filter) if app_filter else None
    except re.error as error:
        raise ApplicationError(f"StasisBroadcast: {app_filter!r} is no pattern: {error}") from None
    channel = call.channel
    ari = channel.pbx.service(Ari)
    if ari is None:
        call.set_variable("STASISSTATUS", "FAILED")
        call.complain("StasisBroadcast: ARI is off (ari.conf, http.conf)")
        return
    call.set_variable("STASISSTATUS", "")
    notify = notify_claimed.strip().lower() in ("yes", "true", "y", "t", "1", "on")
    try:
        winner = await ari.broadcasts.offer(channel, timeout / 1000, pattern, notify=notify)
        if winner is None:
            call.set_variable("STASISSTATUS", "TIMEOUT")
            return
        if not winner.active:
            call.set_variable("STASISSTATUS", "FAILED")
            return
        try:
            await ari.run(call, winner, args.split(":") if args else [])
        finally:
            call.set_variable("STASISSTATUS", "SUCCESS")
    finally:
        ari.broadcasts.forget(channel)
