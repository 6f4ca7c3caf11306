"""Clients of the manager interface against a running node: login, privileges, actions, events, bad input."""

from __future__ import annotations

import asyncio
import hashlib
import random
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from unit.drivers.node import Switch, eventually

MANAGER = """
[general]
enabled = yes
bindaddr = 127.0.0.1
port = 0
{general}
[boss]
secret = s3cret
read = all
write = all
[viewer]
secret = look
read = call
write = reporting
eventfilter(name(Newexten)) =
eventfilter(name(Newchannel)) =
[barred]
secret = x
deny = 0.0.0.0/0
[once]
secret = x
allowmultiplelogin = no
"""
DIALPLAN = """
[default]
exten => 100,1,Answer(,i)
 same => n,Set(FOO=one)
 same => n,Wait(60)
exten => 200,1,Answer(,i)
 same => n,Set(GLOBAL(there)=${CHANNEL})
 same => n,Wait(60)
exten => busy,1,Busy(1)
exten => hint,hint,Custom:lamp
"""


class Client:
    """A client that keeps everything that it is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.banner = b""
        self.got: list[dict[str, str]] = []
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> Client:
        client = cls(*await asyncio.open_connection("127.0.0.1", port, ssl=tls))
        client.banner = await client.reader.readline()
        client._task = asyncio.create_task(client._read())
        return client

    async def _read(self) -> None:
        while text := await self.reader.readuntil(b"\r\n\r\n"):
            message: dict[str, str] = {}
            for line in text.decode().splitlines():
                name, _, value = line.partition(": ")
                if name:
                    message[name] = f"{message[name]}\n{value}" if name in message else value
            self.got.append(message)

    def send(self, action: str, **headers: str) -> None:
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def ask(self, action: str, **headers: str) -> dict[str, str]:
        number = str(random.getrandbits(40))
        self.send(action, ActionID=number, **headers)
        return await self.find(ActionID=number)

    async def find(self, **headers: str) -> dict[str, str]:
        """The first message with these headers, as soon as it is there."""
        found: list[dict[str, str]] = []

        def seen() -> bool:
            found[:] = [m for m in self.got if all(m.get(k) == v for k, v in headers.items())]
            return bool(found)

        await eventually(f"a message with {headers}", seen)
        return found[0]

    def events(self) -> list[str]:
        return [message["Event"] for message in self.got if "Event" in message]

    async def log_in(self, user: str = "boss", secret: str = "s3cret", **headers: str) -> Client:
        answer = await self.ask("Login", Username=user, Secret=secret, **headers)
        assert answer["Message"] == "Authentication accepted"
        return self

    @property
    def is_closed(self) -> bool:
        return self._task is not None and self._task.done()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self.writer.close()


class Office:
    """A node with a manager interface, and clients."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch
        self.clients: list[Client] = []

    @property
    def node(self):
        return self.switch.node

    @property
    def port(self) -> int:
        return self.node.manager.ports()[0]

    async def start(self, general: str = "") -> None:
        (self.switch.config / "manager.conf").write_text(MANAGER.format(general=general))
        await self.switch.start("", DIALPLAN)

    async def client(self) -> Client:
        client = await Client.connect(self.port)
        self.clients.append(client)
        return client

    async def boss(self, **headers: str) -> Client:
        return await (await self.client()).log_in(**headers)


@pytest_asyncio.fixture
async def office(switch: Switch) -> AsyncIterator[Office]:
    made = Office(switch)
    yield made
    for client in made.clients:
        await client.close()


# ---------------------------------------------------------------- login


async def test_plain_login_and_logoff(office: Office) -> None:
    await office.start()
    client = await office.client()
    assert client.banner.startswith(b"Asterisk Call Manager/")
    assert (await client.ask("Ping"))["Message"] == "Permission denied"
    await client.log_in()
    booted = await client.find(Event="FullyBooted")
    assert booted["Privilege"] == "system,all"
    assert booted["Status"] == "Fully Booted"
    pong = await client.ask("ping")
    assert (pong["Response"], pong["Ping"]) == ("Success", "Pong")
    bye = await client.ask("Logoff")
    assert (bye["Response"], bye["Message"]) == ("Goodbye", "Thanks for all the fish.")
    await eventually("the connection is closed", lambda: client.is_closed)
    await eventually("the session is gone", lambda: not office.node.manager.sessions)


