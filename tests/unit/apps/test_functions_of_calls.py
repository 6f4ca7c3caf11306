"""Functions that look at calls: CDR, CDR_PROP, HANGUPCAUSE, DEVICE_STATE, CHANNEL, CHANNELS."""

from __future__ import annotations

import pytest

from offhook.features.cdr import CdrEngine, CdrSettings
from unit.pbx.fake import EPOCH


def recording(office, text: str, **settings: bool):
    o = office(text)
    engine = CdrEngine(o.pbx.bus, o.wall, CdrSettings(unanswered=True, **settings))
    records: list = []

    class Book:
        def write(self, cdr, settings) -> None:
            records.append(cdr)

    engine.backends.append(Book())
    o.pbx.add_service(engine)
    return o, records


def says(*expressions: str) -> str:
    return "".join(
        f" same => n,Set(GLOBAL(g{number})={expression})\n" for number, expression in enumerate(expressions)
    )


def said(o) -> list[str]:
    return [
        o.runner.globals[f"g{number}"]
        for number in range(len(o.runner.globals))
        if f"g{number}" in o.runner.globals
    ]


# ---------------------------------------------------------------- CDR


async def test_fields_of_the_record_while_it_runs(office) -> None:
    o, _ = recording(
        office,
        "[default]\nexten => s,1,Wait(2)\n same => n,Answer()\n same => n,Wait(1.5)\n"
        + says(
            "${CDR(src)}",
            "${CDR(dst)}",
            "${CDR(dcontext)}",
            "${CDR(clid)}",
            "${CDR(duration)}",
            "${CDR(duration,f)}",
            "${CDR(billsec)}",
            "${CDR(billsec,f)}",
            "${CDR(start,u)}",
            "${CDR(answer,u)}",
            "${CDR(end)}",
            "${CDR(disposition)}",
            "${CDR(disposition,u)}",
            "${CDR(amaflags)}",
            "${CDR(sequence)}",
            "${CDR(dstchannel)}",
            "${CDR(nonsense)}",
            "${CDR(lastapp)}",
        ),
    )
    await o.ended(o.call())
    assert said(o) == [
        "6001", "s", "default", '"Alice" <6001>', "3", "3.500000", "1", "1.500000", f"{EPOCH:.6f}",
        f"{EPOCH + 2:.6f}", "", "ANSWERED", "8", "3", "1", "", "", "Set",
    ]  # fmt: skip


async def test_what_the_dialplan_writes(office) -> None:
    o, records = recording(
        office,
        "[default]\nexten => s,1,Set(CDR(userfield)=field)\n same => n,Set(CDR(accountcode)=acc)\n"
        " same => n,Set(CDR(amaflags)=billing)\n same => n,Set(CDR(Mine)=own)\n"
        + says("${CDR(userfield)} ${CDR(accountcode)} ${CDR(amaflags)} ${CDR(mine)} ${CHANNEL(accountcode)}"),
    )
    await o.ended(o.call())
    assert said(o) == ["field acc 2 own acc"]
    (cdr,) = records
    assert (cdr.user_field, cdr.account_code, cdr.ama_flags, cdr.variables) == (
        "field",
        "acc",
        2,
        {"mine": "own"},
    )


@pytest.mark.parametrize("assignment", ["CDR(src)=1", "CDR(amaflags)=x", "CDR_PROP(nonsense)=1"])
async def test_what_cannot_be_written(office, caplog, assignment: str) -> None:
    o, _ = recording(office, f"[default]\nexten => s,1,Set({assignment})\n")
    await o.ended(o.call())
    assert "CDR" in caplog.text


async def test_in_h_the_record_can_still_be_read_and_written(office) -> None:
    o, records = recording(
        office,
        "[default]\nexten => s,1,Answer()\n same => n,Wait(3)\n same => n,Hangup()\n"
        "exten => h,1,Set(CDR(userfield)=late)\n"
        + says("${CDR(lastapp)}", "${CDR(disposition)}", "${CDR(dst)}"),
    )
    await o.ended(o.call())
    assert said(o) == ["Hangup", "ANSWERED", "s"]
    assert records[0].user_field == "late"


