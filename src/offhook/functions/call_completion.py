"""CALLCOMPLETION: the settings of call completion of a channel."""

from __future__ import annotations

from offhook.config.errors import nearest
from offhook.config.files.ccss import SETTINGS
from offhook.config.values import InvalidValueError
from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError
from offhook.features.call_completion.service import CallCompletion

__all__: list[str] = []


def _service(call: Call) -> CallCompletion:
    found = call.channel.pbx.service(CallCompletion)
    if found is None:
        raise FunctionError("this node completes no calls")
    return found


def _known(option: str) -> str:
    name = option.strip().lower()
    if name not in SETTINGS.options:
        guess = nearest(name, SETTINGS.options)
        raise FunctionError(f"CALLCOMPLETION: there is no {option!r}" + (f": {guess}?" if guess else ""))
    return name


@function("CALLCOMPLETION")
def call_completion(call: Call, option: str) -> str:
    """A setting of call completion as it is for this channel; set it to have it different for this call.

    What the caller's channel has counts for the channels that it dials, too, unless they have their own
    (Dial's option b, `set_var` of an endpoint).

    Args:
        option: of the caller cc_agent_policy (never, generic), cc_offer_timer, cc_recall_timer,
            cc_agent_dialstring, cc_callback_sub, cc_callback_macro, cc_max_agents; of the called party
            cc_monitor_policy (never, generic, always), ccbs_available_timer, ccnr_available_timer,
            cc_max_monitors.  Timers are seconds.
    """
    return str(getattr(_service(call).settings(call.channel), _known(option)))


@call_completion.writer
def set_call_completion(call: Call, value: str, option: str) -> None:
    """Have a setting different on this channel."""
    name = _known(option)
    try:
        _service(call).change(call.channel, name, SETTINGS.parse(name, value.strip()))
    except InvalidValueError as error:
        raise FunctionError(f"CALLCOMPLETION({name}): {error.what}") from None
