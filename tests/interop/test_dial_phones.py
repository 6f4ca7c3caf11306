"""`offhook dial` as a command: two of them on loopback, and one at the demo office."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from program import Program

import audio

Events = list[dict[str, Any]]


class Dial:
    """One `offhook dial --json` as a process; its steps as they come."""

    def __init__(self, folder: Path, *words: str, password: str | None = None) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "OFFHOOK_PASSWORD"}
        if password is not None:
            environment["OFFHOOK_PASSWORD"] = password
        self.errors = folder / f"dial-{time.monotonic_ns()}.txt"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "offhook.cli.main", "dial", "--json", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=folder,
                text=True,
            )
        self.events: Events = []

    def until(self, event: str) -> dict[str, Any]:
        """Read steps up to this one."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == event:
                return self.events[-1]
        raise AssertionError(f"it ended without {event}: {self.events}\n{self.errors.read_text()}")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, timeout: float = 15) -> int:
        """Wait for its end; the exit status.  Nothing may have been written to standard error."""
        out, _ = self.process.communicate(timeout=timeout)
        self.events += [json.loads(line) for line in out.splitlines()]
        assert self.errors.read_text() == ""
        assert self.events[-1]["event"] == "end"
        assert self.events[-1]["exit"] == self.process.returncode
        return self.process.returncode

    def facts(self, event: str) -> Events:
        return [one for one in self.events if one["event"] == event]


MakeDial = Callable[..., Dial]


@pytest.fixture
def start(folder: Path) -> Iterator[MakeDial]:
    """Starts phones; none is left running."""
    made: list[Dial] = []

    def new(*words: str, password: str | None = None) -> Dial:
        made.append(Dial(folder, *words, password=password))
        return made[-1]

    yield new
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        with contextlib.closing(one.process.stdout):  # type: ignore[type-var]
            one.process.wait()


def answering(start: MakeDial, *words: str) -> tuple[Dial, str]:
    """A phone that waits for a call on a port of the kernel's choice, and its URI."""
    phone = start("--answer", "--bind", "127.0.0.1", *words)
    return phone, phone.until("ready")["addresses"][0]


def test_one_plays_the_other_records(start: MakeDial, folder: Path) -> None:
    audio.write_wav(folder / "tone.wav", audio.sine(1000, 3500, -13.0))
    called, uri = answering(start, "--play", "tone.wav", "--record", "called.wav", "--auto-hangup")
    caller = start("--record", "caller.wav", "--dtmf", "w159D,#", "--from", "Ann <4711>", uri)
    assert called.finish() == 0
    assert caller.finish() == 0

    tone = audio.measure_tone(audio.read(folder / "caller.wav")[0], 1000)
    assert tone.found, tone
    assert tone.frequency == pytest.approx(1000, abs=1)
    assert tone.level_dbm0 == pytest.approx(-13, abs=0.5)
    assert tone.length_ms == pytest.approx(3500, abs=40)
    assert not tone.gaps
    assert not tone.jumps
    assert "".join(one["digit"] for one in called.facts("dtmf")) == "159D#"
    incoming = called.facts("incoming")[0]
    assert incoming["name"] == "Ann"
    assert incoming["uri"] == "sip:4711@127.0.0.1"
    for phone in (called, caller):
        stats = phone.facts("stats")[0]
        assert stats["rx_lost"] == 0
        assert stats["rx_packets"] > 100
        assert stats["tx_packets"] > 100
        assert phone.facts("media")[0]["codec"] == "ulaw"
    statuses = [one["status"] for one in caller.facts("sip") if "status" in one]
    assert statuses[:2] == [180, 200]


def test_a_tone_for_some_seconds_over_tcp(start: MakeDial, folder: Path) -> None:
    called, uri = answering(start, "--transport", "tcp", "--record", "called.wav", "--codec", "alaw")
    caller = start("--tone", "440", "--level", "-20", "--duration", "1.5", uri)
    assert caller.finish() == 0
    assert called.finish() == 0
    tone = audio.measure_tone(audio.read(folder / "called.wav")[0], 440)
    assert tone.found, tone
    assert tone.level_dbm0 == pytest.approx(-20, abs=0.5)
    assert called.facts("media")[0]["codec"] == "alaw"
    assert called.facts("hangup")[0]["by"] == "remote"


