"""The profiles that a call brings to a conference: named ones, and what CONFBRIDGE() set for it alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from offhook.config.files.confbridge import BRIDGE, USER, Menu, MenuAction, menu_actions
from offhook.config.values import InvalidValueError, UnsupportedValueError
from offhook.features.conferences import ConferenceError

if TYPE_CHECKING:
    from offhook.config.files.confbridge import BridgeProfile, UserProfile
    from offhook.config.schema import ObjectType
    from offhook.dialplan.call import Call
    from offhook.features.conferences import Conferences

__all__ = ["bridge_profile_of", "menu_of", "set_option", "user_profile_of"]

_KEY = "confbridge"


@dataclass(slots=True)
class _Set:
    """What CONFBRIDGE() has set: for each type the template and the options."""

    templates: dict[str, str] = field(default_factory=dict[str, str])
    options: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])


def set_option(call: Call, kind: str, name: str, value: str) -> None:
    """CONFBRIDGE(kind,name)=value.  Raises ConferenceError."""
    if kind not in ("bridge", "user", "menu"):
        raise ConferenceError(f"{kind!r} is none of bridge, user, menu")
    found = call.services.setdefault(_KEY, _Set())
    assert isinstance(found, _Set)
    match name:
        case "clear":
            found.templates.pop(kind, None)
            found.options.pop(kind, None)
        case "template":
            found.templates[kind] = value
            found.options.pop(kind, None)
        case _:
            _check(kind, name, value)
            found.options.setdefault(kind, {})[name] = value


def _check(kind: str, name: str, value: str) -> None:
    try:
        if kind == "menu":
            menu_actions(value)
            return
        option = (BRIDGE if kind == "bridge" else USER).options.get(name)
        if option is None:
            raise ConferenceError(f"there is no option {name!r} of a {kind} that works")
        option.apply(option.default, value)
    except (InvalidValueError, UnsupportedValueError) as problem:
        raise ConferenceError(f"{kind},{name}: {problem.what}") from problem


def _set_for(call: Call, kind: str) -> tuple[str, dict[str, str]]:
    found = call.services.get(_KEY)
    if not isinstance(found, _Set):
        return "", {}
    return found.templates.get(kind, ""), found.options.get(kind, {})


def _changed(kind: ObjectType[Any], profile: Any, options: dict[str, str]) -> Any:
    for name, value in options.items():
        option = kind.options[name]
        current = getattr(profile, option.field)
        profile = replace(profile, **{option.field: option.apply(current, value)})
    return profile


def user_profile_of(call: Call, conferences: Conferences, name: str) -> UserProfile:
    """The profile of a participant: the named one, or what was set for the call.  Raises ConferenceError."""
    if name:
        return conferences.user_profile(name)
    template, options = _set_for(call, "user")
    return _changed(USER, conferences.user_profile(template), options)


def bridge_profile_of(call: Call, conferences: Conferences, name: str) -> BridgeProfile:
    """The profile of a room, likewise.  Raises ConferenceError."""
    if name:
        return conferences.bridge_profile(name)
    template, options = _set_for(call, "bridge")
    return _changed(BRIDGE, conferences.bridge_profile(template), options)


def menu_of(call: Call, conferences: Conferences, name: str) -> Menu | None:
    """The menu, likewise; none when none is named and there is no default_menu.  Raises ConferenceError."""
    if name:
        return conferences.menu(name)
    template, options = _set_for(call, "menu")
    menu = conferences.menu(template)
    if not options:
        return menu
    keys: dict[str, tuple[MenuAction, ...]] = dict(menu.keys) if menu is not None else {}
    for key, value in options.items():
        keys[key.upper()] = menu_actions(value)
    return Menu(keys=keys)
