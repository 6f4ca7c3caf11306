"""Reload: calls in progress keep what they have, what comes next is new; all of it or nothing."""

from __future__ import annotations

import asyncio
import logging
import ssl
import subprocess
from pathlib import Path

import pytest

from offhook.api.console.all_commands import COMMANDS
from unit.drivers.node import Peer, Switch, connect, eventually, free_port, hang_up, phone

OURS, THEIRS = b"\x10" * 160, b"\x33" * 160


def auth(name: str, password: str) -> str:
    return f"[{name}]\ntype=auth\nauth_type=userpass\nusername={name}\npassword={password}\n"


async def core_reload(switch: Switch) -> list[str]:
    return (await COMMANDS.run(switch.node, "core reload")).splitlines()


async def status_of(peer: Peer, number: str) -> int:
    """What an INVITE without SDP for a number is answered with."""
    request = peer.request("INVITE", f"sip:{number}@{peer.server}")
    answers: list[int] = []

    def final() -> bool:
        answers[:] = [m.status for m in peer.got if m.status >= 200 and m.call_id == request.call_id]
        return bool(answers)

    await eventually("a final response", final)
    return answers[0]


async def test_everything_changes_under_a_call(switch: Switch) -> None:
    registrar, other = await switch.peer(name="registrar"), await switch.peer(name="other")
    registration = (
        "[r]\ntype=registration\nmax_random_initial_delay=0\nserver_uri=sip:{0}\nclient_uri=sip:me@{0}\n"
    )
    plan = "[default]\nexten => bob,1,Dial(PJSIP/bob,,g)\n same => n,Hangup({0})\nexten => 9,1,Hangup({1})\n"
    await switch.start(
        phone("alice", "auth=alice")
        + auth("alice", "old")
        + phone("bob")
        + phone("gone")
        + registration.format(registrar.address),
        plan.format(17, 17),
    )
    registrar.answer(await registrar.expect("REGISTER"), 200, headers=["Expires: 3600"])
    alice, bob, carol = [await switch.peer(name=name) for name in ("alice", "bob", "carol")]
    await alice.register(password="old")
    await bob.register()
    bob_two = await switch.peer(name="bob")
    a, b = await switch.audio(), await switch.audio()
    theirs = await call_with_password(alice, bob, a, b, "old")

    switch.write(
        phone("alice", "auth=alice\nallow=!all,alaw")
        + auth("alice", "new")
        + phone("bob", "", "max_contacts=1\nremove_existing=yes")
        + phone("carol")
        + registration.format(other.address),
        plan.format(34, 34),
    )
    assert await core_reload(switch) == ["Reloaded."]

    # The call: audio both ways, hold, resume, and the priority that its dialplan was at.
    a.talk()
    b.talk(0, 0x33)
    await b.hears(0, OURS)
    await a.hears(0, THEIRS)
    bob.within(theirs, "INVITE", body=b.sdp("0", "101", version=2, direction="sendonly"))
    await bob.expect(200)
    bob.within(theirs, "ACK")
    bob.within(theirs, "INVITE", body=b.sdp("0", "101", version=3))
    await bob.expect(200)
    bob.within(theirs, "ACK")
    await a.hears(0, THEIRS)

    # Registrations of ours: the old one is taken back, the new one is made.
    gone = await registrar.expect("REGISTER")
    assert (gone.get("Expires") or gone.get("Contact") or "").endswith("0")
    await other.expect("REGISTER")

    # Endpoints, AORs, passwords.
    await alice.register(password="old", status=403)
    await alice.register(password="new")
    await carol.register()
    await bob_two.register()
    assert len(switch.node.sip.contacts.of("bob")) == 1  # remove_existing counts now
    nobody = await switch.peer(name="gone")
    nobody.request("OPTIONS", f"sip:{nobody.server}")
    await nobody.expect(401)

    # Calls that come now run the new dialplan.
    assert await status_of(carol, "9") == 503
    bob.within(theirs, "BYE")
    await bob.expect(200, where=lambda message: message.method == "BYE")
    bye = await alice.expect("BYE")
    assert "cause=17" in (bye.get("Reason") or "")  # as its dialplan said when it came
    alice.answer(bye, 200)
    await eventually("no channel", lambda: not switch.channels())


