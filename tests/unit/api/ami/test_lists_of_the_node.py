"""Actions that list and change what a node is made of: files, dialplan, hints, registrations."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest_asyncio

from unit.api.ami.test_sessions import Client
from unit.drivers.node import Peer, Switch, eventually, phone

MANAGER = """
[general]
enabled=yes
bindaddr=127.0.0.1
port=0
[boss]
secret=s
read=all
write=all
[clerk]
secret=s
read=all
write=system,reporting
"""
SOME = "[a]\nx=1\nx=2\n[b](!)\ny=3\n[c](b)\nz=4\n"
DIALPLAN = """
[default]
exten => 1,1,Answer()
exten => 6,hint,Custom:lamp
exten => 7,hint,PJSIP/alice,CustomPresence:alice
"""
TRUNK = """
[in]
type=auth
username=in
password=hush
[out]
type=registration
server_uri=sip:{server}
client_uri=sip:me@{server}
retry_interval=1
"""


class Desk:
    """A node with a phone and a registration elsewhere, and a manager client."""

    client: Client
    alice: Peer
    registrar: Peer

    async def start(self, switch: Switch) -> None:
        self.registrar = await switch.peer(name="registrar")
        (switch.config / "manager.conf").write_text(MANAGER)
        (switch.config / "some.conf").write_text(SOME)
        (switch.config / "logger.conf").write_text("[logfiles]\nmessages => notice,warning,error\n")
        server = str(self.registrar.contact).partition("@")[2]
        await switch.start(phone("alice", aor="max_contacts=2") + TRUNK.format(server=server), DIALPLAN)
        self.client = await self.log_in(switch)
        self.alice = await switch.peer(name="alice")
        await self.alice.register()

    async def log_in(self, switch: Switch, user: str = "boss") -> Client:
        assert switch.node.manager is not None
        client = await Client.connect(switch.node.manager.ports()[0])
        await client.ask("Login", Username=user, Secret="s")
        return client

    async def listing(self, action: str, client: Client | None = None) -> list[dict[str, str]]:
        one = client or self.client
        one.got.clear()
        answer = await one.ask(action)
        assert (answer["Response"], answer["EventList"]) == ("Success", "start")
        end = await one.find(EventList="Complete")
        items = [m for m in one.got if "Event" in m and m.get("ActionID") == end["ActionID"] and m is not end]
        assert end["ListItems"] == str(len(items))
        return items

    async def refused(self, action: str, **headers: str) -> str:
        answer = await self.client.ask(action, **headers)
        assert answer["Response"] == "Error"
        return answer["Message"]

    async def done(self, action: str, **headers: str) -> dict[str, str]:
        answer = await self.client.ask(action, **headers)
        assert answer["Response"] == "Success", answer
        return answer


@pytest_asyncio.fixture
async def desk(switch: Switch) -> AsyncIterator[Desk]:
    made = Desk()
    await made.start(switch)
    yield made
    await made.client.close()


# ---------------------------------------------------------------- files


async def test_a_file_as_json(desk: Desk) -> None:
    answer = await desk.done("GetConfigJSON", Filename="some.conf")
    assert json.loads(answer["JSON"]) == {"a": {"x": "2"}, "c": {"templates": ["b"], "y": "3", "z": "4"}}
    answer = await desk.done("GetConfigJSON", Filename="some.conf", Category="a")
    assert json.loads(answer["JSON"]) == {"a": {"x": "2"}}
    assert await desk.refused("GetConfigJSON", Filename="none.conf") == "Config file not found"
    assert "Filename" in await desk.refused("GetConfigJSON")


async def test_categories_of_a_file(desk: Desk) -> None:
    answer = await desk.done("ListCategories", Filename="some.conf")
    assert [value for name, value in answer.items() if name.startswith("Category-")] == ["a", "b", "c"]
    assert await desk.refused("ListCategories", Filename="none.conf") == "Config file not found"
    outside = await desk.refused("ListCategories", Filename="../../etc/passwd")
    assert "root" not in outside


async def test_log_files_are_rotated(desk: Desk, switch: Switch) -> None:
    folder = switch.node.paths.log
    (folder / "messages").write_text("before\n")
    await desk.done("LoggerRotate")
    assert (folder / "messages.0").read_text().startswith("before\n")
    assert "before" not in (folder / "messages").read_text()


# ---------------------------------------------------------------- the dialplan


async def test_extensions_are_added_and_removed(desk: Desk, switch: Switch) -> None:
    new = {
        "Context": "new",
        "Extension": "_1X",
        "Priority": "1",
        "Application": "NoOp",
        "ApplicationData": "x",
    }
    await desk.done("DialplanExtensionAdd", **new)
    assert "already" in await desk.refused("DialplanExtensionAdd", **new)
    await desk.done("DialplanExtensionAdd", **{**new, "ApplicationData": "y"}, Replace="yes")
    answer = await desk.done("Command", Command="dialplan show 15@new")
    assert "NoOp(y)" in answer["Output"]
    for wrong in ({"Priority": "zero"}, {"Priority": "0"}, {"Application": ""}):
        await desk.refused("DialplanExtensionAdd", **{**new, "Extension": "9", **wrong})
    await desk.done("DialplanExtensionRemove", Context="new", Extension="_1X", Priority="1")
    assert "no extension" in await desk.refused("DialplanExtensionRemove", Context="new", Extension="_1X")
    await desk.refused("DialplanExtensionRemove", Context="nowhere", Extension="1")


async def test_a_hint_that_is_added_is_followed_until_it_is_removed(desk: Desk) -> None:
    hint = {"Context": "new", "Extension": "12"}
    await desk.done("DialplanExtensionAdd", **hint, Priority="hint", Application="Custom:light")
    await desk.done("Command", Command="devstate change Custom:light INUSE")
    event = await desk.client.find(Event="ExtensionStatus", Exten="12")
    assert (event["Context"], event["Hint"], event["StatusText"]) == ("new", "Custom:light", "InUse")
    await desk.done("DialplanExtensionRemove", **hint)
    assert (await desk.client.find(Event="ExtensionStatus", Status="-2"))["StatusText"] == "Removed"


async def test_extensions_with_hints_and_presences(desk: Desk) -> None:
    await desk.done("Command", Command='presencestate change CustomPresence:alice "away,lunch,back at two"')
    items = await desk.listing("ExtensionStateList")
    found = [(one["Exten"], one["Context"], one["Hint"], one["StatusText"]) for one in items]
    assert found == [
        ("6", "default", "Custom:lamp", "Idle"),
        ("7", "default", "PJSIP/alice,CustomPresence:alice", "Idle"),
    ]
    (presence,) = await desk.listing("PresenceStateList")
    assert (presence["Event"], presence["Presentity"]) == ("PresenceStateChange", "CustomPresence:alice")
    assert (presence["Status"], presence["Subtype"], presence["Message"]) == ("away", "lunch", "back at two")


# ---------------------------------------------------------------- SIP


async def test_passwords_are_for_those_who_may_read_the_configuration(desk: Desk, switch: Switch) -> None:
    (boss,) = await desk.listing("PJSIPShowAuths")
    assert (boss["Event"], boss["ObjectName"], boss["Username"]) == ("AuthList", "in", "in")
    assert boss["Password"] == "hush"
    clerk = await desk.log_in(switch, "clerk")
    (seen,) = await desk.listing("PJSIPShowAuths", clerk)
    assert "hush" not in seen.values()
    await clerk.close()


async def test_contacts_and_who_registers_here(desk: Desk) -> None:
    (contact,) = await desk.listing("PJSIPShowContacts")
    assert (contact["Event"], contact["Endpoint"]) == ("ContactList", "alice")
    assert contact["Uri"] == str(desk.alice.contact)
    (status,) = await desk.listing("PJSIPShowRegistrationInboundContactStatuses")
    assert (status["Event"], status["AOR"], status["URI"]) == ("ContactStatusDetail", "alice", contact["Uri"])
    (aor,) = await desk.listing("PJSIPShowRegistrationsInbound")
    assert (aor["Event"], aor["ObjectName"]) == ("InboundRegistrationDetail", "alice")
    assert (aor["MaxContacts"], aor["TotalContacts"]) == ("2", "1")


async def test_registrations_of_ours(desk: Desk) -> None:
    """Each REGISTER is asked for by an action: the second, and the one that takes the binding back."""
    register = await desk.registrar.expect("REGISTER", timeout=12)
    desk.registrar.answer(register, 200, headers=[f"Contact: {register.get('Contact')};expires=600"])
    await desk.client.find(Event="Registry", Status="Registered")
    (row,) = await desk.listing("PJSIPShowRegistrationsOutbound")
    assert (row["Event"], row["ObjectName"], row["Status"]) == (
        "OutboundRegistrationDetail",
        "out",
        "Registered",
    )
    assert 0 < int(row["NextReg"]) <= 600
    await desk.done("PJSIPRegister", Registration="out")
    again = await desk.registrar.expect("REGISTER")
    desk.registrar.answer(again, 200, headers=[f"Contact: {again.get('Contact')};expires=600"])
    await desk.done("PJSIPUnregister", Registration="out")
    back = await desk.registrar.expect("REGISTER")
    assert "0" in (back.get("Expires"), (back.get("Contact") or "").rpartition("expires=")[2])
    desk.registrar.answer(back, 200)
    await eventually("the end", lambda: any(m.get("Status") == "Unregistered" for m in desk.client.got))
    for action in ("PJSIPRegister", "PJSIPUnregister"):
        assert "Unable" in await desk.refused(action, Registration="none")


async def test_a_phone_is_asked_whether_it_is_there(desk: Desk) -> None:
    await desk.done("PJSIPQualify", Endpoint="alice")
    desk.alice.answer(await desk.alice.expect("OPTIONS"), 200)
    event = await desk.client.find(Event="ContactStatus", ContactStatus="Reachable")
    assert (event["AOR"], event["URI"]) == ("alice", str(desk.alice.contact))
    assert int(event["RoundtripUsec"]) > 0
    peer = await desk.client.find(Event="PeerStatus", PeerStatus="Reachable")
    assert peer["Peer"] == "PJSIP/alice"
    assert "Unable" in await desk.refused("PJSIPQualify", Endpoint="none")
