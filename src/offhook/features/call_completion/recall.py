"""The recall: the caller's phone is called, and who answers goes where the first call went."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.dialplan.errors import DialplanError
from offhook.dialplan.runner import split_subroutine
from offhook.pbx.errors import CannotDialError
from offhook.pbx.originate import OriginateError, originate
from offhook.pbx.party import PartyId

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.dialplan.runner import Runner
    from offhook.features.call_completion.machine import Agent, Completion
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["CallerBusyError", "RecallError", "recall"]

log = logging.getLogger(__name__)


class RecallError(Exception):
    """The caller could not be called back; the text says why."""


class CallerBusyError(RecallError):
    """His phone says that it is busy."""


async def recall(
    pbx: Pbx, runner: Runner, completion: Completion, answered: Callable[[Channel], None]
) -> None:
    """Call the caller and send him to where he called; `answered` is told of his channel before.

    Raises RecallError.  Cancelling it before the answer ends the legs.
    """
    agent = completion.agent
    settings = agent.settings
    destination = settings.cc_agent_dialstring or agent.device
    try:
        leg = await originate(
            pbx,
            destination,
            timeout=settings.cc_recall_timer,
            start=lambda leg: None,
            created=lambda leg: _introduce(leg, agent),
        )
    except OriginateError as error:
        if error.status == "BUSY":
            raise CallerBusyError("the caller is busy") from error
        raise RecallError(f"the caller did not answer the recall ({error.status})") from error
    except CannotDialError as error:
        raise RecallError(f"the caller cannot be recalled: {error}") from error
    if leg.ended or leg.is_ending:
        leg.hangup()
        raise RecallError("the caller hung up")
    leg.context, leg.exten, leg.priority = agent.context, agent.exten, 1
    leg.dialed = agent.exten
    leg.set_variable("CC_EXTEN", agent.exten)
    leg.set_variable("CC_CONTEXT", agent.context)
    leg.set_variable("CC_INTERFACES", completion.interfaces)
    answered(leg)
    try:
        await _callback(runner, leg, agent)
    except BaseException:
        leg.hangup()
        raise
    if leg.ended or leg.hangup_requested:
        leg.hangup()
    elif leg.task is None:  # else somebody has sent it elsewhere meanwhile
        leg.start_dialplan(agent.context, agent.exten)


def _introduce(leg: Channel, agent: Agent) -> None:
    """The caller's phone shows whom he wanted; the called party will see the caller."""
    leg.set_caller(agent.party)
    leg.set_connected(PartyId(number=agent.exten))
    leg.tenant_id = agent.tenant_id
    if agent.language:
        leg.language = agent.language
    if agent.account_code:
        leg.set_account_code(agent.account_code)


async def _callback(runner: Runner, leg: Channel, agent: Agent) -> None:
    settings = agent.settings
    try:
        if settings.cc_callback_macro:
            await leg.lend(runner.run_application_on(leg, "Macro", settings.cc_callback_macro))
        if settings.cc_callback_sub and not leg.ended and leg.task is None:
            target, arguments = split_subroutine(settings.cc_callback_sub)
            await runner.run_subroutine_on(leg, str(target), arguments)
    except DialplanError as error:
        log.warning("%s: recall of %s: %s", leg.name, agent.device, error)
