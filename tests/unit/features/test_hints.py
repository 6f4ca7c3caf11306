"""Device states, hints and presence, on a switch in virtual time."""

from __future__ import annotations

import itertools

import pytest

from offhook.dialplan.reader import read_dialplan_text
from offhook.features.device_states import DeviceState, aggregate
from offhook.features.hints import ExtensionState, Hint, Presence
from offhook.pbx.events import (
    DeviceReported,
    DeviceStateChanged,
    ExtensionStateChanged,
    PresenceChanged,
)

S = DeviceState
HINTS = """
[default]
exten => 6001,hint,Fake/bob
exten => 6002,hint,Fake/bob&Fake/carol
exten => 6003,hint,Custom:lamp,CustomPresence:dave
exten => _61XX,hint,Fake/p${EXTEN}
exten => s,1,Wait(10)
exten => bob,1,Dial(Fake/bob)
"""


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], S.UNKNOWN),
        ([S.NOT_INUSE, S.UNAVAILABLE], S.NOT_INUSE),
        ([S.UNAVAILABLE, S.UNAVAILABLE], S.UNAVAILABLE),
        ([S.INVALID, S.INVALID], S.INVALID),
        ([S.INUSE, S.NOT_INUSE], S.INUSE),
        ([S.RINGING, S.NOT_INUSE], S.RINGING),
        ([S.RINGING, S.INUSE], S.RINGINUSE),
        ([S.RINGING, S.ONHOLD], S.RINGINUSE),
        ([S.ONHOLD, S.NOT_INUSE], S.ONHOLD),
        ([S.BUSY, S.INUSE], S.BUSY),
        ([S.RINGINUSE, S.BUSY], S.RINGINUSE),
    ],
)
def test_several_devices_as_one(states: list[S], expected: S) -> None:
    for order in itertools.permutations(states):
        assert aggregate(order) is expected


async def test_a_hint_follows_the_calls_of_its_devices(office) -> None:
    o = office(HINTS)
    bob = o.phone("bob", answers=2.0)
    o.phone("carol")
    o.devices.review()
    seen: list[tuple[str, int, str]] = []
    o.pbx.bus.listen(ExtensionStateChanged, lambda e: seen.append((e.exten, e.state, e.text)))
    assert o.hints.state("6001", "default") == 0
    call = o.call("bob")
    await o.settle(3)
    assert bob.legs
    assert o.hints.state("6001", "default") == ExtensionState.INUSE
    assert o.hints.state("6002", "default") == ExtensionState.INUSE
    call.request_hangup()
    await o.settle(1)
    assert o.hints.state("6002", "default") == 0
    assert seen == [("6001", 1, "InUse"), ("6002", 1, "InUse"), ("6001", 0, "Idle"), ("6002", 0, "Idle")]


async def test_a_number_of_a_pattern_is_followed_once_it_is_asked_for(office) -> None:
    o = office(HINTS)
    assert len(o.hints) == 3
    assert o.hints.state("6105", "default") == ExtensionState.UNAVAILABLE  # there is no such phone
    o.phone("p6105")
    told: list[Hint] = []
    stop = o.hints.watch("6105", "default", told.append)
    assert stop is not None
    o.pbx.bus.emit(DeviceReported, "Fake/p6105")
    assert [hint.state for hint in told] == [0]
    stop()
    assert len(o.hints) == 4
    assert o.hints.state("7000", "default") is None
    assert o.hints.watch("7000", "default", told.append) is None


async def test_custom_states_and_presence(office) -> None:
    o = office(HINTS)
    told: list[tuple[int, str]] = []
    kept: list[tuple[str, str]] = []
    devices: list[tuple[str, str]] = []
    presences: list[PresenceChanged] = []
    o.devices.keep_custom = lambda name, state: kept.append((name, state))
    o.pbx.bus.listen(DeviceStateChanged, lambda e: devices.append((e.device, e.state)))
    o.pbx.bus.listen(PresenceChanged, presences.append)
    o.hints.watch("6003", "default", lambda hint: told.append((int(hint.state), hint.presence.state)))
    o.devices.set_custom("lamp", S.RINGING)
    o.devices.set_custom("lamp", S.RINGING)
    o.hints.set_custom_presence("dave", Presence("away", "lunch", "back at one"))
    o.devices.set_custom("other", S.BUSY)
    assert told == [(8, "not_set"), (8, "away")]
    assert kept == [("lamp", "RINGING"), ("lamp", "RINGING"), ("other", "BUSY")]
    assert devices == [("Custom:lamp", "RINGING"), ("Custom:other", "BUSY")]
    assert (presences[0].provider, presences[0].message) == ("CustomPresence:dave", "back at one")


