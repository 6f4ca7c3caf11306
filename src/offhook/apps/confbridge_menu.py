"""What keys do in a conference: menus of confbridge.conf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from offhook.dialplan.call import parse_target
from offhook.dialplan.errors import ApplicationError
from offhook.features.conferences import ConferenceError, Parting
from offhook.pbx.events import TestEvent

if TYPE_CHECKING:
    from offhook.apps.confbridge import Attendance
    from offhook.config.files.confbridge import Menu, MenuAction

__all__ = ["Keys", "LeaveConferenceError", "run_actions"]

_NEXT_S = 2.0  # for the next key of a sequence
_ALL_KEYS = "0123456789ABCD*#"


class LeaveConferenceError(Exception):
    """The participant leaves, with this CONFBRIDGE_RESULT."""

    def __init__(self, result: str) -> None:
        super().__init__(result)
        self.result = result


class Keys:
    """Keys as they are pressed, until they are one of a menu's sequences."""

    def __init__(self, menu: Menu | None) -> None:
        self._sequences = dict(menu.keys) if menu is not None else {}
        self._pressed = ""
        self.due: float | None = None
        """When what has been pressed is taken as it is, by the loop's clock."""

    def press(self, digit: str, now: float) -> Sequence[MenuAction]:
        """The actions that a key leads to; none yet when a longer sequence begins with what was pressed."""
        pressed = self._pressed + digit.upper()
        if any(key != pressed and key.startswith(pressed) for key in self._sequences):
            self._pressed, self.due = pressed, now + _NEXT_S
            return ()
        self._pressed, self.due = "", None
        found = self._sequences.get(pressed)
        if found is None and len(pressed) > 1:
            # What came before led nowhere; this key may begin anew.
            return self.press(digit, now)
        return found or ()

    def timed_out(self) -> Sequence[MenuAction]:
        """No further key came in time."""
        pressed, self._pressed, self.due = self._pressed, "", None
        return self._sequences.get(pressed, ())


async def run_actions(attendance: Attendance, actions: Sequence[MenuAction]) -> str:
    """Do what a key stands for; a key that ended a playback_and_continue().  Raises LeaveConferenceError."""
    for action in actions:
        digit = await _run(attendance, action)
        if digit:
            return digit
    return ""


async def _run(attendance: Attendance, action: MenuAction) -> str:
    room, me = attendance.room, attendance.participant
    sound = room.profile.sound
    match action.word:
        case "playback":
            await attendance.say(*action.argument.split("&"))
        case "playback_and_continue":
            return await attendance.say(*action.argument.split("&"), stop=_ALL_KEYS)
        case "toggle_mute":
            room.set_muted(me, not me.muted)
            what = f"participant {me.channel.name} {'muted' if me.muted else 'unmuted'}"
            said = (("Message", what), ("Conference", room.name), ("Channel", me.channel.name))
            room.pbx.bus.emit(TestEvent, "CONF_MUTE", said)
            await attendance.say(sound("muted" if me.muted else "unmuted"))
        case "participant_count":
            await attendance.say(*attendance.count_sounds(len(room.active) - 1))
        case "leave_conference":
            raise LeaveConferenceError("DTMF")
        case "dialplan_exec":
            await _visit_dialplan(attendance, action.argument)
        case "increase_listening_volume":
            room.change_volume(me, talking=False, step=1)
        case "decrease_listening_volume":
            room.change_volume(me, talking=False, step=-1)
        case "reset_listening_volume":
            room.change_volume(me, talking=False, step=0)
        case "increase_talking_volume":
            room.change_volume(me, talking=True, step=1)
        case "decrease_talking_volume":
            room.change_volume(me, talking=True, step=-1)
        case "reset_talking_volume":
            room.change_volume(me, talking=True, step=0)
        case "set_as_single_video_src":
            try:
                room.show_video_of(me)
            except ConferenceError as error:
                attendance.call.complain(f"ConfBridge: {error}")
        case "release_as_single_video_src":
            room.release_video_of(me)
        case _ if action.word.startswith("admin_"):
            await _administer(attendance, action.word)
        case _:
            pass  # no_op
    return ""


async def _administer(attendance: Attendance, word: str) -> None:
    room, sound = attendance.room, attendance.room.profile.sound
    if not attendance.profile.admin:
        attendance.call.complain(f"ConfBridge: {attendance.channel.name} is no administrator: {word}")
        await attendance.say(sound("error_menu"))
        return
    match word:
        case "admin_toggle_conference_lock":
            room.locked = not room.locked
            await attendance.say(sound("locked_now" if room.locked else "unlocked_now"))
        case "admin_toggle_mute_participants":
            room.set_all_muted(not room.muted)
            room.announce([sound("participants_muted" if room.muted else "participants_unmuted")])
        case "admin_kick_last":
            last = room.participants[-1]
            if last is attendance.participant or last.profile.admin:
                await attendance.say(sound("error_menu"))
            else:
                room.ask_to_leave(last, Parting.KICKED)
        case _:
            pass


async def _visit_dialplan(attendance: Attendance, where: str) -> None:
    """Leave the mixing, execute dialplan there until it ends, and come back."""
    call, room, channel = attendance.call, attendance.room, attendance.channel
    try:
        target = parse_target(where)
    except ApplicationError as error:
        call.complain(f"ConfBridge: dialplan_exec({where}): {error}")
        return
    room.bridge.leave(channel)
    try:
        await call.runner.run_subroutine(call, target, [])
    finally:
        if not channel.ended:
            room.bridge.mix.set_taking(channel, attendance.participant.taking())
            room.bridge.join(channel)
