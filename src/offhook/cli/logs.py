"""The log of a node in the foreground: its console is standard error."""

from __future__ import annotations

import logging
import sys

from offhook.features.logs import Logs

__all__ = ["start_logging"]


def start_logging(*, verbose: int = 0, debug: int = 0, quiet: bool = False) -> Logs:
    """Begin to log to standard error: warnings when quiet, else what happens; logger.conf may change that."""
    # Neither is asked for by any format, and each costs a look-up per line.
    logging.logThreads = False
    logging.logMultiprocessing = False
    logs = Logs(sys.stderr)
    logs.start(verbose=verbose, debug=debug, quiet=quiet)
    return logs
