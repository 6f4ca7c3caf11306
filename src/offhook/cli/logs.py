"""Where log lines go when the node runs in the foreground: standard error, one line each."""

from __future__ import annotations

import logging
import sys

__all__ = ["start_logging"]


class _OneLine(logging.Formatter):
    """`2026-11-24 10:00:00 WARNING sip.driver: text`; tracebacks follow on lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        record.name = record.name.removeprefix("offhook.")
        return super().format(record)


def start_logging(*, verbose: int = 0, debug: int = 0, quiet: bool = False) -> None:
    """Log to standard error: warnings when quiet, what happens by default, everything with -d or -vvv."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("offhook")
    root.addHandler(handler)
    root.propagate = False
    if debug or verbose >= 3:
        root.setLevel(logging.DEBUG)
    elif quiet:
        root.setLevel(logging.WARNING)
    else:
        root.setLevel(logging.INFO)
    # Neither is asked for by any format above, and each costs a look-up per line.
    logging.logThreads = False
    logging.logMultiprocessing = False
