"""RetryDial: again and again."""

from __future__ import annotations

import pytest


def office_of(office, arguments: str):
    return office(
        f"[default]\nexten => s,1,RetryDial({arguments})\n"
        " same => n,Set(GLOBAL(after)=${DIALSTATUS})\n same => n,Wait(1)\n"
        "exten => 5,1,Set(GLOBAL(five)=1)\n same => n,Wait(1)\n"
    )


async def test_it_tries_again_after_a_pause(office) -> None:
    """Two tries of half a second, three seconds in between."""
    o = office_of(office, ",3,2,Fake/bob")
    o.phone("bob", refuses=(0.5, 17))
    alice = o.call()
    await o.settle(3.8)
    assert "after" not in o.runner.globals
    await o.settle(0.4)
    assert o.runner.globals["after"] == "BUSY"
    await o.ended(alice)


async def test_an_answer_is_the_end(office) -> None:
    o = office_of(office, ",3,0,Fake/bob")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert "after" not in o.runner.globals


async def test_a_digit_leaves(office) -> None:
    """Option d, between two tries."""
    o = office_of(office, ",5,0,Fake/bob,,d")
    o.phone("bob", refuses=(0.5, 17))
    alice = o.call()
    await o.settle(2)
    alice.digit_received("5", 100)
    await o.settle(0.5)
    assert o.runner.globals["five"] == "1"
    await o.ended(alice)


@pytest.mark.parametrize("arguments", ["sorry,3,2", ""])
async def test_arguments_are_needed(office, arguments: str) -> None:
    o = office_of(office, arguments)
    alice = o.call()
    await o.ended(alice)
    assert "after" not in o.runner.globals
