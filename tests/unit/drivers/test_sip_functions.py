"""What the dialplan can look up in SIP: endpoints, AORs, contacts, headers, hangup causes."""

from __future__ import annotations

import pytest

from unit.drivers.node import Switch, eventually, phone


def asking(*expressions: str) -> str:
    lines = "".join(
        f" same => n,Set(GLOBAL(g{number})={expression})\n" for number, expression in enumerate(expressions)
    )
    return f"[default]\nexten => ask,1,NoOp()\n{lines} same => n,Set(GLOBAL(end)=1)\n"


async def answers(switch: Switch, *expressions: str, headers: tuple[str, ...] = ()) -> list[str]:
    await switch.start(
        phone("alice", "accountcode=acc\nlanguage=de\nrtp_timeout=30", "qualify_timeout=2.5\nmax_contacts=3"),
        asking(*expressions),
    )
    alice = await switch.peer(name="alice")
    await alice.register()
    audio = await switch.audio()
    alice.request("INVITE", f"sip:ask@{alice.server}", body=audio.sdp(), headers=headers)
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "end" in known)
    return [known[f"g{number}"] for number in range(len(expressions))]


async def test_endpoints_and_aors(switch: Switch) -> None:
    assert await answers(
        switch,
        "${PJSIP_ENDPOINT(alice,context)}",
        "${PJSIP_ENDPOINT(alice,accountcode)}",
        "${PJSIP_ENDPOINT(alice,rtp_timeout)}",
        "${PJSIP_ENDPOINT(alice,allow)}",
        "${PJSIP_ENDPOINT(nobody,context)}.",
        "${PJSIP_ENDPOINT(alice,nonsense)}.",
        "${PJSIP_AOR(alice,max_contacts)}",
        "${PJSIP_AOR(alice,qualify_timeout)}",
        "${PJSIP_AOR(nobody,contact)}.",
    ) == ["default", "acc", "30", "ulaw,alaw", ".", ".", "3", "2.500000", "."]


async def test_contacts(switch: Switch) -> None:
    found = await answers(
        switch,
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},uri)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},endpoint)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},status)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},rtt)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},via_addr)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},qualify_timeout)}",
        "${PJSIP_CONTACT(${PJSIP_AOR(alice,contact)},nonsense)}.",
        "${PJSIP_CONTACT(alice\\;@0,uri)}.",
    )
    assert found[0].startswith("sip:alice@127.0.0.1:")
    assert found[1:] == ["alice", "Unknown", "0", "127.0.0.1", "2.500000", ".", "."]


async def test_what_dialplans_for_chan_sip_ask(switch: Switch) -> None:
    found = await answers(
        switch,
        "${SIPPEER(alice)}",
        "${SIPPEER(alice,context)} ${SIPPEER(alice,accountcode)} ${SIPPEER(alice,language)}",
        "${SIPPEER(alice,codecs)} ${SIPPEER(alice,dynamic)} ${SIPPEER(alice,curcalls)}",
        "${SIPPEER(alice,status)}",
        "${SIPPEER(nobody,status)} ${SIPPEER(nobody,ip)}.",
        "${SIPPEER(alice,shoe size)}.",
        "${SIPCHANINFO(peerip)} ${SIPCHANINFO(recvip)}",
        "${SIPCHANINFO(peername)}",
        "${SIPCHANINFO(from)}",
        "${SIPCHANINFO(shoe size)}.",
        "${SIP_HEADER(X-Two)}",
        headers=("X-One: 1", "X-Two: 2"),
    )
    assert found[0] == "127.0.0.1"
    assert found[1:6] == ["default acc de", "ulaw,alaw yes 1", "Unmonitored", "UNKNOWN .", "."]
    assert found[6:8] == ["127.0.0.1 127.0.0.1", "alice"]
    assert found[8].startswith("sip:alice@")
    assert found[9:] == [".", "2"]


async def test_headers(switch: Switch) -> None:
    found = await answers(
        switch, "${PJSIP_HEADERS(X-)}", "${PJSIP_HEADERS()}", headers=("X-One: 1", "X-Two: 2", "X-One: 3")
    )
    assert found[0] == "X-One,X-Two"
    assert {"Via", "From", "Call-ID"} <= set(found[1].split(","))


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (486, "Busy Here", "User busy/SIP 486 Busy Here"),
        (603, "Decline", "Call Rejected/SIP 603 Decline"),
    ],
)
async def test_why_a_phone_refused(switch: Switch, status: int, reason: str, expected: str) -> None:
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob)\n same => n,Set(K=${HANGUPCAUSE_KEYS()})\n"
        " same => n,Set(GLOBAL(cause)=${HANGUPCAUSE(${K},ast)}/${HANGUPCAUSE(${K},tech)})\n"
        " same => n,HangupCauseClear()\n same => n,Set(GLOBAL(end)=${HANGUPCAUSE_KEYS()})\n",
    )
    alice, bob, audio = await switch.peer(name="alice"), await switch.peer(name="bob"), await switch.audio()
    await bob.register()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    bob.answer(await bob.expect("INVITE"), status, reason=reason)
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "end" in known)
    assert known["cause"] == expected
    assert known["end"] == ""


async def test_why_a_called_phone_rang_and_no_more(switch: Switch) -> None:
    """Its own hangup handler reads what the phone said last: it rang when the time was over."""
    await switch.start(
        phone("alice") + phone("bob"),
        "[default]\nexten => bob,1,Dial(PJSIP/bob,0.3,b(default^with^1))\n"
        "exten => with,1,Set(CHANNEL(hangup_handler_push)=handler,s,1)\n same => n,Return()\n"
        "[handler]\nexten => s,1,Set(K=${HANGUPCAUSE_KEYS()})\n"
        " same => n,Set(GLOBAL(end)=${K:0:9} ${HANGUPCAUSE(${K},ast)}/${HANGUPCAUSE(${K},tech)})\n"
        " same => n,Return()\n",
    )
    alice, bob, audio = await switch.peer(name="alice"), await switch.peer(name="bob"), await switch.audio()
    await bob.register()
    alice.request("INVITE", f"sip:bob@{alice.server}", body=audio.sdp())
    bob.answer(await bob.expect("INVITE"), 180, reason="Ringing")
    known = switch.node.runner.globals
    await eventually("the handler has run", lambda: "end" in known)
    assert known["end"] == "PJSIP/bob Normal Clearing/SIP 180 Ringing"


async def test_native_formats_are_all_that_may_be_sent_in_our_order(switch: Switch) -> None:
    (formats,) = await answers(switch, "${CHANNEL(audionativeformat)}")
    assert formats == "(ulaw|alaw)"
