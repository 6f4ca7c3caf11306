"""Call completion on a whole node with phones that speak SIP: the example of docs/call-completion.md."""

from __future__ import annotations

import pytest

from offhook.api.console.all_commands import COMMANDS
from unit.api.ami.test_sessions import MANAGER, Client
from unit.docs.doc_blocks import ROOT, blocks_of
from unit.drivers.node import Dialog, Peer, Switch, eventually

PAGE = {
    block.argument.removesuffix(".conf"): block.text
    for block in blocks_of((ROOT / "docs" / "call-completion.md").read_text("utf-8"), "call-completion.md")
    if block.marker == "check"
}
OTHER = "exten => 700,1,Answer()\n same => n,Wait(600)\n"


class Scene:
    """The node of the page, two phones, and a manager who sees what happens."""

    def __init__(self, switch: Switch) -> None:
        self.switch = switch

    async def begin(self) -> Scene:
        s = self.switch
        manager = MANAGER.format(general="")
        await s.start(PAGE["pjsip"], PAGE["extensions"] + OTHER, ccss=PAGE["ccss"], manager=manager)
        self.alice, self.bob = await s.peer(name="6001"), await s.peer(name="6002")
        for phone in (self.alice, self.bob):
            await phone.register()
        self.audio = await s.audio()
        self.boss = await Client.connect(s.node.manager.ports()[0])
        await self.boss.log_in()
        return self

    async def end(self) -> None:
        await self.boss.close()

    async def fails(self) -> None:
        """6001 calls 6002, who is on another line."""
        invite = self.alice.request("INVITE", f"sip:6002@{self.alice.server}", body=self.audio.sdp())
        self.bob.answer(await self.bob.expect("INVITE"), 486)
        response = await self.alice.expect(486)
        dialog = Dialog(invite, response)
        dialog.target = invite.uri
        self.alice.within(dialog, "ACK")
        await self.boss.find(Event="CCOfferTimerStart")

    async def dial(self, phone: Peer, number: str) -> None:
        """A number that plays something and hangs up."""
        await phone.call(number, body=self.audio.sdp())
        bye = await phone.expect("BYE", timeout=20)
        phone.answer(bye, 200)

    async def console(self, line: str) -> str:
        return await COMMANDS.run(self.switch.node, line)


@pytest.fixture
async def scene(switch: Switch):
    made = await Scene(switch).begin()
    yield made
    await made.end()


async def test_the_example(scene: Scene) -> None:
    node, boss, alice, bob = scene.switch.node, scene.boss, scene.alice, scene.bob
    theirs = await bob.call("700", body=scene.audio.sdp())  # Bob is on the phone

    await scene.fails()
    available = await boss.find(Event="CCAvailable")
    assert (available["Callee"], available["Service"]) == ("PJSIP/6002", "CCBS")
    assert available["Privilege"] == "cc,all"
    offered = await boss.find(Event="CCOfferTimerStart")
    assert (offered["Caller"], offered["Expires"]) == ("PJSIP/6001", "20")
    assert node.hints.state("*36001", "office").text == "Ringing"
    said = await scene.console("cc report status")
    assert said.splitlines()[0] == "1 Call completion transactions"
    assert "CC offered to caller" in said
    assert "|-->PJSIP/6002(CCBS)" in said
    assert "|-->6002@office" in said

    await scene.dial(alice, "*30")
    requested = await boss.find(Event="CCRequested")
    assert (requested["Caller"], requested["Callee"]) == ("PJSIP/6001", "PJSIP/6002")
    assert requested["CoreID"] == available["CoreID"]
    await boss.find(Event="CCRequestAcknowledged")
    bob.within(theirs, "BYE")
    await bob.expect(200)
    await boss.find(Event="CCCallerRecalling")
    recall = await alice.expect("INVITE")
    assert "6002" in recall.get("From")
    assert "Caller is attempting to recall" in await scene.console("cc report status")
    dialog = alice.accept(recall, scene.audio.sdp())
    await alice.expect("ACK")
    invite = await bob.expect("INVITE")
    assert "6001" in invite.get("From")
    bob.accept(invite, scene.audio.sdp())
    await bob.expect("ACK")
    await boss.find(Event="CCRecallComplete")
    await eventually("they talk", lambda: len(node.pbx.bridges) == 1)
    alice.within(dialog, "BYE")
    bob.answer(await bob.expect("BYE"), 200)
    await eventually("all is over", lambda: not node.pbx.channels)


async def test_cancelled_on_the_phone_and_on_the_console(scene: Scene) -> None:
    boss, alice = scene.boss, scene.alice
    await scene.fails()
    await scene.dial(alice, "*31")
    assert (await boss.find(Event="CCFailure"))["Reason"] == "the caller has cancelled it"
    boss.got.clear()
    await scene.fails()
    number = (await boss.find(Event="CCAvailable"))["CoreID"]
    assert "Usage" in await scene.console("cc cancel core")
    assert "no call completion 99" in await scene.console("cc cancel core 99")
    assert await scene.console(f"cc cancel core {number}") == "1 cancelled.\n"
    assert (await boss.find(Event="CCFailure"))["CoreID"] == number
    assert await scene.console("cc cancel all") == "0 cancelled.\n"
    assert (await scene.console("cc report status")).startswith("0 Call completion transactions")


async def test_reload(scene: Scene) -> None:
    node, config = scene.switch.node, scene.switch.config
    (config / "ccss.conf").write_text("[general]\nenabled = no\ncc_offered_devstate = BUSY\n")
    await scene.fails()
    assert not [problem for problem in await node.reload() if problem.severity.name == "ERROR"]
    assert node.hints.state("*36001", "office").text == "Busy"  # what there is stays
    await scene.console("cc cancel all")
    scene.boss.got.clear()
    invite = scene.alice.request("INVITE", f"sip:6002@{scene.alice.server}", body=scene.audio.sdp())
    scene.bob.answer(await scene.bob.expect("INVITE"), 486)
    dialog = Dialog(invite, await scene.alice.expect(486))
    dialog.target = invite.uri
    scene.alice.within(dialog, "ACK")
    await eventually("the call is over", lambda: not node.pbx.channels)
    assert "CCAvailable" not in scene.boss.events()
