"""Applications about the call's records: ForkCDR, ResetCDR, CELGenUserEvent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Options, application, flag
from offhook.features.cdr import CdrEngine
from offhook.features.cel import CelEngine

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@dataclass(frozen=True, slots=True)
class ForkCdrOptions(Options):
    """The option letters of ForkCDR()."""

    take_answer: bool = flag("a", "The new record keeps the time of the answer.")
    finish: bool = flag("e", "The record before ends now.")
    restart: bool = flag("r", "The new record begins now.")
    variables: bool = flag("v", "The new record has the values of its own that the one before had.")


_FORK = ForkCdrOptions()


@application("ForkCDR")
def fork_cdr(call: Call, options: ForkCdrOptions = _FORK) -> None:
    """Begin another record of this call.

    Args:
        options: see the letters.
    """
    engine = call.channel.pbx.service(CdrEngine)
    if engine is not None:
        engine.fork(
            call.channel,
            keep_variables=options.variables,
            finish_first=options.finish,
            restart=options.restart,
            take_answer=options.take_answer,
        )


@dataclass(frozen=True, slots=True)
class ResetCdrOptions(Options):
    """The option letters of ResetCDR()."""

    variables: bool = flag("v", "Values of one's own stay with the record.")


_RESET = ResetCdrOptions()


@application("ResetCDR")
def reset_cdr(call: Call, options: ResetCdrOptions = _RESET) -> None:
    """Let the call's record begin now: duration and answer count from here.

    Args:
        options: see the letters.
    """
    engine = call.channel.pbx.service(CdrEngine)
    if engine is not None:
        engine.reset(call.channel, keep_variables=options.variables)


@application("CELGenUserEvent")
def cel_user_event(call: Call, event_name: str, extra: str = "") -> None:
    """Record an event of one's own among those of the channel (CEL).

    Args:
        event_name: its name.
        extra: a text that goes with it.
    """
    engine = call.channel.pbx.service(CelEngine)
    if engine is not None:
        engine.user_event(call.channel, event_name, extra)
