"""What the parties of a call may do by DTMF: which features a channel has, and by which digits.

A channel has a built-in feature when whoever connected it allowed it (Dial's t, T, h ...), and keeps it
through transfers.  Digits and settings are those of features.conf, unless they were changed for the channel
(FEATURE, FEATUREMAP).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from offhook.config.files.features import FeatureMap, FeaturesGeneral
from offhook.pbx.attended_by_digits import attended_by_digits
from offhook.pbx.conversation import Act, Conversation, Feature, Outcome
from offhook.pbx.dtmf_transfer import transfer_by_digits

if TYPE_CHECKING:
    from offhook.pbx.channel import Channel

__all__ = ["LETTERS", "CallFeatures", "allow", "allowed_by", "letters_of"]

LETTERS = {
    "h": ("disconnect",),
    "t": ("blindxfer", "atxfer"),
    "x": ("automixmon",),
}
"""The option letters of Dial() for the called party, those for the caller are upper case."""


def allowed_by(letters: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The features of the caller and of the called party, by Dial's letters; other letters say nothing."""
    of_caller: set[str] = set()
    of_peer: set[str] = set()
    for letter in letters:
        names = LETTERS.get(letter.lower(), ())
        (of_caller if letter.isupper() else of_peer).update(names)
    return frozenset(of_caller), frozenset(of_peer)


def letters_of(features: Iterable[str]) -> str:
    """Dial's letters for what a channel may do, those of a caller."""
    return "".join(letter.upper() for letter, names in LETTERS.items() if set(names) & set(features))


def allow(caller: Channel, peer: Channel, letters: Iterable[str]) -> None:
    """Say what both may do from now on: these letters, and those of the caller's BRIDGE_FEATURES."""
    of_caller, of_peer = allowed_by((*letters, *(caller.get_variable("BRIDGE_FEATURES") or "")))
    caller.allowed_features = of_caller
    peer.allowed_features = of_peer


_CODE_OF: dict[str, Callable[[FeatureMap], str]] = {
    "blindxfer": lambda codes: codes.blindxfer,
    "atxfer": lambda codes: codes.atxfer,
    "disconnect": lambda codes: codes.disconnect,
    "automixmon": lambda codes: codes.automixmon,
}


class _Own(NamedTuple):
    """What is different for one channel."""

    general: dict[str, Any]
    codes: dict[str, str]
    inherit: bool = False


def _disconnect(conversation: Conversation, leg: Channel) -> Outcome:
    return Outcome.FEATURE


class CallFeatures:
    """The features of one node."""

    def __init__(self) -> None:
        self.general = FeaturesGeneral()
        self.codes = FeatureMap()
        self.builtin: dict[str, Act] = {
            "blindxfer": transfer_by_digits,
            "atxfer": attended_by_digits,
            "disconnect": _disconnect,
        }
        """What each name does; what needs the dialplan or other services is added by them."""
        self.dynamic: Callable[[Channel], Sequence[Feature]] | None = None
        """The features behind which there are applications."""
        self._own: weakref.WeakKeyDictionary[Channel, _Own] = weakref.WeakKeyDictionary()

    def of(self, channel: Channel) -> list[Feature]:
        """The features that a channel has now."""
        found: list[Feature] = []
        allowed = channel.allowed_features
        if allowed:
            codes = self.codes_of(channel)
            for name, act in self.builtin.items():
                code = _CODE_OF[name](codes) if name in allowed else ""
                if code:
                    found.append(Feature(name, code, act))
        if self.dynamic is not None:
            found.extend(self.dynamic(channel))
        return found

    def settings(self, channel: Channel) -> FeaturesGeneral:
        """How features behave for a channel."""
        own = self._own.get(channel)
        return replace(self.general, **own.general) if own and own.general else self.general

    def codes_of(self, channel: Channel) -> FeatureMap:
        """The digits of the built-in features for a channel."""
        own = self._own.get(channel)
        return replace(self.codes, **own.codes) if own and own.codes else self.codes

    def code(self, channel: Channel, name: str) -> str:
        """The digits of a built-in feature for a channel; "" for none, and where there is no such feature."""
        read = _CODE_OF.get(name)
        return read(self.codes_of(channel)) if read is not None else ""

    def change(self, channel: Channel, option: str, value: object) -> None:
        """Let one setting be different for a channel; `option` is a field of FeaturesGeneral."""
        self._of_channel(channel).general[option] = value

    def change_code(self, channel: Channel, name: str, code: str) -> None:
        """Let a built-in feature have other digits on a channel."""
        self._of_channel(channel).codes[name] = code

    def set_inherit(self, channel: Channel, on: bool) -> None:
        """Whether the channels that this one dials have what is different for it, too."""
        self._own[channel] = self._of_channel(channel)._replace(inherit=on)

    def inherits(self, channel: Channel) -> bool:
        """See set_inherit."""
        own = self._own.get(channel)
        return own is not None and own.inherit

    def pass_on(self, parent: Channel, child: Channel) -> None:
        """A channel dials another one."""
        own = self._own.get(parent) if self._own else None
        if own is not None and own.inherit:
            self._own[child] = _Own(dict(own.general), dict(own.codes), True)

    def _of_channel(self, channel: Channel) -> _Own:
        own = self._own.get(channel)
        if own is None:
            own = self._own[channel] = _Own({}, {})
        return own
