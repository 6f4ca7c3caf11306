"""Actions on the dialplan: ShowDialPlan, DialplanExtensionAdd, DialplanExtensionRemove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.protocol import field
from offhook.dialplan import edit

if TYPE_CHECKING:
    from offhook.dialplan.model import Context, Dialplan

__all__: list[str] = []


async def _edit(request: Request, change: Callable[[Dialplan], Dialplan]) -> None:
    try:
        await request.node.runner.edit(change)
    except edit.EditError as error:
        raise ActionError(str(error)) from None


@action("DialplanExtensionAdd", "system", missing="Context, Extension, Priority and Application are needed")
async def extension_add(
    request: Request,
    context: str,
    extension: str,
    priority: str,
    application: str,
    application_data: str = "",
    replace: bool = False,
) -> str:
    """Add a priority to the dialplan, until the next reload.

    Args:
        context: the context; made when there is none of this name.
        extension: the extension, a number or pattern.
        priority: a number, or `hint`.
        application: what it executes.
        application_data: its arguments.
        replace: in place of a priority that exists.
    """
    await _edit(
        request,
        lambda dialplan: edit.add_extension(
            dialplan, context, extension, priority, application, application_data, replace=replace
        ),
    )
    return "Added requested extension"


@action("DialplanExtensionRemove", "system", missing="Context and Extension are needed")
async def extension_remove(request: Request, context: str, extension: str, priority: str = "") -> str:
    """Remove an extension from the dialplan, or one of its priorities, until the next reload.

    Args:
        context: the context.
        extension: the extension.
        priority: only this one.
    """
    await _edit(request, lambda dialplan: edit.remove_extension(dialplan, context, extension, priority))
    return "Removed the requested extension"


@action("ShowDialPlan", "config", "reporting", sends=("ListDialplan", "ShowDialPlanComplete"))
def show_dialplan(request: Request, context: str = "", extension: str = "") -> Listing:
    """List the priorities, includes and switches of the dialplan.

    Args:
        context: only this one.
        extension: only this one.
    """
    dialplan = request.node.runner.dialplan
    if context and context not in dialplan.contexts:
        raise ActionError(f"Did not find context {context}")
    counts = {"ListContexts": 0, "ListExtensions": 0, "ListPriorities": 0}
    items: list[tuple[str, str]] = []
    for name, found in sorted(dialplan.contexts.items()):
        if context and name != context:
            continue
        counts["ListContexts"] += 1
        items += _context(name, found, extension, counts)
    if extension and not counts["ListExtensions"]:
        raise ActionError(f"Did not find extension {extension}@{context}")
    lines = "".join(field(key, value) for key, value in counts.items())
    return Listing("DialPlan list will follow", "ShowDialPlanComplete", items, fields=lines)


def _context(name: str, found: Context, extension: str, counts: dict[str, int]) -> Iterable[tuple[str, str]]:
    base = field("Context", name)
    for one in found.extensions.values():
        if extension and one.name != extension:
            continue
        counts["ListExtensions"] += 1
        for priority, step in sorted(one.steps.items()):
            counts["ListPriorities"] += 1
            yield (
                "ListDialplan",
                base
                + field("Extension", one.name)
                + field("Priority", priority)
                + field("Application", step.application)
                + field("AppData", step.arguments)
                + field("Registrar", found.registrar),
            )
    if not extension:
        for include in found.includes:
            yield (
                "ListDialplan",
                base + field("IncludeContext", include.context) + field("Registrar", found.registrar),
            )
