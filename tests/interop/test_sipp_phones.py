"""SIPp as phones of the demo office."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from program import NO_QUALIFY, Program, wait_for
from sipp_run import Sipp

MakeSipp = Callable[..., Sipp]
MakeOffice = Callable[..., Program]
Register = Callable[..., int]


@pytest.fixture
def office(make_office: MakeOffice) -> Program:
    """The office, which leaves its phones alone: SIPp's scenarios expect no OPTIONS."""
    return make_office(changes=NO_QUALIFY)


def disposition(office: Program) -> str:
    """The disposition of the only call so far."""
    (record,) = wait_for("a CDR", office.cdrs)
    return record["disposition"]


# ---------------------------------------------------------------- registrations


def test_register_and_unregister(office: Program, register: Register) -> None:
    port = register(office, "6001")
    assert f"6001/sip:6001@127.0.0.1:{port}" in office.ask("pjsip show contacts")
    register(office, "6001", expires=0, port=port)
    assert "6001/" not in office.ask("pjsip show contacts")


def test_register_over_tcp(office: Program, sipp: MakeSipp) -> None:
    """What was registered over a connection goes with it: nobody could be reached there."""
    run = sipp("register", office, "6001", keys={"expires": 300}, options=["-t", "t1"]).run()
    assert "transport=TCP" in run.received("SIP/2.0 200")[0].header("Contact")
    wait_for("no contact", lambda: "6001/" not in office.ask("pjsip show contacts"))


def test_register_with_a_wrong_password(office: Program, sipp: MakeSipp) -> None:
    """403 like for somebody who does not exist."""
    for user in ("6001", "nobody"):
        run = sipp("register", office, keys={"user": user, "password": "guess", "expires": 300})
        run.start().wait(fails=True)
        assert [m.first for m in run.received("SIP/2.0")] == [
            "SIP/2.0 401 Unauthorized",
            "SIP/2.0 403 Forbidden",
        ]
    assert "6001/" not in office.ask("pjsip show contacts")


def test_the_fourth_contact_replaces_the_oldest(office: Program, register: Register) -> None:
    """max_contacts=3, remove_existing=yes."""
    listed = [register(office, "6001") for _ in range(4)]
    contacts = office.ask("pjsip show contacts")
    assert [str(port) in contacts for port in listed] == [False, True, True, True]


def test_a_registration_outlives_kill_9(office: Program, register: Register) -> None:
    port = register(office, "6002")
    office.kill()
    office.start()
    assert f"6002/sip:6002@127.0.0.1:{port}" in office.ask("pjsip show contacts")


# ---------------------------------------------------------------- calls


