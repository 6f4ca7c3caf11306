"""Call records of whole calls, by Asterisk's rules: one line is one record."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from offhook.features.cdr import Cdr, CdrEngine, CdrSettings
from offhook.pbx.bridge import Bridge
from offhook.pbx.originate import originate
from unit.pbx.fake import EPOCH

ROW = "{src}>{dst} {b} {start}/{answer}/{end} {duration}/{billsec} {disposition} {app}"


class Book:
    """A backend that keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Cdr] = []
        self.lines: list[str] = []

    def write(self, cdr: Cdr, settings: CdrSettings) -> None:
        self.records.append(cdr)
        answer = f"{cdr.answer - EPOCH:g}" if cdr.answer else "-"
        party_b = cdr.dst_channel.partition("/")[2].rpartition("-")[0] or "-"
        self.lines.append(
            f"{cdr.src}>{cdr.dst} {party_b} {cdr.start - EPOCH:g}/{answer}/{cdr.end - EPOCH:g}"
            f" {cdr.duration}/{cdr.billsec(settings.initiated_seconds)} {cdr.disposition} {cdr.last_app}"
        )


def recording(office, text: str, **settings: Any):
    o = office(text)
    book = Book()
    engine = CdrEngine(o.pbx.bus, o.wall, CdrSettings(**settings))
    engine.backends.append(book)
    o.pbx.add_service(engine)
    return o, book, engine


DIAL = "[default]\nexten => s,1,NoOp()\n same => n,Dial({})\n{}exten => h,1,NoOp(h)\n"


