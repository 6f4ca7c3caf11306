"""Time conditions: `times,weekdays,days of the month,months[,time zone]`.

Used by `include =>`, GotoIfTime, ExecIfTime and IFTIME().  `*` or nothing is any; ranges are written
with `-`, may run over the end (`fri-mon`, `22:00-6:00`), and several are joined with `&`.  A range of
times ends with the minute that it names.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from offhook.dialplan.errors import TimingError

__all__ = ["TimeCondition", "parse_time_condition", "time_zone"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MINUTES = 24 * 60
_POSIX_ZONE = re.compile(r"[A-Za-z]{3,}([+-]?)(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True, slots=True)
class TimeCondition:
    """A parsed condition; None where anything goes."""

    minutes: tuple[tuple[int, int], ...] | None
    weekdays: frozenset[int] | None
    days: frozenset[int] | None
    months: frozenset[int] | None
    zone: str

    def holds(self, now: float) -> bool:
        """Whether it holds at `now` (seconds since the epoch)."""
        moment = datetime.fromtimestamp(now, time_zone(self.zone))
        if self.months is not None and moment.month not in self.months:
            return False
        if self.days is not None and moment.day not in self.days:
            return False
        if self.weekdays is not None and moment.weekday() not in self.weekdays:
            return False
        if self.minutes is None:
            return True
        minute = moment.hour * 60 + moment.minute
        return any(
            start <= minute <= end if start <= end else minute >= start or minute <= end
            for start, end in self.minutes
        )


@functools.lru_cache(maxsize=64)
def time_zone(name: str) -> tzinfo | None:
    """A time zone by its name; None (the machine's) for "".

    Raises:
        TimingError: there is no such zone.
    """
    if not name:
        return None
    if name.upper() in ("UTC", "GMT"):
        return UTC
    # Imported here: most dialplans name no time zone.
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        posix = _POSIX_ZONE.fullmatch(name)
        if posix is None or int(posix[2]) > 23:
            raise TimingError(f"there is no time zone {name!r}") from None
        # POSIX counts westward: GMT-6 is six hours ahead of UTC.
        hours, minutes = int(posix[2]), int(posix[3] or 0)
        east = 1 if posix[1] == "-" else -1
        return timezone(east * timedelta(hours=hours, minutes=minutes), name)


@functools.lru_cache(maxsize=1024)
def parse_time_condition(text: str) -> TimeCondition:
    """Read a condition.

    Raises:
        TimingError: it is not one.
    """
    # Before 1.6 the fields were separated by |.
    parts = [part.strip() for part in text.replace("|", ",").split(",")]
    if len(parts) > 5:
        raise TimingError(f"{text!r} has more than times, weekdays, days, months and a time zone")
    times, weekdays, days, months, zone = parts + [""] * (5 - len(parts))
    time_zone(zone)
    return TimeCondition(
        minutes=_times(times),
        weekdays=_range(weekdays, _DAYS, 0, "weekday"),
        days=_range(days, None, 31, "day of the month"),
        months=_range(months, _MONTHS, 12, "month"),
        zone=zone,
    )


def _is_any(text: str) -> bool:
    return text in ("", "*")


def _times(text: str) -> tuple[tuple[int, int], ...] | None:
    if _is_any(text):
        return None
    found: list[tuple[int, int]] = []
    for part in text.split("&"):
        start, dash, end = part.partition("-")
        first = _minute(start)
        found.append((first, _minute(end) if dash else first))
    return tuple(found)


def _minute(text: str) -> int:
    hour, colon, minute = text.strip().partition(":")
    if not (colon and hour.isdecimal() and minute.isdecimal() and len(hour) <= 2 and len(minute) <= 2):
        raise TimingError(f"{text.strip()!r} is not a time of day (hh:mm)")
    value = int(hour) * 60 + int(minute)
    if int(minute) > 59 or value > _MINUTES:
        raise TimingError(f"{text.strip()!r} is not a time of day (hh:mm)")
    return min(value, _MINUTES - 1)


def _range(text: str, names: tuple[str, ...] | None, last: int, what: str) -> frozenset[int] | None:
    """Numbers of names (weekdays from 0, months from 1) or of days."""
    if _is_any(text):
        return None
    base = 1 if last else 0
    top = last or 6
    found: set[int] = set()
    for part in text.split("&"):
        start, dash, end = part.partition("-")
        first = _value(start, names, base, top, what)
        final = _value(end, names, base, top, what) if dash else first
        at = first
        while True:
            found.add(at)
            if at == final:
                break
            at = at + 1 if at < top else base
    return frozenset(found)


def _value(text: str, names: tuple[str, ...] | None, base: int, top: int, what: str) -> int:
    word = text.strip().lower()
    if names is not None and word[:3] in names and len(word) >= 3:
        return names.index(word[:3]) + base
    if word.isdecimal() and len(word) <= 2 and base <= int(word) <= top and (names is None or base):
        return int(word)
    raise TimingError(f"{text.strip()!r} is not a {what}")
