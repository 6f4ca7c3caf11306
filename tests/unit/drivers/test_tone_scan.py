"""ToneScan hears what a line plays: tones as sound, in real time."""

from __future__ import annotations

import asyncio
import math

import pytest

from offhook.media.indications import Indications
from unit.drivers.node import Switch, eventually, phone
from unit.media.rtp_phone import ulaw_encode

PLAN = """[default]
exten => _7.,1,Answer()
 same => n,Set(CHANNEL(tonezone)=${EXTEN:1:2})
 same => n,ToneScan(,8,,f)
 same => n,Set(GLOBAL(status)=${TONESCANSTATUS})
 same => n,Hangup()
"""


def sound(tones: list[tuple[float, float, int]], ms: int) -> bytes:
    """Tones of (Hz, Hz, ms), again and again, as mu-law."""
    samples = bytearray()
    while len(samples) < ms * 8:
        for first, second, length in tones:
            for n in range(length * 8):
                value = sum(3000 * math.sin(math.tau * hz * n / 8000) for hz in (first, second) if hz)
                samples.append(ulaw_encode(int(value)))
    return bytes(samples[: ms * 8])


def of_zone(name: str, country: str) -> list[tuple[float, float, int]]:
    tones = Indications.builtin().tone(name, country)
    assert tones
    return [(first, second, ms or 4000) for first, second, _, ms, _ in tones]


@pytest.mark.parametrize(
    ("country", "tones", "ms", "status"),
    [
        ("us", of_zone("busy", "us"), 2500, "BUSY"),
        ("us", of_zone("ring", "us"), 3000, "RINGING"),
        ("de", of_zone("dial", "de"), 2500, "DIALTONE"),
        ("de", of_zone("ring", "de"), 2000, "RINGING"),
        ("us", of_zone("info", "us")[:3], 1300, "SIT"),
        ("us", [(2100.0, 0.0, 4000)], 3500, "FAX"),
    ],
)
async def test_what_a_line_plays(switch: Switch, country: str, tones: list, ms: int, status: str) -> None:
    await switch.start(phone("alice"), PLAN)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call(f"7{country}", body=audio.sdp("0"))
    assert dialog.response is not None
    audio.aim(dialog.response)
    samples = bytes([0xFF]) * 160 + sound(tones, ms) + bytes([0xFF]) * 1600
    loop = asyncio.get_running_loop()
    began = loop.time()
    for n in range(len(samples) // 160):
        audio.packet(0, samples[n * 160 : n * 160 + 160], timestamp=n * 160)
        await asyncio.sleep(max(0.0, began + (n + 1) * 0.02 - loop.time()))
    variables = switch.node.runner.globals
    await eventually("a status", lambda: variables.get("status"))
    assert variables["status"] == status
