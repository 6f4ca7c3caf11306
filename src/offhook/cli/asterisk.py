"""Asterisk's command line: the flags with which scripts and the service manager start and ask it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook.config.files.asterisk import AsteriskConf

__all__ = ["Flags", "UsageError", "ask", "main", "main_conf", "parse", "socket_of"]


class UsageError(Exception):
    """The flags cannot be understood."""


@dataclass(slots=True)
class Flags:
    """What the flags say; letters that have no meaning here are taken and do nothing."""

    asterisk_conf: Path | None = None
    command: str | None = None  # -x
    remote: bool = False  # -r, -R
    reconnect: bool = False  # -R
    console: bool = False  # -c
    color: bool = True  # -n
    socket: Path | None = None  # -s
    state: Path | None = None  # --state: ours, as in `offhook serve`
    user: str = ""  # -U
    group: str = ""  # -G
    version: bool = False  # -V
    verbose: int = 0  # -v
    debug: int = 0  # -d
    quiet: bool = False  # -q


# Letters with an argument: also most calls, most load, least memory, which asterisk.conf says.
_TAKES_VALUE = frozenset("CxUGsMLe")
# Foreground, core files, mute, time stamps, priority: the service manager's business.
_IGNORED = frozenset("fFgmTWXBpiIthk")


def parse(words: Sequence[str]) -> Flags:
    """Read flags, bundled (`-rx "cmd"`) or one by one.  Raises UsageError."""
    flags = Flags()
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            raise UsageError(f"unexpected {word!r}")
        if word.startswith("--"):
            name, given, value = word.partition("=")
            if name != "--state":
                raise UsageError(f"there is no flag {name}")
            if not given and not left:
                raise UsageError("--state needs a folder")
            flags.state = Path(value if given else left.pop(0))
            continue
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in _TAKES_VALUE:
                if not letters and not left:
                    raise UsageError(f"-{letter} needs a value")
                value, letters = (letters, "") if letters else (left.pop(0), "")
                match letter:
                    case "C":
                        flags.asterisk_conf = Path(value)
                    case "x":
                        flags.command = value
                    case "s":
                        flags.socket = Path(value)
                    case "U":
                        flags.user = value
                    case "G":
                        flags.group = value
                    case _:
                        pass
            elif letter in "rR":
                flags.remote = True
                flags.reconnect = flags.reconnect or letter == "R"
            elif letter == "c":
                flags.console = True
            elif letter == "n":
                flags.color = False
            elif letter == "V":
                flags.version = True
            elif letter == "v":
                flags.verbose += 1
            elif letter == "d":
                flags.debug += 1
            elif letter == "q":
                flags.quiet = True
            elif letter not in _IGNORED:
                raise UsageError(f"there is no flag -{letter}")
    return flags


def main(words: Sequence[str]) -> int:
    """Carry out Asterisk-like flags; the exit status."""
    try:
        flags = parse(words)
    except UsageError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 2
    if flags.version:
        from offhook import __version__

        print(f"Asterisk {__version__} (Offhook)")
        return 0
    if flags.command is not None:
        return ask(flags.command, asterisk_conf=flags.asterisk_conf, state=flags.state, socket=flags.socket)
    if flags.remote:
        from offhook.cli.console import console

        place = flags.socket or socket_of(asterisk_conf=flags.asterisk_conf, state=flags.state)
        return console(place, verbose=flags.verbose, color=flags.color, reconnect=flags.reconnect)
    if flags.console and sys.stdin.isatty() and sys.stdout.isatty():
        from offhook.cli.foreground import run_with_console

        place = socket_of(asterisk_conf=flags.asterisk_conf, state=flags.state)
        return run_with_console(words, place, verbose=flags.verbose, color=flags.color)
    from offhook.cli.serve import serve

    return serve(
        asterisk_conf=flags.asterisk_conf,
        state=flags.state,
        verbose=flags.verbose,
        debug=flags.debug,
        quiet=flags.quiet,
        user=flags.user,
        group=flags.group,
    )


def main_conf(*, asterisk_conf: Path | None = None, config_dir: Path | None = None) -> AsteriskConf | None:
    """What asterisk.conf says, None when there is none; mistakes in it are the node's to tell."""
    main_file = asterisk_conf or (config_dir / "asterisk.conf" if config_dir is not None else None)
    if main_file is None or not main_file.is_file():
        return None
    from offhook.config.errors import Problems
    from offhook.config.files.asterisk import read_asterisk_conf
    from offhook.config.reader import read_file

    problems = Problems()
    return read_asterisk_conf(read_file(main_file, problems=problems), problems)


def socket_of(
    *, asterisk_conf: Path | None = None, config_dir: Path | None = None, state: Path | None = None
) -> Path:
    """The console's socket of the node that these options mean."""
    from offhook.config.paths import resolve_paths

    asterisk = main_conf(asterisk_conf=asterisk_conf, config_dir=config_dir)
    return resolve_paths(config_dir, asterisk=asterisk, asterisk_conf=asterisk_conf, state=state).socket


def ask(
    command: str,
    *,
    asterisk_conf: Path | None = None,
    config_dir: Path | None = None,
    state: Path | None = None,
    socket: Path | None = None,
) -> int:
    """Have the running node carry out a console command and print its answer."""
    from offhook.api.console.server import ConsoleUnreachableError
    from offhook.api.console.server import ask as ask_node

    place = socket or socket_of(asterisk_conf=asterisk_conf, config_dir=config_dir, state=state)
    try:
        print(ask_node(place, command), end="")
    except ConsoleUnreachableError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 1
    return 0
