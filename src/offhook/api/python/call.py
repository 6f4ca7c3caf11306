"""Call: what a Python call flow does with its caller.

It belongs to the coroutine that was given it.  When the caller hangs up, that coroutine is cancelled
(`asyncio.CancelledError`): `finally` blocks and context managers run, and nothing after them does.  `goto`,
`hangup` and applications that leave (`Goto`, a `BackGround` whose caller dials) end it in the same way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from offhook import levels
from offhook.api.python.audio import CallAudio
from offhook.api.python.named import Applications, Functions
from offhook.api.python.results import DialResult, DialStatus, RecordResult, RecordStatus
from offhook.api.python.variables import Variables
from offhook.apps.dial_options import DialOptions
from offhook.apps.menus import ReadOptions
from offhook.apps.record import RecordOptions
from offhook.dialplan.call import Target
from offhook.dialplan.errors import ApplicationError, Hangup
from offhook.dialplan.model import Extension
from offhook.dialplan.patterns import Index
from offhook.dialplan.steps import find_application
from offhook.media.formats import RECORDABLE_EXTENSIONS, recorded_as
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import (
    find_sounds,
    listen_for,
    play_files,
    play_indication,
    stop_indication,
    wait_digit,
)

if TYPE_CHECKING:
    from offhook.api.python.dialplan import Context
    from offhook.dialplan.call import Call as DialplanCall
    from offhook.dialplan.declare import Application
    from offhook.media.activity import Recording
    from offhook.pbx.channel import Channel
    from offhook.pbx.party import PartyId

__all__ = ["Call", "SoundNotFoundError"]

log = logging.getLogger(__name__)

_STEP = levels.verbose(3)
_DIGITS = "0123456789*#ABCD"


def _any(_: Extension) -> bool:
    return True


class SoundNotFoundError(ApplicationError):
    """There is no such prompt in the caller's language."""


