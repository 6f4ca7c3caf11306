"""A media service without sockets and threads, for whole calls on a virtual clock.

Ports keep what was done to them.  A playback of files ends after two virtual seconds, a tone goes on, a
recording ends when it is stopped.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from offhook.config.files.codecs import CodecsConf
from offhook.media.activity import PlaybackEnd, PlaybackResult, RecordingEnd, RecordingResult
from offhook.media.gathering import PortOptions

__all__ = ["FakeMediaService", "FakePort"]

PLAYS_S = 2.0


class _Activity:
    def __init__(self, port: FakePort, number: int, end: Callable[[bool], None]) -> None:
        self.id = number
        self.running = True
        self.position_ms = 0
        self._port = port
        self._end = end
        self._waiter: asyncio.Future[bool] | None = None

    def finish(self, complete: bool) -> None:
        if self.running:
            self.running = False
            self._port.activities.pop(self.id, None)
            self.position_ms = int(PLAYS_S * 1000) if complete else 1000
            self._port.use_changed()
            self._end(complete)
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(complete)

    async def wait(self) -> bool:
        """Until it has ended; whether by itself."""
        if not self.running:
            return False
        self._waiter = self._port.service.loop.create_future()
        return await self._waiter

    def stop(self) -> None:
        # The engine tells the end from its own thread, so never from inside stop().
        self._port.service.loop.call_soon(self.finish, False)


class _Core:
    """What code reaches through `MediaPort.core`."""

    def __init__(self, port: FakePort) -> None:
        self._port = port

    def stop(self, number: int = 0) -> None:
        activity = self._port.activities.get(number)
        if activity is not None:
            activity.stop()


class FakePort:
    """One port."""

    def __init__(self, service: FakeMediaService, number: int) -> None:
        self.service = service
        self.id = number
        self.address = "192.0.2.100"
        self.rtp_port = 10000 + 2 * (number % 20000)
        self.rtcp_port = self.rtp_port + 1
        self.closed = False
        self.listener: Any = None
        self.peer: FakePort | None = None
        self.echoing = False
        self.sent_digits = ""
        self.activities: dict[int, _Activity] = {}
        self.on_use: Callable[[], None] | None = None
        self.core = _Core(self)

    def _start(self, seconds: float | None, end: Callable[[bool], None]) -> _Activity:
        number = next(self.service.numbers)
        activity = _Activity(self, number, end)
        self.activities[number] = activity
        self.use_changed()
        if seconds is not None:
            self.service.loop.call_later(seconds, activity.finish, True)
        return activity

    @property
    def in_use(self) -> bool:
        """Whether anything is played, recorded or sent back here."""
        return self.echoing or bool(self.activities)

    def use_changed(self) -> None:
        if self.on_use is not None and not self.closed:
            self.on_use()

    def start_playing(
        self,
        files: Any,
        *,
        loop: bool = False,
        offset_ms: int = 0,
        on_end: Callable[[Any], None] | None = None,
    ) -> _Activity:
        def end(complete: bool) -> None:
            if on_end is not None:
                on_end(PlaybackResult(PlaybackEnd.FINISHED if complete else PlaybackEnd.STOPPED, 2000))

        return self._start(None if loop else PLAYS_S, end)

    def start_tones(self, tones: Any, **_: Any) -> _Activity:
        return self._start(None, lambda complete: None)

    def stop_playing(self) -> None:
        for activity in list(self.activities.values()):
            activity.stop()

    def start_recording(self, path: str, format: str, *, on_end: Any = None, **_: Any) -> _Activity:
        def end(complete: bool) -> None:
            if on_end is not None:
                on_end(RecordingResult(RecordingEnd.STOPPED, 1000))

        return self._start(None, end)

    def start_digits(self, digits: str, **_: Any) -> None:
        self.sent_digits += digits

    def bridge(self, peer: FakePort) -> None:
        assert not self.closed
        assert not peer.closed
        self.unbridge()
        peer.unbridge()
        self.peer, peer.peer = peer, self

    def unbridge(self) -> None:
        if self.peer is not None:
            self.peer.peer = None
            self.peer = None

    def echo(self, on: bool = True) -> None:
        self.echoing = on

    def press(self, digit: str) -> None:
        """The far end presses a key."""
        if not self.closed and self.listener is not None:
            self.listener.on_dtmf_end(self, digit, 100)

    def stats(self) -> dict[str, Any]:
        return {}

    def set_remote(self, host: str, port: int, *_: Any, **__: Any) -> None:
        if port and self.listener is not None:  # it is heard from there
            self.listener.on_source(self, f"{host}:{port}", False)

    def set_codecs(self, *_: Any, **__: Any) -> None: ...

    def set_direction(self, *_: Any, **__: Any) -> None: ...

    def set_timeouts(self, *_: Any, **__: Any) -> None: ...

    def set_dtmf(self, *_: Any, **__: Any) -> None: ...

    def mute(self, *_: Any, **__: Any) -> None: ...

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.unbridge()
        self.listener = None
        self.service.ports.discard(self)
        for activity in list(self.activities.values()):
            activity.finish(False)


class FakeMediaService:
    """Opens ports and knows which are open."""

    def __init__(self, loop: Any) -> None:
        self.codecs = CodecsConf()
        self.encryption = True
        self.loop = loop
        self.ports: set[FakePort] = set()
        self.numbers = itertools.count(1)

    def open_port(self, address: str, **_: Any) -> FakePort:
        port = FakePort(self, next(self.numbers))
        self.ports.add(port)
        return port

    def open_as(self, options: PortOptions) -> FakePort:
        return self.open_port(options.address)

    def open_pipe(self, **_: Any) -> tuple[FakePort, FakePort]:
        return self.open_port(""), self.open_port("")
