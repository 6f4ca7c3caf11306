"""Custom device states and presences outlive a restart: kept in the database where Asterisk keeps them.

`/CustomDevstate/NAME` has the word of the state, `/CustomPresence/NAME` has `state,subtype,message[,e]`.
"""

from __future__ import annotations

import base64
import contextlib
import logging
from typing import TYPE_CHECKING

from offhook.features.astdb import AstDb, AstDbError
from offhook.features.device_states import DeviceState, DeviceStates
from offhook.features.hints import Hints, Presence

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["keep_devices", "keep_presences"]

log = logging.getLogger(__name__)

_DEVICES = "CustomDevstate"
_PRESENCES = "CustomPresence"


def _kept(database: AstDb, family: str) -> Iterator[tuple[str, str]]:
    for key, value in list(database.entries(family)):
        yield key.removeprefix(f"/{family}/"), value


def keep_devices(database: AstDb, devices: DeviceStates) -> None:
    """Take the states of `Custom:` devices from the database, and keep there what is set from now on."""
    for name, value in _kept(database, _DEVICES):
        devices.custom[name] = DeviceState.named(value)

    def keep(name: str, state: str) -> None:
        _put(database, _DEVICES, name, state)

    devices.keep_custom = keep


def keep_presences(database: AstDb, hints: Hints) -> None:
    """The same for `CustomPresence:`."""
    for name, value in _kept(database, _PRESENCES):
        hints.custom_presence[name] = _presence(value)

    def keep(name: str, presence: Presence, encoded: bool) -> None:
        state, *texts = presence
        if encoded:
            texts = [*(base64.b64encode(text.encode()).decode() for text in texts), "e"]
        _put(database, _PRESENCES, name, ",".join((state, *texts)))

    hints.keep_presence = keep


def _presence(value: str) -> Presence:
    """What is kept: `state,subtype,message`, or `state,subtype,message,e` with the texts in base64."""
    state, subtype, message = [*value.split(",", 2), "", ""][:3]
    if message.endswith(",e"):
        with contextlib.suppress(ValueError):
            subtype, message = (
                base64.b64decode(text, validate=True).decode()
                for text in (subtype, message.removesuffix(",e"))
            )
    return Presence(state or "not_set", subtype, message)


def _put(database: AstDb, family: str, name: str, value: str) -> None:
    try:
        database.put(family, name, value)
    except AstDbError as error:
        log.warning("the state of %s does not outlive a restart: %s", name, error)