@pytest.mark.parametrize(("value", "written"), [("1", 0), ("0", 1)])
async def test_cdr_prop_disable(office, value: str, written: int) -> None:
    o, records = recording(
        office, f"[default]\nexten => s,1,Set(CDR_PROP(disable)={value})\n same => n,Answer()\n"
    )
    await o.ended(o.call())
    assert len(records) == written


async def test_values_go_on_to_the_next_record(office) -> None:
    o, records = recording(
        office,
        "[default]\nexten => s,1,Set(CDR(mine)=1)\n same => n,Dial(Fake/bob,,g)\n same => n,Answer()\n",
    )
    o.phone("bob", answers=1, hangs_up=1)
    await o.ended(o.call())
    assert [cdr.variables for cdr in records] == [{"mine": "1"}, {"mine": "1"}]


async def test_a_node_without_records(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(CDR(mine)=1)\n same => n,Set(CDR_PROP(disable)=1)\n"
        + says("${CDR(src)}.")
    )
    await o.ended(o.call())
    assert said(o) == ["."]


# ---------------------------------------------------------------- HANGUPCAUSE


async def test_why_each_leg_ended(office) -> None:
    o = office(
        "[default]\nexten => s,1,Dial(Fake/bob&Fake/carol,,g)\n"
        " same => n,Set(K=${HANGUPCAUSE_KEYS()})\n"
        + says(
            "${HANGUPCAUSE(${CUT(K,\\,,1)},ast)}",
            "${HANGUPCAUSE(${CUT(K,\\,,1)},tech)}",
            "${HANGUPCAUSE(${CUT(K,\\,,2)},ast)}",
        )
    )
    bob = o.phone("bob")
    o.phone("carol", answers=2, hangs_up=1)
    alice = o.call()
    await o.settle(1)
    bob.leg.tech_cause = "SIP 486 Busy Here"
    bob.leg.far_end_hung_up(17)
    await o.ended(alice)
    assert said(o) == ["User busy", "SIP 486 Busy Here", "Normal Clearing"]


async def test_a_call_that_dials_for_ever_keeps_a_bounded_memory(office) -> None:
    o = office("[default]\nexten => s,1,Dial(Fake/bob)\n same => n,Goto(1)\n")
    o.phone("bob", refuses=(0.1, 17))
    alice = o.call()
    await o.settle(50)
    assert len(o.runner.call_on(alice).hangup_causes) == 100


# ---------------------------------------------------------------- others


async def test_device_state(office) -> None:
    o = office(
        "[default]\nexten => s,1,NoOp()\n"
        + says(
            "${DEVICE_STATE(Fake/bob)}", "${DEVICE_STATE(Fake/nobody)}", "${DEVICE_STATE(None/x)}",
            "${DEVICE_STATE(Local/s@default)}", "${DEVICE_STATE(nonsense)}.",
        )
    )  # fmt: skip
    o.phone("bob")
    await o.ended(o.call())
    assert said(o) == ["NOT_INUSE", "INVALID", "INVALID", "NOT_INUSE", "."]


async def test_channel_items(office) -> None:
    o = office(
        "[default]\nexten => s,1,NoOp()\n"
        + says("${CHANNEL(fake)}", "${CHANNEL(nonsense)}.", "${CHANNEL(onhold)}", "${CHANNELS(Fake/6002)}")
    )
    other = o.incoming("6002")
    alice = o.call()
    alice.far_end_held(True)
    await o.ended(alice)
    assert said(o) == ["yes", ".", "1", other.name]


async def test_shared_variables(office) -> None:
    o = office(
        "[default]\nexten => s,1,Set(SHARED(X)=own)\n same => n,Set(SHARED(Y,${OTHER})=theirs)\n"
        " same => n,Set(SHARED(X,none)=1)\n"
        + says("${SHARED(X)}", "${SHARED(Y,${OTHER})}", "${SHARED(Y)}.", "${X}.", "${SHARED(X,none)}.")
    )
    other = o.incoming("6002")
    alice = o.incoming()
    alice.set_variable("__OTHER", other.name)
    alice.start_dialplan("default", "s")
    await o.ended(alice)
    assert said(o) == ["own", "theirs", ".", ".", "."]
