"""asterisk.conf runuser and rungroup."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys

import pytest

from offhook.cli.identity import IdentityError, become

ME = pwd.getpwuid(os.geteuid()).pw_name


def test_nothing_is_asked_for_or_it_is_so_already() -> None:
    become("", "")
    become(ME, "")
    assert pwd.getpwuid(os.geteuid()).pw_name == ME


@pytest.mark.parametrize(("user", "group"), [("no-such-user", ""), ("", "no-such-group")])
def test_who_does_not_exist(user: str, group: str) -> None:
    with pytest.raises(IdentityError, match="there is no user"):
        become(user, group)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_root_becomes_somebody_else_for_good() -> None:
    group = grp.getgrgid(pwd.getpwnam("nobody").pw_gid).gr_name
    code = (
        "import os\nfrom offhook.cli.identity import IdentityError, become\n"
        f"become('nobody', {group!r})\nprint(os.getuid(), os.getgid(), os.getgroups() == [os.getgid()])\n"
        "try:\n    become('root', '')\nexcept IdentityError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    first, second = done.stdout.splitlines()
    nobody = pwd.getpwnam("nobody")
    assert first == f"{nobody.pw_uid} {nobody.pw_gid} True"
    assert second.startswith("only root can run as user root")
