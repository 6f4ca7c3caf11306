"""`offhook check CONFIG_DIR`: reads all configuration and says every mistake as `file:line: what`.

Other floors add what they know through `CHECKS`: the dialplan its linter, the SIP driver its contexts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from offhook.config.errors import Problem, Severity
from offhook.config.paths import resolve_paths
from offhook.config.snapshot import Check, ConfigSnapshot, read_config

__all__ = ["CHECKS", "add_parser", "main", "run"]

CHECKS: list[Check] = []
"""Called one after the other with the snapshot and the list to add problems to."""


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],  # pyright: ignore[reportPrivateUsage]
) -> argparse.ArgumentParser:
    """Add the sub-command `check` to a command line."""
    parser = commands.add_parser("check", help="read the configuration and report every mistake in it")
    _arguments(parser)
    return parser


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config_dir", nargs="?", metavar="CONFIG_DIR", help="the folder with the .conf files")
    parser.add_argument(
        "-C", dest="asterisk_conf", metavar="FILE", help="asterisk.conf, where it lies elsewhere"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="errors only")
    parser.add_argument("--strict", action="store_true", help="warnings and what does not work yet fail, too")


def run(arguments: argparse.Namespace, out: TextIO | None = None) -> int:
    """Check and print; the exit status: 0 fine, 1 mistakes."""
    folder: str | Path | None = arguments.config_dir
    asterisk_conf: str | None = arguments.asterisk_conf
    if folder is None:
        folder = "/etc/asterisk"
        if asterisk_conf is not None:
            # Only asterisk.conf knows where the other files are, and what it says is checked below.
            main_file = read_config(Path(asterisk_conf).parent, asterisk_conf=asterisk_conf)
            folder = resolve_paths(asterisk=main_file.asterisk, asterisk_conf=asterisk_conf).config
    # They import the switch: only when it is needed.
    from offhook.api.packages import declare_codecs
    from offhook.cli.checks import check_dialplan

    checks = [*CHECKS, check_dialplan]
    snapshot = read_config(folder, asterisk_conf=asterisk_conf, checks=checks, declare=declare_codecs)
    return report(snapshot, out or sys.stdout, quiet=arguments.quiet, strict=arguments.strict)


def report(snapshot: ConfigSnapshot, out: TextIO, *, quiet: bool = False, strict: bool = False) -> int:
    """Print a snapshot's problems and a last line that sums them up; the exit status."""
    counts = dict.fromkeys(Severity, 0)
    for problem in in_order(snapshot.problems):
        counts[problem.severity] += 1
        if not quiet or problem.severity is Severity.ERROR:
            print(_printable(str(problem)), file=out)
    errors, warnings = counts[Severity.ERROR], counts[Severity.WARNING]
    unsupported = counts[Severity.UNSUPPORTED]
    if not quiet:
        read = f"{_count(len(snapshot.files), 'file')}, {_count(len(snapshot.pjsip.endpoints), 'endpoint')}"
        found = f"{_count(errors, 'error')}, {_count(warnings, 'warning')}, {unsupported} not supported yet"
        print(f"{snapshot.folder}: {read}; {found}", file=out)
    return 1 if errors or (strict and (warnings or unsupported)) else 0


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file in the order that the files were read, and by line; equal ones once."""
    files: dict[str, int] = {}
    unique = list(dict.fromkeys(problems))
    for problem in unique:
        files.setdefault(problem.file, len(files))
    return sorted(unique, key=lambda problem: (files[problem.file], problem.line))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _printable(line: str) -> str:
    # Files are not always UTF-8, and must not send control characters to a terminal.
    clean = line.encode("utf-8", "backslashreplace").decode()
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in clean)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command by itself; `offhook.cli.main` adds it to the whole command line."""
    parser = argparse.ArgumentParser(
        prog="offhook check", description="Report every mistake in a configuration."
    )
    _arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
