"""Variables that are computed when they are read; Set() cannot change them.

These are Asterisk's, of the channel (EXTEN, CHANNEL ...) and of the node (EPOCH, ASTETCDIR ...).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = ["COMPUTED", "PATHS", "PRESENTATION_NUMBERS"]

# Variable -> the key of asterisk.conf's [directories] that it shows.
PATHS = {
    "ASTAGIDIR": "astagidir",
    "ASTCACHEDIR": "astcachedir",
    "ASTDATADIR": "astdatadir",
    "ASTDBDIR": "astdbdir",
    "ASTETCDIR": "astetcdir",
    "ASTKEYDIR": "astkeydir",
    "ASTLOGDIR": "astlogdir",
    "ASTMODDIR": "astmoddir",
    "ASTRUNDIR": "astrundir",
    "ASTSBINDIR": "astsbindir",
    "ASTSPOOLDIR": "astspooldir",
    "ASTVARLIBDIR": "astvarlibdir",
}

# Q.931 octet 3a as CALLINGPRES shows it: presentation in bits 6-7, screening in bits 1-2.
PRESENTATION_NUMBERS = {
    "allowed_not_screened": 0,
    "allowed_passed_screen": 1,
    "allowed_failed_screen": 2,
    "allowed": 3,
    "prohib_not_screened": 32,
    "prohib_passed_screen": 33,
    "prohib_failed_screen": 34,
    "prohib": 35,
    "unavailable": 67,
}


def _path(key: str) -> Callable[[Call], str]:
    return lambda call: call.runner.paths.get(key, "")


def _hint(call: Call) -> str:
    return call.dialplan.hint(call.context, call.exten).partition(",")[0]


def _hint_name(call: Call) -> str:
    return call.dialplan.hint(call.context, call.exten).partition(",")[2]


def _quality(item: str) -> Callable[[Call], str]:
    return lambda call: call.channel.info(f"rtcp,{item}") or ""


# How good the audio was: for `h`, as Asterisk sets them at the end of a call.
_QUALITY = {
    "RTPAUDIOQOS": "all",
    "RTPAUDIOQOSJITTER": "all_jitter",
    "RTPAUDIOQOSLOSS": "all_loss",
    "RTPAUDIOQOSRTT": "all_rtt",
    "RTPAUDIOQOSMES": "all_mes",
}

COMPUTED: dict[str, Callable[[Call], str]] = {
    "EXTEN": lambda call: call.channel.exten,
    "CONTEXT": lambda call: call.channel.context,
    "PRIORITY": lambda call: str(call.channel.priority),
    "CHANNEL": lambda call: call.channel.name,
    "UNIQUEID": lambda call: call.channel.uniqueid,
    "HANGUPCAUSE": lambda call: str(call.channel.hangup_cause),
    "CALLINGPRES": lambda call: str(PRESENTATION_NUMBERS[call.channel.caller.presentation.value]),
    # ISDN party details that no technology here fills in yet: Asterisk shows 0 for unknown.
    "CALLINGANI2": lambda call: "0",
    "CALLINGTON": lambda call: "0",
    "CALLINGTNS": lambda call: "0",
    **{name: _quality(item) for name, item in _QUALITY.items()},
    "HINT": _hint,
    "HINTNAME": _hint_name,
    "EPOCH": lambda call: str(int(call.channel.pbx.wall_clock())),
    "SYSTEMNAME": lambda call: call.channel.pbx.system_name,
    "ENTITYID": lambda call: call.runner.paths.get("entityid", ""),
    **{variable: _path(key) for variable, key in PATHS.items()},
}
