"""The terminal phone: one SIP user agent with sockets, credentials, a registration and calls.

Made of `offhook.sip` and `offhook.media` alone, as any program could; `offhook dial` is its user.
One call at a time: what comes in meanwhile is busy.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook import __version__
from offhook._core import MediaEngine, MediaError, NameAddr, SipParseError, Uri
from offhook.cli.phone_call import CallAudio, PhoneCall
from offhook.media.service import MediaService
from offhook.sip.addresses import SourceAddresses
from offhook.sip.auth_client import ClientAuth, ClientCredential
from offhook.sip.digest import Secrets
from offhook.sip.invite import InviteOptions
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.network import format_host_port
from offhook.sip.registration import Registration, RegistrationConfig, RegistrationState
from offhook.sip.resolver import ResolveError, Resolver
from offhook.sip.tls import TlsConfig
from offhook.sip.transport import AsyncioNetwork, TransportConfig, TransportError
from offhook.sip.ua import UserAgent, UserAgentConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.cli.phone_call import Report
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Flow
    from offhook.sip.resolver import Target

__all__ = ["Phone", "PhoneError", "PhoneSettings", "RefusedError"]

# Seconds that the registrar has to forget us when the phone goes.
_GOODBYE = 2.0
# What a URI's headers may not set (RFC 3261 19.1.5): they belong to the transaction and the dialog.
_OWN_HEADERS = frozenset(
    (
        *("via", "from", "to", "call-id", "cseq", "contact", "route", "record-route", "max-forwards", "body"),
        *("content-length", "content-type", "authorization", "proxy-authorization", "allow", "supported"),
        *("require", "v", "f", "t", "i", "m", "l", "c", "k"),
    )
)


class PhoneError(Exception):
    """Nothing can be reached or opened; the text says what."""


class RefusedError(PhoneError):
    """The registrar said no."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class PhoneSettings:
    """Who the phone is and how it reaches the world."""

    user: str = "offhook"
    domain: str = ""
    """Of the address that calls come from; "" is the phone's own IP address."""
    display_name: str = ""
    from_: str = ""
    """A From address (name-addr or URI) in place of what user, domain and display name make."""
    auth_user: str = ""
    """For digest authentication; "" is `user`."""
    password: str | None = None
    proxy: str = ""
    """URI of an outbound proxy."""
    transport: str = ""
    """udp, tcp or tls for URIs that name none; "" is what RFC 3263 finds, UDP when that says nothing."""
    bind_host: str = ""
    bind_port: int = 0
    listen: bool = False
    """Take TCP connections too, not only make them."""
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    rtp_ports: tuple[int, int] = (40000, 49999)
    ca_file: str = ""
    """Certificates that a TLS server's must come from; "" is the system's."""
    verify_server: bool = True


