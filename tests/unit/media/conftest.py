"""An engine on a free range of ports, and two phones."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from rtp_phone import Phone, queued

from offhook._core import MediaEngine


@pytest.fixture
def engine() -> Iterator[MediaEngine]:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        start = min(probe.getsockname()[1], 60_000)
    engine = MediaEngine(workers=2, rtp_start=start, rtp_end=start + 2000)
    yield engine
    engine.close()
    queued.pop(id(engine), None)


@pytest.fixture
def phones() -> Iterator[tuple[Phone, Phone]]:
    pair = (Phone(), Phone())
    yield pair
    for phone in pair:
        phone.close()
