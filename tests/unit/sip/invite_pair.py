"""INVITE sessions on the simulated network, with owners that write down what they are told."""

from __future__ import annotations

import simnet
from nodes import Peer

from offhook._core import Codec, Media, Sdp
from offhook.sip.invite import InviteOptions
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer

A, B = "192.0.2.1", "192.0.2.2"


def sdp(host=A, version=1, direction="sendrecv"):
    media = Media("audio", 4000, codecs=[Codec("PCMU")], direction=direction)
    return Sdp(host, [media], session_id=1, session_version=version)


class Owner:
    """A SessionListener."""

    def __init__(self, name=""):
        self.told = []
        self.ended = None
        self.answer = None  # what offers are answered with: an Sdp, a status, or None to leave them
        self.follow = False
        self.on_end = lambda session: None
        self.identities = []
        self.requests = []

    def names(self):
        return [one[0] for one in self.told]

    def on_progress(self, session, response, sdp):
        self.told.append(("progress", response.status, sdp))

    def on_answered(self, session, response, sdp):
        self.told.append(("answered", response.status, sdp))

    def on_answer(self, session, sdp):
        self.told.append(("answer", sdp))

    def on_offer(self, session, sdp, message):
        self.told.append(("offer", sdp, message.method))
        if isinstance(self.answer, int):
            session.reject_offer(self.answer)
        elif self.answer is not None:
            session.answer_offer(self.answer)

    def on_offer_withdrawn(self, session):
        self.told.append(("withdrawn",))

    def on_reinvite_result(self, session, status, sdp):
        self.told.append(("result", status, sdp))

    def on_refresh(self, session):
        self.told.append(("refresh",))
        return session.local_sdp

    def on_info(self, session, request):
        self.told.append(("info", request.message.body))
        request.respond(200)

    def on_request(self, session, request):
        self.requests.append(request.message.method)
        return False

    def on_redirect(self, session, response, contacts):
        self.told.append(("redirect", [str(contact.uri) for contact in contacts]))
        return self.follow

    def on_identity_changed(self, session, identity):
        self.identities.append(identity)

    def on_ended(self, session, reason):
        assert self.ended is None
        self.ended = reason
        self.told.append(("ended",))
        self.on_end(session)


class Pair:
    """A caller at A and a called party at B."""

    def __init__(self, *, caller=None, called=None, **world):
        self.world = simnet.World(**world)
        self.a = Peer(self.world, A)
        self.b = Peer(self.world, B)
        self.caller = Owner()
        self.called = Owner()
        self.caller_options = caller or InviteOptions(contact_user="a")
        self.called_options = called or InviteOptions(contact_user="b")
        self.client = None
        self.server = None
        self.on_invite = lambda server: None
        self.b.ua.on_request = self._on_request

    def _on_request(self, request):
        self.server = InviteServer(self.b.ua, request, self.called, self.called_options)
        self.taken = self.server.start()
        if self.taken:
            self.on_invite(self.server)

    def invite(self, *, offer=True, target=f"sip:b@{B}", **more):
        self.client = InviteClient(
            self.a.ua,
            target,
            self.caller,
            self.caller_options,
            from_=f"<sip:a@{A}>",
            offer=sdp() if offer is True else offer or None,
            **more,
        )
        self.client.start()
        self.world.run(0.1)
        return self.client

    def call(self, **more):
        """An answered call."""
        self.on_invite = lambda server: server.accept(sdp(B))
        self.invite(**more)
        return self.client, self.server

    def run(self, seconds=0.1):
        self.world.run(seconds)

    def lines(self, source=None):
        return [text.removesuffix(" SIP/2.0").split(" sip:")[0] for text in self.world.texts(source)]

    def check_nothing_left(self):
        """After all timers of the transactions have run out."""
        self.world.run(200)
        for peer in (self.a, self.b):
            ua = peer.ua
            assert ua.dialogs == 0
            assert ua.stack.transactions() == 0
            assert not ua._clients
            assert not ua._watchers
            assert ua.counters.defects == 0
        for session in (self.client, self.server):
            if session is not None:
                assert session.ended
                assert session._timer is None