def test_call(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    caller = sipp("call", office, "6001", keys={"service": "6002"}, options=["-d", "300"]).run()
    phone.wait()
    assert caller.received("SIP/2.0 180")
    assert disposition(office) == "ANSWERED"
    invite = phone.received("INVITE")[0]
    assert '"Reception" <sip:6001@' in invite.header("From")


def test_call_over_tcp(office: Program, sipp: MakeSipp, register: Register) -> None:
    """From a phone on TCP to one on UDP."""
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    sipp("call", office, "6001", keys={"service": "6002"}, options=["-d", "100", "-t", "t1"]).run()
    phone.wait()


def test_the_called_phone_hangs_up(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("answer_and_hang_up", office, "6002", port=register(office, "6002"), options=["-d", "200"])
    phone.start()
    sipp("call_until_bye", office, "6001", keys={"service": "6002"}).run()
    phone.wait()


@pytest.mark.parametrize(("status", "seen", "record"), [("486", "486", "BUSY"), ("603", "503", "NO ANSWER")])
def test_the_called_phone_refuses(
    office: Program, register: Register, sipp: MakeSipp, status: str, seen: str, record: str
) -> None:
    phone = sipp("refuse", office, "6002", port=register(office, "6002"), snippets={"status": status}).start()
    sipp("call_refused", office, "6001", keys={"service": "6002"}, snippets={"status": seen}).run()
    phone.wait()
    assert disposition(office) == record


def test_the_caller_cancels(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("ring", office, "6002", port=register(office, "6002")).start()
    sipp("call_cancel", office, "6001", keys={"service": "6002"}, options=["-d", "200"]).run()
    phone.wait()
    assert disposition(office) == "NO ANSWER"


def test_nobody_answers(make_office: MakeOffice, register: Register, sipp: MakeSipp) -> None:
    """After RINGTIME the phone gets a CANCEL, the caller the announcement and the end."""
    office = make_office(changes={**NO_QUALIFY, "RINGTIME=25": "RINGTIME=1"})
    phone = sipp("ring", office, "6002", port=register(office, "6002")).start()
    sipp("call_until_bye", office, "6001", keys={"service": "6002"}).run()
    phone.wait()


def test_one_of_three_contacts_rings(office: Program, register: Register, sipp: MakeSipp) -> None:
    """A phone that is registered with two contacts is reached, whichever of them answers."""
    ports = [register(office, "6002") for _ in range(2)]
    phones = [sipp("answer", office, "6002", port=port).start() for port in ports]
    sipp("call", office, "6001", keys={"service": "6002"}, options=["-d", "100"]).run()
    assert any(phone.received("BYE") for phone in phones)


def test_the_caller_holds(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("answer", office, "6002", port=register(office, "6002")).start()
    sipp("call_hold", office, "6001", keys={"service": "6002"}, options=["-d", "300"]).run()
    phone.wait()


def test_the_called_phone_holds(office: Program, register: Register, sipp: MakeSipp) -> None:
    phone = sipp("answer_hold", office, "6002", port=register(office, "6002"), options=["-d", "300"]).start()
    sipp("call_until_bye", office, "6001", keys={"service": "6002"}).run()
    phone.wait()


def test_call_completion(make_office: MakeOffice, register: Register, sipp: MakeSipp) -> None:
    """6002 refuses as busy; 6001 asks for completion, is called back and reaches 6002."""
    policies = "".join(f"set_var=CALLCOMPLETION(cc_{one}_policy)=generic\n" for one in ("agent", "monitor"))
    request = (
        "*30,1,CallCompletionRequest()\n same => n,Answer()\n same => n,Wait(0.2)\n same => n,Hangup()\n"
    )
    office = make_office(
        {"extensions.conf": f"\n[services](+)\nexten => {request}"},
        changes={**NO_QUALIFY, "context=phones\n": f"context=phones\n{policies}"},
    )
    first, second = register(office, "6001"), register(office, "6002")
    busy = sipp("refuse", office, "6002", port=second, snippets={"status": "486"}).start()
    sipp("call_refused", office, "6001", keys={"service": "6002"}, snippets={"status": "486"}).run()
    busy.wait()
    assert "CC offered to caller" in office.ask("cc report status")
    caller = sipp("answer", office, "6001", port=first).start()
    called = sipp("answer_and_hang_up", office, "6002", port=second, options=["-d", "300"]).start()
    sipp("call_until_bye", office, "6001", keys={"service": "*30"}).run()
    called.wait()
    caller.wait()
    assert "6002" in caller.received("INVITE")[0].header("From")
    assert "6001" in called.received("INVITE")[0].header("From")


def test_a_phone_diverts(office: Program, register: Register, sipp: MakeSipp) -> None:
    """302 to another phone: that one rings, through the dialplan."""
    away = sipp("divert", office, "6002", port=register(office, "6002"), keys={"divert_to": "6003"}).start()
    phone = sipp("answer", office, "6003", port=register(office, "6003")).start()
    sipp("call_diverted", office, "6001", keys={"service": "6002"}, options=["-d", "100"]).run()
    away.wait()
    phone.wait()


def test_digits_by_info(office: Program, sipp: MakeSipp) -> None:
    """`#` in an INFO request ends the echo test."""
    sipp("call_info", office, "6001", keys={"service": "600", "digit": "#"}, options=["-d", "2500"]).run()


@pytest.mark.parametrize(("number", "status"), [("77", "404"), ("60", "484"), ("6003", "503")])
def test_refused_by_the_office(office: Program, sipp: MakeSipp, number: str, status: str) -> None:
    """No such number, the beginning of one, a phone that is not there."""
    sipp("call_refused", office, "6001", keys={"service": number}, snippets={"status": status}).run()
