"""Session timers (RFC 4028): who refreshes, how long, what is refused, and what a failed refresh does."""

import pytest
from invite_pair import B, Pair, sdp

from offhook._core import Message
from offhook.sip.invite import EndedBy, InviteOptions, State
from offhook.sip.session_timer import SessionTimer, TimerMode, TimerPolicy, parse_session_expires
from offhook.sip.ua import UserAgentConfig

YES, NO, REQUIRED, ALWAYS = TimerMode.YES, TimerMode.NO, TimerMode.REQUIRED, TimerMode.ALWAYS


def request(**headers):
    message = Message.request("INVITE", "sip:b@192.0.2.2")
    for name, value in headers.items():
        message.set(name.replace("_", "-"), value)
    return message


def response(status=200, **headers):
    invite = request(From="<sip:a@192.0.2.1>;tag=a", To="<sip:b@192.0.2.2>", Call_ID="x", CSeq="1 INVITE")
    invite.set("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1")
    message = Message.response(invite, status)
    for name, value in headers.items():
        message.set(name.replace("_", "-"), value)
    return message


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ("1800", (1800, "")),
        (" 90 ; refresher=uac", (90, "uac")),
        ("4000;Refresher=UAS;x=y", (4000, "uas")),
        ("90;refresher=nobody", (90, "")),
        ("0", (0, "")),
        ("9999999999", (2**31 - 1, "")),
        ("99999999999", None),
        ("", None),
        ("-5", None),
        ("1800s", None),
        ("\u0661\u0662", None),
    ],
)
def test_session_expires(value, parsed):
    assert parse_session_expires(value) == parsed


# ---------------------------------------------------------------- what a request of ours says


@pytest.mark.parametrize(
    ("mode", "headers"),
    [
        (YES, {"Session-Expires": "1800", "Min-SE": "90", "Require": None}),
        (ALWAYS, {"Session-Expires": "1800", "Min-SE": "90", "Require": None}),
        (REQUIRED, {"Session-Expires": "1800", "Min-SE": "90", "Require": "timer"}),
        (NO, {"Session-Expires": None, "Min-SE": None, "Require": None}),
    ],
)
def test_the_first_request(mode, headers):
    message = request()
    SessionTimer(TimerPolicy(mode)).add_to_request(message)
    assert {name: message.get(name) for name in headers} == headers


@pytest.mark.parametrize(("we_refresh", "says"), [(True, "300;refresher=uac"), (False, "300;refresher=uas")])
def test_a_refresh_keeps_the_roles(we_refresh, says):
    """Section 7.4: the refresher is named by its role in this transaction."""
    timer = SessionTimer(TimerPolicy())
    timer.interval, timer.we_refresh = 300, we_refresh
    message = request()
    timer.add_to_request(message)
    assert message.get("Session-Expires") == says


@pytest.mark.parametrize(
    ("min_se", "again", "asks"),
    [("300", True, "300"), ("2000", True, "2000"), ("90", False, "200"), (None, False, "200")],
)
def test_a_422_raises_what_we_ask_for(min_se, again, asks):
    timer = SessionTimer(TimerPolicy(YES, 200, 90))
    refusal = response(422, **({"Min_SE": min_se} if min_se else {}))
    assert timer.raise_to(refusal) is again
    message = request()
    timer.add_to_request(message)
    assert message.get("Session-Expires") == asks
    assert not timer.raise_to(refusal)  # the same once more is no reason to try again


@pytest.mark.parametrize(
    ("mode", "answer", "interval", "we_refresh"),
    [
        (YES, "200;refresher=uac", 200, True),
        (YES, "200;refresher=uas", 200, False),
        (YES, "200", 200, True),
        (YES, "30;refresher=uac", 90, True),  # nobody may ask for less
        (YES, None, 0, False),
        (YES, "rubbish", 0, False),
        (REQUIRED, "200;refresher=uas", 200, False),
        (ALWAYS, None, 1800, True),  # the peer knows nothing of it: we refresh all the same
        (NO, "200;refresher=uac", 0, False),
    ],
)
def test_what_the_answer_settles(mode, answer, interval, we_refresh):
    timer = SessionTimer(TimerPolicy(mode))
    timer.agreed_by_response(response(**({"Session_Expires": answer} if answer else {})))
    assert (timer.interval, timer.we_refresh) == (interval, we_refresh)


# ---------------------------------------------------------------- what we answer


@pytest.mark.parametrize(
    ("mode", "supported", "headers", "refusal"),
    [
        (YES, True, {"Session_Expires": "1800"}, None),
        (YES, True, {"Session_Expires": "100"}, (422, [("Min-SE", "120")])),
        (YES, False, {"Session_Expires": "100"}, None),  # it would not understand 422: section 9
        (YES, True, {"Session_Expires": "x"}, (400, [])),
        (YES, True, {}, None),
        (NO, True, {"Session_Expires": "1800"}, None),
        (NO, True, {"Require": "timer"}, (420, [("Unsupported", "timer")])),
        (REQUIRED, False, {}, (421, [("Require", "timer")])),
        (REQUIRED, True, {}, None),
        (ALWAYS, False, {}, None),
    ],
)
def test_refusals(mode, supported, headers, refusal):
    timer = SessionTimer(TimerPolicy(mode, 1800, 120))
    assert timer.refuse(request(**headers), supported) == (refusal or (0, []))