async def call_with_password(alice, bob, a, b, password):
    from unit.drivers.node import Dialog, digest

    uri = f"sip:bob@{alice.server}"
    alice.request("INVITE", uri, body=a.sdp())
    challenge = await alice.expect(401)
    headers = [digest(challenge, "INVITE", uri, "alice", password)]
    request = alice.request("INVITE", uri, body=a.sdp(), headers=headers)
    invite = await bob.expect("INVITE")
    theirs = bob.accept(invite, b.sdp())
    answer = await alice.expect(200)
    alice.within(Dialog(request, answer), "ACK")
    await bob.expect("ACK")
    a.aim(answer)
    b.aim(invite)
    return theirs


@pytest.mark.parametrize(
    ("file", "text", "line", "what"),
    [
        ("pjsip", "[bob]\ntype=endpoint\nalow=ulaw\n", 3, "unknown option alow"),
        ("extensions", "[default]\nexten => 9,1,Hangup(34)\nexten => 8,x,NoOp\n", 3, ""),
        ("rtp", "[general]\nrtpstart=x\n", 2, "not a whole number"),
        ("logger", "[logfiles]\nx => lots\n", 2, "unknown level"),
        ("pjsip", "#include nowhere.conf\n", 1, "nowhere.conf"),
    ],
)
async def test_a_mistake_changes_nothing_and_is_named(
    switch: Switch, caplog: pytest.LogCaptureFixture, file: str, text: str, line: int, what: str
) -> None:
    await switch.start(phone("alice"), "[default]\nexten => 9,1,Hangup(17)\n")
    alice = await switch.peer(name="alice")
    before = switch.node.snapshot
    # All else has changed too, and must not count.
    switch.write(phone("new"), "[default]\nexten => 9,1,Hangup(34)\n")
    (switch.config / f"{file}.conf").write_text(text)
    said = await core_reload(switch)
    place = f"{switch.config / file}.conf:{line}: "
    assert any(one.startswith(place) and what in one for one in said), said
    assert said[-1] == "Not reloaded: the running configuration stays."
    assert switch.node.snapshot is before
    assert await status_of(alice, "9") == 486
    # By signal there is nobody to tell but the log.
    with caplog.at_level(logging.ERROR, "offhook"):
        switch.node.request_reload()
        await eventually("it is said", lambda: "the running configuration stays" in caplog.text)
    assert place in caplog.text
    assert await status_of(alice, "9") == 486


async def test_a_folder_that_is_gone(switch: Switch) -> None:
    await switch.start(phone("alice"))
    switch.config.rename(switch.folder / "moved")
    said = await core_reload(switch)
    assert "there is no such configuration folder" in said[0]
    assert "Not reloaded" in said[1]


async def test_calls_go_on_while_it_reads(switch: Switch) -> None:
    many = "".join(phone(f"u{number}") for number in range(1500))
    await switch.start(phone("alice"))
    switch.write(many)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    assert await core_reload(switch) == ["Reloaded."]
    ticking.cancel()
    assert ticks > 2  # without a thread it would be none


async def test_two_reloads_at_once(switch: Switch) -> None:
    await switch.start(phone("alice"))
    switch.write(phone("bob"))
    both = await asyncio.gather(core_reload(switch), core_reload(switch))
    assert both == [["Reloaded."], ["Reloaded."]]


