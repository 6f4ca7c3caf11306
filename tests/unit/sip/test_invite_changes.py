"""re-INVITE, UPDATE, glare, and session timers."""

import random

import pytest
from invite_pair import A, B, Pair, sdp

from offhook.sip.invite import EndedBy, InviteOptions, State
from offhook.sip.session_timer import SessionTimer, TimerMode, TimerPolicy, parse_session_expires


def results(owner):
    return [one[1] for one in owner.told if one[0] == "result"]


def test_hold_and_resume():
    pair = Pair()
    client, server = pair.call()
    pair.called.answer = sdp(B, 2, "recvonly")
    client.reinvite(lambda: sdp(A, 2, "sendonly"))
    pair.run()
    assert server.remote_sdp.media[0].direction == "sendonly"
    assert client.remote_sdp.media[0].direction == "recvonly"
    pair.called.answer = sdp(B, 3)
    client.reinvite(lambda: sdp(A, 3))
    pair.run()
    assert results(pair.caller) == [200, 200]
    assert pair.lines(A).count("ACK") == 3
    client.hangup()
    pair.check_nothing_left()


def test_refused_change_changes_nothing():
    pair = Pair()
    client, server = pair.call()
    pair.called.answer = 488
    client.reinvite(lambda: sdp(A, 2))
    pair.run()
    assert results(pair.caller) == [488]
    assert client.local_sdp.session_version == 1
    assert server.remote_sdp.session_version == 1
    assert client.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize("method", ["reinvite", "update"])
@pytest.mark.parametrize("seed", range(5))
def test_glare(method, seed):
    random.seed(seed)
    pair = Pair()
    client, server = pair.call()
    pair.caller.answer = sdp(A, 5)
    pair.called.answer = sdp(B, 5)
    asked = []
    getattr(client, method)(lambda: asked.append("a") or sdp(A, 2))
    getattr(server, method)(lambda: asked.append("b") or sdp(B, 2))
    pair.run(10)
    for owner in (pair.caller, pair.called):
        assert results(owner)[-1] == 200
    assert 491 in results(pair.caller) + results(pair.called)
    assert len(asked) > 2  # asked again, each time it was sent
    assert client.remote_sdp.session_version == server.local_sdp.session_version
    client.hangup()
    pair.check_nothing_left()


def test_a_change_that_is_not_wanted_any_more_after_glare():
    pair = Pair()
    client, server = pair.call()
    pair.caller.answer = sdp(A, 5)
    pair.called.answer = sdp(B, 5)
    offers = [sdp(A, 2)]
    client.reinvite(lambda: offers.pop() if offers else None)
    server.reinvite(lambda: sdp(B, 2))
    pair.run(10)
    assert results(pair.caller) == [491]
    assert results(pair.called)[-1] == 200
    client.hangup()
    pair.check_nothing_left()


def test_overlapping_changes_of_the_peer_get_500_with_retry_after():
    pair = Pair()
    client, _ = pair.call()
    client.reinvite(lambda: sdp(A, 2))  # the owner of the called side thinks about it
    pair.run()
    seen = []
    again = client.dialog.new_request(pair.a.ua, "INVITE")
    again.set("Contact", client.dialog.contact)
    again.set_body("application/sdp", sdp(A, 3).to_bytes())
    client.send(again, lambda outgoing, response: seen.append(response))
    pair.run()
    assert [response.status for response in seen if response.status >= 200] == [500]
    assert 0 <= int(seen[-1].get("Retry-After")) <= 10
    pair.server.answer_offer(sdp(B, 2))
    pair.run()
    assert results(pair.caller) == [200]
    client.hangup()
    pair.check_nothing_left()


def test_reinvite_without_offer():
    pair = Pair()
    client, server = pair.call()
    pair.called.answer = sdp(B, 2)
    pair.caller.answer = sdp(A, 2)
    client.reinvite(None)
    pair.run()
    assert ("offer", None, "INVITE") in pair.called.told
    assert "answer" in pair.called.names()
    assert (client.remote_sdp.session_version, server.remote_sdp.session_version) == (2, 2)
    client.hangup()
    pair.check_nothing_left()


def test_changes_wait_for_the_ack():
    pair = Pair()
    pair.caller.answer = sdp(A, 2)
    pair.on_invite = lambda server: (server.accept(sdp(B)), server.reinvite(lambda: sdp(B, 2)))
    client = pair.invite()
    pair.run()
    order = [text.split()[0] for text in pair.world.texts(None) if text.split()[0] in ("ACK", "INVITE")]
    assert order == ["INVITE", "ACK", "INVITE", "ACK"]
    assert results(pair.called) == [200]
    client.hangup()
    pair.check_nothing_left()


