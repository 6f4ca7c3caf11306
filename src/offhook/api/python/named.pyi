"""Applications and functions by name; made by scripts/applications.py, do not edit it.

A text is read as the dialplan would read it: `Playback("a&b")` is `Playback(["a", "b"])`.
"""

from collections.abc import Sequence

from offhook.api.python.call import Call
from offhook.apps.background_detect import WaitForToneOptions
from offhook.apps.bridge import BridgeOptions
from offhook.apps.bridging import WaitOptions
from offhook.apps.chanspy import SpyOptions
from offhook.apps.control_playback import ControlPlaybackOptions
from offhook.apps.dial_options import DialOptions
from offhook.apps.dropped_monitor import MonitorOptions
from offhook.apps.followme import FollowMeOptions
from offhook.apps.gatekeeping import AuthenticateOptions, DisaOptions, ReadExtenOptions, ZapatellerOptions
from offhook.apps.menus import BackgroundOptions, ReadOptions, SendDtmfOptions, WaitExtenOptions
from offhook.apps.milliwatt import MilliwattOptions
from offhook.apps.mixmonitor import MixMonitorOptions
from offhook.apps.other_channels import ChanIsAvailOptions, OriginateOptions, SoftHangupOptions
from offhook.apps.page import PageOptions
from offhook.apps.pickup import PickupChanOptions
from offhook.apps.playback import PlaybackOptions
from offhook.apps.record import RecordOptions
from offhook.apps.records import ForkCdrOptions, ResetCdrOptions
from offhook.apps.retry_dial import IncompleteOptions
from offhook.apps.say import SayTimeOptions
from offhook.apps.signalling import AnswerOptions
from offhook.apps.tone_scan import ScanOptions
from offhook.dialplan.call import Call as DialplanCall
from offhook.functions.audio import VolumeOptions
from offhook.functions.cdr import CdrOptions
from offhook.functions.data import JsonOptions
from offhook.functions.detection import ToneOptions
from offhook.functions.files import FileOptions
from typing import Literal

Text = str | int | float

