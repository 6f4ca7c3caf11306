"""Bodies of several parts: written, and what of them must be understood (RFC 5621)."""

from __future__ import annotations

import pytest

from offhook._core import Message
from offhook.sip.multipart import multipart, required_types
from offhook.sip.offer_answer import has_foreign_body

HEAD = (
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:a@b>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\n"
)


def message(kind: str, body: bytes) -> Message:
    return Message.parse(f"{HEAD}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def mixed(*parts: str) -> Message:
    body = "".join(f"--x1\r\n{part}\r\n" for part in parts) + "--x1--\r\n"
    return message("multipart/mixed;boundary=x1", body.encode())


SDP = "Content-Type: application/sdp\r\n\r\nv=0"
ISUP = "Content-Type: application/ISUP;version=itu-t92+\r\n"


@pytest.mark.parametrize(
    ("part", "foreign"),
    [
        (f"{ISUP}Content-Disposition: signal;handling=required\r\n\r\nx", True),
        (f"{ISUP}Content-Disposition: signal; handling = REQUIRED\r\n\r\nx", True),
        (f"{ISUP}Content-Disposition: signal;handling=optional\r\n\r\nx", False),
        (f"{ISUP}\r\nContent-Disposition: signal;handling=required", False),
        ("\r\n", False),
        ("", False),
    ],
)
def test_what_must_be_understood(part: str, foreign: bool) -> None:
    assert has_foreign_body(mixed(SDP, part)) is foreign
    assert has_foreign_body(mixed(part, SDP)) is foreign


def test_a_description_is_understood() -> None:
    required = SDP.replace("\r\n\r\n", "\r\nContent-Disposition: session;handling=required\r\n\r\n")
    assert list(required_types(mixed(required))) == ["application/sdp"]
    assert not has_foreign_body(mixed(required))


def test_without_a_boundary_nothing_is_required() -> None:
    assert (
        list(required_types(message("multipart/mixed", b"--x\r\nContent-Disposition: a;handling=required")))
        == []
    )


def test_what_is_written_is_read() -> None:
    kind, body = multipart([("application/sdp", b"v=0\r\n"), ("text/xml", b"<a/>")])
    written = message(kind, body)
    assert list(written.parts()) == [("application/sdp", b"v=0\r\n"), ("text/xml", b"<a/>")]
    assert not has_foreign_body(written)
