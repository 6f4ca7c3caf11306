"""A baresip phone without a sound card: it plays a file to the other side, and keeps what it sends and hears.

Controlled through its ctrl_tcp module (JSON in netstrings); its sndfile filter writes what is encoded and
what was decoded, in its own folder, a file for each time the audio starts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import audio

__all__ = ["Baresip", "Recording", "baresip_modules"]

_MODULES = (
    Path("/usr/lib/baresip/modules"),
    Path("/usr/lib64/baresip/modules"),
    Path("/usr/local/lib/baresip/modules"),
)

_CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 8
audio_buffer 20-160
audio_player {player}
audio_source {source}
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp_first}-{rtp_last}
rtp_timeout 0
jitter_buffer_delay {jitter}
module_path {modules}
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {recordings}
statmode_default off
"""


def baresip_modules() -> Path | None:
    """Where baresip's modules are; None when it is not installed."""
    if shutil.which("baresip") is None:
        return None
    return next((path for path in _MODULES if (path / "ctrl_tcp.so").exists()), None)


@dataclass(slots=True)
class Recording:
    """What one phone sent or heard, and when each part of it was written."""

    path: Path
    samples: array[int]
    written: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """(monotonic seconds, samples so far), about once a millisecond."""

    def time_of(self, sample: int) -> float:
        """When a sample was written."""
        for when, count in self.written:
            if count > sample:
                return when
        raise ValueError(
            f"{self.path.name}: sample {sample} of {len(self.samples)} was not seen to be written"
        )


