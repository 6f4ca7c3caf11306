"""Console commands of queues, the bus, the engine's clock, the SIP library and the dialplan's index."""

from __future__ import annotations

import logging
import re

import pytest

from offhook.api.console.all_commands import COMMANDS
from unit.api.ami.test_sessions import Office, office
from unit.drivers.node import Switch, eventually, phone

__all__ = ["office"]

LOGGER = "[logfiles]\nfull => *\n"


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


def row(table: str, name: str) -> list[str]:
    return next(line.split() for line in table.splitlines() if line.startswith(f"{name} "))


async def test_queues_before_threads(switch: Switch) -> None:
    await switch.start(phone("alice"), logger=LOGGER)
    node = switch.node
    node.records.queue_log.write("q", "1.1", "", "X")
    await node.store.flush()
    logging.getLogger("offhook.test").warning("a line")
    table = await run(switch, "core show taskprocessors")
    assert table.startswith("Processor ")
    assert "3 taskprocessors" in table
    store = row(table, "store")
    assert int(store[1]) >= 1
    assert store[2] == "0"
    assert int(row(table, "log/files")[1]) >= 1
    assert "1 taskprocessors" in await run(switch, "core show taskprocessors like ^st")
    assert "no regular expression" in await run(switch, "core show taskprocessors like (")
    assert row(await run(switch, "core show taskprocessor name store"), "store")[0] == "store"
    assert "there is no such queue" in await run(switch, "core show taskprocessor name x")
    assert await run(switch, "core reset taskprocessor store") == "\nReset store\n\n"
    assert row(await run(switch, "core show taskprocessors"), "store")[1] == "0"
    assert int(row(await run(switch, "core show taskprocessors"), "log/files")[1]) >= 1
    assert "3 taskprocessors reset" in await run(switch, "core reset taskprocessors")
    for name in ("store", "log/files"):
        assert re.search(
            rf"{name} ping time: 0\.\d{{6}} sec", await run(switch, f"core ping taskprocessor {name}")
        )
    assert "Total 0 alerted" in await run(switch, "core show taskprocessor alerted subsystems")


