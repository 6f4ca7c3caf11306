"""Encrypted audio with baresip: SDES both ways, mandatory and optional, beside a leg in the clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from baresip import Baresip, tone_file
from program import Program, wait_for

import audio

MakePhone = Callable[..., Baresip]
MakeOffice = Callable[..., Program]

TONES = {"6001": 1000.0, "6002": 620.0}


def phone(
    office: Program, make_phone: MakePhone, folder: Path, user: str, account: str, module: str
) -> Baresip:
    """A phone that plays its tone."""
    return make_phone(
        office,
        user,
        source=tone_file(folder / f"{user}.wav", audio.silence(500), audio.sine(TONES[user], 4000, -13)),
        account=account,
        settings={"module": module} if module else None,
    )


def both_hear(caller: Baresip, callee: Baresip) -> None:
    """A call in which each hears the other's tone, clean; then it ends."""
    caller.dial(callee.user)
    callee.expect("CALL_INCOMING")
    callee.accept()
    callee.expect("CALL_ESTABLISHED")
    caller.expect("CALL_ESTABLISHED")
    wait_for("audio", lambda: min(len(one.heard()) for one in (caller, callee)) > 2.5 * audio.RATE, 12)
    caller.hangup()
    callee.expect("CALL_CLOSED")
    for talker, listener in ((caller, callee), (callee, caller)):
        report = audio.measure_tone(listener.heard(), TONES[talker.user])
        assert report.found, f"{listener.user} does not hear {talker.user}: {report}"
        assert abs(report.level_dbm0 + 13) < 1, report
        assert report.noise_dbm0 < -40, report
        assert not report.gaps, report


@pytest.mark.parametrize("encryption", ["srtp", "srtp-mand"])
def test_sdes_on_one_leg(
    make_office: MakeOffice, make_phone: MakePhone, folder: Path, encryption: str
) -> None:
    """A phone with SRTP and one without, each calls the other."""
    office = make_office(changes={"[6001](phone)\n": "[6001](phone)\nmedia_encryption=sdes\n"})
    secure = phone(office, make_phone, folder, "6001", f";mediaenc={encryption}", "srtp.so")
    plain = phone(office, make_phone, folder, "6002", "", "")
    both_hear(secure, plain)
    both_hear(plain, secure)
    assert "SRTP is Enabled" in secure.log()
    assert "SRTP is Enabled" not in plain.log()


def test_sdes_on_both_legs_and_hold(make_office: MakeOffice, make_phone: MakePhone, folder: Path) -> None:
    """Two keys, one call; a re-INVITE in the middle."""
    office = make_office(
        changes={
            f"[{user}](phone)\n": f"[{user}](phone)\nmedia_encryption=sdes\nrtcp_mux=yes\nsrtp_tag_32=yes\n"
            for user in ("6001", "6002")
        }
    )
    phones = [
        phone(office, make_phone, folder, user, ";mediaenc=srtp-mand;rtcp_mux=yes", "srtp.so")
        for user in TONES
    ]
    both_hear(*phones)
    caller, callee = phones
    caller.dial("6002")
    callee.expect("CALL_INCOMING")
    callee.accept()
    callee.expect("CALL_ESTABLISHED")

    def hears(pitch: float) -> bool:
        return audio.measure_tone(callee.heard()[-audio.RATE // 2 :], pitch).found

    wait_for("the caller's tone", lambda: hears(TONES["6001"]), 8)
    caller.command("hold")
    wait_for("music", lambda: len(callee.heard()) > 0 and not hears(TONES["6001"]), 8)
    caller.command("resume")
    wait_for("the caller's tone after the hold", lambda: hears(TONES["6001"]), 8)
    caller.hangup()
    callee.expect("CALL_CLOSED")
    assert "AES_CM_128_HMAC_SHA1_32" in callee.log()


@pytest.mark.parametrize("setup", ["actpass", "active", "passive"])
def test_dtls_on_one_leg(make_office: MakeOffice, make_phone: MakePhone, folder: Path, setup: str) -> None:
    """Keys by a handshake, whoever begins it, beside a leg in the clear."""
    options = (
        f"media_encryption=dtls\ndtls_setup={setup}\ndtls_verify=fingerprint\nrtcp_mux=yes\nuse_avpf=yes\n"
    )
    office = make_office(changes={"[6001](phone)\n": f"[6001](phone)\n{options}"})
    secure = phone(office, make_phone, folder, "6001", ";mediaenc=dtls_srtp;rtcp_mux=yes", "dtls_srtp.so")
    plain = phone(office, make_phone, folder, "6002", "", "")
    both_hear(secure, plain)
    both_hear(plain, secure)
    assert "DTLS-SRTP complete" in secure.log()
    assert "WARNING" not in office.log().partition("is ready")[2]


def test_what_is_not_encrypted_is_refused(
    make_office: MakeOffice, make_phone: MakePhone, folder: Path
) -> None:
    """488 both ways round, and the log says why."""
    office = make_office(changes={"[6001](phone)\n": "[6001](phone)\nmedia_encryption=sdes\n"})
    plain = phone(office, make_phone, folder, "6001", "", "")
    secure = phone(office, make_phone, folder, "6002", ";mediaenc=srtp-mand", "srtp.so")
    plain.dial("6002")
    assert "488" in str(plain.expect("CALL_CLOSED").get("param"))
    assert "RTP/AVP without a key, but media_encryption is sdes" in office.log()
    secure.dial("6001")
    assert "488" in str(secure.expect("CALL_CLOSED").get("param"))
    assert "it offers RTP/SAVP, but media_encryption is no" in office.log()
