"""What an operator reads when the node has started: where it listens, new passwords, the first call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from offhook import __version__

if TYPE_CHECKING:
    from offhook.api.node import Node

__all__ = ["welcome"]


def welcome(node: Node, *, greet: bool) -> None:
    """Print it to standard output; with `greet` the way to the first call too."""
    out: list[str] = []
    pjsip = node.snapshot.pjsip
    where = ", ".join(
        f"{transport.protocol.value} {transport.bind.host or '0.0.0.0'}:{transport.port}"
        for transport in pjsip.transports.values()
    )
    out.append(
        f"Offhook {__version__} is ready: {len(pjsip.endpoints)} endpoints, SIP on {where or 'no transport'}"
    )
    if node.generated:
        out += [
            "",
            f"Passwords made at this first start (shown once, kept in {node.paths.db / 'secrets.json'}):",
        ]
        for name, password in node.generated.items():
            auth = pjsip.auths[name]
            out.append(f"    user {auth.username or name:<16} password {password}")
    if greet:
        port = next((transport.port for transport in pjsip.transports.values()), 5060)
        out += [
            "",
            "The first call: point a SIP phone at this machine with one of the users above, then dial",
            "    600   an echo test        500   the voice menu        6002   another phone",
            "or, without a phone, from a second terminal:",
            f"    .venv/bin/offhook dial --user 6001 --register --dtmf ww4 sip:500@127.0.0.1:{port}",
            "The console, from a second terminal (Ctrl-C here stops the PBX):",
            f"    .venv/bin/offhook -r --state {node.paths.run.parent}",
        ]
    print("\n".join(out), flush=True, file=sys.stdout)
