"""Conference rooms: who is in which, who is marked and who waits, what everybody hears, recordings.

ConfBridge (offhook.apps.confbridge) brings channels in and runs their menus; console, AMI and functions
look up and change rooms here.  Everything is synchronous and belongs to the event loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from offhook.config.files.confbridge import BridgeProfile, ConfbridgeConf, Menu, UserProfile, VideoMode
from offhook.features.conference_events import (
    ConferenceEnded,
    ConferenceJoined,
    ConferenceLeft,
    ConferenceMuted,
    ConferenceRecording,
    ConferenceStarted,
    ConferenceStateChanged,
    ConferenceTalking,
)
from offhook.media.formats import recorded_at
from offhook.media.room import Taking
from offhook.pbx.bridge import Bridge
from offhook.pbx.bridge_video import video_of
from offhook.pbx.channel import ChannelState
from offhook.pbx.events import Notice, TestEvent
from offhook.pbx.mixing import HIGHEST_RATE, Mixing

if TYPE_CHECKING:
    from offhook.media.activity import Recording, RecordingResult
    from offhook.pbx.channel import Channel
    from offhook.pbx.pbx import Pbx

__all__ = ["Conference", "ConferenceError", "ConferenceState", "Conferences", "Participant", "Parting"]

log = logging.getLogger(__name__)

P = TypeVar("P")

# One step of a volume key: Asterisk's audio volume goes from -10 to 10 and multiplies or divides.
_MOST_VOLUME = 10


class ConferenceError(Exception):
    """It cannot be done; the text says why."""


class ConferenceState(Enum):
    """What a room is, with Asterisk's names."""

    EMPTY = "EMPTY"
    INACTIVE = "INACTIVE"  # only those who wait for a marked one
    SINGLE = "SINGLE"
    SINGLE_MARKED = "SINGLE_MARKED"
    MULTI = "MULTI"
    MULTI_MARKED = "MULTI_MARKED"


class Parting(Enum):
    """Why somebody is asked to leave, with the values of CONFBRIDGE_RESULT."""

    KICKED = "KICKED"
    END_MARKED = "ENDMARKED"


@dataclass(eq=False)
class Participant:
    """One channel in a room."""

    channel: Channel
    profile: UserProfile
    menu: Menu | None = None
    muted: bool = False
    """By itself, by its profile or by somebody else."""
    muted_by_admin: bool = False
    """With all others (admin_toggle_mute_participants)."""
    waiting: bool = False
    """For a marked one: it neither hears nor is heard."""
    leaving: bool = False
    """It was there for the marked ones, who have left."""
    talking: bool = False
    deaf: bool = False
    volume_in: int = 0
    volume_out: int = 0
    joined_at: float = 0.0
    stop_music: Callable[[], None] | None = None
    followed: bool = False
    """Who talks is seen by all."""

    @property
    def silenced(self) -> bool:
        """Whether nobody hears it."""
        return self.muted or self.waiting or (self.muted_by_admin and not self.profile.admin)

    def taking(self) -> Taking:
        """How it takes part in the mixing."""
        profile = self.profile
        return Taking(
            muted=self.silenced,
            deaf=self.waiting or self.deaf,
            gain_in=_gain(self.volume_in),
            gain_out=_gain(self.volume_out),
            talking_threshold=profile.dsp_talking_threshold,
            silence_ms=profile.dsp_silence_threshold,
            drop_silence=profile.dsp_drop_silence,
            report_talking=profile.talk_detection_events or self.followed,
        )


def _gain(volume: int) -> float:
    """The factor of a volume from -10 to 10."""
    return float(volume + 1) if volume >= 0 else 1 / (1 - volume)


