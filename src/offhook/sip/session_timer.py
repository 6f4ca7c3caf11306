"""Session timers (RFC 4028): what is asked for, what is agreed, and when to refresh or to give up.

`TimerPolicy` is the configuration, `SessionTimer` the agreement of one session.  It holds no clock:
the session asks it for the moments and sends what is to be sent.

    we refresh:     half of the interval after the last 2xx
    the peer does:  BYE when the interval is nearly over: min(32 s, a third) before its end (section 10)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from offhook._core import Message

__all__ = ["MINIMUM_SE", "SessionTimer", "TimerMode", "TimerPolicy", "parse_session_expires"]

MINIMUM_SE = 90  # seconds; RFC 4028 section 4: nobody may ask for less
_MAXIMUM_SE = 2**31 - 1


class TimerMode(Enum):
    """How much session timers are wanted (pjsip.conf: timers)."""

    NO = "no"  # not offered, not taken up
    YES = "yes"  # offered, taken up when the peer asks or agrees
    REQUIRED = "required"  # no call without them
    ALWAYS = "always"  # used even when the peer knows nothing of them: we refresh


@dataclass(frozen=True, slots=True)
class TimerPolicy:
    """What this side wants.  Seconds."""

    mode: TimerMode = TimerMode.YES
    session_expires: int = 1800
    min_se: int = MINIMUM_SE

    def __post_init__(self) -> None:
        if self.min_se < MINIMUM_SE or self.session_expires < self.min_se:
            raise ValueError("session timers need 90 <= min_se <= session_expires")


def parse_session_expires(value: str) -> tuple[int, str] | None:
    """Seconds and refresher ("uac", "uas", "" when not said); None when malformed."""
    seconds, _, params = value.partition(";")
    seconds = seconds.strip()
    if not (seconds.isascii() and seconds.isdigit()) or len(seconds) > 10:
        return None
    refresher = ""
    for param in params.split(";"):
        name, _, content = param.partition("=")
        if name.strip().lower() == "refresher":
            refresher = content.strip().lower()
    return min(int(seconds), _MAXIMUM_SE), refresher if refresher in ("uac", "uas") else ""


def _min_se(message: Message) -> int:
    value = message.get("Min-SE")
    if value is None:
        return 0
    parsed = parse_session_expires(value)
    return parsed[0] if parsed is not None else 0


class SessionTimer:
    """The session timer of one session, through all its refreshes."""

    __slots__ = ("_min_se", "_refresher", "_wanted", "interval", "policy", "we_refresh")

    def __init__(self, policy: TimerPolicy) -> None:
        self.policy = policy
        self.interval = 0  # seconds; 0: there is no session timer
        self.we_refresh = False
        self._wanted = policy.session_expires
        self._min_se = policy.min_se  # raised by 422
        self._refresher = ""  # what we ask for in requests of our own

    # ------------------------------------------------------------ our requests

    def add_to_request(self, request: Message) -> None:
        """Session-Expires and Min-SE for an INVITE or UPDATE of ours (section 7.1)."""
        mode = self.policy.mode
        if mode is TimerMode.NO:
            return
        value = str(self.interval or self._wanted)
        if self.interval:  # the roles are settled; those of a request are named by who sends it (7.4)
            value += ";refresher=uac" if self.we_refresh else ";refresher=uas"
        request.set("Session-Expires", value)
        request.set("Min-SE", str(self._min_se))
        if mode is TimerMode.REQUIRED:
            request.add("Require", "timer")

    def raise_to(self, response: Message) -> bool:
        """A 422 came: ask for more the next time.  False when its Min-SE is no reason to ask again."""
        minimum = _min_se(response)
        if minimum <= max(self._min_se, self.interval or self._wanted) and minimum <= self._min_se:
            return False
        self._min_se = max(self._min_se, minimum)
        self._wanted = max(self._wanted, minimum)
        if self.interval:
            self.interval = max(self.interval, minimum)
        return True

    def agreed_by_response(self, response: Message) -> None:
        """The 2xx to our INVITE or UPDATE (section 7.2)."""
        policy = self.policy
        if policy.mode is TimerMode.NO:
            return
        value = response.get("Session-Expires")
        parsed = parse_session_expires(value) if value is not None else None
        if parsed is not None and parsed[0] > 0:
            self.interval = max(parsed[0], MINIMUM_SE)
            self.we_refresh = parsed[1] != "uas"
        elif policy.mode is TimerMode.ALWAYS:
            self.interval = self._wanted
            self.we_refresh = True
        else:
            self.interval = 0

    # ------------------------------------------------------------ the peer's requests

    def refuse(self, request: Message, supported: bool) -> tuple[int, list[tuple[str, str]]]:
        """Whether the peer's INVITE or UPDATE is refused (section 9): status, 0 when not, and headers.

        `supported`: the peer knows session timers (Supported: timer).
        """
        policy = self.policy
        if policy.mode is TimerMode.NO:
            return (420, [("Unsupported", "timer")]) if request.has_token("Require", "timer") else (0, [])
        if policy.mode is TimerMode.REQUIRED and not supported:
            return 421, [("Require", "timer")]
        value = request.get("Session-Expires")
        if value is None:
            return 0, []
        parsed = parse_session_expires(value)
        if parsed is None:
            return 400, []
        if parsed[0] < policy.min_se and supported:
            return 422, [("Min-SE", str(policy.min_se))]
        return 0, []

    def agree_to_request(self, request: Message, supported: bool) -> list[tuple[str, str]]:
        """Settle the timer for the peer's request; the headers of our 2xx (section 9)."""
        policy = self.policy
        if policy.mode is TimerMode.NO:
            return []
        value = request.get("Session-Expires")
        parsed = parse_session_expires(value) if value is not None else None
        if parsed is not None:
            floor = max(_min_se(request), policy.min_se)
            interval = max(min(parsed[0], self.interval or policy.session_expires), floor)
            refresher = parsed[1]
        elif self.interval:
            interval = self.interval
            refresher = "uas" if self.we_refresh else "uac"
        elif policy.mode in (TimerMode.ALWAYS, TimerMode.REQUIRED):
            interval = policy.session_expires
            refresher = ""
        else:
            return []
        if not supported:
            refresher = "uas"
        elif not refresher:
            refresher = "uac"
        self.interval = interval
        self.we_refresh = refresher == "uas"
        headers = [("Session-Expires", f"{interval};refresher={refresher}")]
        if refresher == "uac":
            headers.append(("Require", "timer"))
        return headers

    # ------------------------------------------------------------ moments

    @property
    def refresh_after(self) -> float:
        """Seconds after the last 2xx when we refresh."""
        return self.interval / 2

    @property
    def expire_after(self) -> float:
        """Seconds after the last 2xx when the session is given up."""
        return self.interval - min(32.0, self.interval / 3)
