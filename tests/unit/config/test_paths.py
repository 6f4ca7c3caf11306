"""Folders: who says where they are, and that all that is written lies below the one that the user names."""

import os
from pathlib import Path

import pytest

from offhook.config.files.asterisk import AsteriskConf, ControlSocket, Folders
from offhook.config.paths import PathError, default_state, resolve_paths

NAMED = AsteriskConf(
    directories=Folders(
        astetcdir="/x/etc",
        astvarlibdir="/x/lib",
        astdatadir="/x/data",
        astrundir="/x/run",
        astlogdir="/x/log",
    )
)


def test_state_holds_all_that_is_written() -> None:
    paths = resolve_paths("/etc/pbx", asterisk=NAMED, state="/srv/pbx")
    assert paths.config == Path("/etc/pbx")
    for folder in (paths.varlib, paths.db, paths.key, paths.spool, paths.run, paths.log, paths.cache):
        assert folder.is_relative_to("/srv/pbx")
    assert paths.database == Path("/srv/pbx/lib/offhook.sqlite3")
    assert paths.socket == Path("/srv/pbx/run/asterisk.ctl")
    assert paths.cdr_csv == Path("/srv/pbx/log/cdr-csv")
    # What is only read stays where asterisk.conf has it.
    assert paths.data == Path("/x/data")
    assert paths.sounds == (
        Path("/x/data/sounds"),
        Path("/srv/pbx/lib/sounds"),
        Path("/usr/share/asterisk/sounds"),
    )


def test_a_relative_state_folder_does_not_move_with_the_process() -> None:
    assert resolve_paths("conf", state="s").log == Path.cwd() / "s/log"
    assert resolve_paths("conf", state="s").config == Path.cwd() / "conf"


def test_asterisk_conf_by_name_means_asterisks_defaults() -> None:
    paths = resolve_paths(asterisk=NAMED, asterisk_conf="/x/etc/asterisk.conf")
    assert (paths.config, paths.db, paths.spool) == (
        Path("/x/etc"),
        Path("/x/lib"),
        Path("/var/spool/asterisk"),
    )
    assert paths.agi == Path("/x/data/agi-bin")
    bare = resolve_paths(asterisk_conf="/y/asterisk.conf")
    assert (bare.config, bare.varlib) == (Path("/y"), Path("/var/lib/asterisk"))
    assert bare.socket == Path("/var/run/asterisk/asterisk.ctl")


def test_a_folder_alone_takes_what_its_asterisk_conf_names() -> None:
    paths = resolve_paths("/etc/pbx", asterisk=NAMED, environ={"OFFHOOK_STATE": "/s"})
    assert (paths.log, paths.run, paths.spool) == (Path("/x/log"), Path("/x/run"), Path("/s/spool"))
    assert resolve_paths(asterisk=AsteriskConf(), environ={}).config == Path("/etc/asterisk")


def test_the_default_state_folder() -> None:
    assert default_state({"OFFHOOK_STATE": "/s"}, is_root=True) == Path("/s")
    assert default_state({}, is_root=True) == Path("/var/lib/offhook")
    assert default_state({"XDG_STATE_HOME": "/h/state"}, is_root=False) == Path("/h/state/offhook")
    assert default_state({}, is_root=False) == Path.home() / ".local/state/offhook"


def test_create(tmp_path: Path) -> None:
    paths = resolve_paths(tmp_path / "etc", state=tmp_path / "s")
    paths.create()
    paths.create()
    for folder in ("log/cdr-csv", "spool/voicemail/default", "spool/outgoing", "lib", "run"):
        assert (tmp_path / "s" / folder).is_dir()
    assert (tmp_path / "s/spool").stat().st_mode & 0o007 == 0
    assert not (tmp_path / "etc").exists()


def test_create_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("")
    with pytest.raises(PathError, match="cannot make the folder"):
        resolve_paths(tmp_path, state=tmp_path / "s").create()
    with pytest.raises(PathError, match="107 bytes"):
        resolve_paths(tmp_path, state=tmp_path / ("x" * 120)).create()
    assert os.listdir(tmp_path) == ["s"]


def test_the_socket_has_the_name_that_asterisk_conf_gives() -> None:
    conf = AsteriskConf(files=ControlSocket(astctl="pbx.ctl"))
    assert resolve_paths("/e", asterisk=conf, state="/s").socket == Path("/s/run/pbx.ctl")
