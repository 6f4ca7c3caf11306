"""Console commands that explain what a dialplan can use: applications, functions, switches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from offhook.api.console.commands import CommandError, Commands
from offhook.dialplan.declare import Application, Documentation, Function, applications, functions

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.dialplan.signature import Signature

__all__ = ["declare"]


def _like(words: list[str], texts: Iterable[str]) -> bool:
    """Whether `like WORD` or `describing WORD...` finds all words in a text."""
    whole = " ".join(texts).lower()
    return all(word.lower() in whole for word in words)


def _sections(said: Documentation, syntax: Sequence[str], signatures: Sequence[Signature]) -> str:
    parts = [("Synopsis", [said.synopsis])]
    if said.description:
        parts.append(("Description", said.description.splitlines()))
    parts.append(("Syntax", list(syntax)))
    lines: list[str] = []
    seen: set[str] = set()
    for signature in signatures:
        for parameter in signature.parameters:
            if parameter.name in seen:
                continue
            seen.add(parameter.name)
            lines += [parameter.name, f"    {said.arguments.get(parameter.name, '')}".rstrip()]
            for one in (parameter.options.specs() if parameter.options else {}).values():
                argument = "(...)" if one.takes_argument else ""
                lines.append(f"        {one.letter}{argument}: {one.doc}")
    if lines:
        parts.append(("Arguments", [line for line in lines if line]))
    if said.variables:
        parts.append(("Variables", [f"{name}: {text}" for name, text in said.variables.items()]))
    return "\n".join(f"[{title}]\n" + "\n".join(body) + "\n" for title, body in parts)


def _application(one: Application) -> str:
    syntax = [f"{one.name}({one.signature.usage()})"]
    return (
        f"\n  -= Info about application '{one.name}' =- \n\n"
        + _sections(one.documentation, syntax, [one.signature])
        + "\n"
    )


def _function(one: Function[...]) -> str:
    signatures: list[Signature] = []
    if one.read is not None:
        signatures.append(one.read_signature)
    if one.write is not None:
        signatures.append(one.write_signature)
    syntax = [f"{one.name}({signatures[0].usage()})"]
    title = f"\n  -= Info about function '{one.name}' =- \n\n"
    return title + _sections(one.documentation, syntax, signatures) + "\n"


def _usage(one: Function[...]) -> str:
    signature = one.read_signature if one.read is not None else one.write_signature
    return f"{one.name}({signature.usage()})"


def declare(commands: Commands) -> None:
    """Add the commands."""

    @commands.add("core show applications [like|describing]", "[WORD]")
    def show_applications(node: Node, words: list[str]) -> str:
        """List the applications, those with a word in their name, or with words in what they say."""
        how, rest = (words[0] if words else ""), words[1:]
        if how not in ("", "like", "describing") or bool(how) != bool(rest):
            raise CommandError("Usage: core show applications [like WORD | describing WORD ...]")
        every = sorted(applications, key=lambda one: one.name.lower())
        found = [
            one
            for one in every
            if _like(rest, (one.name,) if how == "like" else (one.name, one.func.__doc__ or ""))
        ]
        lines = "".join(f"{one.name:>20}: {one.documentation.synopsis}\n" for one in found)
        lines = re.sub(r"^(?=\S)", "  ", lines, flags=re.MULTILINE)
        what = "Matching" if how else "Registered"
        head = f"    -= {what} Asterisk Applications =-\n"
        tail = f"    -= {len(found)} Applications {'Matching' if how else 'Registered'} =-\n"
        return head + lines + tail

    @commands.add("core show application", "APPLICATION")
    def show_application(node: Node, words: list[str]) -> str:
        """Explain an application, or several."""
        if not words:
            raise CommandError("Usage: core show application APPLICATION ...")
        found = [one for one in map(applications.get, words) if one is not None]
        if not found:
            raise CommandError("Your application(s) is (are) not registered")
        return "".join(_application(one) for one in found)

    @commands.add("core show functions [like]", "[WORD]")
    def show_functions(node: Node, words: list[str]) -> str:
        """List the dialplan functions, or those with a word in their name."""
        if words and (words[0] != "like" or len(words) != 2):
            raise CommandError("Usage: core show functions [like WORD]")
        every = sorted(functions, key=lambda one: one.name)
        found = [one for one in every if _like(words[1:], (one.name,))]
        what = "Matching" if words else "Installed"
        lines = [f"{what} Custom Functions:", "-" * 80]
        lines += [f"{one.name:<20.20}  {_usage(one):<35.35}  {one.documentation.synopsis}" for one in found]
        return "\n".join([*lines, f"{len(found)} {what.lower()} custom functions installed.", ""])

    @commands.add("core show function", "FUNCTION")
    def show_function(node: Node, words: list[str]) -> str:
        """Explain a dialplan function."""
        if len(words) != 1:
            raise CommandError("Usage: core show function FUNCTION")
        found = functions.get(words[0])
        if found is None:
            raise CommandError(f"No function by that name registered: {words[0]}")
        return _function(found)

    @commands.add("core show switches")
    def show_switches(node: Node, words: list[str]) -> str:
        """List the kinds of switch that a context may refer to."""
        head = "\n    -= Registered Asterisk Alternative Switches =-\n"
        return f"{head}{'Loopback':>20}: the extension of another number, in another context\n"
