"""Asterisk's command line: the flags with which scripts and the service manager start and ask it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Flags", "UsageError", "main", "parse"]


class UsageError(Exception):
    """The flags cannot be understood."""


@dataclass(slots=True)
class Flags:
    """What the flags say; letters that have no meaning here are taken and do nothing."""

    asterisk_conf: Path | None = None
    command: str | None = None  # -x
    remote: bool = False  # -r, -R
    version: bool = False  # -V
    verbose: int = 0  # -v
    debug: int = 0  # -d
    quiet: bool = False  # -q


# Letters with an argument, besides -C and -x: user, group, most calls, most load, socket, locale.
_TAKES_VALUE = frozenset("UGMLse")
# Foreground, core files, console, colours, mute, time stamps, priority: the service manager's business.
_IGNORED = frozenset("fFgcnmTWXBpiIthk")


def parse(words: Sequence[str]) -> Flags:
    """Read flags, bundled (`-rx "cmd"`) or one by one.  Raises UsageError."""
    flags = Flags()
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            raise UsageError(f"unexpected {word!r}")
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in "Cx" or letter in _TAKES_VALUE:
                if not letters and not left:
                    raise UsageError(f"-{letter} needs a value")
                value, letters = (letters, "") if letters else (left.pop(0), "")
                if letter == "C":
                    flags.asterisk_conf = Path(value)
                elif letter == "x":
                    flags.command = value
            elif letter in "rR":
                flags.remote = True
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
        return ask(flags.command, asterisk_conf=flags.asterisk_conf)
    if flags.remote:
        print("offhook: the interactive console is not there yet; use -rx 'COMMAND'", file=sys.stderr)
        return 2
    from offhook.cli.serve import serve

    return serve(
        asterisk_conf=flags.asterisk_conf, verbose=flags.verbose, debug=flags.debug, quiet=flags.quiet
    )


def ask(
    command: str,
    *,
    asterisk_conf: Path | None = None,
    config_dir: Path | None = None,
    state: Path | None = None,
) -> int:
    """Have the running node carry out a console command and print its answer."""
    from offhook.api.console.server import ConsoleUnreachableError
    from offhook.api.console.server import ask as ask_node
    from offhook.config.paths import resolve_paths

    asterisk = None
    main_file = asterisk_conf or (config_dir / "asterisk.conf" if config_dir is not None else None)
    if main_file is not None and main_file.is_file():
        from offhook.config.errors import Problems
        from offhook.config.files.asterisk import read_asterisk_conf
        from offhook.config.reader import read_file

        problems = Problems()
        asterisk = read_asterisk_conf(read_file(main_file, problems=problems), problems)
    paths = resolve_paths(config_dir, asterisk=asterisk, asterisk_conf=asterisk_conf, state=state)
    try:
        print(ask_node(paths.socket, command), end="")
    except ConsoleUnreachableError as error:
        print(f"offhook: {error}", file=sys.stderr)
        return 1
    return 0
