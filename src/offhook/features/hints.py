"""Hints: the state of extensions, from the devices and presence that `exten => 6001,hint,...` names.

    exten => 6001,hint,PJSIP/6001                    one device
    exten => 6002,hint,PJSIP/desk&PJSIP/mobile       several: the state of all as one
    exten => 6003,hint,PJSIP/6003,CustomPresence:bob a presence after the comma
    exten => _60XX,hint,PJSIP/${EXTEN}               for every number of a pattern

A hint that is written out is followed from the load on; one of a pattern from the first time that its
number is asked for.  A new dialplan keeps those who watch: they are told when the state is another one, or
that the hint is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, NamedTuple

from offhook.dialplan.errors import DialplanError
from offhook.dialplan.globals import substitute_globals
from offhook.dialplan.model import Extension
from offhook.features.device_states import DeviceState, DeviceStates, aggregate
from offhook.pbx.events import (
    DeviceStateChanged,
    ExtensionStateChanged,
    PresenceChanged,
    PresenceReported,
)

if TYPE_CHECKING:
    from offhook.dialplan.model import Dialplan
    from offhook.dialplan.runner import Runner
    from offhook.pbx.pbx import Pbx

__all__ = ["ExtensionState", "Hint", "Hints", "Presence", "extension_state"]

log = logging.getLogger(__name__)


class ExtensionState(IntFlag):
    """Asterisk's extension states, with its numbers; the last two are no flags."""

    NOT_INUSE = 0
    INUSE = 1
    BUSY = 2
    UNAVAILABLE = 4
    RINGING = 8
    ONHOLD = 16

    @property
    def text(self) -> str:
        """The words of `core show hints` and of ExtensionStatus events."""
        return _TEXTS.get(int(self), "Unknown")


REMOVED = -2
"""The number of the state of an extension whose hint is gone."""
DEACTIVATED = -1
"""The number of the state of an extension that has no hint."""

_TEXTS = {
    0: "Idle",
    1: "InUse",
    2: "Busy",
    4: "Unavailable",
    8: "Ringing",
    9: "InUse&Ringing",
    16: "Hold",
    17: "InUse&Hold",
}
_OF_DEVICE = {
    DeviceState.UNKNOWN: ExtensionState.NOT_INUSE,
    DeviceState.NOT_INUSE: ExtensionState.NOT_INUSE,
    DeviceState.INUSE: ExtensionState.INUSE,
    DeviceState.BUSY: ExtensionState.BUSY,
    DeviceState.INVALID: ExtensionState.UNAVAILABLE,
    DeviceState.UNAVAILABLE: ExtensionState.UNAVAILABLE,
    DeviceState.RINGING: ExtensionState.RINGING,
    DeviceState.RINGINUSE: ExtensionState.RINGING | ExtensionState.INUSE,
    DeviceState.ONHOLD: ExtensionState.ONHOLD,
}


def extension_state(device: DeviceState) -> ExtensionState:
    """What an extension whose devices are in this state is in."""
    return _OF_DEVICE[device]


class Presence(NamedTuple):
    """A presence: not_set, unavailable, available, away, xa, chat or dnd, with what may go with it."""

    state: str = "not_set"
    subtype: str = ""
    message: str = ""


PresenceProvider = Callable[[str], Presence]


@dataclass(slots=True, eq=False)
class Hint:
    """One extension that is followed."""

    context: str
    exten: str
    text: str
    """The hint as it counts for this number: `devices[,presence]`."""
    devices: tuple[str, ...]
    presence_of: str
    state: ExtensionState
    presence: Presence
    watchers: list[Callable[[Hint], None]]
    stops: list[Callable[[], None]]
    is_pattern: bool = False
    is_automatic: bool = False
    is_gone: bool = False


