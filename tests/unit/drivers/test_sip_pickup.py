"""The number that takes a call of one's pickup groups (features.conf pickupexten)."""

from __future__ import annotations

import pytest

from unit.drivers.node import Dialog, Switch, eventually, phone

DIALPLAN = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"


async def ringing(switch: Switch, carol: str):
    phones = phone("alice") + phone("bob", "call_group=2\nnamed_call_group=sales") + phone("carol", carol)
    await switch.start(phones, DIALPLAN)
    peers = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    for peer in peers[1:]:
        await peer.register()
    alice, bob, _ = peers
    request = alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp("0"))
    bob.answer(await bob.expect("INVITE"), 180)
    await alice.expect(180)
    return peers, request


@pytest.mark.parametrize("carol", ["pickup_group=1-3", "named_pickup_group=sales,service"])
async def test_star_eight_takes_the_call(switch: Switch, carol: str) -> None:
    (alice, bob, taker), first = await ringing(switch, carol)
    request = taker.request("INVITE", f"sip:*8@{taker.server}", body=(await switch.audio()).sdp("0"))
    call = Dialog(request, await taker.expect(200))
    taker.within(call, "ACK")
    alice.within(Dialog(first, await alice.expect(200)), "ACK")
    await bob.expect("CANCEL")
    legs = [leg for leg in switch.node.pbx.channels.values() if leg.device != "PJSIP/bob"]
    assert len(legs) == 2
    assert legs[0].bridge is legs[1].bridge is not None
    taker.within(call, "BYE")
    alice.answer(await alice.expect("BYE"), 200)
    await eventually("the caller is gone", lambda: not [one for one in switch.channels() if "alice" in one])


async def test_not_without_the_group(switch: Switch) -> None:
    (_, _, taker), _ = await ringing(switch, "pickup_group=9")
    request = taker.request("INVITE", f"sip:*8@{taker.server}", body=(await switch.audio()).sdp("0"))
    assert (await taker.expect_final(request)).status == 403
