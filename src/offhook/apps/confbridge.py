"""Conference rooms for callers: ConfBridge and ConfKick.

Who is in a room, and what everybody hears, is offhook.features.conferences; the keys of menus are
offhook.apps.confbridge_menu.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.apps.confbridge_menu import Keys, LeaveConferenceError, run_actions
from offhook.dialplan.declare import application
from offhook.dialplan.errors import ApplicationError
from offhook.features.conference_profiles import bridge_profile_of, menu_of, user_profile_of
from offhook.features.conferences import (
    Conference,
    ConferenceError,
    Conferences,
    Participant,
    Parting,
)
from offhook.media.say import NumberTooLargeError, say_number
from offhook.media.taps import Direction
from offhook.pbx import events
from offhook.pbx.bridge import BridgeError
from offhook.pbx.channel import ChannelState
from offhook.pbx.effects import set_denoise
from offhook.pbx.listening import PlaybackError, find_sounds, start_playing

if TYPE_CHECKING:
    from offhook.config.files.confbridge import BridgeProfile, Menu, MenuAction, UserProfile
    from offhook.dialplan.call import Call

__all__ = ["Attendance", "confbridge", "conferences_of", "confkick"]

_PIN_TRIES = 3
_DIGIT_S = 5.0  # for the next digit of a PIN
_NAME_MS = 20_000  # longest recorded name
_NAME_SILENCE_MS = 3000


def conferences_of(call: Call, application: str) -> Conferences:
    """The node's rooms.  Raises ApplicationError."""
    found = call.channel.pbx.service(Conferences)
    if found is None:
        raise ApplicationError(f"{application}: this node has no conferences")
    return found


@application("ConfBridge")
async def confbridge(
    call: Call, conference: str, bridge_profile: str = "", user_profile: str = "", menu: str = ""
) -> None:
    """Join a conference room, which begins with its first and ends with its last participant.

    Profiles and menus are in confbridge.conf; CONFBRIDGE() sets options for this call alone.

    Args:
        conference: the room's name or number.
        bridge_profile: what the room is like; counts for the first who joins.  default_bridge if not given.
        user_profile: what the participant is like.  default_user if not given.
        menu: what keys do.  default_menu if not given.

    Sets:
        CONFBRIDGE_RESULT: FAILED, HANGUP, KICKED, ENDMARKED, DTMF or TIMEOUT.
    """
    conferences = conferences_of(call, "ConfBridge")
    call.set_variable("CONFBRIDGE_RESULT", "FAILED")
    try:
        attendance = Attendance(
            call,
            conferences,
            conference,
            bridge_profile_of(call, conferences, bridge_profile),
            user_profile_of(call, conferences, user_profile),
            menu_of(call, conferences, menu),
        )
    except ConferenceError as error:
        raise ApplicationError(f"ConfBridge: {error}") from error
    result = await attendance.run()
    call.set_variable("CONFBRIDGE_RESULT", result)


@application("ConfKick")
def confkick(call: Call, conference: str, channel: str = "all") -> None:
    """Remove participants from a conference room.

    Args:
        conference: the room.
        channel: a channel's name, `all`, or `participants`: all who are no administrators.

    Sets:
        CONFKICKSTATUS: SUCCESS or FAILURE.
    """
    room = conferences_of(call, "ConfKick").room(conference)
    status = "FAILURE"
    try:
        if room is not None and room.kick(channel or "all"):
            status = "SUCCESS"
    except ConferenceError as error:
        call.complain(f"ConfKick: {error}")
    call.set_variable("CONFKICKSTATUS", status)


