"""Console commands about channels."""

from __future__ import annotations

from types import SimpleNamespace

from offhook.api.console.all_commands import COMMANDS


async def test_channels(office) -> None:
    o = office("[default]\nexten => s,1,Dial(Fake/bob)\n")
    node = SimpleNamespace(pbx=o.pbx)
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    text = await COMMANDS.run(node, "core show channels")
    assert alice.name in text
    assert "2 active channels\n1 active call\n1 call processed\n" in text
    concise = (await COMMANDS.run(node, "core show channels concise")).splitlines()
    assert len(concise) == 2
    fields = concise[0].split("!")
    assert fields[:8] == [alice.name, "default", "s", "1", "Up", "Dial", "Fake/bob", "6001"]
    assert len(fields) == 14
    assert (await COMMANDS.run(node, "core show channels count")).startswith("2 active channels")
    assert "Usage" in await COMMANDS.run(node, "core show channels nonsense")
    assert "not a known channel" in await COMMANDS.run(node, "channel request hangup nobody")
    assert alice.name in await COMMANDS.run(node, f"channel request hangup {alice.name}")
    await o.ended(alice)
    assert "0 active channels" in await COMMANDS.run(node, "core show channels count")


async def test_hanging_up_all(office) -> None:
    o = office("[default]\nexten => s,1,Dial(Fake/bob)\n")
    o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(2)
    await COMMANDS.run(SimpleNamespace(pbx=o.pbx), "channel request hangup all")
    await o.settle()
    assert alice.ended
    assert o.left_over() == []
