"""Voice menus: digits typed early, late, wrong or not at all."""

from __future__ import annotations

import pytest

from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState

MENU = """
[default]
exten => s,1,Answer()
 same => n(ask),Background(welcome&choose)
 same => n,WaitExten(5)
exten => 1,1,Set(GLOBAL(chose)=1)
exten => 20,1,Set(GLOBAL(chose)=20)
exten => 201,1,Set(GLOBAL(chose)=201)
exten => _3XX,1,Set(GLOBAL(chose)=${EXTEN})
exten => i,1,Set(GLOBAL(wrong)=${GLOBAL(wrong)}${INVALID_EXTEN}/)
 same => n,Goto(s,ask)
exten => t,1,Set(GLOBAL(none)=1)
exten => h,1,Set(GLOBAL(h)=${READSTATUS} ${WHAT} ${WAITDIGITSTATUS})
"""


async def menu(office, text: str = MENU):
    o = office(text)
    alice = o.call()
    await o.settle(0.5)
    return o, alice


# ---------------------------------------------------------------- Background and WaitExten


async def test_typed_while_the_greeting_plays(office) -> None:
    o, alice = await menu(office)
    assert alice.core.playing is not None
    alice.press("1")
    await o.settle()
    assert o.runner.globals["chose"] == "1"
    assert o.now < 1


async def test_typed_after_the_greeting(office) -> None:
    o, alice = await menu(office)
    await o.settle(4)
    assert alice.said == ["welcome", "choose"]
    alice.press("1")
    await o.settle()
    assert o.runner.globals["chose"] == "1"


async def test_typed_at_once_several_digits(office) -> None:
    o, alice = await menu(office)
    alice.press("315")
    await o.settle()
    assert o.runner.globals["chose"] == "315"


async def test_typed_slowly(office) -> None:
    o, alice = await menu(office)
    for digit in "315":
        alice.press(digit)
        await o.settle(4)
    assert o.runner.globals["chose"] == "315"


async def test_typed_too_slowly(office) -> None:
    o, alice = await menu(office)
    alice.press("3")
    await o.settle(6)  # TIMEOUT(digit) is 5 seconds
    assert o.runner.globals["wrong"] == "3/"


async def test_an_extension_that_could_go_on_waits_for_more(office) -> None:
    o, alice = await menu(office)
    alice.press("20")
    await o.settle(4.5)
    assert "chose" not in o.runner.globals
    await o.settle(1)
    assert o.runner.globals["chose"] == "20"


async def test_typed_wrong(office) -> None:
    o, alice = await menu(office)
    alice.press("9")
    await o.settle(0.5)
    assert o.runner.globals["wrong"] == "9/"
    assert alice.said == ["welcome", "choose", "welcome", "choose"]
    alice.press("8")
    await o.settle(0.1)
    alice.press("1")
    await o.settle()
    assert o.runner.globals["wrong"] == "9/8/"
    assert o.runner.globals["chose"] == "1"


async def test_typed_nothing(office) -> None:
    o, alice = await menu(office)
    await o.ended(alice)
    assert o.runner.globals["none"] == "1"
    assert o.now == pytest.approx(7)


async def test_waitexten_goes_on_with_the_next_priority(office) -> None:
    o, alice = await menu(
        office, MENU.replace("WaitExten(5)", "WaitExten(5)\n same => n,Set(GLOBAL(next)=1)")
    )
    await o.ended(alice)
    assert o.runner.globals["next"] == "1"
    assert "none" not in o.runner.globals


async def test_waitexten_without_t_ends_the_call(office) -> None:
    o, alice = await menu(office, "[default]\nexten => s,1,Answer()\n same => n,WaitExten(2)\n")
    await o.ended(alice)
    assert o.now == pytest.approx(2)


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [("2", 2), ("1.5", 1.5), ("", 10), ("0", 10), ("abc", 10), ("2500ms", 2.5), ("1m", 60)],
)
async def test_how_long_waitexten_waits(office, arguments: str, seconds: float) -> None:
    o, alice = await menu(office, f"[default]\nexten => s,1,Answer()\n same => n,WaitExten({arguments})\n")
    await o.ended(alice)
    assert o.now == pytest.approx(seconds, abs=0.01)


