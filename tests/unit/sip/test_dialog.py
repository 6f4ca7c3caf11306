import pytest
import simnet
from nodes import Peer

from offhook._core import Message, SipParseError
from offhook.sip.dialog import Dialog, contact_uri, plan_route
from offhook.sip.network import Hop

HOP = Hop(1, "198.51.100.9", 40000)


@pytest.fixture
def ua():
    return Peer(simnet.World(), "192.0.2.1").ua


def invite():
    message = Message.request("INVITE", "sip:b@example.com")
    message.set("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1")
    message.set("From", '"A, B" <sip:a@example.com>;tag=at')
    message.set("To", "<sip:b@example.com>")
    message.set("Call-ID", "c1")
    message.set("CSeq", "7 INVITE")
    message.set("Contact", "<sip:a@10.0.0.1:5062;transport=udp>")
    return message


def caller(*routes, contact="<sip:b@10.0.0.2>", **options):
    response = Message.response(invite(), 200, None, "bt")
    for route in routes:
        response.add("Record-Route", route)
    if contact:
        response.set("Contact", contact)
    return Dialog.from_response(invite(), response, HOP, "<sip:a@me>", **options)


def test_request_of_the_caller(ua):
    bye = caller().new_request(ua, "BYE")
    assert bye.uri == "sip:b@10.0.0.2"
    assert (bye.cseq, bye.from_tag, bye.to_tag, bye.call_id) == (8, "at", "bt", "c1")
    assert bye.get("Route") is None
    assert bye.get("From") == '"A, B" <sip:a@example.com>;tag=at'


def test_request_of_the_called(ua):
    dialog = Dialog.from_request(invite(), "bt", HOP, "<sip:b@me>")
    bye = dialog.new_request(ua, "BYE")
    assert (bye.uri, bye.from_tag, bye.to_tag, bye.cseq) == (
        "sip:a@10.0.0.1:5062;transport=udp",
        "bt",
        "at",
        1,
    )


def test_route_set_is_reversed_for_the_caller_only(ua):
    routes = "<sip:p2;lr>", "<sip:p1;lr>"
    dialog = caller(*routes)
    assert dialog.new_request(ua, "BYE").values("Route") == ["<sip:p1;lr>", "<sip:p2;lr>"]
    assert str(dialog.next_hop) == "sip:p1;lr"
    request = invite()
    for route in routes:
        request.add("Record-Route", route)
    assert Dialog.from_request(request, "t", HOP, "<sip:b@me>").route_set == routes


def test_strict_router_takes_the_request_uri(ua):
    bye = caller("<sip:p2;lr>", "<sip:old>").new_request(ua, "BYE")
    assert bye.uri == "sip:old"
    assert bye.values("Route") == ["<sip:p2;lr>", "<sip:b@10.0.0.2>"]


def test_routes_of_several_transports_are_all_kept(ua):
    bye = caller("<sip:p;lr;transport=tcp>, <sip:p;lr;transport=udp>").new_request(ua, "BYE")
    assert bye.values("Route") == ["<sip:p;lr;transport=udp>", "<sip:p;lr;transport=tcp>"]


def test_target_refresh_changes_target_but_not_route(ua):
    dialog = caller("<sip:p1;lr>")
    update = Message.request("UPDATE", "sip:x")
    update.set("Contact", "<sip:b@10.0.0.77>")
    update.set("Record-Route", "<sip:other;lr>")
    dialog.refresh_target(update, HOP)
    bye = dialog.new_request(ua, "BYE")
    assert bye.uri == "sip:b@10.0.0.77"
    assert bye.values("Route") == ["<sip:p1;lr>"]


def test_rewrite_contact_uses_the_source_unless_a_proxy_is_between():
    assert caller(rewrite_contact=True).remote_target == "sip:b@198.51.100.9:40000"
    assert caller("<sip:p;lr>", rewrite_contact=True).remote_target == "sip:b@10.0.0.2"


def test_rewrite_contact_takes_the_source_for_the_nearest_proxy():
    routes = "<sip:1.2.3.4:5061;lr;x=y>", "<sip:p2;lr>"
    request = invite()
    for route in routes:
        request.add("Record-Route", route)
    dialog = Dialog.from_request(request, "t", HOP, "<sip:b@me>", rewrite_contact=True)
    assert dialog.route_set == ("<sip:198.51.100.9:40000;lr;x=y>", "<sip:p2;lr>")
    assert dialog.remote_target == "sip:a@10.0.0.1:5062;transport=udp"
    reinvite = invite()  # without Record-Route; the proxy is there all the same
    dialog.refresh_target(reinvite, HOP)
    assert dialog.remote_target == "sip:a@10.0.0.1:5062;transport=udp"
    assert caller(*reversed(routes), rewrite_contact=True).route_set == dialog.route_set


def test_without_contact_the_request_uri_stays():
    assert caller(contact=None).remote_target == "sip:b@example.com"


def test_unreadable_contact():
    with pytest.raises(SipParseError):
        caller(contact="<nonsense")


def test_ack_has_the_cseq_and_credentials_of_its_invite(ua):
    request = invite()
    request.set("Proxy-Authorization", 'Digest username="a"')
    dialog = caller()
    dialog.new_request(ua, "PRACK")
    ack = dialog.new_ack(ua, request)
    assert (ack.cseq, ack.method) == (7, "ACK")
    assert ack.get("Proxy-Authorization") == 'Digest username="a"'
    assert dialog.local_cseq == 8


def test_order_of_the_peers_requests():
    dialog = Dialog.from_request(invite(), "t", HOP, "<sip:b@me>")
    request = invite()
    for cseq, fine in ((8, True), (7, False), (8, True), (30, True), (9, False)):
        request.set("CSeq", f"{cseq} INFO")
        assert dialog.in_order(request) is fine


def test_what_the_peer_can_do():
    dialog = caller()
    assert not dialog.peer_allows("UPDATE")
    response = Message.response(invite(), 200)
    response.set("Allow", "INVITE,ACK , update")
    response.set("Supported", "timer, 100rel")
    dialog.learn(response)
    assert dialog.peer_allows("UPDATE")
    assert dialog.peer_supports("timer")
    assert not dialog.peer_allows("DATE")


def test_contact_uri(ua):
    assert contact_uri(ua, Hop(1, "192.0.2.2", 5060), "me") == "sip:me@192.0.2.1:5060"
    with pytest.raises(LookupError):
        contact_uri(ua, Hop(99, "192.0.2.2", 5060), "me")


def test_plan_without_routes():
    assert plan_route("sip:a@b", ())[:2] == ("sip:a@b", ())
