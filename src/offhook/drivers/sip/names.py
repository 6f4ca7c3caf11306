"""Host names in `match` of type=identify: looked up, and looked up again, so that a trunk may move.

Requests are identified by address without waiting for the DNS; until the first answer is there, a peer that
is named only is a stranger.
"""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from offhook._core import Uri
from offhook.sip.resolver import ResolveError

if TYPE_CHECKING:
    from offhook.drivers.sip.directory import Directory
    from offhook.sip.network import Network, Timer
    from offhook.sip.resolver import Lookup, Target

__all__ = ["IdentifyNames"]

log = logging.getLogger(__name__)

_AGAIN_AFTER_FAILURE = 30.0


class IdentifyNames:
    """Keeps the addresses of a directory's names up to date."""

    def __init__(self, network: Network, resolver: Lookup) -> None:
        self._network = network
        self._resolver = resolver
        self._directory: Directory | None = None
        self._timer: Timer | None = None
        self.interval: float | None = 300.0
        """Seconds after which names are looked up again; None: not, unless that failed."""

    def look_again_after(self, seconds: float | None) -> None:
        """Change `interval` (dnsmgr.conf).  The resolver keeps to the TTLs, so most of these ask nobody."""
        if seconds == self.interval:
            return
        self.interval = seconds
        if self._directory is None:
            return
        if seconds is not None:
            self._again_in(seconds)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def names(self) -> dict[str, tuple[str, ...]]:
        """Each name that is looked up, and its addresses as they are known now, sorted."""
        directory = self._directory
        if directory is None:
            return {}
        return {name: directory.addresses_of(name) for name, _, _ in sorted(directory.names_to_resolve)}

    def refresh(self, pattern: str = "*") -> int:
        """Look up names (fnmatch) now; how many those are."""
        directory = self._directory
        if directory is None:
            return 0
        asked = {name for name, _, _ in directory.names_to_resolve if fnmatchcase(name, pattern)}
        self._ask_for(directory, asked)
        return len(asked)

    def watch(self, directory: Directory) -> None:
        """From now on look up the names of this directory."""
        self.close()
        if directory.names_to_resolve:
            self._directory = directory
            self._look_up()

    def close(self) -> None:
        """Look up nothing any more."""
        self._directory = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_up(self) -> None:
        directory = self._directory
        if directory is None:
            return
        if self.interval is not None:
            self._again_in(self.interval)
        self._ask_for(directory, {name for name, _, _ in directory.names_to_resolve})

    def _ask_for(self, directory: Directory, names: set[str]) -> None:
        for name, endpoint, by_service in directory.names_to_resolve:
            if name not in names:
                continue
            # With a port it is A and AAAA; without, what a call there would use (RFC 3263: NAPTR, SRV).
            uris = [Uri("sip", name, port=5060)]
            if by_service:
                uris.append(Uri("sip", name))
            for uri in uris:
                self._ask(directory, name, endpoint, uri)

    def _ask(self, directory: Directory, name: str, endpoint: str, uri: Uri) -> None:
        def done(found: list[Target] | ResolveError) -> None:
            if self._directory is not directory:
                return
            if isinstance(found, ResolveError):
                log.log(
                    # Many domains have an address or SRV records, not both.
                    logging.WARNING if uri.port is not None else logging.DEBUG,
                    "identify: %s (endpoint %s) cannot be looked up: %s",
                    name,
                    endpoint,
                    found,
                )
                self._again_in(_AGAIN_AFTER_FAILURE)
            else:
                key = (name, endpoint, uri.port is None)
                directory.set_addresses(key, [target.host for target in found])

        known = self._resolver.lookup(uri, done)
        if known is not None:
            done(known)

    def _again_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._network.call_at(self._network.now() + seconds, self._look_up)
