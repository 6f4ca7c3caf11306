"""ChannelRedirect, SoftHangup, Originate, ChanIsAvail, SendText, DumpChan, WaitForRing."""

from __future__ import annotations

import pytest

from offhook.pbx.causes import Cause
from unit.functions.saying import spoken

OTHER = (
    "[default]\nexten => w,1,Wait(60)\n[there]\nexten => 9,1,NoOp()\n"
    " same => n(go),Set(GLOBAL(there)=1)\n same => n,Wait(60)\n"
)


async def with_other(office, *lines: str):
    o = office(OTHER + "[mine]\n" + "".join(f"exten => s,{at},{line}\n" for at, line in enumerate(lines, 1)))
    other = o.call("w")
    await o.settle(1)
    for name in list(o.runner.globals):
        del o.runner.globals[name]
    o.runner.globals["OTHER"] = other.name
    alice = o.call("s", context="mine")
    await o.settle(1)
    return o, other, alice


async def test_redirect(office) -> None:
    o, other, _ = await with_other(
        office, "ChannelRedirect(${OTHER},there,9,go)", "Set(GLOBAL(s)=${CHANNELREDIRECT_STATUS})"
    )
    assert o.runner.globals["s"] == "SUCCESS"
    assert o.runner.globals["there"] == "1"
    assert other.context == "there"


async def test_redirect_of_nobody(office) -> None:
    o, _, _ = await with_other(
        office, "ChannelRedirect(Fake/none,there,9,1)", "Set(GLOBAL(s)=${CHANNELREDIRECT_STATUS})"
    )
    assert o.runner.globals["s"] == "NOCHANNEL"


async def test_redirect_to_nowhere_ends_the_call_that_asked(office, caplog) -> None:
    o, other, alice = await with_other(office, "ChannelRedirect(${OTHER},nowhere,9,1)", "Set(GLOBAL(s)=1)")
    assert "s" not in o.runner.globals
    assert alice.ended
    assert not other.ended
    assert "there is no priority" in caplog.text


@pytest.mark.parametrize("arguments", ["${OTHER}", "Fake/6001", "Fake/6001,a"])
async def test_soft_hangup(office, arguments: str) -> None:
    _, other, _ = await with_other(office, f"SoftHangup({arguments})")
    assert other.ended


async def test_soft_hangup_of_nobody(office, caplog) -> None:
    _, other, _ = await with_other(office, "SoftHangup(Fake/none)")
    assert not other.ended
    assert "there is no channel Fake/none" in caplog.text


# ---------------------------------------------------------------- Originate


async def originating(office, line: str, seconds: float = 40.0, **phone):
    o = office(
        f"[default]\nexten => s,1,{line}\n same => n,Set(GLOBAL(s)=${{ORIGINATE_STATUS}})\n"
        "exten => 9,1,Set(GLOBAL(nine)=${CALLERID(num)}${X}${CHANNEL(name):5:3})\n same => n,Wait(1)\n"
        "[pre]\nexten => s,1,Set(GLOBAL(pre)=${ARG1}${CHANNEL(name):5:3})\n same => n,Return()\n"
    )
    bob = o.phone("bob", **phone)
    o.call()
    await o.settle(seconds)
    return o.runner.globals, bob


async def test_originate_to_an_extension(office) -> None:
    found, bob = await originating(
        office, "Originate(Fake/bob,exten,default,9,1,20,c(777)n(Bob)v(X=-x-)b(pre^s^1(p)))", answers=3
    )
    assert found["s"] == "SUCCESS"
    assert found["nine"] == "777-x-bob"
    assert found["pre"] == "pbob"
    assert bob.leg.ended


async def test_originate_an_application(office) -> None:
    found, bob = await originating(office, "Originate(Fake/bob,app,Playback,welcome)", answers=1)
    assert found["s"] == "SUCCESS"
    assert bob.leg.ended


