"""JITTERBUFFER(): what comes out of order, twice or not at all is heard in order, each packet once."""

from __future__ import annotations

import asyncio

import pytest

from unit.drivers.node import Audio, Switch, eventually, phone

COUNT = 60
LOST = 7  # of each ten the eighth


def arrivals() -> list[int]:
    """Numbers of packets as they come: neighbours in turn, each fifth twice, one of ten lost."""
    found: list[int] = []
    for n in range(COUNT):
        other = n ^ 1
        if other % 10 != LOST:
            found += [other] * (2 if other % 5 == 0 else 1)
    return found


async def send(audio: Audio, numbers: list[int]) -> None:
    loop = asyncio.get_running_loop()
    begin, sent = loop.time(), set[int]()
    for n in numbers:
        if n not in sent:  # a repeated one follows at once
            await asyncio.sleep(begin + len(sent) * 0.022 - loop.time())
        sent.add(n)
        audio._sequence = n  # pyright: ignore[reportPrivateUsage]
        audio.packet(0, bytes([64 + n]) * 160)


def whole(audio: Audio) -> list[int]:
    """Which packets came out as they went in; what was made up for a lost one fades."""
    return [payload[0] - 64 for kind, payload in audio.packets if kind == 0 and len(set(payload)) == 1]


@pytest.mark.parametrize(
    ("setting", "ordered"),
    [
        ("JITTERBUFFER(fixed)=300", True),
        ("JITTERBUFFER(adaptive)=default", True),
        ("JITTERBUFFER(adaptive)=400,1000,60", True),
        ("CHANNEL(language)=en", False),
    ],
)
async def test_order_and_repetition(switch: Switch, setting: str, ordered: bool) -> None:
    plan = f"[default]\nexten => 9,1,Set({setting})\n same => n,Answer()\n same => n,Echo()\n"
    await switch.start(phone("alice"), plan)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("9", body=audio.sdp("0"))
    assert dialog.response is not None
    audio.aim(dialog.response)
    numbers = arrivals()
    await send(audio, numbers)
    last = max(numbers)
    await eventually("the last packet", lambda: last in whole(audio) or last - 1 in whole(audio))
    heard = whole(audio)
    assert len(set(heard)) > COUNT / 3
    assert (heard == sorted(set(heard))) is ordered
    assert LOST not in heard
    alice.within(dialog, "BYE")
    await alice.expect(200)