async def test_an_answered_call(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob,20", ""))
    o.phone("bob", rings=1, answers=4, hangs_up=10.5)
    await o.ended(o.call())
    assert book.lines == ["6001>s bob 0/4/14.5 14/10 ANSWERED Dial"]
    (cdr,) = book.records
    assert cdr.clid == '"Alice" <6001>'
    assert cdr.context == "default"
    assert cdr.last_data == "Fake/bob,20"
    assert cdr.linkedid == cdr.uniqueid


@pytest.mark.parametrize(
    ("phone", "disposition"),
    [
        ({"refuses": (3, 17)}, "BUSY"),
        ({"refuses": (3, 34)}, "FAILED"),
        ({"refuses": (3, 20)}, "FAILED"),
        ({"refuses": (3, 3)}, "FAILED"),
        ({"refuses": (3, 19)}, "NO ANSWER"),
        ({"refuses": (3, 21)}, "NO ANSWER"),
        ({"rings": 1}, "NO ANSWER"),
    ],
)
async def test_a_call_that_is_not_answered(office, phone: dict[str, Any], disposition: str) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob,3", ""))
    o.phone("bob", **phone)
    await o.ended(o.call())
    assert book.lines == [f"6001>s bob 0/-/3 3/0 {disposition} Dial"]


async def test_congestion_of_its_own(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob", ""), congestion=True)
    o.phone("bob", refuses=(3, 34))
    await o.ended(o.call())
    assert book.lines == ["6001>s bob 0/-/3 3/0 CONGESTION Dial"]


@pytest.mark.parametrize(("option", "disposition"), [(False, "NO ANSWER"), (True, "CANCEL")])
async def test_the_caller_gives_up(office, option: bool, disposition: str) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob", ""), cancel_disposition=option)
    o.phone("bob", rings=1)
    alice = o.call()
    await o.settle(5)
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert book.lines == [f"6001>s bob 0/-/5 5/0 {disposition} Dial"]


async def test_several_at_once(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob&Fake/carol&Fake/dave", ""))
    o.phone("bob", rings=1)
    o.phone("carol", answers=5, hangs_up=10)
    o.phone("dave", refuses=(2, 17))
    await o.ended(o.call())
    assert book.lines == [
        "6001>s bob 0/-/5 5/0 NO ANSWER Dial",
        "6001>s carol 0/5/15 15/10 ANSWERED Dial",
        "6001>s dave 0/-/2 2/0 BUSY Dial",
    ]
    assert [cdr.sequence for cdr in book.records] == [1, 2, 3]


async def test_the_dialplan_goes_on_after_the_conversation(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob,,g", " same => n,Playback(bye&bye)\n"))
    o.phone("bob", answers=2, hangs_up=5)
    await o.ended(o.call())
    assert book.lines == [
        "6001>s bob 0/2/7 7/5 ANSWERED Dial",
        "6001>s - 7/7/9 2/2 ANSWERED Playback",
    ]


async def test_busy_then_voice_mail(office) -> None:
    o, book, _ = recording(
        office, DIAL.format("Fake/bob", " same => n,Playback(a&b&c)\n same => n,Hangup()\n")
    )
    o.phone("bob", refuses=(2, 17))
    await o.ended(o.call())
    assert book.lines == [
        "6001>s bob 0/-/2 2/0 BUSY Dial",
        "6001>s - 2/2/5 3/3 ANSWERED Hangup",
    ]


async def test_one_after_the_other(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob,3", " same => n,Dial(Fake/carol)\n"))
    o.phone("bob", rings=1)
    o.phone("carol", answers=2, hangs_up=4)
    await o.ended(o.call())
    assert book.lines == [
        "6001>s bob 0/-/3 3/0 NO ANSWER Dial",
        "6001>s carol 3/5/9 6/4 ANSWERED Dial",
    ]


async def test_an_answered_menu_that_dials(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Wait(3)\n same => n,Dial(Fake/bob)\n"
    )
    o.phone("bob", answers=2, hangs_up=4)
    await o.ended(o.call())
    assert book.lines == ["6001>s bob 0/0/9 9/9 ANSWERED Dial"]


async def test_an_answered_menu_that_dials_in_vain_was_answered_all_the_same(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Wait(3)\n same => n,Dial(Fake/bob)\n"
    )
    o.phone("bob", refuses=(2, 17))
    await o.ended(o.call())
    assert book.lines[0] == "6001>s bob 0/0/5 5/5 BUSY Dial"


async def test_a_call_without_anybody_else(office) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,Playback(a)\n same => n,Hangup()\n")
    await o.ended(o.call())
    assert book.lines == ["6001>s - 0/0/1 1/1 ANSWERED Hangup"]


@pytest.mark.parametrize(
    ("unanswered", "lines"), [(False, []), (True, ["6001>s - 0/-/2 2/0 NO ANSWER Wait"])]
)
async def test_unanswered_calls_without_anybody_else(office, unanswered: bool, lines: list[str]) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,Wait(2)\n", unanswered=unanswered)
    await o.ended(o.call())
    assert book.lines == lines


@pytest.mark.parametrize(
    ("line", "disposition"),
    [("Busy()", "BUSY"), ("Congestion()", "FAILED"), ("Hangup(3)", "FAILED"), ("Hangup(21)", "NO ANSWER")],
)
async def test_how_a_lone_call_ended(office, line: str, disposition: str) -> None:
    o, book, _ = recording(office, f"[default]\nexten => s,1,{line}\n", unanswered=True)
    await o.ended(o.call())
    assert book.records[0].disposition == disposition


# ---------------------------------------------------------------- h, subroutines, jumps


@pytest.mark.parametrize(
    ("before", "lines"),
    [
        (True, ["6001>s bob 0/1/3 3/2 ANSWERED Dial"]),
        (False, ["6001>s bob 0/1/3 3/2 ANSWERED Dial", "6001>h - 3/3/5 2/2 ANSWERED Wait"]),
    ],
)
async def test_h_belongs_to_the_record_or_not(office, before: bool, lines: list[str]) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Dial(Fake/bob)\nexten => h,1,Wait(2)\n", end_before_h_exten=before
    )
    o.phone("bob", answers=1, hangs_up=2)
    await o.ended(o.call())
    assert book.lines == lines


async def test_without_endbeforehexten_h_is_what_was_dialled_last(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Wait(1)\nexten => h,1,Wait(2)\n",
        end_before_h_exten=False,
    )  # fmt: skip
    await o.ended(o.call())
    assert book.lines == ["6001>h - 0/0/3 3/3 ANSWERED Wait"]


async def test_subroutines_are_not_what_was_dialled(office) -> None:
    o, book, _ = recording(
        office,
        "[default]\nexten => s,1,Gosub(sub,x,1)\n[sub]\nexten => x,1,Dial(Fake/bob)\n same => n,Return()\n",
    )
    o.phone("bob", answers=1, hangs_up=1)
    await o.ended(o.call())
    assert book.lines == ["6001>s bob 0/1/2 2/1 ANSWERED Dial"]
    assert book.records[0].context == "default"


async def test_a_goto_is(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Goto(x,y,1)\n[x]\nexten => y,1,Wait(1)\n"
    )
    await o.ended(o.call())
    assert book.lines == ["6001>y - 0/0/1 1/1 ANSWERED Wait"]
    assert book.records[0].context == "x"


async def test_subroutines_of_dial_do_not_change_the_application(office) -> None:
    o, book, _ = recording(
        office,
        "[default]\nexten => s,1,Dial(Fake/bob,,B(sub^s^1)b(sub^s^1)U(sub))\n"
        "[sub]\nexten => s,1,NoOp()\n same => n,Return()\n",
    )
    o.phone("bob", answers=1, hangs_up=1)
    await o.ended(o.call())
    assert book.lines == ["6001>s bob 0/1/2 2/1 ANSWERED Dial"]


@pytest.mark.parametrize(
    ("result", "disposition"), [("BUSY", "BUSY"), ("CONTINUE", "FAILED"), ("ABORT", "FAILED")]
)
async def test_what_a_subroutine_of_dial_decides(office, result: str, disposition: str) -> None:
    o, book, _ = recording(
        office,
        "[default]\nexten => s,1,Dial(Fake/bob,,U(sub))\n"
        f"[sub]\nexten => s,1,Set(GOSUB_RESULT={result})\n"
        " same => n,Return()\n",
    )
    o.phone("bob", answers=1)
    await o.ended(o.call())
    assert book.lines[0] == f"6001>s bob 0/-/1 1/0 {disposition} Dial"


# ---------------------------------------------------------------- called parties with a life of their own


async def test_both_go_on_elsewhere(office) -> None:
    o, book, _ = recording(
        office,
        "[default]\nexten => s,1,Dial(Fake/bob,,G(x^1))\nexten => x,1,Goto(3)\n same => n,Goto(4)\n"
        " same => n,Answer()\n"
        " same => n,Wait(5)\n",
    )
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.ended(alice)
    if not bob.leg.ended:
        await o.ended(bob.leg)
    assert sorted(book.lines) == [
        "6001>s bob 0/-/1 1/0 ANSWERED Dial",
        "6001>x - 1/1/6 5/5 ANSWERED Wait",
        "bob>x - 1/1/6 5/5 ANSWERED Wait",
    ]


async def test_a_called_party_that_is_redirected(office) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,Dial(Fake/bob)\nexten => x,1,Wait(2)\n")
    bob = o.phone("bob", answers=1)
    alice = o.call()
    await o.settle(3)
    bob.leg.redirect("default", "x")
    await o.ended(bob.leg)
    assert book.lines == ["6001>s bob 0/1/3 3/2 ANSWERED Dial", "bob>x - 3/3/5 2/2 ANSWERED Wait"]
    assert alice.ended


async def test_a_call_through_a_local_channel(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Dial(Local/x@default/n)\nexten => x,1,Dial(Fake/bob)\n"
    )
    o.phone("bob", answers=2, hangs_up=3)
    await o.ended(o.call())
    assert sorted(book.lines) == [
        "6001>s x@default 0/2/5 5/3 ANSWERED Dial",
        "6001>x bob 0/2/5 5/3 ANSWERED Dial",
    ]
    assert len({cdr.linkedid for cdr in book.records}) == 1


async def test_a_local_channel_that_leaves_the_call(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Dial(Local/x@default)\nexten => x,1,Dial(Fake/bob)\n"
    )
    o.phone("bob", answers=2, hangs_up=3)
    await o.ended(o.call())
    assert sorted(book.lines) == [
        "6001>s bob 0/2/5 5/3 ANSWERED Dial",
        "6001>x bob 0/2/2.1 2/0 ANSWERED Dial",
    ]


async def test_a_diversion(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob", ""))
    o.phone("bob", forwards=(1, ("Fake/carol",)))
    o.phone("carol", answers=2, hangs_up=2)
    await o.ended(o.call())
    assert book.lines == [
        "6001>s bob 0/-/1 1/0 NO ANSWER Dial",
        "6001>s carol 1/3/5 4/2 ANSWERED Dial",
    ]


async def test_an_originated_call(office) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,Playback(a&b)\n")
    o.phone("bob", answers=2)
    channel = await originate(o.pbx, "Fake/bob", context="default", exten="s")
    await o.ended(channel)
    assert book.lines == ["bob>s - 0/2/4 4/2 ANSWERED Playback"]


@pytest.mark.parametrize(("unanswered", "lines"), [(False, []), (True, ["bob>s - 0/-/2 2/0 BUSY "])])
async def test_an_originated_call_that_fails(office, unanswered: bool, lines: list[str]) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,NoOp()\n", unanswered=unanswered)
    o.phone("bob", refuses=(2, 17))
    with pytest.raises(Exception, match="did not answer"):
        await originate(o.pbx, "Fake/bob", context="default", exten="s")
    assert book.lines == lines


# ---------------------------------------------------------------- bridges without a dial


async def test_two_calls_that_are_joined(office) -> None:
    o, book, _ = recording(office, "[default]\nexten => s,1,Answer()\n same => n,Wait(100)\n")
    alice = o.call(number="6001")
    await o.settle(2)
    carol = o.call(number="6003")
    await o.settle(2)
    bridge = Bridge(o.pbx)
    bridge.join(carol)
    bridge.join(alice)
    await o.settle(3)
    bridge.dissolve()
    for channel in (alice, carol):
        channel.far_end_hung_up(16)
        await o.ended(channel)
    assert book.lines == [
        "6001>s 6003 0/0/7 7/7 ANSWERED Wait",
        "6003>s - 2/2/4 2/2 ANSWERED Wait",
    ]


# ---------------------------------------------------------------- settings


async def test_ignoring_what_is_dialled(office) -> None:
    o, book, _ = recording(
        office, DIAL.format("Fake/bob,,g", " same => n,Dial(Fake/bob,,g)\n"),
        ignore_dial_changes=True, ignore_state_changes=True,
    )  # fmt: skip
    o.phone("bob", answers=1, hangs_up=1)
    await o.ended(o.call())
    assert book.lines == ["6001>s - 0/1/4 4/3 ANSWERED Dial"]


async def test_rounding_billed_seconds(office) -> None:
    o, book, _ = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Wait(${W})\n", initiated_seconds=True
    )
    for seconds in ("1.4", "1.5", "1.999", "2"):
        alice = o.incoming()
        alice.set_variable("W", seconds)
        alice.start_dialplan("default", "s")
        await o.ended(alice)
    assert [cdr.billsec(True) for cdr in book.records] == [1, 2, 2, 2]
    assert [cdr.billsec() for cdr in book.records] == [1, 1, 1, 2]


async def test_off_by_default_and_enabled_for_one_channel(office) -> None:
    o, book, engine = recording(
        office, "[default]\nexten => s,1,Answer()\n same => n,Wait(1)\n", channel_default_enabled=False
    )
    await o.ended(o.call())
    assert book.lines == []
    alice = o.call()
    engine.disable(alice, False)
    await o.ended(alice)
    assert len(book.lines) == 1


async def test_not_enabled_at_all(office) -> None:
    o, book, engine = recording(office, "[default]\nexten => s,1,Answer()\n", enable=False)
    await o.ended(o.call())
    assert book.lines == []
    assert engine.records_of(o.incoming()) == ()


# ---------------------------------------------------------------- the engine


async def test_a_backend_that_fails_hurts_nobody(office, caplog) -> None:
    o, book, engine = recording(office, "[default]\nexten => s,1,Answer()\n")

    class Broken:
        def write(self, cdr: Cdr, settings: CdrSettings) -> None:
            raise RuntimeError("no")

    engine.backends.insert(0, Broken())
    await o.ended(o.call())
    assert len(book.lines) == 1
    assert "refused the record" in caplog.text


async def test_closing_writes_what_is_open_and_stops(office) -> None:
    o, book, engine = recording(office, "[default]\nexten => s,1,Answer()\n same => n,Wait(100)\n")
    alice = o.call()
    await o.settle(3)
    engine.close()
    assert book.lines == ["6001>s - 0/0/3 3/3 ANSWERED Wait"]
    alice.far_end_hung_up(16)
    await o.ended(alice)
    assert len(book.lines) == 1
    listeners = [one for listed in o.pbx.bus._listeners.values() for one in listed]
    assert all(getattr(one, "__self__", None) is not engine for one in listeners)


async def test_nothing_is_kept(office) -> None:
    o, book, engine = recording(office, DIAL.format("Fake/bob", ""))
    o.phone("bob", answers=1, hangs_up=1)
    alice = o.call()
    await o.settle(1.5)
    gone = (weakref.ref(alice), weakref.ref(o.phones["bob"].leg))
    o.phones["bob"].legs.clear()
    gc.collect()
    gc.disable()
    try:
        await o.ended(alice)
        del alice
        await o.settle()
        assert [reference() for reference in gone] == [None, None]
        assert engine._chains == {}
        assert len(book.records) == 1
    finally:
        gc.enable()


async def test_account_codes_and_user_fields_of_both(office) -> None:
    o, book, _ = recording(office, DIAL.format("Fake/bob", ""))
    bob = o.phone("bob", answers=1)
    alice = o.call()
    alice.account_code, alice.user_field = "sales", "one"
    await o.settle(2)
    bob.leg.account_code, bob.leg.user_field = "support", "two"
    alice.far_end_hung_up(16)
    await o.ended(alice)
    (cdr,) = book.records
    assert (cdr.account_code, cdr.peer_account, cdr.user_field) == ("sales", "support", "one;two")


async def test_asking_whether_a_phone_could_be_called_is_no_call(office) -> None:
    plan = (
        "[default]\nexten => s,1,Answer()\n same => n,ChanIsAvail(Fake/bob)\n same => n,Set(X=${AVAILCHAN})\n"
    )
    o, book, _ = recording(office, plan, unanswered=True)
    o.phone("bob")
    await o.ended(o.call())
    assert book.lines == ["6001>s - 0/0/0 0/0 ANSWERED Set"]
