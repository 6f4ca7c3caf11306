"""The channel: CHANNEL, CHANNELS, CHANNEL_EXISTS, HANGUPCAUSE.

Items that a technology knows (`CHANNEL(pjsip,call-id)`, `CHANNEL(rtp,...)`) come from `Channel.info()`.
"""

from __future__ import annotations

from collections.abc import Callable

from offhook.config.errors import nearest
from offhook.config.values import InvalidValueError
from offhook.config.values import groups as read_groups
from offhook.config.values import names as read_names
from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.ere import compile_ere
from offhook.dialplan.errors import ApplicationError, FunctionError
from offhook.dialplan.runner import split_subroutine
from offhook.pbx.call_features import allowed_by, letters_of
from offhook.pbx.causes import cause_text
from offhook.pbx.channel_state import STATE_WORDS
from offhook.pbx.events import HangupHandlerPopped, HangupHandlerPushed

__all__: list[str] = []

_AMA_FLAGS = {"omit": 1, "billing": 2, "documentation": 3}


_READ: dict[str, Callable[[Call], str]] = {
    "name": lambda call: call.channel.name,
    "channame": lambda call: call.channel.name,
    "uniqueid": lambda call: call.channel.uniqueid,
    "linkedid": lambda call: call.channel.linkedid,
    "channeltype": lambda call: call.channel.technology,
    "state": lambda call: STATE_WORDS[call.channel.state],
    "context": lambda call: call.channel.context,
    "exten": lambda call: call.channel.exten,
    "lastcontext": lambda call: call.channel.context,
    "lastexten": lambda call: call.channel.exten,
    "appname": lambda call: call.channel.application,
    "appdata": lambda call: call.channel.application_data,
    "accountcode": lambda call: call.channel.account_code,
    "peeraccount": lambda call: call.channel.peer_account,
    "tenantid": lambda call: call.channel.tenant_id,
    "amaflags": lambda call: str(call.channel.ama_flags),
    "userfield": lambda call: call.channel.user_field,
    "language": lambda call: call.channel.language,
    "musicclass": lambda call: call.channel.music_class,
    "tonezone": lambda call: call.channel.tone_zone,
    "audioreadformat": lambda call: call.channel.audio_codec,
    "audiowriteformat": lambda call: call.channel.audio_codec,
    "audionativeformat": lambda call: f"({'|'.join(call.channel.native_formats)})",
    "videonativeformat": lambda call: "(nothing)",
    "parkinglot": lambda call: call.channel.variables.get("PARKINGLOT", ""),
    "max_forwards": lambda call: str(call.channel.max_forwards),
    "callid": lambda call: f"[C-{call.channel.call_id:08x}]",
    "dtmf_features": lambda call: letters_of(call.channel.allowed_features),
    "callgroup": lambda call: _numbers(call.channel.groups.call),
    "pickupgroup": lambda call: _numbers(call.channel.groups.pickup),
    "namedcallgroup": lambda call: ",".join(sorted(call.channel.groups.named_call)),
    "namedpickupgroup": lambda call: ",".join(sorted(call.channel.groups.named_pickup)),
    "onhold": lambda call: str(int(call.channel.held)),
    "checkhangup": lambda call: str(int(call.channel.hangup_requested)),
}


def _numbers(found: frozenset[int]) -> str:
    return ", ".join(str(number) for number in sorted(found))


def _set_groups(part: str) -> Callable[[Call, str], None]:
    parse = read_names if part.startswith("named") else read_groups

    def write(call: Call, value: str) -> None:
        try:
            call.channel.groups = call.channel.groups._replace(**{part: parse(value)})
        except InvalidValueError as error:
            raise FunctionError(f"CHANNEL: {error.what}") from None

    return write


def _set_features(call: Call, value: str) -> None:
    of_caller, _ = allowed_by(value.strip().upper())
    call.channel.allowed_features = of_caller


def _set_max_forwards(call: Call, value: str) -> None:
    if not value.strip().isdecimal() or not 0 < int(value) <= 1000:
        raise FunctionError(f"CHANNEL(max_forwards): {value!r} is no number from 1 to 1000")
    call.channel.max_forwards = int(value)


def _set_ama_flags(call: Call, value: str) -> None:
    number = _AMA_FLAGS.get(value.strip().lower())
    if number is None:
        if value.strip() not in ("1", "2", "3"):
            raise FunctionError(f"CHANNEL(amaflags): {value!r} is none of omit, billing, documentation")
        number = int(value)
    call.channel.ama_flags = number