class Phone:
    """The phone.  open() first, close() at the end."""

    def __init__(self, settings: PhoneSettings, report: Report) -> None:
        self.settings = settings
        self.registration: Registration | None = None
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._sources = SourceAddresses()
        self._network = AsyncioNetwork(self._loop)
        self._resolver = Resolver(
            self._network.now, ipv6=settings.bind_host == "" and bool(self._sources.towards("2001:db8::1"))
        )
        self.ua = UserAgent(
            self._network,
            self._resolver,
            UserAgentConfig(
                user_agent=f"Offhook/{__version__}",
                allow=("INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "UPDATE", "PRACK", "INFO"),
                supported=("100rel", "timer"),
            ),
        )
        self.ua.on_request = self._on_request
        self.ua.on_flow_closed = self._on_flow_closed
        self._auth: ClientAuth | None = None
        if settings.password is not None:
            secrets = Secrets(settings.password)
            self._auth = ClientAuth([ClientCredential(settings.auth_user or settings.user, secrets)])
        self._options = InviteOptions(contact_user=_user_part(settings.user))
        self._media: MediaService | None = None
        self._record = ""
        self._listening: list[tuple[str, int]] = []
        self._incoming: asyncio.Future[PhoneCall] | None = None

    # ------------------------------------------------------------ life

    def open(self) -> None:
        """Bind the sockets.  Raises PhoneError."""
        settings = self.settings
        chosen = settings.transport or "udp"
        hosts = [settings.bind_host] if settings.bind_host else ["0.0.0.0", "::"]
        for number, host in enumerate(hosts):
            try:
                self._open_transports(chosen, host)
            except TransportError as error:
                if number == 0:  # a machine without IPv6 is none the worse for it
                    raise PhoneError(str(error)) from error

    def _open_transports(self, chosen: str, host: str) -> None:
        settings = self.settings
        family = "6" if ":" in host else ""
        port = settings.bind_port
        # UDP in any case: contacts and routes of a server may name it, whatever the phone was told to use.
        bound = self._network.listen(
            TransportConfig(f"udp{family}", "udp", host, port if chosen == "udp" else 0)
        )
        if chosen == "udp":
            self._listening.append((host, bound))
        tcp = TransportConfig(f"tcp{family}", "tcp", host, port if chosen == "tcp" else 0)
        if chosen == "tcp" and settings.listen:
            self._listening.append((host, self._network.listen(tcp)))
        else:
            self._network.add_outgoing(tcp)
        self._network.add_outgoing(
            TransportConfig(
                f"tls{family}",
                "tls",
                host,
                tls=TlsConfig(
                    ca_list_file=settings.ca_file,
                    verify_server=settings.verify_server,
                    allow_wildcard_certs=True,  # against RFC 5922, and what most providers have
                ),
            )
        )

    async def close(self) -> None:
        """Unregister and close everything."""
        registration, self.registration = self.registration, None
        if registration is not None:
            gone: asyncio.Future[None] = self._loop.create_future()
            registration.stop(lambda: None if gone.done() else gone.set_result(None))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await gone
        if self._media is not None:
            self._media.close()
        self.ua.close()
        self._resolver.close()
        await self._network.close()

    # ------------------------------------------------------------ what it does

    async def register(self, registrar: Uri) -> None:
        """Register and stay registered.  Raises RefusedError, PhoneError when nobody answers."""
        settings = self.settings
        registrar = self._by_transport(registrar)
        await self._locate(self._first_hop(registrar))
        done: asyncio.Future[None] = self._loop.create_future()

        def changed(registration: Registration) -> None:
            waiting = RegistrationState.TRYING, RegistrationState.UNREGISTERING
            if registration.state in waiting:
                return
            if not done.done():
                done.set_result(None)
            elif registration.state is not RegistrationState.REGISTERED and registration is self.registration:
                text = f"the registration was not renewed: {registration.status} {registration.reason}"
                self._report("unregistered", text, status=registration.status)

        config = RegistrationConfig(
            client_uri=str(Uri("sip", settings.domain or registrar.host, user=settings.user)),
            server_uri=str(registrar),
            contact_user=_user_part(settings.user),
            max_random_initial_delay=0.0,
            outbound_proxy=", ".join(self._routes()),
        )
        registration = Registration(self.ua, config, auth=self._auth, on_change=changed)
        self.registration = registration
        registration.register_now()
        await done
        status = registration.status
        if registration.state is not RegistrationState.REGISTERED:
            self.registration = None
            registration.stop()
            text = f"registration at {registrar} failed: {status} {registration.reason}"
            if status in (401, 407) and self._auth is None:
                text += " (it wants a password)"
            if status in (408, 503):
                raise PhoneError(text)
            raise RefusedError(status, text)
        seconds = round(registration.expires_at - self._network.now())
        self._report(
            "registered",
            f"registered as {config.client_uri} for {seconds} s",
            aor=config.client_uri,
            s=seconds,
        )

    async def call(self, target: Uri, *, record: str = "") -> PhoneCall:
        """Call; the INVITE is on its way.  Raises PhoneError."""
        target = self._by_transport(target)
        first = (await self._locate(self._first_hop(target)))[0]
        call = self._new_call(first.host, record)
        headers = [(name, value) for name, value in target.headers() if name.lower() not in _OWN_HEADERS]
        try:
            offer = call.audio.offer()
        except (MediaError, OSError) as error:
            raise PhoneError(f"no port for audio: {error}") from error
        session = InviteClient(
            self.ua,
            target.without_headers(),
            call,
            self._options,
            from_=self._from(first.host),
            offer=offer,
            headers=headers,
            auth=self._auth,
            routes=self._routes(),
        )
        call.session = session
        try:
            session.start()
        except SipParseError as error:
            call.abandon()
            raise PhoneError(f"{target}: {error}") from error
        return call

    async def next_call(self, *, record: str = "") -> PhoneCall:
        """Wait for a call; it is ringing.  answer() it, or hangup()."""
        self._record = record
        incoming = self._incoming = self._loop.create_future()
        try:
            return await incoming
        finally:
            self._incoming = None

    def addresses(self) -> list[str]:
        """The URIs at which the phone can be called directly."""
        user = _user_part(self.settings.user)
        param = ";transport=tcp" if self.settings.transport == "tcp" else ""
        return [
            f"sip:{user}@{format_host_port(self._sources.instead_of(host), port)}{param}"
            for host, port in self._listening
        ]

    # ------------------------------------------------------------ where to

    def _by_transport(self, uri: Uri) -> Uri:
        transport = self.settings.transport
        if (
            not transport
            or uri.param("transport") is not None
            or (uri.scheme == "sips" and transport == "tls")
        ):
            return uri
        return uri.with_param("transport", transport)

    def _routes(self) -> list[str]:
        """The route set of requests outside of dialogs: what the registrar said (RFC 3608), or the proxy."""
        if self.registration is not None and self.registration.service_route:
            return self.registration.service_route
        if not self.settings.proxy:
            return []
        uri = self._by_transport(Uri.parse(self.settings.proxy))
        return [f"<{uri if uri.param('lr') is not None else uri.with_param('lr', None)}>"]

    def _first_hop(self, uri: Uri) -> Uri:
        routes = self._routes()
        return NameAddr.parse(routes[0]).uri if routes else uri

    async def _locate(self, uri: Uri) -> Sequence[Target]:
        """RFC 3263, said aloud.  What it finds stays in the resolver's cache for the request that follows."""
        try:
            targets = await self._resolver.resolve(uri)
        except ResolveError as error:
            raise PhoneError(str(error)) from error
        shown = [f"{one.transport.lower()} {format_host_port(one.host, one.port)}" for one in targets]
        self._report("resolved", f"{uri.host} is at {', '.join(shown)}", host=uri.host, targets=shown)
        return targets

    def _from(self, remote: str) -> str:
        settings = self.settings
        if settings.from_:
            return settings.from_ if "<" in settings.from_ else f"<{settings.from_}>"
        domain = settings.domain or self._local_address(remote)
        uri = Uri("sip", domain, user=settings.user)
        return str(NameAddr(uri, display_name=settings.display_name or None))

    def _local_address(self, remote: str) -> str:
        address = self.settings.bind_host
        if address in ("", "0.0.0.0", "::"):
            address = self._sources.towards(remote)
        if not address:
            raise PhoneError(f"there is no route to {remote}")
        return address

    # ------------------------------------------------------------ calls

    def _new_call(self, remote: str, record: str) -> PhoneCall:
        settings = self.settings
        if self._media is None:
            first, last = settings.rtp_ports
            try:
                engine = MediaEngine(workers=1, rtp_start=first, rtp_end=last)
            except (MediaError, OSError, ValueError) as error:
                raise PhoneError(f"the media engine does not start: {error}") from error
            self._media = MediaService(engine, self._loop)
        address = self._local_address(remote)
        bind = settings.bind_host or ("::" if ":" in address else "0.0.0.0")
        audio = CallAudio(self._media, settings.codecs, address, bind)
        return PhoneCall(audio, self._report, self._loop, record=record)

    def _on_request(self, request: IncomingRequest) -> None:
        method = request.message.method
        if method == "INVITE":
            self._on_invite(request)
        elif method == "OPTIONS":
            request.respond(200, headers=[("Accept", "application/sdp")])
        else:  # outside of a dialog the others mean nothing
            request.respond(481)

    def _on_invite(self, request: IncomingRequest) -> None:
        incoming = self._incoming
        if incoming is None or incoming.done():
            request.respond(486)
            return
        try:
            call = self._new_call(request.host, self._record)
        except PhoneError:
            request.respond(503)
            return
        session = InviteServer(self.ua, request, call, self._options, auth=self._auth)
        call.session = session
        if not session.start():
            return
        caller = request.message.from_
        name = caller.display_name or ""
        who = f'"{name}" <{caller.uri}>' if name else str(caller.uri)
        self._report("incoming", f"call from {who}", name=name, uri=str(caller.uri))
        session.ring(180)
        incoming.set_result(call)

    def _on_flow_closed(self, flow: Flow, why: str) -> None:
        if self.registration is not None:
            self.registration.flow_closed(flow)


def _user_part(user: str) -> str:
    """A user name as it stands in a URI."""
    return str(Uri("sip", "x", user=user))[4:-2]
