"""A call that is over leaves nothing in memory, without the help of the garbage collector.

At hundreds of calls a second the collector comes too late: what only it can free is a leak in practice.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

from unit.drivers.node import Switch, connect, hang_up, phone

_OURS = (
    "offhook.drivers",
    "offhook.pbx",
    "offhook.dialplan",
    "offhook.sip",
    "offhook.media",
    "offhook.features",
)
# What a node keeps for a while on purpose, or for ever.
_KEPT = frozenset(("Binding", "Template", "Hop", "Route", "Step", "Timer"))


def ours() -> list[object]:
    return [
        thing
        for thing in gc.get_objects()
        # str(): a class that has slots or properties may call one of them __module__.
        if str(type(thing).__module__).startswith(_OURS) and type(thing).__qualname__ not in _KEPT
    ]


def objects() -> Counter[str]:
    """Our objects by their class."""
    return Counter(type(thing).__qualname__ for thing in ours())


async def settled(switch: Switch) -> None:
    for _ in range(20):
        await asyncio.sleep(0.02)
        if not switch.node.pbx.channels:
            break
    await asyncio.sleep(0.1)


async def a_call(switch: Switch, alice, bob, a, b) -> None:
    _, theirs = await connect(alice, bob, "bob", (a, b))
    await hang_up(switch, bob, theirs, alice)


async def one_call(switch: Switch, alice, bob, a, b) -> None:
    """A call whose objects are seen while it lasts: a look that finds none would never find a leak."""
    earlier = ours()  # other tests of this process may have left some
    known = set(map(id, earlier))
    _, theirs = await connect(alice, bob, "bob", (a, b))
    there = Counter(type(thing).__qualname__ for thing in ours() if id(thing) not in known)
    assert (there["SipChannel"], there["LegMedia"], there["Bridge"], there["Call"]) == (2, 2, 1, 1)
    await hang_up(switch, bob, theirs, alice)


async def test_an_answered_call(switch: Switch) -> None:
    await switch.start(phone("alice") + phone("bob"), "[default]\nexten => bob,1,Dial(PJSIP/bob,20)\n")
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    a, b = await switch.audio(), await switch.audio()
    await bob.register()
    await one_call(switch, alice, bob, a, b)  # what is made once is there now
    await settled(switch)
    gc.collect()
    before = objects()
    gc.disable()
    try:
        for _ in range(3):
            await a_call(switch, alice, bob, a, b)
        await settled(switch)
        assert objects() - before == Counter()
    finally:
        gc.enable()


async def test_calls_that_nobody_answers(switch: Switch) -> None:
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob,20)\nexten => none,1,Dial(PJSIP/nobody)\n"
        "exten => busy,1,Busy()\n",
    )
    alice, bob, audio = await switch.peer(name="alice"), await switch.peer(name="bob"), await switch.audio()
    await bob.register()

    async def three() -> None:
        for number, status in (("bob", 486), ("none", 503), ("busy", 486)):
            if number == "bob":
                calling = asyncio.create_task(alice.call("bob", body=audio.sdp(), status=status))
                bob.answer(await bob.expect("INVITE"), 486)
                await bob.expect("ACK")
                await calling
            else:
                await alice.call(number, body=audio.sdp(), status=status)

    await three()
    await settled(switch)
    gc.collect()
    before = objects()
    gc.disable()
    try:
        await three()
        await three()
        await settled(switch)
        assert objects() - before == Counter()
    finally:
        gc.enable()