async def test_waitexten_with_timeout_response(office) -> None:
    o, alice = await menu(
        office,
        "[default]\nexten => s,1,Answer()\n same => n,Set(TIMEOUT(response)=3)\n same => n,WaitExten()\n",
    )
    await o.ended(alice)
    assert o.now == pytest.approx(3)


async def test_waitexten_with_music_and_with_a_dial_tone(office) -> None:
    o, alice = await menu(
        office,
        "[default]\nexten => s,1,Answer()\n same => n,WaitExten(2,m(jazz))\n"
        " same => n,WaitExten(2,d)\n same => n,WaitExten(2,d(nosuch))\n",
    )
    assert o.music == [(alice.name, "jazz")]
    await o.settle(2)
    assert o.music == []
    assert alice.tone
    await o.settle(2)
    assert not alice.tone
    await o.ended(alice)


async def test_hanging_up_in_a_menu(office) -> None:
    for moment in (0.1, 1.5, 4):
        o = office(MENU)
        alice = o.call()
        await o.settle(moment)
        alice.far_end_hung_up(16)
        await o.ended(alice)
        assert o.left_over() == []
        assert "none" not in o.runner.globals


@pytest.mark.parametrize(
    ("options", "up", "did"),
    [("", False, "answer"), ("n", False, "progress"), ("noanswer", False, "progress"), ("s", False, "")],
)
async def test_background_and_the_answer(office, options: str, up: bool, did: str) -> None:
    o = office(f"[default]\nexten => s,1,Background(hello,{options})\n same => n,Wait(5)\n")
    alice = o.call()
    await o.settle(0.5)
    assert alice.did == ([did] if did else [])
    if did:
        assert alice.said == ["hello"]


async def test_background_m_takes_only_extensions_of_one_digit(office) -> None:
    o, alice = await menu(office, MENU.replace("choose", "choose,m"))
    alice.press("3")  # the beginning of one only
    await o.settle(0.1)
    assert alice.core.playing is not None
    alice.press("1")
    await o.settle()
    assert o.runner.globals["chose"] == "1"


async def test_background_p_cannot_be_interrupted(office) -> None:
    o, alice = await menu(office, MENU.replace("choose", "choose,p"))
    alice.press("1")
    await o.settle(1)
    assert alice.core.playing is not None
    assert "chose" not in o.runner.globals


async def test_background_in_another_language_and_context(office) -> None:
    o, alice = await menu(
        office, MENU.replace("choose", "choose,,de,other") + "[other]\nexten => 9,1,Set(GLOBAL(nine)=1)\n"
    )
    assert alice.said == ["de/welcome", "de/choose"]
    alice.press("9")
    await o.settle()
    assert o.runner.globals["nine"] == "1"


async def test_background_stops_at_a_sound_that_is_missing(office, caplog) -> None:
    o, alice = await menu(
        office,
        "[default]\nexten => s,1,Background(a&missing&b)\n same => n,Set(GLOBAL(s)=${BACKGROUNDSTATUS})\n",
    )
    assert alice.said == ["a"]
    await o.ended(alice)
    assert o.runner.globals["s"] == "FAILED"


async def test_background_without_audio(office) -> None:
    o = office("[default]\nexten => s,1,Background(a)\n same => n,Set(GLOBAL(s)=${BACKGROUNDSTATUS})\n")
    alice = o.incoming()
    alice.no_audio = True
    alice.start_dialplan("default", "s")
    await o.ended(alice)
    assert o.runner.globals["s"] == "FAILED"


# ---------------------------------------------------------------- Read


def reading(arguments: str, more: str = "") -> str:
    return (
        f"[default]\nexten => s,1,{more}Read({arguments})\n "
        " same => n,Set(GLOBAL(read)=${READSTATUS} ${WHAT})\n"
        "exten => h,1,Set(GLOBAL(h)=${READSTATUS} ${WHAT})\n"
    )