class Applications:
    """Every application as a method."""

    def __init__(self, call: Call) -> None: ...

    async def AbsoluteTimeout(self, seconds: Text = ...) -> None:
        """End the call in so many seconds, 0 for never.  Today it is Set(TIMEOUT(absolute)=...)."""

    async def AGI(self, command: Text, *args: Text) -> None:
        """Let a program or server outside drive the call.

        The channel is not answered by this.  When the caller hangs up the script is told (SIGHUP, or a line
        HANGUP) and may go on with commands that need no caller.

        Args:
            command: a program, in astagidir unless it begins with a slash; agi://host[:port][/script]
                (FastAGI), hagi://host (the same by SRV records), or agi:async (commands by AMI).
            args: what the script gets, as agi_arg_1 and so on, and as its own arguments.

        Sets:
            AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
        """

    async def AMD(self, initialsilence: int | str | None = ..., greeting: int | str | None = ..., aftergreetingsilence: int | str | None = ..., totalanalysistime: int | str | None = ..., miniumwordlength: int | str | None = ..., betweenwordsilence: int | str | None = ..., maximumnumberofwords: int | str | None = ..., silencethreshold: int | str | None = ..., maximumwordlength: int | str | None = ..., audiofile: Text = ...) -> None:
        """Guess whether a person or an answering machine has answered, by how the greeting is spoken.

        A person says a word or two and waits; a machine talks on, or begins late.  All lengths are in ms; what is
        not given is as amd.conf has it.

        Args:
            initialsilence: silence before the first word beyond which it is a machine.
            greeting: speech beyond which it is a machine.
            aftergreetingsilence: silence after a greeting that makes it a person.
            totalanalysistime: after so long it is undecided.
            miniumwordlength: sound shorter than this is no word.
            betweenwordsilence: silence that parts two words.
            maximumnumberofwords: more words than these are a machine's.
            silencethreshold: mean magnitude of samples (0 to 32767) below which it is silence.
            maximumwordlength: a word longer than this is a machine's.
            audiofile: a sound to play meanwhile.

        Sets:
            AMDSTATUS: HUMAN, MACHINE, NOTSURE or HANGUP.
            AMDCAUSE: TOOLONG-<ms>, INITIALSILENCE-<ms>-<limit>, HUMAN-<ms>-<limit>, LONGGREETING-<ms>-<limit>,
                MAXWORDS-<words>-<limit>, MAXWORDLENGTH-<ms>-<limit>.
        """

    async def Answer(self, delay: int | str = ..., options: AnswerOptions | str = ...) -> None:
        """Answer the call.

        No effect on a channel that is up.  The dialplan goes on when the caller's audio comes, so that the
        beginning of a prompt is not lost; after 500 ms at the latest, or after the delay when that is longer.

        Args:
            delay: ms that pass after the answer in any case before the dialplan goes on.
            options: i.
        """

    async def AttendedTransfer(self, exten: Text) -> None:
        """Have this channel talk to an extension first, and then connect that with the one it talks to now.

        It begins when this application has returned; how it goes on is up to this channel, by the digits of
        features.conf (atxferabort, atxfercomplete ...) or by hanging up.

        Args:
            exten: the number of who is asked, in TRANSFER_CONTEXT or this channel's context.

        Sets:
            ATTENDEDTRANSFERSTATUS: SUCCESS when it begins, else FAILURE.
        """

    async def Authenticate(self, password: Text, options: AuthenticateOptions | str = ..., maxdigits: int | str = ..., prompt: Sequence[str] | str | None = ...) -> None:
        """Ask for a password, three times at most; the call ends when none was right.

        Args:
            password: the password, or, when it begins with /, a file with one in each line, or with option d
                a family of the database whose keys are passwords.
            options: see the letters.
            maxdigits: how long a password is at most; # ends a shorter one.
            prompt: sounds to ask with, agent-pass if not given; a second one for further attempts.
        """

    async def BackGround(self, filenames: Sequence[str] | str, options: BackgroundOptions | str = ..., langoverride: Text = ..., context: Text = ...) -> None:
        """Play sound files while the caller may dial an extension.

        The first digit ends the sound; more are awaited as long as they could make a longer extension.
        Then the call goes on at that extension, or at `i` when there is none.  A file that is missing ends the
        playing.

        Args:
            filenames: sounds without extension, in this order.
            options: see the letters.
            langoverride: the language to play in.
            context: where the digits are dialled; the call's context if not given.

        Sets:
            BACKGROUNDSTATUS: SUCCESS or FAILED.
        """

    async def BackgroundDetect(self, filename: Text, sil: int | str = ..., min: int | str = ..., max: int | str = ..., analysistime: int | str = ...) -> None:
        """Play a sound; who talks meanwhile, and then is silent, ends it and goes to the extension `talk`.

        Where there is none the dialplan goes on with the next priority.
        A digit that is the beginning of an extension ends the sound, too, and goes there.

        Args:
            filename: the sound.
            sil: so many ms of silence end talking.
            min: less than so many ms are no talking.
            max: nor are more than so many ms.
            analysistime: what begins later than after so many ms does not count.

        Sets:
            TALK_DETECTED: how many ms the caller talked.
        """

    async def BlindTransfer(self, exten: Text, context: Text = ...) -> None:
        """Send the one whom this channel talks to to an extension.

        It is for what runs during a call: a feature of [applicationmap] in features.conf.

        Args:
            exten: where the other one goes.
            context: where that is looked up; TRANSFER_CONTEXT, or this channel's, without it.

        Sets:
            BLINDTRANSFERSTATUS: SUCCESS, FAILURE (no such extension), INVALID (this channel talks to nobody) or
                NOTPERMITTED.
        """

    async def Bridge(self, channel: Text, options: BridgeOptions | str = ...) -> None:
        """Talk to another channel, which leaves what it does; this one then goes on with the next priority.

        Afterwards the other channel goes on in its dialplan with the step that it was taken from.

        Args:
            channel: its name, its unique id, or the beginning of its name.
            options: see the letters.

        Sets:
            BRIDGERESULT: SUCCESS, FAILURE, LOOP for the caller's own channel, NONEXISTENT.
            BRIDGEPEER: the name of the other channel, on both.
        """

    async def BridgeAdd(self, channel: Text) -> None:
        """Join the bridge that another channel is in, and stay until it ends or the caller hangs up.

        With more than two channels in it the bridge is mixed.

        Args:
            channel: its name or the beginning of it.

        Sets:
            BRIDGERESULT: SUCCESS, FAILURE, LOOP for the caller's own channel, NONEXISTENT.
        """

    async def BridgeWait(self, name: Text = ..., role: Literal['participant', 'announcer'] | str = ..., options: WaitOptions | str = ...) -> None:
        """Wait in a bridge until somebody takes the channel out of it.

        Participants hear music and not each other; while an announcer is there they hear the announcer.

        Args:
            name: of the bridge that is waited in.
            role: participant, or announcer.
            options: see the letters.
        """

    async def Busy(self, timeout: float | str | None = ...) -> None:
        """Tell the caller that the called party is busy, and wait for the hang-up.

        A channel that is up hears the busy tone of its zone; another is refused with cause 17.

        Args:
            timeout: seconds after which the call is ended.
        """

    async def CallCompletionCancel(self) -> None:
        """Take back a request for the completion of a call.

        Sets:
            CC_CANCEL_RESULT: SUCCESS or FAIL.
            CC_CANCEL_REASON: why it failed: NO_CORE_INSTANCE when there is none.
        """

    async def CallCompletionRequest(self) -> None:
        """Request completion of the caller's latest call, which was busy or not answered.

        The called party is watched from now on, and the caller is called when that one is free.  It may be
        requested in the call itself, behind Dial(), or in another one from the same device within
        `cc_offer_timer` seconds.

        Sets:
            CC_REQUEST_RESULT: SUCCESS or FAIL.
            CC_REQUEST_REASON: why it failed: NO_CORE_INSTANCE when there is no such call, TOO_MANY_REQUESTS
                (`cc_max_requests` of ccss.conf, `cc_max_monitors`), UNSPECIFIED when it was requested before.
        """

    async def CELGenUserEvent(self, event_name: Text, extra: Text = ...) -> None:
        """Record an event of one's own among those of the channel (CEL).

        Args:
            event_name: its name.
            extra: a text that goes with it.
        """

    async def ChangeMonitor(self, filename_base: Text) -> None:
        """Give the files of Monitor() another name.

        Args:
            filename_base: their name without `-in` and `-out`.
        """

    async def ChanIsAvail(self, devices: Sequence[str] | str, options: ChanIsAvailOptions | str = ...) -> None:
        """Find out which of several devices could be called now.

        A channel is asked for and given back at once; nobody is called.

        Args:
            devices: Technology/Resource, separated by &.
            options: see the letters.

        Sets:
            AVAILCHAN: the names of the channels that there were, separated by &; empty when there was none.
            AVAILORIGCHAN: the devices that could be called, as they were given.
            AVAILSTATUS: the state of the last that was looked at, as a number (1 not in use, 2 in use ...).
            AVAILCAUSECODE: why the last one could not be called; 0 when one could.
        """

    async def ChannelRedirect(self, channel: Text, target: Text) -> None:
        """Have another channel go on elsewhere: ChannelRedirect(channel,[[context,]extension,]priority).

        What is left out is as on that channel.

        Sets:
            CHANNELREDIRECT_STATUS: SUCCESS, or NOCHANNEL when there is no such channel.
        """

    async def ChanSpy(self, chanprefix: Text = ..., options: SpyOptions | str = ...) -> None:
        """Listen in on one channel after the other.

        `*` goes on to the next channel, `#` changes the volume.  Without a channel to spy on it waits for one.

        Args:
            chanprefix: how the names of the channels begin; all channels if not given.
            options: see the letters.
        """

    async def CheckGroup(self, maximum: int | str) -> None:
        """Whether there are no more channels in the channel's group than this.  Today it is GROUP_COUNT().

        Args:
            maximum: how many there may be.

        Sets:
            CHECKGROUPSTATUS: OK or OVERMAX.
        """

    async def ClearHash(self, hashname: Text) -> None:
        """Forget all values of a hash."""

    async def ConfBridge(self, conference: Text, bridge_profile: Text = ..., user_profile: Text = ..., menu: Text = ...) -> None:
        """Join a conference room, which begins with its first and ends with its last participant.

        Profiles and menus are in confbridge.conf; CONFBRIDGE() sets options for this call alone.

        Args:
            conference: the room's name or number.
            bridge_profile: what the room is like; counts for the first who joins.  default_bridge if not given.
            user_profile: what the participant is like.  default_user if not given.
            menu: what keys do.  default_menu if not given.

        Sets:
            CONFBRIDGE_RESULT: FAILED, HANGUP, KICKED, ENDMARKED, DTMF or TIMEOUT.
        """

    async def ConfKick(self, conference: Text, channel: Text = ...) -> None:
        """Remove participants from a conference room.

        Args:
            conference: the room.
            channel: a channel's name, `all`, or `participants`: all who are no administrators.

        Sets:
            CONFKICKSTATUS: SUCCESS or FAILURE.
        """

    async def Congestion(self, timeout: float | str | None = ...) -> None:
        """Tell the caller that the network is congested, and wait for the hang-up.

        A channel that is up hears the congestion tone of its zone; another is refused with cause 34.

        Args:
            timeout: seconds after which the call is ended.
        """

    async def ContinueWhile(self) -> None:
        """Begin the next turn of the loop: go back to its While."""

    async def ControlPlayback(self, filename: Sequence[str] | str, skipms: int | str = ..., ff: Text = ..., rew: Text = ..., stop: Text = ..., pause: Text = ..., restart: Text = ..., options: ControlPlaybackOptions | str = ...) -> None:
        """Play sounds while the caller winds, halts and ends them with keys.

        The channel is answered first.

        Args:
            filename: sounds without extension, joined by `&`.
            skipms: by how much a key winds, in ms.
            ff: the key that winds forward; past the end is the end.
            rew: the key that winds back.
            stop: the keys that end it.
            pause: the key that halts it, and lets it go on.
            restart: the key that goes back to the beginning.
            options: see the letters.

        Sets:
            CPLAYBACKSTATUS: SUCCESS, USERSTOPPED, REMOTESTOPPED (by the manager's ControlPlayback) or ERROR.
            CPLAYBACKOFFSET: where it ended, in ms; -1 when it was played to the end.
            CPLAYBACKSTOPKEY: the key that ended it.
        """

    async def DAHDIScan(self, group: Text = ...) -> None:
        """Listen in on one DAHDI channel after the other; `#` goes on to the next, `*` ends it.

        Args:
            group: only channels that Set(GROUP()=...) has put into this group.
        """

    async def DateTime(self, unixtime: Text = ..., timezone: Text = ..., format: Text = ...) -> None:
        """Say a date and time: SayUnixTime() by its older name.

        Args:
            unixtime: seconds since 1970; now if not given.
            timezone: as in the tz database; the machine's if not given.
            format: what is said; the language's own form if not given.
        """

    async def DBdel(self, entry: Text) -> None:
        """Remove an entry from the database: DBdel(family/key).  Asterisk's name today is DB_DELETE()."""

    async def DBdeltree(self, entry: Text) -> None:
        """Remove a family of the database, or what is below a part of one: DBdeltree(family[/keytree])."""

    async def DBget(self, text: Text) -> None:
        """Read an entry of the database: DBget(variable=family/key).  Today it is DB()."""

    async def DBput(self, text: Text) -> None:
        """Set an entry of the database: DBput(family/key=value).  Today it is Set(DB(family/key)=value)."""

    async def DeadAGI(self, command: Text, *args: Text) -> None:
        """As AGI(), which also works on a channel that has hung up; kept for dialplans that name it.

        Args:
            command: see AGI().
            args: see AGI().

        Sets:
            AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
        """

    async def Dial(self, destinations: Sequence[str] | str, timeout: Text = ..., options: DialOptions | str = ..., url: Text = ...) -> None:
        """Call one or more destinations and connect the caller with the first to answer.

        Destinations are dial strings, `Technology/Resource`, called at once.  The call ends when either
        party hangs up; with option g the dialplan then goes on.

        Args:
            destinations: who is called, separated by `&`.
            timeout: how many seconds it may ring, and after `^` how many until the first progress; without
                end if not given.
            options: see the letters.
            url: a URL for the called party; no channel technology can send one.

        Sets:
            DIALSTATUS: CHANUNAVAIL, CONGESTION, NOANSWER, BUSY, ANSWER, CANCEL or INVALIDARGS; TORTURE or
                DONTCALL when the called party of option p or P wants so.
            DIALEDTIME: seconds from dialling to the end of an answered call.
            DIALEDTIME_MS: the same in ms.
            ANSWEREDTIME: seconds of conversation.
            ANSWEREDTIME_MS: the same in ms.
            RINGTIME: seconds from dialling until it rang.
            RINGTIME_MS: the same in ms.
            PROGRESSTIME: seconds from dialling until there was audio or other progress.
            PROGRESSTIME_MS: the same in ms.
            DIALEDPEERNAME: the channel that answered.
            DIALEDPEERNUMBER: the destination that answered.
            HANGUPCAUSE: why the called side did not answer, or hung up.
            BRIDGEPEER: the name of the other channel, on both.
            FORWARDERNAME: on the called channel: the channel that diverted the call to it.
            GOSUB_RETVAL: what the subroutine of option U returned.
        """

    async def DigitTimeout(self, seconds: Text = ...) -> None:
        """Set how long to wait between digits.  Today it is Set(TIMEOUT(digit)=...)."""

    async def DISA(self, passcode: Text, context: Text = ..., cid: Text = ..., mailbox: Text = ..., options: DisaOptions | str = ...) -> None:
        """Give the caller a dial tone of our own, after a passcode: he dials as if he sat inside.

        Args:
            passcode: digits that he has to type first, followed by #; no-password; or a file whose lines are
                passcode[,context[,cid[,mailbox]]].
            context: where he dials.
            cid: the caller id of what he dials.
            mailbox: a mailbox whose waiting messages change the dial tone; there is none that would.
            options: see the letters.
        """

    async def DumpChan(self, level: Text = ...) -> None:
        """Write everything about the channel to the log.

        Args:
            level: the verbose level from which it is written; always if not given.
        """

    async def EAGI(self, command: Text, *args: Text) -> None:
        """As AGI() with a program, which also hears the caller: raw 16-bit samples at descriptor 3.

        They come at 8 kHz, or as the channel variable EAGI_AUDIO_FORMAT says (slin16, slin48 ...).

        Args:
            command: a program, in astagidir unless it begins with a slash.
            args: what it gets, as agi_arg_1 and so on, and as its own arguments.

        Sets:
            AGISTATUS: SUCCESS, FAILURE, NOTFOUND or HANGUP.
        """

    async def Echo(self) -> None:
        """Send the caller's own audio, video and digits back until `#` is pressed."""

    async def Else(self) -> None:
        """Within If: what follows is for when no condition before it held."""

    async def ElseIf(self, expr: Text = ...) -> None:
        """Within If: another condition, for when none before it held.

        As in Asterisk its condition is evaluated even when an earlier branch was taken; that has no effect then.
        """

    async def EndIf(self) -> None:
        """The end of If."""

    async def EndWhile(self) -> None:
        """Go back to the While of this loop."""

    async def Exec(self, text: Text) -> None:
        """Run an application whose name or arguments are put together from variables: Exec(App(args))."""

    async def ExecIf(self, text: Text) -> None:
        """Run an application when a condition holds: ExecIf(condition?App(args)[:App(args)])."""

    async def ExecIfTime(self, text: Text) -> None:
        """Run an application at certain times: ExecIfTime(times,weekdays,days,months[,zone]?App(args))."""

    async def ExitIf(self) -> None:
        """Leave the If block: go on behind its EndIf."""

    async def ExitWhile(self) -> None:
        """Leave the loop: go on after its EndWhile."""

    async def ExtenSpy(self, exten: Text, options: SpyOptions | str = ...) -> None:
        """Listen in on the channels that are at an extension, one after the other; see ChanSpy().

        Args:
            exten: extension[@context]; the context is the caller's if not given.
            options: see the letters.
        """

    async def FollowMe(self, followmeid: Text, options: FollowMeOptions | str = ...) -> None:
        """Look for somebody at the numbers of a profile of followme.conf, and connect the caller.

        Each who answers is asked whether to take the call; the first who does has it.  The next priority follows
        when nobody does, or when there is no such profile.

        Args:
            followmeid: the profile.
            options: see the letters.
        """

    async def ForkCDR(self, options: ForkCdrOptions | str = ...) -> None:
        """Begin another record of this call.

        Args:
            options: see the letters.
        """

    async def GetGroupCount(self, group: Text = ...) -> None:
        """Count the channels of a group; the channel's own if not given.  Today it is GROUP_COUNT().

        Sets:
            GROUPCOUNT: how many there are.
        """

    async def Gosub(self, target: Text) -> None:
        """Call a subroutine: Gosub([[context,]extension,]priority[(arg1[,arg2...])]).

        It finds its arguments in ARG1, ARG2 ... and their number in ARGC; these and LOCAL() variables are
        its own.  Return() comes back to the priority after this one.
        """

    async def GosubIf(self, text: Text) -> None:
        """Call a subroutine when a condition holds: GosubIf(condition?[target(args)]:[target(args)])."""

    async def Goto(self, target: Text) -> None:
        """Go on elsewhere: Goto([[context,]extension,]priority).

        The priority is a number, `+1` or `-1` from here, or a label.
        """

    async def GotoIf(self, text: Text) -> None:
        """Go on elsewhere when a condition holds: GotoIf(condition?[target]:[target]).

        Without a target for the case, the next priority follows.
        """

    async def GotoIfTime(self, text: Text) -> None:
        """Go on elsewhere at certain times: GotoIfTime(times,weekdays,days,months[,zone]?[target]:[target])."""

    async def Hangup(self, causecode: Text = ...) -> None:
        """End the call.

        Args:
            causecode: a Q.850 cause, as number or name; the channel's own cause, or 16, if not given.
        """

    async def HangupCauseClear(self) -> None:
        """Forget why legs that this call dialled have ended, which HANGUPCAUSE() tells."""

    async def If(self, expr: Text = ...) -> None:
        """Execute what follows, up to ElseIf, Else or EndIf, only when a condition holds: If(condition)."""

    async def ImportVar(self, text: Text) -> None:
        """Copy a variable of another channel: ImportVar(name=channel,variable).  Today it is IMPORT()."""

    async def Incomplete(self, options: IncompleteOptions | str = ...) -> None:
        """Say that the number that was dialled is not complete.

        A caller who has been answered may dial more digits, which are added to the extension; another is told by
        the refusal of the call (SIP 484).

        Args:
            options: n.
        """

    async def Log(self, level: Text, message: Text) -> None:
        """Write a message to the log with a level.

        Args:
            level: ERROR, WARNING, NOTICE, DEBUG, VERBOSE, DTMF, or one of custom_levels in logger.conf.
            message: what to write.
        """

    async def Macro(self, name: Text, *arguments: Text) -> None:
        """Run a macro: the context `macro-name`, from its extension `s`.

        It ends with the first priority that is missing, with MacroExit, or with a Goto to another context,
        which then counts.

        Args:
            name: of the macro.
            arguments: found in ARG1, ARG2 ...

        Sets:
            MACRO_CONTEXT: the context that the macro was called from.
            MACRO_EXTEN: the extension that it was called from.
            MACRO_PRIORITY: the priority that it was called from.
            MACRO_DEPTH: how many macros it is within, itself included.
            MACRO_OFFSET: read when it ends: so many priorities are skipped, if there is one behind them.
        """

    async def MacroExclusive(self, name: Text, *arguments: Text) -> None:
        """Run a macro that only one call at a time may be in; others wait until it has left.

        Args:
            name: of the macro.
            arguments: found in ARG1, ARG2 ...
        """

    async def MacroExit(self) -> None:
        """Leave the macro at once."""

    async def MacroIf(self, text: Text) -> None:
        """Run one macro or another: MacroIf(condition?name[,arg1...][:name[,arg1...]])."""

    async def MessageSend(self, destination: Text, from_: Text = ..., to: Text = ...) -> None:
        """Send the text message that this dialplan has, or has composed with MESSAGE().

        Args:
            destination: pjsip:endpoint, pjsip:endpoint/uri, pjsip:user@host or pjsip:uri.
            from_: who it is from, a SIP URI or `name <URI>`; as it came in without one.
            to: what the To header says; the destination without one.

        Sets:
            MESSAGE_SEND_STATUS: SUCCESS (it is on its way), FAILURE, INVALID_PROTOCOL or INVALID_URI.
        """

    async def Milliwatt(self, options: MilliwattOptions | str = ...) -> None:
        """Play a tone of 1004 Hz at 0 dBm0, to measure a line with, until the caller hangs up.

        Args:
            options: see the letters.
        """

    async def MixMonitor(self, file: Text, options: MixMonitorOptions | str = ..., command: Text = ...) -> None:
        """Record what the channel hears and says, mixed, while the call goes on.

        The recording ends with the call or by StopMixMonitor().  It does not answer.

        Args:
            file: `name.format`; a relative name lies in the recordings folder.
            options: see the letters.
            command: for the system's shell when the file is complete; `^{NAME}` stands for a variable, with the
                value that it has now.

        Sets:
            MIXMONITOR_FILENAME: the file.
        """

    async def Monitor(self, file_format: Text = ..., fname_base: Text = ..., options: MonitorOptions | str = ...) -> None:
        """Record what the channel says and hears into two files.  Today it is MixMonitor().

        Args:
            file_format: the format and, after a colon, a URL that the call record gets.
            fname_base: the files' name without `-in` and `-out`; the channel's name without.
            options: see the letters.
        """

    async def MSet(self, *assignments: Text) -> None:
        """Set several variables: MSet(name1=value1,name2=value2...)."""

    async def MusicOnHold(self, musicclass: Text = ..., duration: float | str | None = ...) -> None:
        """Play music on hold.

        Args:
            musicclass: the class of musiconhold.conf; the channel's own if not given.
            duration: seconds; until the caller hangs up if not given.
        """

    async def NoCDR(self) -> None:
        """Write no record of this call.  Today it is Set(CDR_PROP(disable)=1)."""

    async def NoOp(self, text: Text = ...) -> None:
        """Do nothing; the text can be seen in the trace of the call."""

    async def ODBC_Commit(self, transaction_id: Text = ...) -> None:
        """Keep what the statements of a transaction have done, and end it.

        Args:
            transaction_id: the name given to ODBC(transaction), without it the active one.

        Sets:
            COMMIT_RESULT: OK, or FAIL when there is no such transaction or the database refuses.
        """

    async def ODBC_Rollback(self, transaction_id: Text = ...) -> None:
        """Undo what the statements of a transaction have done, and end it.

        Args:
            transaction_id: the name given to ODBC(transaction), without it the active one.

        Sets:
            ROLLBACK_RESULT: OK, or FAIL when there is no such transaction or the database cannot be asked.
        """

    async def ODBCFinish(self, result_id: Text) -> None:
        """Forget the rows that a function with mode=multirow has kept and nobody has fetched.

        Args:
            result_id: what the function has given.
        """

    async def Originate(self, tech_data: Text, type: Text, arg1: Text, arg2: Text = ..., arg3: Text = ..., timeout: float | str = ..., options: OriginateOptions | str = ...) -> None:
        """Call somebody, and connect the call with an extension or an application, apart from this one.

        Args:
            tech_data: whom to call: Technology/Resource.
            type: app or exten.
            arg1: the application, or the context.
            arg2: its arguments, or the extension.
            arg3: the priority, 1 if not given.
            timeout: seconds that it may ring.
            options: see the letters.

        Sets:
            ORIGINATE_STATUS: SUCCESS, BUSY, CONGESTION, RINGING when nobody answered, HANGUP or FAILED.
        """

    async def Page(self, destinations: Sequence[str] | str, options: PageOptions | str = ..., timeout: float | str = ...) -> None:
        """Call phones, and let the caller speak to all that answer until he hangs up.

        Args:
            destinations: dial strings: PJSIP/6001, Local/200@phones ...
            options: see the letters.
            timeout: seconds for which they ring; half a minute if not given.
        """

    async def PauseMonitor(self) -> None:
        """Write nothing into the files of Monitor() for a while."""

    async def Pickup(self, targets: Sequence[str] | str | None = ...) -> None:
        """Take a call that rings at another extension; the next priority follows when there is none.

        Args:
            targets: extension[@context], several joined by &: the first that rings is taken.  With @PICKUPMARK
                it is a call whose channel has the variable PICKUPMARK with this value.  Without any it is a call
                in one of this channel's pickup groups.
        """

    async def PickupChan(self, channels: Sequence[str] | str, options: PickupChanOptions | str = ...) -> None:
        """Take a call that rings at a channel; the next priority follows when there is none.

        Args:
            channels: names of channels (PJSIP/6001-00000001) or devices (PJSIP/6001), joined by &.
            options: p.
        """

    async def PJSIPHangup(self, cause: Text) -> None:
        """End a call that came in by SIP; before the answer with this status.

        Args:
            cause: a SIP status from 400 to 699, or its name: 486, Busy Here.
        """

    async def PJSIPNotify(self, to: Text = ..., content: Text = ...) -> None:
        """Send a NOTIFY, to a URI or to the caller's phone within the call.

        Args:
            to: the URI; without one, within this call.
            content: a section of pjsip_notify.conf, or `&name=value&name=value...`: headers, lines of Content.
        """

    async def Playback(self, filenames: Sequence[str] | str, options: PlaybackOptions | str = ...) -> None:
        """Play sound files; the caller cannot interrupt them.

        The channel is answered first unless `noanswer` is given.  Files that are missing are left out.

        Args:
            filenames: sounds without extension, in this order.
            options: skip, noanswer, say, mix.

        Sets:
            PLAYBACKSTATUS: SUCCESS, or FAILED when something could not be played.
        """

    async def PlayTones(self, tonelist: Text) -> None:
        """Play tones until StopPlaytones, without waiting.

        Args:
            tonelist: the name of a tone of the channel's zone (busy, dial ...) or tones as in indications.conf.
        """

    async def PrivacyManager(self, maxretries: int | str = ..., minlength: int | str = ..., options: Text = ..., context: Text = ...) -> None:
        """Ask a caller who shows no number for it.

        Args:
            maxretries: how often to ask.
            minlength: how many digits a number has at least.
            options: without a meaning, as in Asterisk.
            context: where the number has to be an extension; anywhere if not given.

        Sets:
            PRIVACYMGRSTATUS: SUCCESS when there is a number now, or FAILED.
        """

    async def Proceeding(self) -> None:
        """Tell the caller that the call is proceeding.

        SIP says so with 100 Trying, which has been sent by then; there is nothing more to tell.
        """

    async def Progress(self) -> None:
        """Open the audio path to the caller without answering (early media)."""

    async def QueueLog(self, queuename: Text, uniqueid: Text, agent: Text, event: Text, additionalinfo: Text = ...) -> None:
        """Write an event to the queue log.

        Args:
            queuename: the queue that it is about.
            uniqueid: the caller's unique id.
            agent: the member.
            event: what has happened: a word of your own, or one that programs that read the log know.
            additionalinfo: what belongs to it; parts are separated by `|`.
        """

    async def RaiseException(self, reason: Text) -> None:
        """Go to the `e` extension, where EXCEPTION(reason) is the reason given."""

    async def Random(self, text: Text) -> None:
        """Jump with some probability: Random(probability:[[context,]exten,]priority).  Today it is RAND().

        The probability is a percentage: 100 always jumps, 1 one time in a hundred.
        """

    async def Read(self, variable: Text, filenames: Sequence[str] | str | None = ..., maxdigits: int | str = ..., options: ReadOptions | str = ..., attempts: int | str = ..., timeout: float | str = ...) -> None:
        """Read digits from the caller into a variable; `#` ends them.

        Args:
            variable: the variable that gets the digits, also those that were typed before a time-out.
            filenames: sounds to play first.
            maxdigits: after so many digits the input is complete; 0 means at most 255.
            options: see the letters.
            attempts: how often to ask when nothing is dialled.
            timeout: seconds to wait for each digit; TIMEOUT(response) and TIMEOUT(digit) if not given.

        Sets:
            READSTATUS: OK, ERROR, HANGUP, INTERRUPTED, SKIPPED or TIMEOUT.
        """

    async def ReadExten(self, variable: Text, filename: Text = ..., context: Text = ..., option: ReadExtenOptions | str = ..., timeout: float | str = ...) -> None:
        """Read an extension from the caller into a variable, without going there.

        Args:
            variable: gets what was dialled.
            filename: a sound (or a tone) that asks for it.
            context: where it is an extension; the call's context if not given.
            option: see the letters.
            timeout: seconds to wait for each digit; TIMEOUT(response) and TIMEOUT(digit) if not given.

        Sets:
            READEXTENSTATUS: OK, TIMEOUT, INVALID, SKIP or ERROR.
        """

    async def ReceiveText(self, timeout: float | str = ...) -> None:
        """Wait until the caller sends a text within the call.

        Args:
            timeout: how many seconds to wait; 0 is without end.

        Sets:
            RECEIVETEXTMESSAGE: the text.
            RECEIVETEXTSTATUS: SUCCESS, or FAILURE when none came in time.
        """

    async def Record(self, filename: Text, silence: int | str = ..., maxduration: int | str = ..., options: RecordOptions | str = ...) -> None:
        """Record what the caller says until `#`, silence, the time limit or the hang-up.

        Args:
            filename: `name.format`; a relative name lies in the recordings folder; %d is numbered on.
            silence: end after so many seconds of silence; 0 never.
            maxduration: end after so many seconds; 0 never.
            options: see the letters.

        Sets:
            RECORDED_FILE: the file without extension.
            RECORD_STATUS: DTMF, SILENCE, SKIP, TIMEOUT, HANGUP, OPERATOR or ERROR.
        """

    async def Reload(self, module: Text = ...) -> None:
        """Read the configuration anew, and wait until that is done.

        All of it is read, whatever the module; nothing changes when it has an error.  This call keeps the
        dialplan that it began with.

        Args:
            module: a module of Asterisk's (`pbx_config`), or several joined by `&`; each has to be here.

        Sets:
            RELOADSTATUS: SUCCESS or FAILURE.
        """

    async def ResetCDR(self, options: ResetCdrOptions | str = ...) -> None:
        """Let the call's record begin now: duration and answer count from here.

        Args:
            options: see the letters.
        """

    async def ResponseTimeout(self, seconds: Text = ...) -> None:
        """Set how long to wait for the first digit.  Today it is Set(TIMEOUT(response)=...)."""

    async def RetryDial(self, announce: Text, sleep: Text, retries: int | str, dialargs: Text) -> None:
        """Dial, and dial again after a pause until somebody answers.

        While it waits the caller may press the digit of an extension of the context ${EXITCONTEXT} (or of the
        call's), with option d of Dial.

        Args:
            announce: a sound that is played before each pause.
            sleep: seconds of each pause.
            retries: how often to dial again; -1 without end.
            dialargs: as Dial() takes them.

        Sets:
            DIALSTATUS: of the last attempt.
        """

    async def Return(self, value: Text = ...) -> None:
        """Go back to where the subroutine was called from.

        Sets:
            GOSUB_RETVAL: the value given here.
        """

    async def Ringing(self) -> None:
        """Tell the caller that it rings."""

    async def SayAlpha(self, string: Text) -> None:
        """Spell a text: letters, digits and signs by their names.

        Args:
            string: what to spell.
        """

    async def SayAlphaCase(self, casetype: Literal['a', 'l', 'n', 'u'] | str, string: Text) -> None:
        """Spell a text, and say of letters whether they are capital or small.

        Args:
            casetype: a for all letters, l for small ones only, u for capital ones only, n for none.
            string: what to spell.
        """

    async def SayCountedAdj(self, number: Text, filename: Text, gender: Text = ...) -> None:
        """Say an adjective in the form that a number asks for (without the number).

        Args:
            number: how many.
            filename: the sound; English adjectives have one form.
            gender: m, f, n or c, where the language has genders.
        """

    async def SayCountedNoun(self, number: Text, filename: Text) -> None:
        """Say a number and what is counted, in the form that the number asks for (one message, two messages).

        Args:
            number: how many.
            filename: the sound of one; with an s behind its name that of several.
        """

    async def SayDigits(self, digits: Text) -> None:
        """Say digits one by one in the channel's language.

        Args:
            digits: what to say: 0-9, *, #, -.
        """

    async def SayNumber(self, number: Text, gender: Text = ...) -> None:
        """Say a number in the channel's language.

        Args:
            number: a whole number.
            gender: m, f or n, where the language has genders.
        """

    async def SayPhonetic(self, string: Text) -> None:
        """Spell a text in the spelling alphabet: alfa, bravo, charlie.

        Args:
            string: what to spell.
        """

    async def SayUnixTime(self, unixtime: Text = ..., timezone: Text = ..., format: Text = ..., options: SayTimeOptions | str = ...) -> None:
        """Say a date and time in the channel's language.

        The letters of the format: A day of the week, B month, m month as a number, d day, Y year, I hour of
        twelve, H and k hour of 24, M minute, S second, p a.m. or p.m., Q today, yesterday or the date, q the same
        or the day of the week, R for HM, T for HMS; 'file' plays a sound file.

        Args:
            unixtime: seconds since 1970; now if not given.
            timezone: as in the tz database; the machine's if not given.
            format: what is said; the language's own form if not given.
            options: j.
        """

    async def SendDTMF(self, digits: Text, timeout_ms: int | str = ..., duration_ms: int | str = ..., channel: Text = ..., options: SendDtmfOptions | str = ...) -> None:
        """Send DTMF digits.

        Args:
            digits: 0-9 * # A-D; w waits half a second, W a whole one; f flashes the hook.
            timeout_ms: pause between digits.
            duration_ms: length of each digit.
            channel: the channel to send on; this one if not given.
            options: a.
        """

    async def SendText(self, text: Text = ...) -> None:
        """Send a text to the caller's display, within the call.

        Args:
            text: what to send; the variable SENDTEXT_BODY if not given.

        Sets:
            SENDTEXTSTATUS: SUCCESS, FAILURE, or UNSUPPORTED by the channel's technology.
            SENDTEXTTYPE: ENHANCED or BASIC, as the technology carries more than the text or not; NONE when
                nothing was sent.

        The variables SENDTEXT_CONTENT_TYPE, SENDTEXT_FROM_DISPLAYNAME and SENDTEXT_TO_DISPLAYNAME say what the
        text is (text/plain if not given), and the names that it is from and to.
        """

    async def Set(self, assignment: Text) -> None:
        """Set a variable or function: Set(name=value).

        A name that begins with `_` is inherited by the next channel that this one dials, with `__` by all
        that follow.
        """

    async def SetAccount(self, code: Text) -> None:
        """Set the account that the call belongs to.  Today it is Set(CHANNEL(accountcode)=...)."""

    async def SetAMAFlags(self, flags: Text) -> None:
        """Set what call records are used for: omit, billing, documentation.  Today CHANNEL(amaflags)."""

    async def SetCallerID(self, callerid: Text, options: Text = ...) -> None:
        """Set name and number of the caller.  Today it is Set(CALLERID(all)=...).

        Args:
            callerid: `"name" <number>`.
            options: a, which also set the ANI; that follows the caller id here unless it is set.
        """

    async def SetCallerPres(self, presentation: Text) -> None:
        """Set whether the caller's number is shown.  Today it is Set(CALLERID(pres)=...)."""

    async def SetCDRUserField(self, text: Text) -> None:
        """Set a text of one's own in the call record.  Today it is Set(CDR(userfield)=...)."""

    async def SetCIDName(self, name: Text, options: Text = ...) -> None:
        """Set the caller's name.  Today it is Set(CALLERID(name)=...).

        Args:
            name: the name.
            options: a, without a meaning of its own.
        """

    async def SetCIDNum(self, number: Text, options: Text = ...) -> None:
        """Set the caller's number.  Today it is Set(CALLERID(num)=...).

        Args:
            number: the number.
            options: a, without a meaning of its own.
        """

    async def SetGlobalVar(self, assignment: Text) -> None:
        """Set a global variable: SetGlobalVar(name=value).  Today it is Set(GLOBAL(name)=value)."""

    async def SetGroup(self, group: Text) -> None:
        """Put the channel into a group: SetGroup(group[@category]).  Today it is Set(GROUP()=...)."""

    async def SetLanguage(self, language: Text) -> None:
        """Set the channel's language.  Today it is Set(CHANNEL(language)=...)."""

    async def SetMusicOnHold(self, musicclass: Text) -> None:
        """Set what the channel hears on hold.  Today it is Set(CHANNEL(musicclass)=...)."""

    async def SetVar(self, assignment: Text) -> None:
        """Set a variable: SetVar(name=value).  Today it is Set()."""

    async def SIPAddHeader(self, header: Text) -> None:
        """Add a header to the INVITE of the calls that this channel dials: SIPAddHeader(Name: value).

        Today it is Set(PJSIP_HEADER(add,Name)=value) in a handler of Dial's option b.
        """

    async def SIPRemoveHeader(self, header: Text = ...) -> None:
        """Take headers back that SIPAddHeader() has added: those that begin so; all without an argument."""

    async def SoftHangup(self, name: Text, options: SoftHangupOptions | str = ...) -> None:
        """Hang up another channel.

        Args:
            name: the channel (PJSIP/6001-00000001), or with option a the device (PJSIP/6001).
            options: a.
        """

    async def StackPop(self) -> None:
        """Forget where the subroutine was called from; the call goes on here."""

    async def StartMusicOnHold(self, musicclass: Text = ...) -> None:
        """Play music on hold while the dialplan goes on.

        Args:
            musicclass: the class of musiconhold.conf; the channel's own if not given.
        """

    async def Stasis(self, app_name: Text, *args: Text) -> None:
        """Hand the channel to an ARI application until that lets it go on.

        Args:
            app_name: the application, for which a client must be connected to `/ari/events?app=...`.
            args: what the application is told in StasisStart.

        Sets:
            STASISSTATUS: SUCCESS when the application let the channel go on or it has hung up there, FAILED when
                there is no such application.
        """

    async def StasisBroadcast(self, timeout: int | str = ..., app_filter: Text = ..., args: Text = ..., notify_claimed: Text = ...) -> None:
        """Offer the channel to all ARI applications; the first one that claims it gets it.

        Every application that a client is connected for is sent CallBroadcast, and claims the channel with
        `POST /events/claim`.  The others are refused.  When nobody claims it in time the dialplan goes on.

        Args:
            timeout: how long to wait for a claim, in ms, at most 60000.
            app_filter: a regular expression; applications whose name does not match are not asked.
            args: what the winner is told in StasisStart, separated by colons.
            notify_claimed: yes: those who have not won are sent CallClaimed.

        Sets:
            STASISSTATUS: SUCCESS when the application that claimed the channel let it go on or it has hung up
                there, FAILED when it could not be handed over, TIMEOUT when nobody claimed it.
        """

    async def StatsD(self, metric_type: Text, statistic_name: Text, value: Text, sample_rate: Text = ...) -> None:
        """Send a statistic to the server of statsd.conf.

        Args:
            metric_type: g: gauge, c: counter, ms: time in milliseconds, s: set.
            statistic_name: its name, without the character |.
            value: a number, `+` and `-` in front change a gauge or counter; of a set any text.
            sample_rate: the chance that it is sent, above 0; 1: always.
        """

    async def StopMixMonitor(self, mixmonitorid: Text = ...) -> None:
        """End a recording of MixMonitor(), so that its file can be used.

        Args:
            mixmonitorid: the id that option i of MixMonitor() gave; without it all of the channel's end.
        """

    async def StopMonitor(self) -> None:
        """End what Monitor() began.  Today it is StopMixMonitor()."""

    async def StopMusicOnHold(self) -> None:
        """Stop what StartMusicOnHold plays."""

    async def StopPlayTones(self) -> None:
        """Stop what Playtones plays."""

    async def StreamEcho(self, num: int | str | None = ..., type: Text = ...) -> None:
        """Send the caller's streams back until `#` is pressed, video as well as audio.

        Args:
            num: so many streams of the type are asked for first, by a re-INVITE; what is too many is taken away.
                Without it the streams stay as they are.
            type: `audio` or `video`.
        """

    async def System(self, command: Text) -> None:
        """Run a command of the system's shell and wait for its end; the call ends when it cannot be run.

        Args:
            command: as a shell takes it; what it prints goes nowhere.

        Sets:
            SYSTEMSTATUS: SUCCESS, APPERROR when it ended with an error of its own, or FAILURE.
        """

    async def ToneScan(self, zone: Text = ..., timeout: float | str = ..., threshold: int | str = ..., options: ScanOptions | str = ...) -> None:
        """Wait until a tone of call progress is heard, and go on.

        A tone that goes on (a dial tone) is one when it has lasted longer than any burst of the country's tones;
        bursts are told apart by their length, a busy tone and congestion after two of them.

        Args:
            zone: the country whose tones are expected; the channel's, else the default one.
            timeout: seconds after which the dialplan goes on without; 0: never.
            threshold: how many bursts are needed; more of them mean fewer mistakes.
            options: see the letters.

        Sets:
            TONESCANSTATUS: RINGING, BUSY, SIT, DIALTONE, NUT (the number cannot be obtained), MODEM, FAX, VOICE,
                DTMF, TIMEOUT or HANGUP.
        """

    async def Transfer(self, destination: Text) -> None:
        """Send the caller to somebody outside of this node: before the answer by 302, afterwards by REFER.

        Args:
            destination: a number or a SIP URI; with Technology/ before it only its callers are sent.

        Sets:
            TRANSFERSTATUS: SUCCESS, FAILURE or UNSUPPORTED.
            TRANSFERSTATUSPROTOCOL: 0, or the SIP status of a failure.
        """

    async def TryExec(self, text: Text) -> None:
        """Run an application, and go on even when it fails: TryExec(App(args)).

        Sets:
            TRYSTATUS: SUCCESS, FAILED, or NOAPP when there is no such application.
        """

    async def TrySystem(self, command: Text) -> None:
        """Run a command of the system's shell and wait for its end; the call goes on however it ends.

        Args:
            command: as a shell takes it; what it prints goes nowhere.

        Sets:
            SYSTEMSTATUS: SUCCESS, APPERROR when it ended with an error of its own, or FAILURE.
        """

    async def UnpauseMonitor(self) -> None:
        """Go on after PauseMonitor()."""

    async def UserEvent(self, eventname: Text, *body: Text) -> None:
        """Send an event of your own to the programs that listen (AMI, ARI).

        Args:
            eventname: what it is called.
            body: further headers, each `Name: value`.
        """

    async def Verbose(self, text: Text) -> None:
        """Write a message to the console and the log.

        Verbose([level,]message): messages with a level above that of `core set verbose` are left out.
        """

    async def Wait(self, seconds: Text = ...) -> None:
        """Wait.

        Args:
            seconds: how long, fractions allowed; or with a unit: 500ms, 2s, 1m, 1h.
        """

    async def WaitDigit(self, seconds: Text = ..., digits: Text = ...) -> None:
        """Wait for the caller to press a key.

        Args:
            seconds: how long; without end if not given.
            digits: which keys count; all if not given.

        Sets:
            WAITDIGITSTATUS: DTMF, TIMEOUT, ERROR or CANCEL.
            WAITDIGITRESULT: the key.
        """

    async def WaitExten(self, seconds: Text = ..., options: WaitExtenOptions | str = ...) -> None:
        """Wait for the caller to dial an extension.

        When nothing is dialled the call goes on with the next priority, if there is one; else at `t`.

        Args:
            seconds: how long to wait for the first digit; TIMEOUT(response) if not given.
            options: m, d.
        """

    async def WaitForCondition(self, replacementchar: Text, expression: Text, timeout: float | str = ..., interval: Text = ...) -> None:
        """Wait until a condition holds, which is looked at again and again.

        Args:
            replacementchar: what stands in the expression for `$`, which would be replaced once and for all.
            expression: the condition: `#["#{done}"="1"]` with # for the character.
            timeout: seconds after which to give up; 0 for never.
            interval: seconds between two looks, 0.05 if not given.

        Sets:
            WAITFORCONDITIONSTATUS: TRUE, TIMEOUT, HANGUP or FAILURE.
        """

    async def WaitForNoise(self, noiserequired: int | str = ..., iterations: int | str = ..., timeout: float | str = ...) -> None:
        """Wait until the caller has made sound for so long, so many times.

        Args:
            noiserequired: ms of sound.
            iterations: how many times.
            timeout: seconds after which it gives up; 0 never.

        Sets:
            WAITSTATUS: NOISE, TIMEOUT or HANGUP.
        """

    async def WaitForRing(self, timeout: float | str) -> None:
        """Wait until the far end says that it rings (a channel that was originated), or for so many seconds.

        Args:
            timeout: seconds.
        """

    async def WaitForSilence(self, silencerequired: int | str = ..., iterations: int | str = ..., timeout: float | str = ...) -> None:
        """Wait until the caller has been silent for so long, so many times.

        Args:
            silencerequired: ms of silence.
            iterations: how many times.
            timeout: seconds after which it gives up; 0 never.

        Sets:
            WAITSTATUS: SILENCE, TIMEOUT or HANGUP.
        """

    async def WaitForTone(self, freq: float | str, duration_ms: int | str = ..., timeout: float | str = ..., times: int | str = ..., options: WaitForToneOptions | str = ...) -> None:
        """Wait until a single tone is heard for so long, so many times.

        Args:
            freq: its frequency, in Hz.
            duration_ms: how long it lasts at least.
            timeout: seconds after which the dialplan goes on without; 0: never.
            times: how often it is to be heard.
            options: see the letters.

        Sets:
            WAITFORTONESTATUS: SUCCESS, TIMEOUT, HANGUP or ERROR.
        """

    async def WaitUntil(self, epoch: Text = ...) -> None:
        """Wait until a moment.

        Args:
            epoch: the moment, in seconds since 1970; fractions allowed.

        Sets:
            WAITUNTILSTATUS: OK, PAST when the moment has passed, FAILURE for what is no moment, HANGUP.
        """

    async def While(self, condition: Text = ...) -> None:
        """Repeat what stands between here and EndWhile as long as a condition holds: While(condition)."""

    async def Zapateller(self, options: ZapatellerOptions | str = ...) -> None:
        """Play the tones of a number that is out of service, at which diallers of telemarketers hang up.

        Args:
            options: answer, nocallerid.

        Sets:
            ZAPATELLERSTATUS: NOTHING, ANSWERED when the channel was up already, or ZAPPED.
        """


