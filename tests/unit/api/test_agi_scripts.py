"""AGI as scripts and servers see it: programs on pipes, FastAGI over TCP, and what a hang-up does to them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from unit.drivers.node import Switch, eventually, phone

DIALPLAN = """
[default]
exten => agi,1,Answer()
 same => n,AGI({command})
 same => n,Set(GLOBAL(status)=${{AGISTATUS}})
 same => n,Hangup()
exten => h,1,Set(GLOBAL(h)=${{AGISTATUS}})
 same => n,ExecIf($["${{LATE}}" != ""]?AGI({command}))
"""

SCRIPT = """#!{python}
import signal, sys
hups = []
signal.signal(signal.SIGHUP, lambda *_: hups.append(1))
log = open({log!r}, "a", buffering=1)
while (line := sys.stdin.readline().strip()):
    print(line, file=log)
print("argv", *sys.argv[1:], file=log)
def ask(command):
    print(command, flush=True)
    reply = sys.stdin.readline().strip()
    print(command, "->", reply, file=log)
    return reply
{body}
"""


class Scripts:
    """Makes scripts, and reads what they wrote."""

    def __init__(self, folder: Path) -> None:
        self.log_file = folder / "log"
        self.path = folder / "script.py"

    def make(self, body: str, *, executable: bool = True) -> Path:
        text = SCRIPT.format(python=sys.executable, log=str(self.log_file), body=body)
        self.path.write_text(text)
        self.path.chmod(0o755 if executable else 0o644)
        return self.path

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


async def call(switch: Switch, command: str):
    """A phone that calls AGI(command), answered."""
    await switch.start(phone("alice"), DIALPLAN.format(command=command))
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("agi", body=audio.sdp(), status=200)
    return alice, dialog


async def global_(switch: Switch, name: str) -> str:
    found = await eventually(name, lambda: switch.node.runner.globals.get(name))
    return str(found)


# ---------------------------------------------------------------- programs


async def test_a_program_drives_the_call(switch: Switch, scripts: Scripts) -> None:
    path = scripts.make('ask("SET VARIABLE COLOUR red"); ask("GET VARIABLE COLOUR"); ask("HANGUP")')
    alice, _ = await call(switch, f"{path},first,two words")
    await alice.expect("BYE")
    await eventually("the script's end", lambda: "HANGUP ->" in scripts.log())
    log = scripts.log()
    assert f"agi_request: {path}\n" in log
    assert "agi_arg_1: first\nagi_arg_2: two words\n" in log
    assert "argv first two words\n" in log
    assert "GET VARIABLE COLOUR -> 200 result=1 (red)\n" in log
    assert "HANGUP -> 200 result=1\n" in log


async def test_the_call_goes_on_after_the_program(switch: Switch, scripts: Scripts) -> None:
    alice, _ = await call(switch, str(scripts.make('ask("NOOP")')))
    await alice.expect("BYE")
    assert await global_(switch, "status") == "SUCCESS"


async def test_dead_agi_works_as_agi_also_when_the_caller_has_gone(switch: Switch, scripts: Scripts) -> None:
    path = scripts.make('ask("GET VARIABLE LATE")')
    plan = DIALPLAN.replace("AGI(", "DeadAGI(").replace("n,Hangup()", "n,Set(LATE=yes)\n same => n,Hangup()")
    await switch.start(phone("alice"), plan.format(command=path))
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.call("agi", body=audio.sdp(), status=200)
    await alice.expect("BYE")
    await eventually("the script's second run", lambda: "result=1 (yes)" in scripts.log())
    assert "GET VARIABLE LATE -> 200 result=0\n" in scripts.log()
    assert await global_(switch, "status") == "SUCCESS"


async def test_a_hang_up_tells_the_program_which_may_go_on(switch: Switch, scripts: Scripts) -> None:
    path = scripts.make(
        'ask("WAIT FOR DIGIT -1")\n'
        'ask("STREAM FILE beep x")\n'
        'ask("SET VARIABLE LATE yes")\n'
        'print("hups", len(hups), file=log)'
    )
    alice, dialog = await call(switch, str(path))
    await eventually("the script waits", lambda: "argv" in scripts.log())
    await asyncio.sleep(0.1)
    alice.within(dialog, "BYE")
    await eventually("the script's end", lambda: "hups" in scripts.log())
    log = scripts.log()
    assert "WAIT FOR DIGIT -1 -> 200 result=-1\n" in log
    assert "STREAM FILE beep x -> 511 " in log
    assert "SET VARIABLE LATE yes -> 200 result=1\n" in log
    assert "hups 1\n" in log
    assert await global_(switch, "h") == "HANGUP"
    # `h` runs the same script on the dead channel
    await eventually("the second run", lambda: scripts.log().count("WAIT FOR DIGIT -1 -> 511") == 1)


@pytest.mark.parametrize(
    ("command", "status"),
    [("/nowhere/script", "NOTFOUND"), ("nowhere.py", "NOTFOUND"), ("agi://127.0.0.1:1/x", "FAILURE")],
)
async def test_what_cannot_be_started(switch: Switch, command: str, status: str) -> None:
    await call(switch, command)
    assert await global_(switch, "status") == status


async def test_a_program_that_hears_the_caller(switch: Switch, scripts: Scripts) -> None:
    body = (
        "import os; heard = 0\n"
        "while heard < 6400: heard += len(os.read(3, 320))\n"
        'print("heard enough", file=log); ask("SET VARIABLE GLOBAL(heard) yes")'
    )
    plan = DIALPLAN.replace("n,AGI(", "n,EAGI(").format(command=scripts.make(body))
    await switch.start(phone("alice"), plan)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.call("agi", body=audio.sdp(), status=200)
    await alice.expect("BYE")
    assert "heard enough" in scripts.log()
    assert await global_(switch, "heard") == "yes"
    assert await global_(switch, "status") == "SUCCESS"


async def test_a_file_that_is_no_program(switch: Switch, scripts: Scripts) -> None:
    await call(switch, str(scripts.make("", executable=False)))
    assert await global_(switch, "status") == "FAILURE"


async def test_a_program_that_reads_no_reply(switch: Switch, scripts: Scripts) -> None:
    path = scripts.make('print("SET VARIABLE GLOBAL(left) it\\nNOOP\\nNOOP", flush=True)')
    await call(switch, str(path))
    assert await global_(switch, "status") == "SUCCESS"
    assert switch.node.runner.globals["left"] == "it"


async def test_a_program_that_never_ends_a_line(switch: Switch, scripts: Scripts) -> None:
    path = scripts.make('sys.stdout.write("x" * 200_000); sys.stdout.flush()')
    await call(switch, str(path))
    assert await global_(switch, "status") == "FAILURE"


async def test_a_program_that_complains_on_standard_error(
    switch: Switch, scripts: Scripts, caplog: pytest.LogCaptureFixture
) -> None:
    await call(switch, str(scripts.make('print("out of cheese", file=sys.stderr)')))
    assert await global_(switch, "status") == "SUCCESS"
    await eventually("the log line", lambda: "out of cheese" in caplog.text)


PYST = """#!{python}
from asterisk.agi import AGI

