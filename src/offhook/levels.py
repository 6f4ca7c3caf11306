"""Asterisk's log levels on top of Python's: which kind of line a record is.

Most records need nothing of this: `log.info` is a NOTICE, `log.warning`, `log.error` and `log.debug` are what
they say.  Lines with another name go through a logger of their own, so that who does not want them pays
nothing:

    logger_of("dtmf").info("...")                       DTMF, FAX, SECURITY, custom levels
    log.log(verbose(3), "Executing ...")                VERBOSE, with Verbose()'s number
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["KINDS", "is_custom", "kind_of", "logger_of", "name_levels", "verbose"]

KINDS = ("debug", "trace", "notice", "warning", "error", "verbose", "dtmf", "fax", "security")
"""The kinds of lines that logger.conf knows, without those of `custom_levels`."""

_OWN_LOGGERS = ("dtmf", "fax", "security")
_FIRST, _LAST = logging.INFO - 1, logging.DEBUG + 1  # numbers of VERBOSE 1 and of all from VERBOSE 9 on
_VERBOSE_0 = logging.INFO + 1  # said as long as anything is


def verbose(depth: int) -> int:
    """The level number of a VERBOSE line; more depth is said to fewer."""
    return _VERBOSE_0 if depth <= 0 else max(logging.INFO - depth, _LAST)


def logger_of(kind: str) -> logging.Logger:
    """The logger of lines that are of this kind whatever their number: dtmf, fax, security, or your own."""
    kind = kind.lower()
    return logging.getLogger(f"offhook.{kind}" if kind in _OWN_LOGGERS else f"offhook.level.{kind}")


def kind_of(logger: str, number: int) -> tuple[str, int]:
    """What kind of line a record is, by its logger and number; with the depth of VERBOSE, else 0."""
    own = _own_kind(logger)
    if own:
        return own, 0
    if number >= logging.WARNING:
        return ("error" if number >= logging.ERROR else "warning"), 0
    if number == _VERBOSE_0:
        return "verbose", 0
    if _LAST <= number <= _FIRST:
        return "verbose", logging.INFO - number
    if number >= logging.INFO:
        return "notice", 0
    return ("debug" if number >= logging.DEBUG else "trace"), 0


@lru_cache(maxsize=1024)
def _own_kind(logger: str) -> str:
    words = logger.split(".")
    if len(words) > 1 and words[0] == "offhook":
        if words[1] in _OWN_LOGGERS:
            return words[1]
        if words[1] == "level" and len(words) > 2:
            return words[2]
    return ""


_custom: set[str] = set()


def name_levels(names: Iterable[str]) -> None:
    """Set which levels there are besides KINDS (logger.conf custom_levels)."""
    _custom.clear()
    _custom.update(name.lower() for name in names)


def is_custom(name: str) -> bool:
    """Whether logger.conf defines a level of this name."""
    return name.lower() in _custom