class Call(CallAudio):
    """One call in a Python call flow."""

    __slots__ = ("_call", "_cancelled", "_left", "_task")

    def __init__(self, call: DialplanCall) -> None:
        self._call = call
        self._task = asyncio.current_task()
        self._left: Hangup | bool = False
        self._cancelled = False

    def __repr__(self) -> str:
        return f"<call {self.name} at {self.exten}@{self.context}>"

    # ---------------------------------------------------------- who and where

    @property
    def name(self) -> str:
        """The channel's name: `PJSIP/6001-00000003`."""
        return self._call.channel.name

    @property
    def uniqueid(self) -> str:
        """The channel's unique id, as in call records."""
        return self._call.channel.uniqueid

    @property
    def context(self) -> str:
        """The context that it is in."""
        return self._call.context

    @property
    def exten(self) -> str:
        """The extension that was dialled."""
        return self._call.exten

    @property
    def caller_id(self) -> PartyId:
        """Who calls: number, name, presentation.  Set it to show something else to those who are dialled."""
        return self._call.channel.caller

    @caller_id.setter
    def caller_id(self, party: PartyId) -> None:
        self._call.assign("CALLERID(all)", str(party))
        self._call.channel.caller = party

    @property
    def language(self) -> str:
        """The language of prompts."""
        return self._call.channel.language

    @language.setter
    def language(self, language: str) -> None:
        self._call.channel.language = language

    @property
    def is_up(self) -> bool:
        """Whether it has been answered."""
        return self._call.channel.state is ChannelState.UP

    @property
    def is_hung_up(self) -> bool:
        """Whether the call is over: so in `h` and hangup handlers."""
        return self._call.channel.hangup_requested

    @property
    def variables(self) -> Variables:
        """The channel's variables."""
        return Variables(self._call)

    @property
    def globals(self) -> MutableMapping[str, str]:
        """The global variables of the node."""
        return self._call.globals

    @property
    def apps(self) -> Applications:
        """Every application of the dialplan: `await call.apps.Playback(["hello"])`."""
        return Applications(self)

    @property
    def functions(self) -> Functions:
        """Every function of the dialplan: `call.functions.LEN("abc")`, `.CDR.set("x", "userfield")`."""
        return Functions(self._call)

    def evaluate(self, text: str) -> str:
        """`text` with its `${...}` and `$[...]` replaced, as the dialplan would.

        Raises:
            TemplateError: a `${` or `$[` that never ends.
        """
        return self._call.evaluate(text)

    def log(self, message: str) -> None:
        """Write a line into the node's log, with the call's name."""
        log.info("%s: [%s@%s] %s", self.name, self.exten, self.context, message)

    # ---------------------------------------------------------- the call itself

    def answer(self) -> None:
        """Answer it; nothing happens when it is up."""
        self._alive()
        self._announce("Answer", "")
        self._call.channel.answer()

    def ring(self) -> None:
        """Let the caller hear that it rings."""
        self._alive()
        self._announce("Ringing", "")
        self._call.channel.ring()

    def progress(self) -> None:
        """Open the audio before the answer: prompts can be heard that cost nothing."""
        self._alive()
        self._announce("Progress", "")
        self._call.channel.progress()

    async def hangup(self, cause: int = 0) -> NoReturn:
        """End the call (with this Q.850 cause); nothing after it runs but `finally`."""
        self._announce("Hangup", str(cause or ""))
        self._leave(Hangup(cause))

    async def goto(
        self, context: Context | str | None, exten: str | None = None, priority: int | str = 1
    ) -> NoReturn:
        """Go on at another extension, of either language; nothing after it runs but `finally`.

        Args:
            context: the context or its name; None for this one.
            exten: the extension; None for the one that was dialled.
            priority: a number or label.

        Raises:
            ApplicationError: there is no such label.
        """
        name = context if context is None or isinstance(context, str) else context.name
        self._announce("Goto", ",".join(str(part) for part in (name, exten, priority) if part is not None))
        self._call.goto(name, exten, priority)
        self._leave(True)

    async def gosub(
        self, context: Context | str, exten: str, *arguments: object, priority: int | str = 1
    ) -> str:
        """Run a subroutine of either language and come back; its return value (GOSUB_RETVAL).

        Raises:
            ApplicationError: there is no such place.
        """
        self._alive()
        name = context if isinstance(context, str) else context.name
        values = [str(one) for one in arguments]
        self._announce("Gosub", f"{name},{exten},{priority}({','.join(values)})")
        call = self._call
        try:
            return await call.runner.run_subroutine(call, Target(name, exten, str(priority)), values)
        except Hangup as end:
            self._leave(end)

    async def wait(self, seconds: float) -> None:
        """Let time pass; keys that are pressed meanwhile are not kept."""
        self._alive()
        self._announce("Wait", f"{seconds:g}")
        await listen_for(self._call.channel, seconds)

    # ---------------------------------------------------------- what the caller hears

    async def play(self, *sounds: str, stop: str = "", language: str = "", answer: bool = True) -> str:
        """Play prompts one after the other.

        Args:
            sounds: names of sounds, without extension.
            stop: keys that end it, `"#"` or `"0123456789"`.
            language: of the prompts; the call's if not given.
            answer: whether the call is answered first; else it is heard before the answer.

        Returns:
            The key that ended it, "" when all was played.

        Raises:
            SoundNotFoundError: there is no such prompt; nothing is played then.
            PlaybackError: it cannot be played.
        """
        self._alive()
        self._announce("Playback", "&".join(sounds))
        channel = self._open(answer)
        files, missing = await find_sounds(channel, sounds, language)
        if missing:
            where = language or channel.language
            raise SoundNotFoundError(f"there is no sound {missing[0]!r} in language {where!r}")
        key = await play_files(channel, files, stop=stop)
        if not stop:
            channel.inbox.discard(lambda event: isinstance(event, events.Digit))
        return key

    async def say_digits(self, digits: str | int) -> None:
        """Say digits one by one."""
        await self.run("SayDigits", str(digits))

    async def say_number(self, number: int, gender: str = "") -> None:
        """Say a whole number in the call's language; `gender` is m, f or n where the language has them."""
        await self.run("SayNumber", f"{number},{gender}" if gender else str(number))

    async def say_letters(self, text: str) -> None:
        """Spell a text."""
        await self.run("SayAlpha", text)

    async def say_phonetic(self, text: str) -> None:
        """Spell a text in the spelling alphabet: alfa, bravo, charlie."""
        await self.run("SayPhonetic", text)

    @asynccontextmanager
    async def music(self, music_class: str = "") -> AsyncGenerator[None, None]:
        """Music on hold as long as the block lasts (or until something else is played)."""
        self._alive()
        self._announce("StartMusicOnHold", music_class)
        channel = self._open(channel_up=False)
        stop = channel.pbx.start_music(channel, music_class)
        try:
            yield
        finally:
            if stop is not None and not channel.ended:
                stop()

    @asynccontextmanager
    async def hold(self, music_class: str = "") -> AsyncGenerator[None, None]:
        """The caller on hold as long as the block lasts: the phone is told, and hears music."""
        self._alive()
        channel = self._open()
        channel.hold(True)
        try:
            async with self.music(music_class):
                yield
        finally:
            channel.hold(False)

    @asynccontextmanager
    async def tone(self, tone: str) -> AsyncGenerator[None, None]:
        """A tone of the caller's country (`dial`, `busy`) or a tone list, as long as the block lasts.

        Raises:
            ValueError: it is neither.
            PlaybackError: the channel has no audio.
        """
        self._alive()
        self._announce("PlayTones", tone)
        channel = self._open(channel_up=False)
        play_indication(channel, tone)
        try:
            yield
        finally:
            stop_indication(channel)

    # ---------------------------------------------------------- what the caller does

    async def read(
        self,
        *prompts: str,
        max_digits: int = 0,
        timeout: float | None = None,
        end: str = "#",
        attempts: int = 1,
    ) -> str:
        """Read digits; prompts are played first and end with the first key.

        Args:
            prompts: names of sounds.
            max_digits: after so many the input is complete; 0: at most 255.
            timeout: seconds for each key; TIMEOUT(response) and TIMEOUT(digit) if not given.
            end: keys that end the input.
            attempts: how often to ask when nothing is pressed.

        Returns:
            The digits without the ending key; "" when none came.
        """
        self._alive()
        options = ReadOptions() if end == "#" else ReadOptions(terminator=end)
        application = find_application("Read")
        text = f"DIGITS,{'&'.join(prompts)},{max_digits or ''},{options.letters()},{attempts},{timeout or ''}"
        bound = ("DIGITS", list(prompts) or None, max_digits, options, attempts, timeout or 0.0)
        before = self._call.variables.get("DIGITS")
        try:
            await self.perform(application, bound, text.rstrip(","))
            return self._call.variables.get("DIGITS", "")
        finally:
            if before is None:
                self._call.channel.unset_variable("DIGITS")
            else:
                self._call.variables["DIGITS"] = before

    async def choose(
        self,
        *prompts: str,
        choices: Iterable[str],
        timeout: float | None = None,
        key_timeout: float | None = None,
    ) -> str:
        """Play prompts and let the caller choose, as an automatic attendant does.

        The first key ends the prompts; more are awaited as long as they could make a longer choice.

        Args:
            prompts: names of sounds.
            choices: what can be chosen: numbers, or patterns (`_600[1-3]`).
            timeout: seconds for the first key behind the prompts; TIMEOUT(response) if not given.
            key_timeout: seconds between two keys; TIMEOUT(digit) if not given.

        Returns:
            What was pressed, also when it is none of the choices; "" when nothing was.

        Raises:
            PatternError: a pattern that is none.
            SoundNotFoundError: there is no such prompt.
        """
        index = Index([Extension.make(choice, None, "", 0) for choice in choices])
        keys = await self.play(*prompts, stop=_DIGITS) if prompts else ""
        timeouts, channel = self._call.timeouts, self._call.channel
        if not keys:
            self._announce("WaitExten", "" if timeout is None else f"{timeout:g}")
            keys = await wait_digit(channel, timeouts.response if timeout is None else timeout) or ""
        while keys and index.match_more(keys, _any):
            key = await wait_digit(channel, timeouts.digit if key_timeout is None else key_timeout)
            if key is None:
                break
            keys += key
        return keys

    async def read_key(self, timeout: float | None = None, keys: str = _DIGITS) -> str:
        """The next key of `keys`, pressed already or within `timeout` seconds; "" when none came."""
        self._alive()
        self._announce("WaitDigit", "" if timeout is None else f"{timeout:g}")
        channel = self._call.channel
        loop = channel.pbx.loop
        deadline = None if timeout is None else loop.time() + timeout
        while True:
            key = await wait_digit(channel, None if deadline is None else max(0.0, deadline - loop.time()))
            if key is None or key in keys:
                return key or ""

    async def record(
        self,
        file: str | Path,
        *,
        silence: int = 0,
        max_seconds: int = 0,
        beep: bool = True,
        keep: bool = False,
        append: bool = False,
    ) -> RecordResult:
        """Record what the caller says until `#`, silence or the time limit.

        Args:
            file: `name.wav` (or .WAV, .gsm, .g722 ...); a relative name lies in the recordings folder,
                `%d` is numbered on.
            silence: end after so many seconds of silence; 0 never.
            max_seconds: end after so many seconds; 0 never.
            beep: a beep first.
            keep: keep it when the caller hangs up.
            append: add to a file that exists.
        """
        options = RecordOptions(quiet=not beep, keep=keep, append=append)
        bound = (str(file), silence, max_seconds, options)
        text = f"{file},{silence or ''},{max_seconds or ''},{options.letters()}".rstrip(",")
        await self.perform(find_application("Record"), bound, text)
        variables = self._call.variables
        return RecordResult(
            RecordStatus(variables.get("RECORD_STATUS", "ERROR")), variables.get("RECORDED_FILE", "")
        )

    @asynccontextmanager
    async def recording(self, file: str | Path, *, append: bool = False) -> AsyncGenerator[Path, None]:
        """Record what the caller says as long as the block lasts; the file is complete behind it.

        Args:
            file: `name.wav` (or .WAV, .gsm, .g722 ...); a relative name lies in the recordings folder.
            append: add to a file that exists.

        Raises:
            ApplicationError: a format that cannot be written, or no audio.
            OSError: the folder cannot be made.
        """
        self._alive()
        path = self._call.channel.pbx.recordings / file
        if recorded_as(path.suffix[1:]) is None:
            raise ApplicationError(f"{path.name}: recordings are .{', .'.join(RECORDABLE_EXTENSIONS)}")
        channel = self._open()
        if channel.media is None:
            raise ApplicationError("the channel has no audio to record")
        path.parent.mkdir(parents=True, exist_ok=True)
        recording: Recording = channel.media.start_recording(
            str(path), recorded_as(path.suffix[1:]) or "", append=append
        )
        try:
            yield path
        finally:
            recording.stop()
            if recording.running and not self.is_hung_up:
                await recording.wait()

    # ---------------------------------------------------------- others

    async def dial(
        self,
        *destinations: str,
        timeout: float | None = None,
        music: str | None = None,
        options: DialOptions | str = "",
    ) -> DialResult:
        """Call somebody and talk; comes back when nobody answered, or when the called party has hung up.

        Args:
            destinations: dial strings, `PJSIP/6001`; all ring at once.
            timeout: how many seconds it may ring.
            music: the class of music that the caller hears instead of ringing.
            options: further options of Dial(), as letters or as DialOptions.

        Raises:
            ApplicationError: an option that is none.
        """
        if isinstance(options, str):
            bound = find_application("Dial").bind(f"-,,{options}")
            options = cast("DialOptions", bound[2])
        options = replace(options, go_on=True, music=music if music is not None else options.music)
        limit = "" if timeout is None else f"{timeout:g}"
        text = f"{'&'.join(destinations)},{limit},{options.letters()}"
        await self.perform(find_application("Dial"), (list(destinations), limit, options, ""), text)
        variables = self._call.variables
        return DialResult(
            status=DialStatus(variables.get("DIALSTATUS", "CHANUNAVAIL")),
            peer=variables.get("DIALEDPEERNAME", ""),
            number=variables.get("DIALEDPEERNUMBER", ""),
            cause=self._call.channel.hangup_cause,
            dialed=int(variables.get("DIALEDTIME_MS") or 0) / 1000,
            talked=int(variables.get("ANSWEREDTIME_MS") or 0) / 1000,
        )

    def send_text(self, text: str) -> None:
        """Send a text message to the caller's phone.  Raises NotSupportedByChannelError."""
        self._alive()
        self._announce("SendText", text)
        self._call.channel.send_text(text)

    async def send_digits(self, digits: str) -> None:
        """Send DTMF to the caller's side: digits, and `w` for half a second's pause."""
        await self.run("SendDTMF", digits)

    # ---------------------------------------------------------- applications by name

    async def run(self, application: str, arguments: str = "") -> None:
        """Run an application by name, with its arguments as the dialplan writes them.

        Raises:
            UnknownApplicationError: there is no such application.
            ApplicationError: it does not take these arguments, or could not do it.
        """
        found = find_application(application)
        complaints: list[str] = []
        bound = found.bind(arguments, complaints)
        for complaint in complaints:
            self._call.complain(f"{found.name}: {complaint}")
        await self.perform(found, bound, arguments)

    async def perform(self, application: Application, arguments: tuple[Any, ...], text: str) -> None:
        """Run a declared application with its arguments bound; `text` is what records say of them."""
        self._alive()
        self._announce(application.name, text)
        call, channel = self._call, self._call.channel
        depth = len(call.frames)
        back = (channel.context, channel.exten, channel.priority)
        call.jumped = False
        try:
            waits = application.func(call, *arguments)
            if waits is not None:
                await waits
            if call.jumped and len(call.frames) > depth:
                await call.runner.finish_subroutine(call, depth, back)
        except Hangup as end:
            self._leave(end)
        if call.jumped:
            self._leave(True)

    # ---------------------------------------------------------- inside

    def _announce(self, application: str, text: str) -> None:
        """Appear in call records, events and traces as an application of the dialplan does."""
        channel = self._call.channel
        channel.application, channel.application_data = application, text
        channel.pbx.bus.emit(events.NewExtension, channel, application, text)
        if log.isEnabledFor(_STEP):
            log.log(
                _STEP, "%s: [%s@%s] %s(%s)", channel.name, channel.exten, channel.context, application, text
            )

    def _open(self, answer: bool = True, *, channel_up: bool = True) -> Channel:
        """The channel, answered, or with early media."""
        channel = self._call.channel
        if channel.state is not ChannelState.UP:
            if answer and channel_up:
                channel.answer()
            else:
                channel.progress()
        return channel

    def _alive(self) -> None:
        """A call flow that has swallowed its cancellation gets it again."""
        call = self._call
        if (call.channel.hangup_requested and not call.is_hanging_up) or call.channel.ended:
            raise asyncio.CancelledError(f"{call.channel.name} has hung up")

    def _leave(self, end: Hangup | bool) -> NoReturn:
        self._left = end
        if self._task is not None and asyncio.current_task() is not self._task:
            # Within a task group of the call flow: all of it ends.
            self._cancelled = True
            self._task.cancel()
        raise asyncio.CancelledError("the call goes on elsewhere")

    def left(self) -> bool:
        """Whether the coroutine ended by goto or hangup, and not by a cancellation.  For the executor.

        Raises:
            Hangup: it was hangup.
        """
        if not self._left:
            return False
        task = self._task
        if task is not None:
            if self._cancelled:
                task.uncancel()
            if task.cancelling():
                return False
        if isinstance(self._left, Hangup):
            raise self._left
        return True
