"""The example of docs/features.md does what the page says."""

from __future__ import annotations

from offhook.config.errors import Problems
from offhook.config.files.features import read_features_conf
from offhook.config.reader import read_text
from offhook.dialplan.reader import read_dialplan_text
from unit.docs.doc_blocks import ROOT, blocks_of


def page(name: str) -> str:
    text = (ROOT / "docs" / "features.md").read_text("utf-8")
    [found] = [
        block.text
        for block in blocks_of(text, "features.md")
        if (block.marker, block.argument) == ("check", name)
    ]
    return found


async def calling(office, number: str):
    problems = Problems()
    plan = page("extensions.conf").replace("PJSIP/", "Fake/")
    o = office(read_dialplan_text(plan, problems=problems))
    o.dynamic_features.use(read_features_conf(read_text(page("features.conf")), problems))
    assert not problems.errors
    phones = [o.phone(name, answers=1, context="office") for name in ("6001", "6002")]
    alice = o.call(number, context="office", number="6009")
    await o.settle(2)
    return o, alice, phones


async def press(o, leg, digits: str) -> None:
    for digit in digits:
        leg.digit_received(digit, 100)
        await o.settle(0.2)
    await o.settle(2)


async def test_a_transfer_after_asking(office) -> None:
    o, alice, (bob, carol) = await calling(office, "6001")
    await press(o, bob.leg, "*26002")
    await o.settle(5)
    bob.leg.far_end_hung_up(16)
    await o.settle(1)
    assert alice.bridge.other(alice).name.startswith("Local/6002@office")
    carol.leg.far_end_hung_up(16)
    await o.ended(alice)


async def test_a_transfer_at_once(office) -> None:
    o, alice, (bob, carol) = await calling(office, "6001")
    await press(o, alice, "#16002")
    await o.settle(5)
    assert alice.ended
    assert bob.leg.bridge.other(bob.leg) is carol.leg
    carol.leg.far_end_hung_up(16)
    await o.ended(bob.leg)


async def test_applications_behind_digits(office) -> None:
    o, alice, (bob, _) = await calling(office, "100")
    await press(o, bob.leg, "*5")
    assert "later" not in o.runner.globals  # only who called 100
    await press(o, alice, "*5")
    assert o.runner.globals["later"] == "6009"
    alice.far_end_hung_up(16)
    await o.ended(alice)


async def test_a_group_for_both(office) -> None:
    o, alice, (bob, _) = await calling(office, "101")
    await press(o, bob.leg, "*7")
    assert alice.said == ["tt-weasels"]
    await o.settle(5)
    await press(o, alice, "*0")
    assert not alice.ended
    await press(o, alice, "*#")
    assert alice.ended