async def test_a_queue_that_is_nearly_full_is_told(switch: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    await switch.start(phone("alice"), logger=LOGGER)
    store = switch.node.store
    await store.flush()
    store.limit = 2
    monkeypatch.setattr(store, "_schedule", lambda: None)
    for number in range(2):
        switch.node.records.queue_log.write("q", f"1.{number}", "", "X")
    said = await run(switch, "core show taskprocessor alerted subsystems")
    assert "        2 store\n" in said
    assert "Total 1 alerted" in said
    monkeypatch.undo()
    store._schedule()


async def test_who_listens_to_the_bus(switch: Switch) -> None:
    await switch.start(phone("alice"))
    topics = await run(switch, "stasis show topics")
    count = int(row(topics, "ChannelHungUp")[1])
    assert count >= 1
    said = await run(switch, "stasis show topic ChannelHungUp")
    assert f"Number of subscribers: {count}\n" in said
    assert "offhook.features.cdr.CdrEngine._hung_up" in said
    assert "Nobody listens" in await run(switch, "stasis show topic Nothing")


async def test_the_engine_s_clock(switch: Switch) -> None:
    await switch.start(phone("alice"))
    ports = switch.node.pbx.media.ports()
    said = await run(switch, "timing test")
    found = re.search(r"It has been (\d+) milliseconds, and we got (\d+) timer ticks", said)
    assert found is not None
    expected = int(found[1]) / 20
    assert 0.5 * expected < int(found[2]) < 1.2 * expected + 3
    assert switch.node.pbx.media.ports() == ports
    assert "Usage" in await run(switch, "timing test 1000")


async def test_how_much_the_sip_library_says(switch: Switch) -> None:
    await switch.start(phone("alice"), logger=LOGGER)
    sip, other = logging.getLogger("offhook.sip.ua"), logging.getLogger("offhook.pbx.channel")
    assert await run(switch, "pjproject show log level") == "pjproject log level is default\n"
    assert await run(switch, "pjproject set log level 0") == "pjproject log level was default and is now 0\n"
    assert not sip.isEnabledFor(logging.WARNING)
    assert sip.isEnabledFor(logging.ERROR)
    assert other.isEnabledFor(logging.WARNING)
    await run(switch, "pjproject set log level 2")
    assert sip.isEnabledFor(logging.WARNING)
    assert not sip.isEnabledFor(logging.INFO)
    assert await run(switch, "pjproject set log level 5") == "pjproject log level was 2 and is now 5\n"
    assert sip.isEnabledFor(logging.DEBUG)
    assert not other.isEnabledFor(logging.DEBUG)
    assert await run(switch, "pjproject show log level") == "pjproject log level is 5\n"
    await run(switch, "pjproject set log level default")
    assert not sip.isEnabledFor(logging.DEBUG)
    assert sip.isEnabledFor(logging.INFO)
    assert "Usage" in await run(switch, "pjproject set log level 7")
    assert "DEBUG           : 4,5\n" in await run(switch, "pjproject show log mappings")
    assert re.search(r"max_queue +2000", await run(switch, "pjproject show buildopts"))


async def test_what_the_sip_library_holds(switch: Switch) -> None:
    await switch.start(phone("alice"))
    said = await run(switch, "pjsip dump endpt")
    assert re.search(rf"udp +UDP +127\.0\.0\.1:{switch.port}\n", said)
    assert re.search(r"transactions +0\n", said)


async def test_how_numbers_are_looked_for(switch: Switch) -> None:
    await switch.start(
        "",
        "[a]\nexten => 100,1,NoOp()\nexten => _1XX,1,NoOp()\n"
        "exten => _1[246]0,1,NoOp()\nexten => _9.,1,NoOp()\n",
    )
    assert await run(switch, "dialplan debug a") == (
        "\n     In-mem exten Trie for Fast Extension Pattern Matching, context a:\n\n"
        "  100  => 100\n"
        "  1\n"
        "    [246]\n"
        "      0  => _1[246]0\n"
        "    [0-9]\n"
        "      [0-9]  => _1XX\n"
        "  9\n"
        "    .  => _9.\n"
    )
    assert "There is no existence of 'x' context" in await run(switch, "dialplan debug x")
    assert "Usage" in await run(switch, "dialplan debug a b")


async def test_bridge_technologies_of_the_manager(office: Office) -> None:
    await office.start()
    boss = await office.boss()
    assert (await boss.ask("BridgeTechnologySuspend", BridgeTechnology="native_rtp"))["Response"] == "Success"
    await boss.ask("BridgeTechnologyList")
    item = await boss.find(Event="BridgeTechnologyListItem", BridgeTechnology="native_rtp")
    assert (item["BridgeType"], item["BridgeSuspended"]) == ("Native", "Yes")
    assert (await boss.ask("BridgeTechnologyUnsuspend", BridgeTechnology="native_rtp"))[
        "Response"
    ] == "Success"
    assert office.node.pbx.suspended_bridging == set()
    answer = await boss.ask("BridgeTechnologySuspend", BridgeTechnology="softmix")
    assert "cannot be suspended" in answer["Message"]
    answer = await boss.ask("BridgeTechnologySuspend", BridgeTechnology="x")
    assert answer["Message"] == "Bridge technology not found"


SAY = """[general]
mode=old
[en]
_[n]um:X => digits/${SAY}
_[n]um:X. => num:${SAY:0:1}, num:${SAY:1}
"""


async def test_how_numbers_are_said(switch: Switch) -> None:
    tones = (
        "[default]\nexten => 1,1,Answer()\n same => n,SayNumber(42)\n same => n,Playback(num:4&beep,mix)\n"
    )
    tones += " same => n,Set(GLOBAL(ok)=${PLAYBACKSTATUS})\n same => n,Playback(day:4,say)\n"
    tones += " same => n,Set(GLOBAL(bad)=${PLAYBACKSTATUS})\n"
    await switch.start(phone("alice"), tones, say=SAY)
    assert await run(switch, "say load") == "say mode is [old]\nlanguages with rules: en\n"
    assert await run(switch, "say load new") == "setting say mode from [old] to [new]\n"
    assert await run(switch, "say load") == "say mode is [new]\nlanguages with rules: en\n"
    assert "Usage" in await run(switch, "say load newer")
    asked: list[str] = []
    sounds = switch.node.pbx.sounds

    def find(name: str, language: str = "", codec: str = "ulaw", *, from_caller: bool = False) -> None:
        asked.append(name)

    async def resolve(
        name: str, language: str = "", codec: str = "ulaw", *, from_caller: bool = False
    ) -> None:
        return None

    class Ears:
        def __getattr__(self, name: str) -> object:
            return {"find": find, "resolve": resolve}.get(name) or getattr(sounds, name)

    switch.node.pbx.provide_sounds(Ears())  # type: ignore[arg-type]
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    alice.request("INVITE", f"sip:1@{alice.server}", body=audio.sdp())
    await eventually("it is said", lambda: "bad" in switch.node.runner.globals)
    assert asked == ["digits/4", "digits/2", "digits/4", "beep"]
    assert switch.node.runner.globals["bad"] == "FAILED"
