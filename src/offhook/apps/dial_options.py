"""The option letters of Dial(), and what stands in their parentheses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.call import Target, parse_target
from offhook.dialplan.declare import Options, flag, option
from offhook.dialplan.errors import ApplicationError
from offhook.pbx.causes import cause_by_name

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__ = [
    "DialOptions",
    "losers_cause",
    "place_of",
    "read_limits",
    "subroutine_of",
    "subroutine_on_leg",
    "timeouts_of",
]


@dataclass(frozen=True, slots=True)
class DialOptions(Options):
    """The option letters of Dial()."""

    announce: str | None = option("A", "Play a sound to the called party, x[:y] also y to the caller.")
    answer_caller: bool = flag("a", "Answer the caller as soon as the called party answers.")
    before: str | None = option("b", "Gosub on each called channel before any is called.")
    before_caller: str | None = option("B", "Gosub on the caller before anybody is called.")
    answered_elsewhere: bool = flag("c", "When the caller gives up, phones do not show a missed call.")
    one_digit: bool = flag("d", "While it rings, one digit leads to that extension.")
    digits: str | None = option("D", "called[:calling[:progress]]: send DTMF after the answer, at progress.")
    hangup_exten: bool = flag("e", "Run `h` for the called party when the call ends.")
    forced_caller_id: str | None = option(
        "f", "Show this caller id; without one, show the number dialled to those whom a diversion leads to."
    )
    callee_goes: str | None = option(
        "F", "When the caller hangs up, the called party goes there, or on here."
    )
    go_on: bool = flag("g", "Go on in the dialplan when the called party hangs up.")
    both_go: str | None = option("G", "When answered, the caller goes there, the called party behind it.")
    caller_may_hang_up: bool = flag("H", "The caller may hang up by pressing *.")
    callee_may_hang_up: bool = flag("h", "The called party may hang up by pressing *.")
    ignore_forwards: bool = flag("i", "Ignore diversions of the called party.")
    ignore_connected_line: bool = flag("I", "Do not pass on connected line updates.")
    limit: str | None = option("L", "x[:y[:z]]: end after x ms, warn y before, each z.", required=True)
    macro: str | None = option("M", "x[^arg...]: Macro on the channel that answered.", required=True)
    music: str | None = option("m", "Play music to the caller instead of ringing.")
    stored_caller_id: str | None = option("o", "The called channel's own caller id; the caller's if empty.")
    losers_cause: str | None = option("Q", "The cause for the phones that did not answer.", required=True)
    ring: str | None = option("r", "Ringing, or a tone, to the caller whatever the called side sends.")
    ring_until_media: bool = flag("R", "Ringing to the caller until audio comes.")
    stop_after: float | None = option("S", "Hang up so many seconds after the answer.", required=True)
    caller_id_tag: str | None = option("s", "The tag of the caller id that f sets.", required=True)
    gosub: str | None = option("U", "x[^arg...]: Gosub on the channel that answered.", required=True)
    presentation: str | None = option("u", "The presentation of the caller id that f sets.", required=True)
    forward_ends_timeout: bool = flag("z", "A diversion ends the timeout.")
    callee_transfers: bool = flag("t", "The called party may transfer by DTMF.")
    caller_transfers: bool = flag("T", "The caller may transfer by DTMF.")
    callee_mixmonitors: bool = flag("x", "The called party may record by DTMF (MixMonitor).")
    caller_mixmonitors: bool = flag("X", "The caller may record by DTMF (MixMonitor).")
    # The features behind these come with parking, Monitor, privacy and conferences.
    callee_parks: bool = flag("k", "The called party may park the call by DTMF.", supported=False)
    caller_parks: bool = flag("K", "The caller may park the call by DTMF.", supported=False)
    callee_records: bool = flag("w", "The called party may record the call by DTMF.", supported=False)
    caller_records: bool = flag("W", "The caller may record the call by DTMF.", supported=False)
    reset_cdr: bool = flag("C", "Begin the CDR anew.", supported=False)
    hear_pulsing: bool = flag("E", "The caller hears the MF or SF digits that are sent.", supported=False)
    keep_topology: bool = flag("j", "Begin with the streams that the caller began with.", supported=False)
    no_introduction: str | None = option(
        "n", "With p and P: the caller's name is not kept; n(1): not even when nobody has answered."
    )
    no_screening: bool = flag("N", "With p and P: callers who show a number are not screened.")
    operator_mode: str | None = option("O", "Operator services mode of analogue lines.", supported=False)
    screening: bool = flag("p", "The caller says a name; the called party hears it and decides.")
    privacy: str | None = option(
        "P", "As p, and the decision is kept in the database, below privacy/x or the extension."
    )

    @property
    def feature_letters(self) -> str:
        """The letters that say who may do what by DTMF."""
        return (
            "H" * self.caller_may_hang_up
            + "h" * self.callee_may_hang_up
            + "T" * self.caller_transfers
            + "t" * self.callee_transfers
            + "X" * self.caller_mixmonitors
            + "x" * self.callee_mixmonitors
        )


def place_of(text: str) -> Target:
    """A place in the dialplan written within an option: `[[context^]exten^]priority`.

    Raises:
        ApplicationError: there is no priority.
    """
    return parse_target(text.replace("^", ","))


def subroutine_of(text: str) -> tuple[str, list[str]]:
    """`[[context^]exten^]priority[(arg1^arg2...)]` of options b and B as a target and arguments."""
    place, bracket, arguments = text.partition("(")
    target = place.replace("^", ",")
    return target, arguments.removesuffix(")").split("^") if bracket and arguments != ")" else []


def subroutine_on_leg(call: Call, text: str) -> tuple[str, list[str]]:
    """The same of option b, for a called leg: it has no place in the dialplan, so the caller's counts."""
    target, arguments = subroutine_of(text)
    parts = target.split(",")
    return ",".join([call.context, call.exten][: 3 - len(parts)] + parts), arguments


def timeouts_of(text: str) -> tuple[float | None, float | None, str]:
    """Seconds until the answer and until the first progress, of `answer[^progress]`, and a complaint or "".

    None is without end, as is what is no number or not above 0.
    """
    found: list[float | None] = []
    complaint = ""
    for part in text.split("^", 1):
        value: float | None = None
        if part.strip():
            try:
                value = float(part.strip())
            except ValueError:
                value = None
            if value is None or not 0 < value < 1e9:
                value = None
                complaint = f"the timeout {part.strip()!r} is no number above 0: it rings without end"
        found.append(value)
    return found[0], found[1] if len(found) > 1 else None, complaint


def read_limits(text: str) -> tuple[int, int, int]:
    """Option L: milliseconds until the end, of the first warning before it, between warnings.

    Raises:
        ApplicationError: they are no numbers, or the first is not above 0.
    """
    try:
        numbers = [int(part) if part.strip() else 0 for part in text.split(":")[:3]]
    except ValueError:
        raise ApplicationError(f"L({text}): x[:y[:z]] in milliseconds is needed") from None
    limit, warn, repeat = (*numbers, 0, 0)[:3]
    if limit <= 0:
        raise ApplicationError(f"L({text}): the limit must be more than 0 ms")
    return limit, max(warn, 0), max(repeat, 0)


def losers_cause(text: str) -> int | None:
    """Option Q: a cause by name or number, 0 for NONE; None when it is none of these."""
    return 0 if text.strip().upper() == "NONE" else cause_by_name(text)
