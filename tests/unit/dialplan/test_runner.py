"""How a channel's dialplan task lives and ends."""

from __future__ import annotations

import asyncio

import pytest

from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState

BASE = """
[default]
exten => s,1,TestSay(start)
 same => n,TestWait(100)
 same => n,TestSay(never)
exten => busy,1,Set(DIALSTATUS=BUSY)
exten => congested,1,Set(DIALSTATUS=CONGESTION)
exten => 100,1,TestSay(hundred)
exten => h,1,TestSay(h ${HANGUPCAUSE})
 same => n,TestSay(h2)
"""


async def started(desk, text: str, exten: str = "s"):
    d = desk(text)
    channel = d.channel()
    channel.start_dialplan("default", exten)
    for _ in range(3):
        await asyncio.sleep(0)
    return d, channel


async def test_hanging_up_ends_what_it_waits_for_and_runs_h(desk, spoken) -> None:
    _, channel = await started(desk, BASE)
    task = channel.task
    channel.request_hangup(Cause.USER_BUSY)
    channel.request_hangup()
    await task
    assert spoken == ["start", "h 17", "h2"]
    assert channel.released == Cause.USER_BUSY
    assert channel.pbx.channels == {}


async def test_hanging_up_before_the_first_priority(desk, spoken) -> None:
    d = desk(BASE)
    channel = d.channel()
    channel.start_dialplan("default", "s")
    channel.request_hangup()
    await channel.task
    assert spoken == ["h 16", "h2"]


async def test_a_hangup_does_not_disturb_h(desk, spoken) -> None:
    text = BASE.replace("h2)", "h2)\n same => n,TestWait(0.02)\n same => n,TestSay(h3)")
    _, channel = await started(desk, text, "100")
    task = channel.task
    channel.request_hangup()
    await task
    assert spoken == ["hundred", "h 16", "h2", "h3"]


async def test_the_node_stops_even_in_h(desk, spoken) -> None:
    text = BASE.replace("h2)", "h2)\n same => n,TestWait(100)\n same => n,TestSay(h3)")
    _, channel = await started(desk, text, "100")
    task = channel.task
    task.cancel()
    await asyncio.wait([task], timeout=2)
    assert task.done()
    assert channel.ended
    assert spoken == ["hundred", "h 16", "h2"]


async def test_cancelling_the_task_is_no_hangup(desk, spoken) -> None:
    _, channel = await started(desk, BASE)
    task = channel.task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spoken == ["start"]
    assert channel.ended


async def test_redirect_leaves_what_it_does(desk, spoken) -> None:
    _, channel = await started(desk, BASE)
    task = channel.task
    channel.redirect("default", "100")
    await task
    assert spoken == ["start", "hundred", "h 16", "h2"]
    assert not task.cancelled()


async def test_redirect_and_hangup_at_once_is_a_hangup(desk, spoken) -> None:
    _, channel = await started(desk, BASE)
    task = channel.task
    channel.redirect("default", "100")
    channel.request_hangup()
    await task
    assert spoken == ["start", "h 16", "h2"]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ("exten => T,1,TestSay(T)\n", ["T"]),
        ("exten => e,1,TestSay(${EXCEPTION(reason)})\n", ["ABSOLUTETIMEOUT"]),
        ("", []),
    ],
)
async def test_absolute_timeout(desk, spoken, extra: str, expected: list[str]) -> None:
    d = desk(f"[default]\nexten => s,1,Set(TIMEOUT(absolute)=0.02)\n same => n,TestWait(100)\n{extra}")
    await d.run()
    assert spoken == expected


async def test_absolute_timeout_can_be_taken_back_and_leaves_no_timer(desk, spoken) -> None:
    d = desk("""
[default]
exten => s,1,Set(TIMEOUT(absolute)=0.02)
 same => n,Set(TIMEOUT(absolute)=0)
 same => n,TestWait(0.05)
 same => n,Set(TIMEOUT(absolute)=10)
 same => n,ExecIf($[${TIMEOUT(absolute)} > 9]?TestSay(on))
""")
    await d.run()
    assert spoken == ["on"]


@pytest.mark.parametrize(
    ("extra", "expected", "cause"),
    [
        ("exten => i,1,TestSay(i ${INVALID_EXTEN})\n", ["i 999"], Cause.NORMAL_CLEARING),
        (
            "exten => e,1,TestSay(e ${EXCEPTION(reason)} ${EXCEPTION(exten)})\n",
            ["e INVALID 999"],
            Cause.NORMAL_CLEARING,
        ),
        ("", [], Cause.UNALLOCATED),
    ],
)
async def test_no_such_extension(desk, spoken, extra: str, expected: list[str], cause: Cause) -> None:
    channel = await desk(f"[default]\nexten => s,1,Goto(999,1)\n{extra}").run()
    assert spoken == expected
    assert channel.released == cause


@pytest.mark.parametrize(
    ("exten", "cause"),
    [
        ("busy", Cause.USER_BUSY),
        ("congested", Cause.NORMAL_CIRCUIT_CONGESTION),
        ("100", Cause.NORMAL_CLEARING),
    ],
)
async def test_the_cause_of_an_unanswered_call_that_falls_off_the_end(desk, exten: str, cause: Cause) -> None:
    assert (await desk(BASE).run(exten)).released == cause


