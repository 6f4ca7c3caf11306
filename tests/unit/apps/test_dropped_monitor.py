"""Monitor and its kind, in virtual time: two files, their names, pauses."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.features.call_recording import call_recordings_of
from offhook.features.cdr import Cdr, CdrEngine, CdrSettings
from offhook.media.taps import Direction


class CallRecords:
    """A backend of call records that keeps one field of each."""

    def __init__(self) -> None:
        self.userfields: list[str] = []

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        self.userfields.append(cdr.user_field)


@pytest.fixture
def monitored(office, tmp_path: Path):
    """An office whose recordings go to a folder of the test's, and the call's recording."""

    async def make(*lines: str):
        body = "".join(f" same => n,{line}\n" for line in lines)
        o = office(f"[default]\nexten => s,1,Answer()\n{body}")
        o.pbx.recordings = tmp_path
        call = o.call()
        await o.settle(0.5)
        return o, call

    return make


def recorded(o) -> list[tuple[str, str, tuple[bool, bool]]]:
    return [
        (Path(path).name, form, (options["heard"], options["said"]))
        for path, form, options in o.media.recorded
    ]


async def test_two_files_and_what_the_call_record_gets(monitored) -> None:
    o, call = await monitored(
        "Wait(1)", "Monitor(gsm:http://pbx/rec,one)", "Set(GLOBAL(on)=${MONITORED})", "Wait(5)"
    )
    written = CallRecords()
    engine = CdrEngine(o.pbx.bus, o.wall, CdrSettings())
    engine.backends.append(written)
    o.pbx.add_service(engine)
    late = o.call()
    await o.ended(call)
    await o.ended(late)
    assert recorded(o)[:2] == [("one-in.gsm", "gsm", (True, False)), ("one-out.gsm", "gsm", (False, True))]
    assert o.runner.globals["on"] == "true"
    assert written.userfields == ["http://pbx/rec/one.gsm"] * 2
    assert call_recordings_of(o.pbx).of(call) == []


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        ("wav,one,m", ["one.wav"]),
        ("wav,one,i", ["one-out.wav"]),
        ("wav,one,o", ["one-in.wav"]),
        ("", ["Fake-6001-0001-in.wav", "Fake-6001-0001-out.wav"]),
    ],
)
async def test_which_files(monitored, arguments: str, files: list[str]) -> None:
    o, call = await monitored(f"Monitor({arguments})", "Wait(5)")
    assert [name for name, _, _ in recorded(o)] == files
    await o.ended(call)


@pytest.mark.parametrize("arguments", ["wav,one,io", "nonsense,one"])
async def test_what_cannot_be_recorded_ends_the_call(monitored, arguments: str) -> None:
    o, call = await monitored(f"Monitor({arguments})", "Set(GLOBAL(on)=1)")
    await o.ended(call)
    assert "on" not in o.runner.globals
    assert o.media.recorded == []


async def test_one_recording_of_a_channel_at_a_time(monitored) -> None:
    o, call = await monitored(
        "Monitor(wav,one)",
        "Monitor(wav,two)",
        "StopMonitor()",
        "StopMonitor()",
        "Monitor(wav,three)",
        "Wait(5)",
    )
    assert [name for name, _, _ in recorded(o)] == [
        "one-in.wav",
        "one-out.wav",
        "three-in.wav",
        "three-out.wav",
    ]
    await o.ended(call)


async def test_pausing_and_going_on(monitored) -> None:
    o, call = await monitored("Monitor(wav,one)", "PauseMonitor()", "Wait(2)", "UnpauseMonitor()", "Wait(5)")
    paused = call.core.paused
    assert list(paused.values()) == [True, True]
    await o.settle(2)
    assert list(paused.values()) == [False, False]
    await o.ended(call)


async def test_files_get_other_names_while_they_are_written(monitored, tmp_path: Path) -> None:
    o, call = await monitored(
        "Monitor(wav,one)", "Wait(1)", "ChangeMonitor(deep/two)", "Wait(1)", "ChangeMonitor(three)", "Wait(9)"
    )
    for name in ("one-in.wav", "one-out.wav"):  # as the engine would have made them
        (tmp_path / name).write_text(name)
    await o.settle(1)
    recording = call_recordings_of(o.pbx).of(call)[0]
    assert recording.file_of(Direction.HEARD) == f"{tmp_path}/deep/two-in.wav"
    assert (tmp_path / "deep" / "two-out.wav").read_text() == "one-out.wav"
    await o.settle(1)
    assert recording.files == [f"{tmp_path}/three-in.wav", f"{tmp_path}/three-out.wav"]
    assert (tmp_path / "three-in.wav").read_text() == "one-in.wav"
    assert not list((tmp_path / "deep").iterdir())
    await o.ended(call)


async def test_a_file_that_cannot_be_renamed_keeps_its_name(monitored, tmp_path: Path, caplog) -> None:
    o, call = await monitored("Monitor(wav,one,o)", "ChangeMonitor(two)", "Wait(9)")
    assert call_recordings_of(o.pbx).of(call)[0].files == [f"{tmp_path}/one-in.wav"]
    assert "one-in.wav is not called" in caplog.text
    await o.ended(call)


@pytest.mark.parametrize("line", ["StopMonitor()", "PauseMonitor()", "UnpauseMonitor()", "ChangeMonitor(x)"])
async def test_without_a_recording_the_log_says_so(monitored, line: str, caplog) -> None:
    o, call = await monitored(line, "Set(GLOBAL(on)=1)")
    await o.ended(call)
    assert o.runner.globals["on"] == "1"
    assert "the channel is not recorded by Monitor()" in caplog.text
