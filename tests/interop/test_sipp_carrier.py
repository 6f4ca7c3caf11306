"""SIPp as the telephone company behind the office's trunk."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lossy import LossyLine
from ports import Ports
from program import NO_QUALIFY, Program, wait_for
from sipp_run import Sipp

MakeSipp = Callable[..., Sipp]
MakeOffice = Callable[..., Program]
Register = Callable[..., int]

PASSWORD_LINE = (
    "; password=... as the telephone company gave it (examples/carrier shows one at its first start)"
)


class Trunk:
    """An office, and the port on which it looks for its carrier."""

    def __init__(self, office: Program, port: int) -> None:
        self.office = office
        self.port = port


@pytest.fixture
def trunk(make_office: MakeOffice, ports: Ports) -> Trunk:
    """The office with a trunk that does not register: calls go there all the same."""
    port = ports.take()
    return Trunk(make_office(changes=NO_QUALIFY, carrier_port=port), port)


def outgoing(sipp: MakeSipp, trunk: Trunk, carrier: str, **arguments: object) -> tuple[Sipp, Sipp]:
    """A phone dials 9 and a number, SIPp is the carrier; both went as their scenarios say."""
    away = sipp(carrier, trunk.office, port=trunk.port, **arguments).start()
    caller = sipp(
        "call", trunk.office, "6001", keys={"service": "9004930987654"}, options=["-d", "600"]
    ).run()
    away.wait()
    return caller, away


def test_registered_trunk(make_office: MakeOffice, ports: Ports, sipp: MakeSipp, register: Register) -> None:
    """The office registers with digest; calls go out with digest, and come in by their number."""
    port = ports.take()
    office = make_office(
        changes={**NO_QUALIFY, PASSWORD_LINE: "password=geheim"}, carrier_port=port, start=False
    )
    registrar = sipp("registrar", office, port=port, keys={"secret": "geheim"}).start()
    office.start()
    binding = registrar.wait().received("REGISTER")[1].header("Contact")
    wait_for("the registration", lambda: "Registered" in office.ask("pjsip show registrations"))
    carrier = sipp("trunk", office, port=port, keys={"secret": "geheim"}).start()
    caller = sipp("call", office, "6001", keys={"service": "9004930987654"}, options=["-d", "300"]).run()
    carrier.wait()
    assert caller.received("SIP/2.0 183")[0].media_port
    invite = carrier.received("INVITE sip:004930987654@")[1]
    assert "sip:office@" in invite.header("From")
    assert '"Reception" <sip:6001@' in invite.header("P-Asserted-Identity")
    # and a call from outside, to the number of a phone
    line = binding.partition("<sip:office@")[2].partition(">")[0]
    assert ";line=" in line
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    sipp(
        "trunk_calls",
        office,
        port=port,
        keys={"service": "1555123002", "uri": f"sip:1555123002@{line}", "user": "customer"},
        options=["-d", "200"],
    ).run()
    phone.wait()
    # the main number reaches the menu
    sipp(
        "trunk_calls",
        office,
        port=port,
        keys={"service": "office", "uri": f"sip:+15551230@{line}", "user": "customer"},
        options=["-d", "200"],
    ).run()
    records = wait_for("three CDRs", lambda: len(found := office.cdrs()) == 3 and found)
    assert [record["dst"] for record in records] == ["9004930987654", "6002", "s"]


def test_a_stranger_is_not_the_trunk(trunk: Trunk, sipp: MakeSipp) -> None:
    """Without the registration's mark a call from outside is challenged like any stranger's."""
    run = sipp(
        "trunk_calls",
        trunk.office,
        keys={"service": "1555123002", "uri": f"sip:1555123002@127.0.0.1:{trunk.office.port}"},
    )
    run.start().wait(fails=True)
    assert run.received("SIP/2.0")[0].first == "SIP/2.0 401 Unauthorized"


def test_a_carrier_that_forks(trunk: Trunk, sipp: MakeSipp) -> None:
    """Three early dialogs; the first answer counts, a later one of another fork gets ACK and BYE."""
    caller, _ = outgoing(sipp, trunk, "fork")
    assert caller.received("SIP/2.0 183")


def test_a_slow_carrier(trunk: Trunk, sipp: MakeSipp) -> None:
    """The INVITE is repeated until the carrier speaks."""
    outgoing(sipp, trunk, "slow")
    assert trunk.office.counters()["retransmissions_sent"] >= 2


def test_reliable_early_media(trunk: Trunk, sipp: MakeSipp) -> None:
    """183 with Require: 100rel gets a PRACK; its SDP is the answer of the call."""
    caller, _ = outgoing(sipp, trunk, "reliable_carrier")
    assert caller.received("SIP/2.0 183")[0].media_port


def test_the_carrier_diverts(trunk: Trunk, sipp: MakeSipp, register: Register) -> None:
    """302 to a number that the carrier itself may call."""
    away = sipp("divert", trunk.office, port=trunk.port, keys={"divert_to": "1555123003"}).start()
    phone = sipp("answer", trunk.office, "6003", port=register(trunk.office, "6003")).start()
    divert = {"service": "9004930987654"}
    sipp("call_diverted", trunk.office, "6001", keys=divert, options=["-d", "100"]).run()
    away.wait()
    phone.wait()


DOORPHONE = """
[system]
type=system
timer_t1=200
timer_b=12800

[doorphone]
type=endpoint
context=phones
allow=ulaw
"""


def test_lossy_lines(make_office: MakeOffice, ports: Ports, sipp: MakeSipp) -> None:
    """A fifth of all messages is lost, to the phone and to the carrier: calls still work, and end.

    Not lost are BYE and its answer: SIPp takes the INVITE's 200 that is repeated for that of its BYE.  And
    the caller has no password: SIPp takes a 401 that is repeated for the latest response, and its tag.
    """
    carrier_port, caller_port = ports.take(), ports.take()
    lines: list[LossyLine] = []

    def line(end: int, seed: int) -> LossyLine:
        made = LossyLine(office_port, end, lost=1 / 5, seed=seed, may_lose=lambda data: b" BYE" not in data)
        lines.append(made)
        return made

    office = make_office({"pjsip.conf": DOORPHONE}, changes=NO_QUALIFY, start=False)
    office_port = office.port
    try:
        to_carrier, to_caller = line(carrier_port, 1), line(caller_port, 2)
        trunk_conf = office.config / "trunk.conf"
        trunk_conf.write_text(
            re.sub(
                r"contact=sip:127.0.0.1:\d+",
                f"contact=sip:127.0.0.1:{to_carrier.port}",
                trunk_conf.read_text(),
            )
        )
        office.start()
        contact = f"Contact: <sip:carrier@127.0.0.1:{to_carrier.port}>"
        away = sipp(
            "answer_lossy", office, port=carrier_port, calls=30, timeout=30, snippets={"contact": contact}
        ).start()
        sipp(
            "call_unasked",
            office,
            port=caller_port,
            server_port=to_caller.port,
            keys={"service": "9004930987654", "user": "doorphone"},
            calls=30,
            options=["-r", "15", "-d", "100"],
            timeout=30,
        ).run()
        away.wait()
        office.assert_idle(timeout=20)
        assert all(each.dropped > 10 for each in lines)
        assert office.counters()["retransmissions_sent"] > 10
        assert [record["disposition"] for record in office.cdrs()] == ["ANSWERED"] * 30
    finally:
        for each in lines:
            each.close()
