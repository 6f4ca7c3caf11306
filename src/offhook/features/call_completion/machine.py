"""The state machine of call completion: no clock, no channel, no switch.

A `Completion` belongs to one caller's device, which has one at most: that of the latest call, or the one
that was requested.  Each of its `Monitor`s is a called party whose device state is followed from then on.

    AVAILABLE -> OFFERED -> CALLER_REQUESTED -> ACTIVE -> CALLEE_READY -> RECALLING -> COMPLETE
                                                   ^           |              |
                                                   +--- CALLER_BUSY <---------+         any -> FAILED

`Completions` is told what happens, with the time, and tells its `World` what to do.  Those who wait for the
same called party are served in the order of their requests, one at a time, as in ETSI ETS 300 357.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from offhook.features.call_completion import events
from offhook.features.device_states import DeviceState

if TYPE_CHECKING:
    from offhook.config.files.ccss import CompletionSettings
    from offhook.pbx.party import PartyId

__all__ = ["Agent", "Completion", "Completions", "Monitor", "Refusal", "Service", "State", "World"]


class State(StrEnum):
    """Where a completion is; the words are those of `cc_..._devstate` in ccss.conf."""

    AVAILABLE = "available"
    OFFERED = "offered"
    CALLER_REQUESTED = "caller_requested"
    ACTIVE = "active"
    CALLEE_READY = "callee_ready"
    CALLER_BUSY = "caller_busy"
    RECALLING = "recalling"
    COMPLETE = "complete"
    FAILED = "failed"


_NEXT: dict[State, tuple[State, ...]] = {
    State.AVAILABLE: (State.OFFERED, State.CALLER_REQUESTED),
    State.OFFERED: (State.CALLER_REQUESTED,),
    State.CALLER_REQUESTED: (State.ACTIVE,),
    State.ACTIVE: (State.CALLEE_READY,),
    State.CALLEE_READY: (State.RECALLING, State.CALLER_BUSY),
    State.CALLER_BUSY: (State.ACTIVE,),
    State.RECALLING: (State.COMPLETE, State.CALLER_BUSY),
    State.COMPLETE: (),
    State.FAILED: (),
}
_OVER = (State.COMPLETE, State.FAILED)
_UNREQUESTED = (State.AVAILABLE, State.OFFERED)
_FREE_CALLER = (DeviceState.NOT_INUSE, DeviceState.UNKNOWN)


class Service(StrEnum):
    """Why the call failed."""

    CCBS = "CCBS"  # busy
    CCNR = "CCNR"  # no response


class Refusal(StrEnum):
    """Why a request or its end was refused: the words of CC_REQUEST_REASON and CC_CANCEL_REASON."""

    NO_CORE_INSTANCE = "NO_CORE_INSTANCE"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    UNSPECIFIED = "UNSPECIFIED"


@dataclass(slots=True, eq=False)
class Monitor:
    """A called party."""

    dialled: str
    """The dial string that led to him."""
    device: str
    service: Service
    seconds: int
    """How long he is watched."""
    most: int
    """How many may wait for him."""
    expires_at: float | None = None
    """By the clock of what `Completions` is told; None while he is not watched."""
    was_busy: bool = False
    """Of one who did not answer: his phone has been used since the request, so somebody is there."""

    @property
    def is_watched(self) -> bool:
        """Whether his device state is followed."""
        return self.expires_at is not None

    @property
    def counts_when_free(self) -> bool:
        """Whether being free means that he can be called."""
        return self.is_watched and (self.was_busy or self.service is Service.CCBS)


@dataclass(frozen=True, slots=True)
class Agent:
    """The caller, and what his call was."""

    device: str
    settings: CompletionSettings
    context: str
    exten: str
    party: PartyId
    account_code: str = ""
    language: str = ""
    tenant_id: str = ""


@dataclass(slots=True, eq=False)
class Completion:
    """What can come, or comes, of one call that failed."""

    core_id: int
    agent: Agent
    monitors: list[Monitor]
    interfaces: str
    """CC_INTERFACES: the dial strings of the called parties, joined by `&`."""
    state: State = State.AVAILABLE
    offer_ends_at: float | None = None
    caller_was_busy: bool = False
    """The caller's phone has been seen in use while it is waited for; it need not when it was so at first."""

    @property
    def caller(self) -> str:
        """The device of the caller."""
        return self.agent.device

    @property
    def is_over(self) -> bool:
        """Whether nothing will happen any more."""
        return self.state in _OVER

    @property
    def is_requested(self) -> bool:
        """Whether the caller has asked for it."""
        return self.state not in _UNREQUESTED and not self.is_over

    def deadline(self) -> float | None:
        """When the next of its timers ends."""
        if self.state is State.OFFERED:
            return self.offer_ends_at
        if self.state in (State.ACTIVE, State.CALLER_BUSY):
            return min((one.expires_at for one in self.monitors if one.expires_at is not None), default=None)
        return None


