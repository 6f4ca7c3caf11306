"""BlindTransfer and AttendedTransfer: a party of a call transfers the other one."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import application
from offhook.pbx.attended_by_digits import attended_to
from offhook.pbx.transfer import Refusal, TransferError, blind_transfer, transfer_context

__all__: list[str] = []

_STATUS = {
    Refusal.NOT_PERMITTED: "NOTPERMITTED",
    Refusal.INVALID: "INVALID",
    Refusal.NO_SUCH_EXTENSION: "FAILURE",
}


@application("BlindTransfer")
def blind(call: Call, exten: str, context: str = "") -> None:
    """Send the one whom this channel talks to to an extension.

    It is for what runs during a call: a feature of [applicationmap] in features.conf.

    Args:
        exten: where the other one goes.
        context: where that is looked up; TRANSFER_CONTEXT, or this channel's, without it.

    Sets:
        BLINDTRANSFERSTATUS: SUCCESS, FAILURE (no such extension), INVALID (this channel talks to nobody) or
            NOTPERMITTED.
    """
    status = "SUCCESS"
    try:
        blind_transfer(call.channel, context or transfer_context(call.channel), exten)
    except TransferError as error:
        call.complain(f"BlindTransfer: {error}")
        status = _STATUS[error.refusal]
    call.set_variable("BLINDTRANSFERSTATUS", status)


@application("AttendedTransfer")
def attended(call: Call, exten: str) -> None:
    """Have this channel talk to an extension first, and then connect that with the one it talks to now.

    It begins when this application has returned; how it goes on is up to this channel, by the digits of
    features.conf (atxferabort, atxfercomplete ...) or by hanging up.

    Args:
        exten: the number of who is asked, in TRANSFER_CONTEXT or this channel's context.

    Sets:
        ATTENDEDTRANSFERSTATUS: SUCCESS when it begins, else FAILURE.
    """
    channel = call.channel
    where = transfer_context(channel)
    status = "FAILURE"
    if not channel.pbx.dialplan.exists(where, exten, 1, channel.caller.number):
        call.complain(f"AttendedTransfer: there is no {exten}@{where}")
    elif channel.bridge is None or not channel.bridge.ask(channel, attended_to(exten, where)):
        call.complain(f"AttendedTransfer: {channel.name} talks to nobody")
    else:
        status = "SUCCESS"
    call.set_variable("ATTENDEDTRANSFERSTATUS", status)
