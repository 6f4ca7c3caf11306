"""Dialogs (RFC 3261 section 12): identity, sequence numbers, route set, remote target.

A `Dialog` builds the requests inside it and the ACK for a 2xx, and says where they go.  It keeps
header values as text, ready to be sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook._core import Message, NameAddr, Uri
from offhook.sip.network import Hop, format_host_port
from offhook.sip.offer_answer import Exchange

if TYPE_CHECKING:
    from offhook._core import Sdp
    from offhook.sip.ua import UserAgent

__all__ = ["Dialog", "contact_uri", "needs_sips", "plan_route"]


class Dialog:
    """One dialog of an INVITE, early or confirmed."""

    __slots__ = (
        "_contact",
        "_local",
        "_next_hop",
        "_remote",
        "_request_uri",
        "_rewrite_contact",
        "_route_lines",
        "call_id",
        "exchange",
        "local_cseq",
        "local_tag",
        "peer_allow",
        "peer_supported",
        "preview",
        "remote_cseq",
        "remote_tag",
        "remote_target",
        "route_set",
        "rseq",
    )

    def __init__(
        self,
        *,
        call_id: str,
        local: str,
        local_tag: str,
        remote: str,
        remote_tag: str,
        local_cseq: int,
        remote_cseq: int,
        contact: str,
        exchange: Exchange | None = None,
        rewrite_contact: bool = False,
    ) -> None:
        self.call_id = call_id
        self.local_tag = local_tag
        self.remote_tag = remote_tag
        self.local_cseq = local_cseq
        self.remote_cseq = remote_cseq  # -1: the peer has sent no request yet
        self.remote_target = ""
        self.route_set: tuple[str, ...] = ()
        self.exchange = exchange or Exchange()
        self.rseq = 0  # of the last reliable provisional taken in order (RFC 3262); 0: none yet
        self.peer_allow: str | None = None  # the last Allow and Supported that the peer sent
        self.peer_supported: str | None = None
        self.preview: Sdp | None = None  # their answer as an unreliable provisional had it
        self._local = local  # From of our requests, with tag
        self._remote = remote  # To of our requests, with tag
        self._contact = contact  # ours: the whole value
        self._rewrite_contact = rewrite_contact
        self._request_uri = ""
        self._route_lines: tuple[str, ...] = ()
        self._next_hop: Uri | None = None

    @classmethod
    def from_response(
        cls,
        invite: Message,
        response: Message,
        hop: Hop,
        contact: str,
        *,
        exchange: Exchange | None = None,
        rewrite_contact: bool = False,
    ) -> Dialog:
        """The caller's side (section 12.1.2), of a 101-299 with a To tag.  `contact` is our own Contact.

        SipParseError when Contact or Record-Route cannot be read.
        """
        dialog = cls(
            call_id=invite.call_id,
            local=invite.get("From") or "",
            local_tag=invite.from_tag or "",
            remote=response.get("To") or "",
            remote_tag=response.to_tag or "",
            local_cseq=invite.cseq,
            remote_cseq=-1,
            contact=contact,
            exchange=exchange,
            rewrite_contact=rewrite_contact,
        )
        dialog.remote_target = invite.uri  # until the peer says better: a 18x may come without Contact
        dialog.take_route_set(response, hop)
        dialog.refresh_target(response, hop)
        dialog.learn(response)
        return dialog

    @classmethod
    def from_request(
        cls, invite: Message, local_tag: str, hop: Hop, contact: str, *, rewrite_contact: bool = False
    ) -> Dialog:
        """The called side (section 12.1.1).  SipParseError when Contact or Record-Route cannot be read."""
        dialog = cls(
            call_id=invite.call_id,
            local=f"{invite.get('To') or ''};tag={local_tag}",
            local_tag=local_tag,
            remote=invite.get("From") or "",
            remote_tag=invite.from_tag or "",
            local_cseq=0,
            remote_cseq=invite.cseq,
            contact=contact,
            rewrite_contact=rewrite_contact,
        )
        if invite.get("Record-Route") is not None:
            dialog.route_set = dialog._reachable(tuple(invite.values("Record-Route")), hop)
        dialog.refresh_target(invite, hop)
        dialog.learn(invite)
        return dialog

    # ------------------------------------------------------------ what the peer says

    def take_route_set(self, response: Message, hop: Hop) -> None:
        """The caller's route set, again from the 2xx (section 13.2.2.4)."""
        if response.get("Record-Route") is not None:
            self.route_set = self._reachable(tuple(reversed(response.values("Record-Route"))), hop)
            self._next_hop = None

    def _reachable(self, routes: tuple[str, ...], hop: Hop) -> tuple[str, ...]:
        """A route set; with rewrite_contact its first proxy is where its messages come from."""
        if not self._rewrite_contact or not routes:
            return routes
        first = NameAddr.parse(routes[0])
        seen = NameAddr(first.uri.replace(host=hop.host, port=hop.port), params=first.params())
        return (str(seen), *routes[1:])

    def refresh_target(self, message: Message, hop: Hop) -> None:
        """Take the remote target from Contact (section 12.2); no Contact leaves it as it is.

        SipParseError when it cannot be read.
        """
        line = message.get("Contact")
        if line is None:
            return
        uri = NameAddr.parse(line).uri if "," not in line else message.addresses("Contact")[0].uri
        if self._rewrite_contact and not self.route_set:
            # Behind NAT: what we see is where it can be reached (Asterisk: rewrite_contact).
            uri = uri.replace(host=hop.host, port=hop.port)
        target = str(uri)
        if target != self.remote_target:
            self.remote_target = target
            self._next_hop = None

    def learn(self, message: Message) -> None:
        """Note what the peer can do (Allow, Supported)."""
        allow = message.get("Allow")
        if allow is not None:
            self.peer_allow = allow
        supported = message.get("Supported")
        if supported is not None:
            self.peer_supported = supported

    def peer_allows(self, method: str) -> bool:
        """Whether the peer's last Allow names this method; False when it sent none."""
        return self.peer_allow is not None and _has_token(self.peer_allow, method)

    def peer_supports(self, option: str) -> bool:
        """Whether the peer's last Supported names this option tag."""
        return self.peer_supported is not None and _has_token(self.peer_supported, option)

    def in_order(self, request: Message) -> bool:
        """Note a request's CSeq; False when it is lower than an earlier one (section 12.2.2: answer 500)."""
        cseq = request.cseq
        if cseq < self.remote_cseq:
            return False
        self.remote_cseq = cseq
        return True

    # ------------------------------------------------------------ our requests

    @property
    def contact(self) -> str:
        """Our own Contact, the whole value."""
        return self._contact

    @property
    def next_hop(self) -> Uri:
        """Where requests go: the first route, or the remote target."""
        if self._next_hop is None:
            self._plan()
        assert self._next_hop is not None
        return self._next_hop

    def next_cseq(self) -> int:
        """Count up our sequence number."""
        self.local_cseq += 1
        return self.local_cseq

    def new_request(self, ua: UserAgent, method: str) -> Message:
        """The next request inside the dialog; its CSeq counts up.  Without Contact."""
        self.local_cseq += 1
        return self._build(ua, method, self.local_cseq)

    def new_ack(self, ua: UserAgent, invite: Message) -> Message:
        """The ACK for a 2xx of `invite`, with its CSeq number and credentials (section 13.2.2.4)."""
        ack = self._build(ua, "ACK", invite.cseq)
        for name in ("Authorization", "Proxy-Authorization"):
            for value in invite.get_all(name):
                ack.add(name, value)
        return ack

    def _build(self, ua: UserAgent, method: str, cseq: int) -> Message:
        if self._next_hop is None:
            self._plan()
        message = ua.new_request(method, self._request_uri)
        add = message.add
        for route in self._route_lines:
            add("Route", route)
        add("From", self._local)
        add("To", self._remote)
        add("Call-ID", self.call_id)
        add("CSeq", f"{cseq} {method}")
        return message

    def _plan(self) -> None:
        """Request URI, Route and next hop (section 12.2.1.1)."""
        self._request_uri, self._route_lines, self._next_hop = plan_route(self.remote_target, self.route_set)


