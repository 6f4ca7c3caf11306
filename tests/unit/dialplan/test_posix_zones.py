"""Time zones as POSIX writes them: a name and an offset westward."""

from __future__ import annotations

from datetime import timedelta

import pytest

from offhook.dialplan.errors import TimingError
from offhook.dialplan.timing import time_zone


@pytest.mark.parametrize(
    ("name", "hours"), [("GMT-6", 6), ("GMT+6", -6), ("EST5", -5), ("IST-5:30", 5.5), ("UTC", 0)]
)
def test_zones_as_posix_writes_them(name: str, hours: float) -> None:
    zone = time_zone(name)
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(hours=hours)


def test_what_is_no_zone() -> None:
    for name in ("GMT-99", "Nowhere/City", "A1", "GMT-6:00:00:00"):
        with pytest.raises(TimingError):
            time_zone(name)
