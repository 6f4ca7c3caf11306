"""Several early dialogs, redirections, and what a caller gets besides the answer."""

import pytest
from invite_pair import A, B, Pair, sdp
from nodes import Peer

from offhook._core import Message
from offhook.sip.invite import EndedBy, InviteOptions, State

C, D = "192.0.2.3", "192.0.2.4"


class Carrier(Pair):
    """The called side answers by hand, with whichever tags."""

    def __init__(self, **more):
        super().__init__(**more)
        self.invites = []
        self.b.ua.on_request = self.invites.append

    def respond(self, status, tag, *, description=None, wire=False, contact=f"<sip:fork@{B}>", **headers):
        request = self.invites[-1]
        response = Message.response(request.message, status, None, tag)
        response.set("Contact", contact)
        for name, value in headers.items():
            response.add(name.replace("_", "-"), value)
        if description is not None:
            response.set_body("application/sdp", description.to_bytes())
        if wire:  # beside the server transaction: what another fork sends through the same proxy
            self.b.network.send(1, A, 5060, response.to_bytes())
        else:
            self.b.ua.respond(request.txn, response)
        self.run()

    def from_fork(self, method, tag, cseq=1):
        """A request of a fork inside its dialog."""
        invite = self.invites[-1].message
        message = self.b.message(
            method,
            f"sip:a@{A}",
            cseq=cseq,
            tag=tag,
            call_id=invite.call_id,
            to=invite.get("From"),
            Contact=f"<sip:fork@{B}>",
        )
        self.b.ua.request(message, self.b.on_response)
        self.run()
        return self.b.statuses[-1]

    def check_nothing_left(self):
        self.server = None
        super().check_nothing_left()


def test_each_fork_is_an_early_dialog_and_the_first_answer_wins():
    pair = Carrier()
    client = pair.invite()
    pair.respond(180, "f1")
    pair.respond(183, "f2", description=sdp(B, 2))
    assert client.early_dialogs == 2
    pair.respond(200, "f1", description=sdp(B, 3))
    assert client.state is State.CONFIRMED
    assert (client.dialog.remote_tag, client.remote_sdp.session_version) == ("f1", 3)
    pair.respond(200, "f2", description=sdp(B, 4), wire=True)
    assert pair.lines(A) == ["INVITE", "ACK", "ACK", "BYE"]
    assert pair.caller.names() == ["progress", "progress", "answered"]
    # The repeated 2xx of the fork that lost gets its ACK again and no second BYE.
    pair.respond(200, "f2", description=sdp(B, 4), wire=True)
    assert pair.lines(A)[4:] == ["ACK"]
    client.hangup()
    pair.run()
    assert pair.lines(A)[-1] == "BYE"
    pair.check_nothing_left()


def test_a_fork_that_answers_after_the_call_is_hung_up():
    pair = Carrier()
    client = pair.invite()
    pair.respond(200, "f1", description=sdp(B))
    client.hangup()
    pair.run()
    assert client.ended
    before = len(pair.lines(A))
    pair.respond(200, "late", description=sdp(B), wire=True)
    assert pair.lines(A)[before:] == ["ACK", "BYE"]
    pair.check_nothing_left()


def test_early_media_of_each_fork_is_shown_with_its_tag():
    pair = Carrier()
    pair.invite()
    for tag in ("f1", "f2"):
        pair.respond(183, tag, description=sdp(B))
    assert [told[2] is not None for told in pair.caller.told] == [True, True]
    pair.client.hangup()
    pair.respond(487, "f1")
    pair.check_nothing_left()


def test_sdp_only_in_the_unreliable_provisional_counts_as_answer():
    pair = Carrier()
    client = pair.invite()
    pair.respond(183, "f1", description=sdp(B, 9))
    pair.respond(200, "f1")
    assert client.remote_sdp.session_version == 9
    client.hangup()
    pair.check_nothing_left()


def test_no_answer_at_all_in_the_2xx():
    pair = Carrier()
    pair.invite()
    pair.respond(200, "f1")
    pair.run()
    assert pair.caller.ended.by is EndedBy.PROTOCOL
    assert pair.lines(A) == ["INVITE", "ACK", "BYE"]
    pair.check_nothing_left()