async def test_what_waits_for_the_next_start_is_said(switch: Switch) -> None:
    await switch.start(phone("alice"))
    switch.write(
        phone("alice") + "[s]\ntype=system\ntimer_t1=1000\n",
        rtp="[general]\nrtpstart=6000\n",
        asterisk="[directories]\nastspooldir => /tmp\n[options]\nsystemname=x\nmaxcalls=3\n",
        cdr="[general]\nenable=no\nunanswered=yes\n",
    )
    said = [line.removeprefix(f"{switch.config}/") for line in await core_reload(switch)]
    assert said == [
        "rtp.conf:1: warning: the range of ports takes effect at the next start",
        "asterisk.conf:1: warning: [directories] takes effect at the next start",
        "asterisk.conf:3: warning: systemname takes effect at the next start",
        "cdr.conf:1: warning: enable takes effect at the next start",
        f"pjsip.conf:{lines_before(switch, '[s]')}: warning: [system] takes effect at the next start",
        "Reloaded.",
    ]
    assert switch.node.pbx.max_calls == 3
    assert await core_reload(switch) == ["Reloaded."]


def lines_before(switch: Switch, section: str) -> int:
    return (switch.config / "pjsip.conf").read_text().splitlines().index(section) + 1


async def test_call_records_follow_cdr_conf(switch: Switch) -> None:
    await switch.start(phone("alice"), "[default]\nexten => 9,1,Hangup(17)\n")
    alice = await switch.peer(name="alice")
    master = switch.folder / "state/log/cdr-csv/Master.csv"
    await status_of(alice, "9")
    switch.write(
        phone("alice"), "[default]\nexten => 9,1,Hangup(17)\n", cdr="[general]\nunanswered=yes\n[csv]\n"
    )
    await core_reload(switch)
    assert not master.exists()
    await status_of(alice, "9")
    await eventually("a record", master.exists)


# ---------------------------------------------------------------- transports


def transport(name: str, port: int, options: str = "", protocol: str = "udp") -> str:
    return f"[{name}]\ntype=transport\nprotocol={protocol}\nbind=127.0.0.1:{port}\n{options}\n"


async def reaches(switch: Switch, port: int) -> bool:
    peer = await switch.peer(to=port, name="alice")
    peer.request("OPTIONS", f"sip:{peer.server}")
    try:
        await peer.expect(200, 0.5)
    except AssertionError:
        return False
    return True


async def test_transports_come_change_and_go(switch: Switch) -> None:
    alice = phone("alice")
    one, two, three = free_port(), free_port(), free_port()
    await switch.start(alice + transport("fixed", one))
    # A new one is opened; one that may not be changed stays, and goes at the next start.
    switch.write(alice + transport("fixed", two) + transport("free", three, "allow_reload=yes"))
    said = await core_reload(switch)
    assert "transport fixed takes effect at the next start (allow_reload)" in said[0]
    assert await reaches(switch, one)
    assert not await reaches(switch, two)
    assert await reaches(switch, three)
    # One that may be is opened anew, or closed.
    four = free_port()
    switch.write(alice + transport("free", four, "allow_reload=yes"))
    said = await core_reload(switch)
    assert ["transport fixed stays open until the next start (allow_reload)" in one for one in said] == [
        True,
        False,
    ]
    assert await reaches(switch, four)
    assert not await reaches(switch, three)
    switch.write(alice)
    assert len(await core_reload(switch)) == 1
    assert not await reaches(switch, four)


async def test_a_port_that_is_taken_leaves_the_transport_as_it_was(switch: Switch) -> None:
    taken, first = await switch.peer(name="x"), free_port()
    await switch.start(phone("alice") + transport("t", first, "allow_reload=yes"))
    switch.write(phone("alice") + transport("t", taken.port, "allow_reload=yes"))
    said = await core_reload(switch)
    assert "transport t stays as it was: " in said[0]
    assert "in use" in said[0]
    assert await reaches(switch, first)


