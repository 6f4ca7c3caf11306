"""Security events of the manager interface: in the security log, in the form that fail2ban reads, and on
the bus for those who watch (AMI class `security`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.pbx.security import SecurityLog

if TYPE_CHECKING:
    from offhook.api.ami.session import Session

__all__ = ["ManagerSecurity"]


class ManagerSecurity:
    """Says who has logged in, who could not, and why."""

    def __init__(self, log: SecurityLog) -> None:
        self._log = log

    def accepted(self, session: Session, account: str) -> None:
        """A login succeeded."""
        self._say("SuccessfulAuth", session, account, {"UsingPassword": "1"})

    def wrong_password(self, session: Session, account: str) -> None:
        """The password was wrong."""
        self._say("InvalidPassword", session, account, {})

    def wrong_response(self, session: Session, account: str, challenge: str, response: str, due: str) -> None:
        """The answer to a challenge was wrong."""
        more = {"Challenge": challenge, "Response": response, "ExpectedResponse": due}
        self._say("ChallengeResponseFailed", session, account, more)

    def unknown_account(self, session: Session, account: str) -> None:
        """There is no such user."""
        self._say("InvalidAccountID", session, account, {})

    def not_from_there(self, session: Session, account: str) -> None:
        """The user may not come from that address."""
        self._say("FailedACL", session, account, {})

    def not_allowed(self, session: Session, action: str) -> None:
        """The user may not use this action."""
        more = {"RequestType": "action", "RequestParams": f"Action: {action}"}
        self._say("RequestNotAllowed", session, session.name, more)

    def session_limit(self, peer: tuple[str, int], local: tuple[str, int], transport: str) -> None:
        """Too many connections have not logged in, or the user has one already."""
        self._log.event("SessionLimit", "AMI", "", "", local, peer, transport)

    def _say(self, name: str, session: Session, account: str, more: dict[str, str]) -> None:
        self._log.event(
            name, "AMI", account, f"0x{id(session):x}", session.local, session.peer, session.transport, more
        )
