"""Dial: call somebody and talk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

from offhook.apps.dial_announcements import LimitSounds, send_digits
from offhook.apps.dial_options import (
    DialOptions,
    losers_cause,
    place_of,
    read_limits,
    subroutine_of,
    subroutine_on_leg,
    timeouts_of,
)
from offhook.apps.interception import ConnectedLine, pass_redirecting
from offhook.apps.macro import dialled_place, run_macro
from offhook.apps.ringing import Race, RaceResult, Tunes
from offhook.apps.screening import Screening
from offhook.dialplan.declare import application, separated
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.features.call_completion.service import CallCompletion
from offhook.pbx import events
from offhook.pbx.call_features import allow
from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Outcome, TimeLimit
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import PlaybackError, play
from offhook.pbx.party import PartyId, Presentation, parse_caller_id

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["DialOptions", "dial"]


_NO_OPTIONS = DialOptions()
# What an earlier Dial() left and this one sets anew.
_VARIABLES = (
    "DIALEDPEERNAME",
    "DIALEDPEERNUMBER",
    "DIALEDTIME",
    "DIALEDTIME_MS",
    "ANSWEREDTIME",
    "ANSWEREDTIME_MS",
    "RINGTIME",
    "RINGTIME_MS",
    "PROGRESSTIME",
    "PROGRESSTIME_MS",
)


@application("Dial")
async def dial(
    call: Call,
    destinations: Annotated[list[str], separated("&")],
    timeout: str = "",
    options: DialOptions = _NO_OPTIONS,
    url: str = "",
) -> None:
    """Call one or more destinations and connect the caller with the first to answer.

    Destinations are dial strings, `Technology/Resource`, called at once.  The call ends when either
    party hangs up; with option g the dialplan then goes on.

    Args:
        destinations: who is called, separated by `&`.
        timeout: how many seconds it may ring, and after `^` how many until the first progress; without
            end if not given.
        options: see the letters.
        url: a URL for the called party; no channel technology can send one.

    Sets:
        DIALSTATUS: CHANUNAVAIL, CONGESTION, NOANSWER, BUSY, ANSWER, CANCEL or INVALIDARGS; TORTURE or
            DONTCALL when the called party of option p or P wants so.
        DIALEDTIME: seconds from dialling to the end of an answered call.
        DIALEDTIME_MS: the same in ms.
        ANSWEREDTIME: seconds of conversation.
        ANSWEREDTIME_MS: the same in ms.
        RINGTIME: seconds from dialling until it rang.
        RINGTIME_MS: the same in ms.
        PROGRESSTIME: seconds from dialling until there was audio or other progress.
        PROGRESSTIME_MS: the same in ms.
        DIALEDPEERNAME: the channel that answered.
        DIALEDPEERNUMBER: the destination that answered.
        HANGUPCAUSE: why the called side did not answer, or hung up.
        BRIDGEPEER: the name of the other channel, on both.
        FORWARDERNAME: on the called channel: the channel that diverted the call to it.
        GOSUB_RETVAL: what the subroutine of option U returned.
    """
    await _Dialing(call, destinations, timeout, options).run()


class _Dialing:
    """One execution of Dial()."""

    def __init__(self, call: Call, destinations: list[str], timeout: str, options: DialOptions) -> None:
        self.call = call
        self.caller: Channel = call.channel
        self.destinations = destinations
        self.timeout = timeout
        self.options = options
        self.loop: asyncio.AbstractEventLoop = self.caller.pbx.loop
        self.began = 0.0
        self.answered = 0.0
        self.peer: Channel | None = None
        self.picked_up = False  # by a channel that has a dialplan of its own (Pickup)
        self.announced = True  # whether it has been announced what became of `peer`
        self.sounds: LimitSounds | None = None
        self.limit: TimeLimit | None = None
        self.screening: Screening | None = None
        self.connected_line = ConnectedLine(call)

    async def run(self) -> None:
        """Race, prepare, talk; see dial()."""
        options, caller = self.options, self.caller
        if call_is_over(caller):
            self._set_status("CANCEL")
            raise Hangup
        for name in _VARIABLES:
            caller.variables[name] = ""
        self._check()
        answer_timeout, progress_timeout, complaint = timeouts_of(self.timeout)
        if complaint:
            self.call.complain(f"Dial: {complaint}")
        if options.before_caller is not None:
            try:
                await self.call.gosub(*subroutine_of(options.before_caller))
            except ApplicationError as error:
                self.call.complain(f"Dial: B: {error}")
        caller.inbox.discard(lambda event: isinstance(event, events.Digit))
        if await self._is_kept_away():
            return
        # What the status is if the caller hangs up before anything else happens.
        self._set_status("CANCEL")
        self.began = self.loop.time()
        try:
            result = await self._run_race(answer_timeout, progress_timeout)
            self._ring_variables(result)
            if result.winner is None:
                self._nobody(result)
                return
            self.peer, self.announced = result.winner, False
            self.picked_up = result.winner.task is not None
            await self._answered(result.winner)
        finally:
            self._finish()
            if self.screening is not None:
                self.screening.finish()

    async def _is_kept_away(self) -> bool:
        """Options p and P: hear the caller; whether it is clear already that nobody is to be called."""
        options = self.options
        if not options.screening and options.privacy is None:
            return False
        if options.no_screening and self.caller.caller.number:
            return False
        self._set_status("CANCEL")
        remembers = options.privacy is not None
        family = options.privacy or ""
        self.screening = Screening(
            self.call, remembers=remembers, family=family, delete=options.no_introduction
        )
        status = await self.screening.before()
        if status:
            self._set_status(status)
            self.screening.finish()
        return bool(status)

    def _check(self) -> None:
        """Complain before anybody's phone rings."""
        options = self.options
        self._set_status("INVALIDARGS")
        if not self.destinations:
            raise ApplicationError("Dial needs at least one Technology/Resource")
        if options.stop_after is not None and options.stop_after <= 0:
            raise ApplicationError(f"S({options.stop_after:g}): more than 0 seconds are needed")
        seconds = options.stop_after
        if options.limit is not None:
            limit, warn, repeat = read_limits(options.limit)
            self.sounds = LimitSounds(self.call)
            if seconds is None or limit <= seconds * 1000:
                self.limit = TimeLimit(limit, warn, repeat, self._warn)
        if self.limit is None and seconds is not None:
            self.limit = TimeLimit(int(seconds * 1000))
        if self.caller.max_forwards <= 0:
            self._set_status("BUSY")
            self.call.complain("Dial: the call has been passed on too often: is this a loop of diversions?")
            raise Hangup

    # ------------------------------------------------------------ ringing

    async def _run_race(self, timeout: float | None, progress_timeout: float | None) -> RaceResult:
        """The race, whose losers call completion may want to know (docs/call-completion.md)."""
        race, caller = self._race(), self.caller
        completion = caller.pbx.service(CallCompletion)
        if completion is not None:
            race.observer = watch = completion.watch_dial(caller, dialled_place(self.call))
            if watch is not None:
                status = "CANCEL"
                try:
                    result = await race.run(timeout, progress_timeout)
                    status = result.status
                    return result
                finally:
                    watch.finish(status)
        return await race.run(timeout, progress_timeout)

    def _race(self) -> Race:
        options, caller, call = self.options, self.caller, self.call
        tunes = Tunes(
            ring_at_once=options.ring is not None,
            tone=options.ring or "",
            ring_until_media=options.ring_until_media,
        )
        if options.music is not None:
            music = options.music
            tunes.start_music = lambda: caller.pbx.start_music(caller, music)
        race = Race(
            caller,
            self.destinations,
            caller.inbox,
            tunes,
            caller.caller,
            prepare=self._prepare if options.before is not None else None,
            on_redirecting=lambda leg, redirecting: pass_redirecting(call, leg, redirecting),
            on_connected=self.connected_line.tell,
            on_failed=self.call.remember_hangup_cause,
            ignore_forwards=options.ignore_forwards,
            ignore_connected_line=options.ignore_connected_line,
            forward_ends_timeout=options.forward_ends_timeout,
            cancel_as_answered_elsewhere=options.answered_elsewhere,
            hangup_code=caller.pbx.features.codes_of(caller).disconnect if options.caller_may_hang_up else "",
            digit_leaves=self._leaves if options.one_digit else None,
        )
        if options.forced_caller_id is not None:
            forced = self._forced_caller_id(options.forced_caller_id)
            race.forward_caller_id = forced
            if options.forced_caller_id:
                race.caller_id = forced
        if options.stored_caller_id is not None:
            name, number = parse_caller_id(options.stored_caller_id)
            race.stored_caller_id = PartyId(number, name) if options.stored_caller_id else caller.caller
        if options.losers_cause is not None:
            cause = losers_cause(options.losers_cause)
            if cause is None:
                call.complain(f"Dial: Q({options.losers_cause}) is no Q.850 cause")
            else:
                race.losers_cause = cause
        progress_digits = (options.digits or "").split(":")[2:3]
        if progress_digits and progress_digits[0]:
            race.on_progress = lambda leg: _send_at_once(leg, progress_digits[0])
        return race

    def _forced_caller_id(self, text: str) -> PartyId:
        options = self.options
        presentation = Presentation.ALLOWED_PASSED_SCREEN
        if options.presentation is not None:
            try:
                presentation = Presentation(options.presentation.strip().lower())
            except ValueError:
                self.call.complain(f"Dial: u({options.presentation}) is none of {', '.join(Presentation)}")
        name, number = parse_caller_id(text)
        return PartyId(number or self.call.exten, name, presentation, options.caller_id_tag or "")

    async def _prepare(self, leg: Channel) -> None:
        target, arguments = subroutine_on_leg(self.call, self.options.before or "")
        try:
            await self.call.runner.run_subroutine_on(leg, target, arguments)
        except ApplicationError as error:
            self.call.complain(f"Dial: b: {error}")

    def _leaves(self, digit: str) -> bool:
        context = self.caller.get_variable("EXITCONTEXT") or self.call.context
        return self.call.exists(context, digit)

    def _nobody(self, result: RaceResult) -> None:
        self._set_status(result.status)
        if result.digit:
            self.call.goto(self.caller.get_variable("EXITCONTEXT"), result.digit, 1)

    # ------------------------------------------------------------ answered

    async def _answered(self, peer: Channel) -> None:
        options, caller = self.options, self.caller
        if self.screening is not None:
            status = await self.screening.ask(peer)
            if status:
                self._announce_end(status)
                self._set_status(status)
                return None
        self.answered = self.loop.time()
        self._set_status("ANSWER")
        caller.hangup_cause = Cause.NORMAL_CLEARING
        caller.variables["DIALEDPEERNAME"] = peer.name
        caller.variables["DIALEDPEERNUMBER"] = peer.variables.get("DIALEDPEERNUMBER", "")
        if options.answer_caller:
            caller.answer()
        if options.announce is not None and not peer.ended:
            await self._announce(peer, options.announce)
        if options.both_go is not None and not peer.ended:
            return self._both_go(peer, options.both_go)
        if options.macro is not None and not peer.ended and not await self._run_macro(peer, options.macro):
            return None
        if options.gosub is not None and not peer.ended and not await self._run_gosub(peer, options.gosub):
            return None
        self._announce_end("ANSWER")
        known = not options.ignore_connected_line and not peer.caller_is_guess
        if known and peer.caller != caller.connected and not peer.ended:
            await self.connected_line.tell(caller, peer.caller)
        caller.answer()
        if options.digits is not None:
            called, _, rest = options.digits.partition(":")
            await send_digits(peer, called)
            await send_digits(caller, rest.partition(":")[0])
        await self._talk(peer)
        return None

    def _announce_end(self, status: str) -> None:
        """Announce what became of the winner."""
        if not self.announced and self.peer is not None:
            self.announced = True
            self.caller.pbx.bus.emit(events.DialEnded, self.caller, self.peer, status)

    async def _announce(self, peer: Channel, announce: str) -> None:
        to_peer, _, to_caller = announce.partition(":")
        peer.inbox = Inbox()  # so that listening to one leg does not swallow the other's events
        try:
            if to_peer:
                await play(peer, to_peer.split("&"))
            if to_caller and not peer.ended:
                self.caller.answer()
                await play(self.caller, to_caller.split("&"))
        except PlaybackError as error:
            self.call.complain(f"Dial: {error}")
        finally:
            if not peer.ended:
                peer.inbox = self.caller.inbox

    async def _run_gosub(self, peer: Channel, text: str) -> bool:
        """Option U: a subroutine on the called channel, which decides by GOSUB_RESULT; True to go on."""
        context, *arguments = text.split("^")
        work = self.call.runner.run_subroutine_on(peer, f"{context},s,1", arguments)
        value = await self._while_music_plays(work, f"U({text})")
        if value is None or peer.ended:
            return True  # the conversation is over before it began
        self.caller.set_variable("GOSUB_RETVAL", value)
        return self._obey(peer.variables.get("GOSUB_RESULT", ""))

    async def _run_macro(self, peer: Channel, text: str) -> bool:
        """Option M: a macro on the called channel, which decides by MACRO_RESULT; True to go on."""
        name, *arguments = text.split("^")

        async def work(call: Call) -> str:
            await run_macro(call, name, arguments)
            return ""

        value = await self._while_music_plays(self.call.runner.run_on(peer, work), f"M({text})")
        return value is None or peer.ended or self._obey(peer.variables.get("MACRO_RESULT", ""))

    async def _while_music_plays(self, work: Awaitable[str], option: str) -> str | None:
        """Do something on the called channel while the caller hears music, if it did; None when it failed."""
        caller = self.caller
        stop_music = caller.pbx.start_music(caller) if self.options.music is not None else None
        try:
            return await work
        except ApplicationError as error:
            self.call.complain(f"Dial: {option}: {error}")
            return None
        finally:
            if stop_music is not None:
                stop_music()

    def _obey(self, verdict: str) -> bool:
        """Do what the called side's subroutine or macro says; True to connect the parties."""
        word, _, place = verdict.partition(":")
        match word.strip().upper():
            case "ABORT":
                self._announce_end("ABORT")
                if not self.options.go_on:
                    raise Hangup
            case "CONGESTION" | "BUSY" | "CHANUNAVAIL" as status:
                self._announce_end(status)
                self._set_status(status)
            case "CONTINUE":
                self._announce_end("CONTINUE")
            case "GOTO" if place.strip():
                self._announce_end("GOTO")
                self.call.goto_target(place_of(place))
            case _:
                return True
        return False

    def _both_go(self, peer: Channel, place: str) -> None:
        """Option G: the caller goes to a place, the called party to the priority behind it."""
        target = place_of(place)
        context, exten = target.context or self.call.context, target.exten or self.call.exten
        priority = self.call.resolve_priority(context, exten, target.priority)
        self._announce_end("ANSWER")
        self.peer = None
        peer.inbox = Inbox()
        _send_to(peer, context, exten, priority + 1)
        self.call.goto(context, exten, priority)

    # ------------------------------------------------------------ talking

    def _warn(self, left_ms: int) -> None:
        if self.sounds is not None:
            self.sounds.warn(self.peer, left_ms)

    async def _talk(self, peer: Channel) -> None:
        options, caller = self.options, self.caller
        allow(caller, peer, options.feature_letters)
        conversation = Conversation(
            limit=self.limit,
            pass_connected_line=not options.ignore_connected_line,
            tell_connected=self.connected_line.tell,
            on_begin=self.sounds.begin if self.sounds is not None else None,
        )
        try:
            outcome = await conversation.run(caller, peer, caller.inbox)
        finally:
            self.peer = peer = conversation.peer  # a transfer may have put somebody else there
        if outcome is Outcome.TIME_LIMIT and self.sounds is not None:
            await self.sounds.end(peer)
        if outcome is Outcome.PEER_TAKEN:
            self.peer = None
        elif outcome is Outcome.CALLER_GONE:
            raise Hangup
        elif outcome is Outcome.PEER_GONE:
            caller.hangup_cause = peer.hangup_cause
        if not options.go_on:
            raise Hangup

    # ------------------------------------------------------------ the end

    def _finish(self) -> None:
        variables = self.caller.variables
        if self.answered:
            now = self.loop.time()
            dialed_ms = int((now - self.began) * 1000)
            answered_ms = int((now - self.answered) * 1000)
            variables["DIALEDTIME"], variables["DIALEDTIME_MS"] = str(dialed_ms // 1000), str(dialed_ms)
            variables["ANSWEREDTIME"] = str(answered_ms // 1000)
            variables["ANSWEREDTIME_MS"] = str(answered_ms)
        self._announce_end("CANCEL")
        peer, self.peer = self.peer, None
        if peer is None or (not peer.ended and peer.inbox is not self.caller.inbox):
            return  # there is none, or somebody else has it by now
        if peer.ended:
            self.call.remember_hangup_cause(peer)
        elif self.picked_up:
            peer.request_hangup(Cause.NORMAL_CLEARING)  # its own dialplan ends it
            return
        elif peer.task is not None:
            return  # somebody has sent it elsewhere, together with the caller perhaps
        options = self.options
        if options.hangup_exten:
            peer.hangup(Cause.NORMAL_CLEARING)
            peer.context, peer.exten = self.call.context, self.call.exten
            self.call.runner.run_hangup_exten(peer)
            return
        if options.callee_goes is not None and not peer.ended and self.caller.hangup_requested:
            self._go_on_alone(peer, options.callee_goes)
            return
        peer.hangup(Cause.NORMAL_CLEARING)

    def _go_on_alone(self, peer: Channel, place: str) -> None:
        """Option F: the caller has hung up, the called party goes elsewhere, or on from here."""
        call = self.call
        context, exten, priority = call.context, call.exten, call.priority + 1
        try:
            if place:
                target = place_of(place)
                context, exten = target.context or context, target.exten or exten
                priority = call.resolve_priority(context, exten, target.priority)
        except ApplicationError as error:
            call.complain(f"Dial: F({place}): {error}")
            peer.hangup(Cause.NORMAL_CLEARING)
            return
        if not call.exists(context, exten, priority):
            peer.hangup(Cause.NORMAL_CLEARING)
            return
        peer.inbox = Inbox()
        _send_to(peer, context, exten, priority)

    def _set_status(self, status: str) -> None:
        self.caller.variables["DIALSTATUS"] = status

    def _ring_variables(self, result: RaceResult) -> None:
        variables = self.caller.variables
        for name, ms in (("RINGTIME", result.ring_ms), ("PROGRESSTIME", result.progress_ms)):
            if ms is not None:
                variables[name], variables[f"{name}_MS"] = str(ms // 1000), str(ms)


def _send_to(peer: Channel, context: str, exten: str, priority: int) -> None:
    """Let a called party go on in the dialplan."""
    if peer.task is None:
        peer.start_dialplan(context, exten, priority)
    else:
        peer.redirect(context, exten, priority)


def call_is_over(channel: Channel) -> bool:
    """Whether this runs in `h` or a hangup handler: nobody is left to connect anybody with."""
    return channel.hangup_requested


def _send_at_once(leg: Channel, digits: str) -> None:
    for digit in digits.upper():
        if digit in "0123456789ABCD*#":
            leg.send_digit(digit)
