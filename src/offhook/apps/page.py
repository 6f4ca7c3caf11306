"""Page: speak to many phones at once.

Who is paged is called and comes into a conference room of this page; when the caller leaves it, all do.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.apps.confbridge import Attendance, conferences_of
from offhook.config.files.confbridge import BridgeProfile, UserProfile
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Options, application, flag, option, separated
from offhook.dialplan.errors import ApplicationError
from offhook.pbx.originate import OriginateError, originate
from offhook.pbx.pbx import CannotDialError

if TYPE_CHECKING:
    from offhook.features.conferences import Conferences
    from offhook.pbx.channel import Channel

__all__ = ["page"]

log = logging.getLogger(__name__)

_USUAL_RING_S = 30.0


@dataclass(frozen=True, slots=True)
class PageOptions(Options):
    """Option letters of Page()."""

    predial_callees: str | None = option(
        "b", "A subroutine on each phone before it is called.", supported=False
    )
    predial_caller: str | None = option("B", "A subroutine on the caller before.", supported=False)
    duplex: bool = flag("d", "Those who are paged are heard, too.")
    ignore_forwards: bool = flag("i", "Do not follow diversions.", supported=False)
    quiet: bool = flag("q", "No beep.")
    record: bool = flag("r", "Record the page.")
    skip_busy: bool = flag("s", "Only phones that nobody uses.")
    announcement: str | None = option("A", "A sound that is played to those who are paged.", required=True)
    not_to_caller: bool = flag("n", "The caller does not hear it.", supported=False)


_NO_OPTIONS = PageOptions()


@application("Page")
async def page(
    call: Call,
    destinations: Annotated[list[str], separated("&")],
    options: PageOptions = _NO_OPTIONS,
    timeout: float = 0.0,
) -> None:
    """Call phones, and let the caller speak to all that answer until he hangs up.

    Args:
        destinations: dial strings: PJSIP/6001, Local/200@phones ...
        options: see the letters.
        timeout: seconds for which they ring; half a minute if not given.
    """
    conferences = conferences_of(call, "Page")
    channel = call.channel
    name = f"page-{channel.uniqueid}"
    profile = BridgeProfile(name=name, record_conference=options.record)
    chosen = [one for one in dict.fromkeys(destinations) if not options.skip_busy or _is_free(channel, one)]
    if not chosen:
        raise ApplicationError("Page: there is nobody to page")
    caller = UserProfile(name=name, marked=True, admin=True, quiet=True, announce_only_user=False)
    attendance = Attendance(call, conferences, name, profile, caller, None)
    ringing = [
        channel.pbx.loop.create_task(
            _call_in(call, conferences, one, profile, options, timeout or _USUAL_RING_S), name=f"page {one}"
        )
        for one in chosen
    ]
    try:
        await attendance.run()
    finally:
        for task in ringing:
            task.cancel()
        # Those in the room leave with the caller; what is cancelled here still rings.
        await asyncio.gather(*ringing, return_exceptions=True)


def _is_free(channel: Channel, destination: str) -> bool:
    technology, _, device = destination.partition("/")
    known = channel.pbx.technologies.get(technology.upper())
    return known is not None and known.device_state(device) == "NOT_INUSE"


async def _call_in(
    call: Call,
    conferences: Conferences,
    destination: str,
    profile: BridgeProfile,
    options: PageOptions,
    timeout: float,
) -> None:
    """Call one phone, and keep it in the room until the caller has left."""
    pbx = call.channel.pbx
    answered: list[Channel] = []
    try:
        await originate(pbx, destination, start=answered.append, timeout=timeout, caller=call.channel.caller)
    except (OriginateError, CannotDialError) as error:
        log.info("%s: page: %s", call.channel.name, error)
        return
    leg = answered[0]
    listens = UserProfile(
        name=profile.name,
        wait_marked=True,
        end_marked=True,
        quiet=True,
        startmuted=not options.duplex,
        announcement=options.announcement or ("" if options.quiet else "beep"),
    )
    own = Call(leg, call.runner, call.dialplan)
    try:
        await leg.lend(Attendance(own, conferences, profile.name, profile, listens, None).run())
    finally:
        if leg.task is None:  # else it was redirected, and is the dialplan's
            leg.hangup()
