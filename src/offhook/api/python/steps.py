"""From a declared extension to what the runner executes, and into a dialplan of contexts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from offhook.api.python.blocking import watched
from offhook.api.python.call import Call
from offhook.apps.control import return_from_subroutine
from offhook.config.errors import Problems
from offhook.dialplan.edit import copy_context
from offhook.dialplan.errors import ApplicationError, ArgumentError, DialplanError, Hangup
from offhook.dialplan.model import Context, Dialplan, Extension, Include, Step
from offhook.dialplan.patterns import normalize
from offhook.dialplan.signature import Signature
from offhook.pbx.events import NewExtension

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from offhook.api.python.dialplan import Declared
    from offhook.api.python.dialplan import Dialplan as PythonDialplan
    from offhook.dialplan.call import Call as DialplanCall

__all__ = ["APPLICATION", "REGISTRAR", "add_to", "executor", "run_flow"]

log = logging.getLogger(__name__)

APPLICATION = "Python"
"""What stands in `dialplan show`, traces and call records in place of an application's name."""
REGISTRAR = "python"


class _NotThisNumberError(Exception):
    """A part of the number that is no number."""


def _from_number(declared: Declared) -> Callable[[DialplanCall], dict[str, Any]]:
    arguments = declared.arguments

    def values(call: DialplanCall) -> dict[str, Any]:
        number = normalize(call.exten)
        found: dict[str, Any] = {}
        for name, part, kind in arguments:
            text = call.exten if part is None else part.of(number)
            if kind is int:
                if not text.isdecimal():
                    raise _NotThisNumberError(f"{name}: {text!r} is no number")
                found[name] = int(text)
            else:
                found[name] = text
        return found

    return values


def _from_arguments(declared: Declared) -> Callable[[DialplanCall], list[object]]:
    signature = Signature.of(declared.function, 1)

    def values(call: DialplanCall) -> list[object]:
        count = int(call.variables.get("ARGC") or 0) if call.frames else 0
        texts = [call.variables.get(f"ARG{number}", "") for number in range(1, count + 1)]
        found: list[object] = []
        for index, parameter in enumerate(signature.parameters):
            if parameter is signature.variadic:
                found += (parameter.read(text, index + 1, None) for text in texts[index:])
            elif index < len(texts) and texts[index]:
                found.append(parameter.read(texts[index], index + 1, None))
            elif parameter.required:
                raise ApplicationError(f"{declared.title} needs argument {index + 1} ({parameter.name})")
            else:
                found.append(parameter.default)
        return found

    return values


async def run_flow(call: DialplanCall, title: str, work: Callable[[Call], Coroutine[Any, Any, None]]) -> None:
    """Let a coroutine have a call; what it raises is an error of the dialplan.

    Raises:
        Hangup: it has ended the call.
        DialplanError: it failed.
    """
    public = Call(call)
    try:
        await watched(work(public))
    except asyncio.CancelledError:
        if not public.left():
            raise
    except ArgumentError as error:
        raise ApplicationError(f"{title}: {error}") from error
    except (Hangup, DialplanError):
        raise
    except Exception as error:
        log.exception("%s: %s: %s failed", call.where, call.channel.name, title)
        raise ApplicationError(f"{title}: {type(error).__name__}: {error}") from error


def executor(declared: Declared, owner: object = None) -> Callable[[DialplanCall], Awaitable[None]]:
    """What a priority executes; it keeps `owner` alive."""
    function, title = declared.function, declared.title
    from_number = None if declared.is_subroutine else _from_number(declared)
    from_arguments = _from_arguments(declared) if declared.is_subroutine else None

    async def execute(call: DialplanCall, owner: object = owner) -> None:
        channel = call.channel
        channel.application, channel.application_data = APPLICATION, title
        channel.pbx.bus.emit(NewExtension, channel, APPLICATION, title)
        if from_arguments is not None:
            arguments = from_arguments(call)

            async def subroutine(public: Call) -> None:
                result = await function(public, *arguments)
                if call.frames:
                    return_from_subroutine(call, "" if result is None else str(result))

            await run_flow(call, title, subroutine)
        elif from_number is not None:
            try:
                values = from_number(call)
            except _NotThisNumberError as error:
                call.complain(f"{title}: {error}")
                call.runner.go_to_invalid(call, call.exten)
                return
            await run_flow(call, title, lambda public: function(public, **values))

    return execute


def _extension(declared: Declared, owner: object) -> Extension:
    extension = Extension.make(declared.name, declared.caller, declared.file, declared.line)
    step = Step(1, "", APPLICATION, declared.title, declared.file, declared.line)
    step.execute, step.is_native = executor(declared, owner), True
    extension.add(step)
    extension.hint, extension.hint_line = declared.hint, declared.line
    return extension


def add_to(
    dialplan: Dialplan, scripts: Iterable[PythonDialplan], problems: Problems, *, owner: object = None
) -> Dialplan:
    """A dialplan with the contexts of scripts besides its own; what cannot be goes to `problems`.

    `owner` lives as long as what was made of the scripts does.
    """
    contexts = dict(dialplan.contexts)
    global_variables = dict(dialplan.global_variables)
    for script in scripts:
        global_variables.update(script.globals)
        for name, declared in script.contexts.items():
            old = contexts.get(name)
            if old is None:
                context = Context(name, declared.file, declared.line, registrar=REGISTRAR)
            else:
                context = copy_context(old)
            contexts[name] = context
            for key, one in declared.extensions.items():
                known = context.extensions.get(key)
                if known is not None and known.steps:
                    what = f"{one.name}@{name} is there already, at {known.file}:{known.line}"
                    problems.error(one.file, one.line, what)
                    continue
                try:
                    extension = _extension(one, owner)
                except (DialplanError, TypeError) as error:
                    problems.error(one.file, one.line, f"{one.title}: {error}")
                    continue
                if known is not None and not extension.hint:  # a hint of extensions.conf
                    extension.hint, extension.hint_line = known.hint, known.hint_line
                context.extensions[key] = extension
            for exten, (devices, file, line) in declared.hints.items():
                found = context.extensions.get((exten, None))
                if found is None:
                    try:
                        found = context.extensions[exten, None] = Extension.make(exten, None, file, line)
                    except DialplanError as error:
                        problems.error(file, line, str(error))
                        continue
                found.hint, found.hint_line = devices, line
            context.includes += (
                Include(one.context, one.condition, one.file, one.line, times=one.times)
                for one in declared.includes
            )
            context.ignore += declared.ignored
    return dialplan.with_contexts(contexts, global_variables)
