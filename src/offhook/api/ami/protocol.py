"""The manager protocol's wire format, without I/O: lines `Name: value`, a message ends at an empty line.

The lines of a message are kept in their order and with their names as they came; names are compared
without regard to case, as Asterisk does (StarPy sends lower case).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = [
    "BANNER",
    "MAX_LINE",
    "MAX_LINES",
    "Message",
    "MessageError",
    "Reader",
    "clean",
    "escape",
    "field",
    "fields",
]

VERSION = "13.0.0"
BANNER = f"Asterisk Call Manager/{VERSION}\r\n".encode()

MAX_LINE = 16 * 1024  # octets.  Asterisk takes 1024, which cuts long lists of variables off
MAX_LINES = 1024  # of one message; Asterisk takes 128, less than a web front end's UpdateConfig needs
_MAX_MESSAGE = 512 * 1024


class MessageError(Exception):
    """A message breaks a limit; it is dropped up to its empty line, and the session goes on."""

    def __init__(self, what: str, action_id: str = "") -> None:
        super().__init__(what)
        self.action_id = action_id


class Message:
    """One message of a client: its headers in order."""

    __slots__ = ("_first", "headers")

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self.headers = headers
        self._first: dict[str, str] | None = None

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        first = self._first
        if first is None:
            first = self._first = {key.lower(): value for key, value in reversed(self.headers)}
        return first.get(name.lower(), default)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        name = name.lower()
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def action(self) -> str:
        """The action that is asked for, "" when none is."""
        return self.get("Action").strip()

    @property
    def action_id(self) -> str:
        """What the client wants repeated in the answers."""
        return self.get("ActionID")

    def __repr__(self) -> str:
        return f"<Message {self.action or self.headers[:1]}>"


class Reader:
    """Cuts a stream of octets into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._headers: list[tuple[str, str]] = []
        self._size = 0
        self._problem = ""
        self._skipping_line = False

    def receive(self, data: bytes) -> Iterator[Message | MessageError]:
        """Take octets and give the messages that are complete, or what was wrong with them."""
        buffer = self._buffer
        buffer += data
        start = 0
        while True:
            end = buffer.find(b"\n", start)
            if end < 0:
                break
            line = bytes(buffer[start:end])
            start = end + 1
            if self._skipping_line:
                self._skipping_line = False
                continue
            found = self._line(line)
            if found is not None:
                yield found
        del buffer[:start]
        if len(buffer) > MAX_LINE:
            self._complain("Failed to parse message: line too long")
            self._skipping_line = True
            buffer.clear()

    def _line(self, line: bytes) -> Message | MessageError | None:
        if line.endswith(b"\r"):
            line = line[:-1]
        if len(line) > MAX_LINE:
            self._complain("Failed to parse message: line too long")
            return None
        if line:
            self._size += len(line)
            if len(self._headers) >= MAX_LINES or self._size > _MAX_MESSAGE:
                self._complain("Too many lines in message or allocation failure")
            else:
                name, _, value = line.decode("utf-8", "replace").partition(":")
                self._headers.append((name.strip(), value.strip()))
            return None
        headers, problem = self._headers, self._problem
        self._headers, self._problem, self._size = [], "", 0
        if problem:
            return MessageError(problem, Message(headers).action_id)
        return Message(headers) if headers else None

    def _complain(self, what: str) -> None:
        self._problem = self._problem or what


def clean(value: str) -> str:
    """A value for a header line: what would end the line, or is no character, is escaped as in C."""
    if value.isprintable():
        return value
    return "".join(_ESCAPES.get(char, char) for char in value if char in _ESCAPES or char >= " ")


_ESCAPES = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


_NEEDS_ESCAPE = re.compile(r"""[\\'"?]|[^ -~]""").search
_C_ESCAPES = str.maketrans({**_ESCAPES, "\\": "\\\\", "'": "\\'", '"': '\\"', "?": "\\?"})


def escape(value: str) -> str:
    """A value whose special characters are escaped as in C, where Asterisk does so: what people wrote."""
    return value if _NEEDS_ESCAPE(value) is None else clean(value.translate(_C_ESCAPES))


def field(name: str, value: object) -> str:
    """One header line."""
    return f"{name}: {clean(str(value))}\r\n"


def fields(**values: object) -> str:
    """Header lines, for names that are identifiers."""
    return "".join(f"{name}: {clean(str(value))}\r\n" for name, value in values.items())
