"""NOTIFY without a subscription: what an administrator tells phones (check-sync ...), in and out of calls."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook._core import NameAddr, SipParseError, Uri, new_call_id, new_tag
from offhook.config.files.pjsip_notify import RESERVED
from offhook.drivers.sip.channel import SipChannel
from offhook.pbx.notifications import Notification, NotifyError
from offhook.sip.contacts import unmarked
from offhook.sip.network import Hop, format_host_port

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook._core import Message
    from offhook.config.pjsip import Endpoint
    from offhook.drivers.sip.driver import SipDriver
    from offhook.pbx.channel import Channel
    from offhook.sip.outgoing import OutgoingRequest

__all__ = ["Notifying"]

log = logging.getLogger(__name__)


class Notifying:
    """`Notifier` of the switch."""

    def __init__(self, driver: SipDriver) -> None:
        self._driver = driver

    def notify_endpoint(self, name: str, what: Notification) -> int:
        """Part of Notifier."""
        endpoint = self._driver.directory.endpoints.get(name)
        if endpoint is None:
            raise NotifyError(f"there is no endpoint {name!r}")
        contacts = self._driver.contacts
        count = 0
        for aor in endpoint.aors:
            for binding in list(contacts.of(aor)):
                route = contacts.route(binding)
                try:
                    self._send(endpoint, Uri.parse(route.uri), route.hop, route.path, what, route.transport)
                except SipParseError as error:
                    log.warning("no NOTIFY to %s of %s: %s", binding.uri, name, error.reason)
                else:
                    count += 1
        if not count:
            raise NotifyError(f"endpoint {name!r} has no contact")
        return count

    def notify_uri(self, uri: str, what: Notification) -> None:
        """Part of Notifier."""
        fallback = self._driver.config.general.default_outbound_endpoint
        endpoint = self._driver.directory.endpoints.get(fallback)
        if endpoint is None:
            raise NotifyError(
                f"there is no endpoint {fallback!r} to send through (default_outbound_endpoint)"
            )
        try:
            target = NameAddr.parse(uri).uri if "<" in uri else Uri.parse(uri)
        except SipParseError as error:
            raise NotifyError(f"{uri!r} is no SIP URI: {error.reason}") from error
        target, transport = unmarked(target)
        self._send(endpoint, target, None, (), what, transport)

    def notify_channel(self, channel: Channel, what: Notification) -> None:
        """Part of Notifier."""
        session = channel.session if isinstance(channel, SipChannel) else None
        if session is None:
            raise NotifyError(f"{channel.name} is no PJSIP channel")
        if session.dialog is None or session.ended:
            raise NotifyError(f"{channel.name} has no dialog to send in")
        message = session.dialog.new_request(session.ua, "NOTIFY")
        _fill(message, what)
        session.send(message, _answered)

    def _send(
        self,
        endpoint: Endpoint,
        uri: Uri,
        hop: Hop | None,
        routes: Sequence[str],
        what: Notification,
        transport: str,
    ) -> None:
        driver, ua = self._driver, self._driver.ua
        own = driver.calls.own_address.signalling(endpoint, hop, uri.host)
        user = endpoint.from_user or driver.config.general.default_from_user
        sender = NameAddr(Uri("sip", endpoint.from_domain or own, user=user))
        message = ua.new_request("NOTIFY", str(uri.without_headers()))
        message.set("From", f"{sender};tag={new_tag()}")
        message.set("To", f"<{uri.without_headers()}>")
        message.set("Call-ID", new_call_id(""))
        message.set("CSeq", "1 NOTIFY")
        for route in routes:
            message.add("Route", route)
        _fill(message, what)

        def at_hop(message: Message, hop: Hop) -> None:
            message.set("Contact", f"<sip:{user}@{format_host_port(*ua.contact_address(hop))}>")

        ua.request(
            message,
            _answered,
            hop=hop,
            target=NameAddr.parse(routes[0]).uri if routes else uri,
            auth=driver.client_auth(endpoint.outbound_auth),
            transport=endpoint.transport or transport or None,
            at_hop=at_hop,
        )


def _fill(message: Message, what: Notification) -> None:
    for name, value in what.headers:
        if name.lower() in RESERVED:
            log.warning("%s is a header of the NOTIFY itself, and is left out", name)
            continue
        try:
            message.add(name, value)
        except ValueError as error:
            raise NotifyError(f"{name}: {value} is no header: {error}") from error
    if what.content_type:
        message.set_body(what.content_type, what.body.encode())


def _answered(outgoing: OutgoingRequest, response: Message) -> None:
    if response.status >= 300:
        log.warning(
            "a NOTIFY to %s was refused: %d %s", outgoing.message.uri, response.status, response.reason
        )
