"""FEATURE and FEATUREMAP: what DTMF features are like on a channel."""

from __future__ import annotations

from offhook.config.errors import nearest
from offhook.config.files.features import FEATUREMAP, GENERAL, FeatureMap, FeaturesGeneral
from offhook.config.values import InvalidValueError, boolean
from offhook.dialplan.call import Call
from offhook.dialplan.declare import function
from offhook.dialplan.errors import FunctionError

__all__: list[str] = []

_NOT_OPTIONS = ("name", "where")
_SETTINGS = tuple(name for name in FeaturesGeneral.__dataclass_fields__ if name not in _NOT_OPTIONS)
_CODES = tuple(name for name in FeatureMap.__dataclass_fields__ if name not in _NOT_OPTIONS)


def _known(word: str, names: tuple[str, ...], function_name: str) -> str:
    name = word.strip().lower()
    if name not in names:
        guess = nearest(name, names)
        raise FunctionError(f"{function_name}: there is no {word!r}" + (f": {guess}?" if guess else ""))
    return name


def _shown(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@function("FEATURE")
def feature(call: Call, option_name: str) -> str:
    """A setting of features.conf [general], as it is for this channel; set it to have it different.

    Args:
        option_name: `transferdigittimeout`, `atxferdropcall` ..., or `inherit`: whether the channels that
            this one dials have its own settings, too.
    """
    features = call.channel.pbx.features
    if option_name.strip().lower() == "inherit":
        return _shown(features.inherits(call.channel))
    return _shown(getattr(features.settings(call.channel), _known(option_name, _SETTINGS, "FEATURE")))


@feature.writer
def set_feature(call: Call, value: str, option_name: str) -> None:
    """Have a setting different on this channel."""
    features = call.channel.pbx.features
    try:
        if option_name.strip().lower() == "inherit":
            features.set_inherit(call.channel, boolean(value))
            return
        name = _known(option_name, _SETTINGS, "FEATURE")
        features.change(call.channel, name, GENERAL.parse(name, value))
    except InvalidValueError as error:
        raise FunctionError(f"FEATURE({option_name}): {error.what}") from None


@function("FEATUREMAP")
def featuremap(call: Call, feature_name: str) -> str:
    """The digits of a built-in feature on this channel; set it to have others.

    Args:
        feature_name: atxfer, automixmon, blindxfer or disconnect.
    """
    codes = call.channel.pbx.features.codes_of(call.channel)
    return str(getattr(codes, _known(feature_name, _CODES, "FEATUREMAP")))


@featuremap.writer
def set_featuremap(call: Call, value: str, feature_name: str) -> None:
    """Have other digits on this channel."""
    name = _known(feature_name, _CODES, "FEATUREMAP")
    try:
        call.channel.pbx.features.change_code(call.channel, name, FEATUREMAP.parse(name, value))
    except InvalidValueError as error:
        raise FunctionError(f"FEATUREMAP({feature_name}): {error.what}") from None
