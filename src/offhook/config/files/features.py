"""features.conf: the digits that do something during a call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where, nearest
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, boolean, integer, text

__all__ = [
    "FEATUREMAP",
    "GENERAL",
    "DynamicFeature",
    "FeatureMap",
    "FeaturesConf",
    "FeaturesGeneral",
    "feature_code",
    "read_features_conf",
]

_KEYS = frozenset("0123456789*#ABCD")


def feature_code(value: str) -> str:
    """The digits of a feature; "" switches it off."""
    value = value.strip().upper()
    if len(value) > 10 or not _KEYS.issuperset(value):
        raise InvalidValueError(f"'{value}' is not a feature code: at most ten of 0-9 * # A-D")
    return value


@dataclass(frozen=True, slots=True)
class FeaturesGeneral:
    """[general]; FEATURE() changes one of these for a channel."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    featuredigittimeout: int = option(1000, integer(1, 60_000))
    """Milliseconds between the digits of a feature code."""
    transferdigittimeout: int = option(3, integer(1, 3600))
    """Seconds for each digit of the number that a call is transferred to."""
    transferdialattempts: int = option(3, integer(1, 100))
    """How often a wrong number may be dialled."""
    transferannouncesound: str = option("pbx-transfer", text)
    """Asks for the number."""
    transferretrysound: str = option("pbx-invalid", text)
    """After a wrong number."""
    transferinvalidsound: str = option("privacy-incorrect", text)
    """When there are no attempts left."""
    xfersound: str = option("beep", text)
    """For the one who is reached by an attended transfer, and for who comes back to the first call."""
    xferfailsound: str = option("beeperr", text)
    """For the transferor, when nothing comes of it."""
    atxfernoanswertimeout: int = option(15, integer(1, 3600))
    """Seconds that the target may ring after the transferor has hung up, and who is called back."""
    atxferdropcall: bool = option(False, boolean)
    """Whether the call ends when the target of a transferor who has hung up does not answer."""
    atxferloopdelay: int = option(10, integer(0, 3600))
    """Seconds until the target is called again when the transferor did not answer either."""
    atxfercallbackretries: int = option(2, integer(0, 100))
    """How often the transferor is called back."""
    atxferabort: str = option("*1", feature_code)
    """Back to the first call."""
    atxfercomplete: str = option("*2", feature_code)
    """Connect the two others."""
    atxferthreeway: str = option("*3", feature_code)
    """All three talk."""
    atxferswap: str = option("*4", feature_code)
    """Talk to the other of the two."""
    pickupexten: str = option("*8", text)
    """The number that takes a call of one's pickup groups."""
    pickupsound: str = option("", text)
    """For who has taken a call."""
    pickupfailsound: str = option("", text)
    """For who could take none."""
    courtesytone: str = option("", text)
    """For both parties, when recording by DTMF begins or ends."""
    recordingfailsound: str = option("", text)
    """For who wanted to record by DTMF, when that is not possible."""


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """[featuremap]: the codes of what is built in; FEATUREMAP() changes one of these for a channel."""

    name: str = "featuremap"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    blindxfer: str = option("#", feature_code)
    """Transfer without asking (Dial's T and t)."""
    atxfer: str = option("", feature_code)
    """Transfer after asking (T and t)."""
    disconnect: str = option("*", feature_code)
    """Hang up (H and h)."""
    automixmon: str = option("", feature_code)
    """Record, or stop recording (X and x)."""


GENERAL = ObjectType("features.conf", "globals", FeaturesGeneral)
FEATUREMAP = ObjectType("features.conf", "featuremap", FeatureMap)


@dataclass(frozen=True, slots=True)
class DynamicFeature:
    """A line of [applicationmap]: an application behind digits; DYNAMIC_FEATURES lets a channel use it."""

    name: str
    code: str
    on_self: bool
    """The application runs on the channel of the one who pressed; else on the other's."""
    application: str
    arguments: str = ""
    music: str = ""
    """The music class that the other of the two hears meanwhile."""
    where: Where = field(default=Where("", 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class FeaturesConf:
    """What features.conf says."""

    general: FeaturesGeneral = FeaturesGeneral()
    featuremap: FeatureMap = FeatureMap()
    applicationmap: Mapping[str, DynamicFeature] = field(default_factory=dict[str, DynamicFeature])
    groups: Mapping[str, tuple[DynamicFeature, ...]] = field(
        default_factory=dict[str, tuple[DynamicFeature, ...]]
    )


_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*(?:,\s*(\S*)\s*)?", re.DOTALL)
_QUOTED = re.compile(r'\s*([A-Za-z_]\w*)\s*,\s*"(.*)"\s*(?:,\s*(\S*)\s*)?', re.DOTALL)


def _dynamic(item: Item) -> DynamicFeature:
    """`code,self|peer[/who],Application[,arguments[,music]]`.  Raises InvalidValueError."""
    code, comma, rest = item.value.partition(",")
    who, comma_2, rest = rest.partition(",")
    if not comma or not comma_2 or not rest.strip():
        raise InvalidValueError("digits, self or peer, and an application are needed")
    code = feature_code(code)
    if not code:
        raise InvalidValueError("there are no digits")
    on, _, _ = who.strip().lower().partition("/")  # who may use it says DYNAMIC_FEATURES alone
    if on not in ("self", "peer"):
        raise InvalidValueError(f"the application is executed on self or peer, not on {on!r}")
    found = _CALL.fullmatch(rest) or _QUOTED.fullmatch(rest)
    if found is not None:
        application, arguments, music = found[1], found[2], found[3] or ""
    else:
        application, _, rest = rest.partition(",")
        arguments, _, music = rest.partition(",")
    where = item.where
    return DynamicFeature(
        item.key, code, on == "self", application.strip(), arguments.strip(), music.strip(), where
    )


def _map(section: Section, problems: Problems) -> dict[str, DynamicFeature]:
    found: dict[str, DynamicFeature] = {}
    for item in section.items:
        try:
            found[item.key] = _dynamic(item)
        except InvalidValueError as error:
            problems.error(item.file, item.line, f"feature {item.key}: {error.what}")
    return found


def _group(
    section: Section, known: Mapping[str, DynamicFeature], problems: Problems
) -> tuple[DynamicFeature, ...]:
    """`name = code` of features of the application map; without a code it is the map's."""
    found: list[DynamicFeature] = []
    for item in section.items:
        feature = known.get(item.key)
        if feature is None:
            what = f"[{section.name}]: there is no feature {item.key} in [applicationmap]"
            problems.error(item.file, item.line, what, nearest(item.key, known))
            continue
        try:
            code = feature_code(item.value) or feature.code
        except InvalidValueError as error:
            problems.error(item.file, item.line, f"[{section.name}]: {item.key}: {error.what}")
            continue
        found.append(
            DynamicFeature(
                feature.name,
                code,
                feature.on_self,
                feature.application,
                feature.arguments,
                feature.music,
                item.where,
            )
        )
    return tuple(found)


def read_features_conf(config: ConfigFile, problems: Problems) -> FeaturesConf:
    """The typed content of features.conf."""
    maps: list[Section] = []
    groups: list[Section] = []

    def other(section: Section) -> None:
        (maps if section.name == "applicationmap" else groups).append(section)

    found = read_sections(config, problems, {"general": GENERAL, "featuremap": FEATUREMAP}, other=other)
    features: dict[str, DynamicFeature] = {}
    for section in maps:
        features.update(_map(section, problems))
    named = {section.name: _group(section, features, problems) for section in groups}
    return FeaturesConf(**found, applicationmap=features, groups=named)
