"""Music on hold: whose class counts, and who hears it."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.features.music import MusicOnHold
from offhook.media.music import MusicClass


@pytest.fixture
def classes(tmp_path: Path) -> dict[str, MusicClass]:
    for name in ("default", "jazz", "rock", "quiet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.ulaw").write_bytes(b"")
    return {
        name: MusicClass(name, [tmp_path / name], answered_only=name == "quiet")
        for name in ("default", "jazz", "rock", "quiet")
    }


@pytest.mark.parametrize(
    ("prefer_channel", "own", "asked", "expected"),
    [
        (True, "", "", "default"),
        (True, "", "jazz", "jazz"),
        (True, "rock", "", "rock"),
        (True, "rock", "jazz", "rock"),
        (False, "rock", "jazz", "jazz"),
        (False, "rock", "", "rock"),
        (True, "none", "jazz", "jazz"),
        (True, "none", "none", "default"),
    ],
)
async def test_whose_class_counts(
    office, classes: dict[str, MusicClass], prefer_channel: bool, own: str, asked: str, expected: str
) -> None:
    o = office()
    music = MusicOnHold(classes, prefer_channel=prefer_channel)
    channel = o.incoming()
    channel.answer()
    channel.music_class = own
    stop = music.start(channel, asked)
    (file,) = channel.core.playing[1]
    assert Path(file).stem == expected
    stop()
    assert channel.core.playing is None


async def test_a_class_for_callers_who_have_been_answered(office, classes: dict[str, MusicClass]) -> None:
    o = office()
    music = MusicOnHold(classes)
    channel = o.incoming()
    music.start(channel, "quiet")()
    assert channel.did == []
    music.start(channel, "jazz")
    assert channel.did == ["progress"]
    channel.answer()
    music.start(channel, "quiet")
    assert Path(channel.core.playing[1][0]).stem == "quiet"
