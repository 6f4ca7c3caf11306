"""Placing a call for somebody who is not a channel: the console, AMI, ARI, call files, Originate().

The far end is called; when it answers, its channel goes on in the dialplan or runs one application.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.errors import DialplanError, Hangup
from offhook.pbx.originate import originate
from offhook.pbx.party import NOBODY, PartyId

if TYPE_CHECKING:
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["Placement", "place"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placement:
    """A call to place: whom, for how long, and what the answered channel does."""

    destination: str  # a dial string
    context: str = "default"
    exten: str = "s"
    priority: int = 1
    application: str = ""  # in place of the extension
    data: str = ""
    timeout: float = 30.0  # seconds
    caller: PartyId = NOBODY
    variables: Sequence[tuple[str, str]] = ()  # names may be functions: CALLERID(num)
    account_code: str = ""
    early_media: bool = False
    codecs: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()  # unique ids of the channels; Local channels have two
    predial: str = ""  # a subroutine that the called channel runs first: [[context,]exten,]priority[(args)]


async def place(
    pbx: Pbx, runner: Runner, placement: Placement, *, created: Callable[[Channel], None] | None = None
) -> Channel:
    """Call, and start what the answered channel does; that goes on when this returns.

    `created` is told of each channel as soon as it exists.  Raises OriginateError when nobody answers,
    CannotDialError when the destination cannot be dialled.
    """

    async def prepare(leg: Channel) -> None:
        call = runner.call_on(leg)
        for name, value in placement.variables:
            try:
                call.assign(name, value)
            except DialplanError as error:
                log.warning("%s: %s cannot be set: %s", leg.name, name, error)
        if placement.predial:
            try:
                await runner.run_subroutine_on(leg, *split_arguments(placement.predial))
            except DialplanError as error:
                log.warning("%s: the subroutine before the call: %s", leg.name, error)

    def start(leg: Channel) -> None:
        runner.spawn(_run(runner, leg, placement), f"{placement.application} on {leg.name}")

    return await originate(
        pbx,
        placement.destination,
        context=placement.context,
        exten=placement.exten,
        priority=placement.priority,
        start=start if placement.application else None,
        timeout=placement.timeout,
        caller=placement.caller,
        account_code=placement.account_code,
        early_media=placement.early_media,
        codecs=placement.codecs,
        ids=placement.ids,
        prepare=prepare,
        created=created,
    )


def split_arguments(target: str) -> tuple[str, list[str]]:
    """`context,exten,priority(arg,arg)` as its place and arguments."""
    place, bracket, arguments = target.partition("(")
    return place, arguments.removesuffix(")").split(",") if bracket else []


async def _run(runner: Runner, leg: Channel, placement: Placement) -> None:
    """Run an application on an answered leg, which ends with it unless it was sent into the dialplan."""
    try:
        await leg.lend(runner.run_application_on(leg, placement.application, placement.data))
    except Hangup:
        pass
    except DialplanError as error:
        log.warning("%s: %s: %s", leg.name, placement.application, error)
    finally:
        if leg.task is None:
            leg.hangup()