class _ABS:
    """A number without its sign."""
    def __call__(self, number: Text) -> str: ...

class _AES_DECRYPT:
    """The text that AES_ENCRYPT() has encrypted, up to the first zero.

    Args:
        key: 16 characters.
        string: what AES_ENCRYPT() gave, in base64.
    """
    def __call__(self, key: Text, string: Text) -> str: ...

class _AES_ENCRYPT:
    """A text encrypted with AES-128, in base64; the last block of 16 octets is filled up with zeros.

    Equal blocks look equal (ECB), and nothing tells whether somebody has changed it: it hides a number, and
    keeps no secret.

    Args:
        key: 16 characters.
        string: the text.
    """
    def __call__(self, key: Text, string: Text) -> str: ...

class _AGC:
    """The level that speech is brought to, or off: Set(AGC(rx)=8000).

    It is the mean magnitude of samples (1 to 32768) while somebody talks.

    Args:
        channeldirection: rx, what the channel says, or tx, what it hears.
    """
    def __call__(self, channeldirection: Text) -> str: ...
    def set(self, new_value: object, channeldirection: Text) -> None: ...

class _ARRAY:
    """Set several variables at once: Set(ARRAY(a,b,c)=1,2,3); those without a value become empty."""
    def set(self, new_value: object, *varnames: Text) -> None: ...

