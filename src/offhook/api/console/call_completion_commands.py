"""Console commands of call completion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError
from offhook.features.call_completion.machine import Completion, State
from offhook.features.call_completion.service import CallCompletion

if TYPE_CHECKING:
    from offhook.api.console.commands import Commands
    from offhook.api.node import Node

__all__ = ["declare"]

_TEXTS = {
    State.AVAILABLE: "CC is available",
    State.OFFERED: "CC offered to caller",
    State.CALLER_REQUESTED: "CC requested by caller",
    State.ACTIVE: "CC accepted by callee",
    State.CALLEE_READY: "Callee has become available",
    State.CALLER_BUSY: "Callee was ready, but caller is now unavailable",
    State.RECALLING: "Caller is attempting to recall",
    State.COMPLETE: "Recall complete",
    State.FAILED: "CC has failed",
}


def _service(node: Node) -> CallCompletion:
    found = node.pbx.service(CallCompletion)
    if found is None:
        raise CommandError("this node completes no calls")
    return found


def _lines(one: Completion) -> list[str]:
    lines = [f"{one.core_id:<15} {one.caller:<31} {_TEXTS[one.state]}"]
    lines.append(f"{'':16}|-->{one.agent.exten}@{one.agent.context}")
    lines += (f"{'':20}|-->{monitor.device}({monitor.service})" for monitor in one.monitors)
    return lines


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("cc report status")
    def report_status(node: Node, words: list[str]) -> str:
        """Show the calls whose completion is possible, requested or under way."""
        found = list(_service(node))
        lines = [f"{len(found)} Call completion transactions"]
        lines.append(f"{'Core ID':<15} {'Caller':<31} Status")
        lines.append("-" * 76)
        for one in found:
            lines += _lines(one)
        return "\n".join(lines) + "\n"

    @commands.add("cc cancel [core|all]", "[ID]")
    def cancel(node: Node, words: list[str]) -> str:
        """End the completion of a call, by its Core ID, or of all calls."""
        service = _service(node)
        match words:
            case ["all"]:
                found = [one.core_id for one in service]
            case ["core", number] if number.isdecimal() and len(number) < 10:
                found = [int(number)]
            case _:
                raise CommandError("Usage: cc cancel core ID, or cc cancel all")
        for core_id in found:
            if not service.cancel_core(core_id):
                raise CommandError(f"There is no call completion {core_id}")
        return f"{len(found)} cancelled.\n"
