"""What the dialplan can set for a SIP call: PJSIP_MEDIA_OFFER, PJSIP_DTMF_MODE, PJSIPHangup, Transfer."""

from __future__ import annotations

import re

import pytest

from unit.drivers.node import Switch, connect, eventually, hang_up, phone

DIALPLAN = """
[default]
exten => offer,1,Dial(PJSIP/bob,,b(set^s^1))
exten => bob,1,Dial(PJSIP/bob)
exten => moh,1,Dial(PJSIP/bob,,b(moh^s^1))
exten => _r.,1,PJSIPHangup(${EXTEN:1})
 same => n,Echo()
exten => mode,1,Set(GLOBAL(BEFORE)=${PJSIP_DTMF_MODE()})
 same => n,Set(PJSIP_DTMF_MODE()=info)
 same => n,Set(GLOBAL(AFTER)=${PJSIP_DTMF_MODE()} ${PJSIP_MOH_PASSTHROUGH()} ${PJSIP_TRANSFER_HANDLING()})
 same => n,Set(PJSIP_DTMF_MODE()=nothing)
 same => n,Set(PJSIP_TRANSFER_HANDLING()=ari-only)
 same => n,Answer()
 same => n,Set(PJSIP_SEND_SESSION_REFRESH()=${CHANNEL(exten):0:0}invite)
 same => n,Echo()
exten => uri,1,Set(GLOBAL(U)=${PJSIP_PARSE_URI("Al" <sip:a:b@[::1]:5070\\;lr\\;transport=tcp>,display)})
 same => n,Set(URI=sip:a:b@example.org:5070\\;lr\\;transport=tcp)
 same => n,Set(GLOBAL(V)=%user/%passwd/%host/%port)
 same => n,Set(GLOBAL(W)=%lr_param/%transport_param/%nothing/)
 same => n,Echo()
exten => sent,1,Answer()
 same => n,Transfer(PJSIP/sip:x@example.org)
 same => n,Set(GLOBAL(T)=${TRANSFERSTATUS} ${TRANSFERSTATUSPROTOCOL})
 same => n,Echo()
exten => away,1,Transfer(x)
[set]
exten => s,1,Set(PJSIP_MEDIA_OFFER(audio)=alaw)
 same => n,Set(GLOBAL(OFFER)=${PJSIP_MEDIA_OFFER(audio)})
 same => n,Return()
[moh]
exten => s,1,Set(PJSIP_MOH_PASSTHROUGH()=yes)
 same => n,Return()
"""


DIALPLAN = re.sub(r"%(\w+)", r"${PJSIP_PARSE_URI_FROM(URI,\1)}", DIALPLAN)


async def start(switch: Switch, alice: str = "", more: str = ""):
    await switch.start(phone("alice", alice) + phone("bob") + more, DIALPLAN)
    peers = await switch.peer(name="alice"), await switch.peer(name="bob")
    await peers[1].register()
    return peers


async def test_media_offer(switch: Switch) -> None:
    """Set before the call: only these codecs are offered."""
    alice, bob = await start(switch)
    alice.request("INVITE", f"sip:offer@{alice.server}", body=(await switch.audio()).sdp("0", "8"))
    invite = await bob.expect("INVITE")
    line = next(line for line in invite.body.decode().split("\r\n") if line.startswith("m=audio"))
    assert line.split()[3:4] == ["8"]
    assert "0" not in line.split()[3:]
    assert switch.node.runner.globals["OFFER"] == "pcma"
    # Bob answers with what he likes better; his endpoint has that as well.
    audio = await switch.audio()
    bob.accept(invite, audio.sdp("0"))
    await bob.expect("ACK")
    audio.aim(invite)
    audio.talk(0)
    channel = next(one for name, one in switch.node.pbx.channels.items() if "bob" in name)
    port = channel.media
    assert port is not None
    await eventually("bob's audio", lambda: port.stats()["rx_packets"])
    assert channel.audio_codec == "ulaw"


@pytest.mark.parametrize(("name", "status"), [("486", 486), ("Decline", 603), ("Not Found", 404)])
async def test_pjsip_hangup(switch: Switch, name: str, status: int) -> None:
    alice, _ = await start(switch)
    user = f"r{name}".replace(" ", "%20")
    await alice.call(user, body=(await switch.audio()).sdp(), status=status)