def _push_handler(call: Call, value: str) -> None:
    if not value.strip():
        return
    try:
        split_subroutine(value)
    except ApplicationError as error:
        raise FunctionError(f"CHANNEL(hangup_handler_push): {error}") from None
    handler = value.strip()
    call.hangup_handlers.append(handler)
    call.channel.pbx.bus.emit(HangupHandlerPushed, call.channel, handler)


def _pop_handler(call: Call, value: str) -> None:
    """Take the last handler away, and put another one in its place when one is given."""
    if call.hangup_handlers:
        handler = call.hangup_handlers.pop()
        call.channel.pbx.bus.emit(HangupHandlerPopped, call.channel, handler)
    _push_handler(call, value)


def _wipe_handlers(call: Call, value: str) -> None:
    """Take all handlers away, and put another one in their place when one is given."""
    while call.hangup_handlers:
        handler = call.hangup_handlers.pop()
        call.channel.pbx.bus.emit(HangupHandlerPopped, call.channel, handler)
    _push_handler(call, value)


def _attribute(name: str) -> Callable[[Call, str], None]:
    return lambda call, value: setattr(call.channel, name, value)


_WRITE: dict[str, Callable[[Call, str], None]] = {
    "accountcode": lambda call, value: call.channel.set_account_code(value),
    "peeraccount": _attribute("peer_account"),
    "tenantid": _attribute("tenant_id"),
    "userfield": _attribute("user_field"),
    "language": _attribute("language"),
    "musicclass": _attribute("music_class"),
    "tonezone": _attribute("tone_zone"),
    "amaflags": _set_ama_flags,
    "dtmf_features": _set_features,
    "max_forwards": _set_max_forwards,
    "callgroup": _set_groups("call"),
    "pickupgroup": _set_groups("pickup"),
    "namedcallgroup": _set_groups("named_call"),
    "namedpickupgroup": _set_groups("named_pickup"),
    "hangup_handler_push": _push_handler,
    "hangup_handler_pop": _pop_handler,
    "hangup_handler_wipe": _wipe_handlers,
}


@function("CHANNEL")
def channel_item(call: Call, item: Raw) -> str:
    """An item of the channel: name, state, language, accountcode, linkedid ..., or of its technology."""
    read = _READ.get(item.strip().lower())
    if read is not None:
        return read(call)
    found = call.channel.info(item.strip())
    if found is None:
        hint = nearest(item.strip(), _READ)
        meant = f" (did you mean {hint}?)" if hint else ""
        raise FunctionError(f"CHANNEL: {call.channel.technology} channels have no {item.strip()!r}{meant}")
    return found


@channel_item.writer
def set_channel_item(call: Call, value: str, item: Raw) -> None:
    """Set an item of the channel."""
    write = _WRITE.get(item.strip().lower())
    if write is None:
        hint = nearest(item.strip(), _WRITE)
        meant = f" (did you mean {hint}?)" if hint else ""
        raise FunctionError(f"CHANNEL: {item.strip()!r} cannot be set{meant}")
    write(call, value)


@function("CHANNELS")
def channels(call: Call, regular_expression: Raw = "") -> str:
    """The names of all channels, or of those that match, separated by blanks."""
    names = call.channel.pbx.channels
    if not regular_expression:
        return " ".join(names)
    pattern = compile_ere(regular_expression, ignore_case=True)
    return " ".join(name for name in names if pattern.search(name))


@function("CHANNEL_EXISTS")
def channel_exists(call: Call, name_or_uid: Raw) -> str:
    """1 when there is a channel of this name or unique id, else 0."""
    return "0" if call.channel.pbx.channel(name_or_uid.strip()) is None else "1"


@function("HANGUPCAUSE")
def hangup_cause(call: Call, channel: str, kind: str) -> str:
    """Why a leg that this call dialled ended, or the own channel.

    Args:
        channel: its name, as HANGUPCAUSE_KEYS() gives it.
        kind: `tech`: in its technology's words (SIP 486 Busy Here); `ast`: in those of Q.850 (User busy).
    """
    found = call.hangup_causes.get(channel.strip())
    if found is None:
        raise FunctionError(f"HANGUPCAUSE: this call has not dialled {channel}")
    match kind.strip().lower():
        case "tech":
            return found[0]
        case "ast":
            return cause_text(found[1])
        case _:
            raise FunctionError(f"HANGUPCAUSE: {kind!r} is none of tech, ast")


@function("HANGUPCAUSE_KEYS")
def hangup_cause_keys(call: Call) -> str:
    """The legs for which HANGUPCAUSE() knows why they ended, separated by commas."""
    return ",".join(call.hangup_causes)
