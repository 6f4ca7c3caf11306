"""AGI lines: words, replies, usage; how commands follow from signatures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.api.agi.commands import COMMANDS, AgiSyntaxError, find_command
from offhook.api.agi.protocol import Reply, split_words, usage_reply


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ANSWER", ["ANSWER"]),
        ("  STREAM   FILE\twelcome ", ["STREAM", "FILE", "welcome"]),
        ('STREAM FILE welcome ""', ["STREAM", "FILE", "welcome", ""]),
        ('SET VARIABLE a "two words"', ["SET", "VARIABLE", "a", "two words"]),
        (r'SET VARIABLE a "say \"hi\" \\"', ["SET", "VARIABLE", "a", r'say "hi" \ '.strip()]),
        (r"EXEC Playback a\ b", ["EXEC", "Playback", "a b"]),
        ('VERBOSE "never closed', ["VERBOSE", "never closed"]),
        ("", []),
    ],
)
def test_words(line: str, words: list[str]) -> None:
    assert split_words(line) == words


@given(st.lists(st.text()))
def test_words_that_are_quoted_come_back(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]
    assert split_words(" ".join(quoted)) == words


@given(st.text())
def test_any_line_has_words(line: str) -> None:
    find_command(split_words(line))


def test_replies_are_one_line() -> None:
    assert str(Reply(1, "a\nb")) == "200 result=1 (a b)"
    assert str(Reply(0, endpos=800)) == "200 result=0 endpos=800"
    assert str(Reply(35, "dtmf", 8000)) == "200 result=35 (dtmf) endpos=8000"
    assert usage_reply("SAY X <y>").splitlines() == [
        "520-Invalid command syntax.  Proper usage follows:",
        "Usage: SAY X <y>",
        "520 End of proper usage.",
    ]


def test_commands_are_found_by_their_longest_words() -> None:
    command, rest = find_command(["get", "full", "variable", "${A}"]) or (None, [])
    assert command is COMMANDS["GET", "FULL", "VARIABLE"]
    assert rest == ["${A}"]
    assert find_command(["get"]) is None
    assert find_command([]) is None


def test_arguments_follow_from_the_signature() -> None:
    command = COMMANDS["GET", "DATA"]
    assert command.usage == "GET DATA <file> [timeout] [maxdigits]"
    assert command.bind(["beep", "2000"]) == ["beep", 2000]
    for wrong in ([], ["beep", "soon"], ["beep", "1", "2", "3"]):
        with pytest.raises(AgiSyntaxError):
            command.bind(wrong)


def test_every_command_says_what_it_does_and_what_it_answers() -> None:
    for command in COMMANDS.values():
        assert command.synopsis.endswith("."), command.name
        assert "result" in command.help, command.name
