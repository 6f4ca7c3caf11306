"""A call whose priorities say what they see."""

from __future__ import annotations

from typing import Any

from offhook.config.errors import Problems
from offhook.dialplan.reader import read_dialplan_text

__all__ = ["evaluated", "spoken"]


async def spoken(o: Any, *lines: str, seconds: float = 60.0, number: str = "6001") -> dict[str, str]:
    """Run these priorities in a call; the global variables when it is over."""
    text = "".join(f"exten => s,{at},{line}\n" for at, line in enumerate(lines, 1))
    problems = Problems()
    o.runner.install(read_dialplan_text(f"[default]\n{text}", problems=problems, clock=o.wall))
    assert not problems.errors, problems.errors
    channel = o.call(number=number)
    await o.settle(seconds)
    assert channel.ended
    return o.runner.globals


async def evaluated(o: Any, *expressions: str, before: tuple[str, ...] = ()) -> list[str]:
    """What these expressions give, one after the other, in one call."""
    lines = [*before, *(f"Set(GLOBAL(g{at})={text})" for at, text in enumerate(expressions))]
    found = await spoken(o, *lines)
    return [found.get(f"g{at}", "<not reached>") for at in range(len(expressions))]
