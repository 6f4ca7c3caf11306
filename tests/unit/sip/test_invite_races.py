"""Things that happen at the same moment: what the random calls of tests/calls found, told one by one."""

import pytest
from invite_pair import A, B, Pair, sdp
from test_invite_forks import Carrier

from offhook._core import Message
from offhook.sip.invite import EndedBy, InviteOptions, Reason, Reliable, SessionStateError, State

RELIABLE = {"Require": "100rel"}


def sent(pair, source, method):
    """Requests of this method that one side sent, without repetitions."""
    found = {}
    for host, _, data in pair.world.sent:
        if host == source and data.startswith(f"{method} ".encode()):
            message = Message.parse(data)
            found.setdefault(message.branch, message)
    return list(found.values())


# ---------------------------------------------------------------- forks


@pytest.mark.parametrize("hang_up", [False, True])
def test_the_bye_to_a_late_fork_counts_on_from_its_pracks(hang_up):
    """A fork that has had PRACK 2 and 3 refuses BYE 2 with 500, and would stay in a call with nobody."""
    pair = Carrier()
    client = pair.invite()
    pair.respond(183, "late", RSeq="1", **RELIABLE)
    pair.respond(180, "late", RSeq="2", **RELIABLE)
    assert [one.cseq for one in sent(pair, A, "PRACK")] == [2, 3]
    pair.respond(200, "first", description=sdp(B))
    assert client.state is State.CONFIRMED
    if hang_up:
        client.hangup()
        pair.run()
    pair.respond(200, "late", description=sdp(B, 2), wire=True)
    byes = [one for one in sent(pair, A, "BYE") if one.to_tag == "late"]
    assert [one.cseq for one in byes] == [4]
    assert [one.to_tag for one in sent(pair, A, "ACK")] == ["first", "late"]
    client.hangup()
    pair.check_nothing_left()


def test_another_fork_answers_while_the_owner_thinks_about_an_offer():
    pair = Carrier()
    client = pair.invite(offer=False)
    pair.respond(183, "one", description=sdp(B, 1), RSeq="1", **RELIABLE)
    assert client.offer_waits
    pair.respond(200, "two", description=sdp(B, 2))
    offers = [one[1].session_version for one in pair.caller.told if one[0] == "offer"]
    assert offers == [1, 2]
    assert [n for n in pair.caller.names() if n != "progress"] == ["offer", "withdrawn", "offer"]
    client.answer_offer(sdp(A, 7))
    assert client.state is State.CONFIRMED
    pair.run()
    (ack,) = sent(pair, A, "ACK")
    assert ack.to_tag == "two"
    assert b"7 IN IP4" in ack.body
    assert sent(pair, A, "PRACK") == []
    assert client.remote_sdp.session_version == 2
    client.hangup()
    pair.check_nothing_left()


def test_an_update_to_a_fork_that_did_not_answer_goes_to_the_one_that_did():
    pair = Carrier()
    client = pair.invite()
    pair.respond(183, "one", description=sdp(B, 1), RSeq="1", Allow="UPDATE", **RELIABLE)
    pair.world.lose = lambda source, to, data: data.startswith(b"UPDATE")
    client.update(lambda: sdp(A, 5, "sendonly"))
    pair.run()
    assert [one.to_tag for one in sent(pair, A, "UPDATE")] == ["one"]
    pair.respond(200, "two", description=sdp(B, 2))
    assert client.state is State.CONFIRMED
    assert [one.to_tag for one in sent(pair, A, "UPDATE")] == ["one", "two"]
    client.hangup()
    pair.check_nothing_left()


def test_an_update_of_a_fork_that_did_not_answer_is_void():
    pair = Carrier()
    client = pair.invite()
    pair.respond(183, "one", description=sdp(B, 1), RSeq="1", **RELIABLE)
    invite = pair.invites[-1].message
    update = pair.b.message(
        "UPDATE",
        f"sip:a@{A}",
        tag="one",
        call_id=invite.call_id,
        to=invite.get("From"),
        Contact=f"<sip:x@{B}>",
    )
    update.set_body("application/sdp", sdp(B, 3).to_bytes())
    pair.b.ua.request(update, pair.b.on_response)
    pair.run()
    assert client.offer_waits
    pair.respond(200, "two", description=sdp(B, 2))
    assert "withdrawn" in pair.caller.names()
    assert not client.offer_waits
    assert pair.b.statuses[-1] == 487
    client.hangup()
    pair.check_nothing_left()


# ---------------------------------------------------------------- the end while an offer waits


@pytest.mark.parametrize("who", ["owner", "peer", "timer"])
def test_the_session_ends_while_the_owner_thinks(who):
    pair = Pair()
    client, server = pair.call()
    client.reinvite(lambda: sdp(version=2))
    pair.run()
    assert server.offer_waits
    if who == "owner":
        server.hangup()
    elif who == "peer":
        client.hangup()
        pair.run(3)  # the BYE waits for the answer to the re-INVITE, but not for ever
    else:
        pair.world.lose = lambda source, to, data: True  # the session timer notices
        pair.run(2000)
    assert pair.called.names().count("withdrawn") == 1
    with pytest.raises(SessionStateError):
        server.answer_offer(sdp(B, 2))
    client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize("by_owner", [True, False])
