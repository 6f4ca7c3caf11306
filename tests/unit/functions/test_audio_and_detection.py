"""VOLUME, AGC, DENOISE, MUTEAUDIO, TALK_DETECT, TONE_DETECT and PERIODIC_HOOK, in virtual time."""

from __future__ import annotations

import pytest

from offhook.media.taps import Effects
from offhook.pbx import events


def plan(*lines: str) -> str:
    return "[default]\nexten => s,1,Answer()\n" + "".join(f" same => n,{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("value", "factor"), [("3", 3.0), ("-4", 0.25), ("0", 1.0), ("1.5", 1.5), ("-1", 1.0), ("900", 64.0)]
)
async def test_volume(office, value: str, factor: float) -> None:
    o = office(plan(f"Set(VOLUME(TX)={value})", "Set(GLOBAL(now)=${VOLUME(tx)})", "Wait(2)"))
    alice = o.call()
    await o.settle(1)
    assert alice.core.effects == {True: Effects(factor)}
    assert float(o.runner.globals["now"]) == float(value)
    await o.ended(alice)


async def test_keys_change_the_volume(office) -> None:
    o = office(plan("Set(VOLUME(RX,p)=2)", "Wait(9)"))
    alice = o.call()
    await o.settle(1)
    for key, factor in (("#", 3.0), ("*", 2.0), ("5", 2.0), ("*", 1.0), ("*", 1.0), ("*", 1.0), ("*", 0.5)):
        alice.press(key)
        await o.settle(0.1)
        assert alice.core.effects[False] == Effects(factor), key
    await o.ended(alice)


async def test_a_level_and_a_volume_are_kept_apart(office) -> None:
    o = office(
        plan(
            "Set(AGC(rx)=8000)",
            "Set(VOLUME(RX)=2)",
            "Set(GLOBAL(on)=${AGC(rx)})",
            "Wait(1)",
            "Set(AGC(rx)=off)",
            "Set(GLOBAL(off)=${AGC(rx)})",
            "Wait(1)",
        )
    )
    alice = o.call()
    await o.settle(0.5)
    assert alice.core.effects[False] == Effects(2.0, 8000)
    await o.settle(1)
    assert alice.core.effects[False] == Effects(2.0)
    await o.ended(alice)
    assert (o.runner.globals["on"], o.runner.globals["off"]) == ("8000", "off")


async def test_noise_is_taken_out_each_way(office) -> None:
    o = office(
        plan(
            "Set(DENOISE(rx)=on)",
            "Set(AGC(rx)=4000)",
            "Set(GLOBAL(on)=${DENOISE(rx)} ${DENOISE(tx)})",
            "Wait(1)",
            "Set(DENOISE(RX)=off)",
            "Set(GLOBAL(off)=${DENOISE(rx)})",
            "Wait(1)",
        )
    )
    alice = o.call()
    await o.settle(0.5)
    assert alice.core.effects == {False: Effects(level=4000, denoise=True)}
    await o.settle(1)
    assert alice.core.effects[False] == Effects(level=4000)
    await o.ended(alice)
    assert (o.runner.globals["on"], o.runner.globals["off"]) == ("on off", "off")


async def test_muting(office) -> None:
    o = office(
        plan(
            "Set(MUTEAUDIO(in)=on)", "Wait(1)", "Set(MUTEAUDIO(all)=on)", "Set(MUTEAUDIO(in)=off)", "Wait(1)"
        )
    )
    alice = o.call()
    await o.settle(0.5)
    assert alice.muted == (True, False)
    await o.settle(1)
    assert alice.muted == (False, True)
    await o.ended(alice)


async def test_talking_is_announced(office) -> None:
    o = office(plan("Set(TALK_DETECT(set)=1200,128)", "Wait(5)", "Set(TALK_DETECT(remove)=)", "Wait(5)"))
    seen: list[object] = []
    o.pbx.bus.listen(events.ChannelTalkingStarted, lambda event: seen.append(event.channel))
    o.pbx.bus.listen(events.ChannelTalkingStopped, lambda event: seen.append(event.duration_ms))
    alice = o.call()
    await o.settle(1)
    assert list(alice.core.watched.values()) == [
        ("talking", {"said": False, "threshold": 128, "silence_ms": 1200})
    ]
    alice.core.find("talking")
    alice.core.find("silent", 800)
    assert seen == [alice, 800]
    await o.settle(5)
    assert alice.core.watched == {}
    await o.ended(alice)


