"""Channels: snooping on them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

from offhook._core import MediaError
from offhook.api.ari.operations import AriError, operation
from offhook.api.ari.resources.channels import check_ids, created_with, in_application
from offhook.features.snooping import SnoopChannel, Way

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []

_ERRORS = {
    400: "Invalid parameters",
    404: "Channel not found",
    409: "Channel with given unique ID already exists.",
}
_numbers = itertools.count()

Direction = Literal["none", "both", "out", "in"]


@operation("POST", "/channels/{channelId}/snoop", model="Channel", errors=_ERRORS, with_id="snoopId")
def snoopChannel(
    ari: Ari,
    channelId: str,
    app: str,
    spy: Direction = "none",
    whisper: Direction = "none",
    appArgs: str = "",
    snoopId: str = "",
) -> Json:
    """Make a channel that hears what another one says or hears, and may whisper.

    `in` is what the channel says, `out` what it hears: a whisper goes to the channel by `out`, and to those
    whom it talks to by `in`.
    """
    channel = ari.channel(channelId)
    if not app:
        raise AriError(400, "Application name is required")
    if spy == "none" and whisper == "none":
        raise AriError(400, "Direction must be specified for at least spy or whisper")
    ids = check_ids(ari, "", snoopId, "")
    try:
        with ari.node.pbx.assigned_ids(ids):
            snoop = SnoopChannel(channel, Way(spy), Way(whisper), next(_numbers))
    except MediaError as error:
        raise AriError(500, f"The channel has no audio to snoop on: {error}") from None
    snoop.announce()
    work = in_application(ari, snoop, created_with(app, appArgs))
    ari.node.runner.spawn(work, f"Stasis on {snoop.name}")
    return ari.show(snoop)
