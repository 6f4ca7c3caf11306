"""The addresses of this machine's network interfaces (Linux: rtnetlink, rtnetlink(7))."""

from __future__ import annotations

import ipaddress
import socket
import struct
import time

__all__ = ["local_addresses"]

_RTM_GETADDR = 22
_NLM_F_REQUEST_DUMP = 0x301
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_FRESH = 10.0  # seconds for which what was found counts
_known: list[tuple[float, tuple[str, ...]]] = []


def local_addresses() -> tuple[str, ...]:
    """IPv4 and IPv6 addresses of all interfaces that are up, loopback and link-local ones left out."""
    now = time.monotonic()
    if not _known or now - _known[0][0] > _FRESH:
        try:
            found = _ask()
        except OSError:  # no netlink here: who asks has an address of his own
            found = ()
        _known[:] = [(now, found)]
    return _known[0][1]


def _ask() -> tuple[str, ...]:
    found: list[str] = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(1.0)
        request = struct.pack("=IHHIIBxxxI", 24, _RTM_GETADDR, _NLM_F_REQUEST_DUMP, 1, 0, socket.AF_UNSPEC, 0)
        netlink.sendto(request, (0, 0))
        while True:
            data = netlink.recv(65536)
            while len(data) >= 16:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (_NLMSG_DONE, _NLMSG_ERROR) or length < 16:
                    return tuple(dict.fromkeys(found))
                address = _address(data[16:length])
                if address is not None and not (address.is_loopback or address.is_link_local):
                    found.append(str(address))
                data = data[length + 3 & ~3 :]


def _address(message: bytes) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Of one ifaddrmsg with its attributes; the local one where a point-to-point link has two."""
    attributes: dict[int, bytes] = {}
    rest = message[8:]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if length < 4:
            break
        attributes[kind] = rest[4:length]
        rest = rest[length + 3 & ~3 :]
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed is None or len(packed) not in (4, 16):
        return None
    return ipaddress.ip_address(packed)
