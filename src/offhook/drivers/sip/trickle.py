"""Candidates that come after the SDP: trickle ICE by INFO (RFC 8838, 8840), as text.

The body is a fragment of an SDP: who it is from (`a=ice-ufrag`, `a=ice-pwd`), and for each m-line that it
names by `a=mid` the candidates that are new, and whether they were all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CONTENT_TYPE", "OPTION", "PACKAGE", "Fragment", "Part", "parse_fragment", "write_fragment"]

CONTENT_TYPE = "application/trickle-ice-sdpfrag"
PACKAGE = "trickle-ice"
"""The Info Package (RFC 6086)."""
OPTION = "trickle-ice"
"""The option tag of Supported."""

_MOST = 64
_LONGEST = 512


@dataclass(slots=True)
class Part:
    """What concerns one m-line."""

    kind: str
    mid: str | None = None
    candidates: list[str] = field(default_factory=list[str])
    """Values of a=candidate."""
    ended: bool = False
    """No more will come (a=end-of-candidates)."""


@dataclass(slots=True)
class Fragment:
    """The body of an INFO."""

    ufrag: str = ""
    password: str = ""
    parts: list[Part] = field(default_factory=list[Part])


def parse_fragment(body: bytes) -> Fragment:
    """Read a body.  Raises ValueError that says what is wrong with it."""
    found = Fragment()
    part: Part | None = None
    ended = False
    for number, line in enumerate(body.decode("ascii", "replace").splitlines(), 1):
        name, equals, value = line.partition("=")
        if not line.strip():
            continue
        if equals != "=" or len(name) != 1 or len(value) > _LONGEST:
            raise ValueError(f"line {number} is none of an SDP")
        if name == "m":
            part = Part(value.split()[0] if value.split() else "")
            found.parts.append(part)
            continue
        if name != "a":
            continue
        key, _, value = value.partition(":")
        match key:
            case "ice-ufrag":
                found.ufrag = found.ufrag or value
            case "ice-pwd":
                found.password = found.password or value
            case "mid" if part is not None:
                part.mid = value
            case "candidate" if part is not None:
                part.candidates.append(value)
            case "candidate":
                raise ValueError(f"line {number} has a candidate before any m-line")
            case "end-of-candidates" if part is not None:
                part.ended = True
            case "end-of-candidates":
                ended = True
            case _:
                pass
    if not found.ufrag or not found.password:
        raise ValueError("there is no a=ice-ufrag, or no a=ice-pwd")
    if sum(len(each.candidates) for each in found.parts) > _MOST:
        raise ValueError(f"there are more than {_MOST} candidates")
    for each in found.parts:
        each.ended = each.ended or ended
    return found


def write_fragment(fragment: Fragment) -> bytes:
    """A body."""
    lines = [f"a=ice-ufrag:{fragment.ufrag}", f"a=ice-pwd:{fragment.password}"]
    for part in fragment.parts:
        lines.append(f"m={part.kind} 9 RTP/AVP 0")
        if part.mid is not None:
            lines.append(f"a=mid:{part.mid}")
        lines += [f"a=candidate:{value}" for value in part.candidates]
        if part.ended:
            lines.append("a=end-of-candidates")
    return ("\r\n".join(lines) + "\r\n").encode()
