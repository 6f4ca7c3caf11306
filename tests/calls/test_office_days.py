"""2,000 random days in the demo office: whole calls through the switch, nothing left over after any of them.

pytest tests/calls/test_office_days.py --seed 4711      plays one again and prints its ladder
"""

from collections import Counter

import pytest

from calls.office import play

SEEDS = 2000
BLOCK = 50

_seen: Counter[str] = Counter()
_played = 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "days" in metafunc.fixturenames:
        one = metafunc.config.getoption("--seed", None)
        count = metafunc.config.getoption("--seeds", None) or SEEDS
        blocks = (
            [range(one, one + 1)]
            if one is not None
            else [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
        )
        metafunc.parametrize("days", blocks, ids=lambda block: f"{block[0]}-{block[-1]}")


def test_random_days(days):
    global _played
    for seed in days:
        problems, office = play(seed)
        _seen.update(office.seen)
        _played += 1
        assert not problems, f"seed {seed}: {problems}\n{office.network.ladder()}"


def test_the_days_are_full():
    """A generator that no longer produces a situation would make the test above say nothing about it."""
    if _played < 900:
        pytest.skip("too few were played in this process to tell")
    for what in (
        "dialled a phone",
        "dialled 5xx",
        "dialled 9xx",
        "ANSWERED",
        "BUSY",
        "NO ANSWER",
        "blind transfers",
    ):
        assert _seen[what] > 20, dict(_seen)
    for what in ("attended transfers", "transferred", "told of a transfer", "went direct"):
        assert _seen[what] > 10, dict(_seen)
