"""logger.conf: which messages go to which file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, integer, text, words
from offhook.levels import KINDS as LEVELS

__all__ = [
    "GENERAL",
    "LEVELS",
    "ROTATE_STRATEGIES",
    "LogFile",
    "LoggerConf",
    "LoggerGeneral",
    "log_file",
    "read_logger_conf",
]

FORMATS = ("default", "plain", "json")
_FACILITIES = (
    *("auth", "authpriv", "cron", "daemon", "ftp", "kern", "lpr", "mail", "news", "syslog", "user", "uucp"),
    *(f"local{number}" for number in range(8)),
)


ROTATE_STRATEGIES = ("sequential", "rotate", "timestamp", "none")


def _strategy(value: str) -> str:
    word = value.lower()
    if word not in ROTATE_STRATEGIES:
        raise InvalidValueError(f"{value!r} is not one of {', '.join(ROTATE_STRATEGIES)}")
    return word


def _own_levels(value: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in words(value))


@dataclass(frozen=True, slots=True)
class LoggerGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    dateformat: str = option("%b %e %T", text)
    """strftime(3), and %q for thousandths of a second (%1q to %6q for other digits)."""
    appendhostname: bool = option(False, boolean)
    use_callids: bool = option(True, boolean)
    """Say in each line whose call it is about: the channel's name."""
    logger_queue_limit: int = option(1000, integer(1, 1_000_000))
    """Lines that may wait to be written; those that come while there are so many are dropped."""
    rotatestrategy: str = option("sequential", _strategy)
    """How `logger rotate` names files of the past: one of ROTATE_STRATEGIES."""
    exec_after_rotate: str = option("", text)
    """A shell command for each file that was rotated: ${filename}, and ${rotated}, its new name."""
    queue_log: bool = option(True, boolean)
    """Whether there is a log of queues."""
    queue_log_name: str = option("queue_log", text)
    """Its file, in the log folder."""
    queue_log_to_file: bool = option(False, boolean)
    """Write the file even though extconfig.conf has it in a database."""
    queue_adaptive_realtime: bool = option(False, boolean)
    """In a database what belongs to an event has columns of its own, data1 to data5, not one, data."""
    queue_log_realtime_use_gmt: bool = option(False, boolean)
    """In a database the time is UTC, not local."""
    custom_levels: tuple[str, ...] = option((), _own_levels)
    """Levels for Log() besides Asterisk's own."""


GENERAL = ObjectType("logger.conf", "general", LoggerGeneral)


@dataclass(frozen=True, slots=True)
class LogFile:
    """A line of [logfiles]; `name` is `console`, a syslog facility after `syslog.`, or a file."""

    name: str
    where: Where = field(compare=False, repr=False)
    levels: frozenset[str] = frozenset()
    verbose: int | None = None
    """Up to which number VERBOSE lines are written; None: as `core set verbose` says."""
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

    own_levels: tuple[str, ...] = ()
    for section in config.named("general"):
        own_levels = _own_levels(section.get("custom_levels"))
    found = read_sections(config, problems, {"general": GENERAL}, other=other)
    return LoggerConf(found.get("general", LoggerGeneral()), files)


def log_file(name: str, levels: str, problems: Problems, own_levels: tuple[str, ...] = ()) -> LogFile:
    """A log channel that is not in the file, by the levels that a line of it would name."""
    return _file(Item(name, levels, "", 0), own_levels, problems)


def _file(item: Item, own_levels: tuple[str, ...], problems: Problems) -> LogFile:
    value = item.value
    form = "default"
    if value.startswith("["):
        form, _, value = value[1:].partition("]")
        form = form.strip().lower()
        if form not in FORMATS:
            what = f"unknown format [{form}] of log file {item.key}"
            problems.error(item.file, item.line, what, nearest(form, FORMATS))
    if item.key.startswith("syslog.") and item.key.removeprefix("syslog.") not in _FACILITIES:
        name = item.key.removeprefix("syslog.")
        problems.error(item.file, item.line, f"unknown syslog facility '{name}'", nearest(name, _FACILITIES))
    levels: set[str] = set()
    verbose: int | None = None
    for word in words(value.lower()):
        name, bracket, depth = word.partition("(")
        name = name.strip()
        if name == "*":
            levels.update((*LEVELS, *own_levels))
        elif name not in LEVELS and name not in own_levels:
            what = f"unknown level '{word}' of log file {item.key}"
            problems.error(item.file, item.line, what, nearest(name, LEVELS))
        else:
            levels.add(name)
            if name == "verbose":
                digits = depth.rstrip(") ").strip()
                if digits.isascii() and digits.isdigit() and len(digits) < 5:
                    verbose = int(digits)
                elif bracket:
                    problems.error(
                        item.file, item.line, f"'{word}' of log file {item.key} is not verbose(number)"
                    )
    return LogFile(item.key, item.where, frozenset(levels), verbose, form)
