"""Outbound registration: this node as a client of somebody else's registrar (RFC 3261 10.2).

                 start()          2xx
    UNREGISTERED ------> TRYING --------> REGISTERED --- refresh before expiry, or flow lost --> TRYING
                          | ^   temporary failure, retry_interval
                          v |
                       REJECTED --- max_retries, or a failure for good --> STOPPED
    any --- stop() --> UNREGISTERING (REGISTER with Expires: 0) --> UNREGISTERED

The rules of what is retried when are those of Asterisk's type=registration.
"""

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass

from offhook._core import Message, NameAddr, SipParseError, Uri, new_call_id, new_tag
from offhook.sip.network import Flow, Hop, Timer, format_host_port
from offhook.sip.outgoing import Authorizer, OutgoingRequest
from offhook.sip.ua import UserAgent

__all__ = ["Registration", "RegistrationConfig", "RegistrationState"]

# Asterisk renews ten seconds early; for short expiries half of the time must do.
_EARLY = 10.0
_MAX_BRIEF = 3  # 423 answers in a row before it counts as a failure
_FLOW_LOST = 2.0  # seconds within which we register again when the connection is gone (spread by chance)
# Failures that pass: retried after retry_interval.  The rest is fatal unless an interval says otherwise.
_TEMPORARY = frozenset((408, 430, 480, 500, 502, 503, 504, 580))


class RegistrationState(enum.Enum):
    """Where an outbound registration stands; values as Asterisk prints them."""

    UNREGISTERED = "Unregistered"
    TRYING = "Trying"
    REGISTERED = "Registered"
    REJECTED = "Rejected"  # will be tried again
    STOPPED = "Stopped"  # will not
    UNREGISTERING = "Stopping"


@dataclass(frozen=True, slots=True)
class RegistrationConfig:
    """The options of type=registration; times in seconds, 0 for an interval means never."""

    client_uri: str  # the AOR: From and To
    server_uri: str  # the registrar: request URI
    contact_user: str = "s"
    contact_params: str = ""  # contact_header_params, e.g. "audio;methods=\"INVITE\""
    expiration: int = 3600
    retry_interval: int = 60
    forbidden_retry_interval: int = 0
    fatal_retry_interval: int = 0
    max_retries: int = 10  # 0: without end
    auth_rejection_permanent: bool = True
    outbound_proxy: str = ""
    transport: str = ""  # the configured transport's name
    line: str = ""  # an opaque token in the Contact URI, by which calls from the trunk are known
    support_path: bool = False
    support_outbound: bool = False
    instance: str = ""  # urn:uuid:... for support_outbound
    max_random_initial_delay: float = 10.0
    user_agent: str = ""  # "": the user agent's


