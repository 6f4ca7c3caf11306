"""Whose account a call is on: what a dialled leg gets, and what bridges and Local channels exchange."""

from __future__ import annotations

import csv

import pytest

from unit.drivers.node import Switch, eventually

DIALPLAN = """
[default]
exten => straight,1,Set(CHANNEL(accountcode)=alice)
 same => n,Dial(Local/called@default/n)
exten => preset,1,Set(CHANNEL(accountcode)=alice)
 same => n,Set(CHANNEL(peeraccount)=for-bob)
 same => n,Dial(Local/called@default/n)
exten => nobody,1,Dial(Local/called@default/n)
exten => called,1,Set(GLOBAL(SAW)=${CHANNEL(accountcode)}/${CHANNEL(peeraccount)})
 same => n,Set(CHANNEL(accountcode)=bob)
 same => n,Set(CHANNEL(peeraccount)=bobs-peer)
 same => n,Answer
 same => n,Wait(60)
exten => listen,1,Answer
 same => n,Wait(60)
exten => partly,1,Set(CDR_PROP(disable)=1)
 same => n,Dial(Local/short@default/n,,g)
 same => n,Set(CDR_PROP(disable)=0)
 same => n,Dial(Local/short@default/n,,g)
exten => short,1,Set(CDR_PROP(disable)=1)
 same => n,Answer
 same => n,Wait(0.2)
"""


async def originate(switch: Switch, exten: str) -> None:
    from offhook.dialplan.originating import Placement, place

    await place(
        switch.node.pbx, switch.node.runner, Placement(f"Local/{exten}@default/n", "default", "listen")
    )


@pytest.mark.parametrize(
    ("exten", "saw"),
    # The called half has them crossed over: its account is the peer account of the dialled half.
    [("straight", "alice/alice"), ("preset", "alice/for-bob"), ("nobody", "/")],
)
async def test_what_a_dialled_leg_gets(switch: Switch, exten: str, saw: str) -> None:
    await switch.start("", DIALPLAN)
    await originate(switch, exten)
    assert switch.node.runner.globals.get("SAW") == saw


async def test_answering_tells_the_other_half_and_the_bridge_its_peer(switch: Switch) -> None:
    await switch.start("", DIALPLAN)
    await originate(switch, "preset")
    channels = switch.node.pbx.channels
    one = await eventually(
        "bridged",
        lambda: [
            c for n, c in channels.items() if n.startswith("Local/called") and n.endswith(";1") and c.bridge
        ],
    )
    assert isinstance(one, list)
    assert (one[0].account_code, one[0].peer_account) == ("bobs-peer", "alice")
    caller = one[0].bridge.other(one[0])
    assert (caller.account_code, caller.peer_account) == ("alice", "bobs-peer")


async def test_records_switched_off_stay_off(switch: Switch) -> None:
    await switch.start("", DIALPLAN, cdr="[general]\n[csv]\n")
    await originate(switch, "partly")
    await eventually("over", lambda: not switch.channels())
    await switch.node.store.flush()
    rows = list(csv.reader((switch.node.paths.cdr_csv / "Master.csv").open()))
    assert [row[6].rpartition("-")[0] for row in rows if row[2] == "partly"] == ["Local/short@default"]
