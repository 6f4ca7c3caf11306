"""ChanSpy, ExtenSpy and DAHDIScan: listen in on calls, whisper to an agent, barge in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offhook.dialplan.declare import Options, application, flag, option
from offhook.dialplan.errors import ApplicationError
from offhook.features.groups import groups_of
from offhook.features.spying import Spying, SpyMode
from offhook.pbx import events
from offhook.pbx.channel import ChannelState
from offhook.pbx.listening import PlaybackError, play

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.dialplan.call import Call
    from offhook.pbx.channel import Channel

__all__ = ["chanspy", "dahdi_scan", "extenspy"]

_LOOK_AGAIN_S = 1.0  # for a channel to spy on when there is none
_LOUDEST = 4
_SPIES = ("ChanSpy", "ExtenSpy", "DAHDIScan")
_MODES = {"4": SpyMode.SPY, "5": SpyMode.WHISPER, "6": SpyMode.BARGE}


@dataclass(frozen=True, slots=True)
class SpyOptions(Options):
    """Option letters of ChanSpy() and ExtenSpy()."""

    bridged: bool = flag("b", "Only channels that talk to somebody.")
    barge: bool = flag("B", "Be heard by both sides.")
    next_key: str | None = option(
        "c", "The key that goes on to the next channel, in place of *.", required=True
    )
    keys_change: bool = flag("d", "The keys 4, 5 and 6 change to spying, whispering and barging in.")
    enforced: str | None = option("e", "Only these extensions, separated by colons.", supported=False)
    exit_with_channel: bool = flag("E", "End when the channel that is spied on does.")
    groups: tuple[str, ...] | None = option(
        "g", "Only channels whose SPYGROUP names one of these groups, separated by colons.", separator=":"
    )
    long_queue: bool = flag("l", "Longer audio queue.", supported=False)
    names: str | None = option("n", "Say the names of who is spied on.", supported=False)
    no_names: bool = flag("N", "Do not say names.", supported=False)
    only_channel: bool = flag("o", "Hear only what the channel says, not what it hears.")
    quiet: bool = flag("q", "No beep when a channel is found.")
    record: str | None = option("r", "Record what is heard.", supported=False)
    skip_type: bool = flag("s", "Do not say the channel's technology.")
    stop: bool = flag("S", "End when no channel is left.")
    by_id: bool = flag("u", "The first argument is a channel's unique id.")
    volume: int | None = option("v", "How loud it begins, from -4 to 4.")
    whisper: bool = flag("w", "Be heard by the channel that is spied on.")
    private_whisper: bool = flag("W", "Likewise, and hear nothing.")
    exit_key: str | None = option("x", "The key that ends it.", required=True)
    exit_to: bool = flag("X", "A key that is an extension of the context ends it and goes there.")


_NO_OPTIONS = SpyOptions()
_SCANS = SpyOptions(next_key="#", exit_key="*", quiet=True)


@application("ChanSpy")
async def chanspy(call: Call, chanprefix: str = "", options: SpyOptions = _NO_OPTIONS) -> None:
    """Listen in on one channel after the other.

    `*` goes on to the next channel, `#` changes the volume.  Without a channel to spy on it waits for one.

    Args:
        chanprefix: how the names of the channels begin; all channels if not given.
        options: see the letters.
    """
    prefix = "" if chanprefix == "all" else chanprefix

    def fits(channel: Channel) -> bool:
        if options.by_id:
            return channel.uniqueid == prefix
        return channel.name.startswith(prefix)

    await _Spy(call, options, fits).run()


@application("ExtenSpy")
async def extenspy(call: Call, exten: str, options: SpyOptions = _NO_OPTIONS) -> None:
    """Listen in on the channels that are at an extension, one after the other; see ChanSpy().

    Args:
        exten: extension[@context]; the context is the caller's if not given.
        options: see the letters.
    """
    number, _, context = exten.partition("@")
    where = context or call.context

    def fits(channel: Channel) -> bool:
        return channel.exten == number and channel.context == where

    await _Spy(call, options, fits).run()


@application("DAHDIScan")
async def dahdi_scan(call: Call, group: str = "") -> None:
    """Listen in on one DAHDI channel after the other; `#` goes on to the next, `*` ends it.

    Args:
        group: only channels that Set(GROUP()=...) has put into this group.
    """
    groups = groups_of(call.channel.pbx)

    def fits(channel: Channel) -> bool:
        return channel.technology == "DAHDI" and group in ("", groups.group(channel))

    await _Spy(call, _SCANS, fits).run()


class _Spy:
    """One run of ChanSpy()."""

    def __init__(self, call: Call, options: SpyOptions, fits: Callable[[Channel], bool]) -> None:
        self.call = call
        self.channel = call.channel
        self.options = options
        self._fits = fits
        self._done: set[str] = set()  # unique ids of this round
        self._volume = max(-_LOUDEST, min(_LOUDEST, options.volume or 0))
        if options.barge:
            self._mode = SpyMode.BARGE
        elif options.private_whisper:
            self._mode = SpyMode.PRIVATE_WHISPER
        elif options.whisper:
            self._mode = SpyMode.WHISPER
        else:
            self._mode = SpyMode.SPY

    async def run(self) -> None:
        channel = self.channel
        if channel.state is not ChannelState.UP:
            channel.answer()
        if channel.media is None:
            raise ApplicationError("the channel has no audio to listen with")
        while True:
            target = self._next()
            if target is None:
                if self._done:
                    self._done.clear()  # the next round
                    continue
                if self.options.stop or await self._wait():
                    return
                continue
            self._done.add(target.uniqueid)
            if await self._spy_on(target):
                return

    def _next(self) -> Channel | None:
        """A channel that has not had its turn in this round."""
        options = self.options
        for channel in list(self.channel.pbx.channels.values()):
            if channel is self.channel or channel.ended or channel.uniqueid in self._done:
                continue
            if channel.application in _SPIES or channel.state is not ChannelState.UP:
                continue
            if not self._fits(channel) or (options.bridged and channel.bridge is None):
                continue
            if options.groups:
                groups = (channel.get_variable("SPYGROUP") or "").split(":")
                if not any(group in groups for group in options.groups):
                    continue
            return channel
        return None

    async def _wait(self) -> bool:
        """Until there may be somebody; whether a key ended it."""
        event = await self.channel.inbox.get(_LOOK_AGAIN_S)
        return isinstance(event, events.Digit) and self._ends(event.digit)

    async def _spy_on(self, target: Channel) -> bool:
        """Until it has gone or a key goes on; whether spying is over."""
        channel, options = self.channel, self.options
        if not options.quiet:
            try:
                await play(channel, ["beep"])
            except PlaybackError as error:
                self.call.complain(f"ChanSpy: {error}")
        if target.ended:
            return options.exit_with_channel
        spying = Spying(channel, target, only_channel=options.only_channel, gain=self._gain())
        spying.mode = self._mode

        def gone() -> None:
            channel.deliver(events.Notice(channel, "spied channel gone", target))

        target.when_ended(gone)
        spying.start()
        try:
            while True:
                match await channel.inbox.get():
                    case events.Notice(what="spied channel gone", data=data) if data is target:
                        return options.exit_with_channel
                    case events.Digit(digit=digit):
                        if self._ends(digit):
                            return True
                        if digit == (options.next_key or "*"):
                            return False
                        if digit == "#":
                            self._volume = -_LOUDEST if self._volume == _LOUDEST else self._volume + 1
                            spying.change(gain=self._gain())
                        elif options.keys_change and digit in _MODES:
                            self._mode = _MODES[digit]
                            spying.change(mode=self._mode)
                    case _:
                        pass
        finally:
            spying.stop()

    def _gain(self) -> float:
        return float(2**self._volume)

    def _ends(self, digit: str) -> bool:
        """Whether a key ends the application, going elsewhere with X."""
        if self.options.exit_key and digit == self.options.exit_key:
            return True
        if self.options.exit_to:
            context = self.call.variables.get("SPY_EXIT_CONTEXT") or self.call.context
            if self.channel.pbx.dialplan.exists(context, digit):
                self.call.goto(context, digit, 1)
                return True
        return False
