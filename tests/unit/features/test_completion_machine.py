"""The state machine of call completion, with a clock and devices that are numbers and words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.config.files.ccss import CompletionSettings
from offhook.features.call_completion.machine import (
    Agent,
    Completion,
    Completions,
    Monitor,
    Refusal,
    Service,
    State,
)
from offhook.features.device_states import DeviceState
from offhook.pbx.party import PartyId

FREE, BUSY, RINGING = DeviceState.NOT_INUSE, DeviceState.INUSE, DeviceState.RINGING


class World:
    """Devices whose state a test sets; remembers what it was asked for."""

    def __init__(self, max_requests: int = 20) -> None:
        self.core = Completions(self, max_requests)
        self.devices: dict[str, DeviceState] = {}
        self.watched: set[str] = set()
        self.recalled: list[Completion] = []
        self.events: list[str] = []
        self.states: list[tuple[int, str]] = []
        self.now = 0.0

    def state(self, device: str) -> DeviceState:
        return self.devices.get(device, FREE)

    def watch(self, device: str) -> None:
        assert device not in self.watched
        self.watched.add(device)

    def unwatch(self, device: str) -> None:
        self.watched.remove(device)

    def recall(self, completion: Completion) -> None:
        self.recalled.append(completion)

    def changed(self, completion: Completion) -> None:
        self.states.append((completion.core_id, completion.state.value))

    def announce(self, event, *values) -> None:
        event(*values)  # takes them
        self.events.append(event.__name__)

    # ---- what tests do

    def set(self, device: str, state: DeviceState) -> None:
        self.devices[device] = state
        if device in self.watched:
            self.core.device_changed(device, state)

    def later(self, seconds: float) -> None:
        self.now += seconds
        self.core.tick(self.now)

    def called(self, caller: str, *callees: str, service=Service.CCBS, seconds: int = 100, **settings):
        agent = Agent(caller, replace(CompletionSettings(), **settings), "office", "200", PartyId("100"))
        monitors = [Monitor(one, one, service, seconds, 5) for one in callees]
        return self.core.begin(agent, monitors, "&".join(callees))

    def requested(self, caller: str, *callees: str, **more) -> Completion:
        completion = self.called(caller, *callees, **more)
        self.core.offer(completion, self.now)
        assert self.core.request(caller, self.now) is None
        return completion


def test_busy_requested_free_recalled() -> None:
    world = World()
    world.set("bob", BUSY)
    one = world.called("alice", "bob")
    assert world.watched == set()  # nothing is followed for those who do not ask
    world.core.offer(one, 0)
    assert one.deadline() == 20
    assert world.core.request("alice", 5) is None
    assert (one.state, world.watched, one.deadline()) == (State.ACTIVE, {"bob"}, 105)
    world.set("bob", FREE)
    assert world.recalled == [one]
    assert one.state is State.RECALLING
    world.core.recalled(one)
    assert one.state is State.COMPLETE
    assert (len(world.core), world.watched, world.core.deadline()) == (0, set(), None)
    assert world.events == [
        "CompletionAvailable",
        "CompletionOffered",
        "CompletionRequested",
        "CompletionAcknowledged",
        "CompletionRecalling",
        "CompletionEnded",
    ]


def test_who_is_free_at_the_request_after_a_busy_call_is_called_at_once() -> None:
    world = World()
    assert world.requested("alice", "bob").state is State.RECALLING


def test_who_did_not_answer_must_have_used_the_phone() -> None:
    world = World()
    one = world.requested("alice", "bob", service=Service.CCNR)
    assert one.state is State.ACTIVE
    world.set("bob", FREE)  # no news
    assert one.state is State.ACTIVE
    world.set("bob", BUSY)
    world.set("bob", FREE)
    assert one.state is State.RECALLING


def test_requested_in_the_call_itself() -> None:
    world = World()
    world.set("bob", BUSY)
    one = world.called("alice", "bob")
    assert world.core.request("alice", 0) is None
    world.core.offer(one, 3)  # the end of the call changes nothing any more
    assert one.state is State.ACTIVE


def test_the_offer_ends() -> None:
    world = World()
    one = world.called("alice", "bob", cc_offer_timer=7)
    world.later(1000)
    assert one.state is State.AVAILABLE  # the call goes on
    world.core.offer(one, world.now)
    world.later(6.9)
    assert one.state is State.OFFERED
    world.later(0.1)
    assert one.state is State.FAILED
    assert world.core.request("alice", world.now) is Refusal.NO_CORE_INSTANCE


def test_nobody_is_free_in_time() -> None:
    world = World()
    for name in ("bob", "carol"):
        world.set(name, BUSY)
    one = world.called("alice", "bob", "carol")
    one.monitors[1].seconds = 50
    world.core.request("alice", 0)
    world.later(50)
    assert (one.state, world.watched) == (State.ACTIVE, {"bob"})
    world.set("carol", FREE)  # nobody looks any more
    assert one.state is State.ACTIVE
    world.later(50)
    assert (one.state, world.watched) == (State.FAILED, set())
    assert world.events[-3:] == ["MonitorFailed", "MonitorFailed", "CompletionFailed"]


def test_time_runs_out_while_the_caller_is_busy() -> None:
    world = World()
    world.set("alice", BUSY)
    one = world.requested("alice", "bob")
    assert (one.state, world.watched) == (State.CALLER_BUSY, {"alice", "bob"})
    world.later(100)
    assert (one.state, world.watched) == (State.FAILED, set())


def test_the_caller_is_busy_then_free() -> None:
    world = World()
    world.set("bob", BUSY)
    one = world.requested("alice", "bob")
    world.set("alice", BUSY)
    world.set("bob", FREE)
    assert (one.state, world.recalled) == (State.CALLER_BUSY, [])
    world.set("alice", FREE)
    assert (one.state, world.recalled) == (State.RECALLING, [one])
    assert world.events[-3:] == ["MonitoringCallerBegan", "MonitoringCallerEnded", "CompletionRecalling"]


def test_the_callee_is_busy_again_when_the_caller_is_free() -> None:
    world = World()
    world.set("alice", BUSY)
    one = world.requested("alice", "bob")
    world.set("bob", BUSY)
    world.set("alice", FREE)
    assert one.state is State.ACTIVE
    world.set("bob", FREE)
    assert one.state is State.RECALLING


def test_a_phone_that_refuses_the_recall_is_not_called_again_and_again() -> None:
    world = World()
    one = world.requested("alice", "bob")
    world.core.caller_is_busy(one)  # do not disturb: the device is free all the time
    assert one.state is State.CALLER_BUSY
    world.set("alice", FREE)
    assert (one.state, len(world.recalled)) == (State.CALLER_BUSY, 1)
    world.set("alice", BUSY)
    world.set("alice", FREE)
    assert (one.state, len(world.recalled)) == (State.RECALLING, 2)


def test_those_who_wait_are_served_in_order_one_at_a_time() -> None:
    world = World()
    world.set("bob", BUSY)
    one, two, three = (world.requested(name, "bob") for name in ("alice", "carol", "dave"))
    world.set("alice", BUSY)
    world.set("bob", FREE)
    assert world.recalled == [two]  # alice cannot be called: her turn passes, her place does not
    world.set("alice", FREE)
    assert world.recalled == [two]
    assert one.state is State.ACTIVE
    world.set("bob", RINGING)
    world.set("bob", BUSY)
    world.core.recalled(two)
    assert world.recalled == [two]  # they talk
    world.set("bob", FREE)
    assert world.recalled == [two, one]
    world.core.fail(one, "the caller does not answer")
    assert world.recalled == [two, one, three]  # at once: bob is still free


def test_who_is_busy_at_the_recall_lets_the_next_one_go_first() -> None:
    world = World()
    world.set("bob", BUSY)
    one, two = (world.requested(name, "bob") for name in ("alice", "carol"))
    world.set("bob", FREE)
    world.core.caller_is_busy(one)
    assert world.recalled == [one, two]


def test_only_the_latest_call_counts_until_one_is_requested() -> None:
    world = World()
    one = world.called("alice", "bob")
    two = world.called("alice", "carol")
    assert (one.state, two.state) == (State.FAILED, State.AVAILABLE)
    world.set("carol", BUSY)
    assert world.core.request("alice", 0) is None
    assert world.called("alice", "bob") is None  # a generic agent has one request
    assert world.core.request("alice", 0) is Refusal.UNSPECIFIED


def test_limits() -> None:
    world = World(max_requests=2)
    world.set("bob", BUSY)
    for name in ("alice", "carol"):
        world.requested(name, "bob")
    dave = world.called("dave", "bob")
    assert world.core.request("dave", 0) is Refusal.TOO_MANY_REQUESTS
    assert dave.state is State.AVAILABLE
    world.core.max_requests = 20
    dave.monitors[0].most = 2  # cc_max_monitors
    assert world.core.request("dave", 0) is Refusal.TOO_MANY_REQUESTS
    agent = Agent("eve", CompletionSettings(), "office", "200", PartyId("100"))
    assert world.core.begin(agent, [Monitor("bob", "bob", Service.CCBS, 9, 2)], "bob") is None


def test_several_called_parties() -> None:
    world = World()
    for name in ("bob", "carol"):
        world.set(name, BUSY)
    one = world.requested("alice", "bob", "carol")
    two = world.requested("dave", "carol")
    world.set("carol", FREE)
    assert world.recalled == [one]
    world.set("bob", FREE)
    assert world.recalled == [one]  # she is being called already
    world.core.fail(one, "no answer")
    assert world.recalled == [one, two]


@pytest.mark.parametrize("state", [State.AVAILABLE, State.OFFERED, State.ACTIVE, State.CALLER_BUSY])
def test_cancelled_in_whatever_state(state: State) -> None:
    world = World()
    world.set("bob", BUSY)
    one = world.called("alice", "bob")
    if state is not State.AVAILABLE:
        world.core.offer(one, 0)
    if state in (State.ACTIVE, State.CALLER_BUSY):
        world.core.request("alice", 0)
    if state is State.CALLER_BUSY:
        world.set("alice", BUSY)
        world.set("bob", FREE)
    assert one.state is state
    world.core.fail(one, "cancelled")
    world.core.fail(one, "twice")
    assert (len(world.core), world.watched) == (0, set())
    assert world.events.count("CompletionFailed") == 1


NAMES = ("alice", "bob", "carol", "dave")
_DEVICE = st.tuples(st.just("set"), st.sampled_from(NAMES), st.sampled_from((FREE, BUSY, RINGING)))
_CALL = st.tuples(st.just("call"), st.sampled_from(NAMES), st.sampled_from(NAMES), st.sampled_from(Service))
_OTHER = st.tuples(
    st.sampled_from(("offer", "request", "fail", "recalled", "busy", "later")), st.sampled_from(NAMES)
)


@given(st.lists(st.one_of(_DEVICE, _DEVICE, _CALL, _OTHER), max_size=80))
def test_whatever_happens(story) -> None:
    """No transition that is none, no device watched for nothing, no two recalls for one called party."""
    world = World(max_requests=3)
    for what, *values in story:
        one = world.core.of_caller(values[0])
        if what == "set":
            world.set(*values)
        elif what == "call":
            world.called(values[0], values[1], service=values[2])
        elif what == "request":
            world.core.request(values[0], world.now)
        elif what == "later":
            world.later(30)
        elif one is not None:
            match what:
                case "offer":
                    world.core.offer(one, world.now)
                case "fail":
                    world.core.fail(one, "so it is")
                case "recalled":
                    world.core.recalled(one)
                case _:
                    world.core.caller_is_busy(one)
        wanted = {
            monitor.device
            for each in world.core
            for monitor in each.monitors
            if monitor.is_watched and each.is_requested
        } | {each.caller for each in world.core if each.state is State.CALLER_BUSY}
        assert world.watched == wanted
        recalls = [each for each in world.core if each.state is State.RECALLING]
        called = [monitor.device for each in recalls for monitor in each.monitors]
        assert len(called) == len(set(called))
        assert sum(each.is_requested for each in world.core) <= 3
        for each in world.core:  # nobody waits in vain
            if each.state is State.ACTIVE:
                for monitor in each.monitors:
                    taken = monitor.device in called
                    assert taken or not monitor.counts_when_free or world.state(monitor.device) is not FREE
    for each in world.core:
        world.core.fail(each, "the end")
    assert (world.watched, world.core.deadline(), len(world.core)) == (set(), None, 0)
