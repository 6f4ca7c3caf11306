"""Reliable provisional responses (RFC 3262) and the six ways of offer and answer (RFC 6337)."""

import pytest
from invite_pair import A, B, Pair, sdp

from offhook.sip.invite import EndedBy, InviteOptions, Reliable, State
from offhook.sip.offer_answer import Exchange, ExchangeState, OfferAnswerError

PREFERRED = InviteOptions(reliable=Reliable.PREFERRED)


def test_answer_in_a_reliable_provisional():
    pair = Pair(called=PREFERRED)
    pair.on_invite = lambda server: server.progress(sdp(B))
    client = pair.invite()
    assert pair.lines(A) == ["INVITE", "PRACK"]
    assert client.remote_sdp is not None
    assert pair.caller.told[0][2] is not None
    pair.server.accept()
    pair.run()
    assert pair.caller.told[-1] == ("answered", 200, None)
    client.hangup()
    pair.check_nothing_left()


def test_offer_in_the_2xx_answer_in_the_ack():
    pair = Pair()
    pair.caller.answer = sdp()
    pair.on_invite = lambda server: server.accept(sdp(B))
    client = pair.invite(offer=False)
    assert pair.caller.names() == ["offer", "answered"]
    assert pair.called.names() == ["answer"]
    assert client.remote_sdp.origin_address == B
    assert pair.server.remote_sdp.origin_address == A
    client.hangup()
    pair.check_nothing_left()


def test_offer_in_a_reliable_provisional_answer_in_prack():
    pair = Pair(called=PREFERRED)
    pair.caller.answer = sdp()
    pair.on_invite = lambda server: server.progress(sdp(B))
    client = pair.invite(offer=False)
    assert pair.called.names() == ["answer"]
    pair.server.accept()
    pair.run()
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


def test_offer_in_prack():
    pair = Pair(called=PREFERRED)
    pair.called.answer = sdp(B, 2)
    pair.on_invite = lambda server: server.progress(sdp(B))
    # The PRACK of the answer carries the next offer.
    client = pair.invite()
    pair.server.ring()
    original = client._send_prack

    def with_offer(dialog, cseq, rseq, description):
        dialog.exchange.send_offer(sdp(version=2))
        original(dialog, cseq, rseq, sdp(version=2))

    type(client)._send_prack, keep = (lambda self, *args: with_offer(*args)), type(client)._send_prack
    original = keep.__get__(client)
    try:
        pair.run()
    finally:
        type(client)._send_prack = keep
    assert ("offer", pair.server.remote_sdp, "PRACK") in [
        (one[0], pair.server.remote_sdp, one[2]) for one in pair.called.told if one[0] == "offer"
    ]
    assert pair.server.remote_sdp.session_version == 2
    client.hangup()
    pair.check_nothing_left()


def test_offer_in_update_before_the_answer():
    pair = Pair(called=PREFERRED)
    pair.caller.answer = sdp(version=2)
    pair.on_invite = lambda server: server.progress(sdp(B))
    client = pair.invite()
    pair.server.update(lambda: sdp(B, 2))
    pair.run()
    assert client.state is State.EARLY
    assert client.remote_sdp.session_version == 2
    assert pair.called.told[-1][:2] == ("result", 200)
    pair.server.accept()
    pair.run()
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize("status", [488, 606])
def test_an_offer_in_the_2xx_that_cannot_be_answered_ends_the_call(status):
    pair = Pair()
    pair.caller.answer = status
    pair.on_invite = lambda server: server.accept(sdp(B))
    pair.invite(offer=False)
    pair.run()
    assert pair.caller.ended.status == status
    assert "BYE" in pair.lines()
    pair.check_nothing_left()


def test_hangup_while_the_offer_in_the_2xx_waits():
    pair = Pair()
    pair.on_invite = lambda server: server.accept(sdp(B))
    client = pair.invite(offer=False)
    assert client.state is State.ANSWERED
    client.hangup()
    pair.check_nothing_left()


def test_their_bye_while_the_offer_in_the_2xx_waits():
    pair = Pair()
    pair.on_invite = lambda server: server.accept(sdp(B))
    client = pair.invite(offer=False)
    bye = pair.server.dialog.new_request(pair.b.ua, "BYE")
    pair.server.send(bye, lambda outgoing, response: None)
    pair.run()
    assert client.ended
    assert "ACK" in pair.lines(A)
    pair.server.hangup()
    pair.check_nothing_left()


def test_an_offer_in_a_provisional_that_cannot_be_answered_cancels():
    pair = Pair(called=PREFERRED)
    pair.caller.answer = 488
    pair.on_invite = lambda server: server.progress(sdp(B))
    pair.invite(offer=False)
    pair.run()
    assert pair.caller.ended.status == 488
    assert pair.called.ended.status == 487
    pair.check_nothing_left()


def test_no_answer_in_the_ack():
    pair = Pair()
    pair.caller.answer = sdp()
    pair.on_invite = lambda server: server.accept(sdp(B))
    send = pair.a.ua.ack
    pair.a.ua.ack = lambda invite, message, **where: (
        message.set_body("", b""),
        send(invite, message, **where),
    )
    pair.invite(offer=False)
    pair.run()
    assert pair.called.ended.by is EndedBy.PROTOCOL
    pair.check_nothing_left()


