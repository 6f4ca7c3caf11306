"""The types of values in .conf files: each parser takes the text and gives the value or `InvalidValueError`.

Words and ranges are those that Asterisk accepts; where Asterisk takes any other word for "no", we say that
the word is unknown.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple, TypeVar

from offhook.config.errors import nearest

__all__ = [
    "Address",
    "CallerId",
    "InvalidValueError",
    "Network",
    "Rule",
    "UnsupportedValueError",
    "Variable",
    "absolute_path",
    "address",
    "boolean",
    "callerid",
    "choice",
    "groups",
    "host",
    "integer",
    "names",
    "network",
    "number",
    "permits",
    "rules",
    "text",
    "tos",
    "variable",
    "words",
    "words_of",
]

E = TypeVar("E", bound=StrEnum)


class InvalidValueError(ValueError):
    """The text is not a value of its type; `suggestion` is the nearest valid one."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.suggestion = suggestion


class UnsupportedValueError(InvalidValueError):
    """The value is valid, and does not work yet."""


class Address(NamedTuple):
    """A host (name or literal address, IPv6 without brackets) and port; port 0 where none was given."""

    host: str
    port: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


class Network(NamedTuple):
    """An address block: version 4 or 6, the first address and the mask as numbers."""

    version: int
    base: int
    mask: int

    def __contains__(self, packed: object) -> bool:
        """Whether the packed address (4 or 16 bytes, as `socket.inet_pton`) lies in it."""
        if not isinstance(packed, bytes) or len(packed) != (4 if self.version == 4 else 16):
            return False
        return int.from_bytes(packed, "big") & self.mask == self.base


class Rule(NamedTuple):
    """One line of an access list."""

    permit: bool
    network: Network


class CallerId(NamedTuple):
    """`"Name" <number>`, either may be empty."""

    name: str
    number: str


class Variable(NamedTuple):
    """A channel variable or function to set, and the value."""

    name: str
    value: str


_TRUE = frozenset(("yes", "true", "y", "t", "1", "on"))
_FALSE = frozenset(("no", "false", "n", "f", "0", "off"))


def text(value: str) -> str:
    """Any text, as it stands."""
    return value


def boolean(value: str) -> bool:
    """yes, true, y, t, 1, on; no, false, n, f, 0, off; in any case."""
    word = value.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise InvalidValueError(
        f"'{value}' is neither yes nor no", nearest(value, ("yes", "no", "true", "false"))
    )