async def test_settings_of_a_call(switch: Switch) -> None:
    """A mode that is none is a warning; the refresh is a re-INVITE with the same description."""
    alice, _ = await start(switch)
    audio = await switch.audio()
    dialog = await alice.call("mode", body=audio.sdp())
    known = switch.node.runner.globals
    assert known["BEFORE"] == "rfc4733"
    assert known["AFTER"] == "info no core"
    reinvite = await alice.expect("INVITE")
    alice.answer(reinvite, 200, body=audio.sdp(version=2))
    await alice.expect("ACK")
    await hang_up(switch, alice, dialog)


async def test_parts_of_a_uri(switch: Switch) -> None:
    alice, _ = await start(switch)
    dialog = await alice.call("uri", body=(await switch.audio()).sdp(), status=100)
    known = switch.node.runner.globals
    await eventually("W", lambda: "W" in known)
    assert known["V"] == "a/b/example.org/5070"
    assert known["W"] == "1/tcp//"
    assert known["U"] == "Al"
    assert dialog


async def test_music_passes_as_hold(switch: Switch) -> None:
    """moh_passthrough: who is held is put on hold by SIP."""
    alice, bob = await start(switch)
    a, b = await switch.audio(), await switch.audio()
    ours, _ = await connect(alice, bob, "moh", (a, b))
    alice.within(ours, "INVITE", body=a.sdp(version=2, direction="sendonly"))
    await alice.expect(200)
    alice.within(ours, "ACK")
    hold = await bob.expect("INVITE")
    assert b"a=sendonly" in hold.body
    bob.answer(hold, 200, body=b.sdp(version=2, direction="recvonly"))
    await bob.expect("ACK")
    alice.within(ours, "INVITE", body=a.sdp(version=3))
    await alice.expect(200)
    alice.within(ours, "ACK")
    resume = await bob.expect("INVITE")
    assert b"a=sendrecv" in resume.body
    bob.answer(resume, 200, body=b.sdp(version=3))
    await bob.expect("ACK")
    await hang_up(switch, alice, ours, bob)


async def test_a_challenge_is_not_repeated(switch: Switch) -> None:
    """No state is kept for it: a phone whose ACK is not what it should be hears nothing more of it."""
    auth = "auth=alice\n[alice]\ntype=auth\nusername=alice\npassword=x\n"
    await switch.start(phone("alice", auth.partition("\n")[0]) + auth.partition("\n")[2], DIALPLAN)
    alice = await switch.peer(name="alice")
    alice.request("INVITE", f"sip:bob@{alice.server}", body=(await switch.audio()).sdp())
    await alice.expect(401)
    await alice.silent(1.2)


@pytest.mark.parametrize(
    ("fragment", "expected"), [("200 OK", "SUCCESS 0"), ("486 Busy Here", "FAILURE 486")]
)
async def test_transfer_by_refer(switch: Switch, fragment: str, expected: str) -> None:
    """Transfer() of a caller who has been answered; its phone says how it went."""
    alice, _ = await start(switch)
    dialog = await alice.call("sent", body=(await switch.audio()).sdp())
    request = await alice.expect("REFER")
    assert request.get("Refer-To") == "<sip:x@example.org>"
    alice.answer(request, 202)
    for status in ("100 Trying", fragment):
        alice.within(
            dialog,
            "NOTIFY",
            body=f"SIP/2.0 {status}\r\n",
            content_type="message/sipfrag",
            headers=["Event: refer", "Subscription-State: active"],
        )
        await alice.expect(200)
    await eventually("T", lambda: switch.node.runner.globals.get("T") == expected)
    await hang_up(switch, alice, dialog)


async def test_transfer_that_is_refused(switch: Switch) -> None:
    alice, _ = await start(switch)
    dialog = await alice.call("sent", body=(await switch.audio()).sdp())
    alice.answer(await alice.expect("REFER"), 603)
    await eventually("T", lambda: switch.node.runner.globals.get("T") == "FAILURE 603")
    await hang_up(switch, alice, dialog)


async def test_transfer_before_the_answer(switch: Switch) -> None:
    alice, _ = await start(switch)
    dialog = await alice.call("away", body=(await switch.audio()).sdp(), status=302)
    assert dialog.response is not None
    assert (dialog.response.get("Contact") or "").startswith("<sip:x@")
