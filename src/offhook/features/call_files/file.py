r"""One call file: its keys, its own record of the attempts so far, and where it goes when it is done.

    Channel: PJSIP/6001
    MaxRetries: 2
    Context: reminders
    Extension: s
    Set: TEXT=dentist at nine

Lines are `Key: value`.  A comment begins with `;` anywhere (`\;` is a semicolon), or with `#` at the
beginning of a line or after a blank.  Keys are told apart without regard to case.

The file is its own record: each attempt leaves `StartRetry: <process> <number> (<time>)` and, when
it failed, `EndRetry:` with the same, so a restart knows how many there were.  All functions here wait for the
disk and belong into a thread.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from offhook.config.values import InvalidValueError, boolean

__all__ = ["CallFile", "CallFileError", "note", "put_away", "put_off", "read_call_file"]

_COMMENT = re.compile(r"(?<!\\);|(?:^|(?<=[ \t]))#")
_LARGEST = 1 << 20  # octets of a call file: one that is larger is none


class CallFileError(Exception):
    """A call file that cannot be used; the text says which line and why."""


@dataclass(slots=True)
class CallFile:
    """What a call file says; times are seconds."""

    path: Path
    channel: str = ""
    context: str = "default"
    exten: str = ""
    priority: int = 1
    application: str = ""
    data: str = ""
    caller_id: str = ""
    account: str = ""
    variables: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    codecs: tuple[str, ...] = ()
    wait_time: int = 45
    retry_time: int = 300
    max_retries: int = 0
    early_media: bool = False
    archive: bool = False
    always_delete: bool = True
    attempts: int = 0
    """Attempts that were begun before."""
    attempting: int = 0
    """The process that has begun one and has not ended it; 0 for none."""
    notes: list[str] = field(default_factory=list[str])
    """Lines that mean nothing, as sentences for the log."""
    mtime_ns: int = 0
    """When the file was last changed, as far as we know."""

    @property
    def is_spent(self) -> bool:
        """Whether all attempts have been made."""
        return self.attempts > self.max_retries

    def check(self) -> None:
        """Raise CallFileError when there is nobody to call, or nothing to do with whoever answers."""
        technology, slash, resource = self.channel.partition("/")
        if not technology or not slash or not resource:
            raise CallFileError(f"{self.path}: needs `Channel: Technology/resource` (has {self.channel!r})")
        if not self.application and not self.exten:
            raise CallFileError(f"{self.path}: needs `Application:` or `Extension:`")


def read_call_file(path: Path) -> CallFile:
    """The content of a call file, unchecked.  Raises OSError, and CallFileError for what is no text."""
    with path.open("rb") as opened:
        raw = opened.read(_LARGEST + 1)
        found = CallFile(path, mtime_ns=os.fstat(opened.fileno()).st_mtime_ns)
    if len(raw) > _LARGEST or b"\0" in raw:
        raise CallFileError(f"{path}: is no call file")
    for number, line in enumerate(raw.decode("utf-8", "replace").splitlines(), 1):
        comment = _COMMENT.search(line)
        text = (line[: comment.start()] if comment else line).replace("\\;", ";").strip()
        if not text:
            continue
        key, colon, value = text.partition(":")
        if not colon:
            found.notes.append(f"{path}:{number}: no `Key: value`: {text!r}")
            continue
        try:
            _take(found, key.strip().lower(), value.strip())
        except (ValueError, InvalidValueError):
            found.notes.append(f"{path}:{number}: {key.strip()}: {value.strip()!r} means nothing")
    return found


def _take(found: CallFile, key: str, value: str) -> None:
    match key.replace("_", "").replace(" ", ""):
        case "channel":
            found.channel = value
        case "context":
            found.context = value
        case "extension":
            found.exten = value
        case "priority":
            found.priority = _number(value, least=1)
        case "application":
            found.application = value
        case "data":
            found.data = value
        case "callerid":
            found.caller_id = value
        case "account":
            found.account = value
        case "set" | "setvar":
            name, equals, text = value.partition("=")
            if not equals or not name.strip():
                raise ValueError(value)
            found.variables.append((name.strip(), text))
        case "codecs":
            found.codecs = tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        case "waittime":
            found.wait_time = _number(value, least=1)
        case "retrytime":
            found.retry_time = _number(value, least=1)
        case "maxretries":
            found.max_retries = _number(value)
        case "earlymedia":
            found.early_media = boolean(value)
        case "archive":
            found.archive = boolean(value)
        case "alwaysdelete":
            found.always_delete = boolean(value)
        case "startretry":
            process, number = value.split()[:2]
            found.attempting, found.attempts = _number(process), _number(number, least=1)
        case "endretry" | "abortretry":
            found.attempting = 0
        case "delayedretry" | "status":
            pass
        case _:
            raise ValueError(key)


def _number(text: str, *, least: int = 0) -> int:
    value = int(text)
    if value < least:
        raise ValueError(text)
    return value


def note(found: CallFile, key: str, *, attempt: int, next_at: float) -> None:
    """Write down that an attempt begins or has ended, so that it lasts; the next is due at `next_at`.

    Raises OSError.
    """
    moment = int(time.time())
    _append(found.path, f"{key}: {os.getpid()} {attempt} ({moment})\n")
    put_off(found, next_at)


def put_off(found: CallFile, until: float) -> None:
    """Let the file's time say when it is due.  Raises OSError."""
    os.utime(found.path, (until, until))
    found.mtime_ns = found.path.stat().st_mtime_ns


def put_away(found: CallFile, done_folder: Path, status: str) -> bool:
    """Delete a file that is done, or move it to `done_folder` with a line `Status:` when it is to be kept.

    One without AlwaysDelete that somebody else has dated into the future meanwhile stays (False).

    Raises OSError.
    """
    with contextlib.suppress(FileNotFoundError):
        info = found.path.stat()
        if not found.always_delete and info.st_mtime_ns != found.mtime_ns and info.st_mtime > time.time():
            return False
        if found.archive:
            _append(found.path, f"Status: {status}\n")
            done_folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            found.path.replace(done_folder / found.path.name)
        else:
            found.path.unlink()
    return True


def _append(path: Path, line: str) -> None:
    # No O_CREAT: who takes the file away meanwhile wants no further attempt.
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        ends = not size or os.pread(descriptor, 1, size - 1) == b"\n"
        os.write(descriptor, (line if ends else f"\n{line}").encode())
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
