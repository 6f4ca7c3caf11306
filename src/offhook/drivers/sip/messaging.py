"""SIP MESSAGE (RFC 3428), within calls and outside of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook._core import NameAddr, SipParseError, Uri, new_call_id, new_tag
from offhook.pbx.messages import MessageError, TextMessage
from offhook.sip.contacts import TRANSPORT_MARK, unmarked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import Message
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.driver import SipDriver
    from offhook.sip.incoming import IncomingRequest
    from offhook.sip.network import Hop
    from offhook.sip.outgoing import Authorizer, OutgoingRequest
    from offhook.sip.ua import UserAgent

__all__ = ["Messaging", "text_of"]

log = logging.getLogger(__name__)

# Headers of the message itself and of its way; the others are MESSAGE_DATA().
_OWN_HEADERS = frozenset(
    [
        "via",
        "v",
        "from",
        "f",
        "to",
        "t",
        "call-id",
        "i",
        "cseq",
        "contact",
        "m",
        "max-forwards",
        "content-length",
        "l",
        "content-type",
        "c",
        "route",
        "record-route",
        "authorization",
        "proxy-authorization",
        "allow",
        "supported",
        "k",
        "user-agent",
    ]
)
_MOST_HEADERS = 50
_MOST_REDIRECTIONS = 8


def text_of(message: Message) -> str | None:
    """The text of a MESSAGE; None when it is no text."""
    if message.content_type is not None and not message.content_type.startswith("text/"):
        return None
    return message.body.decode("utf-8", "replace")


class Messaging:
    """Takes MESSAGE requests outside of calls to the dialplan, and sends them."""

    def __init__(self, driver: SipDriver) -> None:
        self._driver = driver

    # ------------------------------------------------------------ coming in

    def receive(self, request: IncomingRequest, endpoint: Endpoint) -> None:
        """A MESSAGE of an endpoint that has been let in."""
        message = request.message
        text = text_of(message)
        if text is None:
            request.respond(415, headers=[("Accept", "text/plain")])
            return
        try:
            exten = Uri.parse(message.uri).user or "s"
        except SipParseError as error:
            request.respond(error.status, error.reason)
            return
        context = endpoint.message_context or endpoint.context
        pbx = self._driver.pbx
        came = TextMessage(
            to=_other_scheme(str(message.to.uri)),
            from_=str(_bare(message.from_)),
            body=text,
            content_type=message.content_type or "text/plain",
        )
        for name, value in message.headers()[:_MOST_HEADERS]:
            if name.lower() not in _OWN_HEADERS:
                came.data[name] = value
        taken = self._driver.messages.show(came, f"PJSIP/{endpoint.name}")
        if not pbx.dialplan.exists(context, exten, 1, message.from_.uri.user or ""):
            request.respond(202 if taken else 404)
        elif self._driver.messages.receive(came, context, exten):
            request.respond(202)
        else:
            request.respond(503, headers=[("Retry-After", "5")])

    # ------------------------------------------------------------ going out

    def send_message(self, message: TextMessage, destination: str) -> None:
        """Part of MessageSender."""
        self._send("MESSAGE", message, destination, ())

    def send_refer(self, message: TextMessage, destination: str, refer_to: str) -> None:
        """Ask somebody outside of a call to call `refer_to` (RFC 3515); the message's body is not sent.

        Raises MessageError.
        """
        target = self._parsed(refer_to.replace("pjsip:", "sip:", 1))
        sender = self._parsed(message.from_) if ":" in message.from_ or "<" in message.from_ else None
        # RFC 4488: nobody would be there for news of how it went
        headers = [("Refer-To", f"<{target}>"), ("Refer-Sub", "false"), ("Supported", "norefersub")]
        if sender is not None:
            headers.append(("Referred-By", f"<{sender.without_headers()}>"))
        self._send("REFER", message, destination, headers)

    def _send(
        self, method: str, message: TextMessage, destination: str, headers: Sequence[tuple[str, str]]
    ) -> None:
        endpoint, uri, hop, routes = self._way(destination)
        uri, transport = unmarked(uri)
        driver, ua = self._driver, self._driver.ua
        own = driver.calls.own_address.signalling(endpoint, hop, uri.host)
        sent = ua.new_request(method, str(uri.without_headers()))
        sent.set("From", f"{self._from(message.from_, endpoint, own)};tag={new_tag()}")
        sent.set("To", self._to(message.to, uri))
        sent.set("Call-ID", new_call_id(""))
        sent.set("CSeq", f"1 {method}")
        for name, value in headers:
            sent.set(name, value)
        for route in routes:
            sent.add("Route", route)
        for name in message.outbound:
            value = message.data.get(name)
            if value is not None and name.lower() not in _OWN_HEADERS:
                sent.add(name, value)
        if method == "MESSAGE":
            sent.set_body(message.content_type, message.body.encode())
        sending = _Sending(
            sent,
            driver.client_auth(endpoint.outbound_auth),
            endpoint.transport or transport or None,
            follows=method.lower() in endpoint.follow_redirect_methods,
        )
        sending.send(ua, NameAddr.parse(routes[0]).uri if routes else uri, hop)

    def _way(self, destination: str) -> tuple[Endpoint, Uri, Hop | None, tuple[str, ...]]:
        """How `endpoint`, `endpoint/uri`, `endpoint@domain`, `user@host` or a URI is reached."""
        endpoints = self._driver.directory.endpoints
        name, slash, rest = destination.partition("/")
        if name.upper() == "PJSIP" and slash:  # PJSIP/number@endpoint
            number, _, name = rest.rpartition("@")
            endpoint = endpoints.get(name)
            if endpoint is None:
                raise MessageError("INVALID_URI", f"there is no endpoint {name!r}")
            _, uri, hop, routes = self._contact(endpoint, destination)
            return endpoint, uri.replace(user=number) if number else uri, hop, routes
        endpoint = endpoints.get(name) or endpoints.get(name.partition("@")[0])
        if endpoint is not None and ":" not in name.partition("@")[0]:
            if not slash:
                return self._contact(endpoint, destination)
            if rest in endpoint.aors:
                return self._contact(endpoint, destination, rest)
            return endpoint, self._parsed(rest), None, ()
        fallback = self._driver.config.general.default_outbound_endpoint
        endpoint = endpoints.get(fallback)
        if endpoint is None:
            raise MessageError(
                "INVALID_URI", f"{destination!r} is no endpoint, and there is no {fallback!r} to send through"
            )
        return endpoint, self._parsed(destination), None, ()

    def _contact(
        self, endpoint: Endpoint, destination: str, aor: str = ""
    ) -> tuple[Endpoint, Uri, Hop | None, tuple[str, ...]]:
        contacts = self._driver.contacts
        for each in (aor,) if aor else endpoint.aors:
            for binding in contacts.of(each):
                route = contacts.route(binding)
                uri = self._parsed(route.uri)
                if route.transport:
                    uri = uri.with_param(TRANSPORT_MARK, route.transport)
                return endpoint, uri, route.hop, tuple(route.path)
        raise MessageError("FAILURE", f"{destination!r}: {endpoint.name} is not registered")

    @staticmethod
    def _parsed(text: str) -> Uri:
        try:
            if "<" in text:
                return NameAddr.parse(text).uri
            return Uri.parse(text if text.startswith(("sip:", "sips:")) else f"sip:{text}")
        except SipParseError as error:
            raise MessageError("INVALID_URI", f"{text!r} is no SIP URI") from error

    def _from(self, text: str, endpoint: Endpoint, own: str) -> NameAddr:
        """The From: what the message says, a URI or a name; else our own."""
        text = text.replace("pjsip:", "sip:", 1)
        if text:
            try:
                return _bare(NameAddr.parse(text if "<" in text else f"<{text}>"))
            except SipParseError:
                pass  # a bare name: the user at our address
        user = text or endpoint.from_user or self._driver.config.general.default_from_user
        try:
            return NameAddr(Uri("sip", endpoint.from_domain or own, user=user))
        except ValueError as error:
            raise MessageError("INVALID_URI", f"{text!r} cannot be who a message is from") from error

    def _to(self, text: str, uri: Uri) -> str:
        text = text.replace("pjsip:", "sip:", 1)
        if text.startswith(("sip:", "sips:")) or "<" in text:
            try:
                return str(NameAddr.parse(text if "<" in text else f"<{text}>"))
            except SipParseError:
                pass
        return f"<{uri.without_headers()}>"


class _Sending:
    """A MESSAGE or REFER on its way, by way of those that 3xx responses name, when they are followed."""

    __slots__ = ("_auth", "_follows", "_left", "_message", "_seen", "_transport")

    def __init__(
        self, message: Message, auth: Authorizer | None, transport: str | None, *, follows: bool
    ) -> None:
        self._message = message
        self._auth = auth
        self._transport = transport
        self._follows = follows
        self._seen = {message.uri}
        self._left: list[Uri] = []  # where else to try, best last

    def send(self, ua: UserAgent, target: Uri, hop: Hop | None = None) -> None:
        """Send it."""

        def contact(request: Message, hop: Hop) -> None:
            if request.method == "REFER":  # makes a dialog, so it needs one
                host, port = ua.contact_address(hop)
                request.set("Contact", f"<sip:{host}:{port}>")

        ua.request(
            self._message,
            self._answered,
            at_hop=contact,
            hop=hop,
            target=target,
            auth=self._auth,
            transport=self._transport,
        )

    def _answered(self, outgoing: OutgoingRequest, response: Message) -> None:
        status, method = response.status, outgoing.message.method
        if status < 300:
            return
        log.warning("a %s to %s was refused: %d %s", method, outgoing.message.uri, status, response.reason)
        if not self._follows or (status >= 400 and not self._left):
            return
        if status < 400:
            self._learn(response)
        if not self._left or len(self._seen) > _MOST_REDIRECTIONS:
            return
        uri = self._left.pop()
        self._seen.add(str(uri))
        self._message = message = outgoing.message.copy()
        message.uri = str(uri)
        message.set("CSeq", f"{message.cseq + 1} {method}")
        message.remove("Via")
        message.remove("Route")
        self.send(outgoing.ua, uri)

    def _learn(self, response: Message) -> None:
        try:
            found = response.addresses("Contact")
        except SipParseError:
            return
        found.sort(key=_preference)
        self._left += [
            uri for contact in found if str(uri := contact.uri.without_headers()) not in self._seen
        ]


def _preference(contact: NameAddr) -> float:
    try:
        return float(contact.param("q") or "1")
    except ValueError:
        return 1.0


def _bare(address: NameAddr) -> NameAddr:
    """Without tag and other parameters."""
    return NameAddr(address.uri, display_name=address.display_name)


def _other_scheme(uri: str) -> str:
    """As MessageSend() takes it: pjsip: in place of sip:."""
    return "pjsip:" + uri.partition(":")[2] if uri.startswith("sip:") else uri