class Baresip:
    """One phone with one account."""

    def __init__(
        self,
        folder: Path,
        *,
        user: str,
        password: str,
        server: str,
        ports: tuple[int, int, tuple[int, int]],
        source: Path | str | None = None,
        account: str = "",
        transport: str = "udp",
        echo: bool = False,
        jitter: str = "1-20",
        settings: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`server` is host:port; `ports` are its SIP port (of two), control port and RTP range.

        `source` is the WAVE file it plays once when a call's audio starts; with `echo` it sends back
        what it hears.
        """
        modules = baresip_modules()
        assert modules is not None
        sip, self._control_port, rtp = ports
        self.user = user
        self._env = env or {}
        self.folder = folder
        self.recordings = folder / "heard"
        self.recordings.mkdir(parents=True)
        self._watch: _Watch | None = None
        device = "aubridge,echo" if echo else "aubridge,nowhere"
        text = _CONFIG.format(
            sip=sip,
            control=self._control_port,
            rtp_first=rtp[0],
            rtp_last=rtp[1],
            player=device,
            source=device if echo or source is None else f"aufile,{source}",
            jitter=jitter,
            modules=modules,
            recordings=self.recordings,
        )
        for name, value in (settings or {}).items():
            text += f"{name} {value}\n"
        (folder / "config").write_text(text)
        (folder / "contacts").write_text("")
        (folder / "accounts").write_text(
            f"<sip:{user}@{server};transport={transport}>;auth_user={user};auth_pass={password};answermode=manual;regint=300"
            f"{account}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._changed = threading.Condition()
        self._events: list[dict[str, Any]] = []
        self._answers: dict[str, dict[str, Any]] = {}
        self._seen = 0
        self._token = 0

    # ---------------------------------------------------------------- life

    def start(self, *, registered: bool = True, timeout: float = 10.0) -> Baresip:
        """Start, connect, and wait for the registration."""
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["baresip", "-4", "-f", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "HOME": str(self.folder), **self._env},
            )
        end = time.monotonic() + timeout
        while self._control is None:
            if self._process.poll() is not None or time.monotonic() > end:
                raise self.error("it did not start")
            with contextlib.suppress(OSError):
                self._control = socket.create_connection(("127.0.0.1", self._control_port), 1.0)
                self._control.settimeout(None)
            time.sleep(0.02)
        self._reader = threading.Thread(target=self._read, name=f"baresip {self.user}", daemon=True)
        self._reader.start()
        if registered:
            # the registration may have been answered before there was a connection to tell it on
            while "200" not in self.command("reginfo") and not self._registered_in_log():
                if time.monotonic() > end:
                    raise self.error("it is not registered")
                time.sleep(0.02)
        return self

    def _registered_in_log(self) -> bool:
        return "200 OK" in self.log()

    def close(self) -> None:
        """End it."""
        self.stop_watching()
        process = self._process
        if process is not None and process.poll() is None:
            with contextlib.suppress(OSError, AssertionError):
                self.command("quit", timeout=1.0)
            try:
                process.wait(3.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._control is not None:
            self._control.close()
        if self._reader is not None:
            self._reader.join(2.0)

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "log").read_text(errors="replace")

    def error(self, what: str) -> AssertionError:
        """An error with what it printed and told."""
        events = [f"{event.get('type')} {event.get('param', '')}" for event in self._events]
        return AssertionError(
            f"phone {self.user}: {what}\nevents: {events}\n--- its log:\n{self.log()[-4000:]}"
        )

    # ---------------------------------------------------------------- control

    def _read(self) -> None:
        control = self._control
        assert control is not None
        data = b""
        while True:
            try:
                piece = control.recv(65536)
            except OSError:
                return
            if not piece:
                return
            data += piece
            while b":" in data:
                length, _, rest = data.partition(b":")
                size = int(length)
                if len(rest) <= size:
                    break
                message, data = json.loads(rest[:size].decode("utf-8", "replace")), rest[size + 1 :]
                with self._changed:
                    if message.get("event"):
                        message["at"] = time.monotonic()
                        self._events.append(message)
                    else:
                        self._answers[str(message.get("token"))] = message
                    self._changed.notify_all()

    def command(self, name: str, parameters: str = "", timeout: float = 5.0) -> str:
        """Carry out a command; what it printed."""
        self._token += 1
        token = str(self._token)
        message = {"command": name, "token": token}
        if parameters:
            message["params"] = parameters
        data = json.dumps(message).encode()
        assert self._control is not None
        self._control.sendall(b"%d:%s," % (len(data), data))
        with self._changed:
            if not self._changed.wait_for(lambda: token in self._answers, timeout):
                raise self.error(f"no answer to {name}")
            return str(self._answers.pop(token).get("data", ""))

    def expect(self, kind: str, timeout: float = 8.0) -> dict[str, Any]:
        """The next event of a kind (CALL_RINGING, CALL_CLOSED ...) after the last that was expected."""

        def found() -> dict[str, Any] | None:
            for index in range(self._seen, len(self._events)):
                if self._events[index].get("type") == kind:
                    self._seen = index + 1
                    return self._events[index]
            return None

        with self._changed:
            event = self._changed.wait_for(found, timeout)
        if not event:
            raise self.error(f"no {kind} within {timeout:g} s")
        return event

    def dial(self, number: str) -> None:
        """Call a number; what was heard in earlier calls is forgotten."""
        self._forget()
        self.command("dial", number)

    def accept(self) -> None:
        """Answer the call that comes in; what was heard in earlier calls is forgotten."""
        self._forget()
        self.command("accept")

    def hangup(self) -> None:
        """End or refuse the call."""
        self.command("hangup")

    def press(self, digits: str, pause: float = 0.12) -> None:
        """Send digits, one after the other (RFC 4733)."""
        for digit in digits:
            self.command("sndcode", digit)
            time.sleep(pause)

    # ---------------------------------------------------------------- audio

    def _forget(self) -> None:
        for path in self.recordings.iterdir():
            path.unlink()

    def _files(self, direction: str) -> list[Path]:
        return sorted(
            self.recordings.glob(f"dump-*-{direction}.wav"), key=lambda path: path.stat().st_ctime_ns
        )

    def heard(self) -> array[int]:
        """What was heard in the latest stretch of audio."""
        return self._samples("dec")

    def sent(self) -> array[int]:
        """What was sent in the latest stretch of audio."""
        return self._samples("enc")

    def _samples(self, direction: str) -> array[int]:
        files = self._files(direction)
        return _pcm(files[-1]) if files else array("h")

    def watch(self) -> None:
        """From now on note when each sample is sent or heard, until stop_watching()."""
        self._watch = _Watch(self.recordings)

    def stop_watching(self) -> dict[str, Recording]:
        """What was noted: the latest recordings of `enc` and `dec`."""
        watch, self._watch = self._watch, None
        if watch is None:
            return {}
        watch.close()
        found: dict[str, Recording] = {}
        for direction in ("enc", "dec"):
            files = self._files(direction)
            if files:
                found[direction] = Recording(
                    files[-1], _pcm(files[-1]), watch.written.get(files[-1].name, [])
                )
        return found


def _pcm(path: Path) -> array[int]:
    # the header is completed when the file is closed: until then the sizes in it are not to be trusted
    data = path.read_bytes()
    at = data.find(b"data")
    if at < 0:
        return array("h")
    body = data[at + 8 :]
    return array("h", body[: len(body) & ~1])


class _Watch:
    """Notes how recordings grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written: dict[str, list[tuple[float, int]]] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._end.wait(0.001):
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    size = os.stat(entry.path).st_size
                    seen = self.written.setdefault(entry.name, [])
                    count = max(0, size - 44) // 2
                    if not seen or seen[-1][1] != count:
                        seen.append((time.monotonic(), count))

    def close(self) -> None:
        self._end.set()
        self._thread.join()


def tone_file(path: Path, *parts: array[int]) -> Path:
    """A WAVE file for a phone to play."""
    audio.write_wav(path, audio.join(*parts))
    return path
