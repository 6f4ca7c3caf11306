"""asterisk.conf maxload and minmemfree: no calls while the machine has no room for them."""

from __future__ import annotations

import logging

import pytest

from offhook.api.capacity import Capacity, free_memory, load_average
from unit.drivers.node import Switch, phone


class Machine:
    def __init__(self) -> None:
        self.now, self.load, self.free, self.asked = 0.0, 0.5, 4000, 0

    def load_now(self) -> float:
        self.asked += 1
        return self.load

    def capacity(self, max_load: float, min_free: int) -> Capacity:
        return Capacity(
            max_load, min_free, load=self.load_now, free=lambda: self.free, clock=lambda: self.now
        )


def test_load_is_looked_at_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    capacity = machine.capacity(2.0, 0)
    with caplog.at_level(logging.WARNING):
        assert [capacity.is_exhausted() for _ in range(100)] == [False] * 100
        machine.load = 2.5
        assert not capacity.is_exhausted()
        machine.now = 1.0
        assert capacity.is_exhausted()
        machine.load, machine.now = 1.0, 2.0
        assert not capacity.is_exhausted()
    assert machine.asked == 3
    first, second = (record.getMessage() for record in caplog.records)
    assert first == "no calls are taken: the load average is 2.50 (maxload=2)"
    assert second == "calls are taken again"


def test_memory() -> None:
    machine = Machine()
    capacity = machine.capacity(0, 100)
    assert not capacity.is_exhausted()
    machine.free, machine.now = 99, 1.0
    assert capacity.is_exhausted()


def test_this_machine() -> None:
    assert load_average() >= 0
    assert free_memory() > 0


async def test_a_call_is_refused(switch: Switch) -> None:
    extensions = "[default]\nexten => 1,1,Answer()\n"
    await switch.start(phone("bob"), extensions, asterisk="[options]\nminmemfree=999999999\n")
    bob = await switch.peer(name="bob")
    refused = await bob.call("1", status=503)
    assert refused.response is not None
    assert refused.response.get("Retry-After")