def test_lost_provisional_and_lost_prack_are_repeated():
    pair = Pair(called=PREFERRED)
    lost = []

    def lose(source, to, data):
        kind = data[:11]
        if kind in (b"SIP/2.0 183", b"PRACK sip:1") and kind not in lost:
            lost.append(kind)
            return True
        return False

    pair.world.lose = lose
    pair.on_invite = lambda server: server.progress(sdp(B))
    pair.invite()
    pair.run(3)
    assert len(lost) == 2
    assert pair.caller.names() == ["progress"]
    pair.server.accept()
    pair.run()
    assert pair.client.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()


def test_provisionals_wait_for_the_prack_before_and_so_does_the_answer():
    pair = Pair(called=PREFERRED)
    pair.on_invite = lambda server: (server.progress(sdp(B)), server.ring(), server.accept())
    pair.invite()
    order = [text.split()[1] if text.startswith("SIP") else text.split()[0] for text in pair.world.texts()]
    assert order == ["INVITE", "183", "PRACK", "200", "180", "200", "PRACK", "ACK", "200"]
    assert pair.client.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()


def test_no_prack_at_all():
    pair = Pair(called=PREFERRED)
    pair.world.lose = lambda source, to, data: data.startswith(b"PRACK")
    pair.on_invite = lambda server: server.progress(sdp(B))
    pair.invite()
    pair.world.run(40)
    assert (pair.called.ended.by, pair.called.ended.status) == (EndedBy.NETWORK, 504)
    assert pair.caller.ended.status == 504
    pair.world.lose = lambda source, to, data: False
    pair.check_nothing_left()


def test_a_prack_of_nothing():
    pair = Pair()
    client, _ = pair.call()
    seen = []
    prack = client.dialog.new_request(pair.a.ua, "PRACK")
    prack.set("RAck", "1 1 INVITE")
    client.send(prack, lambda outgoing, response: seen.append(response.status))
    pair.run()
    assert seen == [481]
    client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize(
    ("caller", "called", "status", "reliable"),
    [
        (Reliable.SUPPORTED, Reliable.SUPPORTED, 0, False),
        (Reliable.SUPPORTED, Reliable.PREFERRED, 0, True),
        (Reliable.REQUIRED, Reliable.SUPPORTED, 0, True),
        (Reliable.REQUIRED, Reliable.NO, 420, False),
        (Reliable.NO, Reliable.REQUIRED, 421, False),
        (Reliable.NO, Reliable.PREFERRED, 0, False),
    ],
)
def test_who_wants_what(caller, called, status, reliable):
    pair = Pair(caller=InviteOptions(reliable=caller), called=InviteOptions(reliable=called))
    pair.on_invite = lambda server: server.ring()
    pair.invite()
    if status:
        assert pair.caller.ended.status == status
        pair.server = None
    else:
        assert ("PRACK" in pair.lines(A)) is reliable
        pair.server.reject(486)
    pair.check_nothing_left()


def test_an_offer_cannot_go_in_an_unreliable_provisional():
    pair = Pair()
    pair.on_invite = lambda server: server.progress(sdp(B))
    pair.invite(offer=False)
    assert pair.caller.told == [("progress", 183, None)]
    with pytest.raises(ValueError, match="description"):
        pair.server.accept()
    pair.server.reject(500)
    pair.check_nothing_left()


def test_the_preview_is_the_answer_when_accept_names_none():
    pair = Pair()
    pair.on_invite = lambda server: (server.progress(sdp(B, 4)), server.accept())
    client = pair.invite()
    assert client.remote_sdp.session_version == 4
    client.hangup()
    pair.check_nothing_left()


# ---------------------------------------------------------------- the exchange itself


def test_exchange():
    exchange = Exchange()
    exchange.send_offer(sdp())
    with pytest.raises(OfferAnswerError) as error:
        exchange.receive_offer(sdp(B))
    assert error.value.status == 491
    fork = exchange.fork()
    exchange.rollback()
    assert exchange.state is ExchangeState.NONE
    fork.receive_answer(sdp(B))
    assert fork.established
    assert not exchange.established
    fork.receive_offer(sdp(B, 2))
    with pytest.raises(OfferAnswerError) as error:
        fork.receive_offer(sdp(B, 3))
    assert error.value.status == 500
    fork.rollback()
    assert fork.state is ExchangeState.STABLE
    assert fork.remote.session_version == 1
    with pytest.raises(OfferAnswerError):
        fork.send_answer(sdp())


def test_hung_up_while_the_answer_waits_for_a_prack():
    """The call was answered as far as its owner knows: 200 and BYE follow the PRACK, not a refusal."""
    pair = Pair(called=PREFERRED)

    def answered(server):
        server.progress(sdp(B))
        server.accept()
        server.hangup()

    pair.on_invite = answered
    pair.invite()
    pair.run()
    assert pair.caller.told[-2][:2] == ("answered", 200)
    assert pair.caller.names()[-1] == "ended"
    assert pair.called.names()[-1] == "ended"
    assert "BYE" in pair.lines(B)
    pair.check_nothing_left()
