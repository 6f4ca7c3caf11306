"""A PBX inside a program: configuration from code, calls, events, a clean stop; the host is left alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import threading
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import offhook
from offhook import PBX, Call, Dialplan, errors, events

CONF = {
    "extensions.conf": """
[default]
exten => 700,1,Wait(1)
 same => n,Goto(conf,s,1)
[conf]
exten => s,1,Wait(5)
"""
}


def script() -> Dialplan:
    dialplan = Dialplan(globals={"FROM": "code"})

    @dialplan.context("default").extension("500")
    async def welcome(call: Call) -> None:
        call.answer()
        await call.wait(30)

    return dialplan


async def test_ten_lines(tmp_path):
    seen = []
    async with PBX(CONF, dialplan=script()) as pbx:
        ended = pbx.events(events.ChannelHungUp)
        channel = await pbx.originate("Local/500@default", exten="700")
        assert channel.name in {one.name for one in pbx.channels}
        assert "2 active channels" in await pbx.console("core show channels")
        assert "welcome" in await pbx.console("dialplan show 500@default")
        channel.request_hangup()
        async for event in ended:
            seen.append(event.channel.name)
            if len(seen) == 2:
                break
    assert len({name.rpartition(";")[0] for name in seen}) == 1


async def test_the_host_is_left_alone():
    root = logging.getLogger()
    before = (
        root.handlers[:],
        root.level,
        logging.getLogger("offhook").handlers[:],
        [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
    )
    tasks = asyncio.all_tasks()
    async with PBX(
        {**CONF, "logger.conf": "[logfiles]\nfull => notice,warning,error\nconsole => notice\n"}
    ) as pbx:
        folder = pbx.node.paths.config.parent
        assert folder.exists()
        await pbx.reload()
        after = (
            root.handlers[:],
            root.level,
            logging.getLogger("offhook").handlers[:],
            [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        )
        assert after == before
    assert not folder.exists()
    assert asyncio.all_tasks() == tasks
    assert not [one for one in threading.enumerate() if "store" in one.name]
    await pbx.stop()  # once more does no harm
    with pytest.raises(RuntimeError, match="does not run"):
        pbx.channels  # noqa: B018


async def test_a_flow_for_who_is_called():
    got = []

    async def flow(call: Call) -> None:
        got.append(call.name)
        await call.goto("conf", "s")

    async with PBX(CONF, dialplan=script()) as pbx:
        channel = await pbx.originate("Local/500@default", flow, variables={"X": "1"})
        for _ in range(100):
            await asyncio.sleep(0.01)
            if channel.context == "conf":
                break
        assert got == [channel.name]
        assert (channel.context, channel.exten) == ("conf", "s")
        with pytest.raises(errors.OriginateError):
            await pbx.originate("Local/700@default", timeout=0.1)
        with pytest.raises(errors.CannotDialError):
            await pbx.originate("Nothing/1")


async def test_listeners_and_added_extensions(caplog):
    seen = []
    pbx = PBX(CONF)

    @pbx.on(events.ChannelCreated)
    def created(event):
        seen.append("created")

    @pbx.on(events.ChannelAnswered)
    async def answered(event):
        await asyncio.sleep(0)
        seen.append("answered")
        raise ValueError("a bug of the host")

    async with pbx:
        with pytest.raises(errors.CannotDialError):
            await pbx.originate("Local/500@default", timeout=1)
        await pbx.add(script())
        await pbx.reload()
        assert pbx.node.runner.globals["FROM"] == "code"
        await pbx.originate("Local/500@default", exten="700")
        await asyncio.sleep(0.05)
        double = Dialplan()
        double.context("default").extension("700")(noop)
        with pytest.raises(errors.DefinitionError, match="700@default is there already"):
            await pbx.add(double)
    assert "created" in seen
    assert "answered" in seen
    assert "a bug of the host" in caplog.text


async def noop(call: Call) -> None: ...


async def test_mistakes_are_raised(tmp_path):
    with pytest.raises(errors.ConfigError, match="there is no application Anser"):
        async with PBX({"extensions.conf": "[default]\nexten => 1,1,Anser()\n"}):
            pass
    with pytest.raises(errors.StartError):
        await PBX(tmp_path / "nothing").start()


async def test_a_folder_with_a_script_is_reloaded_under_a_call(tmp_path):
    config = tmp_path / "etc"
    config.mkdir()
    source = (
        "import asyncio\nfrom offhook import Call, Dialplan\ndialplan = Dialplan()\n"
        "@dialplan.context('default').extension('500')\nasync def flow(call: Call) -> None:\n"
        "    call.answer()\n    call.globals['WHO'] = 'NAME'\n    await asyncio.sleep(0.3)\n"
        "    call.globals['LATER'] = 'NAME'\n"
    )
    (config / "extensions.py").write_text(source.replace("NAME", "old"))
    async with PBX(config, state=tmp_path / "state") as pbx:
        variables = pbx.node.runner.globals
        await pbx.originate("Local/500@default", noop_wait)
        assert variables["WHO"] == "old"
        (config / "extensions.py").write_text(source.replace("NAME", "new") + "x = (\n")
        problems = await pbx.reload()
        assert [(Path(one.file).name, one.line) for one in problems] == [("extensions.py", 10)]
        assert "welcome" not in await pbx.console("dialplan show default")
        (config / "extensions.py").write_text(source.replace("NAME", "new"))
        assert await pbx.reload() == []
        await asyncio.sleep(0.5)
        assert variables["LATER"] == "old"  # the call keeps what it began with
        await pbx.originate("Local/500@default", noop_wait)
        assert variables["WHO"] == "new"


async def noop_wait(call: Call) -> None:
    await call.wait(5)


async def test_a_script_that_blocks_is_told_and_interrupted(monkeypatch, caplog):
    from offhook.api.python import blocking

    monkeypatch.setattr(blocking.WATCH, "interrupt_after", 0.5)
    dialplan = Dialplan()

    @dialplan.context("default").extension("1")
    async def sleeps(call: Call) -> None:
        import time

        time.sleep(0.2)  # noqa: ASYNC251
        call.globals["SLEPT"] = "1"
        await call.wait(5)

    @dialplan.context("default").extension("2")
    async def loops(call: Call) -> None:
        while True:
            pass

    async with PBX(dialplan=dialplan) as pbx:
        with pytest.raises(errors.OriginateError):
            await pbx.originate("Local/1@default", timeout=0.5)
        with pytest.raises(errors.OriginateError):
            await pbx.originate("Local/2@default", timeout=5)
        assert "Offhook" in await pbx.console("core show version")
    assert "has blocked the node for 0.2" in caplog.text
    assert "test_pbx.py" in caplog.text
    assert "in sleeps()" in caplog.text
    assert "in loops()" in caplog.text
    assert "BlockedError" in caplog.text


def test_the_public_names():
    assert sorted(offhook.__all__) == sorted(
        [
            "AudioCodec",
            "Call",
            "CallerId",
            "Context",
            "DialResult",
            "DialStatus",
            "Dialplan",
            "PBX",
            "RecordResult",
            "RecordStatus",
            "__version__",
            "application",
            "errors",
            "events",
            "function",
        ]
    )
    for name in offhook.__all__:
        assert getattr(offhook, name) is not None
    public = {name for name in dir(Call) if not name.startswith("_")}
    assert public == {
        "answer",
        "apps",
        "audio",
        "caller_id",
        "choose",
        "context",
        "dial",
        "evaluate",
        "exten",
        "functions",
        "globals",
        "gosub",
        "goto",
        "hangup",
        "hold",
        "is_hung_up",
        "is_up",
        "language",
        "left",
        "log",
        "music",
        "name",
        "perform",
        "play",
        "progress",
        "read",
        "read_key",
        "record",
        "recording",
        "ring",
        "run",
        "say_digits",
        "say_letters",
        "say_number",
        "say_phonetic",
        "send_digits",
        "send_text",
        "speaker",
        "tone",
        "uniqueid",
        "variables",
        "wait",
    }


async def test_in_a_web_application() -> None:
    """With the lifespan that Starlette and FastAPI share, served by uvicorn as such applications are."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with PBX(CONF, dialplan=script()) as app.state.pbx:
            yield

    async def call(request: Request) -> JSONResponse:
        number = request.path_params["number"]
        channel = await request.app.state.pbx.originate(f"Local/{number}@default", exten="700")
        return JSONResponse({"channel": channel.name})

    app = Starlette(routes=[Route("/calls/{number}", call, methods=["POST"])], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with asyncio.timeout(60):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/calls/500", method="POST")
        answer = await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=50).read())
        assert json.loads(answer)["channel"].startswith("Local/500@default-")
        server.should_exit = True
        await serving
    with pytest.raises(RuntimeError, match="does not run"):
        _ = app.state.pbx.node
