"""Changes of a dialplan while it runs (`dialplan add ...`): each gives a new snapshot.

    await runner.edit(lambda dialplan: add_extension(dialplan, "internal", "600", "1", "Answer"))

They last until the next reload.  What cannot be done is told as `EditError`, a sentence for the operator.
"""

from __future__ import annotations

from offhook.dialplan.errors import DialplanError, PatternError, TimingError
from offhook.dialplan.model import Context, Dialplan, Extension, Include, Step
from offhook.dialplan.patterns import compile_pattern
from offhook.dialplan.templates import compile_template
from offhook.dialplan.timing import parse_time_condition

__all__ = [
    "EditError",
    "add_extension",
    "add_ignore_pattern",
    "add_include",
    "copy_context",
    "remove_context",
    "remove_extension",
    "remove_ignore_pattern",
    "remove_include",
]

_FILE = "CLI"


class EditError(DialplanError):
    """The dialplan cannot be changed so."""


def _context(dialplan: Dialplan, name: str) -> Context:
    context = dialplan.contexts.get(name)
    if context is None:
        raise EditError(f"There is no existence of '{name}' context")
    return context


def copy_context(context: Context) -> Context:
    """A context of one's own to change, with the same extensions."""
    copy = Context(context.name, context.file, context.line, registrar=context.registrar)
    copy.extensions = dict(context.extensions)
    copy.includes = list(context.includes)
    copy.switches = list(context.switches)
    copy.ignore = list(context.ignore)
    return copy


def _copy_extension(extension: Extension) -> Extension:
    copy = Extension(
        extension.name,
        extension.caller,
        extension.file,
        extension.line,
        pattern=extension.pattern,
        caller_pattern=extension.caller_pattern,
    )
    copy.hint, copy.hint_line = extension.hint, extension.hint_line
    for step in extension.steps.values():
        copy.add(step)
    return copy


def _key(text: str) -> tuple[str, str | None]:
    name, slash, caller = text.partition("/")
    return name, caller if slash else None


def add_extension(
    dialplan: Dialplan,
    context: str,
    exten: str,
    priority: str,
    application: str = "",
    arguments: str = "",
    *,
    label: str = "",
    replace: bool = False,
) -> Dialplan:
    """Add a priority (a number, `n`, or `hint`) to `exten[/caller]`; the context is made when it is new.

    Raises:
        EditError: the extension or its arguments are wrong, or the priority is there and not `replace`.
    """
    old = dialplan.contexts.get(context)
    copy = Context(context, _FILE, 0) if old is None else copy_context(old)
    key = _key(exten)
    known = copy.extensions.get(key)
    try:
        extension = Extension.make(*key, _FILE, 0) if known is None else _copy_extension(known)
        compile_template(arguments)
    except DialplanError as error:
        raise EditError(str(error)) from None
    if not key[0]:
        raise EditError("an extension needs a name")
    if priority == "hint":
        extension.hint = f"{application}({arguments})" if arguments else application
    else:
        number = max(extension.steps, default=0) + 1 if priority == "n" else _number(priority)
        if number in extension.steps and not replace:
            raise EditError(f"extension '{exten}' has priority {number} already")
        extension.labels = {name: at for name, at in extension.labels.items() if at != number}
        extension.add(Step(number, label, application, arguments, _FILE, 0))
    copy.extensions[key] = extension
    return dialplan.edited(copy)


def _number(priority: str) -> int:
    if not priority.isdecimal() or not 0 < int(priority[:10]) < 1_000_000_000:
        raise EditError(f"'{priority}' is not a valid priority")
    return int(priority)


def remove_extension(dialplan: Dialplan, context: str, exten: str, priority: str = "") -> Dialplan:
    """Remove an extension, or one of its priorities.

    Raises:
        EditError: it is not there.
    """
    copy = copy_context(_context(dialplan, context))
    key = _key(exten)
    known = copy.extensions.get(key)
    if known is None:
        raise EditError(f"there is no extension {exten}@{context}")
    if not priority:
        del copy.extensions[key]
        return dialplan.edited(copy)
    extension = _copy_extension(known)
    if priority == "hint":
        extension.hint = ""
    else:
        step = extension.steps.pop(_number(priority), None)
        if step is None:
            raise EditError(f"extension {exten}@{context} has no priority {priority}")
        extension.labels = {
            label: number for label, number in extension.labels.items() if number != step.priority
        }
    if extension.steps or extension.hint:
        copy.extensions[key] = extension
    else:
        del copy.extensions[key]
    return dialplan.edited(copy)


def remove_context(dialplan: Dialplan, name: str) -> Dialplan:
    """Remove a context.

    Raises:
        EditError: it is not there.
    """
    _context(dialplan, name)
    return dialplan.with_contexts({key: one for key, one in dialplan.contexts.items() if key != name})


def add_include(dialplan: Dialplan, context: str, included: str) -> Dialplan:
    """Include `included[,times]` in a context.

    Raises:
        EditError: one of them is not there, or it is included already.
    """
    name, _, times = included.partition(",")
    old = _context(dialplan, context)
    _context(dialplan, name)
    try:
        condition = parse_time_condition(times) if times else None
    except TimingError as error:
        raise EditError(str(error)) from None
    if any(one.context == name and one.condition == condition for one in old.includes):
        raise EditError(f"Context '{included}' already included in '{context}' context")
    copy = copy_context(old)
    copy.includes.append(Include(name, condition, _FILE, 0, times=times))
    return dialplan.edited(copy)


def remove_include(dialplan: Dialplan, context: str, included: str) -> Dialplan:
    """Include `included[,times]` no more.

    Raises:
        EditError: it is not included.
    """
    copy = copy_context(_context(dialplan, context))
    left = [one for one in copy.includes if one.text != included]
    if len(left) == len(copy.includes):
        raise EditError(f"'{included}' is not included in '{context}'")
    copy.includes = left
    return dialplan.edited(copy)


def add_ignore_pattern(dialplan: Dialplan, context: str, pattern: str) -> Dialplan:
    """Let dial tone go on after these digits.

    Raises:
        EditError: there is no such context, the pattern is wrong, or it is there already.
    """
    copy = copy_context(_context(dialplan, context))
    try:
        if pattern[:1] == "_":
            compile_pattern(pattern)
    except PatternError as error:
        raise EditError(str(error)) from None
    if pattern in copy.ignore:
        raise EditError(f"Ignore pattern '{pattern}' already included in '{context}' context")
    copy.ignore.append(pattern)
    return dialplan.edited(copy)


def remove_ignore_pattern(dialplan: Dialplan, context: str, pattern: str) -> Dialplan:
    """Stop the dial tone after these digits.

    Raises:
        EditError: it is not there.
    """
    copy = copy_context(_context(dialplan, context))
    if pattern not in copy.ignore:
        raise EditError(f"There is no ignore pattern '{pattern}' in '{context}' context")
    copy.ignore.remove(pattern)
    return dialplan.edited(copy)