async def test_a_call_survives_its_transport(switch: Switch) -> None:
    """The same address again: the next requests both ways go through the new socket."""
    config = phone("alice") + phone("bob", "rewrite_contact=yes")
    plan = "[default]\nexten => bob,1,Dial(PJSIP/bob)\n"
    port = free_port()
    transports = "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:{0}\nallow_reload=yes\ntos={1}\n"
    switch.port = port
    await switch.start("", plan)
    await switch.node.stop()
    (switch.config / "pjsip.conf").write_text(transports.format(port, "0") + config)
    switch.node = await type(switch.node).start(switch.node.options)
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    a, b = await switch.audio(), await switch.audio()
    ours, theirs = await connect(alice, bob, "bob", (a, b))
    (switch.config / "pjsip.conf").write_text(transports.format(port, "cs3") + config)
    assert await core_reload(switch) == ["Reloaded."]
    bob.within(theirs, "INVITE", body=b.sdp("0", "101", version=2))
    await bob.expect(200)
    bob.within(theirs, "ACK")
    await hang_up(switch, alice, ours, bob)
    await connect(alice, bob, "bob", (a, b))


def certificate(folder: Path, name: str) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-subj", f"/CN={name}"]
    subprocess.run(
        [*command.split(), *files, "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True
    )


async def test_certificates_are_read_again(switch: Switch) -> None:
    certificate(switch.folder, "first")
    files = f"cert_file={switch.folder}/cert.pem\npriv_key_file={switch.folder}/key.pem\n"
    port = free_port(stream=True)
    await switch.start(phone("alice") + transport("tls", port, files, "tls"))
    old = ssl.create_default_context(cafile=str(switch.folder / "cert.pem"))
    await switch.peer(to=port, tls=old)
    certificate(switch.folder, "second")
    new = ssl.create_default_context(cafile=str(switch.folder / "cert.pem"))
    await switch.peer(to=port, tls=old)
    assert await core_reload(switch) == ["Reloaded."]
    await switch.peer(to=port, tls=new)
    with pytest.raises(ssl.SSLError):
        await switch.peer(to=port, tls=old)
    (switch.folder / "cert.pem").write_text("nothing")
    said = await core_reload(switch)
    assert "transport tls stays as it was" in said[0]
    await switch.peer(to=port, tls=new)


async def test_names_of_ours_change(switch: Switch) -> None:
    general = "[g]\ntype=global\nuser_agent={0}\nmax_forwards={1}\n"
    await switch.start(
        phone("alice") + phone("bob") + general.format("One", 70),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n",
    )
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    switch.write(
        phone("alice") + phone("bob") + general.format("Two", 20),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n",
    )
    await core_reload(switch)
    audio = await switch.audio()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    invite = await bob.expect("INVITE")
    assert (invite.get("User-Agent"), invite.get("Max-Forwards")) == ("Two", "20")
    bob.answer(invite, 486)
    assert (await alice.expect(486)).get("Server") == "Two"


async def test_a_call_reloads(switch: Switch) -> None:
    """Reload() waits for it; a mistake changes nothing."""
    plan = (
        "[default]\nexten => 1,1,Reload({0})\n same => n,Set(GLOBAL(said)=${{RELOADSTATUS}})\n"
        " same => n,Hangup()\n"
        "exten => 2,1,Hangup({1})\n"
    )
    await switch.start(phone("alice"), plan.format("", 17))
    alice = await switch.peer(name="alice")
    file = switch.config / "extensions.conf"
    for module, expected in (("pbx_config", "SUCCESS"), ("pbx_config&app_none", "FAILURE"), ("", "SUCCESS")):
        file.write_text(plan.format(module, 34))
        await core_reload(switch)
        await status_of(alice, "1")
        assert switch.node.runner.globals["said"] == expected, module
    file.write_text(plan.format("", 3))
    await status_of(alice, "1")
    assert await status_of(alice, "2") == 404
    file.write_text("[default]\nexten => 2,one,Hangup()\n")
    await status_of(alice, "1")
    assert switch.node.runner.globals["said"] == "FAILURE"
    assert await status_of(alice, "2") == 404
