"""Sounds: which prompts there are."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from offhook.api.ari.operations import AriError, operation
from offhook.media.formats import READABLE_EXTENSIONS
from offhook.media.prompts import prompt_text

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.service import Ari

__all__: list[str] = []


def _scan(folders: tuple[str, ...]) -> dict[str, dict[str, set[str]]]:
    """Name -> language -> formats."""
    found: dict[str, dict[str, set[str]]] = {}
    for folder in folders:
        for root, _, files in os.walk(folder):
            relative = os.path.relpath(root, folder)
            language, _, below = relative.partition(os.sep)
            if language == ".":
                continue
            language = language.partition("_")[0] if language.count("_") > 1 else language
            for file in files:
                stem, dot, extension = file.rpartition(".")
                if dot and extension in READABLE_EXTENSIONS:
                    name = os.path.join(below, stem) if below else stem
                    found.setdefault(name, {}).setdefault(language, set()).add(extension)
    return found


def _json(name: str, languages: dict[str, set[str]], lang: str, format: str) -> Json:
    formats = [
        {"language": language, "format": one}
        for language, extensions in sorted(languages.items())
        for one in sorted(extensions)
        if (not lang or language == lang) and (not format or one == format)
    ]
    shown: Json = {"id": name, "formats": formats}
    text = prompt_text(name)
    return {**shown, "text": text} if text else shown


@operation("GET", "/sounds", model="List[Sound]", nickname="list")
async def list_all(ari: Ari, lang: str = "", format: str = "") -> Any:
    """List all sounds, or those of a language and format."""
    found = await asyncio.to_thread(_scan, ari.node.pbx.sounds.folders)
    shown = [_json(name, languages, lang, format) for name, languages in sorted(found.items())]
    return [one for one in shown if one["formats"]]


@operation("GET", "/sounds/{soundId}", model="Sound", errors={404: "Sound not found"})
async def get(ari: Ari, soundId: str) -> Json:
    """Get a sound's details."""
    found = (await asyncio.to_thread(_scan, ari.node.pbx.sounds.folders)).get(soundId)
    if found is None:
        raise AriError(404, "Sound not found")
    return _json(soundId, found, "", "")