agi = AGI()
agi.verbose("called by " + agi.env["agi_callerid"])
agi.set_variable("GLOBAL(pyst)", agi.get_variable("EXTEN") + agi.get_full_variable("${{CALLERID(num)}}"))
agi.appexec("Set", "GLOBAL(ran)=yes")
agi.set_variable("GLOBAL(digits)", agi.get_data("beep", timeout=500, max_digits=2) or "none")
"""


async def test_a_script_of_the_library_pyst2(switch: Switch, tmp_path: Path) -> None:
    path = tmp_path / "pyst.py"
    path.write_text(PYST.format(python=sys.executable))
    path.chmod(0o755)
    await call(switch, str(path))
    assert await global_(switch, "status") == "SUCCESS"
    found = switch.node.runner.globals
    assert (found["pyst"], found["ran"], found["digits"]) == ("agialice", "yes", "none")


# ---------------------------------------------------------------- FastAGI


class Server:
    """A FastAGI server: what it was told, and what it does then."""

    def __init__(self, play: Callable[[Server], object]) -> None:
        self.play = play
        self.told: list[str] = []
        self.closed = asyncio.Event()
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        while line := (await self.line()):
            self.told.append(line)
        await self.play(self)  # type: ignore[misc]
        writer.close()
        self.closed.set()

    async def line(self) -> str:
        return (await self.reader.readline()).decode().rstrip("\n")

    async def ask(self, command: str) -> str:
        self.writer.write(command.encode() + b"\n")
        return await self.line()


@pytest.fixture
async def serve() -> AsyncIterator[Callable]:
    servers: list[asyncio.Server] = []

    async def start(play) -> tuple[Server, int]:
        server = Server(play)
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        servers.append(listening)
        return server, listening.sockets[0].getsockname()[1]

    yield start
    for listening in servers:
        listening.close()


async def test_a_server_drives_the_call(switch: Switch, serve) -> None:
    replies: list[str] = []

    async def play(server: Server) -> None:
        replies.append(await server.ask("GET VARIABLE EXTEN"))

    server, port = await serve(play)
    alice, _ = await call(switch, f"agi://127.0.0.1:{port}/menu?lang=en,one")
    await alice.expect("BYE")
    assert replies == ["200 result=1 (agi)"]
    assert server.told[:3] == [
        "agi_network: yes",
        "agi_network_script: menu?lang=en",
        f"agi_request: agi://127.0.0.1:{port}/menu?lang=en",
    ]
    assert server.told[-1] == "agi_arg_1: one"
    assert await global_(switch, "status") == "SUCCESS"


async def test_a_server_is_told_of_the_hang_up(switch: Switch, serve) -> None:
    lines: list[str] = []
    waiting = asyncio.Event()

    async def play(server: Server) -> None:
        server.writer.write(b"WAIT FOR DIGIT -1\n")
        waiting.set()
        lines.append(await server.line())
        lines.append(await server.line())
        lines.append(await server.ask("ANSWER"))
        lines.append(await server.ask("SET VARIABLE A 1"))

    server, port = await serve(play)
    alice, dialog = await call(switch, f"agi://127.0.0.1:{port}")
    await waiting.wait()
    await asyncio.sleep(0.1)
    alice.within(dialog, "BYE")
    async with asyncio.timeout(10):
        await server.closed.wait()
    assert lines == [
        "200 result=-1",  # the reply that it waits for comes first, as in Asterisk
        "HANGUP",
        "511 Command Not Permitted on a dead channel or intercept routine",
        "200 result=1",
    ]
    assert await global_(switch, "h") == "HANGUP"


async def test_a_server_that_goes_away(switch: Switch, serve) -> None:
    async def play(server: Server) -> None:
        server.writer.write(b"NOOP\nNOOP\nNOOP")  # the last one has no end

    _, port = await serve(play)
    await call(switch, f"agi://127.0.0.1:{port}")
    assert await global_(switch, "status") == "SUCCESS"


async def test_the_node_stops_while_a_server_is_silent(switch: Switch, serve) -> None:
    async def play(server: Server) -> None:
        await server.line()

    server, port = await serve(play)
    await call(switch, f"agi://127.0.0.1:{port}")
    await eventually("the session", lambda: server.told)
    await switch.node.stop()
    async with asyncio.timeout(10):
        await server.closed.wait()
