"""SayUnixTime, DateTime, SayAlphaCase, SayCountedNoun, SayCountedAdj."""

from __future__ import annotations

import pytest

from unit.pbx.fake import EPOCH


async def said(office, line: str, press: str = "") -> tuple[list[str], dict[str, str]]:
    o = office(
        f"[default]\nexten => s,1,Answer()\n same => n,{line}\n"
        " same => n,Set(GLOBAL(after)=1)\n same => n,Wait(5)\n"
        "exten => 5,1,Set(GLOBAL(five)=1)\n"
    )
    alice = o.call()
    await o.settle()
    heard = alice.said
    if press:
        alice.press(press)
    await o.settle(30)
    return [name.removeprefix("digits/") for name in heard], o.runner.globals


async def test_unix_time(office) -> None:
    heard, found = await said(office, f"SayUnixTime({EPOCH + 3723},UTC,AdBY R)")
    assert heard == ["day-4", "h-1", "mon-0", "2", "thousand", "20", "6", "oh", "1", "oh", "2"]
    assert found["after"] == "1"


async def test_now_in_a_zone(office) -> None:
    heard, _ = await said(office, "DateTime(,Asia/Tokyo,kM)")
    assert heard == ["9", "oclock"]


async def test_default_format_is_the_languages(office) -> None:
    heard, _ = await said(office, f"SayUnixTime({EPOCH},UTC)")
    assert heard == ["day-4", "mon-0", "h-1", "2", "thousand", "20", "6", "at", "12", "oclock", "a-m"]


async def test_a_key_leads_to_its_extension(office) -> None:
    _, found = await said(office, f"SayUnixTime({EPOCH},UTC,,j)", press="5")
    assert found.get("five") == "1"
    assert "after" not in found
    _, found = await said(office, f"SayUnixTime({EPOCH},UTC)", press="5")
    assert "after" in found


@pytest.mark.parametrize("arguments", ["soon", "1,Nowhere/Land"])
async def test_what_is_no_moment(office, arguments: str, caplog) -> None:
    heard, found = await said(office, f"SayUnixTime({arguments})")
    assert heard == []
    assert found["after"] == "1"
    assert "is no moment" in caplog.text


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("n", ["letters/a", "letters/b"]),
        ("u", ["uppercase", "letters/a", "letters/b"]),
        ("l", ["letters/a", "lowercase", "letters/b"]),
        ("a", ["uppercase", "letters/a", "lowercase", "letters/b"]),
    ],
)
async def test_cases(office, case: str, expected: list[str]) -> None:
    heard, _ = await said(office, f"SayAlphaCase({case},Ab)")
    assert heard == expected


async def test_counted(office) -> None:
    assert (await said(office, "SayCountedNoun(1,message)"))[0] == ["1", "message"]
    assert (await said(office, "SayCountedNoun(21,message)"))[0] == ["20", "1", "messages"]
    assert (await said(office, "SayCountedNoun(x,message)"))[0] == []
    assert (await said(office, "SayCountedAdj(2,new)"))[0] == ["new"]
    assert (await said(office, "SayCountedAdj(x,new)"))[0] == []
