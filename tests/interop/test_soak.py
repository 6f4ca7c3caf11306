"""Five minutes of calls of all kinds: they stay, their sound comes whole and at its pace, and memory is flat.

Relayed and transcoded calls, one conference, and a file that is played in a loop, by the load generator of
`bench/`; sessions are refreshed every 45 s.  Nothing that depends on how fast a machine is decides: late
ticks, delays and processor time are printed, and loss counts where the load itself could keep up.
`SOAK_SECONDS` is another length (60 at least).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ports import Ports
from program import Program

import audio
from offhook._core import g711_encode

HARNESS = Path(__file__).parents[2] / "bench" / "harness"
sys.path.append(str(HARNESS))

from sipua import HOST, Pair, table  # noqa: E402 - the harness is no package

SECONDS = max(60.0, float(os.environ.get("SOAK_SECONDS", "300")))
CALLS = 150
SOCKETS = 8
WARM_UP = 5.0
CONFERENCE, PLAYBACK, RELAY, TRANSCODED = "3", "2", "1", "5"
KINDS = (CONFERENCE, PLAYBACK, RELAY, RELAY, TRANSCODED)

MEMORY_MIB = 4.0
"""That the resident memory of the second half may grow by; the process has some 90."""
LOSS = 0.001
"""Share of packets: what a busy machine's own sockets may drop."""
DRIFT_MS = 40.0
"""Between timestamps and the clock in the whole time: 133 parts in a million of five minutes."""
PACE = 0.01
"""By how much the packets of a stream may differ from 50 a second."""
KEPT_UP_US = 20_000
"""A load that sends its packets later than this (99th percentile) tells of the machine alone."""

PJSIP = """
[global]
type=global
endpoint_identifier_order=username

[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}

[phones](!)
type=endpoint
context=load
direct_media=no
timers=always
timers_min_se=90
timers_sess_expires=90

[load](phones)
allow=!all,ulaw
[relayed](phones)
allow=!all,ulaw
[transcoded](phones)
allow=!all,alaw
"""

EXTENSIONS = """
[load]
exten => _1XXXXX,1,Dial(PJSIP/relayed/sip:${EXTEN}@127.0.0.1:{callee},60)
exten => _5XXXXX,1,Dial(PJSIP/transcoded/sip:${EXTEN}@127.0.0.1:{callee},60)
exten => _2XXXXX,1,Answer()
 same => n(again),Playback({sound})
 same => n,Goto(again)
exten => _3XXXXX,1,Answer()
 same => n,ConfBridge(soak)
"""

CONFBRIDGE = """
[default_user]
type=user
quiet=yes
"""


class Phones(Pair):
    """Calls of all kinds, by their number; what the far end asks for within calls is counted."""

    refreshes = 0

    def _number(self, prefix: str, i: int) -> str:
        return f"{KINDS[i % len(KINDS)]}{i:05d}"

    def codec_of(self, side: str, i: int) -> str:
        return "alaw" if side == "b" and KINDS[i % len(KINDS)] == TRANSCODED else "ulaw"

    def begin(self) -> None:
        """Set all calls up.  A program that has too much to do at once says so (503), and is asked again."""
        self.run_up(CALLS, "", rate=25)
        end = time.monotonic() + 60
        while self.states() != {"up": CALLS}:
            assert time.monotonic() < end, self.states()
            for call in [call for call in self.calls.values() if call["state"] == "failed 503"]:
                self.start(call["i"], "")
                self.poll(0.05)
            self.poll(0.5)

    def _handle(self, side: str, data: bytes, addr: tuple[str, int]) -> None:
        head = data.partition(b"\r\n\r\n")[0]
        if head.startswith((b"INVITE ", b"UPDATE ")) and b";tag=" in _to(head):
            self.refreshes += 1
        super()._handle(side, data, addr)


def _to(head: bytes) -> bytes:
    return next((line for line in head.split(b"\r\n") if line[:3].lower() == b"to:"), b"")


def speech() -> array[int]:
    """Ten seconds of words and pauses."""
    words = [(300.0, 400, 200), (520.0, 250, 150), (410.0, 700, 300)] * 5
    return audio.join(
        *(part for tone, on, off in words for part in (audio.sine(tone, on), audio.silence(off)))
    )


@pytest.fixture
def load(folder: Path) -> Path:
    """The load generator, compiled."""
    program = folder / "rtpload"
    subprocess.run(["cc", "-O2", "-o", program, HARNESS / "rtpload.c", "-lm"], check=True)
    return program


