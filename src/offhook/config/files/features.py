"""features.conf: the digits that do something during a call."""

from __future__ import annotations

from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import InvalidValueError, integer, text

__all__ = ["FEATUREMAP", "GENERAL", "FeatureMap", "FeaturesConf", "FeaturesGeneral", "read_features_conf"]


@dataclass(frozen=True, slots=True)
class FeaturesGeneral:
    """[general]."""

    name: str = "general"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    featuredigittimeout: int = option(1000, integer(1, 60_000))
    """Milliseconds between the digits of a feature code."""
    transferdigittimeout: int = option(3, integer(1, 3600))
    """Seconds for each digit of the number that a call is transferred to."""
    transferdialattempts: int = option(3, integer(1, 100))
    transferannouncesound: str = option("pbx-transfer", text)
    transferretrysound: str = option("pbx-invalid", text)
    transferinvalidsound: str = option("privacy-incorrect", text)


def _code(value: str) -> str:
    if len(value) > 10 or any(char not in "0123456789*#ABCDabcd" for char in value):
        raise InvalidValueError(f"'{value}' is not a feature code: at most ten of 0-9 * # A-D")
    return value.upper()


@dataclass(frozen=True, slots=True)
class FeatureMap:
    """[featuremap]."""

    name: str = "featuremap"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    blindxfer: str = option("#", _code)
    disconnect: str = option("*", _code)


GENERAL = ObjectType("features.conf", "globals", FeaturesGeneral)
FEATUREMAP = ObjectType("features.conf", "featuremap", FeatureMap)


@dataclass(frozen=True, slots=True)
class FeaturesConf:
    """What features.conf says."""

    general: FeaturesGeneral = FeaturesGeneral()
    featuremap: FeatureMap = FeatureMap()


def read_features_conf(config: ConfigFile, problems: Problems) -> FeaturesConf:
    """The typed content of features.conf."""

    def other(section: Section) -> None:
        # [applicationmap], and any other name is a group of features.
        if section.items:
            problems.unsupported(section.file, section.line, f"section [{section.name}] of features.conf")

    found = read_sections(config, problems, {"general": GENERAL, "featuremap": FEATUREMAP}, other=other)
    return FeaturesConf(**found)
