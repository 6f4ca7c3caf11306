"""Authenticate, DISA, PrivacyManager, Zapateller, ReadExten."""

from __future__ import annotations

import pytest

from offhook.features.astdb import AstDb
from offhook.pbx.party import NOBODY


async def calling(office, line: str, more: str = ""):
    o = office(
        f"[default]\nexten => s,1,{line}\n same => n,Set(GLOBAL(in)=1${{CHANNEL(accountcode)}})\n"
        f" same => n,Wait(1)\n{more}"
    )
    o.db = AstDb()
    o.pbx.add_service(o.db)
    alice = o.call()
    await o.settle(0.5)
    return o, alice


# ---------------------------------------------------------------- Authenticate


async def test_right_password(office) -> None:
    o, alice = await calling(office, "Authenticate(1234,a)")
    said = alice.said
    alice.press("1234#")
    await o.settle(3)
    assert o.runner.globals["in"] == "11234"
    assert said == ["agent-pass", "auth-thankyou"]


async def test_right_at_the_third_attempt_without_pound(office) -> None:
    o, alice = await calling(office, "Authenticate(1234,,4)")
    said = alice.said
    for typed in ("1111", "2222", "1234"):
        alice.press(typed)
        await o.settle(0.5)
    await o.settle(2)
    assert "in" in o.runner.globals
    assert said == ["agent-pass", "auth-incorrect", "auth-incorrect", "auth-thankyou"]


@pytest.mark.parametrize("typed", ["999#", ""])
async def test_never_right(office, typed: str) -> None:
    o, alice = await calling(office, "Authenticate(1234)")
    said = alice.said
    for _ in range(3):
        if typed:
            alice.press(typed)
        await o.settle(2 if typed else 13)
    await o.settle(5)
    assert alice.ended
    assert "in" not in o.runner.globals
    assert said == ["agent-pass", "auth-incorrect", "auth-incorrect", "vm-goodbye"]


async def test_passwords_in_the_database_that_can_be_used_once(office) -> None:
    o, alice = await calling(office, "Authenticate(/codes,dr)")
    o.db.put("codes", "77", "1")
    alice.press("77#")
    await o.settle(3)
    assert "in" in o.runner.globals
    assert o.db.get("codes", "77") is None


async def test_own_prompts(office) -> None:
    o, alice = await calling(office, "Authenticate(1234,,,hello&again)")
    said = alice.said
    alice.press("9#")
    await o.settle(0.5)
    alice.press("1234#")
    await o.settle(2)
    assert said == ["hello", "again", "auth-thankyou"]


# ---------------------------------------------------------------- DISA

INSIDE = (
    "[disa]\nexten => 500,1,Set(GLOBAL(dialled)=${EXTEN} ${CALLERID(num)})\n"
    "exten => 5001,1,Set(GLOBAL(dialled)=${EXTEN})\n"
)


async def test_disa_without_a_passcode(office) -> None:
    o, alice = await calling(office, 'DISA(no-password,disa,"Inside" <999>)', INSIDE)
    assert alice.tone
    alice.press("500")
    await o.settle(0.2)
    assert not alice.tone
    await o.settle(15)
    assert o.runner.globals["dialled"] == "500 999"


async def test_disa_with_a_passcode(office) -> None:
    o, alice = await calling(office, "DISA(1234)", INSIDE)
    alice.press("1234#")
    await o.settle(1)
    alice.press("5001")
    await o.settle(1)
    assert o.runner.globals["dialled"] == "5001"


async def test_disa_with_a_wrong_passcode(office, caplog) -> None:
    o, alice = await calling(office, "DISA(1234)", INSIDE)
    alice.press("999#")
    await o.settle(30)
    assert alice.ended
    assert "wrong passcode" in caplog.text
    assert "dialled" not in o.runner.globals


async def test_disa_invalid_extension(office) -> None:
    o, alice = await calling(
        office, "DISA(no-password)", INSIDE + "exten => i,1,Set(GLOBAL(wrong)=${INVALID_EXTEN})\n"
    )
    alice.press("77")
    await o.settle(15)
    assert o.runner.globals["wrong"] == "7"
    assert alice.ended


async def test_disa_pound_ends_the_number(office) -> None:
    o, alice = await calling(office, "DISA(no-password,disa,,,p)", INSIDE)
    alice.press("500#")
    await o.settle(0.5)
    assert o.runner.globals["dialled"].startswith("500")
    await o.ended(alice)


async def test_disa_when_nothing_is_dialled(office) -> None:
    o, alice = await calling(office, "DISA(no-password)", INSIDE)
    await o.settle(40)
    assert alice.ended
    assert "in" not in o.runner.globals


# ---------------------------------------------------------------- PrivacyManager, Zapateller, ReadExten


async def private(office, line: str, status: str, hidden: bool = True, more: str = ""):
    o = office(
        f"[default]\nexten => s,1,{line}\n same => n,Set(GLOBAL(r)=${{{status}}} ${{CALLERID(num)}})\n{more}"
    )
    alice = o.incoming()
    if hidden:
        alice.caller = NOBODY
    alice.start_dialplan("default", "s")
    await o.settle(3)
    return o, alice


async def test_who_shows_a_number_is_not_asked(office) -> None:
    o, _ = await private(office, "PrivacyManager()", "PRIVACYMGRSTATUS", hidden=False)
    assert o.runner.globals["r"] == "SUCCESS 6001"


async def test_a_number_is_asked_for(office) -> None:
    o, alice = await private(office, "PrivacyManager(2,5)", "PRIVACYMGRSTATUS")
    said = alice.said
    alice.press("12#")
    await o.settle(3)
    alice.press("030123#")
    await o.settle(10)
    assert o.runner.globals["r"] == "SUCCESS 030123"
    assert "privacy-incorrect" in said


async def test_no_number_is_given(office) -> None:
    o, _ = await private(office, "PrivacyManager(2,5)", "PRIVACYMGRSTATUS")
    await o.settle(60)
    assert o.runner.globals["r"] == "FAILED "


async def test_zapateller(office) -> None:
    o, _ = await private(office, "Zapateller(answer|nocallerid)", "ZAPATELLERSTATUS")
    await o.settle(5)
    assert o.runner.globals["r"] == "ZAPPED "
    o, _ = await private(office, "Zapateller(nocallerid)", "ZAPATELLERSTATUS", hidden=False)
    assert o.runner.globals["r"] == "NOTHING 6001"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("500", "OK 500"), ("5001", "OK 5001"), ("77", "INVALID i"), ("", "TIMEOUT t")],
)
async def test_read_exten(office, typed: str, expected: str) -> None:
    o, alice = await calling(
        office,
        "ReadExten(WHAT,ask,inside)",
        "exten => h,1,Set(GLOBAL(r)=${READEXTENSTATUS} ${WHAT})\n[inside]\nexten => 500,1,NoOp()\n"
        "exten => 5001,1,NoOp()\nexten => i,1,NoOp()\nexten => t,1,NoOp()\n",
    )
    if typed:
        alice.press(typed)
    await o.settle(60)
    assert o.runner.globals["r"] == expected


async def test_read_exten_is_skipped_before_the_answer(office) -> None:
    o, _ = await calling(office, "ReadExten(WHAT,,,s)", "exten => h,1,Set(GLOBAL(r)=${READEXTENSTATUS})\n")
    await o.settle(3)
    assert o.runner.globals["r"] == "SKIP"
