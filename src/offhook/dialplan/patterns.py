"""Extension patterns: what they match, in which order, and the index that finds the match.

    _        a pattern follows; without it a name is taken literally
    X Z N    0-9, 1-9, 2-9 (lower case too)
    [1-57]   one of these characters; a backslash takes the next one literally
    .        one or more of anything
    !        zero or more of anything, and matches as soon as nothing more specific can
    -        no meaning outside of brackets; ignored in patterns, names and dialled numbers

Order (Asterisk's): a literal name before every pattern.  Patterns are compared from left to right;
at each place fewer possible characters come first, then the lower first character, then `.`, then `!`,
then the end of the pattern.

The index of a context is a dict of the literal names and a trie of the patterns whose branches are in
that order, so that a walk finds the best match first, in time that grows with the length of the number
and not with the number of extensions.
"""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from offhook.dialplan.errors import PatternError

__all__ = ["Index", "Pattern", "compile_pattern", "normalize"]

ANY = "."
EARLY = "!"

_CLASSES = {
    "X": frozenset("0123456789"),
    "Z": frozenset("123456789"),
    "N": frozenset("23456789"),
}
# Behind every set of characters, which are sorted by their size first.
_ORDER_OF_TAIL = {ANY: 1 << 30, EARLY: 2 << 30, "": 3 << 30}
# A longer pattern could not match any number that a phone sends, and would nest the walk too deep.
_MAX_ELEMENTS = 256

Element = frozenset[str]
Order = tuple[int, str]


def normalize(number: str) -> str:
    """A dialled number or literal name without the dashes, which mean nothing."""
    return number.replace("-", "") if "-" in number else number


class Pattern:
    """A compiled pattern: its places, and how it ends: "", "." or "!"."""

    __slots__ = ("elements", "tail", "text")

    def __init__(self, text: str, elements: tuple[Element, ...], tail: str) -> None:
        self.text = text
        self.elements = elements
        self.tail = tail

    @property
    def order(self) -> tuple[Order, ...]:
        """What patterns are sorted by, the more specific first."""
        return (*map(_order, self.elements), (_ORDER_OF_TAIL[self.tail], ""))

    def matches(self, number: str) -> bool:
        """Whether a whole number matches."""
        elements = self.elements
        count = len(elements)
        length = len(number)
        if length < count or (length > count and not self.tail) or (self.tail == ANY and length == count):
            return False
        return all(number[i] in elements[i] for i in range(count))


@functools.lru_cache(maxsize=4096)
def _order(element: Element) -> Order:
    """The place of a set of characters in the order: few first, then by the lowest characters.

    Of two sets of one size that one comes first which has the lowest character that the other lacks.
    """
    return len(element), "".join(sorted(element))


def compile_pattern(text: str) -> Pattern:
    """Compile a pattern with its leading `_`.

    Raises:
        PatternError: it is not a pattern.
    """
    elements: list[Element] = []
    at, end = 1, len(text)
    while at < end:
        char = text[at]
        at += 1
        if char in "- ":
            continue
        if char in "XZNxzn":
            elements.append(_CLASSES[char.upper()])
        elif char in (ANY, EARLY):
            return _pattern(text, elements, char)
        elif char == "[":
            element, at = _set(text, at)
            if element:
                elements.append(_shared(element))
        elif char == "]":
            raise PatternError(f"{text}: a ] without its [")
        else:
            elements.append(_single(char))
    if not elements:
        raise PatternError(f"{text}: there is nothing after the _")
    return _pattern(text, elements, "")


@functools.lru_cache(maxsize=512)
def _single(char: str) -> Element:
    """One object for each character, however many patterns have it."""
    return frozenset(char)


@functools.lru_cache(maxsize=512)
def _shared(element: Element) -> Element:
    """One object for equal sets."""
    return element


def _pattern(text: str, elements: list[Element], tail: str) -> Pattern:
    if len(elements) > _MAX_ELEMENTS:
        raise PatternError(f"{text[:40]}...: more than {_MAX_ELEMENTS} characters")
    return Pattern(text, tuple(elements), tail)


def _set(text: str, at: int) -> tuple[Element, int]:
    """The characters of a `[...]` from after its bracket, and where it ends."""
    chars: list[tuple[str, bool]] = []  # the character, and whether a backslash made it literal
    while True:
        if at >= len(text):
            raise PatternError(f"{text}: a [ is never closed")
        char = text[at]
        at += 1
        if char == "]":
            break
        if char == "\\":
            if at >= len(text):
                raise PatternError(f"{text}: a [ is never closed")
            chars.append((text[at], True))
            at += 1
        else:
            chars.append((char, False))
    found: set[str] = set()
    index = 0
    while index < len(chars):
        char, _ = chars[index]
        if index + 2 < len(chars) and chars[index + 1] == ("-", False):
            last = chars[index + 2][0]
            if last < char:
                raise PatternError(f"{text}: the range {char}-{last} is the wrong way round")
            if ord(last) - ord(char) > 255:
                raise PatternError(f"{text}: the range {char}-{last} is too wide")
            found.update(map(chr, range(ord(char), ord(last) + 1)))
            index += 3
        else:
            found.add(char)
            index += 1
    return frozenset(found), at