def needs_sips(request: Message) -> bool:
    """Whether a request that came in makes a dialog whose Contacts are SIPS URIs (section 12.1.1)."""
    if request.uri[:5].lower() == "sips:":
        return True
    line = request.get("Record-Route") or request.get("Contact")
    return line is not None and line.partition("<")[2][:5].lower() == "sips:"


def plan_route(target: str, route_set: tuple[str, ...]) -> tuple[str, tuple[str, ...], Uri]:
    """Request URI, Route values and next hop of a request for `target` (section 12.2.1.1).

    SipParseError when either cannot be read.
    """
    if not route_set:
        return target, (), Uri.parse(target)
    first = NameAddr.parse(route_set[0]).uri
    if first.param("lr") is not None:
        return target, route_set, first
    # A strict router takes the request URI for its own address.
    return str(first.without_headers()), (*route_set[1:], f"<{target}>"), first


def contact_uri(ua: UserAgent, hop: Hop, user: str, *, secure: bool = False) -> str:
    """A SIP URI of ours that the far side of `hop` can reach.  `user` as it stands in a URI, "" for none.

    `secure`: a SIPS URI, which the dialog's needs (sections 8.1.1.8, 12.1.1).  LookupError when the flow is
    gone.
    """
    host, port = ua.contact_address(hop)
    flow = ua.flow(hop.flow)
    if flow is None:
        raise LookupError(hop.flow)
    address = format_host_port(host, port)
    if user:
        address = f"{user}@{address}"
    transport = flow.transport
    if secure and flow.secure:
        return f"sips:{address}"  # its transport is TLS by itself (RFC 5630 section 3.1.4)
    return f"sip:{address}" if transport == "UDP" else f"sip:{address};transport={transport.lower()}"


def _has_token(line: str, token: str) -> bool:
    token = token.lower()
    return any(part.strip() == token for part in line.lower().split(","))
