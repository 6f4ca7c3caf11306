"""The states of an INVITE session as a table (RFC 3261 sections 9, 12 to 15).

One table serves both roles.  What differs between them is only who sends what.

    IDLE --start--> CALLING --provisional--> EARLY --answer--> ANSWERED --ack--> CONFIRMED
                       |                       |                  |                  |
                       +--cancel--> CANCELLING +                  +--hang up--+      +--bye sent--+
                       |                |                                     v                   v
                       +----failure-----+---------> TERMINATED <----over--- TERMINATING <--ack-- CLOSING
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["TRANSITIONS", "Event", "SessionStateError", "State", "advance"]


class State(IntEnum):
    """Where a session is."""

    IDLE = 0  # made, not started
    CALLING = 1  # the INVITE was sent or received; no dialog that both sides know
    EARLY = 2  # a provisional response with a To tag went to or came from the peer
    CANCELLING = 3  # the caller gave up: its CANCEL waits for the INVITE's final response
    ANSWERED = 4  # the 2xx went or came; its ACK is outstanding
    CONFIRMED = 5  # the ACK went or came
    CLOSING = 6  # to be ended, but the ACK has to come first (section 15), or a re-INVITE's answer
    TERMINATING = 7  # our BYE was sent and waits for its answer
    TERMINATED = 8


class Event(IntEnum):
    """What moves a session on."""

    START = 0
    PROVISIONAL = 1  # 101-199
    ANSWER = 2  # 2xx
    FAILURE = 3  # 300-699, sent, received or made up locally
    CANCEL = 4  # the caller gives up
    ACK = 5
    HANG_UP = 6  # to be ended while the ACK is outstanding
    BYE_SENT = 7
    BYE_RECEIVED = 8
    OVER = 9  # our BYE was answered, or nobody is left who could


class SessionStateError(RuntimeError):
    """A method was called that has no meaning in the session's state."""

    def __init__(self, state: State, what: str) -> None:
        super().__init__(f"{what} in state {state.name}")
        self.state = state


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.IDLE, Event.START): State.CALLING,
    (State.IDLE, Event.OVER): State.TERMINATED,
    (State.CALLING, Event.PROVISIONAL): State.EARLY,
    (State.CALLING, Event.ANSWER): State.ANSWERED,
    (State.CALLING, Event.FAILURE): State.TERMINATED,
    (State.CALLING, Event.CANCEL): State.CANCELLING,
    (State.EARLY, Event.PROVISIONAL): State.EARLY,
    (State.EARLY, Event.ANSWER): State.ANSWERED,
    (State.EARLY, Event.FAILURE): State.TERMINATED,
    (State.EARLY, Event.CANCEL): State.CANCELLING,
    (State.EARLY, Event.BYE_RECEIVED): State.TERMINATED,  # the caller may (section 15); INVITE gets 487
    (State.CANCELLING, Event.FAILURE): State.TERMINATED,
    (State.CANCELLING, Event.ANSWER): State.CLOSING,  # the 2xx crossed our CANCEL: ACK, then BYE
    (State.ANSWERED, Event.ACK): State.CONFIRMED,
    (State.ANSWERED, Event.HANG_UP): State.CLOSING,
    (State.ANSWERED, Event.BYE_RECEIVED): State.TERMINATED,  # it overtook the ACK
    (State.CONFIRMED, Event.HANG_UP): State.CLOSING,  # a re-INVITE of ours is on its way
    (State.CONFIRMED, Event.BYE_SENT): State.TERMINATING,
    (State.CONFIRMED, Event.BYE_RECEIVED): State.TERMINATED,
    (State.CLOSING, Event.BYE_SENT): State.TERMINATING,
    (State.CLOSING, Event.BYE_RECEIVED): State.TERMINATED,
    (State.TERMINATING, Event.BYE_RECEIVED): State.TERMINATED,  # both hung up at once
    (State.TERMINATING, Event.OVER): State.TERMINATED,
}


def advance(state: State, event: Event) -> State:
    """The next state.  SessionStateError when `event` cannot happen in `state`."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise SessionStateError(state, event.name)
    return after