@pytest.fixture
def soaked(
    folder: Path, ports: Ports, make_program: Callable[..., Program]
) -> Iterator[tuple[Program, Phones]]:
    """The program and its phones, with all calls up."""
    config = folder / "etc"
    config.mkdir()
    port, callee = ports.take(), ports.take()
    first, last = ports.range(600)
    sound = folder / "speech"
    audio.write_wav(sound.with_suffix(".wav"), speech())
    files = {"pjsip": PJSIP, "extensions": EXTENSIONS, "confbridge": CONFBRIDGE}
    for name, text in files.items():
        for key, value in {"port": port, "callee": callee, "sound": sound}.items():
            text = text.replace(f"{{{key}}}", str(value))
        (config / f"{name}.conf").write_text(text)
    (config / "rtp.conf").write_text(f"[general]\nrtpstart={first}\nrtpend={last}\n")
    program = make_program("soak", config, port)
    phones = Phones(
        (HOST, port),
        ports.take(),
        callee,
        media_base=ports.range(4 * SOCKETS)[0],
        caller_socks=SOCKETS,
        callee_socks=SOCKETS,
    )
    try:
        phones.begin()
        yield program, phones
    finally:
        phones.close()


def measure(
    program: Program, phones: Phones, command: list[str | Path]
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    """Run the load; what it found, and the program's memory and counters in the course of it."""
    samples: list[dict[str, float]] = []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        begin = due = time.monotonic() + WARM_UP
        while process.poll() is None:
            phones.poll(0.1)  # the program refreshes its sessions, and hangs up where nobody answers
            if time.monotonic() < due or time.monotonic() > begin + SECONDS:
                continue
            due += SECONDS / 30
            samples.append(
                {"s": time.monotonic() - begin, "rss_mib": program.rss_kib() / 1024, **program.media()}
            )
        assert process.stdout is not None
        assert process.returncode == 0
        return json.loads(process.stdout.read().splitlines()[-1]), samples
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def judge_packets(found: dict[str, Any], streams: int, missed: float) -> None:
    """Loss, and the pace of packets and timestamps."""
    assert found["relay_lost"] <= LOSS * found["relay_expected"]
    assert found["seq_lost"] <= LOSS * found["rx"]
    # a program that is stopped for long leaves something out, and its timestamps tell
    assert found["rx_least_s"] >= 50 * (1 - PACE) - missed / SECONDS
    assert found["rx_most_s"] <= 50 * (1 + PACE)
    assert found["drift_streams"] == streams
    assert found["drift_ms"] <= DRIFT_MS


def test_five_minutes_of_calls(soaked: tuple[Program, Phones], load: Path, folder: Path) -> None:
    program, phones = soaked
    frames = {name: folder / f"speech.{name}" for name in ("ulaw", "alaw")}
    for name, path in frames.items():
        path.write_bytes(g711_encode(speech().tobytes(), name))

    def payload(side: str) -> Callable[[int], str]:
        # relayed packets carry their number and time
        return lambda i: "-" if KINDS[i % 5] == RELAY else f"{frames[phones.codec_of(side, i)]}:160"

    streams = table(phones, folder / "table", payload("a"), payload("b"))
    expected = sum(2 if KINDS[i % 5] in (RELAY, TRANSCODED) else 1 for i in range(CALLS))
    assert streams == expected
    used = cpu_seconds(program.pid)
    seconds = ["-w", str(WARM_UP), "-d", str(SECONDS)]
    base = ["-b", str(phones.media_base), "-k", str(2 * SOCKETS)]
    found, samples = measure(program, phones, [load, "-t", folder / "table", *base, *seconds])
    used = cpu_seconds(program.pid) - used
    before, after = samples[0], samples[-1]
    counted = {name: after[name] - before[name] for name in after if after[name] != before.get(name)}
    second_half = [sample["rss_mib"] for sample in samples if sample["s"] >= SECONDS / 2]
    growth = second_half[-1] - second_half[0]
    print(
        f"{CALLS} calls, {streams} streams, {SECONDS:g} s, {used / SECONDS:.3f} of a core; "
        f"memory {before['rss_mib']:.1f}, {second_half[0]:.1f}, {after['rss_mib']:.1f} MiB; "
        f"late ticks {after['late_ticks'] - before['late_ticks']:g} of {after['ticks'] - before['ticks']:g}, "
        f"{after['missed_ticks'] - before['missed_ticks']:g} left out; "
        f"refreshes {phones.refreshes}\n{found}\n{counted}"
    )

    assert phones.states() == {"up": CALLS}
    assert phones.refreshes >= streams // 2
    assert found["silent_streams"] == 0
    assert found["tx_errors"] == 0
    # each stream is one from its beginning to its end
    assert found["sources"] == streams
    assert found["ulaw_with_sound"] >= 0.3
    assert growth <= MEMORY_MIB, [round(value, 1) for value in second_half]
    for name in ("events_lost", "events_failed", "drop_send", "drop_invalid", "drop_format"):
        assert after[name] == 0, name

    if found["tx_late_us"]["p99"] > KEPT_UP_US:
        print("the load itself was late: loss and pace say nothing of the program")
    else:
        judge_packets(found, streams, counted.get("missed_ticks", 0))

    phones.run_down()
    assert phones.states() == {"ended": CALLS}
