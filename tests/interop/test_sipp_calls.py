"""SIPp as phones that use what SIP has beside plain calls: 100rel, UPDATE, session timers, delayed offers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from program import NO_QUALIFY, Program
from sipp_run import Sipp

MakeSipp = Callable[..., Sipp]
MakeOffice = Callable[..., Program]
Register = Callable[..., int]


@pytest.fixture
def office(make_office: MakeOffice) -> Program:
    """The office, which leaves its phones alone: SIPp's scenarios expect no OPTIONS."""
    return make_office(changes=NO_QUALIFY)


def test_reliable_ringing(office: Program, register: Register, sipp: MakeSipp) -> None:
    """A caller that requires 100rel gets a reliable 180."""
    phone = sipp("answer", office, "6002", port=register(office, "6002"), options=["-d", "500"]).start()
    sipp(
        "call_reliable",
        office,
        "6001",
        keys={"service": "6002"},
        snippets={"supported": "100rel", "more_headers": "Require: 100rel\n"},
        options=["-d", "100"],
    ).run()
    phone.wait()


def test_hold_by_update(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    sipp("call_update", office, "6001", keys={"service": "6002"}, options=["-d", "300"]).run()
    phone.wait()


def test_session_timer(office: Program, register: Register, sipp: MakeSipp) -> None:
    """The caller's timer is agreed to, and its refresh by UPDATE is answered."""
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    sipp(
        "call_timer",
        office,
        "6001",
        keys={"service": "6002"},
        snippets={"supported": "timer", "more_headers": "Session-Expires: 1800;refresher=uac\n"},
    ).run()
    phone.wait()


def test_a_session_timer_that_is_too_short(office: Program, sipp: MakeSipp) -> None:
    """422 names the least."""
    caller = sipp(
        "call_refused",
        office,
        "6001",
        keys={"service": "600"},
        snippets={"supported": "timer", "more_headers": "Session-Expires: 30\n", "status": "422"},
    ).run()
    assert caller.received("SIP/2.0 422")[0].header("Min-SE") == "90"


def test_an_extension_that_is_not_supported(office: Program, sipp: MakeSipp) -> None:
    """420 names it, before anything else."""
    caller = sipp(
        "call_refused_at_once",
        office,
        "6001",
        keys={"service": "600"},
        snippets={"more_headers": "Require: teleport\n", "status": "420"},
    ).run()
    assert caller.received("SIP/2.0 420")[0].header("Unsupported") == "teleport"


@pytest.mark.parametrize("number", ["600", "6002"])
def test_delayed_offer(office: Program, register: Register, sipp: MakeSipp, number: str) -> None:
    """An INVITE without SDP: the 200 has the offer, the ACK the answer."""
    phone = sipp("answer", office, "6002", port=register(office, "6002"))
    if number == "6002":
        phone.start()
    sipp("call_without_offer", office, "6001", keys={"service": number}, options=["-d", "300"]).run()
    if number == "6002":
        phone.wait()


def test_no_codec_in_common(office: Program, sipp: MakeSipp) -> None:
    """488."""
    sipp(
        "call_refused",
        office,
        "6001",
        keys={"service": "600"},
        snippets={
            "status": "488",
            "sdp": "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\n"
            "o=sipp 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [local_ip]\nt=0 0\n"
            "m=audio [rtp_port] RTP/AVP 18\na=rtpmap:18 G729/8000",
        },
    ).run()
