"""Plain calls, and all the ways in which they end."""

import pytest
from invite_pair import A, B, Owner, Pair, sdp

from offhook._core import Message
from offhook.sip.invite import EndedBy, Reason, SessionStateError, State
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_state import TRANSITIONS, Event, advance


def test_a_plain_call():
    pair = Pair()
    pair.on_invite = lambda server: (server.ring(), server.accept(sdp(B)))
    client = pair.invite()
    server = pair.server
    assert client.state is server.state is State.CONFIRMED
    assert pair.caller.names() == ["progress", "answered"]
    assert client.remote_sdp.origin_address == B
    assert server.remote_sdp.origin_address == A
    client.hangup(Reason.q850(16))
    pair.run()
    assert pair.caller.ended.by is EndedBy.LOCAL
    assert (pair.called.ended.by, pair.called.ended.q850) == (EndedBy.REMOTE, 16)
    assert pair.called.ended.answered
    pair.check_nothing_left()
    assert pair.lines(A) == ["INVITE", "ACK", "BYE"]
    assert pair.lines(B) == ["SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 200 OK"]


def test_the_called_hangs_up():
    pair = Pair()
    _, server = pair.call()
    server.hangup()
    pair.run()
    assert (pair.caller.ended.by, pair.called.ended.by) == (EndedBy.REMOTE, EndedBy.LOCAL)
    pair.check_nothing_left()


def test_both_hang_up_at_once():
    pair = Pair()
    client, server = pair.call()
    client.hangup()
    server.hangup()
    pair.check_nothing_left()


def test_busy():
    pair = Pair()
    pair.on_invite = lambda server: server.reject(486, headers=[("Reason", "Q.850;cause=17")])
    pair.invite()
    assert (pair.caller.ended.status, pair.caller.ended.q850) == (486, 17)
    assert pair.called.ended.by is EndedBy.LOCAL
    pair.check_nothing_left()


def test_cancel():
    pair = Pair()
    pair.on_invite = lambda server: server.ring()
    client = pair.invite()
    client.hangup(Reason.sip(200, "Call completed elsewhere"))
    assert client.state is State.CANCELLING
    pair.run()
    assert (pair.caller.ended.by, pair.caller.ended.status) == (EndedBy.LOCAL, 487)
    assert (pair.called.ended.by, pair.called.ended.sip) == (EndedBy.REMOTE, 200)
    pair.check_nothing_left()


def test_answer_and_cancel_cross():
    pair = Pair()
    pair.on_invite = lambda server: server.ring()
    client = pair.invite()
    pair.server.accept(sdp(B))
    client.hangup()
    pair.run()
    assert pair.caller.names() == ["progress", "ended"]
    assert "BYE" in pair.lines(A)
    assert pair.called.ended.answered
    pair.check_nothing_left()


def test_hangup_right_after_start():
    pair = Pair()
    pair.on_invite = lambda server: server.ring()
    client = pair.client = InviteClient(
        pair.a.ua, f"sip:b@{B}", pair.caller, pair.caller_options, from_=f"<sip:a@{A}>", offer=sdp()
    )
    client.start()
    client.hangup()
    client.hangup()
    pair.check_nothing_left()
    assert pair.caller.ended.status == 487


def test_the_called_gives_up_before_the_answer():
    pair = Pair()
    pair.on_invite = lambda server: server.ring()
    pair.invite()
    pair.server.hangup(Reason.q850(19), status=480)
    pair.run()
    assert (pair.caller.ended.status, pair.caller.ended.q850) == (480, 19)
    pair.check_nothing_left()


def test_called_hangs_up_before_the_ack_waits_for_it():
    pair = Pair()
    pair.on_invite = lambda server: (server.accept(sdp(B)), server.hangup())
    pair.invite()
    assert pair.lines(B).index("BYE") > 0
    pair.check_nothing_left()
    # The ACK was there before the BYE went out.
    order = [text.split()[0] for text in pair.world.texts()]
    assert order.index("ACK") < order.index("BYE")


def test_no_ack_ends_with_bye():
    pair = Pair()
    pair.world.lose = lambda source, to, data: data.startswith(b"ACK")
    pair.call()
    pair.world.run(40)
    assert pair.called.ended.by is EndedBy.NETWORK
    assert pair.caller.ended.by is EndedBy.REMOTE
    pair.world.lose = lambda source, to, data: False
    pair.check_nothing_left()


def test_nobody_there():
    pair = Pair()
    pair.world.lose = lambda source, to, data: True
    pair.invite()
    pair.world.run(40)
    assert (pair.caller.ended.by, pair.caller.ended.status) == (EndedBy.NETWORK, 408)
    pair.check_nothing_left()


def test_lost_bye_answer_is_no_harm():
    pair = Pair()
    client, _ = pair.call()
    pair.world.lose = lambda source, to, data: source == B
    client.hangup()
    pair.run(1)
    assert pair.called.ended is not None
    pair.world.run(40)
    assert client.ended
    pair.check_nothing_left()