async def test_originate_without_waiting(office) -> None:
    found, _ = await originating(office, "Originate(Fake/bob,exten,default,9,1,20,a)", seconds=0.5, answers=3)
    assert found["s"] == "SUCCESS"
    assert "nine" not in found


@pytest.mark.parametrize(
    ("phone", "status"),
    [
        ({"refuses": (1, Cause.USER_BUSY)}, "BUSY"),
        ({"refuses": (1, Cause.NORMAL_CIRCUIT_CONGESTION)}, "CONGESTION"),
        ({"rings": 1}, "RINGING"),
        ({"cannot": Cause.NO_ROUTE_DESTINATION}, "FAILED"),
    ],
)
async def test_originate_without_an_answer(office, phone: dict, status: str) -> None:
    found, _ = await originating(office, "Originate(Fake/bob,exten,default,9,1,10)", **phone)
    assert found["s"] == status


@pytest.mark.parametrize("arguments", ["Fake/bob", "Fake/bob,other,a,b", "Fake/bob,app,NoSuchApp"])
async def test_originate_with_wrong_arguments(office, arguments: str, caplog) -> None:
    found, _ = await originating(office, f"Originate({arguments})")
    assert "s" not in found
    assert "Originate: " in caplog.text


# ---------------------------------------------------------------- others


async def test_chan_is_avail(office) -> None:
    o = office()
    bob, eve = o.phone("bob"), o.phone("eve")
    o.phone("lost", cannot=Cause.NO_USER_RESPONSE)
    found = await spoken(
        o,
        "ChanIsAvail(Fake/none&Fake/bob&Fake/eve)",
        "Set(GLOBAL(a)=${CUT(AVAILCHAN,-,1)} ${AVAILORIGCHAN} ${AVAILSTATUS} ${AVAILCAUSECODE})",
        "Set(GLOBAL(name)=${AVAILCHAN})",
        "ChanIsAvail(Fake/bob&Fake/eve,a)",
        "Set(GLOBAL(b)=${AVAILORIGCHAN})",
        "ChanIsAvail(Fake/none)",
        "Set(GLOBAL(c)=<${AVAILCHAN}> ${AVAILSTATUS} ${AVAILCAUSECODE})",
        "ChanIsAvail(Fake/lost)",
        "Set(GLOBAL(d)=<${AVAILCHAN}> ${AVAILCAUSECODE})",
        "ChanIsAvail(Fake/bob&Fake/eve,at)",
        "Set(GLOBAL(e)=${AVAILCHAN})",
    )
    assert [found[name] for name in "abcde"] == [
        "Fake/bob Fake/bob 1 0", "Fake/bob&Fake/eve", "<> 4 3", "<> 18", "Fake/bob&Fake/eve",
    ]  # fmt: skip
    assert found["name"].startswith("Fake/bob-")
    legs = [*bob.legs, *eve.legs]
    assert len(legs) == 3
    assert all(leg.ended and "place" not in leg.did for leg in legs)


async def test_send_text_where_the_technology_cannot(office) -> None:
    found = await spoken(
        office(), "SendText(hello)", "Set(GLOBAL(a)=${SENDTEXTSTATUS} ${SENDTEXTTYPE})", "SendText()",
        "Set(GLOBAL(b)=${SENDTEXTSTATUS})",
    )  # fmt: skip
    assert found["a"] in ("UNSUPPORTED NONE", "SUCCESS BASIC")
    assert found["b"] == "FAILURE"


async def test_dump_chan(office, caplog) -> None:
    caplog.set_level(1)
    await spoken(office(), "Set(COLOUR=blue)", "DumpChan()")
    assert "COLOUR=blue" in caplog.text
    assert "CallerIDNum= 6001" in caplog.text


async def test_wait_for_ring_gives_up(office) -> None:
    o = office("[default]\nexten => s,1,WaitForRing(5)\n same => n,Set(GLOBAL(r)=1)\n")
    alice = o.call()
    began = o.now
    await o.ended(alice)
    assert o.now - began == pytest.approx(5, abs=0.1)
    assert o.runner.globals["r"] == "1"
