"""Hostile traffic during live calls: nothing crashes, leaks or is disturbed, and all of it is counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from hostile import HalfOpen, Sender, datagrams
from live import LiveCalls
from ports import Ports
from program import NO_QUALIFY, Program, wait_for

CALLS = 20
DATAGRAMS = 200_000
CONNECTIONS = 1000

# T1 of 100 ms: what a refused INVITE leaves behind is gone after 6.4 instead of 32 s.
_PJSIP = """
[system]
type=system
timer_t1=100
timer_b=6400

[live]
type=endpoint
context=live
allow=!all,ulaw
[live-identify]
type=identify
endpoint=live
match_header=From: /sip:load@/

[answering]
type=aor
contact=sip:answering@127.0.0.1:{port}
[answering]
type=endpoint
aors=answering
allow=!all,ulaw
"""

_DIALPLAN = """
[live]
exten => _1XXXXX,1,Dial(PJSIP/answering/sip:${EXTEN}@127.0.0.1:{port},30)
"""

# Where a datagram or a message of a stream ends up: at the gate ...
_AT_THE_GATE = ("keep_alives", "dropped_source", "dropped_all", "dropped_queue", "refused", "taken", "first")
# ... and what passes it, in the stack.
_IN_THE_STACK = (
    "keepalives",
    "malformed",
    "merged",
    "overload",
    "requests_received",
    "responses_received",
    "retransmissions_received",
    "stray_acks",
    "stray_cancels",
    "stray_responses",
    "too_many_hops",
)


class Socket:
    """The program's UDP socket as the kernel sees it."""

    def __init__(self, port: int) -> None:
        self._end = f":{port:04X}"

    def _fields(self) -> list[str]:
        for line in Path("/proc/net/udp").read_text().splitlines():
            fields = line.split()
            if fields[1].endswith(self._end):
                return fields
        raise AssertionError("the program has no UDP socket")

    def pending(self) -> int:
        """Bytes that it has not read yet."""
        return int(self._fields()[4].partition(":")[2], 16)

    def dropped(self) -> int:
        """Datagrams that the kernel has dropped."""
        return int(self._fields()[-1])


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """What has been counted in between."""
    return {name: value - before.get(name, 0) for name, value in after.items()}


def no_transactions(office: Program) -> None:
    """Wait until timers have ended what refused requests left behind."""
    wait_for("no transactions", lambda: office.counters()["transactions"] == 0, 20, step=0.25)


def test_hostile_traffic_during_live_calls(make_office: Callable[..., Program], ports: Ports) -> None:
    callee = ports.take()
    office = make_office(
        {
            "pjsip.conf": _PJSIP.replace("{port}", str(callee)),
            "extensions.conf": _DIALPLAN.replace("{port}", str(callee)),
        },
        changes=NO_QUALIFY,
    )
    live = LiveCalls(
        office.port,
        count=CALLS,
        prefix="1",
        caller_port=ports.take(),
        callee_port=callee,
        media_port=ports.range(4 * CALLS)[0],
    )
    kernel = Socket(office.port)
    # half of it comes from the phones' own address, where everything is parsed; half from strangers
    strangers = [f"127.0.1.{n}" for n in range(1, 5)]
    sender = Sender(office.port, ["127.0.0.1"] * 4 + strangers, kernel.pending)
    half_open = None
    try:
        # what the first strangers bring along (code loaded on first use, tables grown) is no leak
        sender.send(datagrams(DATAGRAMS // 10, seed=1))
        no_transactions(office)
        office.ask("malloc trim")
        memory = office.rss_kib()
        descriptors = office.descriptors()
        before = office.counters()
        dropped = kernel.dropped()
        live.account()

        half_open = HalfOpen(office.port, CONNECTIONS, seed=3)
        watching = threading.Thread(target=half_open.watch, args=(time.monotonic() + 40,))
        watching.start()
        start = time.monotonic()
        assert sender.send(datagrams(DATAGRAMS, seed=2)) == DATAGRAMS
        print(f"sent in {time.monotonic() - start:.1f} s")
        wait_for("an empty socket", lambda: not kernel.pending(), 10)
        account = live.account()
        watching.join()
        counted = difference(before, office.counters())
        print(account, counted)

        assert kernel.dropped() == dropped
        assert half_open.open == 0
        assert counted["connections_accepted"] == CONNECTIONS
        assert counted["half_open_closed"] == CONNECTIONS
        assert counted["datagrams_received"] == DATAGRAMS
        assert sum(counted[name] for name in _AT_THE_GATE) == DATAGRAMS
        passed = counted["refused"] + counted["taken"] + counted["first"]
        assert sum(counted[name] for name in _IN_THE_STACK) == passed
        assert counted["ua_defects"] == 0

        assert account.calls == CALLS
        assert account.streams == 2 * CALLS
        assert account.lost == 0
        assert account.wrong == 0
        # a phone's jitter buffer takes more; the machine may be busy with other things
        assert account.p99_ms < 60

        # when the last transaction has timed out, nothing of it all is left
        no_transactions(office)
        office.ask("malloc trim")
        after = office.rss_kib()
        print(f"resident: {memory} KiB before, {after} KiB after")
        assert after <= 1.05 * memory
        wait_for("descriptors", lambda: office.descriptors() <= descriptors, 5)
        assert live.hang_up() == CALLS
        assert len(office.cdrs()) == CALLS
    finally:
        live.close()
        sender.close()
        if half_open is not None:
            half_open.close()
