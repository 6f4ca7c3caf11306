"""ICE between two legs: candidates, roles, phones without it, restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from offhook.config.errors import Problems
from offhook.config.files.rtp import RtpConf, read_rtp_conf
from offhook.config.reader import read_text
from offhook.config.snapshot import read_config
from offhook.media.interfaces import local_addresses
from offhook.media.port import MediaPort, PortListener
from offhook.media.service import MediaService
from unit.drivers.legs import hears, leg, media_service, negotiate, until, with_line

ICE = "ice_support=yes"


@pytest_asyncio.fixture
async def service() -> AsyncIterator[MediaService]:
    with media_service() as made:
        yield made


class Told(PortListener):
    """Keeps what a port tells of ICE."""

    def __init__(self) -> None:
        self.results: list[tuple[str, str]] = []

    def on_ice(self, port: MediaPort, address: str, why: str) -> None:
        self.results.append((address, why))


def conf(text: str) -> RtpConf:
    problems = Problems()
    made = read_rtp_conf(read_text(text, file="rtp.conf", problems=problems), problems)
    assert not list(problems), list(problems)
    return made


@pytest.mark.parametrize("mux", ["no", "yes"])
async def test_two_legs_find_each_other(service: MediaService, mux: str) -> None:
    caller, callee = leg(service, f"{ICE} rtcp_mux={mux}"), leg(service, f"{ICE} rtcp_mux={mux}")
    told = Told()
    offer, answer = negotiate(caller, callee)
    assert caller.port is not None
    assert callee.port is not None
    caller.port.listener = told
    offered = offer.media[0].attribute_values("candidate")
    assert [line.split()[1] for line in offered] == ["1", "2"]
    answered = answer.media[0].attribute_values("candidate")
    assert [line.split()[1] for line in answered] == (["1"] if mux == "yes" else ["1", "2"])
    await hears(caller, callee)
    await until(lambda: told.results)
    assert told.results[0] == (f"127.0.0.1:{callee.port.rtp_port}", "")
    # The same again changes nothing; new credentials of one side are a restart of both.
    before = [sdp.media[0].attribute("ice-ufrag") for sdp in (offer, answer)]
    after = [sdp.media[0].attribute("ice-ufrag") for sdp in negotiate(callee, caller)]
    assert after == before[::-1]
    other = leg(service, f"{ICE} rtcp_mux={mux}")
    _, answer = negotiate(other, callee)
    assert answer.media[0].attribute("ice-ufrag") not in before
    await hears(other, callee)


async def test_a_candidate_that_works_in_place_of_an_address_that_does_not(service: MediaService) -> None:
    caller, callee = leg(service, ICE), leg(service, ICE)
    answer = callee.answer(caller.offer("127.0.0.1"), "127.0.0.1")
    assert callee.port is not None
    # The default candidate is somebody else's.
    caller.accept_answer(with_line(answer, f"m=audio {callee.port.rtp_port}", "m=audio 9"))
    await hears(caller, callee)


@pytest.mark.parametrize(("one", "other"), [(ICE, ""), ("", ICE)])
async def test_a_phone_without_ice(service: MediaService, one: str, other: str) -> None:
    caller, callee = leg(service, one), leg(service, other)
    _, answer = negotiate(caller, callee)
    assert answer.media[0].attribute("ice-ufrag") is None
    await hears(caller, callee)


async def test_nobody_answers_the_checks(service: MediaService) -> None:
    """Wrong credentials: nothing is sent."""
    caller, callee = leg(service, ICE), leg(service, ICE)
    answer = callee.answer(caller.offer("127.0.0.1"), "127.0.0.1")
    password = answer.media[0].attribute("ice-pwd")
    assert password is not None
    caller.accept_answer(with_line(answer, password, "x" * 22))
    assert caller.port is not None
    caller.port.start_tones([(440.0, 0.0, False, 0, False)])
    told = Told()
    caller.port.listener = told
    with pytest.raises(AssertionError):
        await until(lambda: any(address for address, _ in told.results), 1.0)
    assert caller.port.stats()["tx_packets"] == 0


async def test_what_rtp_conf_says(service: MediaService) -> None:
    rtp = conf("[ice_host_candidates]\n127.0.0.1 => 203.0.113.9\n")
    line, *_ = leg(service, ICE, rtp).offer("127.0.0.1").media[0].attribute_values("candidate")
    assert line.split()[4] == "203.0.113.9"
    rtp = conf("[ice_host_candidates]\n127.0.0.1 => 203.0.113.9,include_local_address\n")
    lines = leg(service, ICE, rtp).offer("127.0.0.1").media[0].attribute_values("candidate")
    assert [line.split()[4] for line in lines] == ["203.0.113.9", "127.0.0.1"] * 2
    off = leg(service, ICE, conf("[general]\nicesupport=no\n")).offer("127.0.0.1")
    assert off.media[0].attribute("ice-ufrag") is None
    bad = Problems()
    text = "[ice_host_candidates]\nlocalhost => 203.0.113.9\n127.0.0.1 => 203.0.113.9,both\n"
    read_rtp_conf(read_text(text, file="rtp.conf", problems=bad), bad)
    assert len(list(bad)) == 2


async def test_which_addresses_are_candidates_and_ask_servers(
    service: MediaService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """permit and deny, and every list of acl.conf that is named, must let an address pass."""
    (tmp_path / "acl.conf").write_text(
        "[office]\ndeny=0.0.0.0/0\npermit=192.0.2.0/24\n[dmz]\ndeny=192.0.2.7\n"
    )
    (tmp_path / "rtp.conf").write_text(
        "[general]\nice_deny=192.0.2.8\nice_acl=office,dmz\nstun_acl=dmz\nstun_deny=198.51.100.0/24\n"
    )
    snapshot = read_config(tmp_path)
    assert not snapshot.problems
    ours = ["192.0.2.6", "192.0.2.7", "192.0.2.8", "198.51.100.2"]
    assert [host for host in ours if snapshot.rtp.asks_from(host)] == ["192.0.2.6", "192.0.2.8"]
    monkeypatch.setattr("offhook.drivers.sip.leg_ice.local_addresses", lambda: ours)
    lines = leg(service, ICE, snapshot.rtp).offer("192.0.2.8").media[0].attribute_values("candidate")
    assert {line.split()[4] for line in lines if " host" in line} == {"192.0.2.6"}


@pytest.mark.parametrize("mux", ["no", "yes"])
@pytest.mark.parametrize("lite", [(True, False), (False, True), (True, True)])
async def test_a_lite_side_waits_for_checks(service: MediaService, lite: tuple[bool, bool], mux: str) -> None:
    legs = [
        leg(service, f"{ICE} rtcp_mux={mux}", conf("[general]\nice_lite=yes\n") if each else None)
        for each in lite
    ]
    for described, each in zip(negotiate(*legs), lite, strict=True):
        assert (("ice-lite", None) in described.attributes) is each
        assert described.media[0].attribute("candidate")
    await hears(*legs)
    # A re-INVITE the other way leaves all as it is.
    negotiate(*legs[::-1])
    await hears(*legs)


async def test_no_ice_is_not_lite(service: MediaService) -> None:
    rtp = conf("[general]\nice_lite=yes\n")
    offer = leg(service, "", rtp).offer("127.0.0.1")
    assert offer.attributes == leg(service, "").offer("127.0.0.1").attributes


async def test_addresses_of_this_machine() -> None:
    for address in local_addresses():
        assert not address.startswith(("127.", "169.254.", "fe80"))


async def test_webrtc_is_all_that_a_browser_needs(service: MediaService) -> None:
    offer = leg(service, "webrtc=yes").offer("127.0.0.1")
    line = offer.media[0]
    assert line.proto == "UDP/TLS/RTP/SAVPF"
    assert line.rtcp_mux
    assert offer.attribute("group") == f"BUNDLE {line.mid}"
    assert all(line.attribute(name) for name in ("ice-ufrag", "ice-pwd", "candidate", "fingerprint", "setup"))
    caller, callee = leg(service, "webrtc=yes"), leg(service, "webrtc=yes")
    _, answer = negotiate(caller, callee)
    assert answer.attribute("group") == f"BUNDLE {answer.media[0].mid}"
    await hears(caller, callee)
