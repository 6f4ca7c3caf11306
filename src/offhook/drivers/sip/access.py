"""Who may do what: identification, access lists and digest authentication of requests.

What a scanner learns: an unknown user, a wrong password and a forbidden address get the same answers
in the same order (401 with a challenge, then 403) as a known user with a wrong password does.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from offhook.drivers.sip.strangers import Strangers
from offhook.levels import logger_of
from offhook.sip.auth import Authenticator, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from offhook.config.pjsip import Auth, Endpoint, Global
    from offhook.drivers.sip.directory import Directory
    from offhook.sip.auth import AuthResult, Credential
    from offhook.sip.incoming import IncomingRequest

__all__ = ["Access", "AccessCounters"]

log = logging.getLogger(__name__)
security = logger_of("security")


class AccessCounters:
    """What access control counts."""

    __slots__ = ("accepted", "challenged", "denied_by_acl", "rejected", "unidentified")

    def __init__(self) -> None:
        self.accepted = 0
        self.challenged = 0
        self.rejected = 0
        self.denied_by_acl = 0
        self.unidentified = 0


class _NobodysCredentials:
    """The credential source of those who do not exist."""

    def credential(self, username: str, realm: str) -> Credential | None:
        """Part of CredentialSource: nobody."""
        return None


_NOBODY = _NobodysCredentials()


class Access:
    """Lets requests in, or answers them."""

    def __init__(
        self,
        directory: Directory,
        wall: Callable[[], float],
        secret: bytes,
        vouch: Callable[[str], None],
    ) -> None:
        """`vouch` is told the addresses whose requests were accepted (admission control)."""
        self.directory = directory
        self.counters = AccessCounters()
        self.strangers = Strangers()
        self.on_stranger: Callable[[Sequence[str]], None] | None = None
        """Told when somebody comes whom nothing identifies, and the endpoints' names that would."""
        self._vouch = vouch
        self._secret = secret
        self._authenticator = self._new_authenticator(directory.config.general, wall)
        self._wall = wall

    def _new_authenticator(self, general: Global, wall: Callable[[], float]) -> Authenticator:
        return Authenticator(
            wall,
            secret=self._secret,
            realm=general.default_realm,
            algorithms=tuple(name.upper() for name in general.default_auth_algorithms_uas),
        )

    def install(self, directory: Directory) -> None:
        """Use the next configuration; nonces that were given out stay good unless the realm changed."""
        before = self.directory.config.general
        self.directory = directory
        general = directory.config.general
        if (before.default_realm, before.default_auth_algorithms_uas) != (
            general.default_realm,
            general.default_auth_algorithms_uas,
        ):
            self._authenticator = self._new_authenticator(general, self._wall)

    def admit(self, request: IncomingRequest, *, authenticate: bool = True) -> Endpoint | None:
        """The endpoint that a request is from when it may go on; None when it has been answered."""
        directory = self.directory
        host = request.host
        if not directory.admits(host):
            self.counters.denied_by_acl += 1
            self._security("FailedACL", request, "", "type=acl")
            request.respond(403, forget=True)
            return None
        endpoint = self.identify(request)
        if endpoint is None or not directory.admits_to(endpoint, host):
            if endpoint is None:
                self.counters.unidentified += 1
                if self.strangers.came(host, self._wall(), directory.config.general):
                    self._security("InvalidAccountID", request, "", "no endpoint is identified by it")
                if self.on_stranger is not None:
                    self.on_stranger(_names(request))
            else:
                self.counters.denied_by_acl += 1
            self._refuse_stranger(request)
            return None
        if not authenticate or not endpoint.auth:
            self._vouch(host)
            return endpoint
        credentials = directory.credentials(endpoint)
        auth = credentials.first
        if auth is None:
            self._refuse_stranger(request)  # its auth sections were left out for their mistakes
            return None
        realm, algorithms = self._terms(auth)
        result = self._authenticator.authenticate(
            request.message,
            credentials,
            realm=realm,
            algorithms=algorithms,
            nonce_lifetime=auth.nonce_lifetime,
        )
        if result.outcome is Outcome.ACCEPTED:
            self.counters.accepted += 1
            self._vouch(host)
            return endpoint
        self._answer(request, result, realm, algorithms)
        return None

    def identify(self, request: IncomingRequest) -> Endpoint | None:
        """The endpoint that a request comes from, None for a stranger; its answers go where that wants them.

        Strangers' answers go to the source, as those of an endpoint without options.
        """
        endpoint = self.directory.identify(request)
        request.to_source = endpoint is None or endpoint.force_rport
        return endpoint

    def _terms(self, auth: Auth) -> tuple[str, tuple[str, ...]]:
        general = self.directory.config.general
        algorithms = auth.supported_algorithms_uas or general.default_auth_algorithms_uas
        return auth.realm or general.default_realm, tuple(name.upper() for name in algorithms)

    def _refuse_stranger(self, request: IncomingRequest) -> None:
        """The answers that somebody with a wrong password gets."""
        general = self.directory.config.general
        algorithms = tuple(name.upper() for name in general.default_auth_algorithms_uas)
        result = self._authenticator.authenticate(request.message, _NOBODY)
        self._answer(request, result, general.default_realm, algorithms)

    def _answer(
        self, request: IncomingRequest, result: AuthResult, realm: str, algorithms: tuple[str, ...]
    ) -> None:
        if result.outcome is Outcome.REJECTED:
            self.counters.rejected += 1
            self._security("ChallengeResponseFailed", request, result.username, result.why)
            request.respond(403, forget=True)
            return
        self.counters.challenged += 1
        headers = self._authenticator.challenge(
            realm=realm, algorithms=algorithms, stale=result.outcome is Outcome.STALE
        )
        # Answered and forgotten (RFC 3261 8.2.7): a challenge keeps no state, so that a flood fills no
        # memory.  One that is lost is asked for again by the repeated request.
        request.respond(401, headers=headers, forget=True)

    def _security(self, event: str, request: IncomingRequest, username: str, why: str) -> None:
        """One line in the form of Asterisk's security log, as fail2ban's filter for Asterisk reads it."""
        if not security.isEnabledFor(logging.WARNING):
            return
        flow = request.arrived_by
        transport = flow.transport if flow is not None else "UDP"
        local = _address(transport, flow.local_host, flow.local_port) if flow is not None else ""
        now = self._wall()
        security.warning(
            'SecurityEvent="%s",EventTV="%s.%03d+0000",Severity="Error",Service="PJSIP",EventVersion="1",'
            'AccountID="%s",SessionID="%s",LocalAddress="%s",RemoteAddress="%s",Method="%s",Reason="%s"',
            event,
            time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)),
            int(now % 1 * 1000),
            _clean(username or (request.message.from_.uri.user or "")),
            _clean(request.message.call_id),
            local,
            _address(transport, request.host, request.port),
            _clean(request.message.method),
            why,
        )


def _names(request: IncomingRequest) -> tuple[str, ...]:
    """The names of endpoints that would be meant by From."""
    uri = request.message.from_.uri
    return (f"{uri.user}@{uri.host}", uri.user) if uri.user else ()


def _address(transport: str, host: str, port: int) -> str:
    return f"IPV{6 if ':' in host else 4}/{transport}/{host}/{port}"


def _clean(text: str) -> str:
    """Text from outside in a log line: no line breaks, no quotes, not endless."""
    return "".join(char for char in text[:80] if char.isprintable() and char != '"')