class _AST_CONFIG:
    """A value of a configuration file, as it is written there.

    Args:
        config_file: its name, in the configuration folder unless it is a whole path.
        category: the section.
        variable_name: the key.
        index: which of several lines of that key, counted from 0; -1 is the last.
    """
    def __call__(self, config_file: Text, category: Text, variable_name: Text, index: int | str = ...) -> str: ...

class _BASE64_DECODE:
    """The text that base64 stands for."""
    def __call__(self, string: Text = ...) -> str: ...

class _BASE64_ENCODE:
    """The text in base64 (RFC 4648)."""
    def __call__(self, string: Text = ...) -> str: ...

class _BASENAME:
    """The last part of a path."""
    def __call__(self, filename: Text) -> str: ...

class _BLACKLIST:
    """Whether the caller's number or name is a key of the database's family `blacklist`: 1 or 0."""
    def __call__(self) -> str: ...

class _CALLCOMPLETION:
    """A setting of call completion as it is for this channel; set it to have it different for this call.

    What the caller's channel has counts for the channels that it dials, too, unless they have their own
    (Dial's option b, `set_var` of an endpoint).

    Args:
        option: of the caller cc_agent_policy (never, generic), cc_offer_timer, cc_recall_timer,
            cc_agent_dialstring, cc_callback_sub, cc_callback_macro, cc_max_agents; of the called party
            cc_monitor_policy (never, generic, always), ccbs_available_timer, ccnr_available_timer,
            cc_max_monitors.  Timers are seconds.
    """
    def __call__(self, option: Text) -> str: ...
    def set(self, new_value: object, option: Text) -> None: ...

class _CALLERID:
    """The caller id: num, name, all, pres, ANI, DNID, RDNIS, tag and their parts.

    With a second argument, a caller id written in one piece is taken apart instead of the channel's.
    """
    def __call__(self, datatype: Text, cid: Text = ...) -> str: ...
    def set(self, new_value: object, datatype: Text, cid: Text = ...) -> None: ...

class _CDR:
    """A field of the channel's call record, or a value that Set(CDR(name)=...) has put there.

    Fields: clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, start, answer, end, duration,
    billsec, disposition, amaflags, accountcode, peeraccount, uniqueid, linkedid, userfield, sequence.
    What is not over yet counts up to now.
    """
    def __call__(self, name: Text, options: CdrOptions | str = ...) -> str: ...
    def set(self, new_value: object, name: Text, options: CdrOptions | str = ...) -> None: ...

class _CDR_PROP:
    """How call records treat the channel: `disable` (1: write none), `party_a` (1: it is the calling one)."""
    def set(self, new_value: object, name: Text) -> None: ...

class _CHANNEL:
    """An item of the channel: name, state, language, accountcode, linkedid ..., or of its technology."""
    def __call__(self, item: Text) -> str: ...
    def set(self, new_value: object, item: Text) -> None: ...

class _CHANNEL_EXISTS:
    """1 when there is a channel of this name or unique id, else 0."""
    def __call__(self, name_or_uid: Text) -> str: ...

class _CHANNELS:
    """The names of all channels, or of those that match, separated by blanks."""
    def __call__(self, regular_expression: Text = ...) -> str: ...

class _CONFBRIDGE:
    """Set an option of the profiles and menus that ConfBridge() without names takes for this call.

    `type` is bridge, user or menu; `option` one of confbridge.conf, keys for a menu.  `template`: begin with
    a profile of confbridge.conf.  `clear`: forget what was set.
    """
    def set(self, new_value: object, type: Text, option: Text) -> None: ...

class _CONFBRIDGE_CHANNELS:
    """The channels of a conference room, separated by commas: parties, admins, marked, active or waiting."""
    def __call__(self, type: Text, conf: Text) -> str: ...

class _CONFBRIDGE_INFO:
    """A number of a conference room: parties, admins, marked; locked and muted are 1 or 0.

    A room that does not exist has 0 of everything.
    """
    def __call__(self, type: Text, conf: Text) -> str: ...

class _CONNECTEDLINE:
    """Whom the channel is connected with: num, name, all, pres, tag."""
    def __call__(self, datatype: Text, inhibit: Text = ...) -> str: ...
    def set(self, new_value: object, datatype: Text, inhibit: Text = ...) -> None: ...

class _CSV_QUOTE:
    """The text in double quotes, with quotes in it doubled, as CSV files have it."""
    def __call__(self, string: Text = ...) -> str: ...

class _CURL:
    """What a web server answers: CURL(url[,post-data]); empty when it cannot be reached.

    With CURLOPT(hashcompat) an answer in form encoding gives its values, for Set(HASH(x)=${CURL(...)}), which
    finds their names.  At most one MiB of an answer is kept.

    Args:
        url: http, https or ftp.
        post_data: what is sent by POST; without it the request is a GET.

    Sets:
        CURL_STATUS: the status of the answer, 0 when there was none.
    """
    def __call__(self, url: Text, post_data: Text = ...) -> str: ...

class _CURLOPT:
    """An option of CURL() on this channel: httptimeout, conntimeout, useragent, userpwd, httpheader ...

    Args:
        key: the option; `httpheader` is added to each time that it is set, all others are replaced.
    """
    def __call__(self, key: Text) -> str: ...
    def set(self, new_value: object, key: Text) -> None: ...

class _CUT:
    """Fields of a variable: CUT(varname,delimiter,fields).

    The delimiter is `-` if not given.  Fields are counted from 1: `2`, `2-` (to the last), `-2`, `2-4`,
    several joined with `&`.
    """
    def __call__(self, varname: Text, delimiter: Text | None = ..., fields: Text | None = ...) -> str: ...

class _DB:
    """An entry of the database: DB(family/key).

    Sets:
        DB_RESULT: the value, when there is such an entry.
    """
    def __call__(self, entry: Text) -> str: ...
    def set(self, new_value: object, entry: Text) -> None: ...

class _DB_DELETE:
    """Remove an entry from the database, and give the value that it had: DB_DELETE(family/key).

    Sets:
        DB_RESULT: the value, when there was such an entry.
    """
    def __call__(self, entry: Text) -> str: ...
    def set(self, new_value: object, entry: Text) -> None: ...

class _DB_EXISTS:
    """Whether there is such an entry in the database, 1 or 0: DB_EXISTS(family/key).

    Sets:
        DB_RESULT: the value, when there is such an entry.
    """
    def __call__(self, entry: Text) -> str: ...

class _DB_KEYCOUNT:
    """How many keys there are below a prefix; how many families without one."""
    def __call__(self, prefix: Text = ...) -> str: ...

class _DB_KEYS:
    """The keys below a prefix, separated by commas; the families without one."""
    def __call__(self, prefix: Text = ...) -> str: ...

class _DEC:
    """Take 1 off a variable; gives the new value."""
    def __call__(self, variable: Text) -> str: ...

class _DELETE:
    """Forget a variable: Set(DELETE(varname)=)."""
    def set(self, new_value: object, varname: Text) -> None: ...

class _DENOISE:
    """Whether noise is taken out of speech, on or off: Set(DENOISE(rx)=on).

    What goes on and on (fans, streets, hum, hiss) is brought down by up to 18 dB; it takes a second or two to
    be learned.  The audio is 10 ms later for it.  Music and modems suffer: it is for speech.

    Args:
        channeldirection: rx, what the channel says, or tx, what it hears.
    """
    def __call__(self, channeldirection: Text) -> str: ...
    def set(self, new_value: object, channeldirection: Text) -> None: ...

class _DEVICE_STATE:
    """What a device does: NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD, UNKNOWN.

    A device is written as it is dialled, Technology/Resource, or as Custom:name, whose state is what was set.
    """
    def __call__(self, device: Text) -> str: ...
    def set(self, new_value: object, device: Text) -> None: ...

class _DIALGROUP:
    """The members of a group, joined by & as Dial() takes them.

    Args:
        group: its name.
        op: when it is set: add a member, del one; without it the members are replaced.
    """
    def __call__(self, group: Text, op: Text = ...) -> str: ...
    def set(self, new_value: object, group: Text, op: Text = ...) -> None: ...

class _DIALPLAN_EXISTS:
    """1 when there is such a context, extension in it, and priority (or label) of that; else 0."""
    def __call__(self, context: Text, extension: Text = ..., priority: Text = ...) -> str: ...

class _DIGIT_SUM:
    """The sum of the digits of a number."""
    def __call__(self, number: Text) -> str: ...

class _DIRNAME:
    """A path without its last part; `.` when there is nothing else."""
    def __call__(self, filename: Text) -> str: ...

class _ENUMLOOKUP:
    """Where a number leads by the DNS (RFC 6116); empty when it leads nowhere.

    Args:
        number: in E.164, with or without +.
        method_type: sip, iax2, h323, tel ..., or ALL.
        options: c gives how many there are; u gives whole URIs; s and i and d look elsewhere in Asterisk and
            mean nothing here.
        record: which of several, counted from 1 in their order.
        zone_suffix: e164.arpa, or another tree.
    """
    def __call__(self, number: Text, method_type: Text = ..., options: Text = ..., record: int | str = ..., zone_suffix: Text = ...) -> str: ...

class _ENUMQUERY:
    """Look a number up in the DNS; gives an id for ENUMRESULT()."""
    def __call__(self, number: Text, method_type: Text = ..., zone_suffix: Text = ...) -> str: ...

class _ENUMRESULT:
    """A result of ENUMQUERY(), counted from 1; `getnum` gives how many there are."""
    def __call__(self, id: Text, resultnum: Text) -> str: ...

class _ENV:
    """A variable of the program's environment."""
    def __call__(self, varname: Text) -> str: ...
    def set(self, new_value: object, varname: Text) -> None: ...

class _EVAL:
    """The text with the variables in it replaced once more."""
    def __call__(self, string: Text = ...) -> str: ...

class _EVAL_EXTEN:
    """The text of a priority, evaluated now: EVAL_EXTEN([[context,]exten,]priority).

    It is the argument of a priority with Return(), which makes of an extension a function.  ${EXTEN} and
    ${CONTEXT} in it are that priority's.
    """
    def __call__(self, place: Text) -> str: ...

class _EVAL_SUB:
    """What a subroutine returns: EVAL_SUB([[context,]exten,]priority[(arg1,...)])."""
    def __call__(self, place: Text) -> str: ...

class _EXCEPTION:
    """Why the call is at `e`: reason, context, exten or priority of what went wrong."""
    def __call__(self, field: Text) -> str: ...

class _EXISTS:
    """1 when the text is not empty, else 0."""
    def __call__(self, data: Text = ...) -> str: ...

class _EXPORT:
    """Set a variable of another channel: Set(EXPORT(channel,var)=value); it cannot be read."""
    def __call__(self, channel: Text, var: Text) -> str: ...
    def set(self, new_value: object, channel: Text, var: Text) -> None: ...

class _EXTENSION_STATE:
    """What the devices of an extension's hint do, as one: EXTENSION_STATE(6001@internal).

    The words are those of DEVICE_STATE(), and HOLDINUSE; UNKNOWN without a hint.  Without @ it is the
    context `default`.
    """
    def __call__(self, extension: Text) -> str: ...

class _FEATURE:
    """A setting of features.conf [general], as it is for this channel; set it to have it different.

    Args:
        option_name: `transferdigittimeout`, `atxferdropcall` ..., or `inherit`: whether the channels that
            this one dials have its own settings, too.
    """
    def __call__(self, option_name: Text) -> str: ...
    def set(self, new_value: object, option_name: Text) -> None: ...

class _FEATUREMAP:
    """The digits of a built-in feature on this channel; set it to have others.

    Args:
        feature_name: atxfer, automixmon, blindxfer or disconnect.
    """
    def __call__(self, feature_name: Text) -> str: ...
    def set(self, new_value: object, feature_name: Text) -> None: ...

class _FIELDNUM:
    """Which field of a variable has this value, counted from 1; 0 when none has."""
    def __call__(self, varname: Text, delimiter: Text, value: Text) -> str: ...

class _FIELDQTY:
    """How many fields a variable has; 0 when it is empty."""
    def __call__(self, varname: Text, delimiter: Text) -> str: ...

class _FILE:
    """A text file, or a part of it; at most one MiB of the file is read.

    Args:
        filename: its path.
        offset: how many characters (or lines) to skip; from the end when it is negative.
        length: how many there are to be, all if not given; negative ones leave so many off the end.
        options: l.
        format: how lines end: u, d or m (Unix, DOS, old Macintosh); found out if not given.
    """
    def __call__(self, filename: Text, offset: int | str | None = ..., length: int | str | None = ..., options: FileOptions | str = ..., format: Text = ...) -> str: ...
    def set(self, new_value: object, filename: Text, offset: int | str | None = ..., length: int | str | None = ..., options: FileOptions | str = ..., format: Text = ...) -> None: ...

class _FILE_COUNT_LINE:
    """How many lines a text file has, as far as one MiB goes; -1 when it cannot be read.

    Args:
        filename: its path.
        format: how lines end: u, d or m; found out if not given.
    """
    def __call__(self, filename: Text, format: Text = ...) -> str: ...

class _FILE_FORMAT:
    """How the lines of a text file end: u (Unix), d (DOS), m (old Macintosh), x when it has none."""
    def __call__(self, filename: Text) -> str: ...

class _FILTER:
    """The text without the characters that are not allowed: FILTER(allowed,text).

    Allowed are characters and ranges (`0-9a-f`); `\\x41` is a code, `\\-`, `\\,` and `\\\\` are themselves.
    """
    def __call__(self, text: Text) -> str: ...

class _GLOBAL:
    """A global variable."""
    def __call__(self, varname: Text) -> str: ...
    def set(self, new_value: object, varname: Text) -> None: ...

class _GLOBAL_DELETE:
    """Forget a global variable: Set(GLOBAL_DELETE(varname)=)."""
    def set(self, new_value: object, varname: Text) -> None: ...

