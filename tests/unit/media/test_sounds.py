import logging

import pytest

from offhook.media.sounds import Sounds, UnsafeSoundNameError, recording_path


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def found(sounds, name, language="", codec="ulaw", **kwargs):
    sound = sounds.find(name, language, codec, **kwargs)
    return sound and sound.path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "sounds"


def test_language_then_its_parent_then_none_then_the_default(folder):
    put(folder, "de_AT/a.wav", "de/a.wav", "de/b.wav", "a.wav", "b.wav", "c.wav", "en/c.wav", "en/d.wav")
    sounds = Sounds([folder])
    assert found(sounds, "a", "de_AT") == str(folder / "de_AT/a.wav")
    assert found(sounds, "b", "de_AT") == str(folder / "de/b.wav")
    assert found(sounds, "c", "de_AT") == str(folder / "c.wav")
    assert found(sounds, "d", "de_AT") == str(folder / "en/d.wav")
    assert found(sounds, "e", "de_AT") is None
    assert found(sounds, "c") == str(folder / "en/c.wav")


def test_best_format_for_the_codec(folder):
    put(folder, "en/a.wav", "en/a.ulaw", "en/a.alaw", "en/a.gsm", "en/b.alaw", "en/b.sln")
    sounds = Sounds([folder])
    assert found(sounds, "a", codec="ulaw").endswith(".ulaw")
    assert found(sounds, "a", codec="gsm").endswith(".gsm")
    assert found(sounds, "a", codec="alaw").endswith(".alaw")
    assert found(sounds, "a", codec="slin").endswith(".wav")
    assert found(sounds, "a", codec="g722").endswith(".wav")
    assert found(sounds, "b", codec="ulaw").endswith(".sln")


def test_what_the_engine_cannot_read_is_not_found(folder):
    put(folder, "en/a.g723", "en/b.siren7")
    assert found(Sounds([folder]), "a") is None
    assert found(Sounds([folder]), "b") is None


def test_several_folders_in_order(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    put(one, "en/a.wav")
    put(two, "en/a.wav", "en/b.wav")
    sounds = Sounds([one, tmp_path / "missing", two])
    assert found(sounds, "a") == str(one / "en/a.wav")
    assert found(sounds, "b") == str(two / "en/b.wav")


def test_sub_folders_absolute_paths_and_written_extensions(folder):
    put(folder, "en/digits/1.wav", "custom/x.ulaw")
    sounds = Sounds([folder])
    assert found(sounds, "digits/1", "en_US") == str(folder / "en/digits/1.wav")
    assert found(sounds, str(folder / "custom/x")) == str(folder / "custom/x.ulaw")
    assert found(sounds, str(folder / "custom/x.ulaw")) == str(folder / "custom/x.ulaw")
    assert found(sounds, "custom/x.ulaw") == str(folder / "custom/x.ulaw")


def test_voice_folders_of_debian(folder):
    put(folder, "en_US_f_Allison/hello.wav", "fr_CA_f_June/hello.wav", "fr_CA_f_June/salut.wav")
    sounds = Sounds([folder])
    assert found(sounds, "hello", "en") == str(folder / "en_US_f_Allison/hello.wav")
    assert found(sounds, "salut", "fr") == str(folder / "fr_CA_f_June/salut.wav")
    # a link or folder of the language's own name comes first
    put(folder, "fr/salut.wav")
    assert found(sounds, "salut", "fr").endswith("fr_CA_f_June/salut.wav")
    sounds.rescan()
    assert found(sounds, "salut", "fr") == str(folder / "fr/salut.wav")
    assert sounds.languages() == [
        "en",
        "en_US",
        "en_US_f",
        "en_US_f_Allison",
        "fr",
        "fr_CA",
        "fr_CA_f",
        "fr_CA_f_June",
    ]


@pytest.mark.parametrize("name", ["../secret", "a/../../secret", "/etc/passwd", "./a", "a//b", "a/", ""])
def test_names_from_callers_stay_inside(folder, name):
    put(folder, "en/a.wav")
    put(folder.parent, "secret.wav")
    with pytest.raises(UnsafeSoundNameError):
        Sounds([folder]).find(name, from_caller=True)
    with pytest.raises(UnsafeSoundNameError):
        recording_path(folder, name, "wav")


def test_zero_octets_are_refused_from_anyone(folder):
    with pytest.raises(UnsafeSoundNameError):
        Sounds([folder]).find("a\0b")


def test_plain_names_from_callers_are_fine(folder):
    put(folder, "en/greetings/6001.wav")
    assert found(Sounds([folder]), "greetings/6001", from_caller=True)
    assert recording_path(folder, "greetings/6001", "wav") == folder / "greetings/6001.wav"


def test_a_language_cannot_climb_out(folder):
    put(folder, "en/a.wav")
    put(folder.parent, "b.wav")
    assert found(Sounds([folder]), "b", "../") is None
    assert found(Sounds([folder]), "b", "..") is None


class Spoken:
    def __init__(self, path):
        self.path = path
        self.asked = []

    async def speak(self, text, language):
        self.asked.append((text, language))
        return self.path


async def test_missing_prompts_are_spoken(folder, tmp_path):
    speech = Spoken(tmp_path / "spoken.wav")
    sounds = Sounds([folder], speech=speech)
    sound = await sounds.resolve("vm-goodbye", "en_US")
    assert sound.path == str(tmp_path / "spoken.wav")
    assert sound.spoken
    assert speech.asked == [("Goodbye.", "en_US")]
    assert await sounds.resolve("/no/such/file") is None
    assert await sounds.resolve("silence/1") is None
    assert len(speech.asked) == 1


async def test_what_cannot_be_spoken_is_logged_once(folder, caplog):
    sounds = Sounds([folder], speech=Spoken(None))
    with caplog.at_level(logging.WARNING):
        assert await sounds.resolve("nothing") is None
        assert await sounds.resolve("nothing") is None
    assert len(caplog.records) == 1
    assert "nothing" in caplog.text


async def test_a_list_of_sounds(folder):
    put(folder, "en/digits/1.wav", "en/digits/2.wav")
    sounds = Sounds([folder])
    paths = await sounds.resolve_all(["digits/1", "digits/none", "digits/2"])
    assert paths == [str(folder / "en/digits/1.wav"), str(folder / "en/digits/2.wav")]
