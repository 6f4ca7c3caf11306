"""What becomes of devices, extensions, contacts and the node, and what programs do, announced on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from offhook.pbx.channel import Channel
    from offhook.pbx.party import PartyId

__all__ = [
    "ContactChanged",
    "DeviceReported",
    "DeviceStateChanged",
    "ExtensionStateChanged",
    "LogFileOpened",
    "MaintenanceChanged",
    "ModuleChanged",
    "OriginateEnded",
    "PeerStatusChanged",
    "PresenceChanged",
    "PresenceReported",
    "RegistrationChanged",
    "Reloaded",
    "SecurityEvent",
    "StopBegan",
    "TestEvent",
    "UserEvent",
]


@dataclass(frozen=True, slots=True, eq=False)
class DeviceReported:
    """Something happened that may have changed the state of a device (`PJSIP/6001`, `Queue:sales`)."""

    device: str


@dataclass(frozen=True, slots=True, eq=False)
class DeviceStateChanged:
    """A device is in another state, with the words of DEVICE_STATE()."""

    device: str
    state: str
    repeated: bool = False
    """It was so before, of a device whose state nobody remembers (`Channel.keeps_device_state`)."""


@dataclass(frozen=True, slots=True, eq=False)
class ExtensionStateChanged:
    """An extension with a hint is in another state, has another presence, or has no hint any more (-2)."""

    exten: str
    context: str
    hint: str
    state: int
    """Asterisk's number: 1 in use, 2 busy, 4 unavailable, 8 ringing, 16 on hold, as flags; 0 idle."""
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class ContactChanged:
    """A contact of an AOR came, went, or answers now or no more.

    `status` is Asterisk's word: Created, Updated, Removed, Reachable, Unreachable, NonQualified;
    `round_trip_us` is 0 when it was not measured, `expires_s` for how long a registered one lasts.
    """

    technology: str
    aor: str
    uri: str
    endpoint: str
    status: str
    round_trip_us: int
    expires_s: int
    user_agent: str


@dataclass(frozen=True, slots=True, eq=False)
class PeerStatusChanged:
    """An endpoint can be reached now (Reachable), or no more (Unreachable); `cause` when that is known."""

    technology: str
    peer: str
    status: str
    address: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class MaintenanceChanged:
    """An endpoint begins nothing new any more (`on`), or may again."""

    endpoint: str
    on: bool


@dataclass(frozen=True, slots=True, eq=False)
class RegistrationChanged:
    """Our registration with another server: Registered, Unregistered, Rejected ..."""

    technology: str
    username: str
    domain: str
    status: str
    cause: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PresenceReported:
    """Something happened that may have changed a presence (`CustomPresence:bob`)."""

    provider: str


@dataclass(frozen=True, slots=True, eq=False)
class PresenceChanged:
    """A presence: not_set, unavailable, available, away, xa, chat or dnd."""

    provider: str
    state: str
    subtype: str
    message: str


# ------------------------------------------------------------------ the node and those who drive it


@dataclass(frozen=True, slots=True, eq=False)
class UserEvent:
    """An event of the administrator's own: UserEvent() of the dialplan (with its channel), of AMI or ARI."""

    name: str
    headers: Sequence[tuple[str, str]]
    channel: Channel | None = None
    told: object = None
    """Whoever sent it from an ARI application has told ARI's applications itself."""


@dataclass(frozen=True, slots=True, eq=False)
class OriginateEnded:
    """A call that was originated in the background was answered, or was not.

    `reason` is the number of the control frame that ended it: 4 answered, 5 busy, 8 congestion, 3 not
    answered, 1 hung up, 0 failed.
    """

    action_id: str
    answered: bool
    destination: str
    context: str
    exten: str
    application: str
    data: str
    reason: int
    uniqueid: str
    caller: PartyId


@dataclass(frozen=True, slots=True, eq=False)
class SecurityEvent:
    """Somebody got in or was refused; `name` and `said` are those of Asterisk's security log."""

    name: str
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Reloaded:
    """Configuration was read anew; `status` is 0 when it was used, else Asterisk's number for why not."""

    module: str
    status: int


@dataclass(frozen=True, slots=True, eq=False)
class ModuleChanged:
    """A module was loaded or unloaded while the node ran; `failed` when it could not be loaded."""

    module: str
    loaded: bool
    failed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class StopBegan:
    """The node stops, to start again when `restart`."""

    restart: bool


@dataclass(frozen=True, slots=True, eq=False)
class LogFileOpened:
    """A log file was opened anew, or could not be for a reason."""

    path: str
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class TestEvent:
    """A state that tests of the program wait for; nobody listens unless test events are switched on.

    `state` and `headers` are those of Asterisk's TestEvent (State, then free headers).
    """

    __test__ = False  # for pytest

    state: str
    headers: Sequence[tuple[str, str]] = ()
