"""What a node is configured with: reading all of it, at the start and again while it runs.

Nothing here touches the running node, so that reading may be done in another thread: ten thousand phones
take about a second.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.extensions import load_extensions
from offhook.api.packages import declare_codecs
from offhook.config.errors import Problem, Problems, Severity, Where
from offhook.config.paths import Paths, resolve_paths
from offhook.config.snapshot import ConfigSnapshot, read_config
from offhook.dialplan.lint import lint
from offhook.dialplan.reader import read_dialplan_text

if TYPE_CHECKING:
    from offhook.api.python.dialplan import Dialplan
    from offhook.dialplan.model import Dialplan as ContextTree
    from offhook.features.logs import Logs

__all__ = [
    "Configuration",
    "NodeOptions",
    "StartError",
    "at_next_start",
    "new_secrets",
    "read_all",
    "read_extensions",
    "report",
]

log = logging.getLogger("offhook.api.node")


class StartError(Exception):
    """The node cannot start; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """How to start a node."""

    config_dir: Path | None = None
    asterisk_conf: Path | None = None
    state: Path | None = None
    media_workers: int = 1  # threads of the media engine; 0: one a core
    logs: Logs | None = None  # of a process whose console is the node's; None: the node makes one for files
    test_events: bool = False  # announce states that tests wait for (AMI TestEvent)
    scripts: Sequence[Dialplan] = ()  # extensions in Python, beside those of the configuration
    embedded: bool = False  # within a program that decides where its log goes


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that was read, checked as a whole."""

    snapshot: ConfigSnapshot
    dialplan: ContextTree
    problems: tuple[Problem, ...]
    """Of all files, the dialplan's included."""

    @staticmethod
    def of(
        snapshot: ConfigSnapshot, scripts: Sequence[Dialplan] = (), *, lenient: bool = False
    ) -> Configuration:
        """A snapshot with its dialplan, and extensions in Python.

        With `lenient`, for a reload, what only a call would run into is a warning: a dialplan may have had
        such places for years.
        """
        problems = Problems()
        problems.extend(snapshot.problems)
        dialplan = read_extensions(snapshot, problems, scripts)
        linted = Problems()
        lint(dialplan, linted)
        for problem in linted:
            is_error = problem.severity is Severity.ERROR
            problems.extend(
                (problem._replace(severity=Severity.WARNING) if lenient and is_error else problem,)
            )
        return Configuration(snapshot, dialplan, tuple(problems))

    @staticmethod
    def read(options: NodeOptions) -> Configuration:
        """Read everything, for a reload.  Raises StartError for a folder that is not there."""
        return Configuration.of(read_all(options)[0], options.scripts, lenient=True)

    @property
    def is_usable(self) -> bool:
        """Whether it has no error."""
        return not any(problem.severity is Severity.ERROR for problem in self.problems)


def at_next_start(before: ConfigSnapshot, after: ConfigSnapshot) -> list[Problem]:
    """What a reload does not change, of what is different now."""
    found: list[Problem] = []

    def compare(old: object, new: object, where: Where, file: str, what: str) -> None:
        if old != new:
            place = where if where.file else Where(str(after.folder / file), 0)
            text = f"{what} takes effect at the next start"
            found.append(Problem(Severity.WARNING, place.file, place.line, text))

    rtp = after.rtp
    ports = (before.rtp.rtpstart, before.rtp.rtpend)
    compare(ports, (rtp.rtpstart, rtp.rtpend), rtp.where, "rtp.conf", "the range of ports")
    old, new = before.asterisk, after.asterisk
    compare(old.directories, new.directories, new.directories.where, "asterisk.conf", "[directories]")
    compare(old.files, new.files, new.files.where, "asterisk.conf", "[files]")
    name = new.options.system_name
    compare(old.options.system_name, name, new.options.where, "asterisk.conf", "systemname")
    general = after.cdr.general
    compare(before.cdr.general.enable, general.enable, general.where, "cdr.conf", "enable")
    return found


def read_all(options: NodeOptions) -> tuple[ConfigSnapshot, Paths]:
    """Configuration and folders as the options say.  Raises StartError for a folder that is not there."""
    config_dir, asterisk_conf = options.config_dir, options.asterisk_conf
    if config_dir is None:
        asterisk = None
        if asterisk_conf is not None:
            if not asterisk_conf.is_file():
                raise StartError(f"{asterisk_conf}: there is no such file")
            asterisk = read_config(asterisk_conf.parent, asterisk_conf=asterisk_conf).asterisk
        config_dir = resolve_paths(asterisk=asterisk, asterisk_conf=asterisk_conf).config
    if not config_dir.is_dir():
        raise StartError(f"{config_dir}: there is no such configuration folder")
    snapshot = read_config(config_dir, asterisk_conf=asterisk_conf, declare=declare_codecs)
    paths = resolve_paths(
        config_dir, asterisk=snapshot.asterisk, asterisk_conf=asterisk_conf, state=options.state
    )
    return snapshot, paths


def read_extensions(
    snapshot: ConfigSnapshot, problems: Problems, scripts: Sequence[Dialplan] = ()
) -> ContextTree:
    """The dialplan of a folder; an empty one, with a problem, when it has none."""
    found = load_extensions(snapshot, problems, scripts)
    if found is not None:
        return found
    path = str(snapshot.folder / "extensions.conf")
    problems.warning(path, 0, "there is no extensions.conf: no number can be dialled")
    return read_dialplan_text("", file=path, problems=problems)


def report(problems: Iterable[Problem]) -> None:
    """Log what is wrong with a configuration."""
    for problem in problems:
        level = logging.ERROR if problem.severity is Severity.ERROR else logging.WARNING
        log.log(level, "%s", problem)


def new_secrets(path: Path, snapshot: ConfigSnapshot) -> tuple[dict[str, str], dict[str, str]]:
    """Passwords by auth section from `path`, and those just made for inbound sections that have none.

    Only sections that phones authenticate with get one; what others gave us cannot be made up.  Raises
    StartError when the file is not what we wrote.
    """
    known: dict[str, str] = {}
    if path.exists():
        try:
            loaded = json.loads(path.read_text())
            known = {str(name): str(value) for name, value in loaded.items()}
        except (ValueError, AttributeError) as error:
            raise StartError(f"{path}: not the file of passwords that Offhook wrote: {error}") from error
    made: dict[str, str] = {}
    pjsip = snapshot.pjsip
    for endpoint in pjsip.endpoints.values():
        for name in endpoint.auth:
            auth = pjsip.auths.get(name)
            if auth is None or auth.own_password or auth.own_digests or name in known:
                continue
            made[name] = known[name] = secrets.token_urlsafe(12)
    if made:
        temporary = path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(known, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    return known, made
