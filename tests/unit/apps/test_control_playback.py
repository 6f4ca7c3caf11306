"""ControlPlayback in virtual time: each sound lasts a second."""

from __future__ import annotations

import pytest

from offhook.pbx import events


def plan(line: str, *variables: str) -> str:
    kept = "".join(f" same => n,Set(GLOBAL({name})=${{{name}}})\n" for name in variables)
    return f"[default]\nexten => s,1,Answer()\n same => n,{line}\n{kept}"


STATUS = ("CPLAYBACKSTATUS", "CPLAYBACKOFFSET", "CPLAYBACKSTOPKEY")


async def wound(office, line: str, *keys: tuple[str, float]) -> tuple[float, list[str]]:
    """Press keys and let seconds pass after each; gives when it ended and what is known then."""
    o = office(plan(line, *STATUS))
    alice = o.call()
    await o.settle(0.5)
    for key, seconds in keys:
        alice.press(key)
        await o.settle(seconds)
    await o.ended(alice)
    return o.now, [o.runner.globals.get(name, "") for name in STATUS]


async def test_played_to_the_end(office) -> None:
    now, (status, offset, key) = await wound(office, "ControlPlayback(a&b)")
    assert (status, key) == ("SUCCESS", "")
    assert offset == "-1"
    assert now == pytest.approx(2, abs=0.1)


async def test_wound_back_and_forward(office) -> None:
    now, _ = await wound(office, "ControlPlayback(a&b,400)", ("*", 0.1))
    assert now == pytest.approx(2.4, abs=0.1)
    now, _ = await wound(office, "ControlPlayback(a&b,400)", ("#", 0.1))
    assert now == pytest.approx(1.6, abs=0.1)


async def test_halted_and_begun_again(office) -> None:
    now, (status, offset, _) = await wound(
        office, "ControlPlayback(a,,,,,7,8)", ("7", 3), ("7", 0.2), ("8", 0.1)
    )
    assert status == "SUCCESS"
    assert now == pytest.approx(4.7, abs=0.2)
    assert offset == "-1"


async def test_stopped_by_a_key(office) -> None:
    now, (status, offset, key) = await wound(office, "ControlPlayback(a&b,,,,19)", ("9", 0.1))
    assert (status, key) == ("USERSTOPPED", "9")
    assert int(offset) == pytest.approx(500, abs=50)
    assert now < 1


async def test_an_offset_to_begin_with_counts(office) -> None:
    now, (status, offset, _) = await wound(office, "ControlPlayback(a&b,,,,,,,o(1500))")
    assert (status, offset) == ("SUCCESS", "-1")
    assert now == pytest.approx(0.5, abs=0.1)


async def test_what_is_missing(office) -> None:
    _, (status, _, _) = await wound(office, "ControlPlayback(missing)")
    assert status == "ERROR"


@pytest.mark.parametrize("control", ["forward", "reverse", "restart"])
async def test_somebody_winds_what_playback_plays(office, control: str) -> None:
    """From outside, whatever application plays it (AMI ControlPlayback)."""
    o = office("[default]\nexten => s,1,Answer()\n same => n,Playback(tt-monkeys)\n same => n,Wait(9)\n")
    told = []
    o.pbx.bus.listen(events.TestEvent, lambda event: told.append(dict(event.headers).get("Control")))
    alice = o.call()
    await o.settle(0.5)
    alice.deliver(events.PlaybackControl(alice, control))
    await o.settle(0.1)
    assert told[-1] == {"forward": "FastForward", "reverse": "Rewind", "restart": "Restart"}[control]
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_somebody_halts_and_ends_it(office) -> None:
    o = office("[default]\nexten => s,1,Answer()\n same => n,Playback(tt-monkeys)\n"
               " same => n,Set(GLOBAL(on)=1)\n same => n,Wait(9)\n")  # fmt: skip
    alice = o.call()
    await o.settle(0.5)
    alice.deliver(events.PlaybackControl(alice, "pause"))
    await o.settle(60)
    assert "on" not in o.runner.globals
    alice.deliver(events.PlaybackControl(alice, "stop"))
    await o.settle(0.1)
    assert o.runner.globals["on"] == "1"
    alice.far_end_hung_up(16)
    await o.ended(alice)
