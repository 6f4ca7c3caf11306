"""regcontext: who has registered is an extension of a context, which a dialplan can ask for or include."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from offhook.dialplan.edit import EditError, add_extension, remove_extension
from offhook.pbx.events import ContactChanged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from offhook.dialplan.model import Dialplan
    from offhook.dialplan.runner import Runner
    from offhook.pbx.bus import Bus

__all__ = ["RegisteredExtensions"]

log = logging.getLogger(__name__)

_FEW = 500  # registered endpoints: above, changes are made in a thread
_PAUSE = 0.05  # seconds; what changes meanwhile is one change


class RegisteredExtensions:
    """Adds an extension `NoOp(endpoint)` when an endpoint registers, and takes it away again.

    What changes in one turn of the loop is one change of the dialplan: an office registers at once.
    """

    def __init__(self, bus: Bus, runner: Runner) -> None:
        self._runner = runner
        self._context = ""
        self._contacts: dict[str, set[str]] = {}  # by endpoint
        self._present: set[str] = set()  # endpoints that have their extension
        self._task: asyncio.Task[None] | None = None
        self._next = 0.0  # when a change is made at once again (the loop's clock)
        bus.listen(ContactChanged, self._on_contact)
        runner.when_installed(self._on_dialplan)

    def start(self, context: str, registered: Iterable[tuple[str, str]]) -> None:
        """Use this context, "" for none; `registered`: endpoints and contacts that there are."""
        self._context = context
        for endpoint, uri in registered:
            self._contacts.setdefault(endpoint, set()).add(uri)
        self._present.clear()
        self._change()

    def close(self) -> None:
        """Change nothing any more."""
        if self._task is not None:
            self._task.cancel()

    def _on_contact(self, event: ContactChanged) -> None:
        name = event.endpoint
        if not name:
            return
        if event.status == "Removed":
            uris = self._contacts.get(name, set())
            uris.discard(event.uri)
            if not uris:
                self._contacts.pop(name, None)
        elif event.expires_s > 0:
            self._contacts.setdefault(name, set()).add(event.uri)
        else:
            return
        self._change()

    def _on_dialplan(self, dialplan: Dialplan) -> None:
        """Another dialplan is in place; after a reload it has none of ours."""
        context = dialplan.contexts.get(self._context)
        there = {name for name, _ in context.extensions} if context is not None else set[str]()
        self._present &= there
        self._change()

    def _change(self) -> None:
        if not self._context or self._task is not None or self._present == self._contacts.keys():
            return
        loop = asyncio.get_running_loop()
        if len(self._contacts) < _FEW and loop.time() > self._next:
            # At once, so that who hears of the registration finds the extension.
            self._next = loop.time() + _PAUSE
            before, after = frozenset(self._present), frozenset(self._contacts)
            self._present = set(after)  # the next dialplan is looked at meanwhile
            self._runner.edit_now(partial(_edited, self._context, before, after))
        else:
            self._task = loop.create_task(self._edit(), name="regcontext")

    async def _edit(self) -> None:
        try:
            await asyncio.sleep(_PAUSE)
            while self._context and self._present != self._contacts.keys():
                context, before, after = self._context, frozenset(self._present), frozenset(self._contacts)
                await self._runner.edit(partial(_edited, context, before, after))
                self._present = set(after)
        finally:
            self._task = None


def _edited(context: str, before: frozenset[str], after: frozenset[str], dialplan: Dialplan) -> Dialplan:
    for name in sorted(after - before):
        try:
            dialplan = add_extension(dialplan, context, name, "1", "NoOp", name)
        except EditError as error:
            log.debug("regcontext: %s", error)  # the dialplan has it already
    for name in sorted(before - after):
        try:
            dialplan = remove_extension(dialplan, context, name)
        except EditError as error:
            log.debug("regcontext: %s", error)
    return dialplan
