"""Applications that Asterisk has dropped and dialplans still use, each a line of what replaced it.

The linter says once for each name which that is (offhook.dialplan.known).  Macro has a file of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.dialplan.call import parse_target
from offhook.dialplan.declare import Raw, application
from offhook.dialplan.errors import ApplicationError
from offhook.features.astdb import AstDbError, database_of
from offhook.features.groups import groups_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from offhook.dialplan.call import Call

__all__: list[str] = []


def _number(text: str, application_name: str) -> float:
    try:
        return max(float(text or 0), 0.0)
    except ValueError:
        raise ApplicationError(f"{application_name}: {text!r} is not a number of seconds") from None


# ---------------------------------------------------------------- variables


@application("SetVar")
def set_var(call: Call, assignment: Raw) -> Awaitable[None] | None:
    """Set a variable: SetVar(name=value).  Today it is Set()."""
    name, equals, value = assignment.partition("=")
    if not equals:
        raise ApplicationError("SetVar: name=value is needed")
    return call.assign(name.strip(), value)


@application("SetGlobalVar")
def set_global_var(call: Call, assignment: Raw) -> None:
    """Set a global variable: SetGlobalVar(name=value).  Today it is Set(GLOBAL(name)=value)."""
    name, equals, value = assignment.partition("=")
    if not equals:
        raise ApplicationError("SetGlobalVar: name=value is needed")
    call.assign(f"GLOBAL({name.strip()})", value)


@application("ImportVar")
def import_var(call: Call, text: Raw) -> None:
    """Copy a variable of another channel: ImportVar(name=channel,variable).  Today it is IMPORT()."""
    name, equals, source = text.partition("=")
    channel, comma, variable = source.partition(",")
    if not equals or not comma or not name.strip():
        raise ApplicationError("ImportVar: name=channel,variable is needed")
    call.assign(name.strip(), call.get(f"IMPORT({channel.strip()},{variable.strip()})"))


@application("SetLanguage")
def set_language(call: Call, language: str) -> None:
    """Set the channel's language.  Today it is Set(CHANNEL(language)=...)."""
    call.channel.language = language.strip()


@application("SetMusicOnHold")
def set_music_on_hold(call: Call, musicclass: str) -> None:
    """Set what the channel hears on hold.  Today it is Set(CHANNEL(musicclass)=...)."""
    call.channel.music_class = musicclass.strip()


@application("SetAccount")
def set_account(call: Call, code: str) -> None:
    """Set the account that the call belongs to.  Today it is Set(CHANNEL(accountcode)=...)."""
    call.assign("CHANNEL(accountcode)", code.strip())


@application("SetAMAFlags")
def set_ama_flags(call: Call, flags: str) -> None:
    """Set what call records are used for: omit, billing, documentation.  Today CHANNEL(amaflags)."""
    call.assign("CHANNEL(amaflags)", flags.strip())


@application("SetCDRUserField")
def set_cdr_user_field(call: Call, text: Raw) -> None:
    """Set a text of one's own in the call record.  Today it is Set(CDR(userfield)=...)."""
    call.assign("CDR(userfield)", text)


@application("NoCDR")
def no_cdr(call: Call) -> None:
    """Write no record of this call.  Today it is Set(CDR_PROP(disable)=1)."""
    call.assign("CDR_PROP(disable)", "1")


# ---------------------------------------------------------------- caller id


@application("SetCallerID")
def set_caller_id(call: Call, callerid: str, options: str = "") -> None:
    """Set name and number of the caller.  Today it is Set(CALLERID(all)=...).

    Args:
        callerid: `"name" <number>`.
        options: a, which also set the ANI; that follows the caller id here unless it is set.
    """
    call.assign("CALLERID(all)", callerid)


@application("SetCIDName")
def set_cid_name(call: Call, name: str, options: str = "") -> None:
    """Set the caller's name.  Today it is Set(CALLERID(name)=...).

    Args:
        name: the name.
        options: a, without a meaning of its own.
    """
    call.assign("CALLERID(name)", name)


@application("SetCIDNum")
def set_cid_num(call: Call, number: str, options: str = "") -> None:
    """Set the caller's number.  Today it is Set(CALLERID(num)=...).

    Args:
        number: the number.
        options: a, without a meaning of its own.
    """
    call.assign("CALLERID(num)", number)


@application("SetCallerPres")
def set_caller_pres(call: Call, presentation: str) -> None:
    """Set whether the caller's number is shown.  Today it is Set(CALLERID(pres)=...)."""
    call.assign("CALLERID(pres)", presentation)


# ---------------------------------------------------------------- time-outs