async def test_talk_detection_is_set_anew_and_ends_with_the_call(office) -> None:
    o = office(plan("Set(TALK_DETECT(set)=)", "Set(TALK_DETECT(set)=,100)", "Wait(5)"))
    alice = o.call()
    await o.settle(1)
    assert list(alice.core.watched.values()) == [
        ("talking", {"said": False, "threshold": 100, "silence_ms": 2500})
    ]
    await o.ended(alice)


async def test_a_tone_takes_the_call_elsewhere_the_second_time(office) -> None:
    o = office(
        plan("Set(TONE_DETECT(2600,1000,g(blue,s,1)n(2))=)", "Wait(30)", "Set(GLOBAL(here)=1)")
        + "[blue]\nexten => s,1,Set(GLOBAL(count)=${TONE_DETECT(rx)}-${TONE_DETECT(tx)})\n"
    )
    alice = o.call()
    await o.settle(1)
    asked = [(what["said"], what["frequency"], what["ms"]) for _, what in alice.core.watched.values()]
    assert asked == [(False, 2600.0, 1000), (True, 2600.0, 1000)]
    alice.core.find("tone", said=False)
    alice.core.find("tone", said=True)
    await o.settle(1)
    alice.core.find("tone_end", 1100)
    assert "count" not in o.runner.globals
    alice.core.find("tone", said=False)
    await o.ended(alice)
    assert o.runner.globals["count"] == "2-1"
    assert "here" not in o.runner.globals


@pytest.mark.parametrize(("option", "directions"), [("r", [False]), ("t", [True]), ("rt", [False, True])])
async def test_tones_of_one_direction(office, option: str, directions: list[bool]) -> None:
    o = office(
        plan(f"Set(TONE_DETECT(1100,500,{option}d(6))=)", "Wait(3)", "Set(TONE_DETECT(0,,x)=)", "Wait(3)")
    )
    alice = o.call()
    await o.settle(1)
    assert [what["said"] for _, what in alice.core.watched.values()] == directions
    assert {what["decibels"] for _, what in alice.core.watched.values()} == {6}
    await o.settle(3)
    assert alice.core.watched == {}
    await o.ended(alice)


async def test_a_tone_is_taken_out_until_it_is_detected_no_more(office) -> None:
    o = office(
        plan(
            "Set(DENOISE(rx)=on)",
            "Set(TONE_DETECT(2600,500,s)=)",
            "Wait(2)",
            "Set(TONE_DETECT(0,,x)=)",
            "Wait(2)",
        )
    )
    alice = o.call()
    await o.settle(1)
    assert alice.core.effects == {False: Effects(denoise=True, notch=2600.0)}
    await o.settle(2)
    assert alice.core.effects == {False: Effects(denoise=True)}
    await o.ended(alice)


async def test_a_busy_line_takes_the_call_elsewhere(office) -> None:
    o = office(
        plan("Set(CHANNEL(tonezone)=de)", "Set(TONE_DETECT(0,,brg(over,s,1))=)", "Wait(30)")
        + "[over]\nexten => s,1,Set(GLOBAL(count)=${TONE_DETECT(rx)})\n"
    )
    alice = o.call()
    await o.settle(1)
    assert {what["frequency"] for _, what in alice.core.watched.values()} == {425.0}
    for length in (1000, 480, 480):  # ringing, then busy
        await o.settle(0.48)
        alice.core.find("tone", ms=0, frequency=425.0)
        await o.settle(length / 1000)
        alice.core.find("tone_end", length, frequency=425.0)
    await o.ended(alice)
    assert o.runner.globals["count"] == "1"


@pytest.mark.parametrize(
    "line",
    [
        "Set(DENOISE(both)=on)",
        "Set(DENOISE(rx)=perhaps)",
        "Set(VOLUME(XX)=1)",
        "Set(VOLUME(TX)=loud)",
        "Set(AGC(rx)=99999)",
        "Set(MUTEAUDIO(left)=on)",
        "Set(TALK_DETECT(begin)=)",
        "Set(TALK_DETECT(set)=-5)",
        "Set(TONE_DETECT(1100,-1)=)",
        "Set(TONE_DETECT(0)=)",
    ],
)
async def test_what_makes_no_sense_changes_nothing(office, line: str) -> None:
    o = office(plan(line, "Wait(1)"))
    alice = o.call()
    await o.settle(0.5)
    assert (alice.core.effects, alice.core.watched, alice.muted) == ({}, {}, (False, False))
    await o.ended(alice)
