"""Functions of time: STRFTIME, STRPTIME, TESTTIME."""

from __future__ import annotations

import re
from datetime import datetime

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function, write_only_function
from offhook.dialplan.errors import FunctionError, TimingError
from offhook.dialplan.timing import time_zone

__all__: list[str] = []

# What C's strptime() knows and Python's does not.
_COMPOUND = {"T": "%H:%M:%S", "D": "%m/%d/%y", "R": "%H:%M", "F": "%Y-%m-%d", "e": "%d", "k": "%H", "l": "%I"}
# %q, Asterisk's fraction of a second (%3q: milliseconds), and %s, which C calculates in the wrong zone.
_OURS = re.compile(r"%%|%(\d?)q|%s")


@function("STRFTIME")
def strftime(call: Call, epoch: str = "", timezone: str = "", format: Raw = "%c") -> str:
    """A time as text: STRFTIME([epoch][,[timezone][,format]]).

    Args:
        epoch: seconds since 1970; now if not given.
        timezone: as in the tz database; the machine's if not given.
        format: as for C's strftime(), and %q or %3q for the milliseconds.
    """
    try:
        seconds = float(epoch) if epoch.strip() else call.channel.pbx.wall_clock()
        moment = datetime.fromtimestamp(seconds, time_zone(timezone.strip())).astimezone(
            time_zone(timezone.strip())
        )
    except (ValueError, OverflowError, OSError):
        raise FunctionError(f"STRFTIME: {epoch!r} is not a time") from None

    def ours(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        if found[0] == "%s":
            return str(int(moment.timestamp()))
        return f"{moment.microsecond:06d}"[: int(found[1] or 3)]

    try:
        return moment.strftime(_OURS.sub(ours, format))
    except ValueError as error:
        raise FunctionError(f"STRFTIME: {error}") from None


@function("STRPTIME")
def strptime(call: Call, datetime_text: str, timezone: str = "", format: Raw = "%c") -> str:
    """The epoch of a time given as text: STRPTIME(datetime,timezone,format)."""
    python_format = re.sub(r"%([%TDRFekl])", lambda found: _COMPOUND.get(found[1], found[0]), format)
    try:
        moment = datetime.strptime(datetime_text, python_format)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=time_zone(timezone.strip()))
        return str(int(moment.timestamp()))
    except (ValueError, OverflowError) as error:
        raise FunctionError(f"STRPTIME: {error}") from None


@write_only_function("TESTTIME")
def set_test_time(call: Call, value: str, date: str = "", time: str = "", zone: str = "") -> None:
    """Have GotoIfTime, ExecIfTime and IFTIME() of this channel decide as if it were another time.

    Set(TESTTIME()=2026-12-25 11:30:00 Europe/Berlin), or Set(TESTTIME(2026-12-25,11:30:00,Europe/Berlin)=):
    the clock stands still at that moment, which the variable TESTTIME has in seconds since 1970.  Without a
    date the clock counts again.

    Args:
        date: YYYY-MM-DD.
        time: HH:MM:SS.
        zone: as in the tz database; the machine's if not given.
    """
    given = value.split() if value.strip() else [one.strip() for one in (date, time, zone)]
    day, hour, where = (*given, "", "", "")[:3]
    if not day:
        call.channel.unset_variable("TESTTIME")
        return
    try:
        moment = datetime.strptime(f"{day.replace('/', '-')} {hour}", "%Y-%m-%d %H:%M:%S")
        seconds = int(moment.replace(tzinfo=time_zone(where)).timestamp())
    except (ValueError, OverflowError, TimingError) as error:
        raise FunctionError(f"TESTTIME: {' '.join(given).strip()!r} is no time: {error}") from None
    call.set_variable("TESTTIME", str(seconds))
