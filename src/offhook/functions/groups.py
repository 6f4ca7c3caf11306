"""Counting calls by groups: GROUP, GROUP_COUNT, GROUP_MATCH_COUNT, GROUP_LIST."""

from __future__ import annotations

from offhook.dialplan.call import Call
from offhook.dialplan.declare import Raw, function
from offhook.dialplan.ere import compile_ere
from offhook.features.groups import groups_of

__all__: list[str] = []


@function("GROUP")
def group(call: Call, category: Raw = "") -> str:
    """The group that the channel is in, of a category or of none."""
    return groups_of(call.channel.pbx).group(call.channel, category.strip())


@group.writer
def set_group(call: Call, value: str, category: Raw = "") -> None:
    """Put the channel into a group: Set(GROUP([category])=group), or Set(GROUP()=group@category)."""
    name, at, other = value.strip().partition("@")
    kind = category.strip() or (other if at else "")
    groups_of(call.channel.pbx).put(call.channel, name, kind)


@function("GROUP_COUNT")
def group_count(call: Call, group_and_category: Raw = "") -> str:
    """How many channels are in a group: GROUP_COUNT([group][@category]); the channel's own if not given."""
    groups = groups_of(call.channel.pbx)
    name, _, category = group_and_category.strip().partition("@")
    if not name:
        name = groups.group(call.channel, category)
    return str(groups.count(name, category)) if name else "0"


@function("GROUP_MATCH_COUNT")
def group_match_count(call: Call, match_and_category: Raw) -> str:
    """How many channels are in groups that match regular expressions: GROUP_MATCH_COUNT(group[@category])."""
    name, _, category = match_and_category.strip().partition("@")
    by_name = compile_ere(name)
    by_category = compile_ere(category) if category else None

    def accepts(kind: str) -> bool:
        return by_category.search(kind) is not None if by_category is not None else True

    found = groups_of(call.channel.pbx).count_matching(lambda one: by_name.search(one) is not None, accepts)
    return str(found)


@function("GROUP_LIST")
def group_list(call: Call) -> str:
    """All groups that the channel is in, as group@category, separated by blanks; those without one last."""
    mine = groups_of(call.channel.pbx).of(call.channel)
    found = [f"{name}@{category}" for category, name in mine.items() if category]
    return " ".join([*found, *([mine[""]] if "" in mine else [])])
