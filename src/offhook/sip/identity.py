"""Who a party is, as SIP headers say it.

P-Asserted-Identity (RFC 3325), Remote-Party-ID (draft-ietf-sip-privacy-04, still common), Privacy
(RFC 3323), Diversion (RFC 5806) and History-Info (RFC 7044): read into `PartyIdentity` and
`Redirection`, and built from them.  Whom to trust is decided above.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from offhook._core import NameAddr, SipParseError, Uri

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = [
    "ANONYMOUS_FROM",
    "IdentitySource",
    "PartyIdentity",
    "Redirection",
    "anonymous_uri",
    "asserted_headers",
    "caller_identity",
    "connected_identity",
    "diversion_header",
    "diversions",
    "history",
    "history_headers",
    "originating_line",
    "privacy_of",
    "remote_party_header",
]

_GLOBAL_NUMBER = re.compile(r"\+?[0-9*#().\-]+\Z")
_SEPARATORS = str.maketrans("", "", "().-")
_HIDING = ("id", "user", "header")  # values of Privacy that withhold the identity

# From of a caller who withholds its identity (RFC 3323 section 4.1.1.3).
ANONYMOUS_FROM = '"Anonymous" <sip:anonymous@anonymous.invalid>'


class IdentitySource(Enum):
    """Which header an identity is from, in falling order of weight."""

    ASSERTED = "P-Asserted-Identity"
    REMOTE_PARTY = "Remote-Party-ID"
    FROM = "From"
    TO = "To"


@dataclass(frozen=True, slots=True)
class PartyIdentity:
    """A party as a header names it."""

    uri: Uri
    name: str = ""
    private: bool = False  # not to be shown to the other party
    screened: bool = False  # the sender vouches for it: asserted, or Remote-Party-ID with screen=yes
    source: IdentitySource = IdentitySource.FROM

    @property
    def number(self) -> str:
        """The user part, or a tel URI's number, without its visual separators and parameters."""
        user = (self.uri.user or "").partition(";")[0]
        return user.translate(_SEPARATORS) if _GLOBAL_NUMBER.match(user) else user

    @property
    def anonymous(self) -> bool:
        """Whether it says nobody (RFC 3323 section 4.1.1.3)."""
        return self.uri.host.lower() == "anonymous.invalid" or (self.uri.user or "").lower() == "anonymous"


def privacy_of(message: Message) -> frozenset[str]:
    """The values of Privacy (RFC 3323 section 4.2), in lower case."""
    line = message.get("Privacy")
    if line is None:
        return frozenset()
    return frozenset(value for part in line.lower().replace(",", ";").split(";") if (value := part.strip()))


def connected_identity(message: Message) -> PartyIdentity | None:
    """What P-Asserted-Identity or else Remote-Party-ID says; None for neither, and for what is malformed."""
    try:
        if message.get("P-Asserted-Identity") is not None:
            asserted = message.addresses("P-Asserted-Identity")
            # Of a SIP and a tel URI the SIP one has the display name and the domain.
            chosen = next((one for one in asserted if one.uri.scheme in ("sip", "sips")), None)
            if chosen is None and asserted:
                chosen = asserted[0]
            if chosen is not None:
                private = not privacy_of(message).isdisjoint(_HIDING)
                return PartyIdentity(
                    chosen.uri, chosen.display_name or "", private, True, IdentitySource.ASSERTED
                )
        if message.get("Remote-Party-ID") is not None:
            for party in message.addresses("Remote-Party-ID"):
                privacy = (party.param("privacy") or "off").lower()
                screen = (party.param("screen") or "no").lower()
                return PartyIdentity(
                    party.uri,
                    party.display_name or "",
                    privacy not in ("off", ""),
                    screen == "yes",
                    IdentitySource.REMOTE_PARTY,
                )
    except SipParseError:
        return None
    return None


def caller_identity(request: Message, *, trusted: bool) -> PartyIdentity:
    """Who calls: the asserted identity when the sender is trusted, else From."""
    if trusted:
        identity = connected_identity(request)
        if identity is not None:
            return identity
    caller = request.from_
    private = not privacy_of(request).isdisjoint(_HIDING)
    return PartyIdentity(caller.uri, caller.display_name or "", private)


def originating_line(request: Message) -> int:
    """The ANI II digits that From has as `isup-oli`, in its URI or beside it; 0 for none."""
    try:
        caller = request.from_
    except SipParseError:
        return 0
    for name in ("isup-oli", "ss7-oli", "oli"):
        digits = caller.param(name) or caller.uri.param(name) or ""
        if digits.isascii() and digits.isdigit() and len(digits) <= 4:
            return int(digits)
    return 0


def anonymous_uri() -> Uri:
    """The URI of a caller who withholds his identity."""
    return Uri("sip", "anonymous.invalid", user="anonymous")


