"""Who is at the other end of the console's socket, and which commands they may use (cli_permissions.conf)."""

from __future__ import annotations

import grp
import os
import pwd
import socket
import struct
from contextvars import ContextVar
from typing import NamedTuple

__all__ = ["Caller", "caller_of", "current_caller", "known_caller"]


class Caller(NamedTuple):
    """A user of the system."""

    user: str
    groups: tuple[str, ...]


current_caller: ContextVar[Caller | None] = ContextVar("current_caller", default=None)
"""Whose command is being carried out; None for AMI and programs, which have rights of their own."""

_CREDENTIALS = struct.Struct("3i")  # process, user, group: ucred of unix(7)


def caller_of(connection: socket.socket) -> Caller:
    """Who has opened a connection on a Unix socket, as the kernel tells it."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, gid = _CREDENTIALS.unpack(told)
    try:
        return known_caller(pwd.getpwuid(uid).pw_name, gid)
    except KeyError:
        return Caller(str(uid), (_group(gid),))


def known_caller(name: str, gid: int | None = None) -> Caller:
    """A user by name, with all their groups.  KeyError when the system knows no such user."""
    gid = pwd.getpwnam(name).pw_gid if gid is None else gid
    return Caller(name, tuple(_group(one) for one in os.getgrouplist(name, gid)))


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
