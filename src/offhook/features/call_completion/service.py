"""Call completion on a node: the state machine with device states, timers, channels and recalls."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from offhook.config.files.ccss import AgentPolicy, CcssConf, CompletionSettings, MonitorPolicy
from offhook.features.call_completion.called import Called, DialWatch, interfaces_of, monitors_of
from offhook.features.call_completion.machine import Agent, Completion, Completions, Refusal, State
from offhook.features.call_completion.recall import CallerBusyError, RecallError, recall
from offhook.features.device_states import DeviceState, DeviceStates
from offhook.pbx.events import DeviceReported

if TYPE_CHECKING:
    from offhook.dialplan.runner import Runner
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["CallCompletion"]

log = logging.getLogger(__name__)

PREFIX = "ccss"
"""Of the devices that show the state of a caller's completion: `ccss:PJSIP/6001`."""
_DEFAULTS = CompletionSettings()


class CallCompletion:
    """Call completion of one node; a service of its `Pbx`."""

    def __init__(self, pbx: Pbx, runner: Runner, devices: DeviceStates, conf: CcssConf | None = None) -> None:
        self._pbx = pbx
        self._runner = runner
        self._devices = devices
        self.conf = conf or CcssConf()
        self._core = Completions(self, self.conf.cc_max_requests)
        self._own: weakref.WeakKeyDictionary[Channel, dict[str, Any]] = weakref.WeakKeyDictionary()
        # The destination that a leg (of a Local channel: its half in the dialplan) was called as.
        self._called_as: weakref.WeakKeyDictionary[Channel, Called] = weakref.WeakKeyDictionary()
        self._offered: weakref.WeakKeyDictionary[Channel, tuple[str, str]] = weakref.WeakKeyDictionary()
        self._called: dict[int, list[Called]] = {}  # of each completion
        self._recalls: weakref.WeakKeyDictionary[Channel, Completion] = weakref.WeakKeyDictionary()
        # Of a recall: whom a Local channel's dialplan had called at first.
        self._called_before: weakref.WeakKeyDictionary[Channel, list[Called]] = weakref.WeakKeyDictionary()
        self._agents: weakref.WeakKeyDictionary[Channel, str] = weakref.WeakKeyDictionary()  # of recalls
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._stops: dict[str, Callable[[], None]] = {}
        self._ended_as: dict[str, State] = {}  # how the last completion of a caller ended
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for: float | None = None
        self._closed = False
        self._remove_provider = devices.add_provider(PREFIX, self._device_state)

    def use(self, conf: CcssConf) -> None:
        """Have another configuration, for what comes; requests that there are stay."""
        self.conf = conf
        self._core.max_requests = conf.cc_max_requests
        for device in {*self._ended_as, *(one.caller for one in self._core)}:
            self._report(device)

    async def close(self) -> None:
        """Watch nothing and recall nobody any more."""
        self._closed = True
        self._core.close()
        self._remove_provider()
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ------------------------------------------------------------ what is asked for

    def __iter__(self) -> Iterator[Completion]:
        return iter(self._core)

    def request(self, channel: Channel) -> Refusal | None:
        """The caller wants completion of his latest call; why he does not get it."""
        refusal = self._core.request(self._device(channel), self._pbx.loop.time())
        self._arm()
        return refusal

    def cancel(self, channel: Channel) -> Refusal | None:
        """The caller does not want it any more; why that is not so."""
        completion = self._core.of_caller(self._device(channel))
        if completion is None:
            return Refusal.NO_CORE_INSTANCE
        self._end(completion, "the caller has cancelled it")
        return None

    def cancel_core(self, core_id: int) -> bool:
        """The administrator ends one; whether there is such a one."""
        completion = self._core.get(core_id)
        if completion is not None:
            self._end(completion, "cancelled by the administrator")
        return completion is not None

    def _end(self, completion: Completion, reason: str) -> None:
        self._core.fail(completion, reason)
        self._arm()

    # ------------------------------------------------------------ settings

    def settings(self, channel: Channel) -> CompletionSettings:
        """The settings of a channel."""
        own = self._own.get(channel)
        return replace(_DEFAULTS, **own) if own else _DEFAULTS

    def change(self, channel: Channel, option: str, value: object) -> None:
        """Let one setting of a channel be different; `option` is a field of CompletionSettings."""
        self._own.setdefault(channel, {})[option] = value
        if value in (AgentPolicy.NATIVE, MonitorPolicy.NATIVE):
            log.warning("%s: no channel here has call completion of its own: %s=native is never",
                        channel.name, option)  # fmt: skip

    def settings_of_leg(self, caller: Channel, leg: Channel | None) -> CompletionSettings:
        """Those of a called party: its own ones, the caller's for the rest."""
        own = {**self._own.get(caller, {}), **(self._own.get(leg, {}) if leg is not None else {})}
        return replace(_DEFAULTS, **own) if own else _DEFAULTS

    # ------------------------------------------------------------ Dial()

    def watch_dial(self, caller: Channel, place: tuple[str, str]) -> DialWatch | None:
        """The observer of a Dial() of this channel, in the extension `place`; None when none is needed."""
        around = self._called_as.get(caller)
        if around is not None:
            return DialWatch(self, caller, around.inside, None)
        if caller not in self._recalls:
            if not self.conf.enabled or caller.leads_on or self._offered.get(caller) == place:
                return None
            if self.settings(caller).cc_agent_policy is not AgentPolicy.GENERIC:
                return None
        return DialWatch(self, caller, [], lambda called, won: self._dialled(caller, place, called, won))

    def leg_made(self, caller: Channel, leg: Channel, called: Called) -> None:
        """A Dial() that is observed has made a leg."""
        if not leg.leads_on:
            return
        inner = leg.far_half
        if inner is None:
            return
        self._called_as[inner] = called
        own = {**self._own.get(caller, {}), **self._own.get(leg, {})}
        if own:
            self._own[inner] = own
        for before in self._called_before.get(caller, ()):
            if before.dialled == called.dialled:
                leg.set_variable("CC_INTERFACES", interfaces_of(before.inside))
                self._called_before[inner] = before.inside

    def device_of(self, destination: str) -> str:
        """The device that a dial string leads to, when there is no leg to ask."""
        technology, _, rest = self._pbx.canonical(destination).partition("/")
        return f"{technology}/{rest.rpartition('@')[2].partition('/')[0]}"

    def _dialled(self, caller: Channel, place: tuple[str, str], called: list[Called], won: bool) -> None:
        """The race is over: what was recalled is, and what failed may be completed."""
        if self._closed:
            return
        recalled = self._recalls.pop(caller, None)
        if recalled is not None:
            if won:
                self._core.recalled(recalled)
            else:
                self._core.fail(recalled, "the called party did not answer the recall")
        settings = self.settings(caller)
        device = self._device(caller)
        monitors = [one for one in monitors_of(called) if one.device != device]
        if monitors and self.conf.enabled and settings.cc_agent_policy is AgentPolicy.GENERIC:
            agent = Agent(
                device,
                settings,
                *place,
                party=caller.caller,
                account_code=caller.account_code,
                language=caller.language,
                tenant_id=caller.tenant_id,
            )
            completion = self._core.begin(agent, monitors, interfaces_of(called))
            if completion is not None:
                self._offered[caller] = place
                self._called[completion.core_id] = called
                caller.when_ended(lambda: self._offer(completion))
        self._arm()

    def _offer(self, completion: Completion) -> None:
        if not self._closed:
            self._core.offer(completion, self._pbx.loop.time())
            self._arm()

    def _device(self, channel: Channel) -> str:
        return self._agents.get(channel) or channel.device

    # ------------------------------------------------------------ World

    def state(self, device: str) -> DeviceState:
        """Part of World."""
        return self._devices.state(device)

    def watch(self, device: str) -> None:
        """Part of World."""
        self._stops[device] = self._devices.watch(device, self._changed)

    def unwatch(self, device: str) -> None:
        """Part of World."""
        stop = self._stops.pop(device, None)
        if stop is not None:
            stop()

    def _changed(self, device: str, state: DeviceState) -> None:
        self._core.device_changed(device, state)
        self._arm()

    def changed(self, completion: Completion) -> None:
        """Part of World."""
        if completion.is_over:
            self._ended_as[completion.caller] = completion.state
            self._called.pop(completion.core_id, None)
            task = self._tasks.get(completion.core_id)
            if task is not None and task is not asyncio.current_task():
                task.cancel()
        log.debug("call completion %d of %s is %s", completion.core_id, completion.caller, completion.state)
        self._report(completion.caller)

    def announce(self, event: Callable[..., object], *values: object) -> None:
        """Part of World."""
        self._pbx.bus.emit(event, *values)

    def recall(self, completion: Completion) -> None:
        """Part of World."""
        work = self._recall(completion)
        task = self._pbx.loop.create_task(work, name=f"recall {completion.core_id}")
        self._tasks[completion.core_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(completion.core_id, None))

    async def _recall(self, completion: Completion) -> None:
        def answered(leg: Channel) -> None:
            self._recalls[leg] = completion
            self._agents[leg] = completion.caller
            self._called_before[leg] = self._called.get(completion.core_id, [])
            self._own[leg] = {
                name: getattr(completion.agent.settings, name)
                for name in CompletionSettings.__dataclass_fields__
                if name not in ("name", "where")
            }
            leg.when_ended(lambda: self._recall_is_over(completion))

        try:
            await recall(self._pbx, self._runner, completion, answered)
        except CallerBusyError:
            self._core.caller_is_busy(completion)
        except RecallError as error:
            self._core.fail(completion, str(error))
        self._arm()

    def _recall_is_over(self, completion: Completion) -> None:
        """The caller who was recalled is gone; when he has called nobody, nothing comes of it."""
        if not self._closed:
            self._core.fail(completion, "the caller hung up before the called party was called")
            self._arm()

    # ------------------------------------------------------------ inside

    def _device_state(self, name: str) -> str:
        """The provider of `ccss:` devices."""
        device = self._pbx.canonical(name)
        completion = self._core.of_caller(device)
        state = completion.state if completion is not None else self._ended_as.get(device)
        return "UNKNOWN" if state is None else self.conf.device_state(state.value)

    def _report(self, device: str) -> None:
        for name in self._pbx.names_of(device):
            self._pbx.bus.emit(DeviceReported, f"{PREFIX}:{name}")

    def _arm(self) -> None:
        """Have the loop call back when the next timer ends."""
        at = None if self._closed else self._core.deadline()
        if at == self._armed_for and (at is None or self._timer is not None):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = at
        self._timer = None if at is None else self._pbx.loop.call_at(at, self._tick)

    def _tick(self) -> None:
        self._timer = self._armed_for = None
        self._core.tick(self._pbx.loop.time())
        self._arm()
