"""What ARI shows of channels and bridges, as JSON objects with ARI's names, or as their text at once."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from offhook.api.ari.writing import Written, quote, write
from offhook.pbx.channel import STATE_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel

__all__ = ["Json", "bridge_json", "channel_json", "timestamp", "written_channel"]

Json = dict[str, Any]


def timestamp(seconds: float) -> str:
    """A moment as ARI writes it: `2026-11-30T09:21:00.123+0000`."""
    milliseconds = int(seconds * 1000) % 1000
    return f"{_second(int(seconds))}.{milliseconds:03d}+0000"


@lru_cache(maxsize=256)  # each event has two: its own, and that of a channel
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def channel_json(channel: Channel, variables: Sequence[str] = ()) -> Json:
    """The model Channel."""
    found: Json = {
        "id": channel.uniqueid,
        "name": channel.name,
        "state": STATE_WORDS[channel.state],
        "protocol_id": channel.info("call-id") or "",
        "caller": {"name": channel.caller.name, "number": channel.caller.number},
        "connected": {"name": channel.connected.name, "number": channel.connected.number},
        "accountcode": channel.account_code,
        "dialplan": {
            "context": channel.context,
            "exten": channel.exten,
            "priority": channel.priority,
            "app_name": channel.application,
            "app_data": channel.application_data,
        },
        "creationtime": timestamp(channel.created_at),
        "language": channel.language,
    }
    if channel.tenant_id:
        found["tenantid"] = channel.tenant_id
    if channel.redirecting.by.number:
        found["caller_rdnis"] = channel.redirecting.by.number
    if variables:
        found["channelvars"] = {name: channel.get_variable(name) or "" for name in variables}
    return found


_PLACE, _AFTER = '"dialplan": ', '}, "creationtime": '  # no value has these in it: its quotes are escaped


def written_channel(channel: Channel, variables: Sequence[str] = ()) -> Written:
    """channel_json() as text.  Most events of a channel differ in its place in the dialplan only."""
    if variables:
        return Written(write(channel_json(channel, variables)))
    key = (
        channel.name, channel.state, channel.caller, channel.connected, channel.language,
        channel.account_code, channel.tenant_id, channel.redirecting, channel.info("call-id"),
    )  # fmt: skip
    kept = channel.ari_text
    if kept is None or kept[0] != key:
        text = write(channel_json(channel))
        channel.ari_text = kept = (key, text[: text.index(_PLACE) + len(_PLACE)], text[text.index(_AFTER) :])
    return Written(
        f'{kept[1]}{{"context": {quote(channel.context)}, "exten": {quote(channel.exten)}, '
        f'"priority": {channel.priority}, "app_name": {quote(channel.application)}, '
        f'"app_data": {quote(channel.application_data)}{kept[2]}'
    )


def bridge_json(bridge: Bridge, variables: Sequence[str] = ()) -> Json:
    """The model Bridge, with these of its variables."""
    found: Json = {
        "id": bridge.uniqueid,
        "technology": bridge.technology,
        "bridge_type": "holding" if bridge.technology == "holding_bridge" else "mixing",
        "bridge_class": bridge.kind,
        "creator": bridge.creator,
        "name": bridge.name,
        "channels": [channel.uniqueid for channel in bridge.channels],
        "creationtime": timestamp(bridge.created_at),
        "video_mode": bridge.video_mode,
    }
    if bridge.video_source is not None:
        found["video_source_id"] = bridge.video_source.uniqueid
    if variables:
        found["bridgevars"] = {name: bridge.variables.get(name, "") for name in variables}
    return found
