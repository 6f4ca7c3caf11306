"""Dial's p and P: the caller says a name, the called party hears it and decides."""

from __future__ import annotations

import pytest

from offhook.features.astdb import AstDb


def screened(office, options: str, before: str = "NoOp()"):
    o = office(
        f"[default]\nexten => s,1,{before}\n same => n,Dial(Fake/bob,,g{options})\n"
        " same => n,Set(GLOBAL(after)=${GLOBAL(after)}${DIALSTATUS}/)\n same => n,Wait(1)\n"
    )
    o.pbx.add_service(AstDb())
    return o


async def introduced(o, alice) -> None:
    """The caller says a name and presses #."""
    await o.settle(5)
    alice.receive_digit("#", 100)
    await o.settle(3)


async def decided(o, bob, key: str) -> None:
    await o.settle(3)
    bob.leg.receive_digit(key, 100)
    await o.settle(1)


@pytest.mark.parametrize(
    ("options", "key", "status"),
    [
        ("p", "1", ""),
        ("p", "2", "NOANSWER/"),
        ("p", "3", "TORTURE/"),
        ("p", "4", "DONTCALL/"),
        ("P", "1", ""),
        ("P", "5", "NOANSWER/"),
    ],
)
async def test_what_the_called_party_decides(office, options: str, key: str, status: str) -> None:
    o = screened(office, options)
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await introduced(o, alice)
    await decided(o, bob, key)
    assert o.runner.globals.get("after", "") == status
    assert bob.leg.ended == bool(status)
    assert (alice.bridge is not None) == (not status)


async def test_a_decision_is_kept(office) -> None:
    o = screened(office, "P")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await introduced(o, alice)
    await decided(o, bob, "3")
    await o.ended(alice)
    again = o.call()
    await o.settle(1)
    assert o.runner.globals["after"] == "TORTURE/TORTURE/"
    assert len(bob.legs) == 1
    await o.ended(again)


async def test_who_is_let_through_for_ever_is_not_asked_again(office) -> None:
    o = screened(office, "P(family)")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await introduced(o, alice)
    await decided(o, bob, "1")
    alice.far_end_hung_up(16)
    await o.settle(1)
    again = o.call()
    await o.settle(2)
    assert again.bridge is not None


async def test_nobody_decides(office) -> None:
    o = screened(office, "p")
    o.phone("bob", answers=1)
    alice = o.call()
    await introduced(o, alice)
    await o.settle(60)
    assert o.runner.globals["after"] == "NOANSWER/"


async def test_callers_with_a_number_are_let_through_with_N(office) -> None:
    o = screened(office, "pN", "Set(CALLERID(num)=100)")
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    assert alice.bridge is not None
