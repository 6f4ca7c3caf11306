"""FollowMe: look for somebody at several numbers, one after the other or at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.apps.dial_options import subroutine_of, subroutine_on_leg
from offhook.config.files.followme import FollowMeConf, FollowMeProfile, FollowMeStep
from offhook.dialplan.declare import Options, application, flag, option
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.pbx import events
from offhook.pbx.causes import Cause
from offhook.pbx.conversation import Conversation, Outcome
from offhook.pbx.errors import CannotDialError, PlaybackError
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import find_sounds, play, wait_digit
from offhook.pbx.originate import attempt_status

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["FollowMeOptions", "follow_me"]

_DECIDED = "followme"


@dataclass(frozen=True, slots=True)
class FollowMeOptions(Options):
    """The option letters of FollowMe()."""

    record_name: bool = flag("a", "Record the caller's name, and announce it to who is called.")
    before_caller: str | None = option("B", "Gosub on the caller before anybody is called.", required=True)
    before: str | None = option("b", "Gosub on each called channel before it is called.", required=True)
    no_hold_prompt: bool = flag("d", "Do not ask the caller to hold.")
    ignore_connected_line: bool = flag("I", "Do not pass on connected line updates.")
    no_optimization: bool = flag("l", "Local channels stay in the call, as with /n.")
    no_answer: bool = flag("N", "Do not answer the caller before somebody takes the call: it hears ringing.")
    say_sorry: bool = flag("n", "Tell the caller when nobody was found.")
    say_status: bool = flag("s", "Tell the caller first that the party is not at the desk.")


_NO_OPTIONS = FollowMeOptions()


@application("FollowMe")
async def follow_me(call: Call, followmeid: str, options: FollowMeOptions = _NO_OPTIONS) -> None:
    """Look for somebody at the numbers of a profile of followme.conf, and connect the caller.

    Each who answers is asked whether to take the call; the first who does has it.  The next priority follows
    when nobody does, or when there is no such profile.

    Args:
        followmeid: the profile.
        options: see the letters.
    """
    conf = call.channel.pbx.service(FollowMeConf)
    profile = conf.profiles.get(followmeid) if conf is not None else None
    if profile is None:
        call.complain(f"FollowMe: there is no profile {followmeid!r} in followme.conf")
        return
    await _Search(call, profile, options).run()


class _Search:
    """One execution of FollowMe()."""

    def __init__(self, call: Call, profile: FollowMeProfile, options: FollowMeOptions) -> None:
        self.call = call
        self.caller: Channel = call.channel
        self.profile = profile
        self.options = options
        self.name_file: str = ""
        self.legs: dict[Channel, asyncio.Task[None] | None] = {}

    async def run(self) -> None:
        """Tell the caller, look, and connect."""
        options, profile, caller = self.options, self.profile, self.caller
        if options.before_caller is not None:
            await self.call.gosub(*subroutine_of(options.before_caller))
        if not options.no_answer:
            caller.answer()
            if options.say_status:
                await self._say(caller, profile.status_prompt)
            if options.record_name and profile.enable_callee_prompt:
                await self._record_name()
            if not options.no_hold_prompt:
                await self._say(caller, profile.pls_hold_prompt)
        try:
            winner = await self._look()
        finally:
            self._forget_name()
        if winner is not None:
            await self._talk(winner)
        elif options.say_sorry and not options.no_answer:
            await self._say(caller, profile.sorry_prompt)

    async def _look(self) -> Channel | None:
        caller = self.caller
        stop: Callable[[], None] | None = None
        if self.options.no_answer:
            caller.ring()
        else:
            stop = caller.pbx.start_music(caller, self.profile.musicclass)
        winner: Channel | None = None
        try:
            for step in self.profile.steps:
                winner = await self._step(step)
                if winner is not None:
                    break
            return winner
        finally:
            if stop is not None:
                stop()
            caller.stop_ringing()
            self._drop_all(spare=winner)

    async def _step(self, step: FollowMeStep) -> Channel | None:
        caller, inbox = self.caller, self.caller.inbox
        for number in step.numbers:
            await self._dial(number)
        end = caller.pbx.loop.time() + step.seconds
        while self.legs:
            event = await inbox.get(end - caller.pbx.loop.time())
            if event is None:
                if not any(self.legs.values()):
                    break
                end = (
                    caller.pbx.loop.time() + step.seconds
                )  # somebody is being asked: let that come to an end
                self._drop_silent()
                continue
            leg = event.channel
            match event:
                case events.Answered() if leg in self.legs:
                    caller.pbx.bus.emit(events.DialEnded, caller, leg, "ANSWER")
                    if not self.profile.enable_callee_prompt:
                        return self._won(leg)
                    work = self._ask_and_tell(leg)
                    self.legs[leg] = caller.pbx.loop.create_task(work, name=f"FollowMe {leg.name}")
                case events.HungUp() | events.Detached() if leg in self.legs:
                    task = self.legs.pop(leg)
                    if task is None:
                        status = attempt_status(leg.hangup_cause)
                        caller.pbx.bus.emit(events.DialEnded, caller, leg, status)
                case events.Notice(what=what, data=takes) if what == _DECIDED and leg in self.legs:
                    if takes:
                        return self._won(leg)
                    self.legs.pop(leg)
                    self._drop(leg)
                case _:
                    pass
        self._drop_all()
        return None

    async def _dial(self, number: str) -> None:
        caller, target = self.caller, f"{number}@{self.profile.context}"
        stays = "/n" if self.options.no_optimization else ""
        try:
            [leg] = caller.pbx.request(f"Local/{target}{stays}", caller=caller)
        except CannotDialError as error:
            self.call.complain(f"FollowMe: {error}")
            return
        leg.inbox = caller.inbox
        leg.inherit_from(caller)
        leg.set_connected(caller.caller)
        leg.exten = number
        if self.options.before is not None:
            where, arguments = subroutine_on_leg(self.call, self.options.before)
            try:
                await self.call.runner.run_subroutine_on(leg, where, arguments)
            except ApplicationError as error:
                self.call.complain(f"FollowMe: b: {error}")
        if not leg.ended:
            self.legs[leg] = None
            leg.place(target, caller=caller)

    def _won(self, leg: Channel) -> Channel:
        self.legs.pop(leg)
        return leg

    def _drop_silent(self) -> None:
        for leg, task in list(self.legs.items()):
            if task is None:
                del self.legs[leg]
                self.caller.pbx.bus.emit(events.DialEnded, self.caller, leg, "NOANSWER")
                self._drop(leg)

    def _drop_all(self, spare: Channel | None = None) -> None:
        for leg, task in list(self.legs.items()):
            del self.legs[leg]
            if leg is spare:
                continue
            if task is None:
                self.caller.pbx.bus.emit(events.DialEnded, self.caller, leg, "NOANSWER")
            else:
                task.cancel()
            self._drop(leg)

    @staticmethod
    def _drop(leg: Channel) -> None:
        leg.inbox = Inbox()
        leg.request_hangup(Cause.NORMAL_CLEARING)

    # ------------------------------------------------------------ the one who is called

    async def _ask_and_tell(self, leg: Channel) -> None:
        takes = await leg.lend(self._ask(leg))
        if not leg.ended:
            leg.deliver(events.Notice(leg, _DECIDED, bool(takes)))

    async def _ask(self, leg: Channel) -> bool:
        """Whether it takes the call."""
        profile = self.profile
        keys = "".join(sorted(set(profile.takecall + profile.declinecall)))
        if self.name_file:
            prompts = [profile.call_from_prompt, self.name_file, profile.options_prompt]
        else:
            prompts = [profile.norecording_prompt, profile.options_prompt]
        typed = ""
        for prompt in prompts:
            typed = await self._say(leg, prompt, keys)
            if typed or leg.ended:
                break
        while not leg.ended:
            if typed == profile.takecall:
                if profile.connecting_prompt:
                    await self._say(leg, profile.connecting_prompt)
                return True
            if typed == profile.declinecall:
                return False
            if not (profile.takecall.startswith(typed) or profile.declinecall.startswith(typed)):
                typed = ""
            digit = await wait_digit(leg, profile.featuredigittimeout / 1000)
            if digit is None:
                return False
            typed += digit
        return False

    # ------------------------------------------------------------ the caller

    async def _record_name(self) -> None:
        base = str(self.caller.pbx.recordings / f"followme-{self.caller.uniqueid}")
        await self._say(self.caller, "vm-rec-name")
        try:
            await self.call.execute("Record", f"{base}.wav,3,10,q")
        except ApplicationError as error:
            self.call.complain(f"FollowMe: {error}")
            return
        self.name_file = base

    def _forget_name(self) -> None:
        if self.name_file:
            Path(f"{self.name_file}.wav").unlink(missing_ok=True)

    async def _say(self, channel: Channel, prompt: str, stop: str = "") -> str:
        if not prompt or channel.ended:
            return ""
        try:
            files, missing = await find_sounds(channel, [prompt])
            if missing:
                self.call.complain(f"FollowMe: there is no sound {prompt!r}")
                return ""
            return await play(channel, [prompt], stop=stop) if files else ""
        except PlaybackError as error:
            self.call.complain(f"FollowMe: {error}")
            return ""

    async def _talk(self, leg: Channel) -> None:
        caller, outcome = self.caller, None
        caller.answer()
        if not self.options.ignore_connected_line:
            caller.set_connected(leg.caller)
        conversation = Conversation(pass_connected_line=not self.options.ignore_connected_line)
        try:
            outcome = await conversation.run(caller, leg, caller.inbox)
        finally:
            other = conversation.peer
            if outcome is not Outcome.PEER_TAKEN and not other.ended and other.inbox is caller.inbox:
                other.request_hangup(Cause.NORMAL_CLEARING)
        raise Hangup
