"""The fake switch itself: a call from end to end."""

from __future__ import annotations


async def test_two_phones_talk(office) -> None:
    o = office("[default]\nexten => 6002,1,Dial(Fake/bob,20)\n")
    bob = o.phone("bob", rings=0.1, answers=5.0)
    alice = o.call("6002")
    await o.settle(1)
    assert "ring" in alice.did
    await o.settle(5)
    assert alice.hears is bob.leg
    bob.leg.far_end_hung_up(16)
    await o.ended(alice)
    assert alice.released == 16
    assert alice.get_variable("DIALSTATUS") == "ANSWER"
