"""Screening of callers (Dial's p and P): the caller says a name, the called party hears it and decides.

With P the decision is kept in the database, so that a caller is asked once; p asks for every call.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from offhook.apps.record import RecordOptions, record_call
from offhook.dialplan.errors import FunctionError
from offhook.features.astdb import AstDb, database_of
from offhook.pbx.inbox import Inbox
from offhook.pbx.listening import PlaybackError, play, wait_digit

if TYPE_CHECKING:
    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["Screening"]

_FAMILY = "privacy"
_FOLDER = "priv-callerintros"
_FORMAT = "wav"
_LONGEST_NAME = 4  # seconds
_SILENCE = 2  # seconds that end it
_TRIES = 3
_TIMEOUT = 5.0  # seconds for the called party's key after the prompt

ACCEPTED = ""
_KEPT = {"DENY": "NOANSWER", "TORTURE": "TORTURE", "KILL": "DONTCALL"}  # in the database -> DIALSTATUS
_KEYS = {"2": "DENY", "3": "TORTURE", "4": "KILL"}


class Screening:
    """One call that is screened."""

    def __init__(self, call: Call, *, remembers: bool, family: str = "", delete: str | None = None) -> None:
        """`remembers`: P, with `family` in place of the extension; `delete`: n, with its argument."""
        self._call = call
        self._remembers = remembers
        self._family = f"{_FAMILY}/{family or call.exten}"
        self._delete = delete
        number = re.sub(r"[^\w.+-]", "", call.channel.caller.number)
        nobody = re.sub(r"[^\w.-]", "=", call.channel.name)
        self._caller = number or f"NOCALLERID_{call.exten}{nobody}"
        self._introduction = _folder(call) / self._caller
        self.answered = False

    async def before(self) -> str:
        """Hear the caller, unless it is known what becomes of him: the DIALSTATUS then, "" to call."""
        if self._remembers:
            known = self._known()
            if known in _KEPT:
                return _KEPT[known]
            if known == "ALLOW":
                self.answered = True  # nobody needs to be asked
                return ACCEPTED
        channel = self._call.channel
        channel.answer()
        if not (self._remembers and self._file.exists()):
            await self._say(channel, "priv-recordintro")
            await self._say(channel, "beep")
            await record_call(
                self._call, self._introduction, _FORMAT, _SILENCE, _LONGEST_NAME, RecordOptions(quiet=True)
            )
        await self._say(channel, "vm-dialout")
        return ACCEPTED

    async def ask(self, peer: Channel) -> str:
        """Let the called party hear who calls and decide: "" to talk, else the DIALSTATUS."""
        if self.answered:
            return ACCEPTED
        self.answered = True
        owner, peer.inbox = peer.inbox, Inbox()
        try:
            key = await self._key(peer)
        finally:
            if not peer.ended:
                peer.inbox = owner
        if peer.ended:
            return "NOANSWER"
        verdict = _KEYS.get(key, "")
        if self._remembers and (verdict or key in ("1", "5")):
            await self._keep(verdict or "ALLOW")
        if key == "1":
            return ACCEPTED
        return _KEPT.get(verdict, "NOANSWER")

    def finish(self) -> None:
        """The call is over: what was recorded goes away, where it is not to be kept."""
        gone = self._delete is not None and (self.answered or self._delete.strip() in ("1", "delete"))
        if gone or not self._remembers:
            with contextlib.suppress(OSError):
                os.unlink(self._file)

    # ------------------------------------------------------------ inside

    @property
    def _file(self) -> Path:
        return self._introduction.with_name(f"{self._introduction.name}.{_FORMAT}")

    async def _key(self, peer: Channel) -> str:
        prompt = "priv-callee-options" if self._remembers else "screen-callee-options"
        keys = "12345" if self._remembers else "1234"
        for _ in range(_TRIES):
            for sound in ("priv-callpending", f"{_FOLDER}/{self._caller}", prompt):
                if peer.ended:
                    return ""
                key = await self._say(peer, sound, keys)
                if key:
                    return key
            key = await wait_digit(peer, _TIMEOUT) or ""
            if peer.ended or (key and key in keys):
                return key
        return ""

    async def _say(self, channel: Channel, sound: str, stop: str = "") -> str:
        try:
            name = str(self._introduction) if sound.startswith(_FOLDER) else sound
            return await play(channel, [name], stop=stop)
        except PlaybackError as error:
            self._call.complain(f"Dial: {error}")
            return ""

    def _database(self) -> AstDb | None:
        try:
            return database_of(self._call)
        except FunctionError as error:
            self._call.complain(f"Dial: P: {error}")
            return None

    def _known(self) -> str:
        database = self._database()
        return (database.get(self._family, self._caller) or "") if database is not None else ""

    async def _keep(self, verdict: str) -> None:
        database = self._database()
        durable = database.put(self._family, self._caller, verdict) if database is not None else None
        if durable is not None:
            await durable


def _folder(call: Call) -> Path:
    """Where introductions are kept: with the sounds, else with the recordings."""
    pbx = call.channel.pbx
    for folder in pbx.sounds.folders:
        if os.access(folder, os.W_OK):
            return Path(folder) / _FOLDER
    return pbx.recordings / _FOLDER
