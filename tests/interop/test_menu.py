"""The demo office's voice menu (500), worked with a baresip phone's keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from baresip import Baresip, tone_file
from program import Program, wait_for
from prompts import MUSIC, names_heard

import audio

MakePhone = Callable[..., Baresip]
MakeOffice = Callable[..., Program]


# The same office in both languages, and how each says how long its menu waits for keys.
OFFICES = {"office": "WaitExten({})", "office-python": "KEY_SECONDS = {}"}


@pytest.fixture(params=OFFICES)
def example(request: pytest.FixtureRequest) -> str:
    """The folder of the example."""
    return request.param


@pytest.fixture
def office(make_office: MakeOffice, example: str) -> Program:
    """The office with a menu that waits one second for keys."""
    said = OFFICES[example]
    changes = {said.format(5): said.format(1)}
    return make_office(changes=changes, prompt_ms={"demo-congrats": 1500}, example=example)


def hears(phone: Baresip, *names: str, timeout: float = 6.0) -> None:
    """Wait until what was heard since the beginning ends with these prompts."""
    wait_for(
        f"{names} heard",
        lambda: names_heard(phone.heard())[-len(names) :] == list(names),
        timeout,
        step=0.05,
    )


def enter(phone: Baresip) -> None:
    phone.dial("500")
    phone.expect("CALL_ESTABLISHED")
    hears(phone, "demo-congrats")


def test_keys_pressed_early(office: Program, make_phone: MakePhone) -> None:
    """Keys during the greeting end it; a number is asked for and said back."""
    phone = make_phone(office, "6001")
    enter(phone)
    phone.press("4")
    hears(phone, "vm-enter-num-to-call")
    phone.press("8062#")
    hears(phone, "you-entered", "digits/8", "digits/0", "digits/6", "digits/2", "demo-congrats")
    phone.hangup()
    heard = names_heard(phone.heard())
    assert heard == [
        "demo-congrats",
        "vm-enter-num-to-call",
        "you-entered",
        "digits/8",
        "digits/0",
        "digits/6",
        "digits/2",
        "demo-congrats",
    ]


def test_keys_pressed_late(office: Program, make_phone: MakePhone) -> None:
    """Keys after the greeting: a whole extension, digit by digit."""
    phone, sales = make_phone(office, "6001"), make_phone(office, "6002")
    enter(phone)
    wait_for("the end of the greeting", lambda: len(phone.heard()) > 1.45 * audio.RATE)
    phone.press("6002", pause=0.3)
    sales.expect("CALL_INCOMING")
    sales.accept()
    sales.expect("CALL_ESTABLISHED")
    sales.hangup()
    phone.expect("CALL_CLOSED")


def test_a_wrong_key(office: Program, make_phone: MakePhone) -> None:
    """It is said, and the menu begins again."""
    phone = make_phone(office, "6001")
    enter(phone)
    phone.press("9")
    hears(phone, "pbx-invalid", "demo-congrats")
    phone.hangup()


def test_no_key(make_office: MakeOffice, make_phone: MakePhone, example: str) -> None:
    """Three greetings, then goodbye."""
    said = OFFICES[example]
    office = make_office(changes={said.format(5): said.format(0.5)}, example=example)
    phone = make_phone(office, "6001")
    enter(phone)
    phone.expect("CALL_CLOSED", timeout=15)
    heard = names_heard(phone.heard())
    assert heard == ["demo-congrats", "demo-congrats", "demo-congrats", "vm-goodbye"]


def test_transfer_to_a_phone(office: Program, make_phone: MakePhone, folder: Path) -> None:
    """2: music while it rings, then the phone."""
    caller = make_phone(office, "6001", source=tone_file(folder / "a.wav", audio.sine(1000, 15_000)))
    sales = make_phone(office, "6002", source=tone_file(folder / "b.wav", audio.sine(750, 15_000)))
    enter(caller)
    caller.press("2")
    sales.expect("CALL_INCOMING")
    hears(caller, "transfer", MUSIC)
    sales.accept()
    sales.expect("CALL_ESTABLISHED")
    wait_for("sales is heard", lambda: names_heard(caller.heard(), [("sales", 750)])[-1] == "sales")
    wait_for("the caller is heard", lambda: names_heard(sales.heard(), [("caller", 1000)]) == ["caller"])
    caller.hangup()
    sales.expect("CALL_CLOSED")


def test_transfer_to_a_phone_that_is_busy(office: Program, make_phone: MakePhone) -> None:
    """The caller, answered long ago, hears the busy tone."""
    caller, sales = make_phone(office, "6001"), make_phone(office, "6002")
    enter(caller)
    caller.press("2")
    sales.expect("CALL_INCOMING")
    sales.hangup()

    def busy_tone() -> bool:
        part = caller.heard()[-1600:]
        return audio.tone_dbm0(part, 480) > -25 and audio.tone_dbm0(part, 620) > -25

    wait_for("the busy tone (480+620 Hz)", busy_tone, timeout=4)
    caller.hangup()
