"""What a leg offers, answers and refuses about encryption, and that its port then speaks it (SDES)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from offhook._core import NegotiationError, Sdp
from offhook.media.sdes import CryptoLine, new_line
from offhook.media.service import MediaService
from unit.drivers.legs import hears, leg, media_service, negotiate, with_line, without_line
from unit.drivers.node import Switch, phone

SDES = "media_encryption=sdes"
EASY = "media_encryption=sdes media_encryption_optimistic=yes"


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


@pytest.mark.parametrize(
    ("one", "other", "profile", "suite"),
    [
        (SDES, SDES, "RTP/SAVP", "AES_CM_128_HMAC_SHA1_80"),
        (f"{SDES} srtp_tag_32=yes", SDES, "RTP/SAVP", "AES_CM_128_HMAC_SHA1_32"),
        (f"{SDES} use_avpf=yes", f"{SDES} use_avpf=yes", "RTP/SAVPF", "AES_CM_128_HMAC_SHA1_80"),
        (EASY, SDES, "RTP/AVP", "AES_CM_128_HMAC_SHA1_80"),
        (SDES, EASY, "RTP/SAVP", "AES_CM_128_HMAC_SHA1_80"),
        (EASY, "", "RTP/AVP", ""),
        ("", EASY, "RTP/AVP", ""),
        ("use_avpf=yes", "media_use_received_transport=yes", "RTP/AVPF", ""),
    ],
)
async def test_two_legs_agree_and_hear_each_other(
    service: MediaService, one: str, other: str, profile: str, suite: str
) -> None:
    caller, callee = leg(service, one), leg(service, other)
    offer, answer = negotiate(caller, callee)
    assert offer.media[0].proto == answer.media[0].proto == profile
    assert caller.security.suite == callee.security.suite == suite
    await hears(caller, callee)
    for each in (caller, callee):
        assert each.port is not None
        assert each.port.stats()["drop_crypto"] == 0


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (SDES, "", "it offers RTP/SAVP, but media_encryption is no"),
        ("", SDES, "it offers RTP/AVP without a key, but media_encryption is sdes"),
        ("use_avpf=yes", "", "it offers RTP/AVPF, but use_avpf is no"),
        ("", "use_avpf=yes", "it offers RTP/AVP, but use_avpf is yes"),
    ],
)
async def test_what_does_not_fit_is_refused(service: MediaService, one: str, other: str, why: str) -> None:
    offer = leg(service, one).offer("127.0.0.1")
    callee = leg(service, other)
    assert not callee.has_codec_for(offer)
    assert callee.objection == why
    with pytest.raises(NegotiationError, match=why):
        callee.answer(offer, "127.0.0.1")


async def test_an_answer_without_a_key_or_with_another_is_refused(service: MediaService) -> None:
    caller, callee = leg(service, SDES), leg(service, SDES)
    offer = caller.offer("127.0.0.1")
    answer = callee.answer(offer, "127.0.0.1")
    with pytest.raises(NegotiationError, match="no key"):
        caller.accept_answer(without_line(answer, "a=crypto"))
    with pytest.raises(NegotiationError, match="not offered"):
        caller.accept_answer(with_line(answer, "a=crypto:1 ", "a=crypto:2 "))
    with pytest.raises(NegotiationError, match="not known"):
        caller.accept_answer(with_line(answer, "SHA1_80", "SHA1_81"))
    caller.accept_answer(answer)
    await hears(caller, callee)


async def test_the_offerers_first_usable_suite_is_answered(service: MediaService) -> None:
    caller, callee = leg(service, SDES), leg(service, SDES)
    offer = caller.offer("127.0.0.1")
    old = offer.media[0].attribute("crypto")
    assert old is not None
    lines = [f"1 F8_128_HMAC_SHA1_80 {old.split()[2]}", new_line(4, "AEAD_AES_256_GCM").value, f"5 {old[2:]}"]
    answer = callee.answer(
        with_line(offer, f"crypto:{old}", "\r\na=".join(f"crypto:{one}" for one in lines)), "127.0.0.1"
    )
    (chosen,) = answer.media[0].attribute_values("crypto")
    assert chosen.startswith("4 AEAD_AES_256_GCM inline:")


async def test_keys_stay_when_a_call_is_held_and_change_with_the_peers(service: MediaService) -> None:
    caller, callee = leg(service, SDES), leg(service, SDES)
    first = [sdp.media[0].attribute("crypto") for sdp in negotiate(caller, callee)]
    await hears(caller, callee)
    caller.on_hold = True
    assert [sdp.media[0].attribute("crypto") for sdp in negotiate(caller, callee)] == first
    caller.on_hold = False
    assert [sdp.media[0].attribute("crypto") for sdp in negotiate(callee, caller)] == first[::-1]
    await hears(caller, callee)
    # Another device takes over the caller's leg: with its key the one that we send with is new as well.
    other = leg(service, SDES)
    offer, answer = negotiate(other, callee)
    assert answer.media[0].attribute("crypto") not in first
    await hears(other, callee)
    assert offer.media[0].attribute("crypto") not in first


async def test_from_encrypted_to_the_clear_and_back(service: MediaService) -> None:
    callee = leg(service, EASY)
    for options, suite in ((EASY, True), ("", False), (SDES, True)):
        caller = leg(service, options)
        negotiate(caller, callee)
        assert bool(callee.security.suite) is suite
        await hears(caller, callee)


async def test_rtcp_mux(service: MediaService) -> None:
    for one, other, mux in (("yes", "yes", True), ("yes", "no", False), ("no", "yes", False)):
        caller, callee = leg(service, f"rtcp_mux={one}"), leg(service, f"rtcp_mux={other}")
        offer, answer = negotiate(caller, callee)
        assert offer.media[0].rtcp_mux is (one == "yes")
        assert answer.media[0].rtcp_mux is mux
        assert caller.agreed is not None
        assert caller.agreed.rtcp_mux is mux
        await hears(caller, callee)


async def test_a_call_in_the_clear_gets_488(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start(phone("bob", SDES), "[default]\nexten => 1,1,Answer()\n same => n,Wait(60)\n")
    peer = await switch.peer(name="bob")
    audio = await switch.audio()
    with caplog.at_level("INFO"):
        invite = peer.request("INVITE", f"sip:1@{peer.server}", body=audio.sdp())
        response = await peer.expect_final(invite)
    assert response.status == 488
    assert "it offers RTP/AVP without a key, but media_encryption is sdes" in caplog.text
    secure = (
        audio.sdp().replace("RTP/AVP", "RTP/SAVP")
        + f"a=crypto:{new_line(1, 'AES_CM_128_HMAC_SHA1_80').value}\r\n"
    )
    response = await peer.expect_final(peer.request("INVITE", f"sip:1@{peer.server}", body=secure))
    assert response.status == 200
    answer = Sdp.parse(response.body)
    assert CryptoLine.parse(answer.media[0].attribute("crypto") or "").tag == 1


async def test_without_res_srtp_nothing_is_encrypted_and_what_must_be_is_refused(
    service: MediaService,
) -> None:
    without = leg(service, SDES), leg(service, EASY), leg(service, "")
    service.encryption = False
    must, may, plain = leg(service, SDES), leg(service, EASY), leg(service, "")
    offer, answer = negotiate(without[1], may)  # theirs has a key, ours does not take it
    assert offer.media[0].attribute("crypto") is not None
    assert answer.media[0].attribute("crypto") is None
    offer, _ = negotiate(may, plain)
    assert offer.media[0].attribute("crypto") is None
    for one, other in ((without[0], may), (without[2], must)):
        assert not other.has_codec_for(one.offer("127.0.0.1"))
        assert "noload => res_srtp" in other.objection