# ---------------------------------------------------------------- the index of a context


class Indexed(Protocol):
    """What an index holds: an extension, by name."""

    @property
    def name(self) -> str:
        """The extension as it is written, with the `_` of a pattern."""
        ...

    @property
    def pattern(self) -> Pattern | None:
        """The compiled pattern; None for a literal name."""
        ...


E = TypeVar("E", bound=Indexed)


class _Node(Generic[E]):
    """A place in the trie: branches in order, and the extensions whose pattern ends here."""

    __slots__ = ("any", "branches", "chars", "early", "ends")

    def __init__(self) -> None:
        self.chars: dict[str, _Node[E]] | None = None
        self.branches: list[tuple[Order, Element, _Node[E]]] | None = None
        self.any: list[E] | None = None
        self.early: list[E] | None = None
        self.ends: list[E] | None = None

    def child(self, element: Element) -> _Node[E]:
        if len(element) == 1:
            if self.chars is None:
                self.chars = {}
            (char,) = element
            if char not in self.chars:
                self.chars[char] = _Node()
            return self.chars[char]
        if self.branches is None:
            self.branches = []
        for _, known, node in self.branches:
            if known == element:
                return node
        node: _Node[E] = _Node()
        self.branches.append((_order(element), element, node))
        self.branches.sort(key=lambda branch: branch[0])
        return node


class Index(Generic[E]):
    """Finds extensions by number.  Extensions of one name come out in the order in which they were added."""

    __slots__ = ("_keys", "_literals", "_patterns", "_root")

    def __init__(self, extensions: Sequence[E]) -> None:
        literals: dict[str, list[E]] = {}
        patterns: dict[str, list[E]] = {}
        self._root: _Node[E] | None = None
        for extension in extensions:
            pattern = extension.pattern
            if pattern is None:
                key = normalize(extension.name)
                known = literals.get(key)
                if known is None:
                    literals[key] = [extension]
                else:
                    known.append(extension)
            else:
                patterns.setdefault(extension.name, []).append(extension)
                self._insert(pattern, extension)
        self._literals = literals
        self._patterns = patterns
        self._keys: list[str] | None = None  # sorted, made when overlap dialling first asks

    def _insert(self, pattern: Pattern, extension: E) -> None:
        node = self._root
        if node is None:
            node = self._root = _Node()
        for element in pattern.elements:
            node = node.child(element)
        if pattern.tail == ANY:
            node.any = [*(node.any or ()), extension]
        elif pattern.tail == EARLY:
            node.early = [*(node.early or ()), extension]
        else:
            node.ends = [*(node.ends or ()), extension]

    # ---- whole numbers

    def find(self, number: str, accept: Callable[[E], bool] | None = None) -> E | None:
        """The best match for a whole number (normalized) that `accept` takes; None when there is none."""
        known = self._literals.get(number)
        if known is not None:
            for extension in known:
                if accept is None or accept(extension):
                    return extension
        if number[:1] == "_":
            # A pattern can be reached by its own text: Goto(context,_X.,1).
            for extension in self._patterns.get(number, ()):
                if accept is None or accept(extension):
                    return extension
        root = self._root
        return None if root is None else _find(root, number, 0, len(number), accept)

    def matches(self, number: str) -> Iterator[E]:
        """Every extension that a whole number (normalized) matches, best first."""
        yield from self._literals.get(number, ())
        if number[:1] == "_":
            yield from self._patterns.get(number, ())
        if self._root is not None:
            yield from _matches(self._root, number, 0)

    # ---- for people

    def describe(self) -> Iterator[tuple[int, str, list[E]]]:
        """How numbers are looked for: (depth, what is compared, the extensions found there), in order.

        First whole numbers, at depth 0, then the tree of patterns, the more specific branch first.
        """
        for key, those in sorted(self._literals.items()):
            yield 0, key, those
        if self._root is not None:
            yield from _describe(self._root, 0)

    # ---- beginnings of numbers (overlap dialling)

    def can_match(self, digits: str, accept: Callable[[E], bool]) -> bool:
        """Whether `digits` are an extension that `accept` takes, or the beginning of one."""
        if any(accept(extension) for extension in self._literals_from(digits, longer=False)):
            return True
        return self._root is not None and any(map(accept, _begins(self._root, digits, 0)))

    def match_more(self, digits: str, accept: Callable[[E], bool]) -> bool:
        """Whether more digits could match something better, or something at all.

        A pattern that ends with `!` settles it: once nothing more specific can match, it need not wait.
        """
        if any(accept(extension) for extension in self._literals_from(digits, longer=True)):
            return True
        return self._root is not None and _more(self._root, digits, 0, accept) is True

    def _literals_from(self, digits: str, *, longer: bool) -> Iterator[E]:
        keys = self._keys
        if keys is None:
            keys = self._keys = sorted(self._literals)
        at = bisect_right(keys, digits) if longer else bisect_left(keys, digits)
        while at < len(keys) and keys[at].startswith(digits):
            yield from self._literals[keys[at]]
            at += 1


