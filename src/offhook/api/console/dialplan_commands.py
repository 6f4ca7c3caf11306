"""Console commands about the dialplan: `dialplan ...`, hints and device states."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.config.errors import Severity
from offhook.dialplan import edit, text
from offhook.dialplan.errors import DialplanError
from offhook.dialplan.waiting import render_waiting
from offhook.features.device_states import DeviceState

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.dialplan.call import Call
    from offhook.dialplan.model import Dialplan
    from offhook.features.hints import Hint

__all__ = ["declare"]

_HINT_RULE = "----------------\n"


async def _edit(node: Node, change: Callable[[Dialplan], Dialplan]) -> None:
    try:
        await node.runner.edit(change)
    except edit.EditError as error:
        raise CommandError(str(error)) from error


def _split_place(place: str) -> tuple[str, str]:
    """`exten@context`, from its last @: both must be there."""
    exten, at, context = place.rpartition("@")
    if not at or not exten or not context:
        raise CommandError(f"{place!r} is no EXTEN@CONTEXT")
    return exten, context


def _call_on(node: Node, name: str) -> Call:
    channel = node.pbx.channel(name)
    if channel is None:
        raise CommandError(f"Channel '{name}' not found")
    return node.runner.call_on(channel)


def _into(words: list[str], usage: str) -> tuple[str, str]:
    """`WHAT into CONTEXT`."""
    if len(words) < 3 or words[1] != "into":
        raise CommandError(f"Usage: {usage}")
    return words[0], words[2]


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_show(commands)
    _declare_variables(commands)
    _declare_edits(commands)
    _declare_hints(commands)


def _declare_show(commands: Commands) -> None:
    @commands.add("dialplan show", "[[EXTEN@]CONTEXT]")
    async def show(node: Node, words: list[str]) -> str:
        """Show the dialplan, one context, or what an extension of one would do."""
        if len(words) > 1:
            raise CommandError("Usage: dialplan show [[exten@]context]")
        exten, at, context = (words[0] if words else "").rpartition("@")
        # 100,000 extensions take a moment: calls go on meanwhile.
        return await asyncio.to_thread(text.show, node.runner.dialplan, context, exten if at else "")

    @commands.add("dialplan debug", "[CONTEXT]")
    async def debug(node: Node, words: list[str]) -> str:
        """Show the trees in which numbers are looked for, of all contexts or of one."""
        if len(words) > 1:
            raise CommandError("Usage: dialplan debug [CONTEXT]")
        return await asyncio.to_thread(text.show_index, node.runner.dialplan, *words)

    @commands.add("dialplan reload")
    async def reload(node: Node, words: list[str]) -> str:
        """Read the dialplan anew; nothing changes when it has an error."""
        problems = await node.reload_dialplan()
        lines = [str(problem) for problem in problems]
        refused = any(problem.severity is Severity.ERROR for problem in problems)
        lines.append("Not reloaded: the running dialplan stays." if refused else "Dialplan reloaded.")
        return "\n".join(lines) + "\n"

    @commands.add("dialplan save", "[FILE]")
    async def save(node: Node, words: list[str]) -> str:
        """Write extensions.conf anew from the dialplan as it is now; comments and includes are lost."""
        dialplan = node.runner.dialplan
        if not dialplan.settings.static or dialplan.settings.write_protect:
            raise CommandError(
                "I can't save dialplan now: [general] of extensions.conf needs static=yes and writeprotect=no"
            )
        folder = node.snapshot.folder
        path = Path(folder / (words[0] if words else "extensions.conf"))
        variables = dict(node.runner.globals)

        def write() -> None:
            if not path.resolve().is_relative_to(folder.resolve()) or path.is_dir():
                raise CommandError(f"{path} is not a file within {folder}")
            content = text.as_conf(dialplan, variables)
            temporary = path.with_name(f".{path.name}.new")
            with open(temporary, "w", errors="surrogateescape") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)

        try:
            await asyncio.to_thread(write)
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror}") from error
        return f"Dialplan successfully saved into '{path}'\n"

    @commands.add("dialplan eval function", "NAME(ARGUMENTS)")
    async def eval_function(node: Node, words: list[str]) -> str:
        """Show what a dialplan function gives, outside of a call."""
        if not words:
            raise CommandError("Usage: dialplan eval function <name>(<arguments>)")
        name, _, arguments = " ".join(words).partition("(")
        call = node.runner.call_without_channel(node.pbx)
        try:
            inner = arguments.rpartition(")")[0] if ")" in arguments else arguments
            function = call.find_function(name.strip())
            bound = function.bind_read(await render_waiting(call, inner))
            value = await function.wait(call, *bound) if function.wait else function(call, *bound)
        except DialplanError as error:
            return f"Return Value: Failure (-1)\nResult: {error}\n"
        return f"Return Value: Success (0)\nResult: {value}\n"


def _declare_variables(commands: Commands) -> None:
    @commands.add("dialplan set extenpatternmatchnew true")
    def set_new(node: Node, words: list[str]) -> str:
        """Look extensions up in a tree: it is always so."""
        return "Extension pattern matching is by a tree already.\n"

    @commands.add("dialplan set extenpatternmatchnew false")
    def set_old(node: Node, words: list[str]) -> str:
        """Look extensions up one after the other: there is no such way here."""
        raise CommandError("Extensions are always looked up in a tree; the order of patterns is the same.")

    @commands.add("dialplan show globals")
    def show_globals(node: Node, words: list[str]) -> str:
        """Show the global variables."""
        variables = node.runner.globals
        lines = [f"   {name}={value}\n" for name, value in variables.items()]
        return "".join([*lines, "\n", f"    -- {len(lines)} variable(s)\n"])

    @commands.add("dialplan show chanvar", "CHANNEL")
    def show_channel(node: Node, words: list[str]) -> str:
        """Show the variables of a channel."""
        if len(words) != 1:
            raise CommandError("Usage: dialplan show chanvar <channel>")
        variables = _call_on(node, words[0]).variables
        return "".join(f"{name}={value}\n" for name, value in variables.items())

    @commands.add("dialplan set global", "NAME VALUE")
    def set_global(node: Node, words: list[str]) -> str:
        """Set a global variable."""
        if len(words) < 2:
            raise CommandError("Usage: dialplan set global <name> <value>")
        name, value = words[0], " ".join(words[1:])
        node.runner.globals[name] = value
        return f"    -- Global variable '{name}' set to '{value}'\n"

    @commands.add("dialplan set chanvar", "CHANNEL NAME VALUE")
    async def set_channel(node: Node, words: list[str]) -> str:
        """Set a variable of a channel, or a function."""
        if len(words) < 3:
            raise CommandError("Usage: dialplan set chanvar <channel> <variable> <value>")
        call = _call_on(node, words[0])
        try:
            durable = call.assign(words[1], " ".join(words[2:]))
            if durable is not None:
                await durable
        except DialplanError as error:
            raise CommandError(str(error)) from error
        return ""


def _declare_edits(commands: Commands) -> None:
    @commands.add("dialplan add extension", "EXTEN,PRIORITY,APPLICATION(ARGUMENTS) into CONTEXT [replace]")
    async def add_extension(node: Node, words: list[str]) -> str:
        """Add a priority to an extension until the next reload."""
        usage = "Usage: dialplan add extension <exten>,<priority>,<app>(<args>) into <context> [replace]"
        replace = words[-1:] == ["replace"]
        words = words[:-1] if replace else words
        if len(words) < 3 or words[-2] != "into":
            raise CommandError(usage)
        context = words[-1]
        exten, _, rest = " ".join(words[:-2]).partition(",")
        priority, _, action = rest.partition(",")
        if not action:
            raise CommandError(usage)
        if priority == "hint":
            application, arguments = action, ""
        else:
            application, parenthesis, arguments = action.partition("(")
            if parenthesis:
                arguments = arguments.rpartition(")")[0] if ")" in arguments else arguments
        label, base = "", priority
        if priority.endswith(")"):
            base, _, label = priority[:-1].partition("(")
        await _edit(node, lambda dialplan: edit.add_extension(
            dialplan, context, exten, base, application.strip(), arguments, label=label, replace=replace
        ))  # fmt: skip
        return f"Extension '{exten},{priority},{action}' added into '{context}' context\n"

    @commands.add("dialplan add include", "CONTEXT[,TIMES] into CONTEXT")
    async def add_include(node: Node, words: list[str]) -> str:
        """Include a context in another until the next reload."""
        what, context = _into(words, "dialplan add include <context> into <context>")
        await _edit(node, lambda dialplan: edit.add_include(dialplan, context, what))
        return f"Context '{what}' included in '{context}' context\n"

    @commands.add("dialplan add ignorepat", "PATTERN into CONTEXT")
    async def add_ignore(node: Node, words: list[str]) -> str:
        """Let dial tone go on after these digits, until the next reload."""
        what, context = _into(words, "dialplan add ignorepat <pattern> into <context>")
        await _edit(node, lambda dialplan: edit.add_ignore_pattern(dialplan, context, what))
        return f"Ignore pattern '{what}' added into the context '{context}'\n"

    @commands.add("dialplan remove extension", "EXTEN[/CALLER]@CONTEXT [PRIORITY]")
    async def remove_extension(node: Node, words: list[str]) -> str:
        """Remove an extension, or one of its priorities, until the next reload."""
        if not 1 <= len(words) <= 2:
            raise CommandError("Usage: dialplan remove extension <exten>[/cid]@<context> [<priority>]")
        exten, context = _split_place(words[0])
        priority = words[1] if len(words) > 1 else ""
        await _edit(node, lambda dialplan: edit.remove_extension(dialplan, context, exten, priority))
        if priority:
            return f"Extension {exten}@{context} with priority {priority} removed\n"
        return f"Whole extension {exten}@{context} removed\n"

    @commands.add("dialplan remove include", "CONTEXT from CONTEXT")
    async def remove_include(node: Node, words: list[str]) -> str:
        """Include a context in another no more, until the next reload."""
        if len(words) != 3 or words[1] not in ("from", "in"):
            raise CommandError("Usage: dialplan remove include <context> from <context>")
        await _edit(node, lambda dialplan: edit.remove_include(dialplan, words[2], words[0]))
        return f"The dialplan is no longer including '{words[0]}' into '{words[2]}'\n"

    @commands.add("dialplan remove ignorepat", "PATTERN from CONTEXT")
    async def remove_ignore(node: Node, words: list[str]) -> str:
        """Stop dial tone after these digits, until the next reload."""
        if len(words) != 3 or words[1] != "from":
            raise CommandError("Usage: dialplan remove ignorepat <pattern> from <context>")
        await _edit(node, lambda dialplan: edit.remove_ignore_pattern(dialplan, words[2], words[0]))
        return f"Ignore pattern '{words[0]}' removed from the context '{words[2]}'\n"

    @commands.add("dialplan remove context", "CONTEXT")
    async def remove_context(node: Node, words: list[str]) -> str:
        """Remove a context until the next reload."""
        if len(words) != 1:
            raise CommandError("Usage: dialplan remove context <context>")
        await _edit(node, lambda dialplan: edit.remove_context(dialplan, words[0]))
        return f"Removing context '{words[0]}'\n"


def _hint_line(hint: Hint) -> str:
    place = f"{hint.exten}@{hint.context}"
    return (
        f"{place:<20}: {hint.text:<20.20}  State:{hint.state.text:<15.15} "
        f"Presence:{hint.presence.state:<15.15} Watchers {len(hint.watchers):2d}\n"
    )


def _declare_hints(commands: Commands) -> None:
    @commands.add("core show hints")
    def show_hints(node: Node, words: list[str]) -> str:
        """Show the extensions whose state is followed."""
        hints = sorted(node.hints, key=lambda hint: (hint.context, hint.exten))
        if not hints:
            return "There are no registered dialplan hints\n"
        lines = [_hint_line(hint) for hint in hints]
        head = "\n    -= Registered Asterisk Dial Plan Hints =-\n"
        return "".join([head, *lines, _HINT_RULE, f"- {len(lines)} hints registered\n"])

    @commands.add("core show hint", "EXTEN[@CONTEXT]")
    def show_hint(node: Node, words: list[str]) -> str:
        """Show the state of one extension."""
        if len(words) != 1:
            raise CommandError("Usage: core show hint <exten>[@context]")
        exten, _, context = words[0].partition("@")
        if context:
            node.hints.find(exten, context)  # a number of a pattern is followed from now on
        found = [
            hint for hint in node.hints if hint.exten == exten and (not context or hint.context == context)
        ]
        if not found:
            return f"No hints matching extension {exten}\n"
        lines = [_hint_line(hint) for hint in found]
        return "".join([*lines, _HINT_RULE, f"- {len(lines)} hints matching extension {exten}\n"])

    @commands.add("devstate list")
    def list_states(node: Node, words: list[str]) -> str:
        """Show the Custom device states."""
        rule = "-" * 69 + "\n"
        lines = [
            f"--- Name: 'Custom:{name}'  State: '{state.name}'\n---\n"
            for name, state in sorted(node.devices.custom.items())
        ]
        return "".join([
            "\n", rule, "--- Custom Device States " + "-" * 44 + "\n", rule, "---\n", *lines, rule, rule, "\n"
        ])  # fmt: skip

    @commands.add("devstate change", "Custom:NAME STATE")
    def change_state(node: Node, words: list[str]) -> str:
        """Set a Custom device state."""
        if len(words) != 2 or not words[0].lower().startswith("custom:"):
            raise CommandError("Usage: devstate change Custom:<name> <state>")
        state = words[1].upper()
        if state not in DeviceState.__members__:
            known = ", ".join(DeviceState.__members__)
            raise CommandError(f"{words[1]!r} is no device state (there are: {known})")
        node.devices.set_custom(words[0].partition(":")[2], DeviceState[state])
        return f"Changing {words[0]} to {state}\n"
