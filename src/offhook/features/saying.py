"""How a node says numbers and dates: by the grammars of this program, or by the rules of say.conf."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from offhook.config.files.say import SayConf
from offhook.dialplan.patterns import PatternError, compile_pattern
from offhook.dialplan.say_rules import SayRuleError, SayRules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from offhook.dialplan.call import Call

__all__ = ["Saying", "sounds_by_rules"]

log = logging.getLogger(__name__)


class Saying:
    """The rules of say.conf, and whether they are used."""

    def __init__(self, conf: SayConf | None = None) -> None:
        """A rule whose pattern is wrong is left out, which the log says."""
        conf = conf or SayConf()
        self.by_rules = conf.general.mode
        """`say load new`: numbers and dates are said by the rules of the language, where it has some."""
        self.rules = SayRules({name: _usable(name, rules) for name, rules in conf.languages.items()})

    def uses_rules(self, language: str) -> bool:
        """Whether numbers and dates in a language are said by the rules."""
        return self.by_rules and self.rules.speaks(language)


def sounds_by_rules(call: Call, kind: str, text: str) -> list[str] | None:
    """The sounds of a number or date by the rules of say.conf; None where those are not used, or say nothing
    of it, which is complained of."""
    saying = call.channel.pbx.service(Saying)
    language = call.channel.language
    if saying is None or not saying.uses_rules(language):
        return None
    try:
        return saying.rules.sounds(kind, text, language)
    except SayRuleError as error:
        call.complain(str(error))
        return None


def _usable(language: str, rules: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, text in rules:
        try:
            if name.startswith("_"):
                compile_pattern(name)
        except PatternError as error:
            log.error("say.conf [%s]: %s is left out: %s", language, name, error)
        else:
            found.append((name, text))
    return found