def test_a_bye_that_overtakes_the_answer():
    pair = Carrier()
    pair.invite()
    assert pair.from_fork("BYE", "f1") == 200
    pair.respond(200, "f1", description=sdp(B))
    assert pair.caller.ended.by is EndedBy.REMOTE
    assert "answered" not in pair.caller.names()
    assert pair.lines(A).count("ACK") == 1
    assert "BYE" not in pair.lines(A)
    pair.check_nothing_left()


def test_a_bye_of_one_of_two_forks():
    pair = Carrier()
    client = pair.invite()
    pair.respond(180, "f1")
    pair.respond(180, "f2")
    assert pair.from_fork("BYE", "f1") == 200
    assert client.early_dialogs == 1
    pair.respond(200, "f2", description=sdp(B))
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


def test_requests_of_unknown_forks_and_invites_before_the_answer():
    pair = Carrier()
    pair.invite()
    pair.respond(180, "f1")
    assert pair.from_fork("INFO", "stranger") == 481
    assert pair.from_fork("INVITE", "f1", cseq=5) == 491
    assert pair.from_fork("INFO", "f1", cseq=4) == 500
    pair.client.hangup()
    pair.respond(487, "f1")
    pair.check_nothing_left()


def test_provisional_without_tag():
    pair = Carrier()
    client = pair.invite()
    response = Message.response(pair.invites[0].message, 180)
    pair.b.network.send(1, A, 5060, response.to_bytes())
    pair.run()
    assert client.state is State.CALLING
    assert pair.caller.names() == ["progress"]
    pair.respond(404, "f1")
    pair.check_nothing_left()


def test_an_unreadable_contact_in_the_2xx_ends_the_call():
    pair = Carrier()
    pair.invite()
    pair.respond(200, "f1", description=sdp(B), contact="<sip:nonsense")
    pair.run()
    assert pair.caller.ended.by is EndedBy.PROTOCOL
    pair.check_nothing_left()


# ---------------------------------------------------------------- redirections


@pytest.fixture
def redirected():
    pair = Carrier()
    third = Peer(pair.world, C)
    third.answer(486)
    fourth = Peer(pair.world, D)
    pair.others = third, fourth
    return pair


def moved(pair):
    pair.respond(302, "f1", contact=f"<sip:x@{D}>;q=0.1, <sip:x@{C}>;q=0.9, <sip:b@{B}>;q=0.5")


def test_redirection_is_followed_in_the_order_of_q(redirected):
    pair = redirected
    pair.caller.follow = True
    pair.others[1].answer(603)
    pair.invite()
    moved(pair)
    pair.run()
    third, fourth = pair.others
    assert [len(one.requests) for one in (third, fourth)] == [1, 1]
    message = fourth.requests[0].message
    assert message.uri == f"sip:x@{D}"
    assert (message.cseq, message.to_tag) == (3, None)
    assert message.call_id == pair.client.call_id
    assert pair.caller.ended.status == 603
    pair.check_nothing_left()


def test_redirection_not_followed(redirected):
    pair = redirected
    pair.invite()
    moved(pair)
    assert pair.caller.ended.status == 302
    assert [len(one.requests) for one in pair.others] == [0, 0]
    assert pair.caller.told[0] == ("redirect", [f"sip:x@{D}", f"sip:x@{C}", f"sip:b@{B}"])
    pair.check_nothing_left()


def test_hangup_inside_on_redirect(redirected):
    pair = redirected
    pair.caller.on_redirect = lambda session, response, contacts: session.hangup() or True
    pair.invite()
    moved(pair)
    assert pair.caller.ended is not None
    assert [len(one.requests) for one in pair.others] == [0, 0]
    pair.check_nothing_left()


def test_redirections_end(redirected):
    pair = redirected
    pair.caller.follow = True
    pair.caller_options = InviteOptions(max_redirects=1)
    pair.others[1].answer(486)
    pair.invite()
    moved(pair)
    pair.run()
    assert sum(len(one.requests) for one in pair.others) == 1
    assert pair.caller.ended.status == 486
    pair.check_nothing_left()


def test_the_called_redirects():
    pair = Pair()
    pair.on_invite = lambda server: server.redirect([f"<sip:x@{C}>"])
    pair.invite()
    assert pair.caller.told[0] == ("redirect", [f"sip:x@{C}"])
    assert pair.called.ended.status == 302
    pair.check_nothing_left()
