"""say.conf: rules of numbers and dates, where they are used, and what is wrong with them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from offhook.config.snapshot import read_config
from offhook.dialplan.say_rules import SayRuleError, SayRules, say_moment
from offhook.features.saying import Saying

CONF = """
[general]
mode=new
[digit-base](!)
_digit:[0-9] => digits/${SAY}
_digit:[0-9]. => digit:${SAY:0:1}, digit:${SAY:1}
[date-base](!)
_date:Y:. => num:${SAY:0:4}
_date:[Bb]:. => digits/mon-$[${SAY:4:2}-1]
_date:[Aa]:. => digits/day-${SAY:16:1}
_date:[de]:. => num:${SAY:6:2}
_date:[IH]:. => num:${SAY:8:2}
_date:M:. => num:${SAY:10:2}
_date::. => date:AdBY 'digits/at' IM:${SAY}
[en](digit-base,date-base)
_[n]um:0X => num:${SAY:1}
_[n]um:X => digits/${SAY}
_[n]um:1X => digits/${SAY}
_[n]um:[2-9]0 => digits/${SAY}
_[n]um:[2-9][1-9] => digits/${SAY:0:1}0, num:${SAY:1}
_[n]um:XXX => num:${SAY:0:1}, digits/hundred, num:${SAY:1}
_[n]um:X00X => num:${SAY:0:1}, digits/thousand, num:${SAY:3}
_[n]um:XXXX => num:${SAY:0:2}, num:${SAY:2}
loop:1 => loop:1
"""
MOMENT = datetime(2026, 11, 30, 18, 5, 7)


@pytest.fixture
def saying(tmp_path: Path) -> Saying:
    (tmp_path / "say.conf").write_text(CONF)
    snapshot = read_config(tmp_path)
    assert [str(problem) for problem in snapshot.problems] == []
    return Saying(snapshot.say)


def said(saying: Saying, kind: str, text: str) -> str:
    return " ".join(name.removeprefix("digits/") for name in saying.rules.sounds(kind, text, "en_US"))


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("7", "7"),
        ("42", "40 2"),
        ("40", "40"),
        ("05", "5"),
        ("315", "3 hundred 15"),
        ("2009", "2 thousand 9"),
        ("1984", "19 80 4"),
    ],
)
def test_numbers(saying: Saying, text: str, sounds: str) -> None:
    assert said(saying, "num", text) == sounds


def test_digits(saying: Saying) -> None:
    assert said(saying, "digit", "305") == "3 0 5"


def test_a_moment(saying: Saying) -> None:
    value = say_moment(MOMENT)
    assert value == "202611301805.07-1-334"
    assert said(saying, "date", f"AdBY:{value}") == "day-1 30 mon-10 20 20 6"
    assert said(saying, "date", f":{value}") == "day-1 30 mon-10 20 20 6 at 18 5"
    assert said(saying, "date", f"'vm-received' Y:{value}") == "vm-received 20 20 6"


def test_what_cannot_be_said_is_told(saying: Saying) -> None:
    with pytest.raises(SayRuleError, match="no rule for 'num:x'"):
        saying.rules.sounds("num", "x", "en")
    with pytest.raises(SayRuleError, match="has no end"):
        saying.rules.sounds("loop", "1", "en")
    with pytest.raises(SayRuleError, match="no rules for the language 'de'"):
        saying.rules.sounds("num", "1", "de")


def test_which_languages_it_is_for(saying: Saying) -> None:
    assert saying.uses_rules("en")
    assert saying.uses_rules("en_US")
    assert not saying.uses_rules("de")
    saying.by_rules = False
    assert not saying.uses_rules("en")
    assert not Saying().uses_rules("en")


def test_parts_of_the_variable() -> None:
    rules = SayRules({"xx": [("_a:.", "b${SAY:-2}, c${SAY:1:-1}, d${SAY:-3:2}, e$[${SAY:0:1} + 1]")]})
    assert rules.sounds("a", "4567", "xx") == ["b67", "c56", "d56", "e5"]


def test_mistakes_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rules = "[en]\nnum => x\n_[n]um:[ => y\n_[n]um:X => z${SAY}\n"
    (tmp_path / "say.conf").write_text(f"[general]\nmode=newer\n{rules}")
    problems = [str(problem) for problem in read_config(tmp_path).problems]
    assert any("say.conf:2" in one and "neither old nor new" in one for one in problems)
    assert any("say.conf:4" in one and "num in [en] is no rule" in one for one in problems)
    (tmp_path / "say.conf").write_text(rules.replace("num => x\n", ""))
    found = Saying(read_config(tmp_path).say)
    assert "_[n]um:[ is left out" in caplog.text
    assert found.rules.sounds("num", "1", "en") == ["z1"]
