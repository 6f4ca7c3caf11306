"""The Asterisk Gateway Interface's lines: words of a command, replies, and what a script is told first.

Pure: text goes in and text comes out.  What the commands do is in the `*_commands` modules, where the lines
come from in `transport`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from offhook.pbx.party import Presentation

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "DEAD",
    "HANGUP",
    "MOST_LINE",
    "UNKNOWN",
    "Reply",
    "environment",
    "split_words",
    "usage_reply",
]

MOST_LINE = 64 * 1024
"""Bytes of the longest line that a script may send."""
UNKNOWN = "510 Invalid or unknown command"
DEAD = "511 Command Not Permitted on a dead channel or intercept routine"
HANGUP = "HANGUP"
"""What a FastAGI server is told when the caller has hung up, between replies."""

_VERSION = "22.0.0"
"""Whose AGI this is compatible with (`agi_version`): scripts compare it with the Asterisk they know."""


class Reply(NamedTuple):
    """What a command answers: `200 result=1 (text) endpos=800`."""

    result: int | str
    text: str | None = None
    endpos: int | None = None

    def __str__(self) -> str:
        line = f"200 result={self.result}"
        if self.text is not None:
            line += f" ({_one_line(self.text)})"
        if self.endpos is not None:
            line += f" endpos={self.endpos}"
        return line


def _one_line(text: str) -> str:
    """A reply is a line: what would end it becomes a space."""
    return text.replace("\r", " ").replace("\n", " ")


def usage_reply(usage: str) -> str:
    """The answer to a known command with wrong arguments."""
    return f"520-Invalid command syntax.  Proper usage follows:\nUsage: {usage}\n520 End of proper usage."


def split_words(line: str) -> list[str]:
    """The words of a command; `"..."` holds one together, a backslash takes the next character as it is.

    Quotes that are never closed hold to the end of the line, as scripts in the field rely on.
    """
    words: list[str] = []
    word: list[str] | None = None
    quoted = escaped = False
    for character in line:
        if character in " \t" and not quoted and not escaped:
            if word is not None:
                words.append("".join(word))
            word = None
            continue
        word = [] if word is None else word
        if escaped:
            word.append(character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        else:
            word.append(character)
    if word is not None:
        words.append("".join(word))
    return words


_PRESENTATION = {
    Presentation("allowed_not_screened"): 0,
    Presentation("allowed_passed_screen"): 1,
    Presentation("allowed_failed_screen"): 2,
    Presentation("allowed"): 3,
    Presentation("prohib_not_screened"): 32,
    Presentation("prohib_passed_screen"): 33,
    Presentation("prohib_failed_screen"): 34,
    Presentation("prohib"): 35,
    Presentation("unavailable"): 67,
}


def environment(call: Call, request: str, arguments: Sequence[str], *, enhanced: bool) -> Iterator[str]:
    """The `agi_...: value` lines that a script reads before its first command, without the empty one."""
    channel = call.channel
    caller = channel.caller
    values = {
        "request": request,
        "channel": channel.name,
        "language": channel.language,
        "type": channel.technology,
        "uniqueid": channel.uniqueid,
        "version": _VERSION,
        "callerid": caller.number or "unknown",
        "calleridname": caller.name or "unknown",
        "callingpres": str(_PRESENTATION.get(caller.presentation, 0)),
        "callingani2": str(channel.ani2),
        "callington": "0",
        "callingtns": "0",
        "dnid": channel.dialed or "unknown",
        "rdnis": channel.redirecting.by.number or "unknown",
        "context": channel.context,
        "extension": channel.exten,
        "priority": str(channel.priority),
        "enhanced": "1.0" if enhanced else "0.0",
        "accountcode": channel.account_code,
        "threadid": str(id(call)),
    }
    for number, argument in enumerate(arguments, 1):
        values[f"arg_{number}"] = argument
    for name, value in values.items():
        yield f"agi_{name}: {_one_line(value)}"
