"""Music on hold classes: what a held caller hears.

Each caller has a playback of the class's files: those of a folder (mode "files") or a list (mode
"playlist").  A class without files plays a soft tone, so that a held caller knows that the line is alive.
What a program plays (mode "custom") is in `music_command.py`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from offhook.media.formats import READABLE_EXTENSIONS, extensions_for

if TYPE_CHECKING:
    from offhook._core import Tone
    from offhook.media.activity import Playback
    from offhook.media.port import MediaPort

__all__ = ["DEFAULT_FOLDERS", "HOLD_TONE", "Music", "MusicClass"]

DEFAULT_FOLDERS: Final = (
    "/var/lib/asterisk/moh",
    "/usr/local/share/asterisk/moh",
    "/usr/share/asterisk/moh",
)
"""Where the class `default` has its files when no configuration says so."""

HOLD_TONE: Final[Sequence[Tone]] = (
    (440.0, 0.0, False, 200, False),
    (0.0, 0.0, False, 150, False),
    (554.0, 0.0, False, 200, False),
    (0.0, 0.0, False, 9450, False),
)
"""Two quiet notes each ten seconds: nothing that a caller takes for a ring-back or busy tone."""

_HOLD_TONE_DBM0: Final = -28.0

# musiconhold.conf's `sort`; "" is the order of the folder or list, and a folder's is alphabetical
_SORTS: Final = ("", "random", "alpha", "randstart")


class Playing(Protocol):
    """What a caller hears."""

    def stop(self) -> None:
        """Fall silent.  Idempotent."""
        ...


class Music(Protocol):
    """A class of music on hold, wherever it is from."""

    name: str
    answered_only: bool
    """Callers who have not been answered hear nothing of it."""

    def files(self, codec: str = "ulaw") -> list[str]:
        """The files that a caller with this codec hears; none of what is no file."""
        ...

    def start(self, port: MediaPort, codec: str = "ulaw") -> Playing:
        """Play to this port until it is stopped."""
        ...


class MusicClass:
    """Files that are played one after the other for as long as the caller is held."""

    __slots__ = ("_random", "_remote", "answered_only", "entries", "folders", "name", "sort")

    def __init__(
        self,
        name: str = "default",
        folders: Sequence[str | os.PathLike[str]] = DEFAULT_FOLDERS,
        *,
        entries: Sequence[str] = (),
        sort: str = "alpha",
        answered_only: bool = False,
        remote: Callable[[str], str | None] | None = None,
        randomness: random.Random | None = None,
    ) -> None:
        """`sort`: alpha, random (another order for each caller), randstart (in order, from anywhere).

        The first folder that has files is taken; `entries`, paths with or without extension or addresses of
        web servers, take the place of folders.  `remote` gives the file of such an address that is there now.
        `answered_only`: not for callers who have not been answered.  Raises ValueError for
        another word.
        """
        if sort not in _SORTS:
            raise ValueError(f"music class {name}: sort is {' or '.join(_SORTS[1:])}, not {sort!r}")
        self.name = name
        self.entries = tuple(entries)
        self.answered_only = answered_only
        self.folders = tuple(os.fspath(folder) for folder in folders)
        self.sort = sort
        self._remote = remote
        self._random = randomness if randomness is not None else random.Random()

    def files(self, codec: str = "ulaw") -> list[str]:
        """Paths in the order in which a caller hears them, each tune in the format that suits the codec."""
        if self.entries:
            found = [path for entry in self.entries if (path := self._file(entry, codec))]
            return self._ordered(sorted(found) if self.sort == "alpha" else found)
        for folder in self.folders:
            files = _tunes(folder, codec)
            if files:
                return self._ordered(files)
        return []

    def start(self, port: MediaPort, codec: str = "ulaw") -> Playback:
        """Play to this port until it is stopped or something else is played."""
        files = self.files(codec)
        if files:
            return port.start_playing(files, loop=True)
        return port.start_tones(HOLD_TONE, repeat=True, level_dbm0=_HOLD_TONE_DBM0)

    def _file(self, entry: str, codec: str) -> str | None:
        """The file that an entry of a playlist names, None when there is none."""
        if "://" in entry:
            return self._remote(entry) if self._remote is not None else None
        return _in_best_format(entry, codec)

    def _ordered(self, files: list[str]) -> list[str]:
        if self.sort == "random":
            self._random.shuffle(files)
        elif self.sort == "randstart":
            start = self._random.randrange(len(files))
            files = files[start:] + files[:start]
        return files


def _in_best_format(entry: str, codec: str) -> str | None:
    if os.path.splitext(entry)[1][1:] in READABLE_EXTENSIONS and os.path.isfile(entry):
        return entry
    for extension in extensions_for(codec):
        path = f"{entry}.{extension}"
        if extension in READABLE_EXTENSIONS and os.path.isfile(path):
            return path
    return None


def _tunes(folder: str, codec: str) -> list[str]:
    """One path for each tune of a folder, in alphabetical order."""
    order = {extension: place for place, extension in enumerate(extensions_for(codec))}
    best: dict[str, tuple[int, str]] = {}
    try:
        entries = [entry for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        return []
    for entry in entries:
        tune, extension = os.path.splitext(entry.name)
        place = order.get(extension[1:])
        if tune.startswith(".") or place is None or extension[1:] not in READABLE_EXTENSIONS:
            continue
        if tune not in best or place < best[tune][0]:
            best[tune] = (place, entry.path)
    return [best[tune][1] for tune in sorted(best)]
