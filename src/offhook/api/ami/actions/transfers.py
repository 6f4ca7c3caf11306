"""Actions that transfer calls: Atxfer, CancelAtxfer, BlindTransfer."""

from __future__ import annotations

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.declare import ActionError, Request, action
from offhook.pbx.attended_by_digits import ABORT, attended_to
from offhook.pbx.events import Notice
from offhook.pbx.transfer import Refusal, TransferError, blind_transfer, transfer_context

__all__: list[str] = []

_REFUSED = {
    Refusal.NOT_PERMITTED: "Transfer not permitted",
    Refusal.INVALID: "Channel not in a conversation",
    Refusal.NO_SUCH_EXTENSION: "Transfer failed",
}


@action("Atxfer", "call", missing="No channel specified")
def atxfer(request: Request, channel: str, exten: str = "", context: str = "") -> str:
    """Have a party of a call begin an attended transfer, as if it had pressed the digits for it.

    Args:
        channel: the transferor.
        exten: the number of who is to be asked.
        context: where that number is looked up; TRANSFER_CONTEXT, or the channel's, without it.
    """
    if not exten:
        raise ActionError("No extension specified")
    found = find_channel(request, channel, "Channel specified does not exist")
    where = context or transfer_context(found)
    if not request.pbx.dialplan.exists(where, exten, 1, found.caller.number):
        raise ActionError(f"There is no {exten}@{where}")
    bridge = found.bridge
    if bridge is None or not bridge.ask(found, attended_to(exten, where)):
        raise ActionError("Channel not in a conversation")
    return "Atxfer successfully queued"


@action("CancelAtxfer", "call", missing="No channel specified")
def cancel_atxfer(request: Request, channel: str) -> str:
    """End an attended transfer that has not been completed: the first call goes on.

    Args:
        channel: the transferor.
    """
    found = find_channel(request, channel, "Channel specified does not exist")
    if found.bridge is None or found.bridge.inbox is None:
        raise ActionError("Channel not in a conversation")
    found.bridge.inbox.put(Notice(found, ABORT))
    return "CancelAtxfer successfully queued"


@action("BlindTransfer", "call", missing="No channel specified")
def blind(request: Request, channel: str, exten: str = "", context: str = "") -> str:
    """Send the one whom a channel talks to to an extension.

    Args:
        channel: the transferor.
        exten: where the other one goes.
        context: where that number is looked up; TRANSFER_CONTEXT, or the channel's, without it.
    """
    if not exten:
        raise ActionError("No extension specified")
    found = find_channel(request, channel, "Channel specified does not exist")
    try:
        blind_transfer(found, context or transfer_context(found), exten)
    except TransferError as error:
        raise ActionError(_REFUSED[error.refusal]) from None
    return "Transfer succeeded"
