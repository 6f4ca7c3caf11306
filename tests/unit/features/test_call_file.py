"""Call files as files: what their lines mean, and what is written into them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from offhook.features.call_files.file import CallFileError, note, put_away, read_call_file


def written(folder: Path, text: str, name: str = "one.call") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_every_key(tmp_path: Path) -> None:
    found = read_call_file(
        written(
            tmp_path,
            """# a reminder
Channel: PJSIP/6001
callerid: "Desk" <100>   ; who calls
Context: reminders
EXTENSION: s
Priority: 3
Application: Playback
Data: hello\\;world ; both
Account: sales
Set: A=1
SetVar: CDR(userfield)=x=y
Codecs: ulaw, alaw,ulaw
WaitTime: 20
RetryTime: 60
MaxRetries: 4
Early_Media: yes
Archive: yes
AlwaysDelete: no
""",
        )
    )
    assert found.notes == []
    assert (found.channel, found.caller_id) == ("PJSIP/6001", '"Desk" <100>')
    assert (found.context, found.exten, found.priority) == ("reminders", "s", 3)
    assert (found.application, found.data) == ("Playback", "hello;world")
    assert (found.account, found.codecs) == ("sales", ("ulaw", "alaw"))
    assert found.variables == [("A", "1"), ("CDR(userfield)", "x=y")]
    assert (found.wait_time, found.retry_time, found.max_retries) == (20, 60, 4)
    assert (found.early_media, found.archive, found.always_delete) == (True, True, False)
    found.check()


def test_what_is_left_out(tmp_path: Path) -> None:
    found = read_call_file(written(tmp_path, "Channel: Local/1@a\nExtension: 7\n"))
    assert (found.context, found.priority) == ("default", 1)
    assert (found.wait_time, found.retry_time, found.max_retries) == (45, 300, 0)
    assert (found.early_media, found.archive, found.always_delete) == (False, False, True)


def test_mistakes_are_told_with_their_line(tmp_path: Path) -> None:
    found = read_call_file(written(tmp_path, "Channel: Local/1@a\nWaitTime: soon\nnonsense\nColour: red\n"))
    assert [one.partition(".call:")[2].split(":")[0] for one in found.notes] == ["2", "3", "4"]
    assert found.wait_time == 45


@pytest.mark.parametrize(
    "text", ["Application: Echo\n", "Channel: nobody\nApplication: Echo\n", "Channel: Local/1@a\n"]
)
def test_who_and_what_are_needed(tmp_path: Path, text: str) -> None:
    with pytest.raises(CallFileError, match="needs"):
        read_call_file(written(tmp_path, text)).check()


def test_the_file_counts_its_attempts(tmp_path: Path) -> None:
    path = written(
        tmp_path, "Channel: Local/1@a\nApplication: Echo\nMaxRetries: 1"
    )  # no line break at its end
    found = read_call_file(path)
    note(found, "StartRetry", attempt=1, next_at=time.time() + 500)
    assert path.stat().st_mtime > time.time() + 400
    found = read_call_file(path)
    assert (found.attempts, found.attempting, found.max_retries) == (1, os.getpid(), 1)
    assert not found.is_spent
    note(found, "EndRetry", attempt=1, next_at=time.time())
    note(found, "StartRetry", attempt=2, next_at=time.time())
    found = read_call_file(path)
    assert (found.attempts, found.notes) == (2, [])
    assert found.is_spent


def test_archived(tmp_path: Path) -> None:
    path = written(tmp_path, "Channel: Local/1@a\nArchive: yes\n")
    done = tmp_path / "done"
    assert put_away(read_call_file(path), done, "Expired")
    assert not path.exists()
    assert (done / path.name).read_text().splitlines()[-1] == "Status: Expired"


def test_a_new_date_keeps_a_file_without_always_delete(tmp_path: Path) -> None:
    later = time.time() + 1000
    kept = read_call_file(written(tmp_path, "AlwaysDelete: no\n"))
    gone = read_call_file(written(tmp_path, "AlwaysDelete: yes\n", "two.call"))
    for one in (kept, gone):
        os.utime(one.path, (later, later))
        put_away(one, tmp_path / "done", "Completed")
    assert kept.path.exists()
    assert not gone.path.exists()
    untouched = read_call_file(written(tmp_path, "AlwaysDelete: no\n", "three.call"))
    assert put_away(untouched, tmp_path / "done", "Completed")


def test_no_text_is_no_call_file(tmp_path: Path) -> None:
    path = tmp_path / "x.call"
    path.write_bytes(b"Channel: \0\1\2")
    with pytest.raises(CallFileError):
        read_call_file(path)


def test_the_page_s_example(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "call-files.md").read_text()
    example = page.partition("<!-- call-file:")[2].partition("```text\n")[2].partition("```")[0]
    found = read_call_file(written(tmp_path, example))
    found.check()
    assert found.notes == []
    assert (found.context, found.exten, found.max_retries, found.archive) == ("reminders", "s", 2, True)
