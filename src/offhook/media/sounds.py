"""Finding the file of a prompt, in Asterisk's order: language, then format.

A name like `digits/1` is looked for below each sounds folder: in the folder of the language (`en_US`), of the
language without its variants (`en`), directly, and in the default language's; in each of them the extension
that suits the channel's codec best wins.  Where a language has no folder of its own the voice folders that
Debian installs count (`en_US_f_Allison` for `en`).  What is not found is spoken (offhook.media.speech) when
there is a program for it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from offhook.media.formats import READABLE_EXTENSIONS, extensions_for
from offhook.media.prompts import prompt_text

if TYPE_CHECKING:
    from offhook.media.speech import Speech

__all__ = [
    "DEFAULT_FOLDERS",
    "Remote",
    "RemoteSoundError",
    "SoundFile",
    "Sounds",
    "UnsafeSoundNameError",
]

_log = logging.getLogger(__name__)

DEFAULT_FOLDERS: Final = (
    "/var/lib/asterisk/sounds",
    "/usr/local/share/asterisk/sounds",
    "/usr/share/asterisk/sounds",
)
"""Where prompt sets are installed: from source, by hand, by Debian's asterisk-core-sounds-* packages."""

_READABLE = frozenset(READABLE_EXTENSIONS)


class UnsafeSoundNameError(ValueError):
    """A name from outside that points out of the sounds folders."""


class SoundFile(NamedTuple):
    """A file to play."""

    path: str
    language: str
    """Whose folder it was found in; "" for a file without language."""
    spoken: bool = False
    """Made by the speech program."""


class Remote(Protocol):
    """Sounds of web servers, by their address."""

    def fresh(self, uri: str) -> str | None:
        """The file of a sound that is here and still good."""
        ...

    async def fetch(self, uri: str) -> str:
        """The file of a sound, fetched if need be.  Raises RemoteSoundError."""
        ...


class RemoteSoundError(Exception):
    """A sound of a web server cannot be had; the text says why."""


class Sounds:
    """The sounds folders of a node, in the order in which they are searched."""

    __slots__ = ("_missing", "_voices", "default_language", "folders", "remote", "speech")

    def __init__(
        self,
        folders: Sequence[str | os.PathLike[str]] = DEFAULT_FOLDERS,
        *,
        default_language: str = "en",
        speech: Speech | None = None,
        remote: Remote | None = None,
    ) -> None:
        self.remote = remote
        self.folders = tuple(os.fspath(folder) for folder in folders)
        self.default_language = default_language
        self.speech = speech
        self._missing: set[str] = set()
        self._voices: dict[str, tuple[str, ...]] = {}
        self.rescan()

    def rescan(self) -> None:
        """Look again which language folders there are (after prompts were installed, at a reload)."""
        voices: dict[str, list[str]] = {}
        for folder in self.folders:
            try:
                names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
            except OSError:
                continue
            for name in names:
                language = name
                while language:
                    voices.setdefault(language, []).append(os.path.join(folder, name))
                    language = language.rpartition("_")[0]
        # a folder of just the language's name comes before the voices that only begin with it
        self._voices = {
            language: tuple(sorted(paths, key=lambda path: os.path.basename(path) != language))
            for language, paths in voices.items()
        }
        self._missing.clear()

    def languages(self) -> list[str]:
        """Languages that have a folder."""
        return sorted(self._voices)

    def find(
        self, name: str, language: str = "", codec: str = "ulaw", *, from_caller: bool = False
    ) -> SoundFile | None:
        """The best file for a name, None when there is none.  Looks at the file system, which is cached
        there.

        An absolute name is taken as it stands (with or without extension).  Names that a caller or an
        outside program chose are given with from_caller=True: those that are absolute or climb up raise
        UnsafeSoundNameError.
        """
        _check(name, from_caller)
        if "://" in name:
            path = self.remote.fresh(name) if self.remote is not None else None
            return SoundFile(path, "") if path is not None else None
        extensions = extensions_for(codec)
        if os.path.isabs(name):
            path = _with_extension(name, extensions)
            return SoundFile(path, "") if path is not None else None
        for folder, of_language in self._search(language or self.default_language):
            path = _with_extension(os.path.join(folder, name), extensions)
            if path is not None:
                return SoundFile(path, of_language)
        return None

    async def resolve(
        self, name: str, language: str = "", codec: str = "ulaw", *, from_caller: bool = False
    ) -> SoundFile | None:
        """As find(); what is not found is spoken once and kept.  None when that cannot be done either.

        A prompt that is missing is logged once.  Absolute names are never spoken.
        """
        found = self.find(name, language, codec, from_caller=from_caller)
        if found is not None or os.path.isabs(name):
            return found
        if "://" in name:
            return await self._fetched(name)
        language = language or self.default_language
        if self.speech is not None:
            text = prompt_text(name, language)
            if not text:
                return None
            path = await self.speech.speak(text, language)
            if path is not None:
                return SoundFile(str(path), language, spoken=True)
        if name not in self._missing:
            self._missing.add(name)
            _log.warning("sound %r (language %s) is in none of %s", name, language, ", ".join(self.folders))
        return None

    async def _fetched(self, uri: str) -> SoundFile | None:
        if self.remote is None:
            return None
        try:
            return SoundFile(await self.remote.fetch(uri), "")
        except RemoteSoundError as error:
            _log.warning("sound %s", error)
            return None

    async def resolve_all(self, names: Sequence[str], language: str = "", codec: str = "ulaw") -> list[str]:
        """Paths of several sounds in order, for one gapless playback; those that are missing are left out."""
        paths: list[str] = []
        for name in names:
            sound = await self.resolve(name, language, codec)
            if sound is not None:
                paths.append(sound.path)
        return paths

    def name_of(self, path: str) -> str:
        """The name under which a file is asked for: without folder of sounds, language and extension."""
        stem = os.path.splitext(path)[0]
        for folders in self._voices.values():
            for folder in folders:
                if stem.startswith(f"{folder}/"):
                    return stem[len(folder) + 1 :]
        for folder in self.folders:
            if stem.startswith(f"{folder}/"):
                return stem[len(folder) + 1 :]
        return stem

    def _search(self, language: str) -> Iterator[tuple[str, str]]:
        """(folder, its language) in the order of search."""
        while language:
            for folder in self._voices.get(language, ()):
                yield folder, language
            language = language.rpartition("_")[0]
        for folder in self.folders:
            yield folder, ""
        for folder in self._voices.get(self.default_language, ()):
            yield folder, self.default_language


def _check(name: str, from_caller: bool) -> None:
    if not name or "\0" in name:
        raise UnsafeSoundNameError("a sound name is empty or has a zero octet")
    if not from_caller:
        return
    if os.path.isabs(name) or any(part in ("", ".", "..") for part in name.split("/")):
        raise UnsafeSoundNameError(f"sound name {name!r} points out of the sounds folders")


def _with_extension(stem: str, extensions: Sequence[str]) -> str | None:
    for extension in extensions:
        path = f"{stem}.{extension}"
        if os.path.isfile(path):
            return path
    # people do write the extension
    extension = os.path.splitext(stem)[1][1:]
    if extension in _READABLE and os.path.isfile(stem):
        return stem
    return None


def recording_path(folder: str | os.PathLike[str], name: str, extension: str) -> Path:
    """Where a recording of this name goes below a folder; UnsafeSoundNameError when that would be outside."""
    _check(name, True)
    return Path(folder) / f"{name}.{extension}"
