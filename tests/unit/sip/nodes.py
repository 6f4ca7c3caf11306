"""User agents on the simulated network, and the requests that tests send."""

from __future__ import annotations

import simnet

from offhook._core import Message, SipStack, Uri, new_call_id, new_tag
from offhook.sip.resolver import Resolver
from offhook.sip.ua import UserAgent, UserAgentConfig


class Peer:
    """A user agent at an address, writing down the requests that it gets."""

    def __init__(
        self, world: simnet.World, host: str, config: UserAgentConfig | None = None, **options
    ) -> None:
        self.network = world.node(host, **options)
        self.resolver = Resolver(self.network.now, dns=None)
        config = config or UserAgentConfig(user_agent="Test")
        stack = SipStack(t1_ms=config.t1_ms, timer_b_ms=config.timer_b_ms, seed=hash(host) & 0xFFFF)
        self.ua = UserAgent(self.network, self.resolver, config, stack=stack)
        self.host = host
        self.requests = []
        self.responses = []
        self.answers = []  # (status, options) for the next requests; empty: they wait
        self.ua.on_request = self.on_request

    def on_request(self, request):
        self.requests.append(request)
        if self.answers:
            status, options = self.answers.pop(0)
            request.respond(status, **options)

    def answer(self, status, **options):
        self.answers.append((status, options))

    def on_response(self, outgoing, response):
        self.responses.append((response.status, response))

    @property
    def statuses(self):
        return [status for status, _ in self.responses]

    def message(self, method, uri, *, cseq=1, to=None, call_id=None, tag=None, **headers):
        message = self.ua.new_request(method, uri)
        message.set("From", f"<sip:me@{self.host}>;tag={tag or new_tag()}")
        message.set("To", to or f"<{uri}>")
        message.set("Call-ID", call_id or new_call_id(""))
        message.set("CSeq", f"{cseq} {method}")
        for name, value in headers.items():
            message.set(name.replace("_", "-"), value)
        return message

    def send(self, method, uri, *, target=None, hop=None, auth=None, transport=None, **headers):
        message = self.message(method, uri, **headers)
        return self.ua.request(
            message,
            self.on_response,
            target=Uri.parse(target) if target else None,
            hop=hop,
            auth=auth,
            transport=transport,
        )

    def header(self, number, name) -> str | None:
        return self.responses[number][1].get(name)


def fixed_lookup(*targets):
    """A Lookup that always gives the same addresses at once."""

    class Fixed:
        def lookup(self, uri, done):
            return list(targets)

    return Fixed()


def message_of(data: bytes) -> Message:
    return Message.parse(data)
