"""Sounds of web servers, fetched once and kept: Playback(https://example.com/hello.wav).

A file is asked for again when the server's word on it is over (Cache-Control, Expires; RFC 9111), with its
ETag or date, so that one that has not changed is not sent again.  While it cannot be asked for, what is there
is used.  Files are in a folder of the node; which is of what is in astdb (family MediaCache), so a restart
keeps them.

Requests are made by the standard library in threads of their own: a slow server holds up who wants its sound.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from offhook.media.formats import READABLE_EXTENSIONS
from offhook.media.sounds import RemoteSoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from offhook.features.astdb import AstDb

__all__ = ["CachedMedia", "MediaCache", "MediaCacheError"]

log = logging.getLogger(__name__)

_FAMILY = "MediaCache"
_SCHEMES = ("http", "https")
_LARGEST = 64 << 20  # bytes of a file
_MOST = 1000  # files; the one that was used longest ago makes room
_AT_ONCE = 8  # requests
_TIMEOUT = 30.0  # seconds without a byte
_AFTER_FAILURE = 10.0  # seconds until a server that could not give what we have is asked again
_EXTENSIONS = {
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/vnd.wave": "wav",
    "audio/basic": "ulaw",
    "audio/pcmu": "ulaw",
    "audio/pcma": "alaw",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/ogg": "ogg",
    "audio/opus": "opus",
    "audio/gsm": "gsm",
    "audio/x-gsm": "gsm",
}


class MediaCacheError(RemoteSoundError):
    """A sound cannot be fetched or kept; the text says why."""


@dataclass(frozen=True, slots=True)
class CachedMedia:
    """What is kept of one URI."""

    uri: str
    path: str
    expires: float = 0.0
    """Seconds since the epoch; 0: the server is asked each time."""
    etag: str = ""
    modified: str = ""
    used: float = 0.0
    by_hand: bool = False
    """Given by an operator: never asked for by itself."""


class MediaCache:
    """The sounds of web servers of one node."""

    def __init__(self, folder: Path, astdb: AstDb, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._astdb = astdb
        self._clock = clock
        self._pool: ThreadPoolExecutor | None = None
        self._fetching: dict[str, asyncio.Task[str]] = {}
        self._entries: dict[str, CachedMedia] = {}
        for _, text in astdb.entries(_FAMILY):
            with contextlib.suppress(ValueError, TypeError):  # somebody else's entry
                found = CachedMedia(**json.loads(text))
                if os.path.isfile(found.path):
                    self._entries[found.uri] = found

    def entries(self) -> list[CachedMedia]:
        """All that is kept, by URI."""
        return sorted(self._entries.values(), key=lambda one: one.uri)

    def find(self, uri: str) -> CachedMedia | None:
        """What is kept of a URI."""
        return self._entries.get(uri)

    def fresh(self, uri: str) -> str | None:
        """The file of a URI as long as nobody need be asked, else None."""
        found = self._entries.get(uri)
        if found is None or not (found.by_hand or self._clock() < found.expires):
            return None
        self._entries[uri] = replace(found, used=self._clock())
        return found.path if os.path.isfile(found.path) else None

    async def fetch(self, uri: str, *, again: bool = False) -> str:
        """The file of a URI, fetched when it is not there or no longer good; `again`: in any case.

        Raises MediaCacheError.
        """
        if not again:
            path = self.fresh(uri)
            if path is not None:
                return path
        return await asyncio.shield(self._begin(uri))

    def at_hand(self, uri: str) -> str | None:
        """The file of a URI that is there now, for who cannot wait.

        What is not there, or no longer good, is fetched for the next time; the log says what went wrong.
        """
        path = self.fresh(uri)
        if path is None:
            if uri not in self._fetching:
                self._begin(uri).add_done_callback(_log_failure)
            found = self._there(uri)
            path = found.path if found is not None else None
        return path

    def _begin(self, uri: str) -> asyncio.Task[str]:
        """Fetch a URI; several who want it wait for one answer."""
        task = self._fetching.get(uri)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._update(uri), name=f"media cache {uri[:80]}")
            self._fetching[uri] = task
            task.add_done_callback(lambda done: self._done(uri, done))
        return task

    def _done(self, uri: str, task: asyncio.Task[str]) -> None:
        self._fetching.pop(uri, None)
        if not task.cancelled():
            task.exception()  # who waited has been told

    def put(self, uri: str, path: Path) -> CachedMedia:
        """Use a file of this machine for a URI until it is deleted.  Raises MediaCacheError."""
        _check(uri)
        if path.suffix[1:] not in READABLE_EXTENSIONS:
            raise MediaCacheError(
                f"{path}: {path.suffix or 'no extension'} is no sound file that can be played"
            )
        if not path.is_file():
            raise MediaCacheError(f"{path} is no file")
        return self._keep(CachedMedia(uri, str(path), used=self._clock(), by_hand=True))

    def delete(self, uri: str) -> bool:
        """Forget a URI and its file; False when there is none."""
        found = self._entries.pop(uri, None)
        if found is None:
            return False
        self._astdb.delete(_FAMILY, _key(uri))
        if not found.by_hand:
            Path(found.path).unlink(missing_ok=True)
        return True

    def close(self) -> None:
        """Fetch nothing any more."""
        for task in list(self._fetching.values()):
            task.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _keep(self, entry: CachedMedia) -> CachedMedia:
        before = self._entries.get(entry.uri)
        if before is not None and before.path != entry.path and not before.by_hand:
            Path(before.path).unlink(missing_ok=True)
        self._entries[entry.uri] = entry
        self._astdb.put(_FAMILY, _key(entry.uri), json.dumps(asdict(entry)))
        while len(self._entries) > _MOST:
            self.delete(min(self._entries.values(), key=lambda one: one.used).uri)
        return entry

    def _there(self, uri: str) -> CachedMedia | None:
        found = self._entries.get(uri)
        return found if found is not None and os.path.isfile(found.path) else None

    async def _update(self, uri: str) -> str:
        _check(uri)
        before = self._there(uri)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="media cache")
        loop, now = asyncio.get_running_loop(), self._clock()
        try:
            answer = await loop.run_in_executor(self._pool, _get, uri, before, self.folder)
        except (OSError, ValueError) as error:
            if before is None:
                raise MediaCacheError(f"{uri}: {error}") from None
            log.warning("%s cannot be fetched anew (%s): the file that is there is used", uri, error)
            return self._keep(replace(before, expires=now + _AFTER_FAILURE, used=now)).path
        path, headers = answer
        if path is None and before is not None:  # 304
            path = before.path
        return self._keep(
            CachedMedia(
                uri,
                str(path),
                _expires(headers, now),
                headers.get("etag", before.etag if before is not None else ""),
                headers.get("last-modified", before.modified if before is not None else ""),
                now,
            )
        ).path


def _log_failure(task: asyncio.Task[str]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("%s", error)


def _key(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()


def _check(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        wrong = parts.scheme.lower() not in _SCHEMES or not parts.hostname
    except ValueError:
        wrong = True
    if wrong or any(char <= " " or char == "\x7f" for char in uri):
        raise MediaCacheError(f"{uri!r} is no http or https address")


def _expires(headers: Mapping[str, str], now: float) -> float:
    """Until when an answer may be used without asking (RFC 9111 section 4.2)."""
    directives: dict[str, str] = {}
    for word in headers.get("cache-control", "").split(","):
        name, _, value = word.strip().partition("=")
        directives[name.lower()] = value.strip('"')
    if directives.keys() & {"no-cache", "no-store", "must-revalidate"} and "max-age" not in directives:
        return 0.0
    if directives.keys() & {"no-cache", "no-store"}:
        return 0.0
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdecimal():
            return now + int(directives[name][:10])
    if "expires" in headers:
        with contextlib.suppress(ValueError, TypeError):
            return parsedate_to_datetime(headers["expires"]).timestamp()
    return 0.0


def _extension(uri: str, content_type: str) -> str:
    """Of a file that can be played, by its address, else by what the server says that it is."""
    suffix = Path(urlsplit(uri).path).suffix[1:]
    if suffix in READABLE_EXTENSIONS:
        return suffix
    found = _EXTENSIONS.get(content_type.partition(";")[0].strip().lower())
    if found is None:
        raise ValueError(f"{content_type or 'something without a type'} is no sound that can be played")
    return found


def _get(uri: str, before: CachedMedia | None, folder: Path) -> tuple[str | None, dict[str, str]]:
    """In a thread: fetch into a new file; (None, headers) when it has not changed.  OSError, ValueError."""
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(uri, headers={"User-Agent": "offhook", "Accept": "audio/*, */*;q=0.5"})
    if before is not None and not before.by_hand:
        if before.etag:
            request.add_header("If-None-Match", before.etag)
        elif before.modified:
            request.add_header("If-Modified-Since", before.modified)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:
            return _write(answer, uri, folder)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 304:
                return None, _plain(error.headers)
            raise OSError(f"the server answers {error.code}") from None
    except http.client.HTTPException as error:
        raise OSError(f"the server answers something else than HTTP: {error}") from None


def _plain(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _write(answer: Any, uri: str, folder: Path) -> tuple[str, dict[str, str]]:
    headers = _plain(answer.headers)
    extension = _extension(uri, headers.get("content-type", ""))
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix="media-", suffix=f".{extension}", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            length = 0
            while piece := answer.read(1 << 16):
                length += len(piece)
                if length > _LARGEST:
                    raise OSError(f"it is longer than {_LARGEST >> 20} MiB")
                file.write(piece)
    except BaseException:
        os.unlink(name)
        raise
    return name, headers