@application("AbsoluteTimeout")
def absolute_timeout(call: Call, seconds: str = "") -> None:
    """End the call in so many seconds, 0 for never.  Today it is Set(TIMEOUT(absolute)=...)."""
    call.set_absolute_timeout(_number(seconds, "AbsoluteTimeout"))


@application("DigitTimeout")
def digit_timeout(call: Call, seconds: str = "") -> None:
    """Set how long to wait between digits.  Today it is Set(TIMEOUT(digit)=...)."""
    call.timeouts.digit = _number(seconds, "DigitTimeout")


@application("ResponseTimeout")
def response_timeout(call: Call, seconds: str = "") -> None:
    """Set how long to wait for the first digit.  Today it is Set(TIMEOUT(response)=...)."""
    call.timeouts.response = _number(seconds, "ResponseTimeout")


# ---------------------------------------------------------------- the database


@application("DBget")
def db_get(call: Call, text: Raw) -> None:
    """Read an entry of the database: DBget(variable=family/key).  Today it is DB()."""
    name, equals, entry = text.partition("=")
    family, slash, key = entry.strip().partition("/")
    if not equals or not slash or not name.strip():
        raise ApplicationError("DBget: variable=family/key is needed")
    found = database_of(call).get(family, key)
    if found is None:
        call.complain(f"DBget: there is no {entry.strip()} in the database")
    else:
        call.assign(name.strip(), found)


@application("DBput")
def db_put(call: Call, text: Raw) -> Awaitable[None] | None:
    """Set an entry of the database: DBput(family/key=value).  Today it is Set(DB(family/key)=value)."""
    entry, equals, value = text.partition("=")
    family, slash, key = entry.strip().partition("/")
    if not equals or not slash:
        raise ApplicationError("DBput: family/key=value is needed")
    try:
        return database_of(call).put(family, key, value)
    except AstDbError as error:
        raise ApplicationError(f"DBput: {error}") from None


# ---------------------------------------------------------------- groups


@application("SetGroup")
def set_group(call: Call, group: str) -> None:
    """Put the channel into a group: SetGroup(group[@category]).  Today it is Set(GROUP()=...)."""
    name, _, category = group.strip().partition("@")
    groups_of(call.channel.pbx).put(call.channel, name, category)


@application("GetGroupCount")
def get_group_count(call: Call, group: str = "") -> None:
    """Count the channels of a group; the channel's own if not given.  Today it is GROUP_COUNT().

    Sets:
        GROUPCOUNT: how many there are.
    """
    call.set_variable("GROUPCOUNT", call.get(f"GROUP_COUNT({group.strip()})"))


@application("CheckGroup")
def check_group(call: Call, maximum: int) -> None:
    """Whether there are no more channels in the channel's group than this.  Today it is GROUP_COUNT().

    Args:
        maximum: how many there may be.

    Sets:
        CHECKGROUPSTATUS: OK or OVERMAX.
    """
    groups = groups_of(call.channel.pbx)
    count = groups.count(groups.group(call.channel))
    call.set_variable("CHECKGROUPSTATUS", "OK" if count <= maximum else "OVERMAX")


# ---------------------------------------------------------------- chance


@application("Random")
def random(call: Call, text: Raw) -> None:
    """Jump with some probability: Random(probability:[[context,]exten,]priority).  Today it is RAND().

    The probability is a percentage: 100 always jumps, 1 one time in a hundred.
    """
    probability, colon, place = text.partition(":")
    if not colon or not probability.strip().isdecimal() or not place.strip():
        raise ApplicationError("Random: probability:[[context,]exten,]priority is needed")
    if call.runner.randint(1, 100) <= int(probability.strip()[:4]):
        call.goto_target(parse_target(place))


# ---------------------------------------------------------------- SIP


@application("SIPAddHeader")
def sip_add_header(call: Call, header: Raw) -> None:
    """Add a header to the INVITE of the calls that this channel dials: SIPAddHeader(Name: value).

    Today it is Set(PJSIP_HEADER(add,Name)=value) in a handler of Dial's option b.
    """
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        raise ApplicationError("SIPAddHeader: Name: value is needed")
    if "\r" in header or "\n" in header:
        raise ApplicationError("SIPAddHeader: a header has no line breaks")
    known = call.channel.variables
    number = 1
    while f"SIPADDHEADER{number:02d}" in known:
        number += 1
    call.set_variable(f"_SIPADDHEADER{number:02d}", f"{name.strip()}: {value.strip()}")


@application("SIPRemoveHeader")
def sip_remove_header(call: Call, header: Raw = "") -> None:
    """Take headers back that SIPAddHeader() has added: those that begin so; all without an argument."""
    wanted = header.strip().lower()
    for name, value in list(call.channel.variables.items()):
        if name.startswith("SIPADDHEADER") and value.lower().startswith(wanted):
            call.channel.unset_variable(name)