class _GLOBAL_EXISTS:
    """1 when there is such a global variable, even an empty one; else 0."""
    def __call__(self, varname: Text) -> str: ...

class _GROUP:
    """The group that the channel is in, of a category or of none."""
    def __call__(self, category: Text = ...) -> str: ...
    def set(self, new_value: object, category: Text = ...) -> None: ...

class _GROUP_COUNT:
    """How many channels are in a group: GROUP_COUNT([group][@category]); the channel's own if not given."""
    def __call__(self, group_and_category: Text = ...) -> str: ...

class _GROUP_LIST:
    """All groups that the channel is in, as group@category, separated by blanks; those without one last."""
    def __call__(self) -> str: ...

class _GROUP_MATCH_COUNT:
    """How many channels are in groups that match regular expressions: GROUP_MATCH_COUNT(group[@category])."""
    def __call__(self, match_and_category: Text) -> str: ...

class _HANGUPCAUSE:
    """Why a leg that this call dialled ended, or the own channel.

    Args:
        channel: its name, as HANGUPCAUSE_KEYS() gives it.
        kind: `tech`: in its technology's words (SIP 486 Busy Here); `ast`: in those of Q.850 (User busy).
    """
    def __call__(self, channel: Text, kind: Text) -> str: ...

class _HANGUPCAUSE_KEYS:
    """The legs for which HANGUPCAUSE() knows why they ended, separated by commas."""
    def __call__(self) -> str: ...

class _HASH:
    """A value of a hash; without a key, all values, separated by commas."""
    def __call__(self, hashname: Text, hashkey: Text | None = ...) -> str: ...
    def set(self, new_value: object, hashname: Text, hashkey: Text | None = ...) -> None: ...

class _HASHKEYS:
    """The keys of a hash, separated by commas."""
    def __call__(self, hashname: Text) -> str: ...

class _HINT:
    """The devices that the hint of an extension (6001@internal) names; with option n, what follows them."""
    def __call__(self, extension: Text, options: Text = ...) -> str: ...

class _HOLD_INTERCEPT:
    """Announce what the far end signals as hold, and do nothing else: Set(HOLD_INTERCEPT(set)=).

    AMI tells of Hold and Unhold, ARI of ChannelHold and ChannelUnhold; the other party hears no music.

    Args:
        action: set, or remove to have the far end hold others again.
    """
    def set(self, new_value: object, action: Text) -> None: ...

class _ICONV:
    """A text whose bytes are of one character set, in another; what has no counterpart is left out.

    Args:
        in_charset: what the text's bytes are.
        out_charset: what they become.
        string: the text.
    """
    def __call__(self, in_charset: Text, out_charset: Text, string: Text) -> str: ...

class _IF:
    """One of two texts: IF(condition?this:that)."""
    def __call__(self, text: Text) -> str: ...

class _IFMODULE:
    """1 when what Asterisk has in this module (app_dial.so) is here, else 0."""
    def __call__(self, modulename: Text) -> str: ...

class _IFTIME:
    """One of two texts by the time: IFTIME(times,weekdays,days,months[,zone]?this:that)."""
    def __call__(self, text: Text) -> str: ...

class _IMPORT:
    """A variable or function of another channel."""
    def __call__(self, channel: Text, variable: Text) -> str: ...

class _INC:
    """Add 1 to a variable; gives the new value."""
    def __call__(self, variable: Text) -> str: ...

class _ISNULL:
    """1 when the text is empty, else 0."""
    def __call__(self, data: Text = ...) -> str: ...

class _JITTERBUFFER:
    """A jitter buffer for what the channel hears; set it: JITTERBUFFER(adaptive)=default.

    The value is "default", or max_size, resync_threshold, target_extra and sync_video, any of
    which may be left out: 200 ms, 1000 ms, 40 ms, no.  A fixed one holds back for max_size.

    Args:
        jitterbuffer_type: fixed, adaptive or disabled.
    """
    def __call__(self, jitterbuffer_type: Text) -> str: ...
    def set(self, new_value: object, jitterbuffer_type: Text) -> None: ...

class _JSON_DECODE:
    """A value out of a variable that has JSON in it; empty when there is no such member.

    Objects and arrays come as JSON, null as an empty text, true and false as 1 and 0.

    Args:
        varname: the variable (its name).
        item: the member; members of members by names joined with the separator, elements of arrays by
            their number, counted from 0.
        separator: what stands between names; a dot if not given.
        options: c.
    """
    def __call__(self, varname: Text, item: Text, separator: Text = ..., options: JsonOptions | str = ...) -> str: ...

class _KEYPADHASH:
    """The keys of a telephone that the letters are on: `Les` is 537."""
    def __call__(self, string: Text = ...) -> str: ...

class _LEN:
    """The number of characters of a text."""
    def __call__(self, string: Text = ...) -> str: ...

class _LISTFILTER:
    """A list without one of its values."""
    def __call__(self, varname: Text, delimiter: Text, value: Text) -> str: ...

class _LOCAL:
    """A variable of this subroutine, or of an outer one."""
    def __call__(self, varname: Text) -> str: ...
    def set(self, new_value: object, varname: Text) -> None: ...

class _LOCAL_PEEK:
    """A local variable as the subroutine n levels further out sees it."""
    def __call__(self, n: int | str, varname: Text) -> str: ...

class _LOCK:
    """Take a lock that other calls may want: 1, or 0 when it did not come free within three seconds.

    It is given back by UNLOCK() or by the end of the channel; a channel may take it several times.
    """
    def __call__(self, lockname: Text) -> str: ...

class _LOG_GROUP:
    """Put the call into a group of the log: Set(LOG_GROUP()=group); an empty one takes it out of any.

    `logger filter changroup GROUP` has consoles show calls of chosen groups only.
    """
    def set(self, new_value: object, group: Text = ...) -> None: ...

class _LTRIM:
    """The text without blanks before it."""
    def __call__(self, string: Text = ...) -> str: ...

class _MASTER_CHANNEL:
    """A variable or function of the channel that this call began with; of this one when that is gone."""
    def __call__(self, variable: Text) -> str: ...
    def set(self, new_value: object, variable: Text) -> None: ...

class _MATH:
    """Calculate with two numbers: MATH(number operator number[,type]).

    Operators: + - * / % ^ (power) << >> AND OR XOR < <= > >= ==; comparisons give TRUE or FALSE.
    Types: f (six decimals, the default), i (whole number), h (hexadecimal), c (character).
    """
    def __call__(self, expression: Text, result_type: Text = ...) -> str: ...

class _MAX:
    """The larger of two numbers."""
    def __call__(self, number1: Text, number2: Text) -> str: ...

class _MD5:
    """The MD5 sum in hexadecimal digits."""
    def __call__(self, data: Text = ...) -> str: ...

class _MESSAGE:
    """A part of the text message that runs this dialplan, or is composed: to, from or body.

    It can be set, and MessageSend() sends what is set: Set(MESSAGE(body)=hello).  MESSAGE(custom_data) is set
    to mark_all_outbound or clear_all_outbound: whether the headers of MESSAGE_DATA() go along.
    """
    def __call__(self, field: Text) -> str: ...
    def set(self, new_value: object, field: Text) -> None: ...

class _MESSAGE_DATA:
    """A header of the text message by its name, without case; one that is set goes along when it is sent."""
    def __call__(self, name: Text) -> str: ...
    def set(self, new_value: object, name: Text) -> None: ...

class _MIN:
    """The smaller of two numbers."""
    def __call__(self, number1: Text, number2: Text) -> str: ...

class _MIXMONITOR:
    """What is known of a recording by MixMonitor().

    Args:
        id: what its option i gave.
        key: filename.
    """
    def __call__(self, id: Text, key: Text) -> str: ...

class _MUTEAUDIO:
    """Silence in place of what the channel says or hears: Set(MUTEAUDIO(in)=on).

    Args:
        direction: in (what it says), out (what it hears) or all.
    """
    def set(self, new_value: object, direction: Text) -> None: ...

class _ODBC:
    """A property of a transaction: transaction, forcecommit or isolation.

    ODBC(transaction) is the name of the active one; Set(ODBC(transaction,database)=name) begins one and makes
    it the active one, Set(ODBC(transaction)=name) goes back to one that there is.  forcecommit says whether
    it is committed when the call ends before ODBC_Commit() or ODBC_Rollback(), isolation is read_committed,
    read_uncommitted, repeatable_read or serializable; both are of the active one, or of the one that is
    named.  It takes the statements of func_odbc.conf for its database from its beginning to its end.
    """
    def __call__(self, property: Text, argument: Text = ...) -> str: ...
    def set(self, new_value: object, property: Text, argument: Text = ...) -> None: ...

class _ODBC_FETCH:
    """The next row of a result that a function with mode=multirow has kept; empty after the last.

    Sets:
        ODBC_FETCH_STATUS: SUCCESS, or FAILURE when there is no such result or no further row.
    """
    def __call__(self, result_id: Text) -> str: ...

class _PASSTHRU:
    """The text as it is: gives a text to functions that want the name of a variable."""
    def __call__(self, string: Text = ...) -> str: ...

class _PERIODIC_HOOK:
    """Run an extension each so many seconds, and let the channel hear what it plays; gives the hook's id.

    It runs on a Local channel of its own, which has HOOK_CHANNEL and HOOK_ID.  Set(PERIODIC_HOOK(id)=off)
    stops it, `on` lets it go on.

    Args:
        context: the extension's context; to set it, the hook's id alone.
        extension: the extension.
        interval: seconds.
    """
    def __call__(self, context: Text, extension: Text, interval: int | str) -> str: ...
    def set(self, new_value: object, hook_id: Text) -> None: ...

class _PJSIP_AOR:
    """An option of an address of record; `contact` gives the names of its contacts, for PJSIP_CONTACT()."""
    def __call__(self, name: Text, field: Text) -> str: ...

class _PJSIP_CONTACT:
    """A field of a contact: uri, user_agent, expiration_time, status, rtt (microseconds), via_addr, path ...

    Args:
        name: as PJSIP_AOR(aor,contact) gives it.
        field: which.
    """
    def __call__(self, name: Text, field: Text) -> str: ...

class _PJSIP_DIAL_CONTACTS:
    """A dial string that calls every contact of an endpoint at once; empty when there is none to be reached.

    Args:
        endpoint: the endpoint.
        aor: only the contacts of this address of record, in place of all that the endpoint has.
        request_user: the user part to call there, in place of the contact's own.
    """
    def __call__(self, endpoint: Text, aor: Text = ..., request_user: Text = ...) -> str: ...

class _PJSIP_DTMF_MODE:
    """How digits go to and come from this phone: rfc4733, inband, info, auto, auto_info, none; to be set."""
    def __call__(self) -> str: ...
    def set(self, new_value: object) -> None: ...

class _PJSIP_ENDPOINT:
    """An option of an endpoint in pjsip.conf, as it is in force."""
    def __call__(self, name: Text, field: Text) -> str: ...

class _PJSIP_HEADER:
    """Read a header line of the INVITE that came in, or one that was added since.

    Setting it adds a line to the INVITE that goes out (on a called channel: Dial's option b), or to the
    answers to the one that came in.

    Args:
        action: read; add, update and remove when it is set.
        name: the header's name; one that ends in * stands for all that begin so (read, remove).
        number: which line of this name, counted from 1; to be read, a negative one counts from the last.
    """
    def __call__(self, action: Text, name: Text, number: Text = ...) -> str: ...
    def set(self, new_value: object, action: Text, name: Text, number: Text = ...) -> None: ...

class _PJSIP_HEADER_PARAM:
    """A parameter of From: of the INVITE that came in; set on a called channel, of the one that goes out.

    Args:
        header_name: From.
        parameter_type: `header` for one of the header, `uri` for one of the URI in it.
        parameter_name: which.
    """
    def __call__(self, header_name: Text, parameter_type: Text, parameter_name: Text) -> str: ...
    def set(self, new_value: object, header_name: Text, parameter_type: Text, parameter_name: Text) -> None: ...

class _PJSIP_HEADERS:
    """The names of the header lines of the INVITE that came in, separated by commas.

    Args:
        prefix: only those that begin so, in whatever case; all if not given.
    """
    def __call__(self, prefix: Text = ...) -> str: ...

class _PJSIP_INHERITABLE_HEADER:
    """Header lines for the INVITEs of all calls that this channel places, also through Local channels.

    It can only be set.

    Args:
        action: add, update or remove.
        name: the header's name; one that ends in * stands for all that begin so (remove only).
        number: which line of this name is changed, counted from 1.
    """
    def __call__(self, action: Text, name: Text, number: Text = ...) -> str: ...
    def set(self, new_value: object, action: Text, name: Text, number: Text = ...) -> None: ...

class _PJSIP_MEDIA_OFFER:
    """The codecs that this channel offers, with commas; to be set before it is called (option b of Dial).

    Args:
        media: audio.
    """
    def __call__(self, media: Text) -> str: ...
    def set(self, new_value: object, media: Text) -> None: ...

class _PJSIP_MOH_PASSTHROUGH:
    """Whether this phone is put on hold by SIP in place of hearing our music: yes or no; it can be set."""
    def __call__(self) -> str: ...
    def set(self, new_value: object) -> None: ...

class _PJSIP_PARSE_URI:
    """A part of a SIP URI, or of a name and a URI in angle brackets: PJSIP_PARSE_URI(uri,type).

    The type is one of display, scheme, user, passwd, host, port, user_param, method_param, transport_param,
    ttl_param, lr_param (1 or 0) and maddr_param; what is not there is empty.
    """
    def __call__(self, text: Text) -> str: ...

class _PJSIP_PARSE_URI_FROM:
    """The same of the URI in a variable, whose characters need no care: PJSIP_PARSE_URI_FROM(name,type)."""
    def __call__(self, variable: Text, part: Text) -> str: ...

class _PJSIP_RESPONSE_HEADER:
    """A header line of the answer to a call that went out, for a subroutine on the called channel.

    Args:
        action: read.
        name: the header's name; one that ends in * stands for all that begin so.
        number: which line of this name, counted from 1; a negative one counts from the last.
    """
    def __call__(self, action: Text, name: Text, number: Text = ...) -> str: ...

class _PJSIP_RESPONSE_HEADERS:
    """The names of the header lines of the answer to a call that went out (Dial's option U), by commas.

    Args:
        prefix: only those that begin so, in whatever case; all if not given.
    """
    def __call__(self, prefix: Text = ...) -> str: ...

class _PJSIP_SEND_SESSION_REFRESH:
    """Set(PJSIP_SEND_SESSION_REFRESH()=invite) sends the session's description again; it cannot be read."""
    def __call__(self, method: Text = ...) -> str: ...
    def set(self, new_value: object, method: Text = ...) -> None: ...

class _PJSIP_TRANSFER_HANDLING:
    """Who carries out transfers that this phone asks for by REFER: core, or ari-only; it can be set.

    With ari-only a program is told (ARI's ChannelTransfer) and says how it goes (transfer_progress).
    """
    def __call__(self) -> str: ...
    def set(self, new_value: object) -> None: ...

class _POP:
    """Take the last value off a list."""
    def __call__(self, varname: Text, delimiter: Text = ...) -> str: ...

class _PRESENCE_STATE:
    """A presence, by field: value (not_set, available, away, xa, chat, dnd, unavailable), subtype or message.

    Args:
        provider: who tells it: CustomPresence:name.
        field: value, subtype or message.
        options: e gives subtype and message in base64.
    """
    def __call__(self, provider: Text, field: Text, options: Text = ...) -> str: ...
    def set(self, new_value: object, provider: Text) -> None: ...

class _PUSH:
    """Add a value at the end of a list: Set(PUSH(varname[,delimiter])=value)."""
    def set(self, new_value: object, varname: Text, delimiter: Text = ...) -> None: ...

class _QUOTE:
    """The text in double quotes, with quotes and backslashes in it escaped."""
    def __call__(self, string: Text = ...) -> str: ...

class _RAND:
    """A random whole number from minimum to maximum, both included."""
    def __call__(self, minimum: int | str = ..., maximum: int | str = ...) -> str: ...

class _REALTIME:
    """A row of a family as `name=value,name=value,`; empty when there is none.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        delim1: what ends each pair.
        delim2: what stands between name and value.
    """
    def __call__(self, family: Text, fieldmatch: Text, matchvalue: Text = ..., delim1: Text = ..., delim2: Text = ...) -> str: ...
    def set(self, new_value: object, family: Text, fieldmatch: Text, matchvalue: Text, field: Text) -> None: ...

