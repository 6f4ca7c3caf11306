"""Console commands of conference rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from offhook.api.console.commands import CommandError
from offhook.config.files.confbridge import BRIDGE, USER
from offhook.config.schema import ObjectType, shown
from offhook.features.conferences import Conference, ConferenceError, Conferences, Participant

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.api.node import Node

__all__ = ["declare"]


def _conferences(node: Node) -> Conferences:
    found = node.pbx.service(Conferences)
    if found is None:
        raise CommandError("this node has no conferences")
    return found


def _room(node: Node, name: str) -> Conference:
    room = _conferences(node).room(name)
    if room is None:
        raise CommandError(f"No conference bridge named '{name}' found!")
    return room


def _flags(one: Participant) -> str:
    """Asterisk's letters: admin, marked, wait-marked, end-marked, muted, waiting."""
    profile = one.profile
    letters = (
        ("A", profile.admin),
        ("M", profile.marked),
        ("W", profile.wait_marked),
        ("E", profile.end_marked),
        ("m", one.silenced and not one.waiting),
        ("w", one.waiting),
    )
    return "".join(letter for letter, on in letters if on)


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("confbridge list", "[CONFERENCE]")
    def list_rooms(node: Node, words: list[str]) -> str:
        """Show the conference rooms, or the participants of one."""
        if len(words) > 1:
            raise CommandError("Usage: confbridge list [CONFERENCE]")
        if not words:
            lines = ["Conference Bridge Name           Users  Marked Locked Muted"]
            lines.append("================================ ====== ====== ====== =====")
            lines += (
                f"{room.name:<32.32} {len(room.participants):6} {len(room.marked):6} "
                f"{'Yes' if room.locked else 'No':<6} {'Yes' if room.muted else 'No'}"
                for room in _conferences(node).rooms.values()
            )
            return "\n".join(lines) + "\n"
        room = _room(node, words[0])
        lines = [
            f"{'Channel':<30} {'Flags':<6} {'User Profile':<16} {'Bridge Profile':<16} {'Menu':<16} CallerID",
            " ".join("=" * width for width in (30, 6, 16, 16, 16, 16)),
        ]
        lines += (
            f"{one.channel.name:<30} {_flags(one):<6} {one.profile.name:<16.16} {room.profile.name:<16.16} "
            f"{one.menu.name if one.menu else '':<16.16} {one.channel.caller.number or '<unknown>'}"
            for one in room.participants
        )
        return "\n".join(lines) + "\n"

    @commands.add("confbridge kick", "CONFERENCE CHANNEL|all|participants")
    def kick(node: Node, words: list[str]) -> str:
        """Remove participants from a conference room."""
        return _each(node, words, "kick", lambda room, one: room.kick(one.channel.name), "Kicked")

    @commands.add("confbridge mute", "CONFERENCE CHANNEL|all|participants")
    def mute(node: Node, words: list[str]) -> str:
        """Mute participants: nobody hears them."""
        return _each(node, words, "mute", lambda room, one: room.set_muted(one, True), "Muted")

    @commands.add("confbridge unmute", "CONFERENCE CHANNEL|all|participants")
    def unmute(node: Node, words: list[str]) -> str:
        """Have participants heard again."""
        return _each(node, words, "unmute", lambda room, one: room.set_muted(one, False), "Unmuted")

    @commands.add("confbridge lock", "CONFERENCE")
    def lock(node: Node, words: list[str]) -> str:
        """Let nobody but administrators into a conference room."""
        room = _one_room(node, words, "confbridge lock CONFERENCE")
        room.locked = True
        return f"Conference {room.name} is locked.\n"

    @commands.add("confbridge unlock", "CONFERENCE")
    def unlock(node: Node, words: list[str]) -> str:
        """Let everybody into a conference room again."""
        room = _one_room(node, words, "confbridge unlock CONFERENCE")
        room.locked = False
        return f"Conference {room.name} is unlocked.\n"

    @commands.add("confbridge record start", "CONFERENCE [FILE]")
    def record_start(node: Node, words: list[str]) -> str:
        """Record a conference room."""
        if len(words) not in (1, 2):
            raise CommandError("Usage: confbridge record start CONFERENCE [FILE]")
        try:
            path = _room(node, words[0]).start_recording(*words[1:])
        except ConferenceError as error:
            raise CommandError(str(error)) from error
        return f"Recording to {path}\n"

    @commands.add("confbridge record stop", "CONFERENCE")
    def record_stop(node: Node, words: list[str]) -> str:
        """End the recording of a conference room."""
        room = _one_room(node, words, "confbridge record stop CONFERENCE")
        return "Recording stopped.\n" if room.stop_recording() else f"{room.name} is not being recorded.\n"

    @commands.add("confbridge show profile users")
    def show_users(node: Node, words: list[str]) -> str:
        """Show the names of the user profiles."""
        return _names("User Profiles", _conferences(node).settings.users, "default_user")

    @commands.add("confbridge show profile user", "PROFILE")
    def show_user(node: Node, words: list[str]) -> str:
        """Show a user profile."""
        return _profile(words, _conferences(node).user_profile, USER)

    @commands.add("confbridge show profile bridges")
    def show_bridges(node: Node, words: list[str]) -> str:
        """Show the names of the bridge profiles."""
        return _names("Bridge Profiles", _conferences(node).settings.bridges, "default_bridge")

    @commands.add("confbridge show profile bridge", "PROFILE")
    def show_bridge(node: Node, words: list[str]) -> str:
        """Show a bridge profile."""
        return _profile(words, _conferences(node).bridge_profile, BRIDGE)

    @commands.add("confbridge show menus")
    def show_menus(node: Node, words: list[str]) -> str:
        """Show the names of the menus."""
        return _names("Menus", _conferences(node).settings.menus)

    @commands.add("confbridge show menu", "MENU")
    def show_menu(node: Node, words: list[str]) -> str:
        """Show what the keys of a menu do."""
        if len(words) != 1:
            raise CommandError("Usage: confbridge show menu MENU")
        menu = _conferences(node).settings.menus.get(words[0])
        if menu is None:
            raise CommandError(f"No conference menu named '{words[0]}' found!")
        lines = [f"Name: {menu.name}"]
        for key, actions in menu.keys.items():
            done = ", ".join(
                f"{action.word}({action.argument})" if action.argument else action.word for action in actions
            )
            lines.append(f"{key}={done}")
        return "\n".join(lines) + "\n"


