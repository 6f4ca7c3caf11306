"""Events that the manager interface sends: what is listed of them, log files."""

from __future__ import annotations

import ast
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from offhook.api.ami import actions
from offhook.api.ami.announce import SHOWN
from offhook.api.ami.declare import ACTIONS
from offhook.api.console.all_commands import COMMANDS
from unit.api.ami.test_sessions import Office
from unit.drivers.node import Switch, eventually, phone

CONF = "[general]\nenabled=yes\nbindaddr=127.0.0.1\nport=0\n[boss]\nsecret=s3cret\nread=all\nwrite=all\n"


@pytest_asyncio.fixture
async def office(switch: Switch) -> AsyncIterator[Office]:
    (switch.config / "manager.conf").write_text(CONF)
    await switch.start(phone("alice"), "[default]\nexten => 1,1,Answer()\n same => n,Wait(60)\n")
    made = Office(switch)
    yield made
    for client in made.clients:
        await client.close()


def _listed_in_code() -> set[str]:
    """The second arguments of Listing(...): the event that ends it."""
    found: set[str] = set()
    for path in Path(inspect.getfile(actions)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Listing":
                assert isinstance(node.args[1], ast.Constant), path
                found.add(str(node.args[1].value))
    return found


def test_every_list_says_what_it_sends() -> None:
    actions.load()
    ends = _listed_in_code()
    assert len(ends) > 15
    assert ends <= set(ACTIONS.sent())


async def test_answers_consist_of_what_is_listed(office: Office) -> None:
    client = await office.boss()
    listing = (await COMMANDS.run(office.node, "manager show events")).split()
    shown = {name for one in SHOWN for name in one.names}
    asked: list[tuple[str, dict[str, str]]] = [
        ("CoreShowChannels", {}),
        ("Status", {}),
        ("PJSIPShowEndpoints", {}),
        ("PJSIPShowEndpoint", {"Endpoint": "alice"}),
        ("PJSIPShowAors", {}),
        ("BridgeList", {}),
        ("DeviceStateList", {}),
        ("ShowDialPlan", {}),
    ]
    for name, headers in asked:
        action = ACTIONS.get(name)
        assert action is not None
        client.got.clear()
        await client.ask(name, **headers)
        await eventually(action.sends[-1], lambda end=action.sends[-1]: end in client.events())
        assert set(client.events()) - shown <= set(action.sends), name
        assert set(client.events()) <= set(listing), name
    assert {"FullyBooted", "Newchannel", "LogChannel"} <= set(listing)
    one = await COMMANDS.run(office.node, "manager show event corEshowchannel")
    assert one == "Event: CoreShowChannel\nSynopsis: Part of the answer to CoreShowChannels.\n"


async def test_log_files_that_are_opened_anew(office: Office, monkeypatch) -> None:
    client = await office.boss()
    logs = office.node.logs
    monkeypatch.setattr(type(logs), "files", [Path("/log/messages")])
    monkeypatch.setattr(logs, "refused", {"full": "No space left on device"})
    office.node.open_logs()
    opened = await client.find(Event="LogChannel", Channel="/log/messages")
    assert (opened["Enabled"], opened["Privilege"]) == ("Yes", "system,all")
    refused = await client.find(Event="LogChannel", Enabled="No")
    assert refused["Reason"] == "No space left on device"
    assert refused["Channel"].endswith("/full")
