import random

import pytest

from offhook.media.music import HOLD_TONE, MusicClass


def names(music, codec="ulaw"):
    return [path.rsplit("/", 1)[1] for path in music.files(codec)]


@pytest.fixture
def folder(tmp_path):
    for name in ("b.wav", "a.wav", "a.ulaw", "a.alaw", "c.sln", "notes.txt", ".hidden.wav", "d.g723"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    return tmp_path


def test_each_tune_once_in_the_best_format(folder):
    music = MusicClass("default", [folder / "missing", folder])
    assert names(music) == ["a.ulaw", "b.wav", "c.sln"]
    assert names(music, "alaw") == ["a.alaw", "b.wav", "c.sln"]


def test_orders(folder):
    start = MusicClass("x", [folder], sort="randstart", randomness=random.Random(1))
    orders = {tuple(names(start)) for _ in range(50)}
    assert orders == {
        ("a.ulaw", "b.wav", "c.sln"),
        ("b.wav", "c.sln", "a.ulaw"),
        ("c.sln", "a.ulaw", "b.wav"),
    }
    shuffled = MusicClass("x", [folder], sort="random", randomness=random.Random(1))
    assert len({tuple(names(shuffled)) for _ in range(100)}) == 6
    with pytest.raises(ValueError, match="sort"):
        MusicClass("x", [folder], sort="loudest")


def test_a_list_of_files(folder):
    entries = [str(folder / name) for name in ("c", "b.wav", "missing", "a", "a.gsm")]
    music = MusicClass("x", [folder], entries=entries, sort="")
    assert names(music) == ["c.sln", "b.wav", "a.ulaw"]
    assert names(music, "alaw") == ["c.sln", "b.wav", "a.alaw"]
    assert names(MusicClass("x", entries=entries, sort="alpha")) == ["a.ulaw", "b.wav", "c.sln"]
    start = MusicClass("x", entries=entries, sort="randstart", randomness=random.Random(1))
    assert len({tuple(names(start)) for _ in range(50)}) == 3


def test_no_order_is_that_of_the_alphabet(folder):
    assert names(MusicClass("x", [folder], sort="")) == ["a.ulaw", "b.wav", "c.sln"]


class Port:
    def start_playing(self, files, *, loop):
        return ("files", len(files), loop)

    def start_tones(self, tones, *, repeat, level_dbm0):
        return ("tones", tones, repeat, level_dbm0)


def test_files_or_a_soft_tone(folder, tmp_path_factory):
    assert MusicClass("x", [folder]).start(Port()) == ("files", 3, True)
    empty = tmp_path_factory.mktemp("empty")
    assert MusicClass("x", [empty]).start(Port()) == ("tones", HOLD_TONE, True, -28.0)