class _REALTIME_DESTROY:
    """Remove the rows that match, and give the first of them as REALTIME() does.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        delim1: what ends each pair.
        delim2: what stands between name and value.
    """
    def __call__(self, family: Text, fieldmatch: Text, matchvalue: Text = ..., delim1: Text = ..., delim2: Text = ...) -> str: ...
    def set(self, new_value: object, family: Text, fieldmatch: Text, matchvalue: Text = ...) -> None: ...

class _REALTIME_FIELD:
    """One column of a row of a family; empty when there is none.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
        fieldname: the column to give.
    """
    def __call__(self, family: Text, fieldmatch: Text, matchvalue: Text, fieldname: Text) -> str: ...
    def set(self, new_value: object, family: Text, fieldmatch: Text, matchvalue: Text, fieldname: Text) -> None: ...

class _REALTIME_HASH:
    """The values of a row, for Set(HASH(name)=${REALTIME_HASH(...)}), which finds their names.

    Args:
        family: a line of extconfig.conf.
        fieldmatch: the column to look in.
        matchvalue: the value to look for.
    """
    def __call__(self, family: Text, fieldmatch: Text, matchvalue: Text) -> str: ...

class _REALTIME_STORE:
    """Add a row: Set(REALTIME_STORE(family,column,column)=value,value).

    Sets:
        REALTIMESTOREID: 1 when the row was added, -1 when not.
    """
    def set(self, new_value: object, family: Text, *fields: Text) -> None: ...

class _RECORDING_INFO:
    """What is known of the last recording by Record().

    Args:
        property: duration, in milliseconds.
    """
    def __call__(self, property: Text) -> str: ...

class _REDIRECTING:
    """What is known of the call's diversion.

    Args:
        datatype: reason (cfu, cfb, cfnr, dnd, deflection, away ...), count, or a part of a party: orig-num,
            from-name, to-all, from-pres, from-tag ..., priv-from-num ...
        inhibit: i, when it is set: the far end is not told.
    """
    def __call__(self, datatype: Text, inhibit: Text = ...) -> str: ...
    def set(self, new_value: object, datatype: Text, inhibit: Text = ...) -> None: ...

class _REGEX:
    """Whether a text matches a POSIX extended regular expression: REGEX("expression" text); 1 or 0."""
    def __call__(self, text: Text) -> str: ...

class _REPLACE:
    """A variable with each of some characters replaced by another one, or left out."""
    def __call__(self, varname: Text, find_chars: Text, replace_char: Text = ...) -> str: ...

class _RTRIM:
    """The text without blanks after it."""
    def __call__(self, string: Text = ...) -> str: ...

class _SAYFILES:
    """The names of the sounds that say something, joined by & as Playback() takes them.

    Args:
        value: what is to be said.
        type: alpha, digits, number or phonetic.
    """
    def __call__(self, value: Text, type: Literal['alpha', 'digits', 'number', 'phonetic'] | str = ...) -> str: ...

class _SET:
    """Set a variable, and give its value: SET(varname=value)."""
    def __call__(self, text: Text) -> str: ...

class _SHA1:
    """The SHA-1 sum in hexadecimal digits."""
    def __call__(self, data: Text = ...) -> str: ...

class _SHARED:
    """A shared variable of this channel, or of another one by its name or unique id.

    Shared variables are apart from the others: any channel may read and write those of any other, and
    nothing inherits them.

    Args:
        varname: the variable.
        channel: whose it is; this one's without.
    """
    def __call__(self, varname: Text, channel: Text = ...) -> str: ...
    def set(self, new_value: object, varname: Text, channel: Text = ...) -> None: ...

class _SHELL:
    """What a command of the system's shell prints, newlines included; its errors go nowhere.

    The program is ended when the caller hangs up.  At most 64 KiB are kept.
    """
    def __call__(self, command: Text) -> str: ...

class _SHIFT:
    """Take the first value off a list."""
    def __call__(self, varname: Text, delimiter: Text = ...) -> str: ...

class _SIP_HEADER:
    """A header line of the INVITE that came in.  Today it is PJSIP_HEADER(read,name,number)."""
    def __call__(self, name: Text, number: Text = ...) -> str: ...

class _SIPCHANINFO:
    """An item of the SIP channel: peerip, recvip, from, uri, useragent, peername.  Today it is CHANNEL()."""
    def __call__(self, item: Text) -> str: ...

class _SIPPEER:
    """What is known of a phone.  Today it is PJSIP_ENDPOINT() and PJSIP_CONTACT().

    Args:
        peername: the endpoint.
        item: ip, port, status, expire, useragent, dynamic, context, mailbox, language, accountcode, limit,
            codecs, callgroup, pickupgroup, callerid_name, callerid_num, curcalls.
    """
    def __call__(self, peername: Text, item: Text = ...) -> str: ...

class _SORT:
    """The keys of `key:value` pairs in the order of their values, which are numbers."""
    def __call__(self, *pairs: Text) -> str: ...

class _SPRINTF:
    """A text made by a format as in C: SPRINTF(format,arg1,...), with %d %i %o %u %x %c %e %f %g %s %%."""
    def __call__(self, format_and_arguments: Text) -> str: ...

class _SQL_ESC:
    """A text with its single quotes doubled, to stand within quotes in SQL."""
    def __call__(self, string: Text = ...) -> str: ...

class _SQL_ESC_BACKSLASHES:
    """A text with its backslashes doubled, for databases that take them as escapes."""
    def __call__(self, string: Text = ...) -> str: ...

class _SRVQUERY:
    """Look a service (_sip._udp.example.com) up in the DNS; gives an id for SRVRESULT()."""
    def __call__(self, service: Text) -> str: ...

class _SRVRESULT:
    """A result of SRVQUERY(), counted from 1; `getnum` gives how many there are.

    Args:
        id: what SRVQUERY() gave; or the service itself, when it was asked for before.
        resultnum: which, or getnum.
        field: host, port, priority or weight.
    """
    def __call__(self, id: Text, resultnum: Text, field: Text = ...) -> str: ...

class _STACK_PEEK:
    """Where the n-th subroutine from here was called from: c(ontext), e(xtension), p(riority), l(ocation)."""
    def __call__(self, n: int | str, which: Text, suppress: Text = ...) -> str: ...

class _STAT:
    """Something about a file; empty when it does not exist (0 with e, f and d).

    Args:
        flag: e whether it exists, f whether it is a file, d whether it is a folder, s its size, m its mode
            in octal, M when it was changed, A when it was read, C when it was renamed or its rights changed.
        filename: its path.
    """
    def __call__(self, flag: Text, filename: Text) -> str: ...

class _STRBETWEEN:
    """A variable with a text put between its characters."""
    def __call__(self, varname: Text, insert_string: Text = ...) -> str: ...

class _STRFTIME:
    """A time as text: STRFTIME([epoch][,[timezone][,format]]).

    Args:
        epoch: seconds since 1970; now if not given.
        timezone: as in the tz database; the machine's if not given.
        format: as for C's strftime(), and %q or %3q for the milliseconds.
    """
    def __call__(self, epoch: Text = ..., timezone: Text = ..., format: Text = ...) -> str: ...

class _STRPTIME:
    """The epoch of a time given as text: STRPTIME(datetime,timezone,format)."""
    def __call__(self, datetime_text: Text, timezone: Text = ..., format: Text = ...) -> str: ...

class _STRREPLACE:
    """A variable with a text in it replaced by another one, at most so many times."""
    def __call__(self, varname: Text, find_string: Text, replace_string: Text = ..., max_replacements: int | str = ...) -> str: ...

class _SYSINFO:
    """Something about the machine.

    Args:
        parameter: loadavg (of the last minute), numcalls (of this node), uptime (of the machine, hours),
            totalram, freeram, bufferram, totalswap, freeswap (KiB), numprocs.
    """
    def __call__(self, parameter: Text) -> str: ...

class _TALK_DETECT:
    """Announce when the far end begins and stops to talk: TALK_DETECT(set)=silence,threshold.

    AMI has ChannelTalkingStart and ChannelTalkingStop for it, ARI ChannelTalkingStarted and
    ChannelTalkingFinished.  Silence is in ms (2500); the threshold is a mean magnitude of samples, of 32767
    (256).  Either may be left out.

    Args:
        action: set or remove.
    """
    def set(self, new_value: object, action: Text) -> None: ...

class _TESTTIME:
    """Have GotoIfTime, ExecIfTime and IFTIME() of this channel decide as if it were another time.

    Set(TESTTIME()=2026-12-25 11:30:00 Europe/Berlin), or Set(TESTTIME(2026-12-25,11:30:00,Europe/Berlin)=):
    the clock stands still at that moment, which the variable TESTTIME has in seconds since 1970.  Without a
    date the clock counts again.

    Args:
        date: YYYY-MM-DD.
        time: HH:MM:SS.
        zone: as in the tz database; the machine's if not given.
    """
    def set(self, new_value: object, date: Text = ..., time: Text = ..., zone: Text = ...) -> None: ...

class _TIMEOUT:
    """A time-out in seconds: digit, response, or what is left of absolute."""
    def __call__(self, timeouttype: Text) -> str: ...
    def set(self, new_value: object, timeouttype: Text) -> None: ...

class _TOLOWER:
    """The text in small letters."""
    def __call__(self, string: Text = ...) -> str: ...

class _TONE_DETECT:
    """How often a tone was there, or detect one from now on: TONE_DETECT(freq,duration,options)=.

    Args:
        freq: rx or tx, to read; the frequency in Hz, to write.
        duration_ms: how long it must last, in ms (500).
        options: g(context,exten,priority) where the call goes on when it is there; h likewise for a tone
            that is sent; n(times) after so many; r, t only what is received or sent; a, b, c, p signals of
            the channel's country, with a frequency of 0 nothing else; s takes the tone out of what is
            received; x detects no more.
    """
    def __call__(self, freq: Text, duration_ms: Text = ..., options: Text = ...) -> str: ...
    def set(self, new_value: object, freq: float | str, duration_ms: int | str = ..., options: ToneOptions | str = ...) -> None: ...

class _TOUPPER:
    """The text in capitals."""
    def __call__(self, string: Text = ...) -> str: ...

class _TRIM:
    """The text without blanks around it."""
    def __call__(self, string: Text = ...) -> str: ...

class _TRYLOCK:
    """Take a lock if no other call has it: 1 or 0, without waiting."""
    def __call__(self, lockname: Text) -> str: ...

class _TXTCIDNAME:
    """The name that the DNS has for a number (a TXT record); empty when it has none."""
    def __call__(self, number: Text, zone_suffix: Text = ...) -> str: ...

class _UNLOCK:
    """Give a lock back: 1, or 0 when this channel does not have it."""
    def __call__(self, lockname: Text) -> str: ...

class _UNSHIFT:
    """Add a value at the beginning of a list: Set(UNSHIFT(varname[,delimiter])=value)."""
    def set(self, new_value: object, varname: Text, delimiter: Text = ...) -> None: ...

class _URIDECODE:
    """The text with %xx replaced by what it stands for."""
    def __call__(self, data: Text = ...) -> str: ...

class _URIENCODE:
    """The text with all but letters, digits and -._~ as %xx (RFC 3986)."""
    def __call__(self, data: Text = ...) -> str: ...

class _UUID:
    """A new random UUID (RFC 9562, version 4)."""
    def __call__(self) -> str: ...

class _VALID_EXTEN:
    """1 when this extension exists, else 0; the context is the call's if not given."""
    def __call__(self, context: Text = ..., extension: Text = ..., priority: Text = ...) -> str: ...

class _VARIABLE_EXISTS:
    """1 when the channel has this variable, even an empty one; else 0."""
    def __call__(self, varname: Text) -> str: ...

class _VERSION:
    """The version of the program, or another piece of information about it.

    Args:
        info: ASTERISK_VERSION_NUM (of the Asterisk whose language this is, as a number to compare with),
            BUILD_USER, BUILD_HOSTNAME, BUILD_MACHINE, BUILD_OS, BUILD_DATE, BUILD_KERNEL: of the machine that
            it runs on.
    """
    def __call__(self, info: Text = ...) -> str: ...

class _VOLUME:
    """How loud the channel is: a factor from 1 on, or a divisor below 0; 0 is as it is.

    Args:
        direction: RX, what it says, or TX, what it hears.
        options: p lets the far end change it, with `*` and `#`.
    """
    def __call__(self, direction: Text, options: VolumeOptions | str = ...) -> str: ...
    def set(self, new_value: object, direction: Text, options: VolumeOptions | str = ...) -> None: ...

