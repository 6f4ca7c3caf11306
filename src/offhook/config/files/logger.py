"""logger.conf: which messages go to which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType
from offhook.config.values import words

__all__ = ["GENERAL", "LEVELS", "LogFile", "LoggerConf", "LoggerGeneral", "read_logger_conf"]

LEVELS = ("debug", "trace", "notice", "warning", "error", "verbose", "dtmf", "fax", "security")
FORMATS = ("default", "plain", "json")


@dataclass(frozen=True, slots=True)
class LoggerGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)


GENERAL = ObjectType(
    "logger.conf", "general", LoggerGeneral, needless={"logger_queue_limit": "nothing queues"}
)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A line of [logfiles]; `name` is `console`, a syslog facility after `syslog.`, or a file."""

    name: str
    where: Where = field(compare=False, repr=False)
    levels: frozenset[str] = frozenset()
    verbose: int = 0
    """Up to which level verbose messages are written, when `verbose` is among the levels."""
    format: str = "default"


@dataclass(frozen=True, slots=True)
class LoggerConf:
    """What logger.conf says."""

    general: LoggerGeneral = LoggerGeneral()
    files: Mapping[str, LogFile] = field(default_factory=lambda: dict[str, LogFile]())


def read_logger_conf(config: ConfigFile, problems: Problems) -> LoggerConf:
    """The typed content of logger.conf."""
    files: dict[str, LogFile] = {}

    def other(section: Section) -> None:
        if section.name != "logfiles":
            what = f"unknown section [{section.name}]"
            problems.error(section.file, section.line, what, nearest(section.name, ("general", "logfiles")))
            return
        for item in section.items:
            files[item.key] = _file(item, own_levels, problems)
            problems.unsupported(item.file, item.line, f"log file {item.key}: the log goes to standard error")

    own_levels: tuple[str, ...] = ()
    for section in config.named("general"):
        own_levels = words(section.get("custom_levels").lower())
    found = read_sections(config, problems, {"general": GENERAL}, other=other)
    return LoggerConf(found.get("general", LoggerGeneral()), files)


def _file(item: Item, own_levels: tuple[str, ...], problems: Problems) -> LogFile:
    value = item.value
    form = "default"
    if value.startswith("["):
        form, _, value = value[1:].partition("]")
        form = form.strip().lower()
        if form not in FORMATS:
            what = f"unknown format [{form}] of log file {item.key}"
            problems.error(item.file, item.line, what, nearest(form, FORMATS))
    levels: set[str] = set()
    verbose = 0
    for word in words(value.lower()):
        name, bracket, depth = word.partition("(")
        name = name.strip()
        if name == "*":
            levels.update(LEVELS)
            verbose = 100
        elif name not in LEVELS and name not in own_levels:
            what = f"unknown level '{word}' of log file {item.key}"
            problems.error(item.file, item.line, what, nearest(name, LEVELS))
        else:
            levels.add(name)
            if name == "verbose":
                digits = depth.rstrip(") ")
                verbose = int(digits) if bracket and digits.isascii() and digits.isdigit() else 3
    return LogFile(item.key, item.where, frozenset(levels), verbose, form)
