"""EAGI: a script that hears the caller, at descriptor 3."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from offhook.dialplan.errors import ApplicationError

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.media.streams import AudioIn

__all__ = ["audio_pipe", "rate_of"]

_RATES = {"slin": 8000} | {f"slin{k}": k * 1000 for k in (12, 16, 24, 32, 48)} | {"slin44": 44_100}


def rate_of(call: Call) -> int:
    """Samples a second that the script gets: EAGI_AUDIO_FORMAT (slin16 ...), 8000 without it."""
    wanted = call.variables.get("EAGI_AUDIO_FORMAT") or "slin"
    rate = _RATES.get(wanted)
    if rate is None:
        call.complain(f"EAGI: EAGI_AUDIO_FORMAT {wanted!r} is none of {', '.join(_RATES)}; it gets slin")
        return 8000
    return rate


@asynccontextmanager
async def audio_pipe(call: Call, rate: int) -> AsyncGenerator[int]:
    """The reading end of a pipe with what the caller says; closed behind the block.

    A script that does not read loses audio and disturbs nobody.  Raises ApplicationError without audio.
    """
    media = call.channel.media
    if media is None:
        raise ApplicationError("EAGI: the channel has no audio")
    heard = media.listen(rate=rate)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    task = asyncio.get_running_loop().create_task(_feed(heard, writing))
    try:
        yield reading
    finally:
        heard.close()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        os.close(reading)


async def _feed(heard: AudioIn, writing: int) -> None:
    """Frames into the pipe.  What does not fit is dropped by frames: a pipe takes all of one, or nothing."""
    try:
        async for frame in heard:
            try:
                os.write(writing, frame)
            except BlockingIOError:
                continue
            except BrokenPipeError:
                return
    finally:
        os.close(writing)