def _one_room(node: Node, words: list[str], usage: str) -> Conference:
    if len(words) != 1:
        raise CommandError(f"Usage: {usage}")
    return _room(node, words[0])


def _each(
    node: Node, words: list[str], verb: str, act: Callable[[Conference, Participant], object], done: str
) -> str:
    if len(words) != 2:
        raise CommandError(f"Usage: confbridge {verb} CONFERENCE CHANNEL|all|participants")
    room = _room(node, words[0])
    try:
        chosen = room.chosen(words[1])
    except ConferenceError as error:
        raise CommandError(str(error)) from error
    for one in chosen:
        act(room, one)
    return "".join(f"{done} {one.channel.name} in conference {room.name}\n" for one in chosen)


def _names(title: str, known: Mapping[str, object], usual: str = "") -> str:
    names = sorted({*known, usual} - {""})
    return "\n".join([f"--------- {title} -----------", *names]) + "\n"


def _profile(words: list[str], find: Callable[[str], Any], kind: ObjectType[Any]) -> str:
    if len(words) != 1:
        raise CommandError("Usage: confbridge show profile user|bridge PROFILE")
    try:
        profile = find(words[0])
    except ConferenceError as error:
        raise CommandError(str(error)) from error
    lines = [f"Name: {profile.name}"]
    for name in kind.supported:
        value = profile.sound(name[6:]) if name.startswith("sound_") else shown(profile, name)
        lines.append(f"{name}: {value or ''}".rstrip())
    return "\n".join(lines) + "\n"