async def test_login_by_challenge(office: Office) -> None:
    await office.start()
    client = await office.client()
    challenge = (await client.ask("Challenge", AuthType="MD5"))["Challenge"]
    key = hashlib.md5(f"{challenge}s3cret".encode()).hexdigest()
    answer = await client.ask("Login", AuthType="MD5", Username="boss", Key=key)
    assert answer["Response"] == "Success"
    assert (await (await office.client()).ask("Challenge", AuthType="SHA"))["Response"] == "Error"


@pytest.mark.parametrize(
    ("user", "headers", "event"),
    [
        ("boss", {"Secret": "wrong"}, "InvalidPassword"),
        ("boss", {}, "InvalidPassword"),
        ("boss", {"AuthType": "MD5", "Key": "0"}, "ChallengeResponseFailed"),
        ("nobody", {"Secret": "x"}, "InvalidAccountID"),
        ("barred", {"Secret": "x"}, "FailedACL"),
    ],
)
async def test_a_refused_login(
    office: Office, monkeypatch, caplog, user: str, headers: dict[str, str], event: str
) -> None:
    monkeypatch.setattr("offhook.api.failed_logins._DELAY", 0.01)
    await office.start()
    watcher = await office.boss()
    client = await office.client()
    answer = await client.ask("Login", Username=user, **headers)
    assert (answer["Response"], answer["Message"]) == ("Error", "Authentication failed")
    await eventually("the connection is closed", lambda: client.is_closed)
    assert (await watcher.find(Event=event, AccountID=user))["Service"] == "AMI"
    assert f'SecurityEvent="{event}"' in caplog.text


async def test_guessing_gets_slower_and_slower(office: Office, monkeypatch) -> None:
    monkeypatch.setattr("offhook.api.failed_logins._DELAY", 0.05)
    await office.start()
    server = office.node.manager
    guessers = [await office.client() for _ in range(8)]
    for guesser in guessers:
        guesser.send("Login", Username="boss", Secret="guess")
    await eventually("five are made to wait", lambda: server.failed_logins.is_pestered_by("127.0.0.1"))
    right = await office.client()
    answer = await right.ask("Login", Username="boss", Secret="s3cret")
    assert answer["Response"] == "Error"  # while it is being pestered, nothing of that address is looked at
    await eventually("all are told", lambda: all(one.is_closed for one in guessers))
    await office.boss()


async def test_limits_of_connections(office: Office) -> None:
    await office.start("authlimit = 2")
    one, two = await office.client(), await office.client()
    third = await office.client()
    assert third.banner == b""
    await one.log_in()
    await (await office.client()).log_in()
    await two.log_in()


async def test_a_user_who_may_log_in_once(office: Office) -> None:
    await office.start()
    await (await office.client()).log_in("once", "x")
    answer = await (await office.client()).ask("Login", Username="once", Secret="x")
    assert answer["Message"] == "Login Already In Use"


async def test_who_does_not_log_in_is_disconnected(office: Office) -> None:
    await office.start("authtimeout = 1")
    client = await office.client()
    await eventually("it is disconnected", lambda: client.is_closed)


# ---------------------------------------------------------------- privileges and events


