"""Who may use which console commands, and further names of commands."""

from __future__ import annotations

import asyncio
import getpass
import socket
from pathlib import Path

from offhook.api.console.all_commands import COMMANDS
from offhook.api.console.callers import Caller, caller_of, current_caller
from offhook.api.console.server import ask
from offhook.config.snapshot import read_config
from unit.drivers.node import Switch, phone

PERMISSIONS = """
[general]
default_perm=deny
[@staff]
permit=core show
permit=core stop
deny=core stop now
[{me}]
permit=all
deny=dialplan  reload
[carol]
permit = core show
deny = core show uptime
"""
ALIASES = """
[general]
template=friendly
[friendly]
show eps=pjsip list endpoints
reload=core reload
core show version=core show uptime
up=core show uptime
[other]
never=core show version
"""


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def start(switch: Switch) -> None:
    me = getpass.getuser()
    (switch.config / "cli_permissions.conf").write_text(PERMISSIONS.format(me=me))
    (switch.config / "cli_aliases.conf").write_text(ALIASES)
    await switch.start(phone("alice"), "")


async def test_permissions_at_the_socket(switch: Switch) -> None:
    await start(switch)
    path = switch.node.paths.socket
    assert "Offhook" in await asyncio.to_thread(ask, path, "core show version")
    refused = await asyncio.to_thread(ask, path, "dialplan rel")
    assert refused == "You don't have permissions to run 'dialplan reload' command\n"
    (switch.config / "cli_permissions.conf").write_text("[general]\ndefault_perm=deny\n")
    assert await run(switch, "cli reload permissions") == ""
    refused = await asyncio.to_thread(ask, path, "core show version")
    assert refused == "You don't have permissions to run 'core show version' command\n"
    assert "Offhook" in await run(switch, "core show version")  # AMI and programs have rights of their own


async def test_rules_of_users_and_groups(switch: Switch) -> None:
    await start(switch)
    for caller, line, allowed in [
        (Caller("dave", ("staff",)), "core show uptime", True),
        (Caller("dave", ("staff",)), "core show version", True),
        (Caller("carol", ("staff",)), "core show uptime", False),
        (Caller("carol", ()), "core show version", True),
        (Caller("dave", ("others",)), "core show version", False),
        (Caller("dave", ("staff",)), "core stop now", False),
        (Caller("dave", ("staff",)), "up", True),
        (Caller("carol", ("staff",)), "up", False),
    ]:
        token = current_caller.set(caller)
        try:
            answer = await run(switch, line)
        finally:
            current_caller.reset(token)
        assert ("You don't have permissions" not in answer) is allowed, (caller, line)


async def test_permissions_are_shown_and_checked(switch: Switch) -> None:
    await start(switch)
    me = getpass.getuser()
    shown = await run(switch, "cli show permissions")
    assert shown.startswith("Default permission: deny\n")
    assert "Group: staff\nPermissions:\n\tpermit   -> core show\n" in shown
    assert await run(switch, f"cli check permissions {me} dialplan reload") == (
        f"User '{me}' is not allowed to run command: 'dialplan reload'\n"
    )
    assert "is allowed to run command: 'core show uptime'" in await run(
        switch, f"cli check permissions {me} core sh up"
    )
    group = "root"
    assert "Group 'root' is not allowed" in await run(
        switch, f"cli check permissions @{group} core show uptime"
    )
    assert await run(switch, f"cli check permissions @{group}") == ""
    assert "core show uptime" in await run(switch, f"cli check permissions {me}")
    assert await run(switch, "cli check permissions nobody-at-all") == "Unknown user 'nobody-at-all'\n"
    assert await run(switch, f"cli check permissions {me} core frob") == "Unknown command 'core frob'\n"


async def test_aliases(switch: Switch) -> None:
    await start(switch)
    assert await run(switch, "show eps") == await run(switch, "pjsip list endpoints")
    assert "Objects found: 1" in await run(switch, "show eps like ali")
    assert "System uptime" in await run(switch, "up")
    assert "Offhook" in await run(switch, "core show version")  # a command comes first
    assert (await run(switch, "never")).startswith("No such command 'never'")
    rows = (await run(switch, "cli show aliases")).splitlines()
    assert rows[0].split() == ["Alias", "Command", "Real", "Command"]
    assert f"{'show eps':<50} pjsip list endpoints" in rows
    assert not any("never" in row for row in rows)


def test_mistakes_in_the_files(tmp_path: Path) -> None:
    (tmp_path / "cli_permissions.conf").write_text("[general]\ndefault_perm=maybe\n[x]\nallow=all\npermit=\n")
    (tmp_path / "cli_aliases.conf").write_text("[general]\ntemplate=nothing\ncolour=red\n")
    said = [str(problem) for problem in read_config(tmp_path).problems]
    for text in ("permit or deny", "unknown option allow", "no command", "no section [nothing]", "colour"):
        assert any(text in one for one in said), text


def test_who_is_at_the_other_end() -> None:
    near, far = socket.socketpair()
    with near, far:
        caller = caller_of(near)
    assert caller.user == getpass.getuser()
    assert caller.groups
