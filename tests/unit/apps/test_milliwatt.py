"""Milliwatt(): a tone to measure a line with."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("options", "tones"),
    [
        ("", [(1004, 0, False, 0, False)]),
        ("o", [(1000, 0, False, 0, False)]),
        ("m", [(1004, 0, False, 9000, False), (0, 0, False, 1000, False)]),
    ],
)
async def test_a_tone_until_the_caller_hangs_up(office, options: str, tones: list) -> None:
    o = office(f"[default]\nexten => s,1,Milliwatt({options})\n same => n,Set(GLOBAL(after)=1)\n")
    alice = o.call()
    await o.settle(100)
    assert alice.state.name == "UP"
    assert alice.core.tones == tones
    alice.press("1#")
    await o.settle(10)
    assert alice.core.tones == tones
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert "after" not in o.runner.globals


async def test_without_audio(office, caplog) -> None:
    o = office("[default]\nexten => s,1,Milliwatt()\n")
    alice = o.incoming()
    alice.no_audio = True
    alice.start_dialplan("default", "s")
    await o.ended(alice)
    assert "has no audio" in caplog.text
