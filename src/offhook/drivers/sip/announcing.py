"""What becomes of contacts and of our registrations, announced on the bus for AMI, ARI and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx.events import ContactChanged, PeerStatusChanged, RegistrationChanged, TestEvent
from offhook.sip.contacts import ContactEvent, Status
from offhook.sip.registration import RegistrationState

if TYPE_CHECKING:
    from offhook.drivers.sip.driver import SipDriver
    from offhook.sip.contacts import Binding
    from offhook.sip.registration import Registration

__all__ = ["announce_contact", "announce_registration"]

_WORDS = {
    ContactEvent.ADDED: "Created",
    ContactEvent.REFRESHED: "Updated",
    ContactEvent.REMOVED: "Removed",
    ContactEvent.EXPIRED: "Removed",
    ContactEvent.REACHABLE: "Reachable",
    ContactEvent.UNREACHABLE: "Unreachable",
    ContactEvent.ROUND_TRIP: "Reachable",
}
_TEST_STATES = {
    ContactEvent.ADDED: "AOR_CONTACT_ADDED",
    ContactEvent.REFRESHED: "AOR_CONTACT_REFRESHED",
    ContactEvent.REMOVED: "AOR_CONTACT_REMOVED",
    ContactEvent.EXPIRED: "AOR_CONTACT_REMOVED",
    ContactEvent.REACHABLE: "AOR_CONTACT_QUALIFY_RESULT",
    ContactEvent.UNREACHABLE: "AOR_CONTACT_QUALIFY_RESULT",
}
_GONE = (ContactEvent.REMOVED, ContactEvent.EXPIRED)


def announce_contact(driver: SipDriver, event: ContactEvent, binding: Binding) -> None:
    """Tell what happened to a contact, and what that means for its endpoints."""
    bus = driver.pbx.bus
    expires = 0 if binding.permanent else round(binding.expires_at - driver.network.now())
    if bus.wanted(ContactChanged):
        trip = int(binding.round_trip * 1_000_000) if binding.round_trip > 0 else 0
        for endpoint in driver.directory.endpoints_of(binding.aor) or ("",):
            bus.emit(
                ContactChanged,
                "PJSIP",
                binding.aor,
                binding.uri,
                endpoint,
                _WORDS[event],
                trip,
                expires,
                binding.user_agent,
            )
    if bus.wanted(PeerStatusChanged):
        _announce_endpoints(driver, event, binding)
    if event in _TEST_STATES and bus.wanted(TestEvent):
        said = [("Contact", binding.uri), ("AOR", binding.aor)]
        if event in (ContactEvent.ADDED, ContactEvent.REFRESHED):
            said.append(("Expiration", str(expires)))
        if event in (ContactEvent.REACHABLE, ContactEvent.UNREACHABLE):
            said.append(("State", _WORDS[event]))
        else:
            said.append(("UserAgent", binding.user_agent))
        bus.emit(TestEvent, _TEST_STATES[event], said)


def _announce_endpoints(driver: SipDriver, event: ContactEvent, binding: Binding) -> None:
    """An endpoint can be reached as long as one of its contacts can.

    Of a contact that is asked by OPTIONS that is known when it has answered.
    """

    def is_asked(aor: str) -> bool:
        config = driver.directory.aor_config(aor)
        return config is not None and config.qualify_frequency > 0

    for name in driver.directory.endpoints_of(binding.aor):
        endpoint = driver.directory.endpoints[name]
        others = sum(
            1
            for aor in endpoint.aors
            for one in driver.contacts.of(aor)
            if one is not binding
            and (one.status is Status.REACHABLE or (one.status is Status.UNKNOWN and not is_asked(aor)))
        )
        if others:
            continue
        if event in _GONE or event is ContactEvent.UNREACHABLE:
            status = "Unreachable"
        elif event is ContactEvent.REACHABLE or (event is ContactEvent.ADDED and not is_asked(binding.aor)):
            status = "Reachable"
        else:
            continue
        address = f"{binding.host}:{binding.port}" if binding.host else ""
        driver.pbx.bus.emit(PeerStatusChanged, "PJSIP", name, status, address)


def announce_registration(driver: SipDriver, registration: Registration, before: str) -> str:
    """Tell the state of a registration of ours when it is another than `before`; the word for it."""
    config = registration.config
    cause = f"{registration.status} {registration.reason}" if registration.status >= 300 else ""
    state = registration.state
    if state in (RegistrationState.TRYING, RegistrationState.UNREGISTERING):
        return before  # on its way to one of those that last
    word = "Rejected" if state is RegistrationState.STOPPED else state.value.title()
    if word != before:  # a renewal is no news
        driver.pbx.bus.emit(RegistrationChanged, "PJSIP", config.client_uri, config.server_uri, word, cause)
    return word