class Conference:
    """One room.  It exists from the first who comes to the last who goes."""

    def __init__(self, conferences: Conferences, name: str, profile: BridgeProfile) -> None:
        self.pbx = conferences.pbx
        self.name = name
        self.profile = profile
        self.participants: list[Participant] = []
        self.locked = False
        self.muted = False
        self.started_at = self.pbx.wall_clock()
        self.state = ConferenceState.EMPTY
        self._conferences = conferences
        self._announcer: _Announcer | None = None
        self._recorder: _Recorder | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self.bridge = Bridge(
            self.pbx,
            kind="base",
            creator="ConfBridge",
            name=name,
            mixing=Mixing(
                profile.internal_sample_rate,
                profile.maximum_sample_rate or HIGHEST_RATE,
                profile.mixing_interval,
            ),
        )
        self.pbx.bus.emit(ConferenceStarted, self)
        if profile.video_mode is not VideoMode.NONE:
            talker = profile.video_mode is VideoMode.FOLLOW_TALKER
            self.bridge.video.show(self.bridge, None, "talker" if talker else "single")

    # ------------------------------------------------------------ who is there

    @property
    def active(self) -> list[Participant]:
        """Those who do not wait."""
        return [one for one in self.participants if not one.waiting and not one.leaving]

    @property
    def waiting(self) -> list[Participant]:
        """Those who wait for a marked one."""
        return [one for one in self.participants if one.waiting]

    @property
    def marked(self) -> list[Participant]:
        """The marked ones."""
        return [one for one in self.participants if one.profile.marked]

    @property
    def admins(self) -> list[Participant]:
        """The administrators."""
        return [one for one in self.participants if one.profile.admin]

    @property
    def is_full(self) -> bool:
        """Whether only administrators may still come in."""
        return 0 < self.profile.max_members <= len(self.participants)

    @property
    def recording(self) -> str:
        """The file that is being recorded, "" when none is."""
        return self._recorder.path if self._recorder is not None else ""

    def participant(self, channel_name: str) -> Participant | None:
        """The one with this channel, by its name or the beginning of it."""
        for one in self.participants:
            if one.channel.name == channel_name:
                return one
        found = [one for one in self.participants if one.channel.name.startswith(channel_name)]
        return found[0] if channel_name and len(found) == 1 else None

    def chosen(self, which: str) -> list[Participant]:
        """`all`, `participants` (all but administrators), or one channel.  Raises ConferenceError."""
        match which.lower():
            case "all":
                return list(self.participants)
            case "participants":
                return [one for one in self.participants if not one.profile.admin]
            case _:
                one = self.participant(which)
                if one is None:
                    raise ConferenceError(f"there is no channel {which!r} in conference {self.name}")
                return [one]

    # ------------------------------------------------------------ coming and going

    def join(self, participant: Participant) -> None:
        """Bring somebody in.  Raises BridgeError when the channel is gone or in another bridge."""
        participant.joined_at = self.pbx.wall_clock()
        participant.muted = participant.profile.startmuted
        participant.muted_by_admin = self.muted
        participant.waiting = (
            participant.profile.wait_marked and not participant.profile.marked and not self.marked
        )
        participant.followed = self.profile.video_mode is VideoMode.FOLLOW_TALKER
        self.bridge.mix.set_taking(participant.channel, participant.taking())
        self.bridge.join(participant.channel)
        self.participants.append(participant)
        self._marked_is_seen(participant)
        if participant.profile.marked and len(self.marked) == 1:
            self._place_waiting()
        self._settle()
        self.pbx.bus.emit(ConferenceJoined, self, participant)
        if participant.muted:
            self._test_muted(participant)
        if self.profile.record_conference and self._recorder is None and len(self.participants) == 1:
            self.start_recording()

    def leave(self, participant: Participant) -> None:
        """Somebody has gone; with the last one the room ends."""
        if participant not in self.participants:
            return
        self.participants.remove(participant)
        stop, participant.stop_music = participant.stop_music, None
        if stop is not None:
            stop()
        self.bridge.leave(participant.channel)
        self.pbx.bus.emit(ConferenceLeft, self, participant)
        if self.bridge.video_source is None:
            last = self.profile.video_mode is VideoMode.LAST_MARKED
            for one in reversed(self.participants) if last else self.participants:
                self._marked_is_seen(one)
        if participant.profile.marked:
            self._marked_left(participant)
        self._settle()
        if not self.participants:
            self._end()

    def _place_waiting(self) -> None:
        """A marked one has come: those who wait take part."""
        for one in self.waiting:
            one.waiting = False
            self._apply(one)
            one.channel.deliver(Notice(one.channel, "placed", None))

    def _marked_left(self, gone: Participant) -> None:
        last = not self.marked
        for one in list(self.participants):
            profile = one.profile
            if profile.marked:
                continue
            if profile.end_marked_any or (profile.end_marked and last):
                one.leaving = True
                self.ask_to_leave(one, Parting.END_MARKED)
            elif profile.wait_marked and last and not one.waiting:
                one.waiting = True
                self._apply(one)
                one.channel.deliver(Notice(one.channel, "leader left", None))
            elif last and not one.waiting:
                one.channel.deliver(Notice(one.channel, "leader left", None))

    def _settle(self) -> None:
        """State, and music for those who are alone or wait."""
        active, marked = len(self.active), len(self.marked)
        if active > 1:
            state = ConferenceState.MULTI_MARKED if marked else ConferenceState.MULTI
        elif active == 1:
            state = ConferenceState.SINGLE_MARKED if marked else ConferenceState.SINGLE
        else:
            state = ConferenceState.INACTIVE if self.participants else ConferenceState.EMPTY
        if state is not self.state:
            old, self.state = self.state, state
            self.pbx.bus.emit(ConferenceStateChanged, self, old.value, state.value)
            said = (("Conference", self.name), ("OldState", old.value), ("NewState", state.value))
            self.pbx.bus.emit(TestEvent, "CONF_CHANGE_STATE", said)
        for one in self.participants:
            alone = one.waiting or active == 1
            if alone and one.profile.music_on_hold_when_empty:
                if one.stop_music is None:
                    one.stop_music = self.pbx.start_music(one.channel, one.profile.music_on_hold_class)
            elif one.stop_music is not None:
                stop, one.stop_music = one.stop_music, None
                stop()

    def resume_music(self, participant: Participant) -> None:
        """A prompt was played to one who hears music: it goes on."""
        if participant.stop_music is not None and participant in self.participants:
            participant.stop_music()
            participant.stop_music = self.pbx.start_music(
                participant.channel, participant.profile.music_on_hold_class
            )

    def _end(self) -> None:
        self.stop_recording()
        for task in self._saying:
            task.cancel()
        if self._announcer is not None:
            self._announcer.close()
            self._announcer = None
        self.bridge.dissolve()
        self._conferences.forget(self)
        self.pbx.bus.emit(ConferenceEnded, self)

    # ------------------------------------------------------------ what can be done

    def _apply(self, participant: Participant) -> None:
        if not participant.channel.ended:
            self.bridge.mix.set_taking(participant.channel, participant.taking())

    def _test_muted(self, participant: Participant) -> None:
        said = (("Mode", "muted" if participant.muted else "unmuted"), ("Channel", participant.channel.name))
        self.pbx.bus.emit(TestEvent, "CONF_MUTE_UPDATE", said)

    def set_muted(self, participant: Participant, on: bool) -> None:
        """Mute one, or have it heard again."""
        if participant.muted != on:
            participant.muted = on
            if on:
                participant.talking = False
            self._apply(participant)
            self.pbx.bus.emit(ConferenceMuted, self, participant, on)
            self._test_muted(participant)

    def set_all_muted(self, on: bool) -> None:
        """Mute all who are no administrators, those still to come included."""
        self.muted = on
        for one in self.participants:
            one.muted_by_admin = on
            self._apply(one)
            if not one.profile.admin:
                self.pbx.bus.emit(ConferenceMuted, self, one, on or one.muted)

    def set_deaf(self, participant: Participant, on: bool) -> None:
        """Let one hear nothing for a while."""
        participant.deaf = on
        self._apply(participant)

    def change_volume(self, participant: Participant, *, talking: bool, step: int) -> None:
        """Make what one says or hears louder (1), softer (-1) or as it was (0)."""
        now = participant.volume_in if talking else participant.volume_out
        volume = max(-_MOST_VOLUME, min(_MOST_VOLUME, now + step)) if step else 0
        if talking:
            participant.volume_in = volume
        else:
            participant.volume_out = volume
        self._apply(participant)

    def set_talking(self, participant: Participant, on: bool) -> None:
        """The engine has noticed that one talks, or no more."""
        if participant.talking == on:
            return
        participant.talking = on
        follows = participant.followed and self.bridge.video_mode == "talker"
        if on and follows and video_of(participant.channel) is not None:
            self.bridge.video.show(self.bridge, participant.channel, "talker")
        if participant.profile.talk_detection_events:
            self.pbx.bus.emit(ConferenceTalking, self, participant, on)

    # ------------------------------------------------------------ whom all see

    def _marked_is_seen(self, participant: Participant) -> None:
        mode = self.profile.video_mode
        if not participant.profile.marked or mode not in (VideoMode.FIRST_MARKED, VideoMode.LAST_MARKED):
            return
        if self.bridge.video_source is None or (
            mode is VideoMode.LAST_MARKED and participant is self.participants[-1]
        ):
            self.bridge.video.show(self.bridge, participant.channel)

    def show_video_of(self, participant: Participant) -> None:
        """Let all see this one, whoever talks.  Raises ConferenceError when it sends no video."""
        if video_of(participant.channel) is None:
            raise ConferenceError(f"{participant.channel.name} sends no video")
        self.bridge.video.show(self.bridge, participant.channel)

    def release_video_of(self, participant: Participant) -> None:
        """Show this one no more, if it was, until somebody talks or comes whom the profile names."""
        if self.bridge.video_source is not participant.channel:
            return
        talker = self.profile.video_mode is VideoMode.FOLLOW_TALKER
        none = self.profile.video_mode is VideoMode.NONE
        self.bridge.video.show(self.bridge, None, "none" if none else "talker" if talker else "single")

    def ask_to_leave(self, participant: Participant, why: Parting) -> None:
        """Have one leave: its application does so at once."""
        participant.channel.deliver(Notice(participant.channel, "leave", why))

    def kick(self, which: str) -> int:
        """Remove all, `participants` or one; how many.  Raises ConferenceError."""
        chosen = self.chosen(which)
        for one in chosen:
            self.ask_to_leave(one, Parting.KICKED)
        return len(chosen)

    def pass_digit(self, participant: Participant, digit: str, duration_ms: int) -> None:
        """Send a key to all others."""
        for one in self.participants:
            if one is not participant and one.channel.state is ChannelState.UP:
                one.channel.send_digit(digit, duration_ms)

    # ------------------------------------------------------------ what everybody hears

    def announce(self, names: Sequence[str | Path], *, spare: Participant | None = None) -> None:
        """Play sounds to everybody (but one whom they are to spare), after those that are playing."""
        wanted = [name for name in names if name]
        if not wanted or not any(one is not spare for one in self.active):
            return
        task = self.pbx.loop.create_task(self._announce(wanted, spare), name=f"announce in {self.name}")
        self._saying.add(task)
        task.add_done_callback(self._said)

    async def _announce(self, names: Sequence[str | Path], spare: Participant | None) -> None:
        if self._announcer is None:
            self._announcer = _Announcer(self)
        if spare is not None:
            self.set_deaf(spare, True)
        try:
            await self._announcer.play(names)
        finally:
            if spare is not None and spare in self.participants:
                self.set_deaf(spare, False)

    def _said(self, task: asyncio.Task[None]) -> None:
        self._saying.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("conference %s: an announcement failed: %s", self.name, error)

    # ------------------------------------------------------------ recording

    def start_recording(self, file: str = "") -> str:
        """Record what is said; the file.  Raises ConferenceError."""
        if self._recorder is not None:
            raise ConferenceError(f"conference {self.name} is being recorded already")
        path = self._recording_path(file)
        try:
            os.makedirs(path.parent, exist_ok=True)
            self._recorder = _Recorder(self, path, append=self.profile.record_file_append)
        except (OSError, ValueError) as error:
            log.error("conference %s is not recorded: %s: %s", self.name, path, error)
            raise ConferenceError(f"{path}: {error}") from error
        self.pbx.bus.emit(ConferenceRecording, self, True)
        self.pbx.bus.emit(TestEvent, "CONF_START_RECORD", (("Conference", self.name),))
        return str(path)

    def stop_recording(self) -> bool:
        """End the recording; whether there was one."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return False
        recorder.close()
        self.pbx.bus.emit(ConferenceRecording, self, False)
        self.pbx.bus.emit(TestEvent, "CONF_STOP_RECORD", (("Conference", self.name),))
        return True

    def _recording_path(self, file: str) -> Path:
        started = int(self.started_at)
        given = file or self.profile.record_file
        if not given:
            given = f"confbridge-{self.name.replace('/', '_')}-{started}.wav"
        elif not file and self.profile.record_file_timestamp:
            stem, dot, extension = given.rpartition(".")
            given = f"{stem}-{started}.{extension}" if dot else f"{given}-{started}"
        if "." not in Path(given).name:
            given += ".wav"
        path = Path(given)
        return path if path.is_absolute() else self.pbx.recordings / path


class _Announcer:
    """What says something to everybody: a pipe, one end of which is in the room."""

    def __init__(self, conference: Conference) -> None:
        self._conference = conference
        self._turn = asyncio.Lock()
        room, rate = conference.bridge.mix.room, conference.bridge.mix.rate
        self._inside, self._outside = conference.pbx.media.open_pipe(rate=rate)
        if room is not None:
            room.join(self._inside, Taking(deaf=True))

    async def play(self, names: Sequence[str | Path]) -> None:
        conference = self._conference
        sounds, language = conference.pbx.sounds, conference.profile.language
        files: list[str] = []
        for name in names:
            if isinstance(name, Path):
                files.append(str(name))
                continue
            found = sounds.find(name, language) or await sounds.resolve(name, language)
            if found is None:
                log.warning("conference %s: there is no sound %r", conference.name, name)
            else:
                files.append(found.path)
        if not files:
            return
        async with self._turn:
            if not self._outside.closed:
                if conference.pbx.bus.wanted(TestEvent):
                    for file in files:
                        said = (("Message", sounds.name_of(file)), ("Channel", f"CBAnn/{conference.name}"))
                        conference.pbx.bus.emit(TestEvent, "PLAYBACK", said)
                await self._outside.play(files)

    def close(self) -> None:
        self._outside.close()
        self._inside.close()


class _Recorder:
    """Records what one hears who says nothing."""

    def __init__(self, conference: Conference, path: Path, *, append: bool) -> None:
        self.path = str(path)
        self._name = conference.name
        self._bus = conference.pbx.bus
        self._ports = inside, outside = conference.pbx.media.open_pipe(rate=recorded_at(path.suffix[1:]))
        try:
            self._recording: Recording = outside.start_recording(
                self.path, path.suffix[1:].lower(), append=append and path.exists(), on_end=self._ended
            )
        except BaseException:
            self.close()
            raise
        room = conference.bridge.mix.room
        if room is not None:
            room.join(inside, Taking(muted=True))

    def _ended(self, result: RecordingResult) -> None:
        if result.error:
            log.error("conference %s is not recorded: %s", self._name, result.error)
        self._bus.emit(TestEvent, "MIXMONITOR_END", (("File", self.path.rpartition(".")[0]),))

    def close(self) -> None:
        for port in self._ports:
            port.close()


class Conferences:
    """All rooms of a node, and their profiles."""

    def __init__(self, pbx: Pbx, settings: ConfbridgeConf | None = None) -> None:
        self.pbx = pbx
        self.settings = settings or ConfbridgeConf()
        """Set anew by a reload; a room keeps the profile that it began with."""
        self.rooms: dict[str, Conference] = {}

    def room(self, name: str) -> Conference | None:
        """A room that exists."""
        return self.rooms.get(name)

    def open(self, name: str, profile: BridgeProfile) -> Conference:
        """The room of this name, a new one with this profile when there is none."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Conference(self, name, profile)
        return room

    def forget(self, room: Conference) -> None:
        """A room has ended."""
        if self.rooms.get(room.name) is room:
            del self.rooms[room.name]

    def user_profile(self, name: str) -> UserProfile:
        """A profile by its name, "" for the default.  Raises ConferenceError."""
        return _profile(self.settings.users, name, "default_user", UserProfile(), "user profile")

    def bridge_profile(self, name: str) -> BridgeProfile:
        """A profile by its name, "" for the default.  Raises ConferenceError."""
        return _profile(self.settings.bridges, name, "default_bridge", BridgeProfile(), "bridge profile")

    def menu(self, name: str) -> Menu | None:
        """A menu by its name, "" for the default, if there is one.  Raises ConferenceError."""
        if not name:
            return self.settings.menus.get("default_menu")
        menu = self.settings.menus.get(name)
        if menu is None:
            raise ConferenceError(f"there is no menu {name!r} in confbridge.conf")
        return menu


def _profile(known: Mapping[str, P], name: str, usual: str, default: P, what: str) -> P:
    if not name or name == usual:
        return known.get(usual, default)
    found = known.get(name)
    if found is None:
        raise ConferenceError(f"there is no {what} {name!r} in confbridge.conf")
    return found
