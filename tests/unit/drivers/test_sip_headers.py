"""Headers from the dialplan: PJSIP_HEADER and what goes with it, seen on the wire."""

from __future__ import annotations

import pytest

from unit.drivers.node import Peer, Switch, eventually, phone


async def start(switch: Switch, dialplan: str) -> tuple[Peer, Peer]:
    await switch.start(phone("alice") + phone("bob"), f"[default]\n{dialplan}")
    alice, bob = await switch.peer(name="alice"), await switch.peer(name="bob")
    await bob.register()
    return alice, bob


async def call(switch: Switch, peer: Peer, number: str = "bob", **more: object) -> None:
    body = (await switch.audio()).sdp()
    peer.request("INVITE", f"sip:{number}@{peer.server}", body=body, **more)  # type: ignore[arg-type]


async def test_all_of_a_beginning_are_read(switch: Switch) -> None:
    alice, _ = await start(
        switch, "exten => 1,1,Set(GLOBAL(x)=${PJSIP_HEADER(read,X-*,1)} ${PJSIP_HEADER(read,X-*,-1)})\n"
    )
    await call(switch, alice, "1", headers=["X-One: 1", "X-Two: 2", "Y: 3"])
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "x" in known)
    assert known["x"] == "1 2"


async def test_inheritable_headers_go_through_local_channels(switch: Switch) -> None:
    _, bob = pair = await start(
        switch,
        "exten => bob,1,Set(PJSIP_INHERITABLE_HEADER(add,X-A)=1)\n"
        " same => n,Set(PJSIP_INHERITABLE_HEADER(add,X-B)=2)\n"
        " same => n,Set(PJSIP_INHERITABLE_HEADER(add,Y-C)=3)\n"
        " same => n,Set(PJSIP_INHERITABLE_HEADER(update,X-A)=4)\n"
        " same => n,Set(PJSIP_INHERITABLE_HEADER(remove,Y*)=)\n same => n,Dial(Local/there@default)\n"
        "exten => there,1,Dial(PJSIP/bob)\n",
    )
    await call(switch, pair[0])
    invite = await bob.expect("INVITE")
    assert (invite.get("X-A"), invite.get("X-B"), invite.get("Y-C")) == ("4", "2", None)


async def test_headers_of_the_answer(switch: Switch) -> None:
    alice, bob = await start(
        switch,
        "exten => bob,1,Dial(PJSIP/bob,,U(look))\n"
        "[look]\nexten => s,1,Set(WHO=${PJSIP_RESPONSE_HEADER(read,X-Who)})\n"
        " same => n,Set(GLOBAL(x)=${WHO} ${PJSIP_RESPONSE_HEADERS(X-)})\n"
        " same => n,Return()\n",
    )
    await call(switch, alice)
    invite = await bob.expect("INVITE")
    bob.accept(invite, (await switch.audio()).sdp(), headers=["X-Who: me"])
    known = switch.node.runner.globals
    await eventually("the subroutine has run", lambda: "x" in known)
    assert known["x"] == "me X-Who"


async def test_parameters_of_from(switch: Switch) -> None:
    alice, bob = await start(
        switch,
        "exten => bob,1,Set(OLI=${PJSIP_HEADER_PARAM(From,uri,isup-oli)})\n"
        " same => n,Dial(PJSIP/bob,,b(with^s^1(${OLI}/${PJSIP_HEADER_PARAM(From,header,x)})))\n"
        "[with]\nexten => s,1,Set(PJSIP_HEADER_PARAM(From,uri,isup-oli)=27)\n"
        " same => n,Set(PJSIP_HEADER_PARAM(From,header,x-of)=caller)\n"
        " same => n,Set(PJSIP_HEADER_PARAM(From,header,tag)=mine)\n"
        " same => n,Set(PJSIP_HEADER(add,X-Seen)=${ARG1})\n same => n,Return()\n",
    )
    await call(switch, alice, from_="<sip:alice@127.0.0.1;isup-oli=61>;x=y;tag=a")
    invite = await bob.expect("INVITE")
    assert invite.from_.uri.param("isup-oli") == "27"
    assert invite.from_.param("x-of") == "caller"
    assert invite.from_tag != "mine"
    assert invite.get("X-Seen") == "61/y"


@pytest.mark.parametrize("text", ["hello", ""])
async def test_a_text_within_the_call(switch: Switch, text: str) -> None:
    alice, _ = await start(
        switch,
        "exten => 1,1,Answer()\n same => n,ReceiveText(0.5)\n"
        " same => n,Set(GLOBAL(x)=${RECEIVETEXTSTATUS} ${RECEIVETEXTMESSAGE})\n",
    )
    dialog = await alice.call("1", body=(await switch.audio()).sdp())
    if text:
        alice.within(dialog, "MESSAGE", body=text, content_type="text/plain")
    known = switch.node.runner.globals
    await eventually("the dialplan has run", lambda: "x" in known)
    assert known["x"] == ("SUCCESS hello" if text else "FAILURE ")
