"""Changing a .conf file: what is not named stays as it is, octet for octet."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config.edit import EditableFile, EditError
from offhook.config.reader import read_text

TEXT = """\
; who may use it
[general]
enabled = yes   ; really
#include "other.conf"

[phone](!)
type = friend
;-- not
this = one
--;
[6001](phone)
secret => a\\;b
secret => c
"""


def test_what_is_not_changed_stays() -> None:
    assert EditableFile(TEXT).write() == TEXT


@given(st.text(alphabet="[]()=>;-\\#!+ab \n", max_size=200))
def test_any_text_stays(text: str) -> None:
    assert EditableFile(text).write() == text


def test_reading() -> None:
    file = EditableFile(TEXT)
    assert [one.name for one in file.named()] == ["general", "phone", "6001"]
    phone = file.find("6001")
    assert file.effective(phone) == [("type", "friend"), ("secret", "a;b"), ("secret", "c")]
    assert file.find("phone").is_template
    assert phone.parents == ("phone",)


def test_changes() -> None:
    file = EditableFile(TEXT)
    phone = file.find("6001")
    phone.update("secret", "x;y", match="c")
    phone.append("mailbox", "1@default")
    phone.insert(0, "context", "internal")
    phone.delete("secret", match="a;b")
    file.find("general").update("enabled", "no")
    made = file.new("6002", "phone")
    made.append("secret", "1")
    assert file.write() == (
        TEXT.replace("enabled = yes   ; really\n", "enabled = no\n").replace(
            "[6001](phone)\nsecret => a\\;b\nsecret => c\n", ""
        )
        + "[6001](phone)\ncontext = internal\nsecret => x\\;y\nmailbox = 1@default\n"
        + "[6002](phone)\nsecret = 1\n"
    )


def test_the_reader_reads_what_was_written() -> None:
    file = EditableFile("")
    file.new("a").append("key", "one ; two \\; three")
    again = EditableFile(file.write())
    assert again.effective(again.find("a")) == [("key", "one ; two \\; three")]
    section = read_text(file.write()).section("a")
    assert section is not None
    assert section.get("key") == "one ; two \\; three"


def test_what_is_not_there_is_an_error() -> None:
    file = EditableFile(TEXT)
    for change in (
        lambda: file.find("nobody"),
        lambda: file.drop("nobody"),
        lambda: file.rename("nobody", "x"),
        lambda: file.new("general"),
        lambda: file.new("x", before="nobody"),
        lambda: file.find("6001").update("nothing", "x"),
        lambda: file.find("6001").update("secret", "x", match="z"),
        lambda: file.find("6001").delete("nothing"),
        lambda: file.find("6001").delete("", number=7),
    ):
        with pytest.raises(EditError):
            change()
    assert file.write() == TEXT


def test_saving_replaces_the_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.conf"
    path.write_text(TEXT)
    path.chmod(0o600)
    file = EditableFile.load(path)
    file.drop("general")
    file.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == file.write()
    assert [one.name for one in tmp_path.iterdir()] == ["a.conf"]