def test_a_2xx_with_an_offer_gets_its_ack_also_when_the_call_ends(by_owner):
    """Otherwise it would be repeated for 32 seconds."""
    pair = Pair()
    client, server = pair.call()
    pair.called.answer = sdp(B, 2)
    client.reinvite(None)
    pair.run()
    assert client.offer_waits
    (client if by_owner else server).hangup()
    pair.run()
    assert [one.cseq for one in sent(pair, A, "ACK")] == [1, 2]
    before = len(pair.world.sent)
    pair.run(40)
    assert len(pair.world.sent) == before
    pair.check_nothing_left()


# ---------------------------------------------------------------- PRACK


def reliable_pair():
    options = InviteOptions(reliable=Reliable.PREFERRED)
    return Pair(caller=options, called=options)


@pytest.mark.parametrize("with_offer", [False, True])
def test_a_prack_that_comes_after_the_2xx(with_offer):
    """RFC 3262 section 3: who answers before the PRACK must still take it."""
    pair = reliable_pair()
    pair.called.answer = sdp(B, 3)
    client = pair.invite()
    server = pair.server
    pair.world.lose = lambda source, to, data: source == A and data.startswith(b"PRACK")
    server.ring()
    pair.run()
    server.accept(sdp(B))
    pair.run()
    assert client.state is State.CONFIRMED
    assert server.state is State.CONFIRMED
    (prack,) = sent(pair, A, "PRACK")
    pair.world.lose = lambda source, to, data: False
    if with_offer:
        late = pair.a.message(
            "PRACK",
            prack.uri,
            cseq=9,
            tag=prack.from_tag,
            to=prack.get("To"),
            call_id=prack.call_id,
            RAck=prack.get("RAck"),
        )
        late.set_body("application/sdp", sdp(A, 2).to_bytes())
        pair.a.ua.request(late, pair.a.on_response)
        pair.run()
        assert pair.a.statuses == [200]
        assert pair.a.responses[0][1].body == sdp(B, 3).to_bytes()
    pair.run(10)
    assert server.state is State.CONFIRMED
    server.hangup()
    pair.check_nothing_left()


def test_a_prack_that_was_overtaken_is_sent_again():
    """It comes with a number that is too low by then; without it the call would fail after 32 seconds."""
    pair = reliable_pair()
    client = pair.invite()
    lost = []

    def lose_first_prack(source, to, data):
        if source == A and data.startswith(b"PRACK") and not lost:
            lost.append(data)
            return True
        return False

    pair.world.lose = lose_first_prack
    pair.server.ring(183, sdp(B))
    pair.run()
    client.send_info("text/plain", b"x")
    pair.run(2)
    assert [one.cseq for one in sent(pair, A, "PRACK")] == [2, 4]
    pair.server.accept()
    pair.run()
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


# ---------------------------------------------------------------- BYE


def test_a_bye_that_is_slower_than_its_481_still_says_why():
    pair = Pair()
    client, server = pair.call()
    held = []

    def hold_back_bye(source, to, data):
        if data.startswith(b"BYE"):
            held.append(data)
            return True
        return False

    pair.world.lose = hold_back_bye
    client.hangup(Reason.q850(17, "busy"))
    server.reinvite(lambda: sdp(B, 2))
    pair.run(0.003)
    assert server.state is State.TERMINATING  # 481 to the re-INVITE
    pair.world.lose = lambda source, to, data: False
    pair.a.network.send(1, B, 5060, held[0])
    pair.run()
    assert pair.called.ended.by is EndedBy.REMOTE
    assert pair.called.ended.q850 == 17
    pair.check_nothing_left()


def test_a_hasty_bye_is_no_success():
    pair = Carrier()
    client = pair.invite()
    pair.respond(180, "one")
    assert pair.from_fork("BYE", "one") == 200
    pair.respond(487, "one")
    assert client.ended
    assert (pair.caller.ended.by, pair.caller.ended.status) == (EndedBy.REMOTE, 487)
    assert not pair.caller.ended.answered
    pair.check_nothing_left()


# ---------------------------------------------------------------- changes


def test_a_change_that_was_overtaken_is_tried_once_more():
    pair = Pair()
    client, _ = pair.call()
    pair.called.answer = 500
    client.reinvite(lambda: sdp(version=2))
    pair.run()
    pair.called.answer = sdp(B, 2)
    pair.run(2)
    results = [one[1] for one in pair.caller.told if one[0] == "result"]
    assert results == [500, 200]
    pair.called.answer = 500
    client.reinvite(lambda: sdp(version=3))
    pair.run(10)
    results = [one[1] for one in pair.caller.told if one[0] == "result"]
    assert results == [500, 200, 500, 500]
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


def test_a_bye_waits_for_the_answer_to_a_reinvite_of_ours():
    pair = Pair()
    pair.called.answer = sdp(B, 2)
    client, server = pair.call()
    client.reinvite(lambda: sdp(version=2))
    client.hangup()
    pair.run()
    assert pair.lines(A)[-4:] == ["ACK", "INVITE", "ACK", "BYE"]
    assert server.ended
    assert client.ended
    pair.check_nothing_left()


def test_a_bye_of_the_peer_does_not_wait_for_ours():
    pair = Pair()
    client, server = pair.call()
    client.reinvite(lambda: sdp(version=2))
    pair.run()
    client.hangup()
    server.hangup()
    pair.run()
    assert client.ended
    assert server.ended
    pair.check_nothing_left()
