"""ccss.conf, and the settings of call completion that each channel has of its own (CALLCOMPLETION())."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, choice, integer, text

__all__ = [
    "GENERAL",
    "SETTINGS",
    "AgentPolicy",
    "CcssConf",
    "CompletionSettings",
    "MonitorPolicy",
    "read_ccss_conf",
]

_STATES = (
    "UNKNOWN", "NOT_INUSE", "INUSE", "BUSY", "INVALID", "UNAVAILABLE", "RINGING", "RINGINUSE", "ONHOLD",
)  # fmt: skip


class AgentPolicy(StrEnum):
    """How a caller is offered call completion."""

    NEVER = "never"
    GENERIC = "generic"
    NATIVE = "native"


class MonitorPolicy(StrEnum):
    """How a called party is watched."""

    NEVER = "never"
    GENERIC = "generic"
    NATIVE = "native"
    ALWAYS = "always"


def _state(value: str) -> str:
    word = value.strip().upper()
    if word not in _STATES:
        raise InvalidValueError(f"'{value}' is no device state: {', '.join(_STATES)}")
    return word


_SECONDS = integer(0, 10_000_000)


@dataclass(frozen=True, slots=True)
class CompletionSettings:
    """What CALLCOMPLETION() reads and sets for one channel, with Asterisk's names and defaults."""

    name: str = "channel"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    cc_agent_policy: AgentPolicy = option(AgentPolicy.NEVER, choice(AgentPolicy))
    """Of the caller: generic offers it to him."""
    cc_monitor_policy: MonitorPolicy = option(MonitorPolicy.NEVER, choice(MonitorPolicy))
    """Of the called party: generic and always watch the state of the device."""
    cc_offer_timer: int = option(20, _SECONDS)
    """Seconds after the call in which completion can be requested."""
    ccnr_available_timer: int = option(7200, _SECONDS)
    """Seconds that a called party is watched who did not answer."""
    ccbs_available_timer: int = option(4800, _SECONDS)
    """Seconds that a called party is watched who was busy."""
    cc_recall_timer: int = option(20, _SECONDS)
    """Seconds that the caller's phone rings at the recall."""
    cc_max_agents: int = option(5, integer())
    """Requests of one caller; a generic agent has one at most."""
    cc_max_monitors: int = option(5, integer())
    """Requests for one called party."""
    cc_callback_macro: str = option("", text)
    """A macro that is run when the caller has answered the recall."""
    cc_callback_sub: str = option("", text)
    """A subroutine that is run then, `[[context,]exten,]priority[(arg1,arg2...)]`."""
    cc_agent_dialstring: str = option("", text)
    """What is dialled to recall the caller, if not his device."""


SETTINGS = ObjectType("ccss.conf", "(item)", CompletionSettings)


@dataclass(frozen=True, slots=True)
class CcssConf:
    """[general] of ccss.conf."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(True, boolean)
    cc_max_requests: int = option(20, integer())
    """How many requests there may be at once."""
    # What the device `ccss:Technology/name` of a caller is in, by the state of his completion.
    cc_available_devstate: str = option("NOT_INUSE", _state)
    cc_offered_devstate: str = option("NOT_INUSE", _state)
    cc_caller_requested_devstate: str = option("NOT_INUSE", _state)
    cc_active_devstate: str = option("INUSE", _state)
    cc_callee_ready_devstate: str = option("INUSE", _state)
    cc_caller_busy_devstate: str = option("ONHOLD", _state)
    cc_recalling_devstate: str = option("RINGING", _state)
    cc_complete_devstate: str = option("NOT_INUSE", _state)
    cc_failed_devstate: str = option("NOT_INUSE", _state)

    def device_state(self, state: str) -> str:
        """The device state that a state of a completion (`caller_busy`) is shown as."""
        shown = {
            "available": self.cc_available_devstate,
            "offered": self.cc_offered_devstate,
            "caller_requested": self.cc_caller_requested_devstate,
            "active": self.cc_active_devstate,
            "callee_ready": self.cc_callee_ready_devstate,
            "caller_busy": self.cc_caller_busy_devstate,
            "recalling": self.cc_recalling_devstate,
            "complete": self.cc_complete_devstate,
            "failed": self.cc_failed_devstate,
        }
        return shown[state]


GENERAL = ObjectType(
    "ccss.conf",
    "general",
    CcssConf,
    needless={name: f"it is a channel's: Set(CALLCOMPLETION({name})=...)" for name in SETTINGS.options},
)


def read_ccss_conf(config: ConfigFile, problems: Problems) -> CcssConf:
    """The typed content of ccss.conf."""
    found = read_sections(config, problems, {"general": GENERAL})
    return found.get("general", CcssConf())