def _find(node: _Node[E], number: str, at: int, length: int, accept: Callable[[E], bool] | None) -> E | None:
    """Depth first along the number, the more specific branch first."""
    if at < length:
        char = number[at]
        chars = node.chars
        if chars is not None:
            child = chars.get(char)
            if child is not None:
                found = _find(child, number, at + 1, length, accept)
                if found is not None:
                    return found
        branches = node.branches
        if branches is not None:
            for _, element, child in branches:
                if char in element:
                    found = _find(child, number, at + 1, length, accept)
                    if found is not None:
                        return found
        candidates = node.any
        if candidates is not None:
            for extension in candidates:
                if accept is None or accept(extension):
                    return extension
    candidates = node.early
    if candidates is not None:
        for extension in candidates:
            if accept is None or accept(extension):
                return extension
    if at == length:
        candidates = node.ends
        if candidates is not None:
            for extension in candidates:
                if accept is None or accept(extension):
                    return extension
    return None


def _describe(node: _Node[E], depth: int) -> Iterator[tuple[int, str, list[E]]]:
    below = [(char, child) for char, child in sorted((node.chars or {}).items())]
    below += [(f"[{_ranges(element)}]", child) for _, element, child in node.branches or ()]
    for text, child in below:
        yield depth, text, child.ends or []
        yield from _describe(child, depth + 1)
    if node.any is not None:
        yield depth, ".", node.any
    if node.early is not None:
        yield depth, "!", node.early


def _ranges(element: Element) -> str:
    """`012345` as `0-5`."""
    parts: list[list[str]] = []
    for char in sorted(element):
        if parts and ord(char) == ord(parts[-1][-1]) + 1:
            parts[-1].append(char)
        else:
            parts.append([char])
    return "".join(f"{part[0]}-{part[-1]}" if len(part) > 2 else "".join(part) for part in parts)


def _matches(node: _Node[E], number: str, at: int) -> Iterator[E]:
    if at < len(number):
        char = number[at]
        if node.chars is not None and char in node.chars:
            yield from _matches(node.chars[char], number, at + 1)
        for _, element, child in node.branches or ():
            if char in element:
                yield from _matches(child, number, at + 1)
        yield from node.any or ()
    yield from node.early or ()
    if at == len(number):
        yield from node.ends or ()


def _all(node: _Node[E]) -> Iterator[E]:
    for child in (node.chars or {}).values():
        yield from _all(child)
    for _, _, child in node.branches or ():
        yield from _all(child)
    yield from node.any or ()
    yield from node.early or ()
    yield from node.ends or ()


def _begins(node: _Node[E], digits: str, at: int) -> Iterator[E]:
    """Every pattern that `digits` match or begin."""
    if at == len(digits):
        yield from _all(node)
        return
    char = digits[at]
    if node.chars is not None and char in node.chars:
        yield from _begins(node.chars[char], digits, at + 1)
    for _, element, child in node.branches or ():
        if char in element:
            yield from _begins(child, digits, at + 1)
    yield from node.any or ()
    yield from node.early or ()


def _more(node: _Node[E], digits: str, at: int, accept: Callable[[E], bool]) -> bool | None:
    """True: more digits could match.  False: a `!` settles it.  None: nothing here."""
    if at < len(digits):
        char = digits[at]
        if node.chars is not None and char in node.chars:
            found = _more(node.chars[char], digits, at + 1, accept)
            if found is not None:
                return found
        for _, element, child in node.branches or ():
            if char in element:
                found = _more(child, digits, at + 1, accept)
                if found is not None:
                    return found
    else:
        for child in (node.chars or {}).values():
            if any(map(accept, _all(child))):
                return True
        for _, _, child in node.branches or ():
            if any(map(accept, _all(child))):
                return True
    if any(map(accept, node.any or ())):
        return True
    if any(map(accept, node.early or ())):
        return False
    return None
