"""From a priority to what executes it: the application is looked up and its arguments are bound once.

A priority whose arguments are constant costs a call of the application when it runs.  One with
variables costs their evaluation, and taking the text apart only when it differs from the last time.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Application, applications
from offhook.dialplan.errors import ApplicationError, DialplanError, UnknownApplicationError
from offhook.dialplan.templates import compile_template
from offhook.dialplan.waiting import RenderLater, compile_waiting, waits
from offhook.pbx.events import NewExtension

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.dialplan.model import Step

__all__ = ["Execute", "bind_step", "find_application"]

log = logging.getLogger(__name__)

Execute = Callable[["Call"], Awaitable[None] | None]


def find_application(name: str) -> Application:
    """An application by its name.

    Raises:
        UnknownApplicationError: there is none.
    """
    found = applications.get(name)
    if found is None:
        hint = applications.nearest(name)
        meant = f" (did you mean {hint}?)" if hint else ""
        raise UnknownApplicationError(f"there is no application {name}{meant}")
    return found


def bind_step(step: Step) -> Execute:
    """What executes a priority.  A mistake in it becomes an ApplicationError each time that it runs."""
    try:
        application = find_application(step.application)
        template = compile_template(step.arguments)
        if not template.constant:
            if waits(template.parts):
                return _bind_waiting(application, compile_waiting(template.parts))
            return _bind_template(step, application, template.render)
        complaints: list[str] = []
        arguments = application.bind(step.arguments, complaints)
    except DialplanError as error:
        return _fail(str(error))
    for complaint in complaints:
        log.warning("%s: %s: %s", step.where, application.name, complaint)
    return _bind_constant(step, application, arguments)


def _fail(what: str) -> Execute:
    def fail(call: Call) -> None:
        raise ApplicationError(what)

    return fail


def _bind_constant(step: Step, application: Application, arguments: tuple[object, ...]) -> Execute:
    func, name, text = application.func, application.name, step.arguments
    if len(arguments) == 1:
        (only,) = arguments

        def execute_one(call: Call) -> Awaitable[None] | None:
            channel = call.channel
            channel.application = name
            channel.application_data = text
            channel.pbx.bus.emit(NewExtension, channel, name, text)
            return func(call, only)

        return execute_one

    def execute(call: Call) -> Awaitable[None] | None:
        channel = call.channel
        channel.application = name
        channel.application_data = text
        channel.pbx.bus.emit(NewExtension, channel, name, text)
        return func(call, *arguments)

    return execute


def _bind_template(step: Step, application: Application, render: Callable[[Call], str]) -> Execute:
    func, name, bind = application.func, application.name, application.bind
    parameters = application.signature.parameters
    takes_text_as_it_is = len(parameters) == 1 and parameters[0].is_raw and not parameters[0].required

    if takes_text_as_it_is:

        def execute_text(call: Call) -> Awaitable[None] | None:
            text = render(call)
            channel = call.channel
            channel.application = name
            channel.application_data = text
            channel.pbx.bus.emit(NewExtension, channel, name, text)
            return func(call, text)

        return execute_text

    known: str | None = None
    bound: tuple[object, ...] = ()

    def execute(call: Call) -> Awaitable[None] | None:
        nonlocal known, bound
        text = render(call)
        channel = call.channel
        channel.application = name
        channel.application_data = text
        channel.pbx.bus.emit(NewExtension, channel, name, text)
        if text != known:
            complaints: list[str] = []
            bound = bind(text, complaints)
            known = text
            for complaint in complaints:
                call.complain(f"{name}: {complaint}")
        return func(call, *bound)

    return execute


def _bind_waiting(application: Application, render: RenderLater) -> Execute:
    """A priority whose arguments have to be waited for."""
    func, name, bind = application.func, application.name, application.bind

    async def execute(call: Call) -> None:
        text = await render(call)
        channel = call.channel
        channel.application = name
        channel.application_data = text
        channel.pbx.bus.emit(NewExtension, channel, name, text)
        complaints: list[str] = []
        bound = bind(text, complaints)
        for complaint in complaints:
            call.complain(f"{name}: {complaint}")
        last = func(call, *bound)
        if last is not None:
            await last

    return execute
