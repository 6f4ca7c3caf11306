"""QueueLog: a line of a dialplan's own in the queue log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.declare import Raw, application
from offhook.features.queue_log import QueueLog

if TYPE_CHECKING:
    from offhook.dialplan.call import Call

__all__: list[str] = []


@application("QueueLog")
def queue_log(
    call: Call, queuename: str, uniqueid: str, agent: str, event: str, additionalinfo: Raw = ""
) -> None:
    """Write an event to the queue log.

    Args:
        queuename: the queue that it is about.
        uniqueid: the caller's unique id.
        agent: the member.
        event: what has happened: a word of your own, or one that programs that read the log know.
        additionalinfo: what belongs to it; parts are separated by `|`.
    """
    found = call.channel.pbx.service(QueueLog)
    if found is not None:
        found.write(queuename, uniqueid, agent, event, *(additionalinfo.split("|") if additionalinfo else ()))
