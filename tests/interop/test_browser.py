"""Chromium and a leg with webrtc=yes: ICE, DTLS-SRTP and audio both ways; the test carries the SDP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from browser import Browser, chromium

from offhook._core import Sdp
from offhook.drivers.sip.leg_media import LegMedia
from offhook.media.service import MediaService
from unit.drivers.legs import leg, media_service

PAGE = Path(__file__).with_name("browser.html")


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


@pytest_asyncio.fixture
async def browser(folder: Path) -> AsyncIterator[Browser]:
    if chromium() is None:
        pytest.skip("chromium is not installed")
    made = await asyncio.to_thread(Browser, folder, PAGE)
    yield made
    await asyncio.to_thread(made.close)


async def ask(browser: Browser, script: str) -> Any:
    return await asyncio.to_thread(browser.evaluate, script)


async def until(what: str, look: Callable[[], Any], seconds: float = 15.0) -> Any:
    """What an awaitable gives, as soon as it is true."""
    last = None
    for _ in range(round(seconds * 10)):
        last = await look()
        if last:
            return last
        await asyncio.sleep(0.1)
    raise AssertionError(f"not seen: {what} (last: {last!r})")


async def hears(browser: Browser, frequency: float) -> None:
    """Until the browser hears this tone, and nothing louder."""

    async def look() -> bool:
        heard, level = await ask(browser, "heard()")
        return abs(heard - frequency) < 4 and level > -40

    try:
        await until(f"{frequency:g} Hz", look)
    except AssertionError as error:
        state, figures = await ask(browser, "state()"), await ask(browser, "figures()")
        raise AssertionError(f"{error}: {await ask(browser, 'heard()')} {state} {figures}") from None


def parsed(text: str) -> Sdp:
    return Sdp.parse(text.encode())


def pitch(leg: LegMedia, frequency: float) -> None:
    assert leg.port is not None
    leg.port.start_tones([(frequency, 0.0, False, 0, False)], level_dbm0=-13.0)


async def test_the_browser_calls(service: MediaService, browser: Browser) -> None:
    """Its own tone comes back by way of the engine, then one of the engine's, then after a re-negotiation."""
    callee = leg(service, "webrtc=yes")
    await ask(browser, "begin(620, 'PCMU')")
    offer = parsed(await ask(browser, "offer()"))
    assert callee.has_codec_for(offer), callee.objection
    answer = callee.answer(offer, "127.0.0.1")
    assert callee.port is not None
    callee.port.echo()
    assert await ask(browser, f"accept({answer.to_bytes().decode()!r})") == "stable"
    await hears(browser, 620)
    assert (await ask(browser, "state()"))[0] == "connected"
    callee.port.echo(False)
    pitch(callee, 1000)
    await hears(browser, 1000)
    # An ICE restart: new credentials, the same keys.
    again = parsed(await ask(browser, "offer({iceRestart: true})"))
    assert again.media[0].attribute("ice-ufrag") != offer.media[0].attribute("ice-ufrag")
    answer = callee.answer(again, "127.0.0.1")
    assert await ask(browser, f"accept({answer.to_bytes().decode()!r})") == "stable"
    pitch(callee, 700)
    await hears(browser, 700)
    stats = callee.port.stats()
    assert stats["drop_crypto"] == 0


async def test_the_browser_is_called(service: MediaService, browser: Browser) -> None:
    """The engine offers, the browser answers; two legs in one call, the other one in the clear."""
    caller, other, phone = leg(service, "webrtc=yes"), leg(service, ""), leg(service, "")
    await ask(browser, "begin(620, 'PCMU')")
    offer = caller.offer("127.0.0.1")
    answer = parsed(await ask(browser, f"answer({offer.to_bytes().decode()!r})"))
    caller.accept_answer(answer)
    phone.accept_answer(other.answer(phone.offer("127.0.0.1"), "127.0.0.1"))
    assert caller.port is not None
    assert other.port is not None
    assert phone.port is not None
    caller.port.bridge(other.port)
    phone.port.echo()
    await hears(browser, 620)
    phone.port.echo(False)
    pitch(phone, 900)
    await hears(browser, 900)
    assert caller.port.stats()["drop_crypto"] == 0
    figures = await ask(browser, "figures()")
    assert figures["transport"]["dtlsState"] == "connected"
    assert figures["inbound-rtp"]["packetsLost"] == 0
