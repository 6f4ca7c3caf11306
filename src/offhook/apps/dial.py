"""Dial: call somebody and talk."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from offhook.apps.ringing import Race, RaceResult, Tunes
from offhook.dialplan.call import parse_target
from offhook.dialplan.declare import Options, application, flag, option, separated
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Feature, Outcome, TimeLimit
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import PlaybackError, play, start_playing
from offhook.pbx.party import PartyId

if TYPE_CHECKING:
    import asyncio

    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["DialOptions", "dial"]


@dataclass(frozen=True, slots=True)
class DialOptions(Options):
    """The option letters of Dial()."""

    announce: str | None = option("A", "Play a sound to the called party, x[:y] also y to the caller.")
    answer_caller: bool = flag("a", "Answer the caller as soon as the called party answers.")
    before: str | None = option("b", "Gosub on each called channel before it is called.")
    before_caller: str | None = option("B", "Gosub on the caller before anybody is called.")
    answered_elsewhere: bool = flag("c", "When the caller gives up, phones do not show a missed call.")
    one_digit: bool = flag("d", "While it rings, one digit leads to that extension.")
    digits: str | None = option("D", "called[:calling[:progress]]: send DTMF when the call is answered.")
    hangup_exten: bool = flag("e", "Run `h` for the called party when the call ends.")
    forced_caller_id: str | None = option(
        "f", "Set the caller id that is shown; the number dialled if empty."
    )
    callee_goes: str | None = option("F", "When the caller hangs up, the called party goes there.")
    go_on: bool = flag("g", "Go on in the dialplan when the called party hangs up.")
    both_go: str | None = option("G", "When answered, the caller goes there, the called party behind it.")
    caller_may_hang_up: bool = flag("H", "The caller may hang up by pressing *.")
    callee_may_hang_up: bool = flag("h", "The called party may hang up by pressing *.")
    ignore_forwards: bool = flag("i", "Ignore diversions of the called party.")
    ignore_connected_line: bool = flag("I", "Do not pass on connected line updates.")
    limit: str | None = option("L", "x[:y[:z]]: end after x ms, warn y before, each z.", required=True)
    music: str | None = option("m", "Play music to the caller instead of ringing.")
    macro: str | None = option("M", "Like U; macros are gone.")
    original_caller_id: str | None = option("o", "Use this caller id for the call.")
    ring: str | None = option("r", "Ringing to the caller whatever the called side sends.")
    ring_until_media: bool = flag("R", "Ringing to the caller until audio comes.")
    stop_after: float | None = option("S", "Hang up so many seconds after the answer.", required=True)
    gosub: str | None = option("U", "x[^arg...]: Gosub on the channel that answered.", required=True)
    callee_transfers: bool = flag("t", "The called party may transfer by DTMF.")
    caller_transfers: bool = flag("T", "The caller may transfer by DTMF.")
    callee_parks: bool = flag("k", "The called party may park the call by DTMF.")
    caller_parks: bool = flag("K", "The caller may park the call by DTMF.")
    callee_records: bool = flag("w", "The called party may record the call by DTMF.")
    caller_records: bool = flag("W", "The caller may record the call by DTMF.")
    callee_mixmonitors: bool = flag("x", "The called party may record the call by DTMF (MixMonitor).")
    caller_mixmonitors: bool = flag("X", "The caller may record the call by DTMF (MixMonitor).")
    reset_cdr: bool = flag("C", "Begin the CDR anew.")
    no_timeout_reset: bool = flag("z", "A diversion does not extend the timeout.")


_NO_OPTIONS = DialOptions()


@application("Dial")
async def dial(
    call: Call,
    destinations: Annotated[list[str], separated("&")],
    timeout: float | None = None,
    options: DialOptions = _NO_OPTIONS,
    url: str = "",
) -> None:
    """Call one or more destinations and connect the caller with the first to answer.

    Destinations are dial strings, `Technology/Resource`, called at once.  The call ends when either
    party hangs up; with option g the dialplan then goes on.

    Args:
        destinations: who is called, separated by `&`.
        timeout: how many seconds it may ring; without end if not given.
        options: see the letters.
        url: a URL for the called party; no channel technology can send one.

    Sets:
        DIALSTATUS: CHANUNAVAIL, CONGESTION, NOANSWER, BUSY, ANSWER, CANCEL or INVALIDARGS.
        DIALEDTIME: seconds from dialling to the end.
        DIALEDTIME_MS: the same in ms.
        ANSWEREDTIME: seconds of conversation.
        ANSWEREDTIME_MS: the same in ms.
        RINGTIME: seconds from dialling until it rang.
        RINGTIME_MS: the same in ms.
        PROGRESSTIME: seconds from dialling until there was audio or other progress.
        PROGRESSTIME_MS: the same in ms.
        DIALEDPEERNAME: the channel that answered.
        DIALEDPEERNUMBER: the destination that answered.
        HANGUPCAUSE: why the called side did not answer.
    """
    await _Dialing(call, destinations, timeout, options).run()


class _Dialing:
    """One execution of Dial()."""

    def __init__(
        self, call: Call, destinations: list[str], timeout: float | None, options: DialOptions
    ) -> None:
        self.call = call
        self.caller: Channel = call.channel
        self.destinations = destinations
        self.timeout = timeout
        self.options = options
        self.loop: asyncio.AbstractEventLoop = self.caller.pbx.loop
        self.began = 0.0
        self.answered = 0.0
        self.peer: Channel | None = None

    async def run(self) -> None:
        """Race, prepare, talk; see dial()."""
        options, caller = self.options, self.caller
        variables = caller.variables
        for name in ("DIALEDPEERNAME", "DIALEDPEERNUMBER", "DIALSTATUS", "ANSWEREDTIME"):
            variables.pop(name, None)
        if not self.destinations:
            self._set_status("INVALIDARGS")
            raise ApplicationError("Dial needs at least one Technology/Resource")
        if options.limit is not None:
            self.time_limit()  # complain before anybody's phone rings
        if options.before_caller is not None:
            await self.call.gosub(*_subroutine(options.before_caller))
        caller.inbox.discard(lambda event: isinstance(event, events.Digit))
        # What the status is if the caller hangs up before anything else happens.
        variables["DIALSTATUS"] = "CANCEL"
        self.began = self.loop.time()
        try:
            result = await self._race().run(self.timeout)
            self._ring_variables(result)
            if result.winner is None:
                self._nobody(result)
                return
            self.peer = result.winner
            await self._answered(result.winner)
        finally:
            self._finish()

    # ------------------------------------------------------------ ringing

    def _race(self) -> Race:
        options, caller = self.options, self.caller
        tunes = Tunes(ring_at_once=options.ring is not None, ring_until_media=options.ring_until_media)
        if options.music is not None:
            music = options.music
            tunes.start_music = lambda: caller.pbx.start_music(caller, music)
        caller_id = caller.caller
        if options.forced_caller_id is not None:
            caller_id = PartyId(number=options.forced_caller_id or caller.exten)
        elif options.original_caller_id:
            caller_id = PartyId(number=options.original_caller_id)
        return Race(
            caller,
            self.destinations,
            caller.inbox,
            tunes,
            caller_id,
            self._prepare if options.before is not None else None,
            ignore_forwards=options.ignore_forwards,
            ignore_connected_line=options.ignore_connected_line,
            cancel_as_answered_elsewhere=options.answered_elsewhere,
            hangup_digit="*" if options.caller_may_hang_up else "",
            digit_leaves=self._leaves if options.one_digit else None,
        )

    async def _prepare(self, leg: Channel) -> None:
        target, arguments = _subroutine(self.options.before or "")
        leg.inbox = Inbox()
        try:
            await self.call.runner.run_subroutine_on(leg, target, arguments)
        finally:
            leg.inbox = self.caller.inbox

    def _leaves(self, digit: str) -> bool:
        context = self.caller.get_variable("EXITCONTEXT") or self.call.context
        return self.call.exists(context, digit)

    def _nobody(self, result: RaceResult) -> None:
        self._set_status(result.status)
        self.caller.variables["HANGUPCAUSE"] = str(int(result.cause))
        if result.digit:
            self.call.goto(self.caller.get_variable("EXITCONTEXT"), result.digit, 1)
        elif result.status == "CANCEL":
            raise Hangup(result.cause)

    # ------------------------------------------------------------ answered

    async def _answered(self, peer: Channel) -> None:
        options, caller = self.options, self.caller
        self.answered = self.loop.time()
        variables = caller.variables
        variables["DIALSTATUS"] = "ANSWER"
        variables["DIALEDPEERNAME"] = peer.name
        variables["DIALEDPEERNUMBER"] = peer.dialed or self.destinations[0].partition("/")[2]
        peer.variables["DIALEDPEERNUMBER"] = variables["DIALEDPEERNUMBER"]
        if options.answer_caller:
            caller.answer()
        if options.announce is not None and not await self._announce(peer, options.announce):
            return self._peer_gone()
        if options.gosub is not None or options.macro is not None:
            verdict = await self._run_gosub(peer, options.gosub or options.macro or "")
            if verdict is not None:
                return None
        if options.both_go is not None:
            return self._both_go(peer, options.both_go)
        if not options.ignore_connected_line and peer.caller != caller.connected:
            caller.set_connected(peer.caller)
        caller.answer()
        if options.digits is not None:
            called, _, rest = options.digits.partition(":")
            _send_digits(peer, called)
            _send_digits(caller, rest.partition(":")[0])
        await self._talk(peer)
        return None

    async def _announce(self, peer: Channel, announce: str) -> bool:
        to_peer, _, to_caller = announce.partition(":")
        peer.inbox = Inbox()  # so that listening to one leg does not swallow the other's events
        try:
            if to_peer:
                await play(peer, to_peer.split("&"))
            if to_caller:
                self.caller.answer()
                await play(self.caller, to_caller.split("&"))
        except PlaybackError as error:
            self.call.complain(f"Dial: {error}")
        finally:
            peer.inbox = self.caller.inbox
        return not peer.ended

    async def _run_gosub(self, peer: Channel, text: str) -> RaceResult | None:
        """Option U: a subroutine on the called channel, which decides by GOSUB_RESULT."""
        context, *arguments = text.split("^")
        peer.inbox = Inbox()
        stop_music = self.caller.pbx.start_music(self.caller) if self.options.music is not None else None
        try:
            await self.call.runner.run_subroutine_on(peer, f"{context},s,1", arguments)
        finally:
            peer.inbox = self.caller.inbox
            if stop_music is not None:
                stop_music()
        if peer.ended:
            self._peer_gone()
            return RaceResult("NOANSWER")
        word, _, place = peer.variables.get("GOSUB_RESULT", "").partition(":")
        match word.upper():
            case "ABORT":
                peer.hangup()
                raise Hangup
            case "CONGESTION" | "BUSY" as status:
                peer.hangup()
                self._set_status(status)
                return RaceResult(status)
            case "CONTINUE":
                peer.hangup()
                self._set_status("ANSWER")
                return RaceResult("ANSWER")
            case "GOTO" if place:
                peer.hangup()
                self.call.goto_target(parse_target(place.replace("^", ",")))
                return RaceResult("ANSWER")
            case _:
                return None

    def _both_go(self, peer: Channel, place: str) -> None:
        """Option G: the caller goes to a place, the called party to the priority behind it."""
        target = parse_target(place.replace("^", ","))
        context, exten = target.context or self.call.context, target.exten or self.call.exten
        priority = self.call.resolve_priority(context, exten, target.priority)
        self.caller.answer()
        self.peer = None
        peer.inbox = Inbox()
        peer.start_dialplan(context, exten, priority + 1)
        self.call.goto(context, exten, priority)

    # ------------------------------------------------------------ talking

    def time_limit(self) -> TimeLimit | None:
        """Options L and S as a limit.  ApplicationError when L's numbers are none."""
        if self.options.stop_after is not None:
            return TimeLimit(int(self.options.stop_after * 1000))
        if self.options.limit is None:
            return None
        try:
            numbers = [int(part) for part in self.options.limit.split(":")[:3]]
        except ValueError:
            raise ApplicationError(f"L({self.options.limit}): x[:y[:z]] in milliseconds is needed") from None
        limit, warn, repeat = (*numbers, 0, 0)[:3]
        if limit <= 0:
            raise ApplicationError(f"L({self.options.limit}): the limit must be more than 0 ms")
        return TimeLimit(limit, warn, repeat, self._warn)

    def _warn(self, left_ms: int) -> None:
        variables = self.caller.variables
        sound = variables.get("LIMIT_WARNING_FILE", "beep")
        to_caller = variables.get("LIMIT_PLAYAUDIO_CALLER", "yes").lower() in ("yes", "true", "1", "on", "")
        to_callee = variables.get("LIMIT_PLAYAUDIO_CALLEE", "no").lower() in ("yes", "true", "1", "on")
        for leg, wanted in ((self.caller, to_caller), (self.peer, to_callee)):
            if not wanted or leg is None or leg.ended:
                continue
            file = leg.pbx.sounds.find(sound, leg.language, leg.audio_codec)
            if file is not None:
                with contextlib.suppress(PlaybackError):  # a leg without audio cannot be warned
                    start_playing(leg, [file.path])

    async def _talk(self, peer: Channel) -> None:
        options, caller = self.options, self.caller
        star: list[Feature] = [("*", lambda _leg: Outcome.FEATURE)]
        conversation = Conversation(
            limit=self.time_limit(),
            caller_features=star if options.caller_may_hang_up else (),
            peer_features=star if options.callee_may_hang_up else (),
            pass_connected_line=not options.ignore_connected_line,
        )
        outcome = await conversation.run(caller, peer, caller.inbox)
        if outcome is Outcome.PEER_TAKEN:
            self.peer = None
        if outcome is Outcome.CALLER_GONE:
            raise Hangup(caller.hangup_cause or Cause.NORMAL_CLEARING)
        self._peer_gone()

    def _peer_gone(self) -> None:
        """The conversation is over: on with the dialplan (g), or the end of the call."""
        self._set_status("ANSWER")
        if not self.options.go_on:
            cause = self.peer.hangup_cause if self.peer else 0
            raise Hangup(cause or Cause.NORMAL_CLEARING)

    # ------------------------------------------------------------ the end

    def _finish(self) -> None:
        now = self.loop.time()
        variables = self.caller.variables
        dialed_ms = int((now - self.began) * 1000)
        answered_ms = int((now - self.answered) * 1000) if self.answered else 0
        variables["DIALEDTIME"], variables["DIALEDTIME_MS"] = str(dialed_ms // 1000), str(dialed_ms)
        variables["ANSWEREDTIME"], variables["ANSWEREDTIME_MS"] = str(answered_ms // 1000), str(answered_ms)
        peer, self.peer = self.peer, None
        if peer is None:
            return
        if peer.ended:
            if self.options.hangup_exten:
                self.call.runner.run_hangup_exten(peer)
            return
        if self.options.callee_goes is not None and self.caller.hangup_requested:
            peer.inbox = Inbox()
            place = parse_target((self.options.callee_goes or "1").replace("^", ","))
            context, exten = place.context or self.call.context, place.exten or self.call.exten
            try:
                priority = self.call.resolve_priority(context, exten, place.priority)
            except ApplicationError:
                priority = 1
            peer.start_dialplan(context, exten, priority)
            return
        peer.hangup(Cause.NORMAL_CLEARING)
        if self.options.hangup_exten:
            self.call.runner.run_hangup_exten(peer)

    def _set_status(self, status: str) -> None:
        self.caller.variables["DIALSTATUS"] = status

    def _ring_variables(self, result: RaceResult) -> None:
        variables = self.caller.variables
        for name, ms in (("RINGTIME", result.ring_ms), ("PROGRESSTIME", result.progress_ms)):
            variables[name] = str(ms // 1000) if ms else ""
            variables[f"{name}_MS"] = str(ms) if ms else ""


def _subroutine(text: str) -> tuple[str, list[str]]:
    """`context^exten^priority(arg1^arg2)` as a target and arguments."""
    place, bracket, arguments = text.partition("(")
    target = place.replace("^", ",")
    if bracket:
        return target, arguments.removesuffix(")").split("^")
    return target, []


def _send_digits(leg: Channel, digits: str) -> None:
    for digit in digits:
        if digit in "0123456789ABCDabcd*#":
            leg.send_digit(digit.upper())
