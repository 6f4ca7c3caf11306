"""Random calls between user agents, at session level: thousands of small stories, each told by its seed.

When one fails its ladder is printed.  To see it again:

    pytest tests/calls/test_sessions.py --seed 4711

`--seeds N` runs N of them instead of the usual number.
"""

from collections import Counter

import pytest

from calls.sessions import play

SEEDS = 1200
BLOCK = 50

_seen: Counter[str] = Counter()
_played: set[int] = set()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        one = metafunc.config.getoption("--seed", None)
        count = metafunc.config.getoption("--seeds", None) or SEEDS
        blocks = (
            [range(one, one + 1)]
            if one is not None
            else [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]
        )
        metafunc.parametrize("seeds", blocks, ids=lambda block: f"{block[0]}-{block[-1]}")


def test_random_sessions(seeds):
    for seed in seeds:
        scene = play(seed)
        _seen.update(scene.count())
        _played.add(seed)


def test_the_scenarios_reach_everything():
    """A generator that no longer produces a situation would make the test above say nothing about it."""
    if len(_played) < 1000:
        pytest.skip("too few were played to tell")
    often = {
        "answered": 300,
        "compared": 150,
        "failed 487": 100,  # cancelled
        "failed 486": 10,
        "failed 302": 10,
        "redirected": 10,
        "offered,": 100,  # without an offer
        "200 PRACK": 100,
        "407 INVITE": 30,
        "407 BYE": 5,
        "420 INVITE": 10,
        "421 INVITE": 10,
        "422 INVITE": 10,
        "491 INVITE": 30,  # glare
        "491 UPDATE": 5,
        "488 INVITE": 10,
        "500 INVITE": 5,
        "481 BYE": 10,  # both hung up
        "ended by network": 1,
        "ended by protocol": 5,
        "refreshes": 2,
        "2xx crossed CANCEL": 10,
        "several answered": 10,
        "died": 20,
    }
    missing = {what: _seen[what] for what, least in often.items() if _seen[what] < least}
    assert not missing, dict(_seen)


@pytest.mark.parametrize("seed", range(0, 400, 13))
def test_a_seed_always_tells_the_same_story(seed):
    assert play(seed).network.meaning() == play(seed).network.meaning()
