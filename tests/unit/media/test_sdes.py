"""Keys in session descriptions: what is read, and what is passed over."""

from __future__ import annotations

import base64

import pytest

from offhook._core import CRYPTO_SUITES
from offhook.media.sdes import AES_128_80, CryptoError, CryptoLine, acceptable, new_line

KEY = base64.b64encode(bytes(range(30))).decode()


@pytest.mark.parametrize("suite", sorted(CRYPTO_SUITES))
def test_a_line_is_read_as_it_was_written(suite: str) -> None:
    line = new_line(7, suite)
    assert CryptoLine.parse(line.value) == line
    assert new_line(7, suite).key != line.key
    assert base64.b64encode(line.key).decode() not in repr(line)


@pytest.mark.parametrize(
    "text",
    [
        f"1 {AES_128_80} inline:{KEY}",
        f"1 {AES_128_80} INLINE:{KEY}|2^20",
        f"1   {AES_128_80}   inline:{KEY}|1048576",
    ],
)
def test_ways_to_write_a_key(text: str) -> None:
    assert CryptoLine.parse(text) == CryptoLine(1, AES_128_80, bytes(range(30)))


def test_a_key_without_its_padding() -> None:
    line = new_line(1, "AEAD_AES_128_GCM")
    assert CryptoLine.parse(line.value.rstrip("=")) == line


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not"),
        (f"1 {AES_128_80}", "is not"),
        (f"x {AES_128_80} inline:{KEY}", "tag"),
        (f"1234567890 {AES_128_80} inline:{KEY}", "tag"),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", "not known"),
        (f"1 {AES_128_80} file:{KEY}", "key method"),
        (f"1 {AES_128_80} inline:{KEY}|2^20|1:4", "MKI"),
        (f"1 {AES_128_80} inline:{KEY}|1:4", "MKI"),
        (f"1 {AES_128_80} inline:{KEY}|2^x", "lifetime"),
        (f"1 {AES_128_80} inline:{KEY};inline:{KEY}", "several"),
        (f"1 {AES_128_80} inline:{KEY} UNENCRYPTED_SRTP", "session parameter"),
        (f"1 {AES_128_80} inline:{KEY[:-4]}", "30 bytes"),
        (f"1 {AES_128_80} inline:{KEY[:-1]}!", "base64"),
        (f"1 {AES_128_80} inline:\N{SUPERSCRIPT TWO}{KEY}", "base64"),
        (f"\N{SUPERSCRIPT TWO} {AES_128_80} inline:{KEY}", "tag"),
    ],
)
def test_what_cannot_be_used(text: str, why: str) -> None:
    with pytest.raises(CryptoError, match=why):
        CryptoLine.parse(text)


def test_the_first_that_can_be_used() -> None:
    lines = [
        f"1 F8_128_HMAC_SHA1_80 inline:{KEY}",
        f"2 {AES_128_80} inline:{KEY}",
        new_line(3, AES_128_80).value,
    ]
    found, _ = acceptable(lines)
    assert found is not None
    assert found.tag == 2
    assert acceptable([]) == (None, "there is no a=crypto line")
    assert acceptable(lines[:1]) == (None, "the crypto suite F8_128_HMAC_SHA1_80 is not known")
