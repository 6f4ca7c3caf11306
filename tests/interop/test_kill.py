"""kill -9 under load: what the program has acknowledged is there when it starts again."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from program import NO_QUALIFY, Program, wait_for
from sipp_run import Sipp

PHONES = 400
RATE = 50  # calls and registrations a second

_PHONE = """
[p{n}](phone)
auth=p{n}
aors=p{n}
[p{n}](phone-auth)
username=p{n}
password=secret-{n}
[p{n}](phone-aor)
"""

_DIALPLAN = """
[services]
exten => 700,1,Set(CDR(userfield)=${CHANNEL(pjsip,call-id)})
 same => n,Dial(PJSIP/6002)
"""


def call_ids(run: Sipp, method: str) -> set[str]:
    """The Call-IDs whose request of this method was answered with 200."""
    return {
        m.header("Call-ID") for m in run.received("SIP/2.0 200") if m.header("CSeq").endswith(f" {method}")
    }


@pytest.mark.parametrize("least", [40, 110], ids=["soon", "later"])
def test_what_was_acknowledged_outlives_kill_9(
    make_office: Callable[..., Program],
    register: Callable[..., int],
    sipp: Callable[..., Sipp],
    least: int,
) -> None:
    """50 calls and 50 registrations a second, kill -9 in the middle.

    Each registration that got its 200 is there after the restart, and each call whose BYE got its 200 has its
    record, once.
    """
    office = make_office(
        {
            "pjsip.conf": "".join(_PHONE.format(n=n) for n in range(PHONES)),
            "extensions.conf": _DIALPLAN,
            "cdr.conf": "[general]\nenable=yes\n[csv]\nloguserfield=yes\n",
        },
        changes=NO_QUALIFY,
    )
    answering = sipp("answer", office, "6002", port=register(office, "6002"), calls=10_000, timeout=60)
    answering.start()
    phones = answering.folder / "phones.csv"
    phones.write_text(
        "SEQUENTIAL\n"
        + "".join(f"p{n};[authentication username=p{n} password=secret-{n}]\n" for n in range(PHONES))
    )
    calling = sipp(
        "call",
        office,
        "6001",
        keys={"service": "700"},
        options=["-r", str(RATE), "-d", "300"],
        calls=10_000,
        timeout=60,
    )
    registering = sipp(
        "register_many", office, options=["-r", str(RATE), "-inf", str(phones)], calls=PHONES, timeout=60
    )
    calling.start()
    registering.start()
    wait_for("finished calls", lambda: len(office.cdrs()) >= least, timeout=30, step=0.05)
    office.kill()
    for run in (registering, calling, answering):
        run.end()

    finished = call_ids(calling, "BYE")
    registered = {
        found.group(1)
        for m in registering.received("SIP/2.0 200")
        if (found := re.search(r"<sip:(p\d+)@", m.header("To")))
    }
    assert len(finished) >= least // 2
    assert len(registered) >= least // 2
    office.start()
    contacts = office.ask("pjsip show contacts")
    listed = set(re.findall(r"Contact: +(p\d+)/sip:", contacts))
    assert registered <= listed
    records = [record["userfield"] for record in office.cdrs() if record["disposition"] == "ANSWERED"]
    assert finished <= set(records)
    assert len(records) == len(set(records))
    assert finished <= {text for line in office.master_csv() for text in line}
