from types import SimpleNamespace
from typing import Any, cast

import pytest

from offhook.api.console.codec_commands import declare
from offhook.api.console.commands import CommandError, Commands
from offhook.dialplan.errors import FunctionError
from offhook.functions.jitterbuffer import set_jitterbuffer
from offhook.media.jitter import JitterBuffer


class _Catch:
    """Stands in for Commands: what is declared can be called by its words."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}

    def add(self, words: str, usage: str = ""):
        def keep(function: Any) -> Any:
            self.found[words.partition(" [")[0]] = function
            return function

        return keep


@pytest.fixture
def run():
    catch = _Catch()
    declare(cast(Commands, catch))
    return lambda command, *words: catch.found[command](None, list(words))


def test_codecs_are_listed_and_shown(run: Any):
    everything = run("core show codecs").splitlines()
    video = run("core show codecs", "video").splitlines()
    assert any(" opus " in line for line in everything)
    assert any(" vp8 " in line for line in video)
    assert not any(" opus " in line for line in video)
    number = next(line.split()[0] for line in everything if " gsm " in line)
    assert "GSM" in run("core show codec", number)
    for command, words in (
        ("core show codecs", ["sound"]),
        ("core show codec", ["0"]),
        ("core show codec", ["x"]),
    ):
        with pytest.raises(CommandError):
            run(command, *words)


def test_translation_is_shown(run: Any):
    matrix = run("core show translation").splitlines()
    header = next(line for line in matrix if "opus" in line).split()
    ulaw = next(line.split() for line in matrix if line.split()[:1] == ["ulaw"])
    assert ulaw[1 + header.index("alaw")] == "1"
    assert ulaw[1 + header.index("ulaw")] == "-"
    paths = run("core show translation", "paths", "g722")
    assert "No Translation Path" in next(line for line in paths.splitlines() if "To g729:" in line)
    with pytest.raises(CommandError):
        run("core show translation", "paths", "nonsense")


def _set(kind: str, value: str) -> object:
    got: list[object] = []
    call = SimpleNamespace(channel=SimpleNamespace(set_jitter_buffer=got.append))
    set_jitterbuffer(cast(Any, call), value, kind)
    return got[0]


def test_jitterbuffer_takes_what_asterisk_takes():
    assert _set("adaptive", "default") == JitterBuffer(True, 200, 1000, 40)
    assert _set("adaptive", "") == JitterBuffer(True, 200, 1000, 40)
    assert _set("fixed", "120,-1") == JitterBuffer(False, 120, 0, 40)
    assert _set("Adaptive", "300,,60,no") == JitterBuffer(True, 300, 1000, 60)
    assert _set("disabled", "") is None
    for kind, value in (("sometimes", ""), ("fixed", "long"), ("fixed", "200,1000,40,yes")):
        with pytest.raises(FunctionError):
            _set(kind, value)
