"""What the dialplan leaves on called legs, which run none: hangup handlers, an absolute time-out."""

from __future__ import annotations

from offhook.pbx import events
from offhook.pbx.party import PartyId, Presentation
from unit.apps.dialling import dialling, talking

PREPARED = "b(default^prepare^1)"
HANDLER = (
    "exten => prepare,1,Set(CHANNEL(hangup_handler_push)=handler,s,1)\n same => n,Return()\n"
    "[handler]\nexten => s,1,Set(GLOBAL(who)=${CHANNEL(name)})\n"
    " same => n,Set(GLOBAL(why)=${HANGUPCAUSE(${CHANNEL(name)},tech)} ${HANGUPCAUSE(${CHANNEL(name)},ast)})\n"
    " same => n,Return()\n"
)


async def test_a_hangup_handler_of_a_called_leg_runs_when_it_is_refused(office) -> None:
    o = dialling(office, PREPARED, HANDLER)
    bob = o.phone("bob")
    o.call()
    await o.settle(1)
    assert "who" not in o.runner.globals
    bob.leg.tech_cause = "SIP 486 Busy Here"
    bob.leg.far_end_hung_up(17)
    await o.settle(1)
    assert o.runner.globals["who"].startswith("Fake/bob")
    assert o.runner.globals["why"] == "SIP 486 Busy Here User busy"


async def test_a_hangup_handler_of_a_called_leg_runs_when_the_call_is_over(office) -> None:
    o, alice, _ = await talking(office, PREPARED, HANDLER)
    assert "who" not in o.runner.globals
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert o.runner.globals["who"].startswith("Fake/bob")
    assert not o.runner._legs._calls


async def test_a_hangup_handler_goes_along_into_the_dialplan(office) -> None:
    """Option G gives the called leg a dialplan of its own."""
    o, alice, bob = await talking(
        office, f"{PREPARED}G(default^both^1)", "exten => both,1,Wait(1)\n same => n,Wait(2)\n" + HANDLER
    )
    alice.far_end_hung_up(16)
    await o.settle(0.5)
    assert "who" not in o.runner.globals
    await o.settle(3)
    assert bob.leg.ended
    assert o.runner.globals["who"].startswith("Fake/bob")


async def test_an_absolute_timeout_ends_a_called_leg(office) -> None:
    more = "exten => prepare,1,Set(TIMEOUT(absolute)=5)\n same => n,Return()\n"
    o, alice, bob = await talking(office, f"g{PREPARED}", more)
    assert not bob.leg.ended
    await o.settle(4)
    assert bob.leg.ended
    assert o.runner.globals["after"] == "ANSWER"
    await o.ended(alice)


async def test_an_absolute_timeout_does_not_outlive_its_leg(office) -> None:
    more = "exten => prepare,1,Set(TIMEOUT(absolute)=5)\n same => n,Return()\n"
    o, alice, bob = await talking(office, f"{PREPARED}", more)
    call = o.runner.call_on(bob.leg)
    alice.far_end_hung_up(16)
    await o.settle(1)
    assert call.timeouts.timer is None


async def test_subroutines_see_and_change_a_diversion(office) -> None:
    """A Local channel's dialplan says it; the caller's subroutine changes what the caller is told."""
    o = office(
        "[default]\nexten => s,1,Set(__REDIRECTING_SEND_SUB=caller,s,1)\n"
        " same => n,Set(__REDIRECTING_SEND_SUB_ARGS=45,4)\n"
        " same => n,Set(__REDIRECTING_RECV_SUB=called,s,1)\n same => n,Dial(Local/101@default)\n"
        "exten => 101,1,Set(REDIRECTING(from-num,i)=1000)\n same => n,Set(REDIRECTING(reason,i)=cfu)\n"
        " same => n,Set(REDIRECTING(to-num)=2000)\n same => n,Wait(5)\n"
        "[caller]\nexten => s,1,Set(SEEN=${REDIRECTING(to-num)} ${REDIRECTING(reason)})\n"
        " same => n,Set(GLOBAL(seen)=${SEEN} ${GLOBAL(called)})\n"
        " same => n,Set(REDIRECTING(to-num,i)=${ARG1}${REDIRECTING(to-num):-${ARG2}})\n same => n,Return()\n"
        "[called]\nexten => s,1,Set(GLOBAL(called)=${CHANNEL(name):0:9})\n same => n,Return()\n"
    )
    alice = o.call()
    await o.settle(1)
    assert o.runner.globals["seen"] == "2000 cfu Local/101"
    assert alice.redirecting.to.number == "452000"
    assert alice.redirecting.by.number == "1000"


CONNECTED = (
    "exten => s,1,Set(__CONNECTED_LINE_SEND_SUB=caller,s,1)\n"
    " same => n,Set(__CONNECTED_LINE_SEND_SUB_ARGS=45,4)\n"
    " same => n,Dial({0})\n"
    "[caller]\nexten => s,1,Set(GLOBAL(seen)=${{GLOBAL(seen)}}${{CONNECTEDLINE(num)}}/)\n"
    " same => n,Set(CONNECTEDLINE(num,i)=${{ARG1}}${{CONNECTEDLINE(num):-${{ARG2}}}})\n same => n,Return()\n"
)


async def test_a_subroutine_sees_and_changes_whom_the_caller_is_connected_with(office) -> None:
    o = office(
        "[default]\nexten => 101,1,Set(CONNECTEDLINE(name,i)=Company)\n"
        " same => n,Set(CONNECTEDLINE(num,i)=5551212)\n same => n,Set(CONNECTEDLINE(pres,i)=allowed)\n"
        " same => n,Set(CONNECTEDLINE(pres)=allowed)\n"
        " same => n,Answer()\n same => n,Wait(5)\n" + CONNECTED.format("Local/101@default")
    )
    alice = o.call()
    await o.settle(1)
    assert alice.bridge is not None
    assert o.runner.globals["seen"] == "5551212/"  # once, however often it is told
    assert alice.connected == PartyId("451212", "Company", Presentation.ALLOWED)


async def test_what_is_told_later_goes_through_the_subroutine_as_well(office) -> None:
    o = office("[default]\n" + CONNECTED.format("Fake/bob"))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    bob.leg.deliver(events.NewConnectedLine(bob.leg, PartyId("0123456")))
    await o.settle(1)
    assert o.runner.globals["seen"].endswith("/0123456/")
    assert alice.connected.number == "453456"
