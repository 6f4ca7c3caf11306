"""confbridge.conf: profiles of conferences and of those who join them, and menus of keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from offhook.config.errors import Problems, Where
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, folded, option
from offhook.config.values import InvalidValueError, UnsupportedValueError, boolean, integer, text

__all__ = [
    "BRIDGE",
    "DEFAULT_SOUNDS",
    "MENU_ACTIONS",
    "USER",
    "BridgeProfile",
    "ConfbridgeConf",
    "Menu",
    "MenuAction",
    "UserProfile",
    "VideoMode",
    "menu_actions",
    "read_confbridge_conf",
]


def _count_all(value: str) -> int:
    """announce_user_count_all: no, yes, or the number of parties from which on."""
    if value.strip().isdecimal():
        return int(value)
    return 1 if boolean(value) else 0


@dataclass(frozen=True, slots=True)
class UserProfile:
    """One who joins: type=user."""

    name: str = "default_user"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    admin: bool = option(False, boolean)
    marked: bool = option(False, boolean)
    wait_marked: bool = option(False, boolean)
    """Neither talks nor hears until a marked user is there."""
    end_marked: bool = option(False, boolean)
    """Leaves when the last marked user has left."""
    end_marked_any: bool = option(False, boolean)
    """Leaves when any marked user has left."""
    startmuted: bool = option(False, boolean)
    quiet: bool = option(False, boolean)
    """Neither hears prompts on joining and leaving, nor causes any."""
    announce_only_user: bool = option(True, boolean)
    announce_user_count: bool = option(False, boolean)
    announce_user_count_all: int = option(0, _count_all)
    announce_join_leave: bool = option(False, boolean)
    announcement: str = option("", text)
    """A sound that is played to it on joining."""
    answer_channel: bool = option(True, boolean)
    pin: str = option("", text, secret=True)
    music_on_hold_when_empty: bool = option(False, boolean)
    music_on_hold_class: str = option("", text)
    dtmf_passthrough: bool = option(False, boolean)
    """Its keys go to all others."""
    hear_own_join_sound: bool = option(True, boolean)
    denoise: bool = option(False, boolean)
    """Noise is taken out of what it says, as by DENOISE(rx)."""
    dsp_drop_silence: bool = option(False, boolean)
    """Mixed only while it talks."""
    dsp_talking_threshold: int = option(160, integer(1, 32_767))
    """Mean magnitude of a frame from which on it is talk."""
    dsp_silence_threshold: int = option(2500, integer(0, 600_000))
    """Milliseconds of silence after which it talks no more."""
    talk_detection_events: bool = option(False, boolean)
    timeout: int = option(0, integer(0, 1_000_000_000))
    """Seconds after which it is removed; 0: never."""


DEFAULT_SOUNDS: Mapping[str, str] = {
    "sound_join": "confbridge-join",
    "sound_leave": "confbridge-leave",
    "sound_has_joined": "conf-hasjoin",
    "sound_has_left": "conf-hasleft",
    "sound_kicked": "conf-kicked",
    "sound_muted": "conf-muted",
    "sound_unmuted": "conf-unmuted",
    "sound_only_person": "conf-onlyperson",
    "sound_only_one": "conf-onlyone",
    "sound_there_are": "conf-thereare",
    "sound_other_in_party": "conf-otherinparty",
    "sound_place_into_conference": "conf-placeintoconf",
    "sound_wait_for_leader": "conf-waitforleader",
    "sound_leader_has_left": "conf-leaderhasleft",
    "sound_get_pin": "conf-getpin",
    "sound_invalid_pin": "conf-invalidpin",
    "sound_locked": "conf-locked",
    "sound_locked_now": "conf-lockednow",
    "sound_unlocked_now": "conf-unlockednow",
    "sound_error_menu": "conf-errormenu",
    "sound_participants_muted": "conf-now-muted",
    "sound_participants_unmuted": "conf-now-unmuted",
}
"""The sounds of a conference, by option."""

_Sounds = tuple[tuple[str, str], ...]


def _sound(name: str) -> Callable[[_Sounds, str], _Sounds]:
    def apply(current: _Sounds, value: str) -> _Sounds:
        return (*((key, sound) for key, sound in current if key != name), (name, value.strip()))

    return apply


_SOUNDS = {name: _sound(name) for name in DEFAULT_SOUNDS}

_RATES = (8000, 12_000, 16_000, 24_000, 32_000, 44_000, 48_000, 96_000, 192_000)


def _rate(word: str) -> Callable[[str], int]:
    def parse(value: str) -> int:
        value = value.strip().lower()
        if value == word:
            return 0
        if value == "44100":
            raise UnsupportedValueError("44100")
        if not value.isdecimal() or int(value) not in _RATES:
            known = ", ".join(str(rate) for rate in _RATES)
            raise InvalidValueError(f"'{value}' is neither {word} nor one of {known}")
        return int(value)

    return parse


class VideoMode(StrEnum):
    """Whom all see."""

    NONE = "none"
    FOLLOW_TALKER = "follow_talker"
    LAST_MARKED = "last_marked"
    FIRST_MARKED = "first_marked"


def _video_mode(value: str) -> VideoMode:
    word = value.strip().lower()
    if word == "sfu":
        raise UnsupportedValueError("sfu")
    try:
        return VideoMode(word)
    except ValueError:
        known = ", ".join(VideoMode)
        raise InvalidValueError(f"'{value}' is none of {known}, sfu") from None


def _interval(value: str) -> int:
    if value.strip() not in ("10", "20", "40", "80"):
        raise InvalidValueError(f"'{value}' is none of 10, 20, 40, 80")
    return int(value)


@dataclass(frozen=True, slots=True)
class BridgeProfile:
    """One conference: type=bridge."""

    name: str = "default_bridge"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    max_members: int = option(0, integer(0, 1_000_000))
    """0: no limit.  An administrator may always join."""
    language: str = option("en", text)
    """Of what is said to everybody."""
    internal_sample_rate: int = option(0, _rate("auto"))
    """Hz; 0: the highest of its members."""
    maximum_sample_rate: int = option(0, _rate("none"))
    mixing_interval: int = option(20, _interval)
    """Milliseconds."""
    video_mode: VideoMode = option(VideoMode.NONE, _video_mode)
    """Of those who have video: who talked last, or a marked user, is seen by all others."""
    record_conference: bool = option(False, boolean)
    record_file: str = option("", text)
    record_file_append: bool = option(True, boolean)
    record_file_timestamp: bool = option(True, boolean)
    sounds: _Sounds = folded((), _SOUNDS)  # noqa: RUF009 - a field() like option() and repeated()

    def sound(self, name: str) -> str:
        """A sound by its option without `sound_`; "" when it was set to nothing."""
        key = f"sound_{name}"
        for known, value in self.sounds:
            if known == key:
                return value
        return DEFAULT_SOUNDS[key]


class MenuAction(NamedTuple):
    """What a key does: a word, and what stands in parentheses behind it."""

    word: str
    argument: str = ""


MENU_ACTIONS: Mapping[str, bool] = {
    "playback": True,
    "playback_and_continue": True,
    "toggle_mute": False,
    "no_op": False,
    "decrease_listening_volume": False,
    "increase_listening_volume": False,
    "reset_listening_volume": False,
    "decrease_talking_volume": False,
    "increase_talking_volume": False,
    "reset_talking_volume": False,
    "dialplan_exec": True,
    "leave_conference": False,
    "admin_kick_last": False,
    "admin_toggle_conference_lock": False,
    "admin_toggle_mute_participants": False,
    "participant_count": False,
    "set_as_single_video_src": False,
    "release_as_single_video_src": False,
}
"""The words, and whether they have an argument."""

_LATER = ("toggle_binaural",)


def menu_actions(value: str) -> tuple[MenuAction, ...]:
    """The actions of one key: words separated by commas, some with an argument in parentheses.

    Raises InvalidValueError, UnsupportedValueError.
    """
    found: list[MenuAction] = []
    rest = value.strip()
    while rest:
        end = next((n for n, char in enumerate(rest) if char in ",("), len(rest))
        word, argument = rest[:end].strip().lower(), ""
        rest = rest[end:]
        if rest.startswith("("):
            argument, closed, rest = rest[1:].partition(")")
            if not closed:
                raise InvalidValueError(f"'{value}' has no closing parenthesis")
        rest = rest.lstrip().removeprefix(",").lstrip()
        if word in _LATER:
            raise UnsupportedValueError(word)
        takes = MENU_ACTIONS.get(word)
        if takes is None:
            raise InvalidValueError(f"'{word}' is no action of a menu")
        if takes and not argument.strip():
            raise InvalidValueError(f"'{word}' needs an argument in parentheses")
        found.append(MenuAction(word, argument.strip()))
    if not found:
        raise InvalidValueError("there is no action")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Menu:
    """What keys do: type=menu."""

    name: str = "default_menu"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    keys: Mapping[str, tuple[MenuAction, ...]] = field(
        default_factory=lambda: dict[str, tuple[MenuAction, ...]]()
    )


USER = ObjectType("confbridge.conf", "user_profile", UserProfile, ignored=("type",))
BRIDGE = ObjectType("confbridge.conf", "bridge_profile", BridgeProfile, ignored=("type",))


@dataclass(frozen=True, slots=True)
class ConfbridgeConf:
    """What confbridge.conf says."""

    users: Mapping[str, UserProfile] = field(default_factory=lambda: dict[str, UserProfile]())
    bridges: Mapping[str, BridgeProfile] = field(default_factory=lambda: dict[str, BridgeProfile]())
    menus: Mapping[str, Menu] = field(default_factory=lambda: dict[str, Menu]())


def read_confbridge_conf(config: ConfigFile, problems: Problems) -> ConfbridgeConf:
    """The typed content of confbridge.conf."""
    users: dict[str, UserProfile] = {}
    bridges: dict[str, BridgeProfile] = {}
    menus: dict[str, Menu] = {}
    user, bridge = USER.reading(problems), BRIDGE.reading(problems)
    for section in config.sections:
        if section.name == "general":
            continue
        kind = next((item.value.strip().lower() for item in section.items if item.key.lower() == "type"), "")
        match kind:
            case "user":
                read_user = user.read(section)
                if read_user is not None:
                    users[section.name] = read_user
            case "bridge":
                read_bridge = bridge.read(section)
                if read_bridge is not None:
                    bridges[section.name] = read_bridge
            case "menu":
                menus[section.name] = _menu(section, problems)
            case "":
                problems.error(
                    section.file, section.line, f"[{section.name}] has no type: user, bridge or menu"
                )
            case _:
                what = f"'{kind}' of [{section.name}] is no type: user, bridge or menu"
                problems.error(section.file, section.line, what)
    return ConfbridgeConf(users, bridges, menus)


def _menu(section: Section, problems: Problems) -> Menu:
    keys: dict[str, tuple[MenuAction, ...]] = {}
    for item in section.items:
        key = item.key.strip().upper()
        if item.key.lower() == "type":
            continue
        title = f"{item.key} in menu [{section.name}]"
        if not key or len(key) > 20 or any(char not in "0123456789ABCD*#" for char in key):
            problems.error(item.file, item.line, f"unknown option {title}: keys are made of 0-9 A-D * #")
            continue
        try:
            keys[key] = menu_actions(item.value)
        except UnsupportedValueError as problem:
            problems.unsupported(item.file, item.line, f"{problem.what} of {title}")
        except InvalidValueError as problem:
            problems.error(item.file, item.line, f"{title}: {problem.what}", problem.suggestion)
    return Menu(section.name, section.where, keys)