async def test_digits_are_collected_where_calls_do_not_fall_through(desk, spoken) -> None:
    d = desk(
        "[general]\nautofallthrough=no\n[default]\nexten => s,1,TestSay(menu)\n"
        "exten => 1,1,TestSay(one)\n"
        " same => n,TestHangup()\nexten => i,1,TestSay(i ${INVALID_EXTEN})\nexten => t,1,TestSay(t)\n"
    )
    dialled = ["9", "", "1"]

    async def collect(call, timeout: float) -> str:
        assert timeout == 10.0
        return dialled.pop(0)

    d.runner.collect_digits = collect
    await d.run()
    assert spoken == ["menu", "i 9", "t", "one"]


async def test_hangup_handlers_run_after_h_the_last_first(desk, spoken) -> None:
    d = desk("""
[default]
exten => s,1,Set(CHANNEL(hangup_handler_push)=hh,a,1)
 same => n,Set(CHANNEL(hangup_handler_push)=hh,b,1(x))
 same => n,TestHangup(21)
exten => h,1,TestSay(h)
[hh]
exten => a,1,TestSay(a)
 same => n,Return()
exten => b,1,TestSay(b ${ARG1} ${HANGUPCAUSE})
 same => n,Return()
""")
    channel = await d.run()
    assert spoken == ["h", "b x 21", "a"]
    assert channel.released == Cause.CALL_REJECTED


async def test_a_subroutine_run_by_an_application_comes_back(desk, spoken) -> None:
    from offhook.dialplan.call import Call
    from offhook.dialplan.declare import application, applications

    @application("TestAsk")
    async def ask(call: Call) -> None:
        """Run a subroutine."""
        result = await call.gosub("sub,s,1", ["a"])
        call.set_variable("ASKED", result)

    try:
        d = desk(
            "[default]\nexten => s,1,TestAsk()\n same => n,TestSay(${ASKED} ${PRIORITY} ${ARG1}.)\n"
            "[sub]\nexten => s,1,TestSay(in ${ARG1})\n same => n,Gosub(deeper)\n same => n,Return(r)\n"
            " same => n(deeper),TestSay(deeper)\n same => n,Return()\n"
        )
        await d.run()
        assert spoken == ["in a", "deeper", "r 2 ."]
        spoken.clear()
        peer = d.channel("6002")
        assert await d.runner.run_subroutine_on(peer, "sub,s,1", ["b"]) == "r"
        assert spoken == ["in b", "deeper"]
        assert (peer.context, peer.exten) == ("default", "s")
    finally:
        applications.remove("TestAsk")


async def test_a_loop_that_never_waits_lets_others_run(desk, spoken) -> None:
    _, channel = await started(desk, "[default]\nexten => s,1,NoOp()\n same => n,Goto(1)\n")
    for _ in range(5):
        await asyncio.sleep(0)
    assert not channel.ended
    task = channel.task
    channel.request_hangup()
    await asyncio.wait_for(task, 2)
    assert channel.ended


async def test_i_that_leads_to_i_lets_others_run(desk, spoken) -> None:
    _, channel = await started(desk, "[default]\nexten => s,1,Goto(9,1)\nexten => i,1,Goto(9,1)\n")
    task = channel.task
    channel.request_hangup()
    await asyncio.wait_for(task, 2)
    assert channel.ended


async def test_a_fault_in_an_application_ends_this_call_only_and_runs_h(desk, spoken, caplog) -> None:
    from offhook.dialplan.call import Call
    from offhook.dialplan.declare import application, applications

    @application("TestBug")
    def bug(call: Call) -> None:
        """Fail."""
        raise ZeroDivisionError("oops")

    try:
        channel = await desk("[default]\nexten => s,1,TestBug()\nexten => h,1,TestSay(h)\n").run()
    finally:
        applications.remove("TestBug")
    assert spoken == ["h"]
    assert channel.released == Cause.NORMAL_TEMPORARY_FAILURE
    assert "extensions.conf:2" in caplog.text


async def test_a_running_call_keeps_its_dialplan(desk, spoken) -> None:
    from offhook.dialplan.reader import read_dialplan_text

    d, channel = await started(
        desk, "[globals]\nG=1\n[default]\nexten => s,1,TestWait(0.02)\n same => n,TestSay(old)\n"
    )
    d.runner.install(read_dialplan_text("[globals]\nH=2\n[default]\nexten => s,1,TestSay(new ${G}${H})\n"))
    await channel.task
    await d.run()
    assert spoken == ["old", "new 12"]


async def test_the_caller_is_matched_anew_for_each_priority(desk, spoken) -> None:
    d = desk(
        "[default]\nexten => s,1,Set(CALLERID(num)=77)\nexten => s,2,TestSay(other)\n"
        "exten => s/77,2,TestSay(changed)\n"
    )
    await d.run()
    assert spoken == ["changed"]


async def test_events_are_announced(desk, spoken) -> None:
    from offhook.pbx.events import NewExtension

    d = desk("[default]\nexten => s,1,Set(X=a)\n same => n,TestSay(${X}b)\n")
    seen: list[tuple[str, str, int]] = []
    d.pbx.bus.listen(NewExtension, lambda e: seen.append((e.application, e.data, e.channel.priority)))
    await d.run()
    assert seen == [("Set", "X=a", 1), ("TestSay", "ab", 2)]


async def test_nothing_is_left_over(desk, spoken) -> None:
    d = desk(BASE)
    for exten in ("100", "busy", "nosuch"):
        await d.run(exten)
    assert d.runner._calls == {}
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert ChannelState.DOWN is ChannelState(0)
