"""Actions of conferences."""

from __future__ import annotations

import time

from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.protocol import field
from offhook.features.conferences import Conference, ConferenceError, Conferences, Participant

__all__: list[str] = []


def _rooms(request: Request) -> list[Conference]:
    found = request.pbx.service(Conferences)
    return list(found.rooms.values()) if found is not None else []


def _room(request: Request, name: str) -> Conference:
    for room in _rooms(request):
        if room.name == name:
            return room
    raise ActionError("No Conference by that name found.")


def _chosen(room: Conference, which: str) -> list[Participant]:
    try:
        return room.chosen(which)
    except ConferenceError as error:
        raise ActionError("No Channel by that name found in Conference.") from error


def _yes(on: bool) -> str:
    return "Yes" if on else "No"


@action(
    "ConfbridgeList",
    "reporting",
    missing="No Conference name provided.",
    sends=("ConfbridgeList", "ConfbridgeListComplete"),
)
def confbridge_list(request: Request, conference: str) -> Listing:
    """List the participants of a conference room.

    Args:
        conference: the room.
    """
    shape = request.session.server.shape
    room = _room(request, conference)
    now = time.time()

    def show(one: Participant) -> str:
        profile = one.profile
        answered = int(now - (one.channel.answered_at or now))
        return (
            field("Conference", room.name)
            + field("Admin", _yes(profile.admin))
            + field("MarkedUser", _yes(profile.marked))
            + field("WaitMarked", _yes(profile.wait_marked))
            + field("EndMarked", _yes(profile.end_marked))
            + field("Waiting", _yes(one.waiting))
            + field("Muted", _yes(one.muted))
            + field("Talking", _yes(one.talking))
            + field("AnsweredTime", str(answered))
            + shape.channel(one.channel)
        )

    items = [("ConfbridgeList", show(one)) for one in room.participants]
    return Listing("Confbridge user list will follow", "ConfbridgeListComplete", items)


@action("ConfbridgeListRooms", "reporting", sends=("ConfbridgeListRooms", "ConfbridgeListRoomsComplete"))
def confbridge_list_rooms(request: Request) -> Listing:
    """List the conference rooms."""
    rooms = _rooms(request)
    if not rooms:
        raise ActionError("No active conferences.")
    items = [
        (
            "ConfbridgeListRooms",
            field("Conference", room.name)
            + field("Parties", str(len(room.participants)))
            + field("Marked", str(len(room.marked)))
            + field("Locked", _yes(room.locked))
            + field("Muted", _yes(room.muted)),
        )
        for room in rooms
    ]
    return Listing("Confbridge conferences will follow", "ConfbridgeListRoomsComplete", items)


@action("ConfbridgeKick", "call", missing="No Conference name provided.")
def confbridge_kick(request: Request, conference: str, channel: str) -> str:
    """Remove participants from a conference room.

    Args:
        conference: the room.
        channel: a channel, `all`, or `participants`: all who are no administrators.
    """
    room = _room(request, conference)
    for one in _chosen(room, channel):
        room.kick(one.channel.name)
    return "User kicked"


@action("ConfbridgeMute", "call", missing="No Conference name provided.")
def confbridge_mute(request: Request, conference: str, channel: str) -> str:
    """Mute participants of a conference room.

    Args:
        conference: the room.
        channel: a channel, `all`, or `participants`.
    """
    room = _room(request, conference)
    for one in _chosen(room, channel):
        room.set_muted(one, True)
    return "User muted"


@action("ConfbridgeUnmute", "call", missing="No Conference name provided.")
def confbridge_unmute(request: Request, conference: str, channel: str) -> str:
    """Have participants of a conference room heard again.

    Args:
        conference: the room.
        channel: a channel, `all`, or `participants`.
    """
    room = _room(request, conference)
    for one in _chosen(room, channel):
        room.set_muted(one, False)
    return "User unmuted"


@action("ConfbridgeLock", "call", missing="No Conference name provided.")
def confbridge_lock(request: Request, conference: str) -> str:
    """Let nobody but administrators into a conference room.

    Args:
        conference: the room.
    """
    _room(request, conference).locked = True
    return "Conference locked"


@action("ConfbridgeUnlock", "call", missing="No Conference name provided.")
def confbridge_unlock(request: Request, conference: str) -> str:
    """Let everybody into a conference room again.

    Args:
        conference: the room.
    """
    _room(request, conference).locked = False
    return "Conference unlocked"


@action("ConfbridgeStartRecord", "system", missing="No Conference name provided.")
def confbridge_start_record(request: Request, conference: str, record_file: str = "") -> str:
    """Record a conference room.

    Args:
        conference: the room.
        record_file: where to; as the room's profile says if not given.
    """
    room = _room(request, conference)
    if room.recording:
        raise ActionError("Conference is already being recorded.")
    try:
        room.start_recording(record_file)
    except ConferenceError as error:
        raise ActionError("Internal error starting conference recording.") from error
    return "Conference Recording Started."


@action("ConfbridgeStopRecord", "system", missing="No Conference name provided.")
def confbridge_stop_record(request: Request, conference: str) -> str:
    """End the recording of a conference room.

    Args:
        conference: the room.
    """
    if not _room(request, conference).stop_recording():
        raise ActionError("Internal error while stopping recording.")
    return "Conference Recording Stopped."


@action("ConfbridgeSetSingleVideoSrc", "call", missing="No Conference name provided.")
def confbridge_set_single_video_src(request: Request, conference: str, channel: str) -> str:
    """Show the video of one participant to all others.

    Args:
        conference: the room.
        channel: whom to show.
    """
    room = _room(request, conference)
    for one in _chosen(room, channel):
        try:
            room.show_video_of(one)
        except ConferenceError as error:
            raise ActionError(str(error)) from None
        return "Conference single video source set."
    raise ActionError("No Channel by that name found in Conference.")
