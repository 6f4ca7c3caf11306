"""docs/ami-reference.md: the manager interface's actions and events, from their declarations.

scripts/applications.py writes it with the other pages.
"""

from __future__ import annotations

from offhook.api.ami import actions, announce
from offhook.api.ami.declare import ACTIONS
from offhook.api.ami.privileges import words_of

HEAD = """# Actions and events of the manager interface

This page is made from the code by `scripts/applications.py`; do not edit it. How to log in, filters and
limits are in [Manager interface](ami.md). Every action takes an `ActionID`, which its answers repeat.
Names of actions and headers may be written in any case.

"""


def escaped(text: str) -> str:
    """Text as Markdown that is safe in a table."""
    return text.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


def ami_page() -> str:
    """The page's text."""
    actions.load()
    announce.load()
    lines = [HEAD + "## Actions\n"]
    for one in ACTIONS.all():
        said = one.documentation
        classes = one.privilege.removesuffix(",all") if one.mask else "everybody"
        lines += [f"### {one.name}\n", f"{escaped(one.synopsis)}. For: {classes}.\n"]
        if said.description:
            lines.append(said.description + "\n")
        if one.parameters:
            lines += ["| header | |", "|---|---|"]
            for parameter in one.parameters:
                name = f"**`{parameter.header}`**" if parameter.required else f"`{parameter.header}`"
                lines.append(f"| {name} | {escaped(said.arguments.get(parameter.name, ''))} |")
            lines.append("")
    lines += ["## Events\n", "| event | class | |", "|---|---|---|"]
    rows = {
        f"| `{name}` | {words_of(one.mask).removesuffix(',all')} | {escaped(one.synopsis)} |"
        for one in announce.SHOWN
        for name in one.names
    }
    rows |= {
        f"| `{name}` | | Part of the answer to {', '.join(one.name for one in senders)}. |"
        for name, senders in ACTIONS.sent().items()
    }
    return "\n".join([*lines, *sorted(rows)]) + "\n"