def test_bye_answer_can_wait_for_the_record():
    pair = Pair()
    release = []
    pair.called.on_end = lambda session: release.append(session.delay_bye_answer())
    client, _ = pair.call()
    client.hangup()
    pair.run()
    assert client.state is State.TERMINATING
    release[0]()
    pair.run()
    assert client.ended
    pair.check_nothing_left()


def test_delaying_the_answer_to_no_bye():
    pair = Pair()
    pair.caller.on_end = lambda session: session.delay_bye_answer()()
    pair.on_invite = lambda server: server.reject(404)
    pair.invite()
    assert pair.caller.ended.status == 404
    pair.check_nothing_left()


def test_methods_out_of_place():
    pair = Pair()
    client, server = pair.call()
    for action in (lambda: server.ring(), lambda: server.accept(sdp(B)), lambda: server.reject(486)):
        with pytest.raises(SessionStateError):
            action()
    with pytest.raises(SessionStateError):
        client.answer_offer(sdp())
    client.hangup()
    pair.run()
    with pytest.raises(SessionStateError):
        client.reinvite(None)
    client.hangup()
    pair.check_nothing_left()


def test_an_invite_without_contact_or_with_another_body_is_refused():
    pair = Pair()
    for headers, status in (({}, 400), ({"Contact": "<sip:a@192.0.2.1>", "Content-Type": "text/plain"}, 415)):
        message = pair.a.message("INVITE", f"sip:b@{B}", **headers)
        if "Content-Type" in headers:
            message.set_body("text/plain", b"hello")
        pair.a.ua.request(message, pair.a.on_response)
        pair.run()
        assert pair.a.statuses[-1] == status
        assert not pair.taken
    pair.server = None
    pair.check_nothing_left()


def test_info_options_and_unknown_methods():
    pair = Pair()
    client, _ = pair.call()
    results = []
    client.send_info("application/dtmf-relay", b"Signal=5", results.append)
    pair.run()
    assert ("info", b"Signal=5") in pair.called.told
    assert results == [200]
    for method, status in (("OPTIONS", 200), ("REFER", 405), ("NONSENSE", 501)):
        seen = []
        message = client.dialog.new_request(pair.a.ua, method)
        client.send(message, lambda outgoing, response, seen=seen: seen.append(response.status))
        pair.run()
        assert seen == [status]
    assert pair.called.requests == ["REFER", "NONSENSE"]
    client.hangup()
    pair.check_nothing_left()


def test_a_peer_that_forgot_the_dialog_ends_the_call():
    pair = Pair()
    client, server = pair.call()
    pair.b.ua.remove_dialog(server.call_id, server.local_tag)
    client.send_info("text/plain", b"x")
    pair.run()
    assert (pair.caller.ended.by, pair.caller.ended.status) == (EndedBy.NETWORK, 481)
    pair.b.ua.add_dialog(server.call_id, server.local_tag, server)
    server.hangup()
    pair.check_nothing_left()


def test_connected_identity():
    pair = Pair()
    pair.on_invite = lambda server: server.accept(
        sdp(B), headers=[("P-Asserted-Identity", '"Bee" <sip:200@b.example>')]
    )
    client = pair.invite()
    assert [one.name for one in pair.caller.identities] == ["Bee"]
    pair.server.update(headers=[("P-Asserted-Identity", '"Cee" <sip:300@b.example>')])
    pair.run()
    assert [one.name for one in pair.caller.identities] == ["Bee", "Cee"]
    client.hangup()
    pair.check_nothing_left()


def test_over_tcp():
    pair = Pair()
    pair.call(target=f"sip:b@{B};transport=tcp")
    pair.run()
    assert pair.client.state is State.CONFIRMED
    assert "transport=tcp" in pair.server.dialog.remote_target
    pair.server.hangup()
    pair.check_nothing_left()


def test_unreadable_answer_ends_the_call():
    pair = Pair()

    def answer(server):
        response = Message.response(server.request.message, 200, None, server.local_tag)
        response.set("Contact", server.dialog.contact)
        response.set_body("application/sdp", b"nonsense")
        pair.b.ua.respond(server.request.txn, response)
        server.move(Event.ANSWER)

    pair.on_invite = answer
    pair.invite()
    pair.run()
    assert pair.caller.ended.by is EndedBy.PROTOCOL
    assert "answered" not in pair.caller.names()
    pair.check_nothing_left()


def test_every_state_but_the_last_leads_to_the_end():
    reached = {State.TERMINATED}
    while True:
        more = {before for (before, _), after in TRANSITIONS.items() if after in reached} - reached
        if not more:
            break
        reached |= more
    assert reached == set(State)
    assert not any(before is State.TERMINATED for before, _ in TRANSITIONS)
    with pytest.raises(SessionStateError):
        advance(State.TERMINATED, Event.ACK)


def test_an_owner_that_fails_does_not_stop_the_others():
    pair = Pair()

    class Broken(Owner):
        def on_progress(self, session, response, sdp):
            raise RuntimeError("a defect")

    pair.caller = Broken()
    pair.on_invite = lambda server: server.ring()
    pair.invite()
    pair.a.ua.counters.defects = 0
    pair.server.accept(sdp(B))
    pair.run()
    assert pair.client.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()
