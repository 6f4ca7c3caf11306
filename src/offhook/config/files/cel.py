"""cel.conf: which events of channels are recorded."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import InvalidValueError, UnsupportedValueError, boolean, text, words

__all__ = ["CEL_EVENTS", "GENERAL", "MANAGER", "CelConf", "CelGeneral", "CelManager", "read_cel_conf"]

CEL_EVENTS = (
    "CHAN_START",
    "CHAN_END",
    "ANSWER",
    "HANGUP",
    "APP_START",
    "APP_END",
    "BRIDGE_ENTER",
    "BRIDGE_EXIT",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "PICKUP",
    "FORWARD",
    "LINKEDID_END",
    "USER_DEFINED",
)
"""The events that are recorded."""
_NEVER = frozenset(
    ("PARK_START", "PARK_END", "LOCAL_OPTIMIZE", "LOCAL_OPTIMIZE_BEGIN", "STREAM_BEGIN", "STREAM_END", "DTMF")
)


def _events(value: str) -> tuple[str, ...]:
    found: list[str] = []
    for word in words(value):
        name = word.upper()
        if name == "ALL":
            found += CEL_EVENTS
        elif name in CEL_EVENTS:
            found.append(name)
        elif name in _NEVER:
            raise UnsupportedValueError(f"the event {name}")
        else:
            raise InvalidValueError(f"unknown event {word!r}", nearest(name, (*CEL_EVENTS, "ALL")))
    return tuple(found)


def _names(value: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in words(value))


@dataclass(frozen=True, slots=True)
class CelGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enable: bool = option(False, boolean)
    apps: tuple[str, ...] = repeated(_names)
    """In lower case; `all` stands for every one."""
    events: tuple[str, ...] = repeated(_events)
    dateformat: str = option("", text)
    """strftime()'s; "" for seconds since 1970 with six decimals."""


@dataclass(frozen=True, slots=True)
class CelManager:
    """[manager]."""

    name: str = "manager"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    enabled: bool = option(False, boolean)
    show_user_defined: bool = option(False, boolean)


GENERAL = ObjectType("cel.conf", "general", CelGeneral)
MANAGER = ObjectType("cel.conf", "manager", CelManager)


@dataclass(frozen=True, slots=True)
class CelConf:
    """What cel.conf says."""

    general: CelGeneral = CelGeneral()
    manager: CelManager = CelManager()


def read_cel_conf(config: ConfigFile, problems: Problems) -> CelConf:
    """The typed content of cel.conf."""

    def other(section: Section) -> None:
        problems.unsupported(section.file, section.line, f"section [{section.name}] of cel.conf")

    found = read_sections(config, problems, {"general": GENERAL, "manager": MANAGER}, other=other)
    return CelConf(found.get("general", CelGeneral()), found.get("manager", CelManager()))
