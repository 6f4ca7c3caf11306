"""The first application of docs/ari.md, as it stands there."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from unit.drivers.node import Switch, eventually, phone

PAGE = Path(__file__).parents[3] / "docs" / "ari.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


async def test_the_page(switch: Switch) -> None:
    http, ari, extensions, *_ = blocks("ini")
    await switch.start(phone("alice"), extensions, ari=ari, http=f"{http}bindport = 0\n")
    node = switch.node
    assert node.http is not None
    assert node.ari is not None
    program = blocks("python")[0].replace(":8088", f":{node.http.addresses[0][1]}")
    running = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    try:
        apps = node.ari.apps
        await eventually("the application", lambda: "hello" in apps, timeout=60.0)
        alice, audio = await switch.peer(name="alice"), await switch.audio()
        await alice.call("800", body=audio.sdp(), status=200)
        await alice.expect("BYE")
    finally:
        running.terminate()
        await running.wait()