async def test_a_reload_keeps_those_who_watch(office) -> None:
    o = office(HINTS)
    told: list[tuple[str, int, bool]] = []
    for exten in ("6001", "6002", "6003"):
        o.hints.watch(exten, "default", lambda hint: told.append((hint.exten, int(hint.state), hint.is_gone)))
    o.devices.set_custom("lamp", S.INUSE)
    told.clear()
    o.phone("bob")
    o.devices.review()
    told.clear()
    o.runner.install(
        read_dialplan_text("[default]\nexten => 6001,hint,Fake/bob\nexten => 6002,hint,Custom:lamp\n")
    )
    assert told == [("6002", 1, False), ("6003", 0, True)]
    o.devices.set_custom("lamp", S.BUSY)
    assert told[2:] == [("6002", 2, False)]
    assert len(o.hints) == 2


async def test_providers(office) -> None:
    o = office("[default]\nexten => 1,hint,Queue:sales\n")
    state = "NOT_INUSE"
    remove = o.devices.add_provider("Queue", lambda name: state if name == "sales" else "INVALID")
    assert o.devices.state("queue:sales") is S.NOT_INUSE
    with pytest.raises(ValueError, match="two providers"):
        o.devices.add_provider("QUEUE", lambda name: "INUSE")
    state = "INUSE"
    o.pbx.bus.emit(DeviceReported, "Queue:sales")
    assert o.hints.state("1", "default") == ExtensionState.INUSE
    remove()
    assert o.devices.state("Queue:sales") is S.INVALID
    assert o.devices.state("nonsense") is S.INVALID
    assert o.devices.state("Fake/") is S.INVALID


async def test_nothing_is_kept_of_devices_that_nobody_watches(office) -> None:
    o = office(HINTS)
    o.pbx.bus.listen(DeviceStateChanged, lambda event: None)
    for _ in range(3):
        o.incoming("6009").request_hangup()
    await o.settle(1)
    assert set(o.devices._known) <= {"Fake/bob", "Fake/carol", "Custom:lamp", "Fake/6009"}
    assert o.pbx.by_device == {}


async def test_functions(office) -> None:
    o = office(HINTS)
    o.phone("bob")
    call = o.runner.call_without_channel(o.pbx)
    call.assign("DEVICE_STATE(Custom:lamp)", "ringing")
    call.assign("PRESENCE_STATE(CustomPresence:eve)", "away,lunch,back\\r\\nat one")
    assert call.evaluate("${PRESENCE_STATE(CustomPresence:eve,message)}") == "back\\r\\nat one"
    assert call.evaluate("${PRESENCE_STATE(CustomPresence:eve,subtype,e)}") == "bHVuY2g="
    call.assign("PRESENCE_STATE(CustomPresence:dave)", "dnd,,in a meeting")
    values = {
        "DEVICE_STATE(Custom:lamp)": "RINGING",
        "EXTENSION_STATE(6003@default)": "RINGING",
        "EXTENSION_STATE(6003)": "RINGING",
        "EXTENSION_STATE(99)": "UNKNOWN",
        "HINT(6002@default)": "Fake/bob&Fake/carol",
        "HINT(6003,n)": "CustomPresence:dave",
        "PRESENCE_STATE(CustomPresence:dave,value)": "dnd",
        "PRESENCE_STATE(CustomPresence:dave,message)": "in a meeting",
        "PRESENCE_STATE(CustomPresence:dave,message,e)": "aW4gYSBtZWV0aW5n",
        "PRESENCE_STATE(CustomPresence:nobody,value)": "not_set",
        "PRESENCE_STATE(CustomPresence:dave,colour)": "",
    }
    assert {text: call.get(text) for text in values} == values


async def test_autohints_make_a_hint_of_each_device_that_changes(office) -> None:
    o = office(
        "[auto]\nautohints=yes\nexten => carol,hint,Custom:own\nexten => 1,1,Dial(Fake/bob&Fake/carol)\n"
        "[other]\nexten => 1,1,NoOp()\n"
    )
    o.phone("bob", answers=1)
    o.phone("carol")
    call = o.call("1", context="auto")
    await o.settle(2)
    assert o.hints.state("bob", "auto") == ExtensionState.INUSE
    assert o.hints.state("bob", "other") is None
    assert [hint.text for hint in o.hints if hint.exten == "carol"] == ["Custom:own"]
    o.runner.install(read_dialplan_text("[auto]\nautohints=yes\n"))
    assert o.hints.state("bob", "auto") == ExtensionState.INUSE
    o.runner.install(read_dialplan_text("[auto]\n"))
    assert o.hints.state("bob", "auto") is None
    call.request_hangup()
    await o.settle(1)
