"""The node's own addresses as others see them: routes, what is beyond the NAT, marks on sockets."""

import contextlib
import ipaddress
import socket

__all__ = ["BeyondNat", "IpNetwork", "SourceAddresses", "mark"]

_REMEMBERED = 4096  # answers kept; the addresses of strangers must not fill the memory

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class SourceAddresses:
    """Which local address the kernel would send from, by remote address."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def towards(self, remote: str) -> str:
        """The local address from which the kernel would send to `remote`; "" when there is none."""
        found = self._known.get(remote)
        if found is not None:
            return found
        family = socket.AF_INET6 if ":" in remote else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((remote, 9))  # sends nothing: asks the routing table
                found = str(probe.getsockname()[0])
        except (OSError, UnicodeError):
            found = ""
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[remote] = found
        return found

    def instead_of(self, bound: str) -> str:
        """`bound` itself, or for a wildcard the address of the default route (loopback without one)."""
        if bound == "0.0.0.0":
            return self.towards("192.0.2.1") or "127.0.0.1"
        if bound == "::":
            return self.towards("2001:db8::1") or "::1"
        return bound

    def clear(self) -> None:
        """Forget all: addresses or routes may have changed."""
        self._known.clear()


class BeyondNat:
    """Whether an address is outside the local networks (Asterisk's local_net)."""

    __slots__ = ("_known", "_local_nets")

    def __init__(self, local_nets: tuple[IpNetwork, ...]) -> None:
        self._local_nets = local_nets
        self._known: dict[str, bool] = {}

    def __call__(self, remote: str) -> bool:
        """Whether this literal address is beyond the NAT."""
        known = self._known.get(remote)
        if known is None:
            try:
                address = ipaddress.ip_address(remote.partition("%")[0])
                known = not any(address in net for net in self._local_nets if net.version == address.version)
            except ValueError:
                known = True
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[remote] = known
        return known


def mark(sock: socket.socket, tos: int, cos: int) -> None:
    """Set TOS and COS.  Failing at COS (it needs a privilege above 6) is no reason not to start."""
    if tos:
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, tos)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, tos)
    if cos:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, cos)