def integer(low: int = 0, high: int = 2**32 - 1) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `high`, both included."""

    def parse(value: str) -> int:
        digits = value[1:] if value[:1] in ("-", "+") else value
        if not digits.isascii() or not digits.isdigit():
            raise InvalidValueError(f"'{value}' is not a whole number")
        # Length first: Python would refuse (and take long over) a number of thousands of digits.
        if len(digits.lstrip("0")) > 20 or not low <= (result := int(value)) <= high:
            raise InvalidValueError(f"{value[:24]} is not between {low} and {high}")
        return result

    return parse


def number(low: float = 0.0, high: float = 1e9) -> Callable[[str], float]:
    """A parser of numbers with or without a decimal point, from `low` to `high`."""

    def parse(value: str) -> float:
        try:
            result = float(value)
        except ValueError:
            raise InvalidValueError(f"'{value}' is not a number") from None
        if not low <= result <= high:
            raise InvalidValueError(f"{value} is not between {low} and {high}")
        return result

    return parse


def choice(
    kind: type[E], *, aliases: dict[str, E] | None = None, later: Iterable[str] = ()
) -> Callable[[str], E]:
    """A parser of an enum; `aliases` are other spellings, `later` are values that do not work yet."""
    table: dict[str, E] = {member.value: member for member in kind}
    known = [*table, *later]
    table |= aliases or {}
    unsupported = frozenset(later)

    def parse(value: str) -> E:
        word = value.lower()
        result = table.get(word)
        if result is not None:
            return result
        if word in unsupported:
            raise UnsupportedValueError(f"the value {value}")
        raise InvalidValueError(f"'{value}' is not one of {', '.join(known)}", nearest(value, known))

    return parse


def words(value: str) -> tuple[str, ...]:
    """Words separated by commas, blanks around them dropped."""
    if "," not in value:
        return (value,) if value else ()
    return tuple(word for part in value.split(",") if (word := part.strip()))


def words_of(
    known: tuple[str, ...], *, later: Iterable[str] = (), aliases: dict[str, str] | None = None
) -> Callable[[str], tuple[str, ...]]:
    """A parser of comma-separated words out of `known`, each once, lower case."""
    unsupported = frozenset(later)

    def parse(value: str) -> tuple[str, ...]:
        result: list[str] = []
        for given in words(value):
            word = given.lower()
            word = aliases.get(word, word) if aliases else word
            if word in unsupported:
                raise UnsupportedValueError(f"the value {given}")
            if word not in known:
                raise InvalidValueError(f"'{given}' is not one of {', '.join(known)}", nearest(given, known))
            if word not in result:
                result.append(word)
        return tuple(result)

    return parse


def absolute_path(value: str) -> str:
    """A path of a file or folder; control characters are refused, existence is not looked at here."""
    if any(ord(char) < 32 for char in value):
        raise InvalidValueError("a path with control characters")
    return value


def address(value: str) -> Address:
    """`host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address."""
    host, port = value, ""
    if value.startswith("["):
        host, closed, rest = value[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            raise InvalidValueError(f"'{value}' is not an address: [IPv6]:port")
        port = rest[1:]
        if _pack(host) is None or ":" not in host:
            raise InvalidValueError(f"'{host}' is not an IPv6 address")
    elif value.count(":") == 1:
        host, _, port = value.partition(":")
    elif ":" in value and _pack(value) is None:
        raise InvalidValueError(f"'{value}' is neither an IPv6 address nor host:port")
    if not host or any(char.isspace() for char in host):
        raise InvalidValueError(f"'{value}' has no host")
    return Address(host, integer(0, 65535)(port) if port else 0)


def host(value: str) -> str:
    """The host of an address; IPv6 without brackets.  A port is taken and counts for nothing."""
    return address(value).host if value else ""


def _pack(host: str) -> bytes | None:
    """The 4 or 16 bytes of a literal address, None for anything else."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
    except (OSError, ValueError):
        return None


def network(value: str) -> Network:
    """`address`, `address/bits` or `address/mask` (IPv4 and IPv6)."""
    host, _, mask = value.partition("/")
    packed = _pack(host.strip("[]"))
    if packed is None:
        raise InvalidValueError(f"'{host}' is not an IP address")
    width = len(packed) * 8
    every = (1 << width) - 1
    if not mask:
        bits = every
    elif mask.isascii() and mask.isdigit():
        length = integer(0, width)(mask)
        bits = every ^ (every >> length)
    else:
        packed_mask = _pack(mask)
        if packed_mask is None or len(packed_mask) != len(packed):
            raise InvalidValueError(f"'{mask}' is not a mask of {'IPv4' if width == 32 else 'IPv6'}")
        bits = int.from_bytes(packed_mask, "big")
    return Network(4 if width == 32 else 6, int.from_bytes(packed, "big") & bits, bits)


_ALL = (Network(4, 0, 0), Network(6, 0, 0))


def rules(permit: bool) -> Callable[[str], tuple[Rule, ...]]:
    """A parser of `permit=` or `deny=`: networks separated by commas, `!` in front turns one round.

    An item `0.0.0.0/0` or `all` means both IP versions where it is written `all`.
    """

    def parse(value: str) -> tuple[Rule, ...]:
        result: list[Rule] = []
        for word in words(value):
            negated = word.startswith("!")
            block = word[1:].strip() if negated else word
            blocks = _ALL if block.lower() == "all" else (network(block),)
            result += [Rule(permit is not negated, found) for found in blocks]
        if not result:
            raise InvalidValueError("no address")
        return tuple(result)

    return parse


def permits(access: tuple[Rule, ...], host: str) -> bool:
    """Whether an access list lets a literal address in: the last rule that covers it counts, else yes.

    What is no literal address passes an empty list only.
    """
    packed = _pack(host.partition("%")[0])
    if packed is None:
        return not access
    if packed[:12] == b"\0" * 10 + b"\xff\xff" and len(packed) == 16:
        packed = packed[12:]  # an IPv4 peer on an IPv6 socket
    allowed = True
    for rule in access:
        if rule.permit is not allowed and packed in rule.network:
            allowed = rule.permit
    return allowed


def groups(value: str) -> frozenset[int]:
    """Groups by their numbers from 0 to 63: `1,3-5`."""
    found: set[int] = set()
    for part in value.split(","):
        first, dash, last = part.strip().partition("-")
        if not first and not dash:
            continue
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise InvalidValueError(f"'{part.strip()}' is neither a group nor a range of groups: 1,3-5")
        low, high = int(first), int(last or first)
        if not low <= high <= 63:
            raise InvalidValueError(f"'{part.strip()}': groups have numbers from 0 to 63")
        found.update(range(low, high + 1))
    return frozenset(found)


def names(value: str) -> frozenset[str]:
    """A set of names, separated by commas."""
    return frozenset(words(value))


def callerid(value: str) -> CallerId:
    """`"Name" <number>`, `Name <number>`, `<number>` or `number`; a value without digits is a name."""
    value = value.strip()
    if value.endswith(">") and "<" in value:
        name, _, digits = value[:-1].rpartition("<")
        return CallerId(_unquoted(name.strip()), digits.strip())
    if value.startswith('"'):
        return CallerId(_unquoted(value), "")
    bare = value.lstrip("+").replace("-", "").replace(" ", "").replace("(", "").replace(")", "")
    if bare and all(char in "0123456789*#" for char in bare):
        return CallerId("", value)
    return CallerId(value, "")


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
        if "\\" in name:
            name = name.replace('\\"', '"').replace("\\\\", "\\")
    return name


def variable(value: str) -> Variable:
    """`NAME=value`."""
    name, found, content = value.partition("=")
    name = name.strip()
    if not found or not name:
        raise InvalidValueError(f"'{value}' is not NAME=value")
    return Variable(name, content.strip())


def _tos_words() -> dict[str, int]:
    table = {f"cs{n}": n << 5 for n in range(8)}
    table |= {f"af{c}{d}": (c << 5) | (d << 3) for c in range(1, 5) for d in range(1, 4)}
    return table | {"ef": 0xB8, "lowdelay": 0x10, "throughput": 8, "reliability": 4, "mincost": 2, "none": 0}


_TOS = _tos_words()


def tos(value: str) -> int:
    """The byte of the IP header: a name (cs0-cs7, af11-af43, ef) or a number, decimal or 0x (RFC 2474)."""
    word = value.lower()
    if word in _TOS:
        return _TOS[word]
    if word in _FALSE:
        return 0
    try:
        result = int(word, 16) if word.startswith("0x") and len(word) < 8 else integer(0, 255)(word)
    except ValueError:
        raise InvalidValueError(f"'{value}' is not a type of service", nearest(value, _TOS)) from None
    if not 0 <= result <= 255:
        raise InvalidValueError(f"{value} is not between 0 and 255")
    return result
