"""Calls: INVITEs into channels, dial strings into INVITEs."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import ref

from offhook._core import MediaError, NameAddr, NegotiationError, SipParseError, Uri
from offhook.config.pjsip.endpoint import ConnectedLineMethod, Prack, RedirectMethod, Timers
from offhook.drivers.sip import trickle
from offhook.drivers.sip.chan_sip import headers_of_variables
from offhook.drivers.sip.channel import SipChannel
from offhook.drivers.sip.channel_items import channel_item
from offhook.drivers.sip.directory import pack
from offhook.drivers.sip.diversion import diversion_headers, redirecting_of
from offhook.drivers.sip.identity import configured_party, identity_headers, party_of
from offhook.drivers.sip.leg_media import LegMedia
from offhook.drivers.sip.own_address import OwnAddress
from offhook.drivers.sip.replaces import Replaces, find_replaced
from offhook.drivers.sip.uri_headers import headers_of
from offhook.pbx.causes import Cause
from offhook.pbx.channel import ChannelState
from offhook.pbx.events import DeviceReported, TestEvent
from offhook.pbx.party import PartyId
from offhook.pbx.pbx import CannotDialError
from offhook.pbx.pickup import pick_up_in_group
from offhook.pbx.succession import take_place
from offhook.sip.contacts import ContactEvent, Status, unmarked
from offhook.sip.identity import (
    ANONYMOUS_FROM,
    caller_identity,
    connected_identity,
    originating_line,
)
from offhook.sip.invite import InviteOptions, Reliable
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.resolver import ResolveError
from offhook.sip.session_timer import TimerMode, TimerPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import Codec, Message
    from offhook.config.files.rtp import RtpConf
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.driver import SipDriver
    from offhook.pbx.channel import Channel
    from offhook.sip.contacts import Binding, Route
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.invite import InviteSession
    from offhook.sip.network import Hop
    from offhook.sip.resolver import Target

__all__ = ["Calls"]

log = logging.getLogger(__name__)

_RELIABLE = {
    Prack.NO: Reliable.NO,
    Prack.SUPPORTED: Reliable.SUPPORTED,
    Prack.REQUIRED: Reliable.REQUIRED,
    Prack.PEER_SUPPORTED: Reliable.PREFERRED,
}
_TIMERS = {
    Timers.NO: TimerMode.NO,
    Timers.YES: TimerMode.YES,
    Timers.REQUIRED: TimerMode.REQUIRED,
    Timers.ALWAYS: TimerMode.ALWAYS,
}
_RETRY_AFTER = (2, 10)  # seconds; drawn, so that those who come again do not all come at once


class Calls:
    """Makes SIP channels, both ways."""

    def __init__(self, driver: SipDriver, rtp: RtpConf) -> None:
        self.driver = driver
        self.pbx = driver.pbx
        self.rtp = rtp
        self._sequence = 0
        self._full = False  # the last call was refused because of maxcalls
        self.own_address = OwnAddress(driver)
        self._options: dict[str, tuple[Endpoint, InviteOptions]] = {}
        self._naming: dict[str, tuple[InviteOptions, str, InviteOptions]] = {}  # by endpoint, for calls to it

    def _name(self, endpoint: Endpoint) -> str:
        number = self._sequence
        self._sequence = number + 1
        return f"PJSIP/{endpoint.name}-{number:08x}"

    def options(self, endpoint: Endpoint, transport: str = "") -> InviteOptions:
        """How sessions with an endpoint behave; made once for each endpoint of a snapshot.

        `transport`: what a contact says, for an endpoint that has no transport of its own.
        """
        known = self._options.get(endpoint.name)
        if known is not None and known[0] is endpoint:
            options = known[1]
            return replace(options, transport=transport) if transport and not options.transport else options
        timers = TimerPolicy(
            _TIMERS[endpoint.timers],
            max(endpoint.timers_sess_expires, endpoint.timers_min_se),
            endpoint.timers_min_se,
        )
        proxy = endpoint.outbound_proxy
        trickles = self.rtp.ice_trickle and self.rtp.icesupport and endpoint.ice_support
        options = InviteOptions(
            contact_user=endpoint.contact_user,
            reliable=_RELIABLE[endpoint.rel100],
            timers=timers,
            rewrite_contact=endpoint.rewrite_contact,
            to_source=endpoint.force_rport,
            transport=endpoint.transport or None,
            routes=(proxy if proxy.startswith("<") else f"<{proxy}>",) if proxy else (),
            supported=(trickle.OPTION,) if trickles else (),
            headers=(("Recv-Info", trickle.PACKAGE),) if trickles else (),
        )
        self._options[endpoint.name] = (endpoint, options)
        return self.options(endpoint, transport)

    def _options_towards(self, channel: SipChannel) -> InviteOptions:
        """Those of an outgoing leg, whose Contact names somebody: contact_user, else the caller, else us."""
        options, caller, general = (
            self.options(channel.endpoint, channel.transport),
            channel.connected,
            self.driver.config.general,
        )
        if options.contact_user:
            return options
        user = general.default_from_user
        if general.use_callerid_contact and caller.number and caller.presentation.allowed:
            user = caller.number
        known = self._naming.get(channel.endpoint.name)
        if known is None or known[0] is not options or known[1] != user:
            named = replace(options, contact_user=str(Uri("sip", "h", user=user))[4:-2]) if user else options
            known = self._naming[channel.endpoint.name] = options, user, named
        return known[2]

    # ------------------------------------------------------------ coming in

    def number_of(self, uri: Uri) -> str:
        """The extension that a URI asks for, without options behind `;` if so configured."""
        user = uri.user or "s"
        return user.partition(";")[0] if self.driver.config.general.ignore_uri_user_options else user

    def invite(self, request: IncomingRequest, endpoint: Endpoint) -> None:
        """A call from an endpoint that has been let in."""
        message = request.message
        try:
            uri = Uri.parse(message.uri)
        except SipParseError as error:
            request.respond(error.status, error.reason)
            return
        if self.pbx.is_full:
            self._refuse_full(request, endpoint)
            return
        self._full = False
        exten = self.number_of(uri)
        dialplan = self.pbx.dialplan
        caller = self._caller(message, endpoint)
        replaced: SipChannel | None = None
        picks_up = False
        if message.get("Replaces") is not None:
            replaced = self._replaced(request, endpoint)
            if replaced is None:
                return
        elif exten == self.pbx.features.general.pickupexten:
            picks_up = True
        elif not dialplan.exists(endpoint.context, exten, 1, caller.number):
            # 484 invites the phone to send more digits (RFC 3261 21.4.22).
            request.respond(484 if dialplan.can_match(endpoint.context, exten, caller.number) else 404)
            log.info(
                "%s calls %s, which is no extension in context %s", endpoint.name, exten, endpoint.context
            )
            return
        channel = SipChannel(self, endpoint, self._name(endpoint), outgoing=False)
        request.respond(100)
        channel.request = message
        channel.hop = request.hop
        server = InviteServer(
            self.driver.ua,
            request,
            channel,
            self.options(endpoint),
            auth=self.driver.client_auth(endpoint.outbound_auth),
        )
        channel.session = channel.server = server
        if not server.start():
            channel.hangup(Cause.INTERWORKING)
            return
        offer = server.offer
        if offer is not None and not channel.leg_media.has_codec_for(offer):
            log.info("%s: the offer is refused with 488: %s", channel.name, channel.leg_media.objection)
            channel.hangup(Cause.BEARERCAPABILITY_NOTAVAIL)
            return
        channel.caller = caller
        channel.ani2 = originating_line(message)
        channel.dialed = exten
        redirecting = redirecting_of(message, exten)
        if redirecting is not None:
            channel.redirecting = redirecting
        channel.context, channel.exten = endpoint.context, exten
        channel.announce(ChannelState.RING)
        if replaced is not None:
            if not take_place(channel, replaced):
                channel.hangup(Cause.USER_BUSY)
            elif channel.task is None and not channel.ended and channel.hangup_requested:
                channel.hangup()
            return
        if picks_up:
            channel.do_instead(pick_up_in_group)
        else:
            channel.start_dialplan(endpoint.context, exten)

    def _replaced(self, request: IncomingRequest, endpoint: Endpoint) -> SipChannel | None:
        """The leg that an INVITE with Replaces is to take the place of (RFC 3891 3); else it is answered."""
        values = request.message.get_all("Replaces")
        try:
            if len(values) != 1:
                raise ValueError("one Replaces is needed")
            replaces = Replaces.parse(values[0])
        except ValueError as error:
            log.info("%s: an INVITE is refused: %s", endpoint.name, error)
            request.respond(400)
            return None
        if not endpoint.allow_transfer:
            request.respond(603)
            return None
        replaced = find_replaced(self, replaces)
        if replaced is None:
            request.respond(481)
            return None
        if replaces.early_only and replaced.state is ChannelState.UP:
            request.respond(486)
            return None
        return replaced

    def _refuse_full(self, request: IncomingRequest, endpoint: Endpoint) -> None:
        """503: there are as many calls as there may be (asterisk.conf maxcalls)."""
        seconds = self.driver.ua.random.randint(*_RETRY_AFTER)
        request.respond(503, headers=[("Retry-After", str(seconds))])
        if not self._full:  # a line for each would be the next overload
            self._full = True
            log.warning(
                "calls are refused, from %s first: there are %d (maxcalls)", endpoint.name, self.pbx.calls
            )

    def _caller(self, message: Message, endpoint: Endpoint) -> PartyId:
        """Who calls: what a trusted peer asserts, else the endpoint's own caller id, else From."""
        configured = configured_party(endpoint)
        if configured is not None and not (endpoint.trust_id_inbound and connected_identity(message)):
            return configured
        identity = caller_identity(message, trusted=endpoint.trust_id_inbound)
        return party_of(identity) or configured or PartyId()

    # ------------------------------------------------------------ going out

    def request(self, destination: str, caller: Channel | None) -> list[Channel]:
        """Channels for `endpoint`, `number@endpoint`, `endpoint/sip:uri`.  Raises CannotDialError."""
        head, slash, uri_text = destination.partition("/")
        number, at, name = head.rpartition("@")
        if not at:
            number, name = "", head
        directory = self.driver.directory
        endpoint = directory.endpoints.get(name)
        if endpoint is None:
            raise CannotDialError(f"PJSIP/{destination}: there is no endpoint {name!r}", Cause.UNALLOCATED)
        if name in self.driver.maintenance:
            what = f"PJSIP/{destination}: {name} is in maintenance"
            raise CannotDialError(what, Cause.NORMAL_TEMPORARY_FAILURE)
        hop: Hop | None = None
        routes: Sequence[str] = ()
        if slash:
            uri, transport = unmarked(self._parsed(uri_text, destination))
            hop, routes = self._way_to(endpoint, uri)
        else:
            binding, route = self._contact_of(endpoint, destination)
            uri = self._parsed(route.uri, destination)
            hop, routes, transport = route.hop, route.path, route.transport
            aor = directory.config.aors.get(binding.aor)
            if aor is not None and aor.outbound_proxy and not routes:
                routes = (f"<{aor.outbound_proxy}>",)
            if number:
                uri = uri.replace(user=number)
        if endpoint.user_eq_phone and uri.user and uri.user.lstrip("+").isdigit():
            uri = uri.with_param("user", "phone")
        channel = self._outgoing(endpoint, uri, hop, routes, caller, number or uri.user or name)
        channel.transport = transport
        return [channel]

    @staticmethod
    def _parsed(text: str, destination: str) -> Uri:
        try:
            return NameAddr.parse(text).uri if "<" in text else Uri.parse(text)
        except SipParseError as error:
            raise CannotDialError(
                f"PJSIP/{destination}: {text!r} is no SIP URI: {error.reason}", Cause.INVALID_NUMBER_FORMAT
            ) from error

    def _way_to(self, endpoint: Endpoint, uri: Uri) -> tuple[Hop | None, Sequence[str]]:
        """How a URI that is dialled is reached, when it is that of a contact: its connection, its Path."""
        contacts = self.driver.contacts
        for aor in endpoint.aors:
            for binding in contacts.of(aor):
                known = Uri.parse(binding.uri)
                if known == uri or known.replace(user=uri.user) == uri:
                    route = contacts.route(binding)
                    return route.hop, route.path
        return None, ()

    def contact_uris(self, endpoint: Endpoint, aor: str, user: str) -> list[str]:
        """The URIs of an endpoint's contacts that are not known to be unreachable (PJSIP_DIAL_CONTACTS)."""
        found: list[str] = []
        for each in (aor,) if aor else endpoint.aors:
            for binding in self.driver.contacts.of(each):
                if binding.status is not Status.UNREACHABLE:
                    uri = Uri.parse(binding.uri)
                    found.append(str(uri.replace(user=user) if user else uri))
        return found

    def _contact_of(self, endpoint: Endpoint, destination: str) -> tuple[Binding, Route]:
        """The contact that is called: the first that is reachable, or may be."""
        contacts = self.driver.contacts
        for aor in endpoint.aors:
            for binding in contacts.of(aor):
                if binding.status is not Status.UNREACHABLE:
                    return binding, contacts.route(binding)
        raise CannotDialError(
            f"PJSIP/{destination}: {endpoint.name} is not registered, or not reachable",
            Cause.SUBSCRIBER_ABSENT,
        )

    def _outgoing(
        self,
        endpoint: Endpoint,
        uri: Uri,
        hop: Hop | None,
        routes: Sequence[str],
        caller: Channel | None,
        number: str,
    ) -> SipChannel:
        linkedid = caller.linkedid if caller is not None else None
        channel = SipChannel(self, endpoint, self._name(endpoint), outgoing=True, linkedid=linkedid)
        channel.dialed = number
        channel.caller = configured_party(endpoint) or PartyId()
        prefer: Sequence[Codec] = ()
        video: Sequence[Sequence[Codec]] = ()
        if isinstance(caller, SipChannel):
            prefer, video = caller.leg_media.codecs, caller.leg_media.video
            channel.caller_leg = ref(caller)
        channel.use_media(LegMedia(self.pbx.media, endpoint, self.rtp, prefer, video))

        def invite() -> None:
            if hop is not None:
                self._send_invite(channel, uri, hop, routes)
            else:
                self._look_up_and_send(channel, uri, routes or self.options(endpoint).routes)

        channel.invite = invite
        return channel

    def _look_up_and_send(self, channel: SipChannel, uri: Uri, routes: Sequence[str]) -> None:
        """Find out where the INVITE will go: From and SDP name the address that counts there.

        The client looks it up again, from the cache then, and tries all that was found.
        """

        def found(targets: list[Target] | ResolveError) -> None:
            if not channel.ended:
                if not isinstance(targets, ResolveError):
                    name = channel.endpoint.transport or channel.transport
                    channel.remote = self._first_of(targets, name)
                self._send_invite(channel, uri, None, routes)

        try:
            next_hop = NameAddr.parse(routes[0]).uri if routes else uri
        except SipParseError as error:
            log.warning("%s: the INVITE cannot be sent: %s", channel.name, error)
            channel.far_end_hung_up(Cause.NETWORK_OUT_OF_ORDER)
            return
        if pack(next_hop.host) is not None:
            channel.remote = next_hop.host
            self._send_invite(channel, uri, None, routes)
            return
        known = self.driver.ua.resolver.lookup(next_hop, found)
        if known is not None:
            found(known)

    def _first_of(self, targets: Sequence[Target], name: str) -> str:
        """The address that a transport ("": any) will send to first."""
        transport = self.driver.config.transports.get(name)
        if transport is not None:
            ipv6 = ":" in transport.bind.host
            for target in targets:
                if (":" in target.host) is ipv6:
                    return target.host
        return targets[0].host

    def _send_invite(
        self,
        channel: SipChannel,
        uri: Uri,
        hop: Hop | None,
        routes: Sequence[str],
    ) -> None:
        endpoint = channel.endpoint
        channel.hop = hop
        channel.bind_media()
        own = self.own_address.signalling(endpoint, hop, channel.remote)
        headers = identity_headers(endpoint, channel.connected, own, calling=True)
        headers += diversion_headers(endpoint, channel.redirecting, own, uri)
        referred_by = channel.get_variable("SIPREFERREDBYHDR")
        if referred_by and referred_by.isprintable():  # it is called because of a transfer (RFC 3892)
            headers.append(("Referred-By", referred_by))
        headers += _asked_for(channel, uri)
        uri = uri.without_headers()
        headers += channel.passed_headers
        headers += channel.extra_headers
        headers += headers_of_variables(channel.variables)
        try:
            offer = channel.leg_media.offer(self.own_address.media(endpoint, hop, channel.remote))
            client = InviteClient(
                self.driver.ua,
                uri,
                channel,
                self._options_towards(channel),
                from_=_with_params(self._from(endpoint, channel.connected, own), channel.from_params),
                to=f"<{uri.without_headers()}>",
                offer=offer,
                headers=headers,
                auth=self.driver.client_auth(endpoint.outbound_auth),
                routes=routes or None,
                hop=hop,
            )
            channel.session = channel.client = client
            client.start()
        except (NegotiationError, SipParseError, MediaError, OSError) as error:
            log.warning("%s: the INVITE cannot be sent: %s", channel.name, error)
            channel.far_end_hung_up(Cause.NETWORK_OUT_OF_ORDER)

    def _from(self, endpoint: Endpoint, caller: PartyId, own: str) -> str:
        """The From of a call to an endpoint: from_user and from_domain, or who calls."""
        domain = endpoint.from_domain
        if not caller.presentation.allowed and not endpoint.trust_id_outbound:
            if not endpoint.from_user:
                return ANONYMOUS_FROM
            return f'"Anonymous" <{Uri("sip", domain or "anonymous.invalid", user=endpoint.from_user)}>'
        user = endpoint.from_user or caller.number or self.driver.config.general.default_from_user
        uri = Uri("sip", domain or own, user=user)
        return str(NameAddr(uri, display_name=caller.name or None))

    # ------------------------------------------------------------ for channels

    def send_identity(
        self, channel: SipChannel, session: InviteSession, headers: Sequence[tuple[str, str]]
    ) -> None:
        """Tell a peer whom it is connected with now: by UPDATE where it takes that, else by re-INVITE."""
        dialog = session.dialog
        if dialog is None:
            return
        by_update = channel.endpoint.connected_line_method is ConnectedLineMethod.UPDATE
        if dialog.peer_allows("UPDATE") or (by_update and dialog.peer_allow is None):
            session.update(headers=headers)
        else:
            session.reinvite(channel.same_offer, headers=headers)

    def redirect_targets(self, endpoint: Endpoint, contacts: Sequence[NameAddr]) -> list[str]:
        """What a 3xx leads to: numbers for the dialplan, or whole URIs."""
        targets: list[str] = []
        for contact in contacts:
            if endpoint.redirect_method is RedirectMethod.USER:
                if contact.uri.user:
                    targets.append(self.number_of(contact.uri))
            else:
                targets.append(f"PJSIP/{endpoint.name}/{contact.uri}")
        return targets

    def session_ended(self, channel: SipChannel) -> None:
        """A leg is done with its session; told for tests."""
        if self.pbx.bus.wanted(TestEvent):
            for state in ("SESSION_DESTROYING", "SESSION_DESTROYED"):
                self.pbx.bus.emit(TestEvent, state, [("Endpoint", channel.endpoint.name)])

    def channel_info(self, channel: SipChannel, item: str) -> str | None:
        """CHANNEL() items of SIP channels."""
        return channel_item(channel, item)

    # ------------------------------------------------------------ states

    def device_state(self, endpoint: Endpoint) -> str:
        """The state of an endpoint as a device."""
        legs = self.pbx.by_device.get(f"PJSIP/{endpoint.name}")
        if not legs:
            contacts = self.driver.contacts
            known = [binding for aor in endpoint.aors for binding in contacts.of(aor)]
            if any(binding.status is not Status.UNREACHABLE for binding in known):
                return "NOT_INUSE"
            return "UNAVAILABLE"
        if endpoint.device_state_busy_at and len(legs) >= endpoint.device_state_busy_at:
            return "BUSY"
        if any(leg.held or leg.on_hold for leg in legs):
            return "ONHOLD"
        ringing = [leg for leg in legs if leg.outgoing and leg.state is not ChannelState.UP]
        if len(ringing) == len(legs):
            return "RINGING"
        return "RINGINUSE" if ringing else "INUSE"

    def contact_changed(self, event: ContactEvent, binding: Binding) -> None:
        """A contact came, went or answers again: the endpoints that it belongs to may be in another state."""
        if self.pbx.bus.wanted(DeviceReported):
            for endpoint in self.driver.directory.endpoints_of(binding.aor):
                self.pbx.bus.emit(DeviceReported, f"PJSIP/{endpoint}")


def _asked_for(channel: SipChannel, uri: Uri) -> list[tuple[str, str]]:
    """What the URI asks for, and the dialog whose place the call is to take.

    That is the one of a transfer to somebody whom another node has (RFC 3891 6).
    """
    found = headers_of(uri)
    replaces = channel.get_variable("SIPREPLACESHDR")
    if replaces and replaces.isprintable() and not any(name.lower() == "replaces" for name, _ in found):
        found.append(("Replaces", replaces))
    return found


def _with_params(address: str, params: dict[tuple[str, str], str]) -> str:
    """A From with what PJSIP_HEADER_PARAM() has set: of its URI, or beside it."""
    if not params:
        return address
    found = NameAddr.parse(address)
    uri = found.uri
    for (kind, name), value in params.items():
        if kind == "uri":
            uri = uri.with_param(name, value)
    beside = [(name, value) for (kind, name), value in params.items() if kind == "header"]
    return str(NameAddr(uri, display_name=found.display_name, params=beside))