class Registration:
    """One outbound registration."""

    def __init__(
        self,
        ua: UserAgent,
        config: RegistrationConfig,
        *,
        auth: Authorizer | None = None,
        on_change: "Callable[[Registration], None] | None" = None,
        random_source: random.Random | None = None,
    ) -> None:
        """SipParseError when one of the URIs is none."""
        self.ua = ua
        self.config = config
        self.state = RegistrationState.UNREGISTERED
        self.status = 0  # of the last final response
        self.reason = ""
        self.expires_at = 0.0  # network clock; while REGISTERED
        self.next_at = 0.0  # when it is sent next, 0 when it is not
        self.retries = 0
        self.service_route: list[str] = []  # RFC 3608, for requests to this registrar's domain
        self.hop: Hop | None = None  # where the registrar is, while REGISTERED
        self._auth = auth
        self._on_change = on_change
        self._random = random_source or random.Random()
        self._server = Uri.parse(config.server_uri)
        self._aor = NameAddr.parse(
            config.client_uri if "<" in config.client_uri else f"<{config.client_uri}>"
        ).uri
        self._routes = _routes(config.outbound_proxy)
        self._call_id = new_call_id("")
        self._from_tag = new_tag()
        self._cseq = 0
        self._expiration = config.expiration
        self._brief = 0
        self._outgoing: OutgoingRequest | None = None
        self._contact: Uri | None = None
        self._timer: Timer | None = None
        self._on_stopped: Callable[[], None] | None = None

    # ------------------------------------------------------------ for the owner

    def start(self) -> None:
        """Register, after a random part of max_random_initial_delay, and keep it up."""
        delay = self.config.max_random_initial_delay
        self._later(self._random.random() * delay if delay > 0 else 0.0, keep_state=True)

    def register_now(self) -> None:
        """Register at once and begin to count retries anew (pjsip send register)."""
        self.retries = 0
        self._send()

    def stop(self, done: Callable[[], None] | None = None) -> None:
        """Unregister if registered; `done` is called when that is over, well or not."""
        self._cancel_timer()
        registered = self.state is RegistrationState.REGISTERED or self.hop is not None
        if self._outgoing is not None:
            self._outgoing.release()
            self._outgoing = None
        self._on_stopped = done
        if registered:
            self._set(RegistrationState.UNREGISTERING)
            self._request(0)
        else:
            self._stopped()

    def uses(self, flow: Flow) -> bool:
        """Whether it is there by this connection."""
        return self.hop is not None and self.hop.flow == flow.id

    def flow_closed(self, flow: Flow) -> None:
        """A connection is gone; if it was ours, the registrar cannot reach us any more: register again."""
        if self.hop is not None and self.hop.flow == flow.id and self.state is RegistrationState.REGISTERED:
            self._later(self._random.random() * _FLOW_LOST)

    # ------------------------------------------------------------ sending

    def _send(self) -> None:
        self._cancel_timer()
        if self._outgoing is not None:
            self._outgoing.release()
            self._outgoing = None
        self._set(RegistrationState.TRYING)
        self._request(self._expiration)

    def _request(self, expires: int) -> None:
        config = self.config
        message = self.ua.new_request("REGISTER", str(self._server))
        for route in self._routes:
            message.add("Route", route)
        message.set("From", f"<{self._aor}>;tag={self._from_tag}")
        message.set("To", f"<{self._aor}>")
        message.set("Call-ID", self._call_id)
        message.set("CSeq", f"{self._next_cseq()} REGISTER")
        message.set("Expires", str(expires))
        supported = [
            tag
            for tag, on in (
                ("path", config.support_path or config.support_outbound),
                ("outbound", config.support_outbound),
            )
            if on
        ]
        if supported:
            message.set("Supported", ", ".join(supported))
        if config.user_agent:
            message.set("User-Agent", config.user_agent)
        target = NameAddr.parse(self._routes[0]).uri if self._routes else self._server
        self._outgoing = self.ua.request(
            message,
            self._on_response,
            target=target,
            auth=self._auth,
            next_cseq=self._next_cseq,
            transport=config.transport or None,
            at_hop=self._at_hop,
        )

    def _at_hop(self, message: Message, hop: Hop) -> None:
        """Contact: this node as the registrar's side of the network sees it."""
        config = self.config
        host, port = self.ua.contact_address(hop)
        flow = self.ua.flow(hop.flow)
        scheme = "sips" if self._aor.scheme == "sips" else "sip"
        uri = f"{scheme}:{config.contact_user}@{format_host_port(host, port)}"
        if flow is not None and flow.transport != "UDP":
            uri += f";transport={flow.transport.lower()}"
        if config.line:
            uri += f";line={config.line}"
        self._contact = Uri.parse(uri)
        value = f"<{uri}>"
        if config.support_outbound and config.instance:
            value += f';reg-id=1;+sip.instance="<{config.instance}>"'
        if config.contact_params:
            value += ";" + config.contact_params.lstrip(";")
        message.set("Contact", value)

    def _next_cseq(self) -> int:
        self._cseq += 1
        return self._cseq

    # ------------------------------------------------------------ what came back

    def _on_response(self, outgoing: OutgoingRequest, response: Message) -> None:
        status = response.status
        if status < 200 or outgoing is not self._outgoing:
            return
        self._outgoing = None
        self.status = status
        self.reason = response.reason
        if self.state is RegistrationState.UNREGISTERING:
            self._stopped()
        elif status < 300:
            self._registered(outgoing, response)
        elif status == 423 and self._too_brief(response):
            self._request(self._expiration)
        else:
            self._failed(status, response)

    def _registered(self, outgoing: OutgoingRequest, response: Message) -> None:
        self._brief = 0
        self.retries = 0
        self.hop = outgoing.hop
        self.service_route = response.values("Service-Route")
        expires = self._granted(response)
        now = self.ua.network.now()
        self.expires_at = now + expires
        early = _EARLY if expires > 2 * _EARLY else expires / 2
        self._later(max(expires - early, 1.0), keep_state=True)
        self._set(RegistrationState.REGISTERED)

    def _granted(self, response: Message) -> int:
        """The seconds that the registrar gave our contact (RFC 3261 10.2.4)."""
        try:
            contacts = response.addresses("Contact")
        except SipParseError:
            contacts = []
        for contact in contacts:
            expires = contact.param("expires")
            if contact.uri == self._contact and expires is not None and expires.isdigit():
                return int(expires)
        if len(contacts) == 1:  # rewritten by a NAT helper on the way, but it can only be ours
            expires = contacts[0].param("expires")
            if expires is not None and expires.isdigit():
                return int(expires)
        header = (response.get("Expires") or "").strip()
        return int(header) if header.isdigit() else self._expiration

    def _too_brief(self, response: Message) -> bool:
        """423: ask for as much as the registrar wants.  False when that leads nowhere."""
        least = (response.get("Min-Expires") or "").strip()
        self._brief += 1
        if not least.isdigit() or int(least) <= self._expiration or self._brief > _MAX_BRIEF:
            return False
        self._expiration = int(least)
        return True

    def _failed(self, status: int, response: Message) -> None:
        config = self.config
        self.hop = None
        interval = 0
        if status in (401, 407):
            # Here the credentials have been refused, or there are none.
            interval = 0 if config.auth_rejection_permanent else config.retry_interval
        elif status == 403 and config.forbidden_retry_interval:
            interval = config.forbidden_retry_interval
        elif status in _TEMPORARY or status >= 600:
            interval = config.retry_interval
        elif status != 403:
            interval = config.fatal_retry_interval
        if not interval or (config.max_retries and self.retries >= config.max_retries):
            self._set(RegistrationState.STOPPED)
            return
        self.retries += 1
        self._later(max(float(interval), _retry_after(response)), keep_state=True)
        self._set(RegistrationState.REJECTED)

    def _stopped(self) -> None:
        self.hop = None
        self.expires_at = 0.0
        if self.state is RegistrationState.UNREGISTERING:
            self._set(RegistrationState.UNREGISTERED)
        self.state = RegistrationState.UNREGISTERED  # was no registration: nothing to tell
        done, self._on_stopped = self._on_stopped, None
        if done is not None:
            done()

    # ------------------------------------------------------------ time and state

    def _later(self, delay: float, *, keep_state: bool = False) -> None:
        self._cancel_timer()
        self.next_at = self.ua.network.now() + delay
        self._timer = self.ua.network.call_at(self.next_at, self._send)
        if not keep_state:
            self._set(RegistrationState.TRYING)

    def _cancel_timer(self) -> None:
        self.next_at = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, state: RegistrationState) -> None:
        if state is not self.state:
            self.state = state
            if self._on_change is not None:
                self._on_change(self)


def _routes(proxy: str) -> list[str]:
    """The Route set of an outbound_proxy option: URIs, with or without angle brackets, commas between."""
    routes: list[str] = []
    for part in proxy.split(","):
        text = part.strip()
        if text:
            routes.append(str(NameAddr.parse(text if "<" in text else f"<{text}>")))
    return routes


def _retry_after(response: Message) -> float:
    """Seconds of Retry-After, 0 without."""
    text = (response.get("Retry-After") or "").strip()
    digits = text[: len(text) - len(text.lstrip("0123456789"))]
    return float(digits[:9]) if digits else 0.0
