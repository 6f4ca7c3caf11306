"""Where everything is: configuration, state, sounds, spool, logs, the control socket.

Three ways to say it, the first that is given counts:

    offhook serve DIR --state STATE   all that is written lies below STATE, whatever asterisk.conf says
    offhook serve -C asterisk.conf    [directories] counts, what it leaves out is where Asterisk has it
    offhook serve DIR                 [directories] of DIR/asterisk.conf counts, the rest lies below the
                                      default state folder
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from offhook.config.files.asterisk import AsteriskConf, Folders

__all__ = ["PathError", "Paths", "default_state", "resolve_paths"]

SOCKET_PATH_MAX = 107  # bytes: sockaddr_un.sun_path less its closing zero

_SHARED_DATA = Path("/usr/share/asterisk")
"""Where Debian's packages of prompts and music are."""

_SPOOL = (
    "dictate",
    "meetme",
    "monitor",
    "outgoing",
    "outgoing_done",
    "recording",
    "system",
    "tmp",
    "voicemail/default",
)
_LOG = ("cdr-csv", "cdr-custom", "cel-custom")


class PathError(Exception):
    """A folder cannot be made or used; the text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Every folder and file name that depends on where we were told to live; names as in [directories]."""

    config: Path
    """astetcdir"""
    varlib: Path
    db: Path
    key: Path
    data: Path
    """astdatadir: `sounds` and `moh` are below it."""
    agi: Path
    spool: Path
    run: Path
    log: Path
    cache: Path
    socket: Path
    """The Unix socket of `offhook -rx`."""

    @property
    def sounds(self) -> tuple[Path, ...]:
        """Where prompts are looked for, in this order."""
        return _each(self.data / "sounds", self.varlib / "sounds", _SHARED_DATA / "sounds")

    @property
    def moh(self) -> tuple[Path, ...]:
        """The folders to which a music class's `directory` is relative, in this order."""
        return _each(self.data, self.varlib, _SHARED_DATA)

    @property
    def database(self) -> Path:
        """The SQLite file of what must last."""
        return self.db / "offhook.sqlite3"

    @property
    def cdr_csv(self) -> Path:
        """The folder of Master.csv."""
        return self.log / "cdr-csv"

    @property
    def recordings(self) -> Path:
        """The folder of recordings without a path of their own."""
        return self.spool / "monitor"

    def create(self) -> None:
        """Make the folders that are missing; those that hold state are closed to other users.

        Raises:
            PathError: a folder cannot be made, or the socket's path is too long for the system.
        """
        if len(os.fsencode(self.socket)) > SOCKET_PATH_MAX:
            raise PathError(
                f"the path of the control socket, {self.socket}, has more than {SOCKET_PATH_MAX} bytes: "
                "choose a state folder with a shorter name"
            )
        folders = [self.varlib, self.db, self.key, self.spool, self.run, self.log, self.cache]
        folders += [self.spool / name for name in _SPOOL]
        folders += [self.log / name for name in _LOG]
        for folder in folders:
            try:
                folder.mkdir(mode=0o750, parents=True, exist_ok=True)
            except OSError as error:
                raise PathError(f"cannot make the folder {folder}: {error.strerror}") from error
        for folder in (self.db, self.spool, self.run, self.log):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PathError(f"the folder {folder} cannot be written to")


def _each(*paths: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def default_state(environ: Mapping[str, str] | None = None, *, is_root: bool | None = None) -> Path:
    """The state folder where none is named: $OFFHOOK_STATE, else the system's or the user's own."""
    environ = os.environ if environ is None else environ
    if environ.get("OFFHOOK_STATE"):
        return Path(environ["OFFHOOK_STATE"]).absolute()
    if os.geteuid() == 0 if is_root is None else is_root:
        return Path("/var/lib/offhook")
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local/state") / "offhook"


def resolve_paths(
    config_dir: str | Path | None = None,
    *,
    asterisk: AsteriskConf | None = None,
    asterisk_conf: str | Path | None = None,
    state: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Paths:
    """The folders for what the command line said; nothing is looked at or made.

    `asterisk` is the content of asterisk.conf, `asterisk_conf` its path where `-C` named it.
    """
    conf = AsteriskConf() if asterisk is None else asterisk
    named = conf.directories
    if config_dir is not None:
        config = Path(config_dir)
    elif named.astetcdir:
        config = Path(named.astetcdir)
    elif asterisk_conf is not None:
        config = Path(asterisk_conf).parent
    else:
        config = Path("/etc/asterisk")
    if state is not None:
        return _below(Path(state).absolute(), config.absolute(), named, conf, keep_named=False)
    if asterisk_conf is not None:
        return _as_asterisk(config.absolute(), named, conf)
    return _below(default_state(environ), config.absolute(), named, conf, keep_named=True)


def _below(root: Path, config: Path, named: Folders, conf: AsteriskConf, *, keep_named: bool) -> Paths:
    """Everything below one folder; folders that are only read stay where asterisk.conf has them."""

    def written(given: str, default: Path) -> Path:
        return Path(given) if given and keep_named else default

    varlib = written(named.astvarlibdir, root / "lib")
    run = written(named.astrundir, root / "run")
    return Paths(
        config=config,
        varlib=varlib,
        db=written(named.astdbdir, varlib),
        key=written(named.astkeydir, varlib / "keys"),
        data=Path(named.astdatadir) if named.astdatadir else varlib,
        agi=Path(named.astagidir) if named.astagidir else varlib / "agi-bin",
        spool=written(named.astspooldir, root / "spool"),
        run=run,
        log=written(named.astlogdir, root / "log"),
        cache=written(named.astcachedir, root / "cache"),
        socket=run / conf.files.astctl,
    )


def _as_asterisk(config: Path, named: Folders, conf: AsteriskConf) -> Paths:
    """Asterisk's own defaults for what [directories] leaves out."""
    varlib = Path(named.astvarlibdir or "/var/lib/asterisk")
    data = Path(named.astdatadir or varlib)
    run = Path(named.astrundir or "/var/run/asterisk")
    return Paths(
        config=config,
        varlib=varlib,
        db=Path(named.astdbdir or varlib),
        key=Path(named.astkeydir or varlib) / "keys",
        data=data,
        agi=Path(named.astagidir or data / "agi-bin"),
        spool=Path(named.astspooldir or "/var/spool/asterisk"),
        run=run,
        log=Path(named.astlogdir or "/var/log/asterisk"),
        cache=Path(named.astcachedir or "/var/cache/asterisk"),
        socket=run / conf.files.astctl,
    )