def test_hangup_while_a_reinvite_is_out():
    for who in ("client", "server"):
        pair = Pair()
        client, _ = pair.call()
        client.reinvite(lambda: sdp(A, 2))
        pair.run()
        getattr(pair, who).hangup()
        pair.check_nothing_left()
        assert pair.caller.ended is not None


def test_cancelled_reinvite_withdraws_the_offer():
    pair = Pair()
    client, server = pair.call()
    client.reinvite(lambda: sdp(A, 2))
    pair.run()
    client._renegotiation._outgoing.cancel()
    pair.run(1)  # the CANCEL waits for the 100
    assert "withdrawn" in pair.called.names()
    assert results(pair.caller) == [487]
    assert server.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


def test_no_ack_for_a_reinvite_ends_the_call():
    pair = Pair()
    client, _ = pair.call()
    pair.called.answer = sdp(B, 2)
    pair.world.lose = lambda source, to, data: data.startswith(b"ACK")
    client.reinvite(lambda: sdp(A, 2))
    pair.world.run(40)
    assert pair.called.ended.by is EndedBy.NETWORK
    pair.world.lose = lambda source, to, data: False
    pair.check_nothing_left()


def test_target_refresh():
    pair = Pair()
    client, server = pair.call()
    pair.called.answer = sdp(B, 2)
    client.dialog._contact = f"<sip:moved@{A}>"
    client.reinvite(lambda: sdp(A, 2))
    pair.run()
    assert server.dialog.remote_target == f"sip:moved@{A}"
    client.hangup()
    pair.check_nothing_left()


# ---------------------------------------------------------------- session timers


def timed(mode="yes", expires=100, min_se=90):
    return InviteOptions(timers=TimerPolicy(TimerMode(mode), expires, min_se))


@pytest.mark.parametrize("caller", ["no", "yes", "required", "always"])
@pytest.mark.parametrize("called", ["no", "yes", "required", "always"])
def test_whether_there_is_a_timer(caller, called):
    pair = Pair(caller=timed(caller), called=timed(called))
    pair.call()
    refused = {("required", "no"): 420, ("no", "required"): 421}.get((caller, called))
    if refused:
        assert pair.caller.ended.status == refused
        pair.server = None
    else:
        client, server = pair.client, pair.server
        alone = (caller, called) in (("always", "no"), ("no", "always"))
        none = "no" in (caller, called) and not alone
        intervals = {client.session_timer.interval, server.session_timer.interval}
        assert intervals == ({0} if none else {0, 100} if alone else {100})
        refreshers = client.session_timer.we_refresh, server.session_timer.we_refresh
        assert sum(refreshers) == (0 if none else 1)
        pair.run(400)
        assert client.state is server.state is State.CONFIRMED
        assert ("UPDATE" in pair.lines()) is not none
        client.hangup()
    pair.check_nothing_left()


def test_refresh_by_reinvite_when_update_is_not_allowed():
    pair = Pair(caller=timed(), called=timed())
    client, server = pair.call()
    client.dialog.peer_allow = "INVITE, ACK, BYE"
    pair.called.answer = sdp(B)
    pair.run(60)
    assert "refresh" in pair.caller.names()
    assert results(pair.caller) == [200]
    assert server.state is State.CONFIRMED
    client.hangup()
    pair.check_nothing_left()


def test_both_sides_hang_up_when_nobody_refreshes():
    pair = Pair(caller=timed(), called=timed())
    pair.call()
    pair.world.lose = lambda source, to, data: True
    pair.world.run(400)
    assert pair.caller.ended is not None
    assert pair.called.ended.by is EndedBy.EXPIRED
    pair.world.lose = lambda source, to, data: False
    pair.check_nothing_left()


def test_422_raises_the_interval():
    pair = Pair(caller=timed(expires=100), called=timed(expires=600, min_se=300))
    client, server = pair.call()
    pair.run()
    assert client.session_timer.interval == server.session_timer.interval == 300
    assert pair.lines(A).count("INVITE") == 2
    client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1800", (1800, "")),
        (" 90 ; refresher = UAS", (90, "uas")),
        ("90;x=y;refresher=uac", (90, "uac")),
        ("90;refresher=me", (90, "")),
        ("", None),
        ("-1", None),
        ("x", None),
        ("99999999999999", None),
    ],
)
def test_parse_session_expires(value, expected):
    assert parse_session_expires(value) == expected


def test_moments():
    timer = SessionTimer(TimerPolicy())
    timer.interval = 1800
    assert (timer.refresh_after, timer.expire_after) == (900, 1768)
    timer.interval = 90
    assert timer.expire_after == 60


def test_policies_that_cannot_be():
    for expires, min_se in ((80, 90), (100, 60)):
        with pytest.raises(ValueError, match="90"):
            TimerPolicy(TimerMode.YES, expires, min_se)
