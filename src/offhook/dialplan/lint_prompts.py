"""Prompts that a dialplan plays and that do not exist.

By convention an application's parameter that names sounds is a list called `filenames`.  Names that come
from a variable, and those that are no files (URIs, tones), are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable

from offhook.config.errors import Problems
from offhook.dialplan.arguments import split_arguments
from offhook.dialplan.declare import applications
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.model import Dialplan, Step
from offhook.dialplan.templates import compile_template

__all__ = ["check_prompts"]

_SOMETHING = "\N{REPLACEMENT CHARACTER}"


def check_prompts(dialplan: Dialplan, problems: Problems, exists: Callable[[str], bool]) -> None:
    """Tell each prompt that `exists` does not know once, at the first line that plays it."""
    known: dict[str, bool] = {}
    places: dict[str, int | None] = {}
    seen: set[tuple[str, str]] = set()
    for context in dialplan.contexts.values():
        for extension in context.extensions.values():
            for step in extension.steps.values():
                if step.is_native or (step.application, step.arguments) in seen:
                    continue
                seen.add((step.application, step.arguments))
                if step.application not in places:
                    places[step.application] = _place(step.application)
                place = places[step.application]
                if place is not None:
                    _check(step, place, known, exists, problems)


def _place(name: str) -> int | None:
    """Which argument of an application names sounds."""
    found = applications.get(name)
    if found is None:
        return None
    for index, parameter in enumerate(found.signature.parameters):
        if parameter.name == "filenames" and parameter.separator:
            return index
    return None


def _check(
    step: Step, place: int, known: dict[str, bool], exists: Callable[[str], bool], problems: Problems
) -> None:
    try:
        parts = compile_template(step.arguments).parts
    except DialplanError:
        return
    text = "".join(part if isinstance(part, str) else _SOMETHING for part in parts)
    arguments = split_arguments(text)
    if place >= len(arguments):
        return
    for name in arguments[place].split("&"):
        name = name.strip()
        if not name or _SOMETHING in name or ":" in name or name in known:
            continue
        known[name] = exists(name)
        if not known[name]:
            problems.warning(step.file, step.line, f"{step.application}: there is no prompt {name}")