@pytest.mark.parametrize(
    ("arguments", "pressed", "result"),
    [
        ("WHAT", "123#", "OK 123"),
        ("WHAT,,3", "1234", "OK 123"),
        ("WHAT,,3", "12#", "OK 12"),
        ("WHAT,,0", "12345#", "OK 12345"),
        ("WHAT,,300", "1#", "OK 1"),
        ("WHAT,,-1", "1#", "OK 1"),
        ("WHAT,,x", "1#", "OK 1"),
        ("WHAT,,,t(*)", "1#2*", "OK 1#2"),
        ("WHAT,,4,t", "1#2#", "OK 1#2#"),
        ("WHAT,,,e", "#", "OK #"),
        ("WHAT,,,e", "12#", "OK 12"),
        ("WHAT", "#", "OK "),
        ("CALLERID(num),,2", "77", "OK "),
    ],
)
async def test_read(office, arguments: str, pressed: str, result: str) -> None:
    o, alice = await menu(office, reading(arguments))
    alice.press(pressed)
    await o.settle(0.1)
    assert o.runner.globals["read"] == result
    if arguments.startswith("CALLERID"):
        assert alice.caller.number == "77"


async def test_read_early_late_and_with_pauses(office) -> None:
    o, alice = await menu(office, reading("WHAT,enter&number,4"))
    alice.press("1")
    await o.settle()
    assert alice.core.playing is None  # it interrupts the prompts
    await o.settle(4)
    alice.press("2")
    await o.settle(4)
    assert alice.said == ["enter", "number"]
    alice.press("34")
    await o.settle()
    assert o.runner.globals["read"] == "OK 1234"


async def test_read_that_runs_out_of_time(office) -> None:
    o, alice = await menu(office, reading("WHAT,enter"))
    await o.ended(alice)
    assert o.runner.globals["read"] == "TIMEOUT "
    assert o.now == pytest.approx(11)  # the prompt, then TIMEOUT(response)


async def test_read_that_runs_out_of_time_after_some_digits(office) -> None:
    o, alice = await menu(office, reading("WHAT"))
    alice.press("12")
    await o.ended(alice)
    assert o.runner.globals["read"] == "TIMEOUT 12"
    assert o.now == pytest.approx(5.5)


async def test_read_with_its_own_timeout_and_attempts(office) -> None:
    o, alice = await menu(office, reading("WHAT,enter,3,,3,1.5"))
    await o.ended(alice)
    assert alice.media is None
    assert o.now == pytest.approx(7.5)
    assert o.runner.globals["read"] == "TIMEOUT "


async def test_read_asks_again_when_only_the_terminator_was_typed(office) -> None:
    o, alice = await menu(office, reading("WHAT,enter,3,,2"))
    alice.press("#")
    await o.settle(0.5)
    assert alice.said == ["enter", "enter"]
    alice.press("5#")
    await o.settle()
    assert o.runner.globals["read"] == "OK 5"


async def test_hanging_up_while_typing(office) -> None:
    o, alice = await menu(office, reading("WHAT"))
    alice.press("12")
    await o.settle()
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert o.runner.globals["h"] == "HANGUP 12"


async def test_read_with_a_tone(office) -> None:
    o, alice = await menu(office, reading("WHAT,dial,2,i"))
    assert alice.tone
    alice.press("1")
    await o.settle()
    assert not alice.tone
    alice.press("2")
    await o.settle()
    assert o.runner.globals["read"] == "OK 12"


async def test_read_with_a_tone_that_is_none(office, caplog) -> None:
    o, alice = await menu(office, reading("WHAT,nosuch,2,i"))
    alice.press("12")
    await o.settle()
    assert o.runner.globals["read"] == "OK 12"
    assert "nosuch" in caplog.text


async def test_read_plays_the_prompts_that_there_are(office, caplog) -> None:
    o, alice = await menu(office, reading("WHAT,missing&enter"))
    assert alice.said == ["enter"]
    alice.press("1#")
    await o.settle()
    assert o.runner.globals["read"] == "OK 1"
    assert "missing" in caplog.text


@pytest.mark.parametrize(("option", "did"), [("s", []), ("n", []), ("", ["answer"])])
async def test_read_and_the_answer(office, option: str, did: list[str]) -> None:
    o = office(reading(f"WHAT,,1,{option},1,1"))
    alice = o.call()
    await o.ended(alice)
    assert alice.did[:-1] == did
    assert o.runner.globals["read"] == ("SKIPPED " if option == "s" else "TIMEOUT ")