def asserted_headers(identity: PartyIdentity) -> list[tuple[str, str]]:
    """P-Asserted-Identity, with `Privacy: id` when the identity is private (RFC 3325 section 9.3)."""
    headers = [("P-Asserted-Identity", str(NameAddr(identity.uri, display_name=identity.name or None)))]
    if identity.private:
        headers.append(("Privacy", "id"))
    return headers


def remote_party_header(identity: PartyIdentity, *, calling: bool) -> tuple[str, str]:
    """Remote-Party-ID of the calling or the called party."""
    params = [
        ("party", "calling" if calling else "called"),
        ("privacy", "full" if identity.private else "off"),
        ("screen", "yes" if identity.screened else "no"),
    ]
    return "Remote-Party-ID", str(NameAddr(identity.uri, display_name=identity.name or None, params=params))


# ---------------------------------------------------------------- redirections


@dataclass(frozen=True, slots=True)
class Redirection:
    """One diversion of a call on its way: who diverted it and why."""

    party: PartyIdentity
    reason: str = "unknown"  # unconditional, user-busy, no-answer, unavailable, deflection, follow-me ...
    counter: int = 1


def diversions(message: Message) -> list[Redirection]:
    """Diversion (RFC 5806): the latest first.  Entries that cannot be read end the list."""
    found: list[Redirection] = []
    if message.get("Diversion") is None:
        return found
    try:
        for entry in message.addresses("Diversion"):
            counter = entry.param("counter") or ""
            found.append(
                Redirection(
                    PartyIdentity(
                        entry.uri,
                        entry.display_name or "",
                        (entry.param("privacy") or "off").lower() not in ("off", ""),
                        (entry.param("screen") or "no").lower() == "yes",
                    ),
                    (entry.param("reason") or "unknown").strip('"').lower(),
                    int(counter) if counter.isascii() and counter.isdigit() and len(counter) < 4 else 1,
                )
            )
    except SipParseError:
        pass
    return found


def diversion_header(redirections: Sequence[Redirection]) -> tuple[str, str]:
    """Diversion, the latest first."""
    return "Diversion", ", ".join(
        str(
            NameAddr(
                one.party.uri,
                display_name=one.party.name or None,
                params=[
                    ("reason", one.reason),
                    ("counter", str(one.counter)),
                    ("privacy", "full" if one.party.private else "off"),
                    ("screen", "yes" if one.party.screened else "no"),
                ],
            )
        )
        for one in redirections
    )


# RFC 7044 has the status that led on to the next target as a Reason inside the URI.
_STATUS_OF_REASON = {
    "unconditional": 302,
    "user-busy": 486,
    "no-answer": 408,
    "unavailable": 503,
    "do-not-disturb": 600,
    "deflection": 487,
    "out-of-service": 404,
}
_REASON_OF_STATUS = {status: reason for reason, status in _STATUS_OF_REASON.items()}
_STATUS_IN_REASON = re.compile(r"cause\s*=\s*(\d{3})", re.IGNORECASE)


def history(message: Message) -> list[Redirection]:
    """History-Info (RFC 7044): the targets the call was diverted from, the latest first.

    An entry counts as diverted when its URI gives a Reason; the last entry is the present target.
    """
    found: list[Redirection] = []
    if message.get("History-Info") is None:
        return found
    try:
        for entry in message.addresses("History-Info"):
            headers = {name.lower(): value for name, value in entry.uri.headers()}
            why = headers.get("reason")
            if why is None:
                continue
            cause = _STATUS_IN_REASON.search(why)
            reason = _REASON_OF_STATUS.get(int(cause[1]), "unknown") if cause else "unknown"
            private = any(value in headers.get("privacy", "").lower() for value in ("history", *_HIDING))
            found.append(
                Redirection(
                    PartyIdentity(entry.uri.without_headers(), entry.display_name or "", private), reason
                )
            )
    except SipParseError:
        pass
    found.reverse()
    return found


def history_headers(redirections: Sequence[Redirection], target: Uri | None) -> list[tuple[str, str]]:
    """History-Info for a call that goes to `target` after these redirections (the latest first), a line each.

    Without `target`: where it goes now is not known, or the receiver's own business.
    """
    entries: list[tuple[str, str]] = []
    index = "1"
    for one in reversed(redirections):
        status = _STATUS_OF_REASON.get(one.reason, 302)
        privacy = "&Privacy=history" if one.party.private else ""
        uri = f"{one.party.uri.without_headers()}?Reason=SIP%3Bcause%3D{status}{privacy}"
        name = str(NameAddr(Uri.parse(uri), display_name=one.party.name or None))
        entries.append(("History-Info", f"{name};index={index}"))
        index += ".1"
    if target is not None:
        entries.append(("History-Info", f"<{target.without_headers()}>;index={index}"))
    return entries
