import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.media.say import (
    LARGEST_NUMBER,
    NUMBER_GRAMMARS,
    NumberTooLargeError,
    say_alpha,
    say_digits,
    say_number,
    say_phonetic,
)


def said(number, language="en", gender=""):
    return " ".join(name.removeprefix("digits/") for name in say_number(number, language, gender))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (7, "7"),
        (13, "13"),
        (20, "20"),
        (21, "20 1"),
        (99, "90 9"),
        (100, "1 hundred"),
        (101, "1 hundred 1"),
        (342, "3 hundred 40 2"),
        (1000, "1 thousand"),
        (12_345, "12 thousand 3 hundred 40 5"),
        (1_000_001, "1 million 1"),
        (2_500_000_000, "2 billion 5 hundred million"),
        (-5, "minus 5"),
    ],
)
def test_english(number, expected):
    assert said(number) == expected
    assert said(number, "en_US") == expected
    assert said(number, "xx") == expected


@pytest.mark.parametrize(
    ("language", "gender", "number", "expected"),
    [
        ("en_GB", "", 342, "3 hundred vm-and 40 2"),
        ("en_GB", "", 1005, "1 thousand vm-and 5"),
        ("en_GB", "", 1500, "1 thousand 5 hundred"),
        ("de", "", 1, "1"),
        ("de", "f", 1, "1F"),
        ("de", "", 21, "1-and 20"),
        ("de", "", 100, "hundred"),
        ("de", "", 101, "1N hundred 1"),
        ("de", "", 1000, "thousand"),
        ("de", "", 2100, "2 thousand 1N hundred"),
        ("de", "", 1_000_000, "1F million"),
        ("de", "", 3_045_000, "3 millions 5-and 40 thousand"),
        ("de_AT", "", 35, "5-and 30"),
        ("fr", "", 21, "20 et 1"),
        ("fr", "", 60, "60"),
        ("fr", "", 70, "60 10"),
        ("fr", "", 71, "60 et 11"),
        ("fr", "", 80, "80"),
        ("fr", "", 81, "80 1"),
        ("fr", "", 99, "80 19"),
        ("fr", "f", 1, "1F"),
        ("fr", "", 1000, "thousand"),
        ("fr", "", 2142, "2 thousand hundred 40 2"),
        ("es", "", 25, "25"),
        ("es", "", 31, "30 and 1"),
        ("es", "", 100, "100"),
        ("es", "", 142, "100-and 40 and 2"),
        ("es", "", 500, "500"),
        ("es", "", 1999, "thousand 900 90 and 9"),
        ("es", "", 2_000_000, "2 millions"),
    ],
)
def test_other_languages(language, gender, number, expected):
    assert said(number, language, gender) == expected


@pytest.mark.parametrize("language", sorted(NUMBER_GRAMMARS))
@given(number=st.integers(-LARGEST_NUMBER, LARGEST_NUMBER), gender=st.sampled_from(["", "m", "f", "n"]))
def test_every_number_can_be_said(language, number, gender):
    names = say_number(number, language, gender)
    assert names
    assert (names[0] == "digits/minus") == (number < 0)
    assert all(name.startswith("digits/") or name == "vm-and" for name in names)
    assert len(names) < 40


@given(st.integers(1, 999_999))
def test_english_adds_up(number):
    total = part = 0
    for name in say_number(number):
        word = name.removeprefix("digits/")
        if word == "hundred":
            part *= 100
        elif word == "thousand":
            total, part = part * 1000, 0
        else:
            part += int(word)
    assert total + part == number


def test_too_large():
    with pytest.raises(NumberTooLargeError):
        say_number(LARGEST_NUMBER + 1)


def test_digits():
    assert say_digits("12*#-x 3") == [
        "digits/1",
        "digits/2",
        "digits/star",
        "digits/pound",
        "digits/minus",
        "digits/3",
    ]


def test_alpha_and_phonetic():
    assert say_alpha("Ab1@") == ["letters/a", "letters/b", "digits/1", "letters/at"]
    assert say_alpha("?") == ["letters/ascii63"]
    assert say_alpha("\x00é") == []
    assert say_phonetic("Ab1-") == ["phonetic/a_p", "phonetic/b_p", "digits/1", "letters/dash"]


@given(st.text(max_size=30))
def test_any_text_gives_plain_names(text):
    for name in say_alpha(text) + say_phonetic(text) + say_digits(text):
        assert name.replace("/", "").replace("-", "").replace("_", "").isalnum()