class World(Protocol):
    """What the machine needs of the node around it."""

    def state(self, device: str) -> DeviceState:
        """What a device does now."""
        ...

    def watch(self, device: str) -> None:
        """Tell `Completions.device_changed` of this device from now on; asked once for each device."""
        ...

    def unwatch(self, device: str) -> None:
        """No more."""
        ...

    def recall(self, completion: Completion) -> None:
        """Begin to call the caller; `recalled`, `recall_failed` or `caller_is_busy` is told later."""
        ...

    def changed(self, completion: Completion) -> None:
        """A completion is in another state."""
        ...

    def announce(self, event: Callable[..., object], *values: object) -> None:
        """Put an event onto the bus."""
        ...


@dataclass(slots=True)
class Completions:
    """All completions of a node."""

    world: World
    max_requests: int = 20
    _all: dict[int, Completion] = field(default_factory=dict[int, Completion])
    _by_caller: dict[str, Completion] = field(default_factory=dict[str, Completion])
    _queue: list[Completion] = field(default_factory=list[Completion])  # those requested, in that order
    _watched: dict[str, int] = field(default_factory=dict[str, int])  # by how many
    _sequence: int = 0

    def __iter__(self) -> Iterator[Completion]:
        return iter(tuple(self._all.values()))

    def __len__(self) -> int:
        return len(self._all)

    def get(self, core_id: int) -> Completion | None:
        """By its number."""
        return self._all.get(core_id)

    def of_caller(self, device: str) -> Completion | None:
        """That of a caller's device."""
        return self._by_caller.get(device)

    def waiting_for(self, device: str) -> int:
        """How many requests there are for a called party."""
        return sum(any(one.device == device for one in other.monitors) for other in self._queue)

    def deadline(self) -> float | None:
        """When `tick` is to be called next, None for never."""
        found = [at for one in self._all.values() if (at := one.deadline()) is not None]
        return min(found, default=None)

    # ------------------------------------------------------------ the call that fails

    def begin(self, agent: Agent, monitors: list[Monitor], interfaces: str) -> Completion | None:
        """A call has failed whose caller may request completion; None when it cannot be offered.

        That of the caller's call before is forgotten, unless he has requested it: then there is no other.
        """
        before = self._by_caller.get(agent.device)
        if before is not None and before.is_requested:
            return None
        allowed = [one for one in monitors if self.waiting_for(one.device) < one.most]
        if not allowed:
            return None
        if before is not None:
            self.fail(before, "the caller has called somebody else")
        self._sequence += 1
        new = Completion(self._sequence, agent, allowed, interfaces)
        self._all[new.core_id] = self._by_caller[agent.device] = new
        self.world.changed(new)
        for one in allowed:
            self.world.announce(events.CompletionAvailable, new.core_id, one.device, one.service.value)
        return new

    def offer(self, completion: Completion, now: float) -> None:
        """The call has ended: the time in which the caller may request begins."""
        if completion.state is not State.AVAILABLE:
            return
        seconds = completion.agent.settings.cc_offer_timer
        completion.offer_ends_at = now + seconds
        self._go(completion, State.OFFERED)
        self.world.announce(events.CompletionOffered, completion.core_id, completion.caller, seconds)

    def request(self, device: str, now: float) -> Refusal | None:
        """The caller wants completion of his latest call; why he does not get it."""
        completion = self._by_caller.get(device)
        if completion is None:
            return Refusal.NO_CORE_INSTANCE
        if completion.state not in _UNREQUESTED:
            return Refusal.UNSPECIFIED
        if len(self._queue) >= self.max_requests:
            return Refusal.TOO_MANY_REQUESTS
        monitors = [one for one in completion.monitors if self.waiting_for(one.device) < one.most]
        if not monitors:
            return Refusal.TOO_MANY_REQUESTS
        completion.monitors = monitors
        self._queue.append(completion)
        self._go(completion, State.CALLER_REQUESTED)
        for one in monitors:
            one.expires_at = now + one.seconds
            self._watch(one.device)
            self.world.announce(events.CompletionRequested, completion.core_id, device, one.device)
        self._go(completion, State.ACTIVE)
        self.world.announce(events.CompletionAcknowledged, completion.core_id, device)
        self._look(completion)
        return None

    # ------------------------------------------------------------ what happens meanwhile

    def device_changed(self, device: str, state: DeviceState) -> None:
        """A device that is watched is in another state."""
        if state is not DeviceState.NOT_INUSE:
            for completion in self._queue:
                for one in completion.monitors:
                    one.was_busy = one.was_busy or (one.is_watched and one.device == device)
        waiting = self._by_caller.get(device)
        if waiting is not None and waiting.state is State.CALLER_BUSY:
            if state not in _FREE_CALLER:
                waiting.caller_was_busy = True
            elif waiting.caller_was_busy:
                self._caller_is_free(waiting)
        if state is DeviceState.NOT_INUSE:
            self._serve(device)

    def tick(self, now: float) -> None:
        """Time has passed."""
        for completion in tuple(self._all.values()):
            at = completion.deadline()
            if at is None or at > now:
                continue
            if completion.state is State.OFFERED:
                self.fail(completion, "the caller did not request it in time")
            else:
                self._expire(completion, now)

    def _expire(self, completion: Completion, now: float) -> None:
        for one in completion.monitors:
            if one.expires_at is not None and one.expires_at <= now:
                self._stop_watching(one)
                self.world.announce(events.MonitorFailed, completion.core_id, one.device)
        if not any(one.is_watched for one in completion.monitors):
            self.fail(completion, "no called party was free in time")

    # ------------------------------------------------------------ somebody is free

    def _look(self, completion: Completion) -> None:
        """See whether one of the called parties is free already."""
        for one in completion.monitors:
            if completion.state is State.ACTIVE:
                self._serve(one.device)

    def _serve(self, device: str) -> None:
        """A called party may be free: it is the turn of the first who waits and can be called."""
        for completion in tuple(self._queue):
            if self.world.state(device) is not DeviceState.NOT_INUSE or self._is_taken(device):
                return
            if completion.state is State.ACTIVE and any(
                one.device == device and one.counts_when_free for one in completion.monitors
            ):
                self._callee_is_ready(completion)

    def _is_taken(self, device: str) -> bool:
        """Whether somebody is being called back for this called party."""
        return any(
            completion.state is State.RECALLING
            and any(one.device == device and one.is_watched for one in completion.monitors)
            for completion in self._queue
        )

    def _callee_is_ready(self, completion: Completion) -> None:
        self._go(completion, State.CALLEE_READY)
        if self.world.state(completion.caller) not in _FREE_CALLER:
            self._wait_for_caller(completion, seen_busy=True)
            return
        self._go(completion, State.RECALLING)
        self.world.announce(events.CompletionRecalling, completion.core_id, completion.caller)
        self.world.recall(completion)

    def _wait_for_caller(self, completion: Completion, *, seen_busy: bool) -> None:
        completion.caller_was_busy = seen_busy
        self._go(completion, State.CALLER_BUSY)
        self._watch(completion.caller)
        self.world.announce(events.MonitoringCallerBegan, completion.core_id, completion.caller)

    def _caller_is_free(self, completion: Completion) -> None:
        self._unwatch(completion.caller)
        self._go(completion, State.ACTIVE)
        self.world.announce(events.MonitoringCallerEnded, completion.core_id, completion.caller)
        self._look(completion)

    # ------------------------------------------------------------ the recall

    def caller_is_busy(self, completion: Completion) -> None:
        """The caller's phone refuses the recall as busy: wait until it has been used and is free."""
        if completion.state is State.RECALLING:
            busy = self.world.state(completion.caller) not in _FREE_CALLER
            self._wait_for_caller(completion, seen_busy=busy)
            self._serve_those_behind(completion)

    def recalled(self, completion: Completion) -> None:
        """The called party has answered the recall."""
        if completion.state is State.RECALLING:
            self._go(completion, State.COMPLETE)
            self.world.announce(events.CompletionEnded, completion.core_id, completion.caller)
            self._forget(completion)

    def fail(self, completion: Completion, reason: str) -> None:
        """Nothing comes of it, whatever its state."""
        if completion.is_over:
            return
        if completion.state is State.CALLER_BUSY:
            self._unwatch(completion.caller)
        completion.state = State.FAILED
        self.world.changed(completion)
        self.world.announce(events.CompletionFailed, completion.core_id, completion.caller, reason)
        self._forget(completion)

    def close(self) -> None:
        """Watch nothing any more, without a word."""
        for device in tuple(self._watched):
            self.world.unwatch(device)
        self._watched.clear()
        self._all.clear()
        self._by_caller.clear()
        self._queue.clear()

    # ------------------------------------------------------------ inside

    def _go(self, completion: Completion, state: State) -> None:
        if state not in _NEXT[completion.state]:
            raise ValueError(f"a completion cannot go from {completion.state} to {state}")
        completion.state = state
        self.world.changed(completion)

    def _forget(self, completion: Completion) -> None:
        self._all.pop(completion.core_id, None)
        if self._by_caller.get(completion.caller) is completion:
            del self._by_caller[completion.caller]
        if completion not in self._queue:
            return
        self._queue.remove(completion)
        for one in completion.monitors:
            self._stop_watching(one)
        self._serve_those_behind(completion)

    def _serve_those_behind(self, completion: Completion) -> None:
        """A called party is not taken any more: others may have waited for that."""
        for one in completion.monitors:
            self._serve(one.device)

    def _stop_watching(self, monitor: Monitor) -> None:
        if monitor.expires_at is not None:
            monitor.expires_at = None
            self._unwatch(monitor.device)

    def _watch(self, device: str) -> None:
        count = self._watched.get(device, 0)
        self._watched[device] = count + 1
        if not count:
            self.world.watch(device)

    def _unwatch(self, device: str) -> None:
        count = self._watched.get(device, 0) - 1
        if count > 0:
            self._watched[device] = count
        elif count == 0:
            del self._watched[device]
            self.world.unwatch(device)
