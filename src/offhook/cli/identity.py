"""As whom the process runs: a service that starts as root gives its rights up (asterisk.conf runuser)."""

from __future__ import annotations

import grp
import os
import pwd

__all__ = ["IdentityError", "become"]


class IdentityError(Exception):
    """The process cannot run as the user or group that was asked for."""


def become(user: str, group: str) -> None:
    """Run as `user` and `group` from now on; "" leaves it, or gives the user's own groups.

    Nothing happens when it is so already.  Raises IdentityError.
    """
    if not user and not group:
        return
    try:
        who = pwd.getpwnam(user) if user else None
        group_id = grp.getgrnam(group).gr_gid if group else (who.pw_gid if who is not None else os.getgid())
    except KeyError:
        raise IdentityError(f"there is no user {user!r} or no group {group!r} (asterisk.conf)") from None
    if who is not None and os.geteuid() == who.pw_uid and (not group or os.getegid() == group_id):
        return
    if os.geteuid() != 0:
        raise IdentityError(f"only root can run as user {user or '(this one)'}, group {group or '(its own)'}")
    if who is not None:
        os.initgroups(who.pw_name, group_id)
    else:
        os.setgroups([group_id])
    os.setgid(group_id)
    if who is not None:
        os.setuid(who.pw_uid)
        os.environ["HOME"] = who.pw_dir