class Attendance:
    """One channel's time in a room, from the PIN to the end."""

    def __init__(
        self,
        call: Call,
        conferences: Conferences,
        name: str,
        bridge_profile: BridgeProfile,
        profile: UserProfile,
        menu: Menu | None,
    ) -> None:
        self.call = call
        self.channel = call.channel
        self.profile = profile
        self.participant = Participant(call.channel, profile, menu)
        self.room: Conference
        self._conferences = conferences
        self._name = name
        self._bridge_profile = bridge_profile
        self._keys = Keys(menu)
        self._name_file: Path | None = None
        self._typed: list[events.Digit] = []  # while something was said to it
        self._to_say: list[str] = []  # what a change of the room has to tell its listener

    # ------------------------------------------------------------ the whole

    async def run(self) -> str:
        """Attend; the CONFBRIDGE_RESULT."""
        channel, profile = self.channel, self.profile
        if profile.answer_channel and channel.state is not ChannelState.UP:
            channel.answer()
        if channel.media is None:
            channel.progress()
        if channel.media is None:
            self.call.complain(f"ConfBridge: {channel.name} has no audio")
            return "FAILED"
        if profile.denoise:
            set_denoise(channel, Direction.HEARD, True)
        try:
            if profile.pin and not await self._ask_pin():
                return "FAILED"
            room = self._conferences.room(self._name)
            if room is not None and not profile.admin and (room.locked or room.is_full):
                await self.say(self._bridge_profile.sound("locked"))
                return "FAILED"
            if profile.announce_join_leave and not profile.quiet:
                await self._record_name()
            if profile.announcement:
                await self.say(profile.announcement)
            self.call.set_variable("CONFBRIDGE_RESULT", "HANGUP")
            return await self._attend()
        finally:
            if self._name_file is not None:
                with contextlib.suppress(OSError):
                    self._name_file.unlink()

    async def _attend(self) -> str:
        room = self.room = self._conferences.open(self._name, self._bridge_profile)
        others = len(room.active)
        try:
            room.join(self.participant)
        except BridgeError as error:
            if not room.participants:
                room.leave(self.participant)
            self.call.complain(f"ConfBridge: {error}")
            return "FAILED"
        result = "HANGUP"
        try:
            self._announce_arrival(others)
            await self._greet(others)
            await self._stay()
        except LeaveConferenceError as left:
            result = left.result
        finally:
            self._depart()
        await self._say_good_bye(result)
        return result

    async def _greet(self, others: int) -> None:
        """What the new participant is told."""
        room, profile = self.room, self.profile
        if profile.quiet:
            return
        if self.participant.waiting:
            await self.say(room.profile.sound("wait_for_leader"))
        elif others == 0:
            if profile.announce_only_user and len(room.active) == 1:
                await self.say(room.profile.sound("only_person"))
        elif profile.announce_user_count:
            await self.say(*self.count_sounds(others))

    def _announce_arrival(self, others: int) -> None:
        """What everybody is told."""
        room, profile, sound = self.room, self.profile, self.room.profile.sound
        if profile.quiet or self.participant.waiting:
            return
        names: list[str | Path] = [sound("join")]
        if self._name_file is not None:
            names += [self._name_file, sound("has_joined")]
        room.announce(names, spare=None if profile.hear_own_join_sound else self.participant)
        if 0 < profile.announce_user_count_all <= others + 1:
            room.announce(self.count_sounds(others), spare=self.participant)

    def _depart(self) -> None:
        room, sound = self.room, self.room.profile.sound
        waited = self.participant.waiting
        room.leave(self.participant)
        if room.participants and not self.profile.quiet and not waited:
            names: list[str | Path] = [sound("leave")]
            if self._name_file is not None:
                # The file is removed when this channel has gone; what is read by then is played.
                names += [self._name_file, sound("has_left")]
            room.announce(names)

    async def _say_good_bye(self, result: str) -> None:
        if self.profile.quiet or self.channel.ended or self.channel.hangup_requested:
            return
        with contextlib.suppress(LeaveConferenceError):
            if result == Parting.KICKED.value:
                await self.say(self.room.profile.sound("kicked"))
            elif result == Parting.END_MARKED.value:
                await self.say(self.room.profile.sound("leader_has_left"))

    async def _stay(self) -> None:
        """Until it leaves."""
        now = self.channel.pbx.loop.time
        end = now() + self.profile.timeout if self.profile.timeout else None
        while True:
            while self._to_say:
                await self.say(self._to_say.pop(0))
            if self._typed:
                await self._pressed(self._typed.pop(0))
                continue
            due = [at for at in (end, self._keys.due) if at is not None]
            event = await self.channel.inbox.get(min(due) - now() if due else None)
            if end is not None and now() >= end:
                raise LeaveConferenceError("TIMEOUT")
            if event is None:
                await self._act(self._keys.timed_out())
            elif isinstance(event, events.Digit):
                await self._pressed(event)
            else:
                self._notice(event)

    async def _pressed(self, event: events.Digit) -> None:
        if self.profile.dtmf_passthrough:
            self.room.pass_digit(self.participant, event.digit, event.duration_ms)
        await self._act(self._keys.press(event.digit, self.channel.pbx.loop.time()))

    async def _act(self, actions: Sequence[MenuAction]) -> None:
        if actions:
            digit = await run_actions(self, actions)
            if digit:
                await self._act(self._keys.press(digit, self.channel.pbx.loop.time()))

    def _notice(self, event: events.LegEvent) -> None:
        """Anything but a key.  Raises LeaveConferenceError."""
        match event:
            case events.Notice(what="leave", data=Parting() as why):
                raise LeaveConferenceError(why.value)
            case events.Kicked():
                raise LeaveConferenceError(Parting.KICKED.value)
            case events.Notice(what="placed"):
                if not self.profile.quiet:
                    self._to_say.append(self.room.profile.sound("place_into_conference"))
            case events.Notice(what="leader left"):
                if not self.profile.quiet:
                    self._to_say.append(self.room.profile.sound("leader_has_left"))
            case events.Talking(on=on):
                self.room.set_talking(self.participant, on)
            case events.HungUp(channel=leg) | events.Detached(channel=leg) if leg is self.channel:
                raise LeaveConferenceError("HANGUP")
            case _:
                pass

    # ------------------------------------------------------------ what it hears alone

    def count_sounds(self, others: int) -> list[str]:
        """How many others there are, as sounds."""
        sound = self._bridge_profile.sound if not hasattr(self, "room") else self.room.profile.sound
        if others <= 0:
            return [sound("only_person")]
        if others == 1:
            return [sound("only_one")]
        try:
            number = say_number(others, self.channel.language)
        except NumberTooLargeError:
            return []
        return [sound("there_are"), *number, sound("other_in_party")]

    async def say(self, *names: str, stop: str = "") -> str:
        """Play sounds to this participant; a key of `stop` ends them, and is returned.

        Whatever else happens meanwhile is taken notice of.  Raises LeaveConferenceError.
        """
        channel = self.channel
        wanted = [name for name in names if name]
        if not wanted or channel.ended:
            return ""
        files, missing = await find_sounds(channel, wanted)
        for name in missing:
            self.call.complain(f"ConfBridge: there is no sound {name!r} in language {channel.language!r}")
        if not files:
            return ""
        playback, running = 0, True
        try:
            playback = start_playing(channel, files)
            while True:
                match await channel.inbox.get():
                    case events.PlaybackEnded(playback=ended) if ended == playback:
                        running = False
                        return ""
                    case events.Digit() as pressed:
                        if pressed.digit in stop:
                            return pressed.digit
                        self._typed.append(pressed)
                    case None:
                        pass
                    case event:
                        self._notice(event)
        except PlaybackError as error:
            running = False
            self.call.complain(f"ConfBridge: {error}")
            return ""
        finally:
            if running and channel.media is not None and not channel.ended:
                channel.media.core.stop(playback)
            if hasattr(self, "room"):
                self.room.resume_music(self.participant)

    # ------------------------------------------------------------ before it joins

    async def _ask_pin(self) -> bool:
        sound = self._bridge_profile.sound
        prompt = sound("get_pin")
        for _ in range(_PIN_TRIES):
            if await self._digits(prompt, len(self.profile.pin)) == self.profile.pin:
                return True
            prompt = sound("invalid_pin")
        await self.say(prompt)
        return False

    async def _digits(self, prompt: str, most: int) -> str:
        """Keys up to `#` or until there are as many as the PIN has."""
        channel = self.channel
        typed = await self.say(prompt, stop="0123456789ABCD*#")
        while not typed.endswith("#") and len(typed) < most:
            event = await channel.inbox.get(_DIGIT_S)
            if event is None:
                break
            if isinstance(event, events.Digit):
                typed += event.digit
            else:
                self._notice(event)
        return typed.removesuffix("#")

    async def _record_name(self) -> None:
        """Ask for the name that is played to the others."""
        channel = self.channel
        await self.say("vm-rec-name", "beep")
        media = channel.media
        if media is None:
            return
        path = (
            channel.pbx.recordings
            / "confbridge"
            / f"confbridge-name-{channel.uniqueid.replace('/', '_')}.wav"
        )
        try:
            os.makedirs(path.parent, exist_ok=True)
        except OSError as error:
            self.call.complain(f"ConfBridge: {path.parent}: {error.strerror}")
            return
        self._name_file = path

        def ended(_result: object) -> None:
            channel.deliver(events.Notice(channel, "recorded"))

        recording = media.start_recording(
            str(path), "wav", max_ms=_NAME_MS, silence_ms=_NAME_SILENCE_MS, on_end=ended
        )
        while True:
            match await channel.inbox.get():
                case events.Notice(what="recorded"):
                    return
                case events.Digit(digit="#"):
                    recording.stop()
                case events.Digit() | None:
                    pass
                case event:
                    self._notice(event)