class Hints:
    """The extension states of one node; a service of its `Pbx`."""

    def __init__(self, pbx: Pbx, devices: DeviceStates, runner: Runner) -> None:
        self._pbx = pbx
        self._devices = devices
        self._runner = runner
        self._hints: dict[tuple[str, str], Hint] = {}
        self._providers: dict[str, PresenceProvider] = {}
        self.custom_presence: dict[str, Presence] = {}
        """The presences that were set for `CustomPresence:` names, by what stands behind the colon."""
        self.keep_presence: Callable[[str, Presence, bool], None] | None = None
        """Called with (name, presence, in base64) of a CustomPresence that was set, by who keeps it."""
        self.add_presence_provider("CustomPresence", lambda name: self.custom_presence.get(name, Presence()))
        self._stop = pbx.bus.listen(PresenceReported, lambda event: self.presence_reported(event.provider))
        self._stop_automatic: Callable[[], None] | None = None
        runner.when_installed(self._installed)
        self._installed(runner.dialplan)

    def close(self) -> None:
        """Follow nothing any more."""
        self._stop()
        if self._stop_automatic is not None:
            self._stop_automatic()
        for hint in self._hints.values():
            self._unfollow(hint)
        self._hints.clear()

    # ---- what the state is

    def find(self, exten: str, context: str) -> Hint | None:
        """The hint of a number in a context, followed from now on; None when it has none."""
        known = self._hints.get((context, exten))
        if known is not None:
            return known
        found = self._runner.dialplan.hint_of(context, exten)
        return None if found is None else self._follow(context, exten, found)

    def state(self, exten: str, context: str) -> ExtensionState | None:
        """The state of an extension; None when it has no hint."""
        hint = self.find(exten, context)
        return None if hint is None else hint.state

    def presence(self, provider: str) -> Presence:
        """The presence that a provider (`CustomPresence:bob`) tells."""
        kind, _, name = provider.partition(":")
        answer = self._providers.get(kind.strip().lower())
        return Presence() if answer is None else answer(name.strip())

    def watch(self, exten: str, context: str, changed: Callable[[Hint], None]) -> Callable[[], None] | None:
        """Call `changed(hint)` whenever its state or presence is another one, or it is gone.

        Returns what ends it; None when the extension has no hint.
        """
        hint = self.find(exten, context)
        if hint is None:
            return None
        hint.watchers.append(changed)

        def stop() -> None:
            if changed in hint.watchers:
                hint.watchers.remove(changed)

        return stop

    def __iter__(self) -> Iterator[Hint]:
        return iter(self._hints.values())

    def __len__(self) -> int:
        return len(self._hints)

    # ---- presence

    def add_presence_provider(self, kind: str, provider: PresenceProvider) -> None:
        """Let `provider` answer for presences `kind:...`; it emits `PresenceReported` when one changed."""
        self._providers[kind.lower()] = provider

    def set_custom_presence(self, name: str, presence: Presence, *, encoded: bool = False) -> None:
        """Set the presence of `CustomPresence:name` and announce it; the store keeps it in base64 if so."""
        self.custom_presence[name] = presence
        if self.keep_presence is not None:
            self.keep_presence(name, presence, encoded)
        self.presence_reported(f"CustomPresence:{name}")

    def presence_reported(self, provider: str) -> None:
        """A presence may have changed: tell those who watch it."""
        presence = self.presence(provider)
        self._pbx.bus.emit(PresenceChanged, provider, *presence)
        for hint in tuple(self._hints.values()):
            if hint.presence_of == provider and hint.presence != presence:
                hint.presence = presence
                self._tell(hint)

    # ---- following

    def _installed(self, dialplan: Dialplan) -> None:
        """A dialplan was loaded: follow its hints, keep what is watched."""
        if self._stop_automatic is not None:
            self._stop_automatic()
            self._stop_automatic = None
        if dialplan.settings.autohints:
            self._stop_automatic = self._pbx.bus.listen(DeviceStateChanged, self._on_device)
        before, self._hints = self._hints, {}
        for context in dialplan.contexts.values():
            for extension in context.hinted:
                if extension.pattern is None:
                    self._keep(before, context.name, extension.name, extension)
        for (context, exten), hint in before.items():
            if hint.is_automatic and context in dialplan.settings.autohints:
                self._hints[context, exten] = hint
                continue
            if hint.watchers or hint.is_pattern:
                found = dialplan.hint_of(context, exten)
                if found is not None:
                    self._keep({(context, exten): hint}, context, exten, found)
                    continue
            self._unfollow(hint)
            hint.is_gone = True
            hint.state = ExtensionState.NOT_INUSE
            self._tell(hint)

    def _on_device(self, event: DeviceStateChanged) -> None:
        """A device in contexts with `autohints`: its name becomes an extension with a hint."""
        technology, slash, name = event.device.partition("/")
        if not slash or not name or technology == "Local":
            return
        dialplan = self._runner.dialplan
        for context in dialplan.settings.autohints:
            if (context, name) in self._hints or dialplan.hint_of(context, name) is not None:
                continue
            extension = Extension(name, None, "", 0)
            extension.hint = event.device
            hint = self._follow(context, name, extension)
            hint.is_automatic = True
            self._tell(hint)

    def _keep(
        self, before: dict[tuple[str, str], Hint], context: str, exten: str, extension: Extension
    ) -> None:
        old = before.pop((context, exten), None)
        if (context, exten) in self._hints:
            return
        if old is not None and old.text == self._text(exten, extension):
            self._hints[context, exten] = old
            return
        new = self._follow(context, exten, extension)
        if old is not None:
            self._unfollow(old)
            new.watchers = old.watchers
            if new.state != old.state or new.presence != old.presence:
                self._tell(new)

    def _text(self, exten: str, extension: Extension) -> str:
        """The hint for a number: global variables and ${EXTEN} replaced."""
        text = extension.hint
        if "$" not in text:
            return text
        try:
            return substitute_globals(text, {**self._runner.globals, "EXTEN": exten})
        except DialplanError as error:
            log.warning("%s:%d: hint of %s: %s", extension.file, extension.line, exten, error)
            return ""

    def _follow(self, context: str, exten: str, extension: Extension) -> Hint:
        text = self._text(exten, extension)
        device_text, _, presence = text.partition(",")
        devices = tuple(part.strip() for part in device_text.split("&") if part.strip())
        is_pattern = extension.pattern is not None
        hint = Hint(context, exten, text, devices, presence.strip(), ExtensionState.NOT_INUSE, Presence(),
                    [], [], is_pattern=is_pattern)  # fmt: skip
        self._hints[context, exten] = hint

        def changed(device: str, state: DeviceState) -> None:
            self._recompute(hint)

        for device in devices:
            hint.stops.append(self._devices.watch(device, changed))
        hint.state = self._compute(hint)
        if hint.presence_of:
            hint.presence = self.presence(hint.presence_of)
        return hint

    def _unfollow(self, hint: Hint) -> None:
        for stop in hint.stops:
            stop()
        hint.stops.clear()

    def _compute(self, hint: Hint) -> ExtensionState:
        return extension_state(aggregate(self._devices.state(device) for device in hint.devices))

    def _recompute(self, hint: Hint) -> None:
        state = self._compute(hint)
        if state != hint.state:
            hint.state = state
            self._tell(hint)

    def _tell(self, hint: Hint) -> None:
        number = REMOVED if hint.is_gone else int(hint.state)
        text = "Removed" if hint.is_gone else hint.state.text
        self._pbx.bus.emit(ExtensionStateChanged, hint.exten, hint.context, hint.text, number, text)
        for changed in tuple(hint.watchers):
            changed(hint)
