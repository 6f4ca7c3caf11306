"""Digest authentication, the client's side: answers challenges, and keeps nonces to save round trips.

One `ClientAuth` belongs to one set of credentials (a trunk, a registration, a phone of `offhook dial`).
It implements `offhook.sip.outgoing.Authorizer`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from offhook._core import Message, digest_response, quote_string
from offhook.sip.digest import ALGORITHMS, Secret, Secrets, parse_digest, split_challenges

__all__ = ["ClientAuth", "ClientCredential"]

_FIRST_NC = "00000001"


@dataclass(frozen=True, slots=True)
class ClientCredential:
    """A user name with its password or digests; realm "" or "*" answers any realm."""

    username: str
    secrets: Secrets
    realm: str = ""
    algorithms: tuple[str, ...] = ALGORITHMS  # what may be answered (supported_algorithms_uac), upper case


@dataclass(slots=True)
class _Session:
    """A challenge that was answered, and how often."""

    credential: ClientCredential
    algorithm: str
    secret: Secret
    realm: str
    nonce: str
    opaque: str | None
    qop: bool
    named: bool  # the challenge named its algorithm
    nc: int = 0


class ClientAuth:
    """Answers 401 and 407 for a set of credentials."""

    __slots__ = ("_cnonce", "_credentials", "_sessions")

    def __init__(
        self, credentials: Sequence[ClientCredential], *, cnonce: Callable[[], str] | None = None
    ) -> None:
        self._credentials = tuple(credentials)
        self._cnonce = cnonce or (lambda: os.urandom(8).hex())
        self._sessions: dict[tuple[str, str], _Session] = {}  # by header name and realm

    def prepare(self, message: Message) -> None:
        """Add credentials ahead of a challenge for each realm whose nonce allows it (qop, so nc counts)."""
        for (header, _), session in self._sessions.items():
            if session.qop:
                message.add(header, self._answer(session, message))

    def authorize(self, message: Message, response: Message) -> bool:
        """Put answers to the challenges of `response` into `message` (which is sent with a new CSeq).

        False when there is no credential for a realm, no algorithm in common, or the answer to this very
        challenge has been refused (a wrong password: asking again would only lock the account).
        """
        found = self._challenges(response)
        if not found:
            return False
        chosen: list[tuple[str, _Session]] = []
        for (header, realm), challenges in found.items():
            if self._refused(message, header, realm, challenges[0]):
                self._sessions.pop((header, realm), None)
                return False
            session = self._choose(realm, challenges)
            if session is None:
                return False
            chosen.append((header, session))
        for header in {header for header, _ in chosen}:
            message.remove(header)
        for header, session in chosen:
            self._sessions[header, session.realm] = session
            message.add(header, self._answer(session, message))
        return True

    def accepted(self, response: Message) -> None:
        """Learn nextnonce (RFC 7616 3.5)."""
        for info, header in (
            ("Authentication-Info", "Authorization"),
            ("Proxy-Authentication-Info", "Proxy-Authorization"),
        ):
            value = response.get(info)
            if value is None:
                continue
            params = parse_digest("Digest " + value)
            nonce = params.get("nextnonce") if params else None
            if nonce:
                for (name, _), session in self._sessions.items():
                    if name == header:
                        session.nonce = nonce
                        session.nc = 0

    def forget(self) -> None:
        """Drop all nonces (the server has changed)."""
        self._sessions.clear()

    # ------------------------------------------------------------

    @staticmethod
    def _challenges(response: Message) -> dict[tuple[str, str], list[dict[str, str]]]:
        found: dict[tuple[str, str], list[dict[str, str]]] = {}
        for asked, answer in (
            ("WWW-Authenticate", "Authorization"),
            ("Proxy-Authenticate", "Proxy-Authorization"),
        ):
            for line in response.get_all(asked):
                for challenge in split_challenges(line):
                    params = parse_digest(challenge)
                    if params is not None and "nonce" in params:
                        found.setdefault((answer, params.get("realm", "")), []).append(params)
        return found

    @staticmethod
    def _refused(message: Message, header: str, realm: str, challenge: Mapping[str, str]) -> bool:
        """Whether `message` already had an answer to a fresh challenge of this realm, and it was not good."""
        if challenge.get("stale", "").lower() == "true":
            return False
        for line in message.get_all(header):
            params = parse_digest(line)
            # A later nc was sent ahead of any challenge: its nonce may just have been too old.
            if (
                params is not None
                and params.get("realm") == realm
                and params.get("nc", _FIRST_NC) == _FIRST_NC
            ):
                return True
        return False

    def _choose(self, realm: str, challenges: Sequence[Mapping[str, str]]) -> _Session | None:
        """The strongest challenge that a credential can answer."""
        for algorithm in ALGORITHMS:
            for challenge in challenges:
                if challenge.get("algorithm", "MD5").upper() != algorithm:
                    continue
                options = [option.strip().lower() for option in challenge.get("qop", "").split(",")]
                if options != [""] and "auth" not in options:
                    continue  # auth-int only
                credential = self._credential(realm)
                if credential is None or algorithm not in credential.algorithms:
                    continue
                secret = credential.secrets.of(algorithm)
                if secret is not None:
                    return _Session(
                        credential=credential,
                        algorithm=algorithm,
                        secret=secret,
                        realm=realm,
                        nonce=challenge["nonce"],
                        opaque=challenge.get("opaque"),
                        qop="auth" in options,
                        named="algorithm" in challenge,
                    )
        return None

    def _credential(self, realm: str) -> ClientCredential | None:
        anywhere = None
        for credential in self._credentials:
            if credential.realm == realm:
                return credential
            if credential.realm in ("", "*") and anywhere is None:
                anywhere = credential
        return anywhere

    def _answer(self, session: _Session, message: Message) -> str:
        session.nc += 1
        nc = f"{session.nc:08x}" if session.qop else ""
        cnonce = self._cnonce() if session.qop else ""
        uri = message.uri
        response = digest_response(
            session.algorithm,
            session.credential.username,
            session.realm,
            session.secret.text,
            message.method,
            uri,
            session.nonce,
            nc if session.qop else None,
            cnonce if session.qop else None,
            "auth" if session.qop else None,
            is_ha1=session.secret.is_ha1,
        )
        parts = [
            f"Digest username={quote_string(session.credential.username)}",
            f"realm={quote_string(session.realm)}",
            f"nonce={quote_string(session.nonce)}",
            f'uri="{uri}"',
            f'response="{response}"',
        ]
        if session.named:
            parts.append(f"algorithm={session.algorithm}")
        if session.qop:
            parts.append(f'qop=auth,nc={nc},cnonce="{cnonce}"')
        if session.opaque is not None:
            parts.append(f"opaque={quote_string(session.opaque)}")
        return ",".join(parts)