def test_ctrl_c_while_it_rings_cancels(start: MakeDial) -> None:
    called, uri = answering(start, "--answer-after", "30")
    caller = start(uri)
    called.until("incoming")
    caller.interrupt()
    assert caller.finish() == 130
    assert called.finish() == 1
    methods = [one["method"] for one in caller.facts("sip") if one["sent"]]
    assert "ACK" in methods
    assert {one.get("status") for one in caller.facts("sip")} >= {487}


def test_ctrl_c_in_the_call_says_bye(start: MakeDial, folder: Path) -> None:
    called, uri = answering(start)
    caller = start("--record", "caller.wav", uri)
    caller.until("rtp")
    caller.interrupt()
    assert caller.finish() == 130
    assert called.finish() == 0
    assert caller.facts("recorded")
    assert audio.read(folder / "caller.wav")


def test_ctrl_c_while_it_waits(start: MakeDial) -> None:
    phone, _ = answering(start)
    phone.interrupt()
    assert phone.finish() == 130


def test_nobody_answers_in_time(start: MakeDial) -> None:
    called, uri = answering(start, "--answer-after", "30")
    caller = start("--ring-timeout", "0.5", uri)
    assert caller.finish() == 3
    assert called.finish() == 1
    assert "nobody answered" in caller.facts("error")[0]["text"]


def test_nobody_is_there(start: MakeDial) -> None:
    phone = start("sip:x@127.0.0.1:9;transport=tcp")
    assert phone.finish() == 3
    assert "refused" in phone.facts("log")[0]["text"]
    assert start("--answer", "--bind", "127.0.0.1", "--ring-timeout", "0.1").finish() == 3


def test_a_reader_that_goes_away_does_not_end_the_call(start: MakeDial, folder: Path) -> None:
    called, uri = answering(start)
    caller = start("--duration", "0.7", uri)
    caller.until("media")
    assert caller.process.stdout is not None
    caller.process.stdout.close()
    assert caller.process.wait(10) == 0
    assert caller.errors.read_text() == ""
    assert called.finish() == 0


# ---------------------------------------------------------------- at the office


def test_registers_and_hears_itself(office: Program, start: MakeDial, folder: Path) -> None:
    phone = start(
        *("--user", "6001", "--register", "--bind", "127.0.0.1", "--dtmf", "1"),
        *("--duration", "2", f"sip:600@127.0.0.1:{office.port}"),
        password=office.passwords["6001"],
    )
    assert phone.finish() == 0
    assert phone.facts("registered")[0]["aor"] == "sip:6001@127.0.0.1"
    assert phone.facts("stats")[0]["rx_packets"] > 50


def test_two_phones_call_each_other_through_the_office(
    office: Program, start: MakeDial, folder: Path
) -> None:
    server = f"127.0.0.1:{office.port}"
    audio.write_wav(folder / "tone.wav", audio.sine(800, 2000, -13.0))
    called = start(
        *("--user", f"6002@{server}", "--register", "--answer", "--bind", "127.0.0.1"),
        *("--play", "tone.wav", "--auto-hangup"),
        password=office.passwords["6002"],
    )
    called.until("ready")
    assert "6002/" in office.ask("pjsip show contacts")
    caller = start(
        *("--user", f"6001@{server}", "--bind", "127.0.0.1", "--record", "heard.wav", "--dtmf", "42", "6002"),
        password=office.passwords["6001"],
    )
    assert called.finish() == 0
    assert caller.finish() == 0
    samples = audio.read(folder / "heard.wav")[0]
    assert audio.tone_dbm0(samples[-8000:-4000], 800) == pytest.approx(-13, abs=1)
    assert "".join(one["digit"] for one in called.facts("dtmf")) == "42"
    assert "6002/" not in office.ask("pjsip show contacts")  # given back at the end


def test_a_wrong_password_is_status_1(office: Program, start: MakeDial) -> None:
    where = f"sip:600@127.0.0.1:{office.port}"
    for words in (("--register", where), (where,)):
        phone = start("--user", "6001", "--bind", "127.0.0.1", *words, password="wrong")
        assert phone.finish() == 1
        assert phone.facts("error")[0]["status"] in (401, 403)
