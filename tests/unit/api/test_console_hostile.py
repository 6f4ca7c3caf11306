"""Random lines on the console's socket: every one is answered, and nothing is left of them."""

from __future__ import annotations

import asyncio
import json
import os
import random

from offhook.api.console.all_commands import COMMANDS
from offhook.api.console.session import HELLO
from unit.drivers.node import Switch, eventually, phone

LINES = int(os.environ.get("OFFHOOK_CONSOLE_LINES", "3000"))
"""100,000 take a minute."""

# They end the node, change the process's limits, write where they are told to, or are slow on purpose.
_NOT = (
    *(
        "core stop",
        "core restart",
        "core waitfullybooted",
        "core set debug",
        "core reload",
        "core show sound",
    ),
    *("ulimit", "malloc", "!", "pjsip set logger", "dialplan save", "channel originate", "database import"),
    *("logger add channel", "logger rotate", "module", "file convert", "timing test"),
)
_TOKENS = (
    *("alice", "default", "1@default", "all", "on", "off", "like", "PJSIP/alice", "%s%n", "-1", "9" * 30),
    *('"', "\\", "\x00", "\x1b[31m", "ä", "\udcff", "..", "/", "*", "a" * 300, "(", "${X}", "$[1/0]"),
    *("${LEN(", "\u202e", "0"),
)


def line(dice: random.Random, names: list[str]) -> str:
    words = dice.choice(names).split() if dice.random() < 0.8 else []
    if words and dice.random() < 0.2:
        words[dice.randrange(len(words))] = dice.choice(_TOKENS)
    words += (dice.choice(_TOKENS) for _ in range(dice.randrange(5)))
    return " ".join(words).replace("\n", " ")


async def test_random_lines_do_no_harm(switch: Switch, caplog) -> None:
    await switch.start(
        phone("alice"), "[default]\nexten => 1,1,Answer()\n", logger="[logfiles]\na => error\n"
    )
    dice = random.Random(5)
    names = [
        name
        for command in COMMANDS.all()
        if not (name := command.name).startswith(_NOT)
        and "reload" not in name
        and not name.startswith("module")
    ]
    reader, writer = await asyncio.open_unix_connection(switch.node.paths.socket, limit=64 << 20)
    writer.write(f"{HELLO}3\n".encode())
    assert json.loads(await reader.readline())["is"] == "hello"

    async def answer(kind: str) -> dict[str, object]:
        while True:
            message = json.loads(await reader.readline())
            if message["is"] == kind:
                return message

    tasks = len(asyncio.all_tasks())
    for number in range(LINES):
        text = line(dice, names)
        writer.write(json.dumps({"do": "run", "line": text}).encode() + b"\n")
        assert isinstance((await answer("answer"))["text"], str)
        if not number % 10:
            writer.write(json.dumps({"do": "complete", "line": text, "id": number}).encode() + b"\n")
            assert (await answer("words"))["id"] == number
    for junk in (
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"do": 1}\n',
        b'{"do": "run", "line": 3}\n',
        b"[" * 30_000 + b"\n",
    ):
        writer.write(junk)
        assert (await answer("answer"))["text"]
    assert not [record for record in caplog.records if "console:" in record.getMessage() and record.exc_info]
    assert not switch.node.pbx.channels
    await eventually("tasks are gone", lambda: len(asyncio.all_tasks()) <= tasks)
    writer.write(json.dumps({"do": "run", "line": "core show channels count"}).encode() + b"\n")
    assert str((await answer("answer"))["text"]).startswith("0 active channels")
    writer.close()


async def test_a_console_that_reads_nothing_blocks_nobody(switch: Switch) -> None:
    await switch.start(phone("alice"), logger="[logfiles]\na => error\n")
    _, stuck = await asyncio.open_unix_connection(switch.node.paths.socket)
    stuck.write(f"{HELLO}9\n".encode())
    for _ in range(200):
        stuck.write(json.dumps({"do": "run", "line": "core show help"}).encode() + b"\n")
    reader, writer = await asyncio.open_unix_connection(switch.node.paths.socket)
    writer.write(b"core show uptime seconds\n")
    assert (await reader.readline()).startswith(b"System uptime: ")
    writer.close()
    stuck.close()
