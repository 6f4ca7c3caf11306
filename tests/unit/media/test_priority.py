"""The priority of a port's packets (cos_audio), as the kernel has it."""

from __future__ import annotations

import os
import socket

from offhook._core import MediaEngine
from offhook.media.service import MediaService


def priority(descriptor: int) -> int:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        return copy.getsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY)


async def test_priority_of_both_sockets() -> None:
    service = MediaService(MediaEngine(workers=1))
    try:
        port = service.open_port("127.0.0.1", tos=0xB8, cos=5)
        assert [priority(each) for each in port.core.descriptors] == [5, 5]
        plain = service.open_port("127.0.0.1", rtcp=False)
        assert priority(plain.core.descriptors[0]) == 0
        assert plain.core.descriptors[1] == -1
        one, _ = service.open_pipe()
        assert list(one.core.descriptors) == [-1, -1]
    finally:
        service.close()