async def test_a_viewer_sees_what_it_may_and_wants(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    viewer = await (await office.client()).log_in("viewer", "look")
    denied = await viewer.ask("Originate", Channel="Local/100@default", Application="Wait", Data="1")
    assert denied["Message"] == "Permission denied"
    assert (await viewer.ask("Setvar", Variable="a", Value="b"))["Message"] == "Permission denied"
    assert (await viewer.ask("Getvar", Variable="a"))["Response"] == "Success"
    listed = await viewer.ask("ListCommands")
    assert "Getvar" in listed
    assert "Setvar" not in listed
    await boss.ask("Originate", Channel="Local/100@default", Application="Wait", Data="60")
    await viewer.find(Event="Newchannel")
    assert set(viewer.events()) == {"Newchannel"}
    assert {"Newchannel", "Newexten", "VarSet", "DialBegin", "DialEnd", "LocalBridge"} <= set(boss.events())


async def test_events_can_be_turned_off_and_nothing_is_built_then(office: Office) -> None:
    await office.start()
    server = office.node.manager
    assert not server.is_watched
    boss = await office.boss(Events="off")
    assert not server.is_watched
    assert (await boss.ask("Events", EventMask="call,dtmf"))["Events"] == "On"
    assert server.is_watched
    assert (await boss.ask("Events", EventMask="maybe"))["Message"] == "Invalid event mask"
    assert (await boss.ask("Events", EventMask="off"))["Events"] == "Off"
    assert not server.is_watched
    await boss.ask("Originate", Channel="Local/100@default", Application="Wait", Data="60")
    assert boss.events() == []


async def test_filters_of_a_session(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    good = await boss.ask("Filter", Operation="Add", MatchCriteria="name(UserEvent)", Filter="")
    assert good["Response"] == "Success"
    assert (await boss.ask("Filter", Filter="("))["Response"] == "Error"
    await boss.ask("Originate", Channel="Local/100@default", Application="Wait", Data="60")
    await boss.ask("UserEvent", UserEvent="Hello", Colour="red\tgreen")
    event = await boss.find(Event="UserEvent")
    assert (event["UserEvent"], event["Colour"]) == ("Hello", "red\\tgreen")
    assert boss.events() == ["FullyBooted", "UserEvent"]


# ---------------------------------------------------------------- calls


async def test_an_originated_call_that_fails_is_named_as_it_was_asked_for(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    where = {"Exten": "200", "Context": "default", "Priority": "1", "Async": "yes"}
    boss.send("Originate", Channel="Local/busy@default", ActionID="call", **where)
    ended = await boss.find(Event="OriginateResponse")
    assert (ended["Response"], ended["Channel"], ended["Uniqueid"]) == (
        "Failure",
        "Local/busy@default",
        "<null>",
    )


async def test_originate_status_redirect_and_hangup(office: Office) -> None:
    await office.start("channelvars = FOO")
    boss = await office.boss()
    headers = {"CallerID": '"Bob" <77>', "Variable": "A=1,CALLERID(tag)=t", "ChannelId": "mine"}
    boss.send(
        "Originate", Channel="Local/100@default", Exten="200", Context="default", Priority="1",
        Async="yes", ActionID="call", **headers,
    )  # fmt: skip
    ended = await boss.find(Event="OriginateResponse")
    assert (ended["Response"], ended["Reason"], ended["Uniqueid"]) == ("Success", "4", "mine")
    name = ended["Channel"]
    assert (await boss.ask("Getvar", Channel=name, Variable="A"))["Value"] == "1"
    assert (await boss.ask("Getvar", Channel="mine", Variable="CALLERID(all)"))["Value"] == '"Bob" <77>'
    assert (await boss.ask("Setvar", Channel=name, Variable="B", Value="2"))["Message"] == "Variable Set"
    assert (await boss.ask("Getvar", Channel=name, Variable="B"))["Value"] == "2"
    shown = await boss.ask("Status", Channel=name, Variables="A,CALLERID(num)")
    assert shown["EventList"] == "start"
    status = await boss.find(Event="Status", Channel=name)
    assert status["Variable"] == "A=1\nCALLERID(num)=77"
    assert (await boss.find(Event="StatusComplete"))["Items"] == "1"
    await boss.ask("CoreShowChannels")
    assert (await boss.find(Event="CoreShowChannelsComplete"))["ListItems"] == "2"
    other = name.replace(";1", ";2")
    assert (await boss.find(Event="CoreShowChannel", Channel=other))["ChanVariable"] == "FOO=one"
    moved = await boss.ask("Redirect", Channel=other, Exten="200", Context="default", Priority="1")
    assert moved["Message"] == "Redirect successful"
    await eventually("it is there", lambda: office.node.runner.globals.get("there") == other)
    assert (await boss.ask("Hangup", Channel="nobody"))["Message"] == "No such channel"
    assert (await boss.ask("Hangup", Channel=name, Cause="17"))["Message"] == "Channel Hungup"
    gone = await boss.find(Event="Hangup", Channel=name)
    assert (gone["Cause"], gone["Cause-txt"]) == ("17", "User busy")
    await eventually("nothing is left", lambda: not office.node.pbx.channels)


async def test_hanging_up_by_expression(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    for _ in range(2):
        await boss.ask("Originate", Channel="Local/100@default", Application="Wait", Data="60")
    assert (await boss.ask("Hangup", Channel="/^Local.*;2$/"))["EventList"] == "start"
    await eventually("nothing is left", lambda: not office.node.pbx.channels)
    assert boss.events().count("ChannelHungup") == 2


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Channel": "Local"}, "Invalid channel"),
        ({"Channel": "Local/100@default"}, "Originate with 'Exten' requires 'Context' and 'Priority'"),
        ({"Channel": "Local/100@default", "Exten": "9", "Context": "default", "Priority": "1"},
         "Extension does not exist."),
        ({"Channel": "Local/100@default", "Exten": "100", "Context": "default", "Priority": "x"},
         "Invalid priority"),
        ({"Channel": "Local/9@default", "Application": "Wait"}, "Originate failed"),
        ({"Channel": "Local/100@default", "Application": "Wait", "Timeout": "soon"},
         "Timeout is not a number: soon"),
        ({"Channel": "Local/100@default", "Application": "Wait", "Codecs": "ulaw,nothing"},
         "Invalid codecs: nothing"),
        ({}, "Channel not specified"),
    ],
)  # fmt: skip
async def test_originate_that_cannot_be(office: Office, headers: dict[str, str], message: str) -> None:
    await office.start()
    answer = await (await office.boss()).ask("Originate", **headers)
    assert (answer["Response"], answer["Message"]) == ("Error", message)


# ---------------------------------------------------------------- the node


async def test_commands_states_and_modules(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    output = await boss.ask("Command", Command="core show version")
    assert output["Message"] == "Command output follows"
    assert "Offhook" in output["Output"]
    assert (await boss.ask("Command", Command="nonsense"))["Response"] == "Error"
    await boss.ask("Setvar", Variable="DEVICE_STATE(Custom:lamp)", Value="BUSY")
    state = await boss.ask("ExtensionState", Exten="hint", Context="default")
    assert (state["Status"], state["Hint"]) == ("2", "Custom:lamp")
    assert (await boss.find(Event="ExtensionStatus"))["StatusText"] == "Busy"
    await boss.ask("DeviceStateList")
    assert (await boss.find(Event="DeviceStateListComplete"))["ListItems"] == "1"
    assert (await boss.ask("ModuleCheck", Module="app_playback"))["Response"] == "Success"
    assert (await boss.ask("ModuleCheck", Module="app_nothing"))["Response"] == "Error"
    assert (await boss.ask("CoreStatus"))["CoreCurrentCalls"] == "0"
    assert (await boss.ask("CoreSettings"))["AMIversion"] == "13.0.0"
    assert (await boss.ask("Nonsense"))["Message"].startswith("Invalid/unknown command: Nonsense.")


async def test_modules_that_come_and_go_are_told(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    for how, status, response in (
        ("Unload", "Success", "Success"),
        ("Load", "Success", "Success"),
        ("Load", "Failure", "Error"),  # it runs
    ):
        reply = await boss.ask("ModuleLoad", LoadType=how.lower(), Module="app_echo.so")
        assert reply["Response"] == response
        told = await boss.find(Event=how, Status=status)
        assert told["Module"] == "app_echo.so"


async def test_the_database(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    assert (await boss.ask("DBPut", Family="a", Key="b", Val="c d"))["Response"] == "Success"
    assert (await boss.ask("DBGet", Family="a", Key="b"))["EventList"] == "start"
    assert (await boss.find(Event="DBGetResponse"))["Val"] == "c d"
    assert (await boss.ask("DBGetTree", Family="a"))["Response"] == "Success"
    assert (await boss.find(Event="DBGetTreeResponse"))["Key"] == "/a/b"
    assert (await boss.ask("DBDel", Family="a", Key="b"))["Message"] == "Key deleted successfully"
    assert (await boss.ask("DBDel", Family="a", Key="b"))["Message"] == "Database entry not found"


async def test_configuration_files(office: Office, tmp_path: Path) -> None:
    await office.start()
    boss = await office.boss()
    assert (await boss.ask("CreateConfig", Filename="x.conf"))["Response"] == "Success"
    steps = {
        "Action-000000": "NewCat", "Cat-000000": "one",
        "Action-000001": "Append", "Cat-000001": "one", "Var-000001": "a", "Value-000001": "1",
        "Action-000002": "Insert", "Cat-000002": "one", "Var-000002": "b", "Value-000002": ">2",
        "Line-000002": "0",
    }  # fmt: skip
    done = await boss.ask("UpdateConfig", SrcFilename="x.conf", DstFilename="x.conf", **steps)
    assert done["Response"] == "Success"
    read = await boss.ask("GetConfig", Filename="x.conf")
    assert (read["Line-000000-000000"], read["Line-000000-000001"]) == ("b=2", "a=1")
    assert (office.switch.config / "x.conf").read_text() == "[one]\nb => 2\na = 1\n"
    bad = {"Action-000000": "DelCat", "Cat-000000": "one", "Action-000001": "DelCat", "Cat-000001": "two"}
    refused = await boss.ask("UpdateConfig", SrcFilename="x.conf", DstFilename="x.conf", **bad)
    assert refused["Response"] == "Error"
    assert (office.switch.config / "x.conf").read_text() == "[one]\nb => 2\na = 1\n"
    for name in ("/etc/passwd", "../x.conf", "nothing.conf"):
        assert (await boss.ask("GetConfig", Filename=name))["Response"] == "Error"


@pytest.mark.parametrize(
    ("preserve", "inherits", "repeats"),
    [("yes", "a = 1\n", "a = 1\na = 2\n"), ("no", "", "")],
)
async def test_a_template_changes(office: Office, preserve: str, inherits: str, repeats: str) -> None:
    """What inherits from it keeps what it was, or follows; other lines stay."""
    await office.start()
    text = "[t](!)\na = {}\nb = 5\n[one](t)\n{}c = 3\n[two](t)\n{}"
    path = office.switch.config / "x.conf"
    path.write_text(text.format("1", "", "a = 2\n"))
    boss = await office.boss(Events="off")
    step = {"Action-000000": "Update", "Cat-000000": "t", "Var-000000": "a", "Value-000000": "2"}
    options = {"SrcFilename": "x.conf", "DstFilename": "x.conf", "PreserveEffectiveContext": preserve}
    assert (await boss.ask("UpdateConfig", **options, **step))["Response"] == "Success"
    assert path.read_text() == text.format("2", inherits, repeats)


async def test_reload_keeps_who_is_there(office: Office) -> None:
    await office.start()
    boss, viewer = await office.boss(), await (await office.client()).log_in("viewer", "look")
    path = office.switch.config / "manager.conf"
    path.write_text(path.read_text().replace("[viewer]", "[another]"))
    assert (await boss.ask("Reload"))["Message"] == "Module Reloaded"
    await eventually("the user who is gone is disconnected", lambda: viewer.is_closed)
    assert (await boss.find(Event="Reload"))["Status"] == "0"
    path.write_text("[general]\nenabled = perhaps\n")
    assert (await boss.ask("Reload"))["Response"] == "Error"
    assert (await boss.ask("Ping"))["Response"] == "Success"


# ---------------------------------------------------------------- bad input


async def test_random_lines_do_no_harm(office: Office) -> None:
    await office.start()
    boss = await office.boss(Events="off")
    dice = random.Random(1)
    names = [
        "Action",
        "ActionID",
        "Channel",
        "Variable",
        "Exten",
        "Cause",
        "Filename",
        "EventMask",
        "Filter",
        "",
    ]
    from offhook.api.ami.declare import ACTIONS

    harmless = {"logoff", "waitevent", "login", "moduleload", "reload", "updateconfig", "createconfig"}
    actions = [one.name for one in ACTIONS.all() if one.name.lower() not in harmless]
    before = len(boss.got)
    sent = 0
    for _ in range(1500):
        lines = [f"Action: {dice.choice([*actions, 'x'])}", f"ActionID: {sent}"]
        for _ in range(dice.randrange(5)):
            value = "".join(
                chr(dice.choice((dice.randrange(32, 127), dice.randrange(128, 1000)))) for _ in range(8)
            )
            lines.append(f"{dice.choice(names)}{dice.choice((': ', ':', ' '))}{value}")
        boss.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        sent += 1
        if not sent % 100:
            await boss.writer.drain()
    pong = await boss.ask("Ping")
    assert pong["Response"] == "Success"
    answers = [message for message in boss.got[before:] if "Response" in message]
    assert len(answers) == sent + 1
    assert not office.node.pbx.channels
