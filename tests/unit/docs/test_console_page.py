"""What docs/console.md says the console prints is what it prints."""

from __future__ import annotations

import re
import shlex

from doc_blocks import all_blocks

from offhook.api.console.all_commands import COMMANDS
from unit.drivers.conftest import switch
from unit.drivers.node import Switch, phone

__all__ = ["switch"]

BLOCKS = [block for block in all_blocks() if block.marker == "console"]


def _asked(text: str) -> list[tuple[str, str]]:
    """Each command of a block, and what stands below it."""
    pieces = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)[1:]
    return [(shlex.split(line)[-1], said) for line, said in zip(pieces[::2], pieces[1::2], strict=True)]


def _bare(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


async def test_the_page_shows_what_is_printed(switch: Switch) -> None:
    (block,) = BLOCKS
    await switch.start(
        phone("6001", "callerid=Desk <6001>"),
        "[greeting]\nexten => 600,1,Answer()\n same => n,Playback(hello-world)\n",
    )
    asked = _asked(block.text)
    assert len(asked) > 5
    for command, said in asked:
        assert _bare(await COMMANDS.run(switch.node, command)) == _bare(said), command