@pytest.mark.parametrize(
    ("mode", "supported", "headers", "interval", "we_refresh", "answer"),
    [
        # RFC 4028 table 2: supported, refresher asked for -> refresher that is answered
        (YES, False, {"Session_Expires": "1800"}, 1800, True, "1800;refresher=uas"),
        (YES, False, {"Session_Expires": "1800;refresher=uac"}, 1800, True, "1800;refresher=uas"),
        (YES, True, {"Session_Expires": "1800;refresher=uac"}, 1800, False, "1800;refresher=uac"),
        (YES, True, {"Session_Expires": "1800;refresher=uas"}, 1800, True, "1800;refresher=uas"),
        (YES, True, {"Session_Expires": "1800"}, 1800, False, "1800;refresher=uac"),
        # how long: not more than we want, not less than either minimum
        (YES, True, {"Session_Expires": "4000"}, 1800, False, "1800;refresher=uac"),
        (YES, True, {"Session_Expires": "4000", "Min_SE": "3000"}, 3000, False, "3000;refresher=uac"),
        (YES, False, {"Session_Expires": "95"}, 120, True, "120;refresher=uas"),
        # not asked for
        (YES, True, {}, 0, False, None),
        (ALWAYS, True, {}, 1800, False, "1800;refresher=uac"),
        (ALWAYS, False, {}, 1800, True, "1800;refresher=uas"),
        (REQUIRED, True, {}, 1800, False, "1800;refresher=uac"),
        (NO, True, {"Session_Expires": "1800"}, 0, False, None),
    ],
)
def test_what_is_agreed_to(mode, supported, headers, interval, we_refresh, answer):
    timer = SessionTimer(TimerPolicy(mode, 1800, 120))
    lines = dict(timer.agree_to_request(request(**headers), supported))
    assert (timer.interval, timer.we_refresh) == (interval, we_refresh)
    assert lines.get("Session-Expires") == answer
    # Section 9: the peer is told with Require when it is the one to refresh.
    assert lines.get("Require") == ("timer" if answer and "uac" in answer else None)


@pytest.mark.parametrize("we_refresh", [True, False])
def test_a_request_that_says_nothing_keeps_the_timer(we_refresh):
    """A peer may leave the header out of a re-INVITE that is about something else."""
    timer = SessionTimer(TimerPolicy())
    timer.interval, timer.we_refresh = 300, we_refresh
    lines = dict(timer.agree_to_request(request(), True))
    assert lines["Session-Expires"].startswith("300;refresher=")
    assert (timer.interval, timer.we_refresh) == (300, we_refresh)


# ---------------------------------------------------------------- in a session


NO_UPDATE = UserAgentConfig(user_agent="", allow=("INVITE", "ACK", "BYE", "CANCEL", "PRACK", "INFO"))
SHORT = InviteOptions(timers=TimerPolicy(YES, 90, 90))


def refusing(pair, status, times):
    """The called side refuses this many re-INVITEs with an offer."""
    original = pair.called.on_offer

    def on_offer(session, offer, message):
        nonlocal times
        if times:
            times -= 1
            session.reject_offer(status)
        else:
            original(session, offer, message)

    pair.called.on_offer = on_offer


def short_call(*, update=True):
    pair = Pair(caller=SHORT)
    if not update:
        pair.b.ua.config = NO_UPDATE
    pair.called.answer = sdp(B, 2)
    client, server = pair.call()
    assert (client.session_timer.interval, client.session_timer.we_refresh) == (90, True)
    assert (server.session_timer.interval, server.session_timer.we_refresh) == (90, False)
    return pair


def test_refreshing_goes_on_and_on():
    pair = short_call()
    pair.run(1000)
    assert pair.client.state is State.CONFIRMED
    assert pair.lines("192.0.2.1").count("UPDATE") == 1000 // 45
    pair.client.hangup()
    pair.check_nothing_left()


@pytest.mark.parametrize("status", [488, 500, 606])
def test_a_refused_refresh_is_tried_again(status):
    pair = short_call(update=False)
    refusing(pair, status, 2)
    pair.run(1000)
    assert pair.client.state is State.CONFIRMED
    assert pair.server.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()


def test_a_refresh_that_is_always_refused_ends_the_call_in_time():
    pair = short_call(update=False)
    refusing(pair, 488, 1000)
    pair.run(89)
    assert pair.client.ended
    assert pair.caller.ended.by is EndedBy.EXPIRED
    assert pair.called.ended is not None
    pair.check_nothing_left()


def test_a_change_that_stood_in_for_the_refresh_and_was_refused():
    """The refresh is left out while a change is under way; that one fails for good."""
    pair = short_call()
    pair.called.answer = None  # it takes its time
    pair.run(44)
    pair.client.reinvite(lambda: sdp(version=2, direction="sendonly"))
    pair.run(3)
    assert pair.client.refresh_due
    pair.server.reject_offer(488)
    pair.run(200)
    assert ("result", 488, None) in pair.caller.told
    assert pair.client.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()


def test_a_change_that_stood_in_for_the_refresh_and_is_not_wanted_any_more():
    pair = short_call()
    offers = [sdp(version=2), None]
    pair.called.answer = None
    pair.run(44)
    pair.client.reinvite(lambda: offers.pop(0))
    pair.run(2)
    pair.server.reject_offer(491)  # tried again, and then there is nothing to offer
    pair.run(200)
    assert not offers
    assert pair.client.state is State.CONFIRMED
    pair.client.hangup()
    pair.check_nothing_left()


def test_a_change_that_succeeds_is_the_refresh():
    pair = short_call()
    pair.run(40)
    pair.client.reinvite(lambda: sdp(version=2))
    pair.run(44)
    assert pair.lines("192.0.2.1").count("UPDATE") == 0
    pair.run(2)
    assert pair.lines("192.0.2.1").count("UPDATE") == 1
    pair.client.hangup()
    pair.check_nothing_left()
