"""A dialplan that dials one phone, for the tests of Dial()."""

from __future__ import annotations

__all__ = ["dialling", "talking"]


def dialling(office, options: str, more: str = "", before: str = "NoOp()"):
    return office(
        f"[default]\nexten => s,1,{before}\n same => n,Dial(Fake/bob,,{options})\n"
        " same => n,Set(GLOBAL(after)=${DIALSTATUS})\n same => n,Wait(1)\n"
        "exten => h,1,Set(GLOBAL(h)=${GLOBAL(h)}${CHANNEL(name):5:3} ${DIALSTATUS}/)\n"
        f"exten => 5,1,Set(GLOBAL(five)=1)\n same => n,Wait(1)\n{more}"
    )


async def talking(office, options: str, more: str = "", before: str = "NoOp()", **phone):
    o = dialling(office, options, more, before)
    bob = o.phone("bob", answers=1, **phone)
    alice = o.call()
    await o.settle(2)
    return o, alice, bob
