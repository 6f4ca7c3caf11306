"""What the system lets the process have."""

from __future__ import annotations

import logging
import resource

__all__ = ["ENOUGH_FILES", "raise_open_files"]

log = logging.getLogger(__name__)

ENOUGH_FILES = 65_536
"""A bridged call has four sockets, a phone on TCP or TLS one."""


def raise_open_files(wanted: int = ENOUGH_FILES) -> int:
    """Raise the limit of open files as far as the system allows, at most to `wanted`; the limit then.

    Most systems start programs with 1,024 for the sake of those that use select(): 250 calls.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        except (OSError, ValueError) as error:
            log.warning("the limit of open files stays at %d: %s", soft, error)
            return soft
        soft = most
    if soft != resource.RLIM_INFINITY and soft < ENOUGH_FILES:
        log.info("at most %d files can be open: some %d calls", soft, soft // 4)
    return soft
