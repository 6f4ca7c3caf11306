"""Playback, tones, music, echo, saying; Answer, Hangup, Busy, Wait and their like; Record."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState


def plan(*lines: str) -> str:
    steps = "".join(f" same => n,{line}\n" for line in lines[1:])
    return (
        f"[default]\nexten => s,1,{lines[0]}\n{steps} same => n,Set(GLOBAL(end)=1)\n"
        "exten => h,1,Set(GLOBAL(h)=${HANGUPCAUSE} ${RECORD_STATUS})\n"
        "exten => e,1,Set(GLOBAL(e)=1)\n"
    )


# ---------------------------------------------------------------- Playback


async def test_playback_answers_and_plays_all(office) -> None:
    o = office(plan("Playback(a&b)", "Set(GLOBAL(s)=${PLAYBACKSTATUS})"))
    alice = o.call()
    await o.settle(0.5)
    assert alice.did == ["answer"]
    assert alice.said == ["a", "b"]
    await o.ended(alice)
    assert o.runner.globals["s"] == "SUCCESS"
    assert o.now == pytest.approx(2)


@pytest.mark.parametrize(
    ("options", "did"), [("noanswer", ["progress"]), ("skip", []), ("SKIP", []), ("", ["answer"])]
)
async def test_playback_and_the_answer(office, options: str, did: list[str]) -> None:
    o = office(plan(f"Playback(a,{options})"))
    alice = o.call()
    await o.ended(alice)
    assert alice.did[:-1] == did


async def test_playback_of_what_is_missing_plays_the_rest(office, caplog) -> None:
    o = office(plan("Playback(missing&b)", "Set(GLOBAL(s)=${PLAYBACKSTATUS})", "Wait(1)"))
    alice = o.call()
    await o.settle(0.5)
    assert alice.said == ["b"]
    await o.ended(alice)
    assert o.runner.globals["s"] == "FAILED"
    assert "'missing'" in caplog.text


@pytest.mark.parametrize("name", ["unreadable", "missing", "&"])
async def test_playback_that_fails_goes_on(office, name: str) -> None:
    o = office(plan(f"Playback({name})", "Set(GLOBAL(s)=${PLAYBACKSTATUS})"))
    await o.ended(o.call())
    assert o.runner.globals["end"] == "1"
    assert o.runner.globals["s"] == ("SUCCESS" if name == "&" else "FAILED")


async def test_playback_in_the_channel_s_language(office) -> None:
    o = office(plan("Set(CHANNEL(language)=de)", "Playback(a)"))
    alice = o.call()
    await o.settle(0.5)
    assert alice.said == ["de/a"]


async def test_digits_during_playback_are_not_kept(office) -> None:
    o = office(plan("Playback(a)", "WaitDigit(3)", "Set(GLOBAL(w)=${WAITDIGITSTATUS})"))
    alice = o.call()
    await o.settle(0.5)
    alice.press("5")
    await o.ended(alice)
    assert o.runner.globals["w"] == "TIMEOUT"


# ---------------------------------------------------------------- tones, music, echo


async def test_playtones_goes_on_at_once(office) -> None:
    o = office(plan("Answer()", "PlayTones(busy)", "Wait(1)", "StopPlayTones()", "Wait(1)"))
    alice = o.call()
    await o.settle(0.5)
    assert alice.tone
    await o.settle(1)
    assert not alice.tone


@pytest.mark.parametrize(
    "line",
    ["PlayTones(nosuch)", "PlayTones(!!!)", "PlayTones(busy)", "StopPlayTones()", "StopMusicOnHold()"],
)
async def test_tones_that_cannot_be_played_go_on(office, line: str) -> None:
    o = office(plan(line))
    await o.ended(o.call())  # not answered: there is no audio
    assert o.runner.globals["end"] == "1"
    assert "e" not in o.runner.globals


async def test_music_for_a_while(office) -> None:
    o = office(plan("MusicOnHold(jazz,5)"))
    alice = o.call()
    await o.settle(1)
    assert o.music == [(alice.name, "jazz")]
    assert alice.did == ["progress"]
    await o.ended(alice)
    assert o.now == pytest.approx(5)
    assert o.music == []


async def test_music_until_the_caller_hangs_up(office) -> None:
    o = office(plan("Answer()", "MusicOnHold()"))
    alice = o.call()
    await o.settle(1000)
    assert o.music == [(alice.name, "")]
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert o.music == []


async def test_music_beside_the_dialplan(office) -> None:
    o = office(
        plan(
            "Answer()",
            "StartMusicOnHold(a)",
            "Wait(1)",
            "StartMusicOnHold(b)",
            "Wait(1)",
            "StopMusicOnHold()",
            "Wait(1)",
        )
    )
    alice = o.call()
    await o.settle(0.5)
    assert o.music == [(alice.name, "a")]
    await o.settle(1)
    assert o.music == [(alice.name, "b")]
    await o.settle(1)
    assert o.music == []


async def test_music_that_was_started_ends_with_the_call(office) -> None:
    o = office(plan("Answer()", "StartMusicOnHold(a)", "Wait(1)"))
    alice = o.call()
    await o.ended(alice)
    assert o.music == []


async def test_a_node_without_music(office, caplog) -> None:
    o = office(plan("MusicOnHold(x,1)", "StartMusicOnHold(x)"))
    o.pbx._music = None
    await o.ended(o.call())
    assert o.runner.globals["end"] == "1"


async def test_echo_until_pound(office) -> None:
    o = office(plan("Echo()"))
    alice = o.call()
    await o.settle(1)
    assert alice.did == ["answer"]
    assert alice.core.echoes
    alice.press("12")
    await o.settle(1)
    assert alice.core.echoes
    core = alice.core
    alice.press("#")
    await o.ended(alice)
    assert not core.echoes
    assert o.runner.globals["end"] == "1"


# ---------------------------------------------------------------- saying


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SayDigits(12*#-x)", ["digits/1", "digits/2", "digits/star", "digits/pound", "digits/minus"]),
        ("SayNumber(21)", ["digits/20", "digits/1"]),
        ("SayNumber( 5 )", ["digits/5"]),
        ("SayAlpha(a1)", ["letters/a", "digits/1"]),
        ("SayPhonetic(a)", ["phonetic/a_p"]),
    ],
)
async def test_saying(office, line: str, said: list[str]) -> None:
    o = office(plan(line))
    alice = o.call()
    await o.settle(0.5)
    assert alice.said == said
    await o.ended(alice)
    assert o.runner.globals["end"] == "1"


@pytest.mark.parametrize(
    "line", ["SayNumber(x)", "SayNumber(9999999999999999)", "SayDigits(x)", "SayAlpha( )"]
)
async def test_what_cannot_be_said_goes_on(office, line: str) -> None:
    o = office(plan(line))
    await o.ended(o.call())
    if line != "SayAlpha( )":
        assert o.runner.globals["end"] == "1"
        assert "e" not in o.runner.globals


# ---------------------------------------------------------------- Answer, Hangup, Busy, Congestion, Wait


async def test_answer_with_a_delay(office) -> None:
    o = office(plan("Answer(1500)", "Answer(5000)"))
    alice = o.call()
    await o.ended(alice)
    assert alice.did[:-1] == ["answer"]
    assert o.now == pytest.approx(1.5)


@pytest.mark.parametrize("delay", ["x", "-5", "", "0"])
async def test_answer_with_a_bad_delay(office, delay: str) -> None:
    o = office(plan(f"Answer({delay})"))
    alice = o.call()
    await o.ended(alice)
    assert alice.did[:-1] == ["answer"]
    assert o.now == 0


@pytest.mark.parametrize(
    ("argument", "cause"),
    [("", 16), ("17", 17), ("USER_BUSY", 17), ("congestion", 34), ("nonsense", 16), ("0", 16), ("15", 15)],
)
async def test_hangup_and_its_cause(office, argument: str, cause: int) -> None:
    o = office(plan(f"Hangup({argument})"))
    alice = o.call()
    await o.ended(alice)
    assert alice.released == cause
    assert "end" not in o.runner.globals
    assert "e" not in o.runner.globals
    assert o.runner.globals["h"] == f"{cause} "


@pytest.mark.parametrize(("line", "cause"), [("Busy()", 17), ("Busy(5)", 17), ("Congestion(x)", 34)])
async def test_refusing_a_call_that_was_not_answered(office, line: str, cause: int) -> None:
    o = office(plan(line))
    alice = o.call()
    await o.ended(alice)
    assert alice.released == cause


@pytest.mark.parametrize(("line", "cause"), [("Busy(5)", 16), ("Congestion(5)", 16)])
async def test_refusing_a_call_that_is_up_is_a_tone(office, line: str, cause: int) -> None:
    o = office(plan("Answer()", line))
    alice = o.call()
    await o.settle(1)
    assert alice.tone
    await o.ended(alice)
    assert o.now == pytest.approx(5)
    assert alice.released == cause
    assert "end" not in o.runner.globals


async def test_busy_without_end_until_the_caller_hangs_up(office) -> None:
    o = office(plan("Answer()", "Busy()"))
    alice = o.call()
    await o.settle(10_000)
    assert not alice.ended
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_busy_without_audio(office) -> None:
    o = office(plan("Answer()", "Busy(5)"))
    alice = o.incoming()
    alice.no_audio = True
    alice.start_dialplan("default", "s")
    await o.ended(alice)
    assert o.now == pytest.approx(5)


@pytest.mark.parametrize(
    ("argument", "seconds"),
    [
        ("2", 2),
        ("0.5", 0.5),
        ("0", 0),
        ("-1", 0),
        ("x", 0),
        ("500ms", 0.5),
        ("1m", 60),
        ("1h", 3600),
        ("3s", 3),
        ("", 0),
    ],
)
async def test_wait(office, argument: str, seconds: float) -> None:
    o = office(plan(f"Wait({argument})"))
    await o.ended(o.call())
    assert o.now == pytest.approx(seconds)
    assert o.runner.globals["end"] == "1"


async def test_indications(office) -> None:
    o = office(
        plan("Proceeding()", "Ringing()", "Progress()", "Answer()", "Ringing()", "Wait(1)", "Playback(a)")
    )
    alice = o.call()
    await o.settle(0.5)
    assert alice.did == ["ring", "progress", "answer"]
    assert alice.tone
    await o.settle(1)
    assert not alice.tone
    assert alice.said == ["a"]


# ---------------------------------------------------------------- Record


def recording(arguments: str, *more: str) -> str:
    return plan(f"Record({arguments})", "Set(GLOBAL(r)=${RECORD_STATUS} ${RECORDED_FILE})", *more)


async def record(office, tmp_path: Path, arguments: str):
    o = office(recording(arguments))
    o.pbx.recordings = tmp_path
    alice = o.call()
    await o.settle(1.5)
    return o, alice


async def test_record_until_pound(office, tmp_path) -> None:
    o, alice = await record(office, tmp_path, "hello.wav")
    assert alice.said == ["beep"]
    ((path, kind, how),) = o.media.recorded
    assert (path, kind) == (f"{tmp_path}/hello.wav", "wav")
    assert (how["max_ms"], how["silence_ms"], how["append"], how["silence_threshold"]) == (0, 0, False, 256)
    assert (how["heard"], how["said"]) == (True, False)
    alice.press("5#")
    await o.ended(alice)
    assert o.runner.globals["r"] == f"DTMF {tmp_path}/hello"


@pytest.mark.parametrize(
    ("arguments", "pressed", "status"),
    [
        ("x.wav,2", "", "SILENCE"),
        ("x.wav,0,3", "", "TIMEOUT"),
        ("x.wav,,3", "", "TIMEOUT"),
        ("x.wav,,9,t", "#*", "DTMF"),
        ("x.wav,,9,y", "5", "DTMF"),
        ("x.wav,,9,o", "0", "OPERATOR"),
        ("x.wav,,9,x", "#", "TIMEOUT"),
        ("x.wav,,9", "0", "TIMEOUT"),
        ("x:ulaw,,3", "", "TIMEOUT"),
        ("unwritable.wav", "", "ERROR"),
        ("x.mp9", "", "ERROR"),
    ],
)
async def test_how_a_recording_ends(office, tmp_path, arguments: str, pressed: str, status: str) -> None:
    o, alice = await record(office, tmp_path, arguments)
    if pressed:
        alice.press(pressed)
    if not alice.ended:
        await o.ended(alice)
    assert o.runner.globals["r"].split()[0] == status


async def test_record_options(office, tmp_path) -> None:
    o, alice = await record(office, tmp_path, "x.sln,,3,qa")
    assert alice.said == []
    assert o.media.recorded[0][2]["append"] is True


@pytest.mark.parametrize(("option", "did"), [("s", []), ("n", ["progress"]), ("", ["answer"])])
async def test_record_and_the_answer(office, tmp_path, option: str, did: list[str]) -> None:
    o, alice = await record(office, tmp_path, f"x.wav,,1,{option}")
    if not alice.ended:
        await o.ended(alice)
    assert alice.did[:-1] == did
    assert o.runner.globals["r"].startswith("SKIP" if option == "s" else "TIMEOUT")


async def test_record_with_a_number(office, tmp_path) -> None:
    (tmp_path / "m0.wav").touch()
    o, alice = await record(office, tmp_path, "m%d.wav,,1")
    await o.ended(alice)
    assert o.runner.globals["r"] == f"TIMEOUT {tmp_path}/m1"


async def test_record_to_a_folder_that_cannot_be_made(office, tmp_path, caplog) -> None:
    (tmp_path / "file").touch()
    o, alice = await record(office, tmp_path, "file/x.wav,,1")
    if not alice.ended:
        await o.ended(alice)
    assert o.runner.globals["r"].startswith("ERROR")
    assert "e" not in o.runner.globals


async def test_record_without_a_format(office, tmp_path) -> None:
    o, alice = await record(office, tmp_path, "x")
    if not alice.ended:
        await o.ended(alice)
    assert o.runner.globals["e"] == "1"


@pytest.mark.parametrize(("option", "kept"), [("k", True), ("", False)])
async def test_hanging_up_while_recording(office, tmp_path, option: str, kept: bool) -> None:
    o, alice = await record(office, tmp_path, f"x.wav,,,{option}")
    (tmp_path / "x.wav").touch()
    alice.far_end_hung_up(16)
    await o.ended(alice)
    await o.settle()
    assert o.runner.globals["h"] == "16 HANGUP"
    assert (tmp_path / "x.wav").exists() is kept


async def test_recording_after_the_answer_keeps_the_state(office, tmp_path) -> None:
    _, alice = await record(office, tmp_path, "x.wav")
    assert alice.state is ChannelState.UP
    alice.far_end_hung_up(Cause.NORMAL_CLEARING)


async def test_how_long_the_last_recording_was(office, tmp_path) -> None:
    o = office(recording("x.wav,,3", "Set(GLOBAL(d)=${RECORDING_INFO(duration)})"))
    o.pbx.recordings = tmp_path
    await o.ended(o.call())
    assert o.runner.globals["d"] == "1000"


@pytest.mark.parametrize("what", ["duration", "colour"])
async def test_there_is_nothing_to_tell_of_a_recording(office, caplog, what: str) -> None:
    o = office(plan(f"Set(GLOBAL(d)=<${{RECORDING_INFO({what})}}>)"))
    await o.ended(o.call())
    assert o.runner.globals["d"] == "<>"
    assert "RECORDING_INFO" in caplog.text