class Functions:
    """Every function as a member: call it to read, `.set(value, ...)` to write."""

    def __init__(self, call: DialplanCall) -> None: ...
    @property
    def ABS(self) -> _ABS:
        """A number without its sign."""
    @property
    def AES_DECRYPT(self) -> _AES_DECRYPT:
        """The text that AES_ENCRYPT() has encrypted, up to the first zero.

        Args:
            key: 16 characters.
            string: what AES_ENCRYPT() gave, in base64.
        """
    @property
    def AES_ENCRYPT(self) -> _AES_ENCRYPT:
        """A text encrypted with AES-128, in base64; the last block of 16 octets is filled up with zeros.

        Equal blocks look equal (ECB), and nothing tells whether somebody has changed it: it hides a number, and
        keeps no secret.

        Args:
            key: 16 characters.
            string: the text.
        """
    @property
    def AGC(self) -> _AGC:
        """The level that speech is brought to, or off: Set(AGC(rx)=8000).

        It is the mean magnitude of samples (1 to 32768) while somebody talks.

        Args:
            channeldirection: rx, what the channel says, or tx, what it hears.
        """
    @property
    def ARRAY(self) -> _ARRAY:
        """Set several variables at once: Set(ARRAY(a,b,c)=1,2,3); those without a value become empty."""
    @property
    def AST_CONFIG(self) -> _AST_CONFIG:
        """A value of a configuration file, as it is written there.

        Args:
            config_file: its name, in the configuration folder unless it is a whole path.
            category: the section.
            variable_name: the key.
            index: which of several lines of that key, counted from 0; -1 is the last.
        """
    @property
    def BASE64_DECODE(self) -> _BASE64_DECODE:
        """The text that base64 stands for."""
    @property
    def BASE64_ENCODE(self) -> _BASE64_ENCODE:
        """The text in base64 (RFC 4648)."""
    @property
    def BASENAME(self) -> _BASENAME:
        """The last part of a path."""
    @property
    def BLACKLIST(self) -> _BLACKLIST:
        """Whether the caller's number or name is a key of the database's family `blacklist`: 1 or 0."""
    @property
    def CALLCOMPLETION(self) -> _CALLCOMPLETION:
        """A setting of call completion as it is for this channel; set it to have it different for this call.

        What the caller's channel has counts for the channels that it dials, too, unless they have their own
        (Dial's option b, `set_var` of an endpoint).

        Args:
            option: of the caller cc_agent_policy (never, generic), cc_offer_timer, cc_recall_timer,
                cc_agent_dialstring, cc_callback_sub, cc_callback_macro, cc_max_agents; of the called party
                cc_monitor_policy (never, generic, always), ccbs_available_timer, ccnr_available_timer,
                cc_max_monitors.  Timers are seconds.
        """
    @property
    def CALLERID(self) -> _CALLERID:
        """The caller id: num, name, all, pres, ANI, DNID, RDNIS, tag and their parts.

        With a second argument, a caller id written in one piece is taken apart instead of the channel's.
        """
    @property
    def CDR(self) -> _CDR:
        """A field of the channel's call record, or a value that Set(CDR(name)=...) has put there.

        Fields: clid, src, dst, dcontext, channel, dstchannel, lastapp, lastdata, start, answer, end, duration,
        billsec, disposition, amaflags, accountcode, peeraccount, uniqueid, linkedid, userfield, sequence.
        What is not over yet counts up to now.
        """
    @property
    def CDR_PROP(self) -> _CDR_PROP:
        """How call records treat the channel: `disable` (1: write none), `party_a` (1: it is the calling one)."""
    @property
    def CHANNEL(self) -> _CHANNEL:
        """An item of the channel: name, state, language, accountcode, linkedid ..., or of its technology."""
    @property
    def CHANNEL_EXISTS(self) -> _CHANNEL_EXISTS:
        """1 when there is a channel of this name or unique id, else 0."""
    @property
    def CHANNELS(self) -> _CHANNELS:
        """The names of all channels, or of those that match, separated by blanks."""
    @property
    def CONFBRIDGE(self) -> _CONFBRIDGE:
        """Set an option of the profiles and menus that ConfBridge() without names takes for this call.

        `type` is bridge, user or menu; `option` one of confbridge.conf, keys for a menu.  `template`: begin with
        a profile of confbridge.conf.  `clear`: forget what was set.
        """
    @property
    def CONFBRIDGE_CHANNELS(self) -> _CONFBRIDGE_CHANNELS:
        """The channels of a conference room, separated by commas: parties, admins, marked, active or waiting."""
    @property
    def CONFBRIDGE_INFO(self) -> _CONFBRIDGE_INFO:
        """A number of a conference room: parties, admins, marked; locked and muted are 1 or 0.

        A room that does not exist has 0 of everything.
        """
    @property
    def CONNECTEDLINE(self) -> _CONNECTEDLINE:
        """Whom the channel is connected with: num, name, all, pres, tag."""
    @property
    def CSV_QUOTE(self) -> _CSV_QUOTE:
        """The text in double quotes, with quotes in it doubled, as CSV files have it."""
    @property
    def CURL(self) -> _CURL:
        """What a web server answers: CURL(url[,post-data]); empty when it cannot be reached.

        With CURLOPT(hashcompat) an answer in form encoding gives its values, for Set(HASH(x)=${CURL(...)}), which
        finds their names.  At most one MiB of an answer is kept.

        Args:
            url: http, https or ftp.
            post_data: what is sent by POST; without it the request is a GET.

        Sets:
            CURL_STATUS: the status of the answer, 0 when there was none.
        """
    @property
    def CURLOPT(self) -> _CURLOPT:
        """An option of CURL() on this channel: httptimeout, conntimeout, useragent, userpwd, httpheader ...

        Args:
            key: the option; `httpheader` is added to each time that it is set, all others are replaced.
        """
    @property
    def CUT(self) -> _CUT:
        """Fields of a variable: CUT(varname,delimiter,fields).

        The delimiter is `-` if not given.  Fields are counted from 1: `2`, `2-` (to the last), `-2`, `2-4`,
        several joined with `&`.
        """
    @property
    def DB(self) -> _DB:
        """An entry of the database: DB(family/key).

        Sets:
            DB_RESULT: the value, when there is such an entry.
        """
    @property
    def DB_DELETE(self) -> _DB_DELETE:
        """Remove an entry from the database, and give the value that it had: DB_DELETE(family/key).

        Sets:
            DB_RESULT: the value, when there was such an entry.
        """
    @property
    def DB_EXISTS(self) -> _DB_EXISTS:
        """Whether there is such an entry in the database, 1 or 0: DB_EXISTS(family/key).

        Sets:
            DB_RESULT: the value, when there is such an entry.
        """
    @property
    def DB_KEYCOUNT(self) -> _DB_KEYCOUNT:
        """How many keys there are below a prefix; how many families without one."""
    @property
    def DB_KEYS(self) -> _DB_KEYS:
        """The keys below a prefix, separated by commas; the families without one."""
    @property
    def DEC(self) -> _DEC:
        """Take 1 off a variable; gives the new value."""
    @property
    def DELETE(self) -> _DELETE:
        """Forget a variable: Set(DELETE(varname)=)."""
    @property
    def DENOISE(self) -> _DENOISE:
        """Whether noise is taken out of speech, on or off: Set(DENOISE(rx)=on).

        What goes on and on (fans, streets, hum, hiss) is brought down by up to 18 dB; it takes a second or two to
        be learned.  The audio is 10 ms later for it.  Music and modems suffer: it is for speech.

        Args:
            channeldirection: rx, what the channel says, or tx, what it hears.
        """
    @property
    def DEVICE_STATE(self) -> _DEVICE_STATE:
        """What a device does: NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD, UNKNOWN.

        A device is written as it is dialled, Technology/Resource, or as Custom:name, whose state is what was set.
        """
    @property
    def DIALGROUP(self) -> _DIALGROUP:
        """The members of a group, joined by & as Dial() takes them.

        Args:
            group: its name.
            op: when it is set: add a member, del one; without it the members are replaced.
        """
    @property
    def DIALPLAN_EXISTS(self) -> _DIALPLAN_EXISTS:
        """1 when there is such a context, extension in it, and priority (or label) of that; else 0."""
    @property
    def DIGIT_SUM(self) -> _DIGIT_SUM:
        """The sum of the digits of a number."""
    @property
    def DIRNAME(self) -> _DIRNAME:
        """A path without its last part; `.` when there is nothing else."""
    @property
    def ENUMLOOKUP(self) -> _ENUMLOOKUP:
        """Where a number leads by the DNS (RFC 6116); empty when it leads nowhere.

        Args:
            number: in E.164, with or without +.
            method_type: sip, iax2, h323, tel ..., or ALL.
            options: c gives how many there are; u gives whole URIs; s and i and d look elsewhere in Asterisk and
                mean nothing here.
            record: which of several, counted from 1 in their order.
            zone_suffix: e164.arpa, or another tree.
        """
    @property
    def ENUMQUERY(self) -> _ENUMQUERY:
        """Look a number up in the DNS; gives an id for ENUMRESULT()."""
    @property
    def ENUMRESULT(self) -> _ENUMRESULT:
        """A result of ENUMQUERY(), counted from 1; `getnum` gives how many there are."""
    @property
    def ENV(self) -> _ENV:
        """A variable of the program's environment."""
    @property
    def EVAL(self) -> _EVAL:
        """The text with the variables in it replaced once more."""
    @property
    def EVAL_EXTEN(self) -> _EVAL_EXTEN:
        """The text of a priority, evaluated now: EVAL_EXTEN([[context,]exten,]priority).

        It is the argument of a priority with Return(), which makes of an extension a function.  ${EXTEN} and
        ${CONTEXT} in it are that priority's.
        """
    @property
    def EVAL_SUB(self) -> _EVAL_SUB:
        """What a subroutine returns: EVAL_SUB([[context,]exten,]priority[(arg1,...)])."""
    @property
    def EXCEPTION(self) -> _EXCEPTION:
        """Why the call is at `e`: reason, context, exten or priority of what went wrong."""
    @property
    def EXISTS(self) -> _EXISTS:
        """1 when the text is not empty, else 0."""
    @property
    def EXPORT(self) -> _EXPORT:
        """Set a variable of another channel: Set(EXPORT(channel,var)=value); it cannot be read."""
    @property
    def EXTENSION_STATE(self) -> _EXTENSION_STATE:
        """What the devices of an extension's hint do, as one: EXTENSION_STATE(6001@internal).

        The words are those of DEVICE_STATE(), and HOLDINUSE; UNKNOWN without a hint.  Without @ it is the
        context `default`.
        """
    @property
    def FEATURE(self) -> _FEATURE:
        """A setting of features.conf [general], as it is for this channel; set it to have it different.

        Args:
            option_name: `transferdigittimeout`, `atxferdropcall` ..., or `inherit`: whether the channels that
                this one dials have its own settings, too.
        """
    @property
    def FEATUREMAP(self) -> _FEATUREMAP:
        """The digits of a built-in feature on this channel; set it to have others.

        Args:
            feature_name: atxfer, automixmon, blindxfer or disconnect.
        """
    @property
    def FIELDNUM(self) -> _FIELDNUM:
        """Which field of a variable has this value, counted from 1; 0 when none has."""
    @property
    def FIELDQTY(self) -> _FIELDQTY:
        """How many fields a variable has; 0 when it is empty."""
    @property
    def FILE(self) -> _FILE:
        """A text file, or a part of it; at most one MiB of the file is read.

        Args:
            filename: its path.
            offset: how many characters (or lines) to skip; from the end when it is negative.
            length: how many there are to be, all if not given; negative ones leave so many off the end.
            options: l.
            format: how lines end: u, d or m (Unix, DOS, old Macintosh); found out if not given.
        """
    @property
    def FILE_COUNT_LINE(self) -> _FILE_COUNT_LINE:
        """How many lines a text file has, as far as one MiB goes; -1 when it cannot be read.

        Args:
            filename: its path.
            format: how lines end: u, d or m; found out if not given.
        """
    @property
    def FILE_FORMAT(self) -> _FILE_FORMAT:
        """How the lines of a text file end: u (Unix), d (DOS), m (old Macintosh), x when it has none."""
    @property
    def FILTER(self) -> _FILTER:
        """The text without the characters that are not allowed: FILTER(allowed,text).

        Allowed are characters and ranges (`0-9a-f`); `\\x41` is a code, `\\-`, `\\,` and `\\\\` are themselves.
        """
    @property
    def GLOBAL(self) -> _GLOBAL:
        """A global variable."""
    @property
    def GLOBAL_DELETE(self) -> _GLOBAL_DELETE:
        """Forget a global variable: Set(GLOBAL_DELETE(varname)=)."""
    @property
    def GLOBAL_EXISTS(self) -> _GLOBAL_EXISTS:
        """1 when there is such a global variable, even an empty one; else 0."""
    @property
    def GROUP(self) -> _GROUP:
        """The group that the channel is in, of a category or of none."""
    @property
    def GROUP_COUNT(self) -> _GROUP_COUNT:
        """How many channels are in a group: GROUP_COUNT([group][@category]); the channel's own if not given."""
    @property
    def GROUP_LIST(self) -> _GROUP_LIST:
        """All groups that the channel is in, as group@category, separated by blanks; those without one last."""
    @property
    def GROUP_MATCH_COUNT(self) -> _GROUP_MATCH_COUNT:
        """How many channels are in groups that match regular expressions: GROUP_MATCH_COUNT(group[@category])."""
    @property
    def HANGUPCAUSE(self) -> _HANGUPCAUSE:
        """Why a leg that this call dialled ended, or the own channel.

        Args:
            channel: its name, as HANGUPCAUSE_KEYS() gives it.
            kind: `tech`: in its technology's words (SIP 486 Busy Here); `ast`: in those of Q.850 (User busy).
        """
    @property
    def HANGUPCAUSE_KEYS(self) -> _HANGUPCAUSE_KEYS:
        """The legs for which HANGUPCAUSE() knows why they ended, separated by commas."""
    @property
    def HASH(self) -> _HASH:
        """A value of a hash; without a key, all values, separated by commas."""
    @property
    def HASHKEYS(self) -> _HASHKEYS:
        """The keys of a hash, separated by commas."""
    @property
    def HINT(self) -> _HINT:
        """The devices that the hint of an extension (6001@internal) names; with option n, what follows them."""
    @property
    def HOLD_INTERCEPT(self) -> _HOLD_INTERCEPT:
        """Announce what the far end signals as hold, and do nothing else: Set(HOLD_INTERCEPT(set)=).

        AMI tells of Hold and Unhold, ARI of ChannelHold and ChannelUnhold; the other party hears no music.

        Args:
            action: set, or remove to have the far end hold others again.
        """
    @property
    def ICONV(self) -> _ICONV:
        """A text whose bytes are of one character set, in another; what has no counterpart is left out.

        Args:
            in_charset: what the text's bytes are.
            out_charset: what they become.
            string: the text.
        """
    @property
    def IF(self) -> _IF:
        """One of two texts: IF(condition?this:that)."""
    @property
    def IFMODULE(self) -> _IFMODULE:
        """1 when what Asterisk has in this module (app_dial.so) is here, else 0."""
    @property
    def IFTIME(self) -> _IFTIME:
        """One of two texts by the time: IFTIME(times,weekdays,days,months[,zone]?this:that)."""
    @property
    def IMPORT(self) -> _IMPORT:
        """A variable or function of another channel."""
    @property
    def INC(self) -> _INC:
        """Add 1 to a variable; gives the new value."""
    @property
    def ISNULL(self) -> _ISNULL:
        """1 when the text is empty, else 0."""
    @property
    def JITTERBUFFER(self) -> _JITTERBUFFER:
        """A jitter buffer for what the channel hears; set it: JITTERBUFFER(adaptive)=default.

        The value is "default", or max_size, resync_threshold, target_extra and sync_video, any of
        which may be left out: 200 ms, 1000 ms, 40 ms, no.  A fixed one holds back for max_size.

        Args:
            jitterbuffer_type: fixed, adaptive or disabled.
        """
    @property
    def JSON_DECODE(self) -> _JSON_DECODE:
        """A value out of a variable that has JSON in it; empty when there is no such member.

        Objects and arrays come as JSON, null as an empty text, true and false as 1 and 0.

        Args:
            varname: the variable (its name).
            item: the member; members of members by names joined with the separator, elements of arrays by
                their number, counted from 0.
            separator: what stands between names; a dot if not given.
            options: c.
        """
    @property
    def KEYPADHASH(self) -> _KEYPADHASH:
        """The keys of a telephone that the letters are on: `Les` is 537."""
    @property
    def LEN(self) -> _LEN:
        """The number of characters of a text."""
    @property
    def LISTFILTER(self) -> _LISTFILTER:
        """A list without one of its values."""
    @property
    def LOCAL(self) -> _LOCAL:
        """A variable of this subroutine, or of an outer one."""
    @property
    def LOCAL_PEEK(self) -> _LOCAL_PEEK:
        """A local variable as the subroutine n levels further out sees it."""
    @property
    def LOCK(self) -> _LOCK:
        """Take a lock that other calls may want: 1, or 0 when it did not come free within three seconds.

        It is given back by UNLOCK() or by the end of the channel; a channel may take it several times.
        """
    @property
    def LOG_GROUP(self) -> _LOG_GROUP:
        """Put the call into a group of the log: Set(LOG_GROUP()=group); an empty one takes it out of any.

        `logger filter changroup GROUP` has consoles show calls of chosen groups only.
        """
    @property
    def LTRIM(self) -> _LTRIM:
        """The text without blanks before it."""
    @property
    def MASTER_CHANNEL(self) -> _MASTER_CHANNEL:
        """A variable or function of the channel that this call began with; of this one when that is gone."""
    @property
    def MATH(self) -> _MATH:
        """Calculate with two numbers: MATH(number operator number[,type]).

        Operators: + - * / % ^ (power) << >> AND OR XOR < <= > >= ==; comparisons give TRUE or FALSE.
        Types: f (six decimals, the default), i (whole number), h (hexadecimal), c (character).
        """
    @property
    def MAX(self) -> _MAX:
        """The larger of two numbers."""
    @property
    def MD5(self) -> _MD5:
        """The MD5 sum in hexadecimal digits."""
    @property
    def MESSAGE(self) -> _MESSAGE:
        """A part of the text message that runs this dialplan, or is composed: to, from or body.

        It can be set, and MessageSend() sends what is set: Set(MESSAGE(body)=hello).  MESSAGE(custom_data) is set
        to mark_all_outbound or clear_all_outbound: whether the headers of MESSAGE_DATA() go along.
        """
    @property
    def MESSAGE_DATA(self) -> _MESSAGE_DATA:
        """A header of the text message by its name, without case; one that is set goes along when it is sent."""
    @property
    def MIN(self) -> _MIN:
        """The smaller of two numbers."""
    @property
    def MIXMONITOR(self) -> _MIXMONITOR:
        """What is known of a recording by MixMonitor().

        Args:
            id: what its option i gave.
            key: filename.
        """
    @property
    def MUTEAUDIO(self) -> _MUTEAUDIO:
        """Silence in place of what the channel says or hears: Set(MUTEAUDIO(in)=on).

        Args:
            direction: in (what it says), out (what it hears) or all.
        """
    @property
    def ODBC(self) -> _ODBC:
        """A property of a transaction: transaction, forcecommit or isolation.

        ODBC(transaction) is the name of the active one; Set(ODBC(transaction,database)=name) begins one and makes
        it the active one, Set(ODBC(transaction)=name) goes back to one that there is.  forcecommit says whether
        it is committed when the call ends before ODBC_Commit() or ODBC_Rollback(), isolation is read_committed,
        read_uncommitted, repeatable_read or serializable; both are of the active one, or of the one that is
        named.  It takes the statements of func_odbc.conf for its database from its beginning to its end.
        """
    @property
    def ODBC_FETCH(self) -> _ODBC_FETCH:
        """The next row of a result that a function with mode=multirow has kept; empty after the last.

        Sets:
            ODBC_FETCH_STATUS: SUCCESS, or FAILURE when there is no such result or no further row.
        """
    @property
    def PASSTHRU(self) -> _PASSTHRU:
        """The text as it is: gives a text to functions that want the name of a variable."""
    @property
    def PERIODIC_HOOK(self) -> _PERIODIC_HOOK:
        """Run an extension each so many seconds, and let the channel hear what it plays; gives the hook's id.

        It runs on a Local channel of its own, which has HOOK_CHANNEL and HOOK_ID.  Set(PERIODIC_HOOK(id)=off)
        stops it, `on` lets it go on.

        Args:
            context: the extension's context; to set it, the hook's id alone.
            extension: the extension.
            interval: seconds.
        """
    @property
    def PJSIP_AOR(self) -> _PJSIP_AOR:
        """An option of an address of record; `contact` gives the names of its contacts, for PJSIP_CONTACT()."""
    @property
    def PJSIP_CONTACT(self) -> _PJSIP_CONTACT:
        """A field of a contact: uri, user_agent, expiration_time, status, rtt (microseconds), via_addr, path ...

        Args:
            name: as PJSIP_AOR(aor,contact) gives it.
            field: which.
        """
    @property
    def PJSIP_DIAL_CONTACTS(self) -> _PJSIP_DIAL_CONTACTS:
        """A dial string that calls every contact of an endpoint at once; empty when there is none to be reached.

        Args:
            endpoint: the endpoint.
            aor: only the contacts of this address of record, in place of all that the endpoint has.
            request_user: the user part to call there, in place of the contact's own.
        """
    @property
    def PJSIP_DTMF_MODE(self) -> _PJSIP_DTMF_MODE:
        """How digits go to and come from this phone: rfc4733, inband, info, auto, auto_info, none; to be set."""
    @property
    def PJSIP_ENDPOINT(self) -> _PJSIP_ENDPOINT:
        """An option of an endpoint in pjsip.conf, as it is in force."""
    @property
    def PJSIP_HEADER(self) -> _PJSIP_HEADER:
        """Read a header line of the INVITE that came in, or one that was added since.

        Setting it adds a line to the INVITE that goes out (on a called channel: Dial's option b), or to the
        answers to the one that came in.

        Args:
            action: read; add, update and remove when it is set.
            name: the header's name; one that ends in * stands for all that begin so (read, remove).
            number: which line of this name, counted from 1; to be read, a negative one counts from the last.
        """
    @property
    def PJSIP_HEADER_PARAM(self) -> _PJSIP_HEADER_PARAM:
        """A parameter of From: of the INVITE that came in; set on a called channel, of the one that goes out.

        Args:
            header_name: From.
            parameter_type: `header` for one of the header, `uri` for one of the URI in it.
            parameter_name: which.
        """
    @property
    def PJSIP_HEADERS(self) -> _PJSIP_HEADERS:
        """The names of the header lines of the INVITE that came in, separated by commas.

        Args:
            prefix: only those that begin so, in whatever case; all if not given.
        """
    @property
    def PJSIP_INHERITABLE_HEADER(self) -> _PJSIP_INHERITABLE_HEADER:
        """Header lines for the INVITEs of all calls that this channel places, also through Local channels.

        It can only be set.

        Args:
            action: add, update or remove.
            name: the header's name; one that ends in * stands for all that begin so (remove only).
            number: which line of this name is changed, counted from 1.
        """
    @property
    def PJSIP_MEDIA_OFFER(self) -> _PJSIP_MEDIA_OFFER:
        """The codecs that this channel offers, with commas; to be set before it is called (option b of Dial).

        Args:
            media: audio.
        """
    @property
    def PJSIP_MOH_PASSTHROUGH(self) -> _PJSIP_MOH_PASSTHROUGH:
        """Whether this phone is put on hold by SIP in place of hearing our music: yes or no; it can be set."""
    @property
    def PJSIP_PARSE_URI(self) -> _PJSIP_PARSE_URI:
        """A part of a SIP URI, or of a name and a URI in angle brackets: PJSIP_PARSE_URI(uri,type).

        The type is one of display, scheme, user, passwd, host, port, user_param, method_param, transport_param,
        ttl_param, lr_param (1 or 0) and maddr_param; what is not there is empty.
        """
    @property
    def PJSIP_PARSE_URI_FROM(self) -> _PJSIP_PARSE_URI_FROM:
        """The same of the URI in a variable, whose characters need no care: PJSIP_PARSE_URI_FROM(name,type)."""
    @property
    def PJSIP_RESPONSE_HEADER(self) -> _PJSIP_RESPONSE_HEADER:
        """A header line of the answer to a call that went out, for a subroutine on the called channel.

        Args:
            action: read.
            name: the header's name; one that ends in * stands for all that begin so.
            number: which line of this name, counted from 1; a negative one counts from the last.
        """
    @property
    def PJSIP_RESPONSE_HEADERS(self) -> _PJSIP_RESPONSE_HEADERS:
        """The names of the header lines of the answer to a call that went out (Dial's option U), by commas.

        Args:
            prefix: only those that begin so, in whatever case; all if not given.
        """
    @property
    def PJSIP_SEND_SESSION_REFRESH(self) -> _PJSIP_SEND_SESSION_REFRESH:
        """Set(PJSIP_SEND_SESSION_REFRESH()=invite) sends the session's description again; it cannot be read."""
    @property
    def PJSIP_TRANSFER_HANDLING(self) -> _PJSIP_TRANSFER_HANDLING:
        """Who carries out transfers that this phone asks for by REFER: core, or ari-only; it can be set.

        With ari-only a program is told (ARI's ChannelTransfer) and says how it goes (transfer_progress).
        """
    @property
    def POP(self) -> _POP:
        """Take the last value off a list."""
    @property
    def PRESENCE_STATE(self) -> _PRESENCE_STATE:
        """A presence, by field: value (not_set, available, away, xa, chat, dnd, unavailable), subtype or message.

        Args:
            provider: who tells it: CustomPresence:name.
            field: value, subtype or message.
            options: e gives subtype and message in base64.
        """
    @property
    def PUSH(self) -> _PUSH:
        """Add a value at the end of a list: Set(PUSH(varname[,delimiter])=value)."""
    @property
    def QUOTE(self) -> _QUOTE:
        """The text in double quotes, with quotes and backslashes in it escaped."""
    @property
    def RAND(self) -> _RAND:
        """A random whole number from minimum to maximum, both included."""
    @property
    def REALTIME(self) -> _REALTIME:
        """A row of a family as `name=value,name=value,`; empty when there is none.

        Args:
            family: a line of extconfig.conf.
            fieldmatch: the column to look in.
            matchvalue: the value to look for.
            delim1: what ends each pair.
            delim2: what stands between name and value.
        """
    @property
    def REALTIME_DESTROY(self) -> _REALTIME_DESTROY:
        """Remove the rows that match, and give the first of them as REALTIME() does.

        Args:
            family: a line of extconfig.conf.
            fieldmatch: the column to look in.
            matchvalue: the value to look for.
            delim1: what ends each pair.
            delim2: what stands between name and value.
        """
    @property
    def REALTIME_FIELD(self) -> _REALTIME_FIELD:
        """One column of a row of a family; empty when there is none.

        Args:
            family: a line of extconfig.conf.
            fieldmatch: the column to look in.
            matchvalue: the value to look for.
            fieldname: the column to give.
        """
    @property
    def REALTIME_HASH(self) -> _REALTIME_HASH:
        """The values of a row, for Set(HASH(name)=${REALTIME_HASH(...)}), which finds their names.

        Args:
            family: a line of extconfig.conf.
            fieldmatch: the column to look in.
            matchvalue: the value to look for.
        """
    @property
    def REALTIME_STORE(self) -> _REALTIME_STORE:
        """Add a row: Set(REALTIME_STORE(family,column,column)=value,value).

        Sets:
            REALTIMESTOREID: 1 when the row was added, -1 when not.
        """
    @property
    def RECORDING_INFO(self) -> _RECORDING_INFO:
        """What is known of the last recording by Record().

        Args:
            property: duration, in milliseconds.
        """
    @property
    def REDIRECTING(self) -> _REDIRECTING:
        """What is known of the call's diversion.

        Args:
            datatype: reason (cfu, cfb, cfnr, dnd, deflection, away ...), count, or a part of a party: orig-num,
                from-name, to-all, from-pres, from-tag ..., priv-from-num ...
            inhibit: i, when it is set: the far end is not told.
        """
    @property
    def REGEX(self) -> _REGEX:
        """Whether a text matches a POSIX extended regular expression: REGEX("expression" text); 1 or 0."""
    @property
    def REPLACE(self) -> _REPLACE:
        """A variable with each of some characters replaced by another one, or left out."""
    @property
    def RTRIM(self) -> _RTRIM:
        """The text without blanks after it."""
    @property
    def SAYFILES(self) -> _SAYFILES:
        """The names of the sounds that say something, joined by & as Playback() takes them.

        Args:
            value: what is to be said.
            type: alpha, digits, number or phonetic.
        """
    @property
    def SET(self) -> _SET:
        """Set a variable, and give its value: SET(varname=value)."""
    @property
    def SHA1(self) -> _SHA1:
        """The SHA-1 sum in hexadecimal digits."""
    @property
    def SHARED(self) -> _SHARED:
        """A shared variable of this channel, or of another one by its name or unique id.

        Shared variables are apart from the others: any channel may read and write those of any other, and
        nothing inherits them.

        Args:
            varname: the variable.
            channel: whose it is; this one's without.
        """
    @property
    def SHELL(self) -> _SHELL:
        """What a command of the system's shell prints, newlines included; its errors go nowhere.

        The program is ended when the caller hangs up.  At most 64 KiB are kept.
        """
    @property
    def SHIFT(self) -> _SHIFT:
        """Take the first value off a list."""
    @property
    def SIP_HEADER(self) -> _SIP_HEADER:
        """A header line of the INVITE that came in.  Today it is PJSIP_HEADER(read,name,number)."""
    @property
    def SIPCHANINFO(self) -> _SIPCHANINFO:
        """An item of the SIP channel: peerip, recvip, from, uri, useragent, peername.  Today it is CHANNEL()."""
    @property
    def SIPPEER(self) -> _SIPPEER:
        """What is known of a phone.  Today it is PJSIP_ENDPOINT() and PJSIP_CONTACT().

        Args:
            peername: the endpoint.
            item: ip, port, status, expire, useragent, dynamic, context, mailbox, language, accountcode, limit,
                codecs, callgroup, pickupgroup, callerid_name, callerid_num, curcalls.
        """
    @property
    def SORT(self) -> _SORT:
        """The keys of `key:value` pairs in the order of their values, which are numbers."""
    @property
    def SPRINTF(self) -> _SPRINTF:
        """A text made by a format as in C: SPRINTF(format,arg1,...), with %d %i %o %u %x %c %e %f %g %s %%."""
    @property
    def SQL_ESC(self) -> _SQL_ESC:
        """A text with its single quotes doubled, to stand within quotes in SQL."""
    @property
    def SQL_ESC_BACKSLASHES(self) -> _SQL_ESC_BACKSLASHES:
        """A text with its backslashes doubled, for databases that take them as escapes."""
    @property
    def SRVQUERY(self) -> _SRVQUERY:
        """Look a service (_sip._udp.example.com) up in the DNS; gives an id for SRVRESULT()."""
    @property
    def SRVRESULT(self) -> _SRVRESULT:
        """A result of SRVQUERY(), counted from 1; `getnum` gives how many there are.

        Args:
            id: what SRVQUERY() gave; or the service itself, when it was asked for before.
            resultnum: which, or getnum.
            field: host, port, priority or weight.
        """
    @property
    def STACK_PEEK(self) -> _STACK_PEEK:
        """Where the n-th subroutine from here was called from: c(ontext), e(xtension), p(riority), l(ocation)."""
    @property
    def STAT(self) -> _STAT:
        """Something about a file; empty when it does not exist (0 with e, f and d).

        Args:
            flag: e whether it exists, f whether it is a file, d whether it is a folder, s its size, m its mode
                in octal, M when it was changed, A when it was read, C when it was renamed or its rights changed.
            filename: its path.
        """
    @property
    def STRBETWEEN(self) -> _STRBETWEEN:
        """A variable with a text put between its characters."""
    @property
    def STRFTIME(self) -> _STRFTIME:
        """A time as text: STRFTIME([epoch][,[timezone][,format]]).

        Args:
            epoch: seconds since 1970; now if not given.
            timezone: as in the tz database; the machine's if not given.
            format: as for C's strftime(), and %q or %3q for the milliseconds.
        """
    @property
    def STRPTIME(self) -> _STRPTIME:
        """The epoch of a time given as text: STRPTIME(datetime,timezone,format)."""
    @property
    def STRREPLACE(self) -> _STRREPLACE:
        """A variable with a text in it replaced by another one, at most so many times."""
    @property
    def SYSINFO(self) -> _SYSINFO:
        """Something about the machine.

        Args:
            parameter: loadavg (of the last minute), numcalls (of this node), uptime (of the machine, hours),
                totalram, freeram, bufferram, totalswap, freeswap (KiB), numprocs.
        """
    @property
    def TALK_DETECT(self) -> _TALK_DETECT:
        """Announce when the far end begins and stops to talk: TALK_DETECT(set)=silence,threshold.

        AMI has ChannelTalkingStart and ChannelTalkingStop for it, ARI ChannelTalkingStarted and
        ChannelTalkingFinished.  Silence is in ms (2500); the threshold is a mean magnitude of samples, of 32767
        (256).  Either may be left out.

        Args:
            action: set or remove.
        """
    @property
    def TESTTIME(self) -> _TESTTIME:
        """Have GotoIfTime, ExecIfTime and IFTIME() of this channel decide as if it were another time.

        Set(TESTTIME()=2026-12-25 11:30:00 Europe/Berlin), or Set(TESTTIME(2026-12-25,11:30:00,Europe/Berlin)=):
        the clock stands still at that moment, which the variable TESTTIME has in seconds since 1970.  Without a
        date the clock counts again.

        Args:
            date: YYYY-MM-DD.
            time: HH:MM:SS.
            zone: as in the tz database; the machine's if not given.
        """
    @property
    def TIMEOUT(self) -> _TIMEOUT:
        """A time-out in seconds: digit, response, or what is left of absolute."""
    @property
    def TOLOWER(self) -> _TOLOWER:
        """The text in small letters."""
    @property
    def TONE_DETECT(self) -> _TONE_DETECT:
        """How often a tone was there, or detect one from now on: TONE_DETECT(freq,duration,options)=.

        Args:
            freq: rx or tx, to read; the frequency in Hz, to write.
            duration_ms: how long it must last, in ms (500).
            options: g(context,exten,priority) where the call goes on when it is there; h likewise for a tone
                that is sent; n(times) after so many; r, t only what is received or sent; a, b, c, p signals of
                the channel's country, with a frequency of 0 nothing else; s takes the tone out of what is
                received; x detects no more.
        """
    @property
    def TOUPPER(self) -> _TOUPPER:
        """The text in capitals."""
    @property
    def TRIM(self) -> _TRIM:
        """The text without blanks around it."""
    @property
    def TRYLOCK(self) -> _TRYLOCK:
        """Take a lock if no other call has it: 1 or 0, without waiting."""
    @property
    def TXTCIDNAME(self) -> _TXTCIDNAME:
        """The name that the DNS has for a number (a TXT record); empty when it has none."""
    @property
    def UNLOCK(self) -> _UNLOCK:
        """Give a lock back: 1, or 0 when this channel does not have it."""
    @property
    def UNSHIFT(self) -> _UNSHIFT:
        """Add a value at the beginning of a list: Set(UNSHIFT(varname[,delimiter])=value)."""
    @property
    def URIDECODE(self) -> _URIDECODE:
        """The text with %xx replaced by what it stands for."""
    @property
    def URIENCODE(self) -> _URIENCODE:
        """The text with all but letters, digits and -._~ as %xx (RFC 3986)."""
    @property
    def UUID(self) -> _UUID:
        """A new random UUID (RFC 9562, version 4)."""
    @property
    def VALID_EXTEN(self) -> _VALID_EXTEN:
        """1 when this extension exists, else 0; the context is the call's if not given."""
    @property
    def VARIABLE_EXISTS(self) -> _VARIABLE_EXISTS:
        """1 when the channel has this variable, even an empty one; else 0."""
    @property
    def VERSION(self) -> _VERSION:
        """The version of the program, or another piece of information about it.

        Args:
            info: ASTERISK_VERSION_NUM (of the Asterisk whose language this is, as a number to compare with),
                BUILD_USER, BUILD_HOSTNAME, BUILD_MACHINE, BUILD_OS, BUILD_DATE, BUILD_KERNEL: of the machine that
                it runs on.
        """
    @property
    def VOLUME(self) -> _VOLUME:
        """How loud the channel is: a factor from 1 on, or a divisor below 0; 0 is as it is.

        Args:
            direction: RX, what it says, or TX, what it hears.
            options: p lets the far end change it, with `*` and `#`.
        """
