"""NOTIFY by hand, and maintenance: what administrators do to phones."""

from __future__ import annotations

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.pbx.events import MaintenanceChanged
from offhook.pbx.notifications import Notification, NotifyError
from unit.drivers.node import Switch, connect, eventually, phone

NOTIFY = """[general]
[check]
Event=>check-sync
X-Why=because
[text]
Event=message-summary
Content-Type=text/plain
Content=one
Content=two
Content=>
[wrong]
Call-ID=mine
Event=x
"""


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def test_every_contact_of_an_endpoint_is_notified(switch: Switch) -> None:
    await switch.start(phone("bob"), pjsip_notify=NOTIFY)
    phones = [await switch.peer(name="bob"), await switch.peer(name="bob")]
    for bob in phones:
        await bob.register()
    assert "Sending NOTIFY" in await run(switch, "pjsip send notify text endpoint bob")
    for bob in phones:
        notify = await bob.expect("NOTIFY")
        assert notify.get("Event") == "message-summary"
        assert notify.content_type == "text/plain"
        assert notify.body == b"one\r\ntwo\r\n"
        assert notify.uri == bob.contact
        assert notify.addresses("Contact")[0].uri.host == "127.0.0.1"
        bob.answer(notify, 200)


async def test_a_uri_is_notified_through_the_default_endpoint(switch: Switch) -> None:
    await switch.start(phone("out", "from_user=pbx"), pjsip_notify=NOTIFY)
    peer = await switch.peer(name="x")
    service = switch.node.sip.notifications
    with pytest.raises(NotifyError, match="default_outbound_endpoint"):
        service.sender.notify_uri(peer.contact, service.named("check"))
    switch.write(phone("out", "from_user=pbx") + "[global]\ntype=global\ndefault_outbound_endpoint=out\n")
    await switch.node.reload()
    service.sender.notify_uri(peer.contact, service.named("check"))
    notify = await peer.expect("NOTIFY")
    assert notify.from_.uri.user == "pbx"
    assert notify.get("X-Why") == "because"
    assert notify.body == b""


@pytest.mark.parametrize("within_call", [True, False])
async def test_the_dialplan_notifies(switch: Switch, within_call: bool) -> None:
    what = "&Event=Test&X-Data=Fun"
    to = "" if within_call else "<sip:bob@127.0.0.1:{port}>"
    await switch.start(phone("alice") + phone("default_outbound_endpoint"), "")
    peer, alice = await switch.peer(name="bob"), await switch.peer(name="alice")
    extensions = "[default]\nexten => 1,1,Answer()\n same => n,PJSIPNotify({},{})\n same => n,Wait(9)\n"
    (switch.config / "extensions.conf").write_text(extensions.format(to.format(port=peer.port), what))
    await switch.node.reload()
    audio = await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    notified = alice if within_call else peer
    notify = await notified.expect("NOTIFY")
    assert notify.get("X-Data") == "Fun"
    assert (notify.call_id == dialog.call_id) is within_call


async def test_content_needs_a_type_and_headers_of_the_request_are_left_alone(switch: Switch) -> None:
    with pytest.raises(NotifyError, match="Content-Type"):
        Notification.of([("Content", "x")])
    await switch.start(phone("bob"), pjsip_notify=NOTIFY)
    assert any("Call-ID in [wrong]" in str(problem) for problem in switch.node.problems)
    for line, expected in (
        ("pjsip send notify wrong endpoint bob", "has no contact"),
        ("pjsip send notify none endpoint bob", "no section [none]"),
        ("pjsip send notify check endpoint nobody", "no endpoint 'nobody'"),
        ("pjsip send notify check channel PJSIP/x", "no channel"),
        ("pjsip send notify", "Usage"),
    ):
        assert expected in await run(switch, line)
    bob = await switch.peer(name="bob")
    await bob.register()
    await run(switch, "pjsip send notify wrong endpoint bob")
    assert (await bob.expect("NOTIFY")).call_id != "mine"


async def test_an_endpoint_in_maintenance_begins_nothing_new(switch: Switch) -> None:
    extensions = (
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n same => n,GotoIf($[${HANGUPCAUSE} = 41]?:other)\n"
        " same => n,Hangup(17)\n same => n(other),Hangup(21)\nexten => 1,1,Hangup(17)\n"
    )
    await switch.start(phone("alice") + phone("bob"), extensions)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await alice.register()
    await bob.register()
    audios = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "bob", audios)
    seen: list[MaintenanceChanged] = []
    switch.node.pbx.bus.listen(MaintenanceChanged, seen.append)
    assert "enabled" in await run(switch, "pjsip set maintenance bob on")
    await run(switch, "pjsip set maintenance bob on")
    assert [(event.endpoint, event.on) for event in seen] == [("bob", True)]
    assert "bob" in await run(switch, "pjsip show maintenance")
    await bob.call("1", status=503)
    bob.request("OPTIONS", f"sip:{bob.server}")
    await bob.expect(503)
    await alice.call("bob", status=486)
    alice.within(ours, "BYE")  # what there is goes on
    bob.answer(await bob.expect("BYE"), 200)
    await bob.register(status=503)
    await bob.register(expires=0)
    await run(switch, "pjsip set maintenance all off")
    assert "bob" not in await run(switch, "pjsip show maintenance")
    await bob.register()
    await bob.call("1", status=486)


async def test_who_has_registered_is_an_extension_of_regcontext(switch: Switch) -> None:
    pjsip = phone("alice") + phone("bob") + "[global]\ntype=global\nregcontext=registered\n"
    await switch.start(pjsip, "[default]\ninclude => registered\n")
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await alice.register()
    await bob.register()

    def there(*names: str) -> bool:
        contexts = switch.node.runner.dialplan.contexts
        found = contexts["registered"].extensions if "registered" in contexts else {}
        return {name for name, _ in found} == set(names)

    await eventually("both extensions", lambda: there("alice", "bob"))
    await bob.register(expires=0)
    await eventually("bob's is gone", lambda: there("alice"))
    await switch.node.reload()
    await eventually("a reload keeps alice's", lambda: there("alice"))
    step = switch.node.runner.dialplan.contexts["registered"].extensions["alice", None].steps[1]
    assert (step.application, step.arguments) == ("NoOp", "alice")


async def test_a_wizards_phone_registers_and_has_its_hint(switch: Switch) -> None:
    wizard = (
        "[bob]\ntype=wizard\naccepts_auth=yes\naccepts_registrations=yes\ninbound_auth/username=bob\n"
        "inbound_auth/password=pw\nendpoint/allow=ulaw\nhas_hint=yes\nhint_exten=77\n"
        "hint_application=Hangup(17)\n"
    )
    await switch.start("", pjsip_wizard=wizard)
    bob = await switch.peer(name="bob")
    await bob.register(password="pw")
    extension = switch.node.runner.dialplan.contexts["default"].extensions["77", None]
    assert (extension.hint, extension.steps[1].arguments) == ("PJSIP/bob", "17")
    said = await run(switch, "pjsip export config_wizard primitives")
    assert "[bob-iauth]\ntype = auth\nauth_type = userpass\nusername = bob\n" in said
    path = switch.folder / "made.conf"
    await run(switch, f"pjsip export config_wizard primitives to {path}")
    assert path.read_text() in said
