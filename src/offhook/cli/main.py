"""The command `offhook`: sub-commands, and Asterisk's flags for those who start it as `asterisk`.

    offhook serve CONFIG_DIR [--state DIR]
    offhook check CONFIG_DIR
    offhook dial URI
    offhook -rx "core show channels"
    offhook -f -C /etc/asterisk/asterisk.conf

Modules are imported when they are needed: `offhook -rx` answers in a tenth of the time of a start.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = {
    "serve": ("offhook.cli.serve", "run the PBX in the foreground"),
    "check": ("offhook.cli.check", "read the configuration and report every mistake in it"),
    "test": ("offhook.cli.test", "run the tests of a dialplan"),
    "dial": ("offhook.cli.dial", "a terminal phone: call a SIP URI"),
}

_USAGE = """\
usage: offhook COMMAND [options]

commands:
{commands}

  offhook COMMAND --help   explains a command
  offhook --version        shows the version
  offhook -rx "COMMAND"    has the running node carry out a console command

Asterisk's flags work too: -f -g -q -v -d -n -m -C FILE -r -x -V; --state DIR with -r and -x
means the node that was started with it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("--help", "-h", "help"):
        listed = "\n".join(f"  {name:<8} {text}" for name, (_, text) in _COMMANDS.items())
        print(_USAGE.format(commands=listed), end="")
        return 0 if words else 2
    if words[0] == "--version":
        from offhook import __version__

        print(f"offhook {__version__}")
        return 0
    try:
        if words[0] in _COMMANDS:
            module = importlib.import_module(_COMMANDS[words[0]][0])
            return int(module.main(words[1:]))
        if words[0].startswith("-"):
            from offhook.cli.asterisk import main as as_asterisk

            return as_asterisk(words)
    except KeyboardInterrupt:
        return 130
    from difflib import get_close_matches

    near = get_close_matches(words[0], _COMMANDS)
    hint = f"; did you mean {near[0]}?" if near else ""
    print(f"offhook: there is no command {words[0]!r}{hint} (offhook --help lists them)", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
