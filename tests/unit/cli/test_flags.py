"""The command line: `offhook ...`, and Asterisk's flags."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offhook import __version__
from offhook.cli import asterisk, serve
from offhook.cli.asterisk import Flags, UsageError, parse
from offhook.cli.main import main


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ([], Flags()),
        (["-f", "-g", "-n"], Flags(color=False)),
        (["-rvvn"], Flags(remote=True, verbose=2, color=False)),
        (["-c"], Flags(console=True)),
        (["-s", "/run/x.ctl", "-r"], Flags(remote=True, socket=Path("/run/x.ctl"))),
        (["-vvvg"], Flags(verbose=3)),
        (["-rx", "core show channels"], Flags(remote=True, command="core show channels")),
        (["-x", "a b", "-r"], Flags(remote=True, command="a b")),
        (["-xcore"], Flags(command="core")),
        (["-C", "/etc/a.conf", "-d"], Flags(asterisk_conf=Path("/etc/a.conf"), debug=1)),
        (["-C/etc/a.conf"], Flags(asterisk_conf=Path("/etc/a.conf"))),
        (["-fC", "/etc/a.conf", "-q"], Flags(asterisk_conf=Path("/etc/a.conf"), quiet=True)),
        (["-U", "asterisk", "-G", "pbx", "-f"], Flags(user="asterisk", group="pbx")),
        (
            ["-rx", "core show uptime", "--state", "/s"],
            Flags(remote=True, command="core show uptime", state=Path("/s")),
        ),
        (["--state=/s", "-r"], Flags(remote=True, state=Path("/s"))),
        (["-V"], Flags(version=True)),
        (["-R"], Flags(remote=True, reconnect=True)),
    ],
)
def test_asterisk_s_flags(words: list[str], flags: Flags) -> None:
    assert parse(words) == flags


@pytest.mark.parametrize(
    "words", [["-x"], ["-C"], ["-Z"], ["word"], ["-"], ["-f", "x"], ["--long"], ["--state"]]
)
def test_flags_that_are_none(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        parse(words)
    assert asterisk.main(words) == 2
    assert "offhook:" in capsys.readouterr().err


def test_versions(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"offhook {__version__}\nAsterisk {__version__} (Offhook)\n"


@pytest.mark.parametrize(("words", "status"), [([], 2), (["--help"], 0), (["-h"], 0), (["help"], 0)])
def test_usage(words: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == status
    assert "offhook COMMAND" in capsys.readouterr().out


def test_a_command_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serv"]) == 2
    assert "did you mean serve?" in capsys.readouterr().err


def test_asking_a_node_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert asterisk.ask("core show channels", config_dir=tmp_path, state=tmp_path / "state") == 1
    assert "is it started?" in capsys.readouterr().err


def test_a_console_without_a_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-rs", str(tmp_path / "nobody.ctl")]) == 1
    assert "is it started?" in capsys.readouterr().err


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What serve() was asked for."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(serve, "serve", lambda **options: calls.append(options) or 0)
    return calls


def test_asterisk_s_way_to_start(served: list[dict[str, Any]]) -> None:
    assert main(["-f", "-C", "/etc/asterisk.conf", "-vvg"]) == 0
    assert served[0]["asterisk_conf"] == Path("/etc/asterisk.conf")
    assert served[0]["verbose"] == 2


def test_serve_and_its_options(served: list[dict[str, Any]]) -> None:
    assert (
        main(["serve", "etc", "--state", "st", "-vv", "-f", "-g", "--media-workers", "3", "--welcome"]) == 0
    )
    options = served[0]
    assert options["config_dir"] == Path("etc")
    assert options["state"] == Path("st")
    assert (options["verbose"], options["media_workers"], options["greet"]) == (2, 3, True)


@pytest.mark.parametrize("words", [[], ["--nonsense"], ["a", "b"], ["etc", "--media-workers", "x"]])
def test_serve_used_wrongly(words: list[str], served: list[dict[str, Any]]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["serve", *words])
    assert caught.value.code == 2
    assert served == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "offhook.cli.main", "serve", str(tmp_path / "nowhere")]
    done = subprocess.run(
        [*command, "--state", str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 1
    assert "there is no such configuration folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "state").exists()


def test_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "extensions.conf").write_text(
        "[default]\nexten => 1,1,Dial(PJSIP/x,,k)\nexten => 2,1,Dail(x)\n"
    )
    assert main(["check", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "extensions.conf:3: there is no application Dail (did you mean Dial?)" in out
    assert "extensions.conf:2: not supported yet: Dial: option k" in out