async def test_digits_typed_before_read_count(office) -> None:
    """Typed ahead while Set() and Goto() run, not while something was played to its end."""
    o = office("[default]\nexten => s,1,Answer()\n same => n,Goto(r,1)\nexten => r,1,Read(WHAT,,2)\n"
               " same => n,Set(GLOBAL(read)=${WHAT})\n")  # fmt: skip
    alice = o.incoming()
    alice.answer()
    alice.press("12")
    alice.start_dialplan("default", "s")
    await o.settle()
    assert o.runner.globals["read"] == "12"


# ---------------------------------------------------------------- WaitDigit, SendDTMF


@pytest.mark.parametrize(
    ("arguments", "pressed", "result"),
    [("5", "7", "DTMF 7"), ("5,12", "71", "DTMF 1"), ("", "9", "DTMF 9")],
)
async def test_waitdigit(office, arguments: str, pressed: str, result: str) -> None:
    o, alice = await menu(
        office,
        f"[default]\nexten => s,1,Answer()\n same => n,WaitDigit({arguments})\n"
        " same => n,Set(GLOBAL(w)=${WAITDIGITSTATUS} ${WAITDIGITRESULT})\n",
    )
    alice.press(pressed)
    await o.settle()
    assert o.runner.globals["w"] == result


async def test_waitdigit_with_no_length_of_time(office) -> None:
    o, _ = await menu(
        office,
        "[default]\nexten => s,1,Answer()\n same => n,WaitDigit(soon,1)\n"
        " same => n,Set(GLOBAL(w)=${WAITDIGITSTATUS})\n",
    )
    assert o.runner.globals["w"] == "ERROR"


async def test_waitdigit_runs_out_of_time(office) -> None:
    o, alice = await menu(
        office,
        "[default]\nexten => s,1,Answer()\n same => n,WaitDigit(2,1)\n"
        " same => n,Set(GLOBAL(w)=${WAITDIGITSTATUS})\n",
    )
    alice.press("5")
    await o.ended(alice)
    assert o.runner.globals["w"] == "TIMEOUT"
    assert o.now == pytest.approx(2)


async def test_senddtmf(office) -> None:
    o, alice = await menu(
        office, "[default]\nexten => s,1,Answer()\n same => n,SendDTMF(1w2W#aD,100,50)\n same => n,Wait(1)\n"
    )
    await o.ended(alice)
    # five digits of 50 ms with 100 ms after each, half a second and a second
    assert o.now == pytest.approx(5 * 0.15 + 1.5 + 1, abs=0.01)


async def test_senddtmf_skips_what_is_no_digit(office, caplog) -> None:
    o, alice = await menu(
        office, "[default]\nexten => s,1,Answer()\n same => n,SendDTMF(1x2)\n same => n,Wait(9)\n"
    )
    await o.settle(1)
    assert alice.core.digits == "12"
    assert "'x'" in caplog.text


async def test_senddtmf_to_another_channel(office, caplog) -> None:
    o = office(
        "[default]\nexten => s,1,SendDTMF(12,,,${WHO})\n same => n,SendDTMF(3,,,nobody)\n"
        " same => n,Set(GLOBAL(x)=1)\n"
    )
    other = o.incoming("6002")
    other.answer()
    alice = o.incoming()
    alice.set_variable("WHO", other.name)
    alice.start_dialplan("default", "s")
    await o.ended(alice)
    assert other.core.digits == "12"
    assert o.runner.globals["x"] == "1"
    assert "nobody" in caplog.text


async def test_senddtmf_without_audio(office, caplog) -> None:
    o = office("[default]\nexten => s,1,SendDTMF(12)\n same => n,Set(GLOBAL(x)=1)\n")
    await o.ended(o.call())
    assert o.runner.globals["x"] == "1"
    assert "no audio" in caplog.text


async def test_the_other_channel_hangs_up_while_digits_are_sent(office) -> None:
    o = office("[default]\nexten => s,1,SendDTMF(123456789,,,${WHO})\n same => n,Set(GLOBAL(x)=1)\n")
    other = o.incoming("6002")
    other.answer()
    alice = o.incoming()
    alice.set_variable("WHO", other.name)
    alice.start_dialplan("default", "s")
    await o.settle(1)
    other.hangup()
    await o.ended(alice)
    assert o.runner.globals["x"] == "1"


async def test_states_and_causes_of_a_menu(office) -> None:
    o, alice = await menu(office)
    assert alice.state is ChannelState.UP
    alice.press("1")
    await o.ended(alice)
    assert alice.released == Cause.NORMAL_CLEARING
