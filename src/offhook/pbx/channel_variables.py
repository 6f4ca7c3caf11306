"""What a channel knows for others: its variables, and what of it passes on to the channels that it dials."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from offhook.pbx import events

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel
    from offhook.pbx.party import Redirecting
    from offhook.pbx.pbx import Pbx

__all__ = ["ChannelVariables"]


class ChannelVariables:
    """The part of a channel that is inherited; the attributes are the channel's."""

    __slots__ = ()
    is_listed: ClassVar[bool]
    pbx: Pbx
    variables: dict[str, str]
    _inherited: dict[str, int] | None
    linkedid: str
    account_code: str
    peer_account: str
    redirecting: Redirecting
    passed_headers: tuple[tuple[str, str], ...]
    max_forwards: int
    language: str
    music_class: str

    def get_variable(self, name: str) -> str | None:
        """A channel variable, None when it is not set.  Computed ones are the dialplan's business."""
        return self.variables.get(name)

    def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable.  `_NAME` is inherited by the next channel, `__NAME` by all that follow."""
        said = name
        if name.startswith("_"):
            generations, name = _inheritance(name)
            if self._inherited is None:
                self._inherited = {}
            self._inherited[name] = generations
        elif self._inherited is not None:
            self._inherited.pop(name, None)
        self.variables[name] = value
        if self.is_listed:
            self.pbx.bus.emit(events.ChannelVariableSet, cast("Channel", self), said, value)

    def unset_variable(self, name: str) -> None:
        """Forget a channel variable."""
        _, name = _inheritance(name)
        self.variables.pop(name, None)
        if self._inherited is not None:
            self._inherited.pop(name, None)

    def inherit_from(self, parent: ChannelVariables) -> None:
        """Take what an outgoing leg inherits from the channel that dials it."""
        self.linkedid = parent.linkedid
        # What the caller has set for its peer; else whoever pays for the caller pays for what it calls.
        self.account_code = parent.peer_account or parent.account_code or self.account_code
        self.peer_account = parent.account_code
        self.redirecting = parent.redirecting
        self.passed_headers = parent.passed_headers
        self.max_forwards = parent.max_forwards - 1
        self.pbx.features.pass_on(cast("Channel", parent), cast("Channel", self))
        if not self.music_class:
            self.music_class = parent.music_class
        if parent._inherited:
            for name, generations in parent._inherited.items():
                value = parent.variables.get(name)
                if value is not None:
                    self.set_variable(f"__{name}" if generations == 2 else name, value)

    def take_over(self, twin: ChannelVariables) -> None:
        """Become what `twin` is to the dialplan: the other half of a Local channel."""
        self.linkedid = twin.linkedid
        self.language = twin.language
        self.music_class = twin.music_class
        self.redirecting = twin.redirecting
        self.passed_headers = twin.passed_headers
        self.max_forwards = twin.max_forwards
        tell = self.is_listed and self.pbx.bus.wanted(events.ChannelVariableSet)
        inherited = twin._inherited or {}
        for name, value in twin.variables.items():
            self.variables[name] = value
            if tell:
                said = "_" * inherited.get(name, 0) + name
                self.pbx.bus.emit(events.ChannelVariableSet, cast("Channel", self), said, value)
        self.pbx.features.pass_on(cast("Channel", twin), cast("Channel", self))
        if twin._inherited:
            self._inherited = dict(twin._inherited)


def _inheritance(name: str) -> tuple[int, str]:
    """How many generations of legs inherit a variable (0, 1, 2 for all), and its bare name."""
    if name.startswith("__"):
        return 2, name[2:]
    return (1, name[1:]) if name.startswith("_") else (0, name)
