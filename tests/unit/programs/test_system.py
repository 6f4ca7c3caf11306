"""System, TrySystem and SHELL(): real programs in real time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from unit.pbx.fake import Office


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        await asyncio.sleep(0.01)


async def run(*lines: str) -> dict[str, str]:
    """Run these priorities to the end of the call; the global variables then."""
    o = Office("[default]\n" + "".join(f"exten => s,{at},{line}\n" for at, line in enumerate(lines, 1)))
    alice = o.call()
    await until(lambda: alice.ended)
    return o.runner.globals


async def test_success_and_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "made"
    found = await run(f"System(echo a,b > {file})", "Set(GLOBAL(status)=${SYSTEMSTATUS})")
    assert found["status"] == "SUCCESS"
    assert file.read_text() == "a,b\n"


@pytest.mark.parametrize("application", ["System", "TrySystem"])
async def test_an_error_of_its_own(application: str) -> None:
    found = await run(f"{application}(exit 3)", "Set(GLOBAL(status)=${SYSTEMSTATUS})")
    assert found["status"] == "APPERROR"


async def test_no_such_program(caplog) -> None:
    found = await run("TrySystem(/no/such/program x)", "Set(GLOBAL(status)=${SYSTEMSTATUS})")
    assert found["status"] == "FAILURE"
    found = await run("System(/no/such/program x)", "Set(GLOBAL(status)=${SYSTEMSTATUS})")
    assert "status" not in found  # the call has ended
    assert "/no/such/program" in caplog.text


async def test_no_command(caplog) -> None:
    assert "after" not in await run("System()", "Set(GLOBAL(after)=1)")
    assert "System" in caplog.text


async def test_goes_on_when_the_caller_has_gone(tmp_path: Path) -> None:
    file, begun = tmp_path / "made", tmp_path / "begun"
    o = Office(
        f"[default]\nexten => s,1,System(touch {begun} && sleep 0.3 && touch {file})\n"
        "exten => h,1,Set(GLOBAL(h)=1)\n"
    )
    alice = o.call()
    await until(begun.exists)
    alice.far_end_hung_up(16)
    await until(lambda: alice.ended)
    assert o.runner.globals["h"] == "1"
    await until(file.exists)


async def test_others_are_served_meanwhile(tmp_path: Path) -> None:
    release = tmp_path / "release"
    o = Office(
        f"[default]\nexten => s,1,System(until [ -e {release} ]\\; do sleep 0.02\\; done)\n"
        "exten => 2,1,Set(GLOBAL(other)=1)\n"
    )
    slow, quick = o.call(), o.call("2")
    await until(lambda: quick.ended)
    assert not slow.ended
    release.touch()
    await until(lambda: slow.ended)


async def test_shell_gives_what_is_printed() -> None:
    found = await run(
        "Set(GLOBAL(a)=${SHELL(echo hello && echo there)})",
        "Set(GLOBAL(b)=${SHELL(printf 7)})",
        "Set(GLOBAL(c)=$[${SHELL(printf 7)} + 1]${LEN(${SHELL(printf abc)})})",
        "Set(GLOBAL(d)=<${SHELL(/no/such/program)}>)",
        "Set(GLOBAL(e)=${LEN(${SHELL(head -c 100000 /dev/zero | tr '\\0' x)})})",
    )
    assert found["a"] == "hello\nthere\n"
    assert found["b"] == "7"
    assert found["c"] == "83"
    assert found["d"] == "<>"
    assert found["e"] == "65536"


async def test_shell_ends_with_the_call(tmp_path: Path) -> None:
    begun, late = tmp_path / "begun", tmp_path / "late"
    o = Office(f"[default]\nexten => s,1,Set(A=${{SHELL(touch {begun} && sleep 0.5 && touch {late})}})\n")
    alice = o.call()
    await until(begun.exists)
    alice.far_end_hung_up(16)
    await until(lambda: alice.ended)
    await asyncio.sleep(0.8)
    assert not late.exists()


async def test_shell_is_not_for_those_outside() -> None:
    from offhook.dialplan.waiting import render_waiting

    o = Office()
    call = o.runner.call_without_channel(o.pbx)
    assert await render_waiting(call, "${SHELL(printf 7)}") == "7"
    call.may_live_dangerously = False
    assert await render_waiting(call, "${SHELL(printf 7)}") == ""
