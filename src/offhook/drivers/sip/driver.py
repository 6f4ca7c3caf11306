"""SipDriver: SIP on this node, between the SIP library and the switch.

It owns the transports and the user agent, decides who sends what (`access`), registers phones, watches
their contacts, keeps our own registrations, and turns INVITEs into channels.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from offhook._core import SipParseError
from offhook.config.errors import Problem, Severity
from offhook.drivers.sip.access import Access
from offhook.drivers.sip.announcing import announce_contact, announce_registration
from offhook.drivers.sip.calls import Calls
from offhook.drivers.sip.directory import Directory, Secrets
from offhook.drivers.sip.items import aor_item, contact_item, endpoint_item
from offhook.drivers.sip.maintenance import Maintenance
from offhook.drivers.sip.message_log import message_log
from offhook.drivers.sip.messaging import Messaging
from offhook.drivers.sip.names import IdentifyNames
from offhook.drivers.sip.notifying import Notifying
from offhook.drivers.sip.transports import Transports
from offhook.pbx.messages import Messages
from offhook.pbx.notifications import Notifications
from offhook.sip.auth_client import ClientAuth
from offhook.sip.contacts import BindingStore, ContactEvent, Contacts
from offhook.sip.overload import Admission
from offhook.sip.qualify import Qualifier
from offhook.sip.registrar import Registrar
from offhook.sip.registration import Registration, RegistrationConfig, RegistrationState
from offhook.sip.resolver import Resolver
from offhook.sip.ua import UserAgent, UserAgentConfig

if TYPE_CHECKING:
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint, NamedAcl, PjsipConfig
    from offhook.config.pjsip import Registration as RegistrationOptions
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx
    from offhook.sip.contacts import Binding
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Flow, Network
    from offhook.sip.resolver import Lookup
    from offhook.sip.transport import AsyncioNetwork

__all__ = ["SipDriver"]

log = logging.getLogger(__name__)


class SipDriver:
    """The channel technology `PJSIP`."""

    name = "PJSIP"

    def __init__(
        self,
        pbx: Pbx,
        config: PjsipConfig,
        *,
        network: Network,
        resolver: Lookup,
        acls: Mapping[str, NamedAcl],
        secrets_of_auths: Secrets,
        nonce_secret: bytes,
        rtp: RtpConf,
        store: BindingStore | None = None,
    ) -> None:
        self.pbx = pbx
        self.config = config
        self.network = network
        self._secrets = secrets_of_auths
        general = config.general
        self.ua = UserAgent(
            network,
            resolver,
            UserAgentConfig(
                user_agent=general.user_agent,
                max_forwards=general.max_forwards,
                compact_headers=config.system.compact_headers,
                t1_ms=config.system.timer_t1,
                timer_b_ms=config.system.timer_b,
            ),
        )
        self.directory = Directory(config, acls, secrets_of_auths)
        self.names = IdentifyNames(network, resolver)
        self.admission = Admission(self.ua, trusted=self._trusts)
        self.access = Access(self.directory, network.wall, nonce_secret, self.admission.vouch)
        self.contacts = Contacts(self.ua, store)
        self.registrar = Registrar(self.contacts)
        self.qualifier = Qualifier(
            self.contacts,
            lambda aor: self.directory.aor_config(aor),
            auth_of=self._qualify_auth,
            from_user=general.default_from_user,
            max_initial_time=general.max_initial_qualify_time,
            transport_of=self._transport_of,
        )
        self.registrations: dict[str, Registration] = {}
        self._announced: dict[str, str] = {}  # what was last told of each
        self.calls = Calls(self, rtp)
        self._transports: Transports | None = None  # None on a network that is not ours to open
        self._client_auths: dict[tuple[str, ...], ClientAuth] = {}
        self.ua.on_request = self._on_request
        self.ua.message_log = message_log(general.debug)
        self.ua.answer_to_source = True  # until it is known who asks: Asterisk's default
        self.ua.on_flow_closed = self._on_flow_closed
        self.contacts.listen(self._on_contact)
        self.messages = Messages(pbx)
        self.messaging = Messaging(self)
        for scheme in ("pjsip", "sip"):
            self.messages.add_sender(scheme, self.messaging)
        pbx.add_service(self.messages)
        self.notifications = Notifications(Notifying(self))
        pbx.add_service(self.notifications)
        self.maintenance = Maintenance(pbx.bus)

    # ------------------------------------------------------------ life

    def open_transports(self, network: AsyncioNetwork) -> None:
        """Bind the transports of the configuration.  Raises TransportError for the first that cannot be."""
        self._transports = Transports(network)
        self._transports.start(self.config.transports.values(), self.config.general.keep_alive_interval)
        self._name_transports()

    @property
    def connections(self) -> Sequence[Flow]:
        """The connections that are open; none on a network that is not ours to open."""
        return self._transports.connections if self._transports is not None else ()

    def _name_transports(self) -> None:
        transports = self.config.transports
        self.ua.named_transports = {name: one.protocol.value.upper() for name, one in transports.items()}
        if isinstance(self.ua.resolver, Resolver):
            self.ua.resolver.available = frozenset(
                (one.protocol.value.upper(), ":" in one.bind.host) for one in transports.values()
            )

    def start(self) -> None:
        """Take up stored contacts, begin to qualify and to register."""
        for name in self.config.aors:
            aor_config = self.directory.aor_config(name)
            if aor_config is not None and aor_config.contacts:
                self.contacts.configure(name, aor_config)
        count = self.contacts.load(lambda aor: aor in self.config.aors)
        if count:
            log.info("%d registered contacts taken up", count)
            for binding in self.contacts.all():
                if binding.host:
                    self.admission.vouch(binding.host)
        self.names.watch(self.directory)
        self.qualifier.start()
        for options in self.config.registrations.values():
            self._start_registration(options)

    def reload(
        self, config: PjsipConfig, acls: Mapping[str, NamedAcl], secrets_of_auths: Secrets
    ) -> list[Problem]:
        """Use the next configuration; calls in progress are not touched.

        Returns what takes effect at the next start only.
        """
        notes: list[Problem] = []
        general, system = config.general, config.system
        if self._transports is not None:
            keep_alive = general.keep_alive_interval
            notes += self._transports.reload(self.config.transports, config.transports, keep_alive)
        if system != self.config.system:
            text = "[system] takes effect at the next start"
            notes.append(Problem(Severity.WARNING, system.where.file, system.where.line, text))
        self.ua.config = replace(
            self.ua.config, user_agent=general.user_agent, max_forwards=general.max_forwards
        )
        self.qualifier.from_user = general.default_from_user
        self.qualifier.max_initial_time = general.max_initial_qualify_time
        old, self.config = self.config, config
        if old.general.debug != config.general.debug:  # else what the console has set stays
            self.ua.message_log = message_log(config.general.debug)
        if self._transports is not None:
            self._name_transports()
        self._secrets = secrets_of_auths
        passwords = self.directory.client_credentials
        self.directory = Directory(config, acls, secrets_of_auths)
        self.directory.lines = self._lines()
        self.access.install(self.directory)
        self.names.watch(self.directory)
        self.admission.forget()
        self.maintenance.forget(config.endpoints)
        self._client_auths.clear()
        for name in config.aors:
            aor_config = self.directory.aor_config(name)
            if aor_config is not None:
                self.contacts.configure(name, aor_config)
        for name in old.aors:
            if name not in config.aors:
                self.contacts.drop_aor(name)
        self.qualifier.start()
        for name, options in old.registrations.items():
            auths = options.outbound_auth
            if config.registrations.get(name) != options or (
                passwords(auths) != self.directory.client_credentials(auths)
            ):
                registration = self.registrations.pop(name, None)
                self._announced.pop(name, None)
                if registration is not None:
                    registration.stop()
        for name, options in config.registrations.items():
            if name not in self.registrations:
                self._start_registration(options)
        return notes

    def stop(self, done: Callable[[], None]) -> None:
        """Unregister from others and stop all timers; `done` is called when the registrars have answered."""
        self.names.close()
        self.qualifier.close()
        self.contacts.close()
        waiting = len(self.registrations)
        if not waiting:
            done()
            return

        def stopped() -> None:
            nonlocal waiting
            waiting -= 1
            if not waiting:
                done()

        for registration in list(self.registrations.values()):
            registration.stop(stopped)
        self.registrations.clear()

    # ------------------------------------------------------------ requests

    def _on_request(self, request: IncomingRequest) -> None:
        method = request.message.method
        if method == "INVITE":
            endpoint = self._admit(request)
            if endpoint is not None:
                self.calls.invite(request, endpoint)
        elif method == "REGISTER":
            self._register(request)
        elif method == "OPTIONS":
            self._options(request)
        elif method == "MESSAGE":
            endpoint = self._admit(request)
            if endpoint is not None:
                self.messaging.receive(request, endpoint)
        else:
            # INFO, BYE, UPDATE, PRACK outside of a dialog (RFC 3261 12.2.2).
            request.respond(481, forget=True)

    def _admit(self, request: IncomingRequest) -> Endpoint | None:
        """The endpoint that a request is from; None when it has been answered."""
        endpoint = self.access.admit(request)
        if endpoint is not None and self.maintenance.refuses(endpoint.name, request):
            return None
        return endpoint

    def _register(self, request: IncomingRequest) -> None:
        endpoint = self._admit(request)
        if endpoint is None:
            return
        aor = self.directory.registrable_aor(endpoint, request)
        config = self.directory.aor_config(aor) if aor else None
        if aor is None or config is None:
            request.respond(404)
            return
        if not self._contacts_admitted(request, endpoint):
            request.respond(403)
            return
        flow = request.arrived_by
        transport = self.config.transports.get(flow.name) if flow is not None else None
        symmetric = transport is not None and transport.symmetric_transport
        self.registrar.process(request, aor, config, via_source=endpoint.rewrite_contact, symmetric=symmetric)

    def _contacts_admitted(self, request: IncomingRequest, endpoint: Endpoint) -> bool:
        if not self.directory.restricts_contacts(endpoint):
            return True
        try:
            contacts = request.message.addresses("Contact")
        except SipParseError:
            return True  # the registrar refuses it with 400, and `*` is no address
        return all(self.directory.admits_contact(endpoint, contact.uri.host) for contact in contacts)

    def _options(self, request: IncomingRequest) -> None:
        """Answered as an INVITE for the same number would be (RFC 3261 11.2)."""
        directory = self.directory
        if not directory.admits(request.host):
            request.respond(403, forget=True)
            return
        endpoint = self.access.identify(request)
        if endpoint is None or (endpoint.auth and not endpoint.allow_unauthenticated_options):
            endpoint = self._admit(request)
            if endpoint is None:
                return
        elif self.maintenance.refuses(endpoint.name, request):
            return
        uri = request.message.uri
        user = uri[uri.find(":") + 1 :].partition("@")
        number = user[0] if user[1] else ""
        known = not number or self.pbx.dialplan.exists(endpoint.context, number.partition(";")[0])
        accept = [("Accept", "application/sdp"), ("Accept-Encoding", "identity"), ("Accept-Language", "en")]
        if known:
            request.respond(200, headers=accept, forget=True)
        else:
            request.respond(404, forget=True)

    # ------------------------------------------------------------ outgoing

    def request(self, destination: str, *, caller: Channel | None) -> list[Channel]:
        """Channels for `endpoint`, `number@endpoint` or `endpoint/sip:uri`; raises CannotDialError."""
        return self.calls.request(destination, caller)

    def contact_uris(self, name: str, aor: str = "", user: str = "") -> list[str] | None:
        """The URIs of an endpoint's contacts (of one AOR, with another user); None when it does not exist."""
        endpoint = self.directory.endpoints.get(name)
        return None if endpoint is None else self.calls.contact_uris(endpoint, aor, user)

    def client_auth(self, names: tuple[str, ...]) -> ClientAuth | None:
        """What answers challenges with these auth sections; shared, so that nonces are."""
        if not names:
            return None
        found = self._client_auths.get(names)
        if found is None:
            credentials = self.directory.client_credentials(names)
            if not credentials:
                return None
            found = self._client_auths[names] = ClientAuth(credentials)
        return found

    def device_state(self, device: str) -> str:
        """INVALID, UNAVAILABLE, NOT_INUSE, INUSE, RINGING, BUSY ... of an endpoint."""
        endpoint = self.directory.endpoints.get(device)
        if endpoint is None:
            return "INVALID"
        return self.calls.device_state(endpoint)

    def item(self, kind: str, name: str, field: str) -> str | None:
        """A field of an "endpoint", "aor" or "contact"; None when it has none such.

        Raises LookupError when there is no such thing.
        """
        match kind:
            case "endpoint":
                return endpoint_item(self, name, field)
            case "aor":
                return aor_item(self, name, field)
            case "contact":
                return contact_item(self, name, field)
            case _:
                raise LookupError(kind)

    # ------------------------------------------------------------ registrations of ours

    def _start_registration(self, options: RegistrationOptions) -> None:
        auth = self.client_auth(options.outbound_auth)
        if options.outbound_auth and auth is None:
            log.warning(
                "%s: registration %s does not start: auth %s has no password",
                options.where,
                options.name,
                ", ".join(options.outbound_auth),
            )
            return
        line = ""
        if options.line:
            line = secrets.token_hex(8)
        try:
            registration = Registration(
                self.ua,
                RegistrationConfig(
                    client_uri=options.client_uri,
                    server_uri=options.server_uri,
                    contact_user=options.contact_user,
                    contact_params=options.contact_header_params,
                    expiration=options.expiration,
                    retry_interval=options.retry_interval,
                    forbidden_retry_interval=options.forbidden_retry_interval,
                    fatal_retry_interval=options.fatal_retry_interval,
                    max_retries=options.max_retries,
                    auth_rejection_permanent=options.auth_rejection_permanent,
                    outbound_proxy=options.outbound_proxy,
                    transport=options.transport,
                    line=line,
                    support_path=options.support_path,
                    max_random_initial_delay=options.max_random_initial_delay,
                    user_agent=options.user_agent,
                ),
                auth=auth,
                on_change=lambda changed, name=options.name: self._registration_changed(name, changed),
            )
        except SipParseError as error:
            log.error("%s: registration %s: %s", options.where, options.name, error)
            return
        self.registrations[options.name] = registration
        self.directory.lines = self._lines()
        registration.start()

    def _lines(self) -> dict[str, str]:
        """The marks in our registrations' contacts, and the endpoints whose calls carry them."""
        found: dict[str, str] = {}
        for name, registration in self.registrations.items():
            options = self.config.registrations.get(name)
            if options is not None and options.endpoint and registration.config.line:
                found[registration.config.line] = options.endpoint
        return found

    def _registration_changed(self, name: str, registration: Registration) -> None:
        before = self._announced.get(name, "")
        self._announced[name] = announce_registration(self, registration, before)
        if registration.state is RegistrationState.REGISTERED:
            log.info("registration %s: registered with %s", name, registration.config.server_uri)
            if registration.hop is not None:
                self.admission.vouch(registration.hop.host)
        elif registration.state in (RegistrationState.REJECTED, RegistrationState.STOPPED):
            log.warning(
                "registration %s: %s (%d %s)",
                name,
                registration.state.value.lower(),
                registration.status,
                registration.reason,
            )

    # ------------------------------------------------------------ contacts

    def _transport_of(self, aor: str) -> str:
        for name in self.directory.endpoints_of(aor):
            return self.directory.endpoints[name].transport
        return ""

    def _qualify_auth(self, aor: str) -> ClientAuth | None:
        for endpoint in self.directory.endpoints.values():
            if aor in endpoint.aors:
                return self.client_auth(endpoint.outbound_auth)
        return None

    def _on_contact(self, event: ContactEvent, binding: Binding) -> None:
        if event is ContactEvent.ADDED:
            log.debug("contact %s of %s added", binding.uri, binding.aor)
        elif event in (ContactEvent.EXPIRED, ContactEvent.UNREACHABLE):
            log.info("contact %s of %s: %s", binding.uri, binding.aor, event.value)
        self.calls.contact_changed(event, binding)
        announce_contact(self, event, binding)

    def _on_flow_closed(self, flow: Flow, why: str) -> None:
        self.contacts.flow_closed(flow.id)
        for registration in self.registrations.values():
            registration.flow_closed(flow)

    def _trusts(self, host: str) -> bool:
        """Whether an address is named in the configuration: trunks are no strangers."""
        return self.directory.knows_address(host)
