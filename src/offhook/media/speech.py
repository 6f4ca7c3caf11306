"""Speaking what no prompt was recorded for, with espeak-ng, once; then the file is kept.

The program runs as a process of its own, at most two at once, each with a time limit, so the event loop
never waits for it.  Without the program, or when it fails, there is no file: said once in the log, and
never an error for the call.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

__all__ = ["SpeakingError", "Speech"]

_log = logging.getLogger(__name__)

_LONGEST_TEXT: Final = 1000
_RATE: Final = 8000
_WORDS_A_MINUTE: Final = 150

# Asterisk's languages whose voice in espeak-ng has another name
_VOICES: Final = {"en": "en-us", "fr": "fr-fr", "no": "nb", "jp": "ja", "cn": "cmn", "zh": "cmn"}


class SpeakingError(Exception):
    """The speech program gave no sound: str() says why.  Logged; callers get no file."""


class _VoiceError(SpeakingError):
    """The program ran and refused: most often it has no such voice."""


class Speech:
    """Spoken prompts, kept in a folder."""

    __slots__ = ("_folder", "_gate", "_limit_s", "_problems", "_program", "_resample", "_running")

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        program: str = "espeak-ng",
        limit_s: float = 10.0,
        at_once: int = 2,
        resample: Callable[[bytes, int, int], bytes] | None = None,
    ) -> None:
        """`resample`: (16-bit samples, from Hz, to Hz) to samples; the engine's when None."""
        self._folder = Path(folder)
        self._program = program
        self._limit_s = limit_s
        self._gate = asyncio.Semaphore(at_once)
        self._resample = resample
        # texts being spoken: those who want the same one wait for it
        self._running: dict[str, asyncio.Task[Path | None]] = {}
        self._problems: set[str] = set()

    @property
    def available(self) -> bool:
        """Whether the program is installed."""
        return shutil.which(self._program) is not None

    def path(self, text: str, language: str) -> Path:
        """Where the file of this text is, or will be."""
        key = hashlib.sha256(f"{self._program}\0{_WORDS_A_MINUTE}\0{text}".encode()).hexdigest()[:32]
        voice = _voice(language)
        return self._folder / voice / f"{key}.wav"

    async def speak(self, text: str, language: str = "en") -> Path | None:
        """The file with this text spoken, made now when it is not there; None when that cannot be done."""
        path = self.path(text, language)
        if path.is_file():
            return path
        key = str(path)
        task = self._running.get(key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._make(text, language, path))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        # the caller who hangs up must not take the prompt away from the others who wait for it
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop what is being made."""
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make(self, text: str, language: str, path: Path) -> Path | None:
        try:
            async with self._gate:
                wav = await self._spoken(text, language)
            self._write(path, wav)
        except (SpeakingError, OSError) as problem:
            self._complain(str(problem))
            return None
        return path

    async def _spoken(self, text: str, language: str) -> bytes:
        """The program's output with the language's voice, that of its parent, or an English one."""
        voices = dict.fromkeys((_voice(language), _voice(language.partition("_")[0]), _voice("en")))
        problem = None
        for voice in voices:
            try:
                return await self._run(text, voice)
            except _VoiceError as error:
                problem = problem or error
        raise SpeakingError(str(problem))

    async def _run(self, text: str, voice: str) -> bytes:
        arguments = ("-v", voice, "-s", str(_WORDS_A_MINUTE), "--stdout", "--stdin")
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise SpeakingError(f"{self._program} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._limit_s):
                output, _ = await process.communicate(text[:_LONGEST_TEXT].encode())
        except TimeoutError:
            raise SpeakingError(f"{self._program} took longer than {self._limit_s:g} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0:
            raise _VoiceError(f"{self._program} ended with status {process.returncode} for voice {voice}")
        return output

    def _write(self, path: Path, wav: bytes) -> None:
        rate, samples = _samples_of(wav)
        resample = self._resample
        if resample is None:
            from offhook._core import resample  # only here, so that everything else works without it
        samples = resample(samples, rate, _RATE)
        path.parent.mkdir(parents=True, exist_ok=True)
        # whoever looks finds the whole file or none
        handle, name = tempfile.mkstemp(suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_wav_header(len(samples)))
                file.write(samples)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def _complain(self, problem: str) -> None:
        if problem not in self._problems:
            self._problems.add(problem)
            _log.warning("prompts that are not installed stay silent: %s", problem)


def _voice(language: str) -> str:
    """Asterisk's language as espeak-ng names its voices: en_GB is en-gb."""
    known = _VOICES.get(language)
    if known is not None:
        return known
    parts = language.lower().split("_")
    if not all(part.isalnum() and part.isascii() for part in parts):
        return _VOICES["en"]
    return "-".join(parts[:2])


def _samples_of(wav: bytes) -> tuple[int, bytes]:
    """(rate, 16-bit samples) of the program's output, whose sizes are not filled in as it goes to a pipe."""
    if len(wav) < 44 or wav[:4] != b"RIFF" or wav[8:16] != b"WAVEfmt ":
        raise SpeakingError("the speech program's output is no WAVE file")
    channels = int.from_bytes(wav[22:24], "little")
    rate = int.from_bytes(wav[24:28], "little")
    bits = int.from_bytes(wav[34:36], "little")
    start = wav.find(b"data", 36, 4096) + 8
    if channels != 1 or bits != 16 or not 4000 <= rate <= 192_000 or start < 44:
        raise SpeakingError("the speech program's output is not 16-bit mono")
    samples = wav[start:]
    return rate, samples[: len(samples) & ~1]


def _wav_header(octets: int) -> bytes:
    def number(value: int, width: int = 4) -> bytes:
        return value.to_bytes(width, "little")

    fmt = number(1, 2) + number(1, 2) + number(_RATE) + number(2 * _RATE) + number(2, 2) + number(16, 2)
    return b"RIFF" + number(36 + octets) + b"WAVEfmt " + number(16) + fmt + b"data" + number(octets)
