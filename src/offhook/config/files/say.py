"""say.conf: the rules by which numbers, dates and times are spoken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError

__all__ = ["GENERAL", "SayConf", "SayGeneral", "read_say_conf"]


def _mode(value: str) -> bool:
    word = value.strip().lower()
    if word not in ("old", "new"):
        raise InvalidValueError(f"{value!r} is neither old nor new")
    return word == "new"


@dataclass(frozen=True, slots=True)
class SayGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    mode: bool = option(False, _mode)
    """Whether the rules are used (new) or the grammars of this program (old)."""


GENERAL = ObjectType("say.conf", "general", SayGeneral)


@dataclass(frozen=True, slots=True)
class SayConf:
    """What say.conf says."""

    general: SayGeneral = SayGeneral()
    languages: Mapping[str, tuple[tuple[str, str], ...]] = field(
        default_factory=lambda: dict[str, tuple[tuple[str, str], ...]]()
    )
    """Each language's rules: pattern, and what is said."""


def read_say_conf(config: ConfigFile, problems: Problems) -> SayConf:
    """The typed content of say.conf; a section that is no [general] is a language."""
    languages: dict[str, tuple[tuple[str, str], ...]] = {}

    def language(section: Section) -> None:
        rules: list[tuple[str, str]] = []
        for item in section.items:
            if ":" not in item.key:
                what = f"{item.key} in [{section.name}] is no rule: KIND:PATTERN => what is said"
                problems.error(item.file, item.line, what)
            else:
                rules.append((item.key, item.value))
        languages[section.name] = tuple(rules)

    found = read_sections(config, problems, {"general": GENERAL}, other=language)
    return SayConf(found.get("general", SayGeneral()), languages)
