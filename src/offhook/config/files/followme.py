"""followme.conf: where people are looked for (FollowMe)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from offhook.config.errors import Problems, Where, nearest
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.values import InvalidValueError, boolean, integer

__all__ = ["FollowMeConf", "FollowMeProfile", "FollowMeStep", "read_followme_conf"]

_SECONDS = 25


@dataclass(frozen=True, slots=True)
class FollowMeStep:
    """A line `number => number[&number ...][,seconds[,order]]`: numbers that are called at once."""

    numbers: tuple[str, ...]
    seconds: int = _SECONDS
    order: int = 0


@dataclass(frozen=True, slots=True)
class FollowMeProfile:
    """Where one person is looked for, what is said, and what is pressed."""

    name: str
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    musicclass: str = ""
    context: str = "default"
    takecall: str = "1"
    declinecall: str = "2"
    featuredigittimeout: int = 5000
    """Milliseconds that the called party has to decide, after the question."""
    enable_callee_prompt: bool = True
    call_from_prompt: str = "followme/call-from"
    norecording_prompt: str = "followme/no-recording"
    options_prompt: str = "followme/options"
    pls_hold_prompt: str = "followme/pls-hold-while-try"
    status_prompt: str = "followme/status"
    sorry_prompt: str = "followme/sorry"
    connecting_prompt: str = ""
    steps: tuple[FollowMeStep, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowMeConf:
    """What followme.conf says; a service of the Pbx."""

    profiles: Mapping[str, FollowMeProfile] = field(default_factory=dict[str, FollowMeProfile])


_OTHER_NAMES = {"music": "musicclass", "musiconhold": "musicclass"}
_GLOBAL = (
    "featuredigittimeout", "enable_callee_prompt", "takecall", "declinecall", "call_from_prompt",
    "norecording_prompt", "options_prompt", "pls_hold_prompt", "status_prompt", "sorry_prompt",
    "connecting_prompt",
)  # fmt: skip
_OWN = ("musicclass", "context", *_GLOBAL[1:])


def _name(key: str) -> str:
    """Of an option: the older names have other hyphens and a prefix."""
    name = key.lower().replace("-", "_").removeprefix("followme_")
    return _OTHER_NAMES.get(name, name)


def _value(name: str, text: str) -> Any:
    if name == "enable_callee_prompt":
        return boolean(text)
    if name == "featuredigittimeout":
        return integer(1, 600_000)(text)
    if name in ("takecall", "declinecall") and (not text or set(text) - set("0123456789*#")):
        raise InvalidValueError(f"'{text}' is no key")
    return text


def _step(item: Item) -> FollowMeStep:
    numbers, _, rest = item.value.partition(",")
    seconds, _, order = rest.partition(",")
    return FollowMeStep(
        tuple(one.strip() for one in numbers.split("&") if one.strip()),
        integer(1, 86_400)(seconds.strip()) if seconds.strip() else _SECONDS,
        integer(0, 10_000)(order.strip()) if order.strip() else 0,
    )


def _read(
    section: Section, base: FollowMeProfile, known: tuple[str, ...], problems: Problems
) -> FollowMeProfile:
    values: dict[str, Any] = {}
    steps: list[FollowMeStep] = []
    for item in section.items:
        name = _name(item.key)
        try:
            if name == "number" and known is _OWN:
                step = _step(item)
                steps.append(step if step.order else replace(step, order=len(steps) + 1))
            elif name in known:
                values[name] = _value(name, item.value)
            else:
                what = f"unknown option {item.key} in [{section.name}]"
                problems.error(item.file, item.line, what, nearest(name, (*known, "number")))
        except InvalidValueError as error:
            problems.error(item.file, item.line, f"{item.key} in [{section.name}]: {error.what}")
    steps.sort(key=lambda step: step.order)
    return replace(base, name=section.name, where=section.where, steps=tuple(steps), **values)


def read_followme_conf(config: ConfigFile, problems: Problems) -> FollowMeConf:
    """The typed content of followme.conf."""
    base = FollowMeProfile("general")
    for section in config.sections:
        if section.name == "general":
            base = _read(section, base, _GLOBAL, problems)
    return FollowMeConf(
        {
            section.name: _read(section, base, _OWN, problems)
            for section in config.sections
            if section.name != "general"
        }
    )
