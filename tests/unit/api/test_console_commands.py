"""Console commands against a running node: what they print, with the columns that scripts cut."""

from __future__ import annotations

import asyncio
import logging
import re
import struct
from pathlib import Path

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.api.console.server import ask
from offhook.pbx.causes import Cause
from unit.drivers.node import Switch, eventually, hang_up, phone

PJSIP = (
    phone("alice", "callerid=Alice <6001>\nauth=alice\nidentify_by=ip", "qualify_frequency=0")
    + phone("bob")
    + "[alice]\ntype=auth\nusername=al\npassword=hunter2\n"
    + "[near]\ntype=identify\nendpoint=alice\nmatch=10.9.9.9\n"
)
EXTENSIONS = "[default]\nexten => 1,1,Answer()\n same => n,Set(COLOUR=blue)\n same => n,Wait(60)\n"


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def called(switch: Switch):
    """A call of bob's that has been answered, and is in Wait()."""
    bob = await switch.peer(name="bob")
    audio = await switch.audio()
    dialog = await bob.call("1", body=audio.sdp())
    (channel,) = switch.node.pbx.channels.values()
    await eventually("Wait", lambda: channel.application == "Wait")
    return bob, dialog, channel


async def test_channels(switch: Switch) -> None:
    await switch.start(PJSIP, EXTENSIONS, asterisk="[options]\nmaxcalls=4\n")
    assert (await run(switch, "core show channels")).splitlines() == [
        f"{'Channel':<20} {'Location':<20} {'State':<7} {'Application(Data)':<30}",
        "0 active channels",
        "0 of 4 max active calls ( 0.00% of capacity)",
        "0 calls processed",
    ]
    bob, dialog, channel = await called(switch)
    row = (await run(switch, "core show channels")).splitlines()[1]
    assert (row[:20].strip(), row[21:41].strip()) == (channel.name[:20], "1@default:3")
    assert (row[42:49].strip(), row[50:].strip()) == ("Up", "Wait(60)")
    fields = (await run(switch, "core show channels concise")).rstrip("\n").split("!")
    assert fields[:7] == [channel.name, "default", "1", "3", "Up", "Wait", "60"]
    assert (len(fields), fields[13]) == (14, channel.uniqueid)
    head, verbose, *_ = (await run(switch, "core show channels verbose")).splitlines()
    for name, value in (("Context", "default"), ("Extension", "1"), ("State", "Up"), ("Data", "60")):
        place = head.index(name)
        assert verbose[place:].split()[0] == value, name
    assert (await run(switch, "core show channels count")).startswith("1 active channel\n1 of 4 max")

    shown = await run(switch, f"core show channel {channel.name}")
    rows = dict(re.findall(r"^ *([^:\n]+): (.*)$", shown, re.MULTILINE))
    assert (rows["Name"], rows["State"], rows["Application"]) == (channel.name, "Up (6)", "Wait")
    assert rows["Call Identifer"] == "[C-00000001]"
    assert "\nCOLOUR=blue\n" in shown
    assert await run(switch, "core show channel X/1") == "X/1 is not a known channel\n"
    await hang_up(switch, bob, dialog)


async def test_endpoints(switch: Switch) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    alice = await switch.peer(name="alice")
    shown = (await run(switch, "pjsip show endpoints")).splitlines()
    rule = shown.index("=" * 90)
    assert [len(line) for line in shown[1:rule]] == [90, 90, 77, 90, 90, 90, 43, 90, 73]
    assert f" Endpoint:  {'alice/6001':<51}  {'Unavailable':<12}  0 of inf" in shown
    assert "     InAuth:  alice/al" in shown
    assert f"        Aor:  {'alice':<49}  5" in shown
    assert "   Identify:  near/alice" in shown
    assert "        Match:  10.9.9.9" in shown
    assert "Objects found: 2" in shown
    one = await run(switch, "pjsip show endpoint alice")
    assert re.search(r"^ 100rel +: yes$", one, re.MULTILINE)
    assert re.search(r"^ ParameterName +: ParameterValue$", one, re.MULTILINE)
    assert await run(switch, "pjsip show endpoint carol") == "Unable to find object carol.\n\n"
    assert "hunter2" not in await run(switch, "pjsip show auth alice")
    assert "Objects found: 1" in await run(switch, "pjsip list endpoints like ali")
    assert await run(switch, "pjsip list endpoints like zz") == "No objects found.\n\n"
    transport = f"Transport:  {'udp':<21}  {'udp':>6}  {0:>5}  {0:>5}  127.0.0.1:{switch.port}"
    assert transport in (await run(switch, "pjsip show transports")).splitlines()
    assert await run(switch, "pjsip show contacts") == "No objects found.\n\n"
    assert alice.port


async def test_contacts_and_channels_of_sip(switch: Switch) -> None:
    await switch.start(
        PJSIP + "[bob]\ntype=aor\ncontact=sip:bob@127.0.0.1:9\n".replace("[bob]", "[static]"), EXTENSIONS
    )
    (row,) = [
        line
        for line in (await run(switch, "pjsip list contacts")).splitlines()
        if "9" in line and "static" in line
    ]
    assert re.fullmatch(r"  Contact:  static/sip:bob@127\.0\.0\.1:9 +[0-9a-f]{10} NonQual +nan", row)
    assert len(row) == 90
    bob, dialog, channel = await called(switch)
    assert "Objects found: 1" in await run(switch, "pjsip show channels")
    stats = (await run(switch, "pjsip show channelstats")).splitlines()
    (line,) = [line for line in stats if channel.name.removeprefix("PJSIP/") in line]
    assert " ulaw " in line
    assert re.search(r"PJSIP/bob-\w+", await run(switch, f"pjsip show channel {channel.name}"))
    await hang_up(switch, bob, dialog)


async def test_messages_in_the_log_and_in_a_capture(switch: Switch, tmp_path: Path) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    assert await run(switch, "pjsip set logger verbose on") == "PJSIP Logging is not enabled.\n"
    assert "is no address" in await run(switch, "pjsip set logger host nobody.invalid")
    path = tmp_path / "sip.pcap"
    assert (
        await run(switch, "pjsip set logger method invite")
        == "PJSIP Logging Enabled for SIP method: INVITE\n"
    )
    assert await run(switch, f"pjsip set logger pcap {path}") == f"PJSIP logging to pcap file '{path}'\n"
    bob, dialog, _ = await called(switch)
    await hang_up(switch, bob, dialog)
    assert await run(switch, "pjsip set logger off") == "PJSIP Logging disabled\n"
    content = path.read_bytes()
    assert struct.unpack_from("<IHHiIII", content)[::6] == (0xA1B2C3D4, 101)
    place, methods = 24, []
    while place < len(content):
        size = struct.unpack_from("<IIII", content, place)[2]
        packet = content[place + 16 : place + 16 + size]
        assert packet[0] == 0x45
        assert switch.port in struct.unpack_from("!HH", packet, 20)
        methods.append(re.search(rb"CSeq: \d+ (\w+)", packet)[1])  # type: ignore[index]
        place += 16 + size
    assert methods
    assert set(methods) == {b"INVITE"}


async def test_rotation(switch: Switch) -> None:
    await switch.start(
        PJSIP,
        logger="[general]\nrotatestrategy=rotate\nexec_after_rotate=cp ${rotated} ${filename}.copy\n"
        "[logfiles]\nmessages => warning\n",
    )
    folder = switch.folder / "state/log"
    assert await run(switch, "logger add channel extra nonsense") != ""
    assert (
        await run(switch, "logger add channel extra warning,verbose(2)") == "Added logger channel 'extra'\n"
    )
    assert "already" in await run(switch, "logger add channel extra warning")
    shown = await run(switch, "logger show channels")
    assert re.search(rf"^{folder}/extra +File +default +Enabled +- VERBOSE\(2\) WARNING", shown, re.MULTILINE)

    log = logging.getLogger("offhook.test")
    for number in range(3):
        log.warning("line %d", number)
        assert await run(switch, "logger rotate") == ""
    log.warning("line 3")
    for name in ("messages", "extra"):
        for suffix, text in (("", "line 3"), (".0", "line 2"), (".1", "line 1"), (".2", "line 0")):
            path = folder / f"{name}{suffix}"
            await eventually(f"{path} {text}", lambda path=path, text=text: text in path.read_text())
    assert "line 2" in (folder / "messages.copy").read_text()
    assert await run(switch, "logger remove channel extra") == "Removed dynamic logger channel 'extra'\n"
    assert "Unable to find" in await run(switch, "logger remove channel messages")


async def test_stopping_gracefully_waits_for_the_calls(switch: Switch) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    bob, dialog, channel = await called(switch)
    assert await run(switch, "core abort shutdown") == "Nothing to abort: no stop is waiting.\n"
    assert await run(switch, "core stop gracefully") == ""
    other = await switch.peer(name="bob")
    assert (await other.call("1", status=503)).response is not None
    assert await run(switch, "core abort shutdown") == ""
    assert not switch.node.pbx.refuses_calls
    assert await run(switch, "core stop when convenient") == ""
    assert not switch.node.pbx.refuses_calls
    channel.request_hangup(Cause.NORMAL_CLEARING)
    await asyncio.wait_for(switch.node.wait_stopped(), 10)
    assert dialog
    assert bob


async def test_who_asks_alone_for_a_stop_waits_for_it(switch: Switch) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    _, _, channel = await called(switch)
    node, loop = switch.node, asyncio.get_running_loop()

    def alone(line: str) -> asyncio.Future[str]:
        return loop.run_in_executor(None, ask, node.paths.socket, line)

    given_up = alone("core stop gracefully")
    await eventually("it waits", lambda: node.pbx.refuses_calls)
    assert not given_up.done()
    assert await alone("core abort shutdown") == ""
    assert await asyncio.wait_for(given_up, 10) == "It was given up.\n"
    done = alone("core stop gracefully")
    await eventually("it waits", lambda: node.pbx.refuses_calls)
    channel.request_hangup(Cause.NORMAL_CLEARING)
    assert await asyncio.wait_for(done, 10) == ""
    await asyncio.wait_for(node.wait_stopped(), 10)


async def test_a_node_of_another_program_does_not_restart(switch: Switch) -> None:
    await switch.start(PJSIP)
    assert "part of another program" in await run(switch, "core restart now")


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("core show applications like play", r"^ +Playback: .*\n(.|\n)* -= \d+ Applications Matching =-"),
        ("core show application Dial", r"\[Synopsis\]\n.*\n(.|\n)*\[Syntax\]\nDial\("),
        ("core show application nothing", r"not registered"),
        ("core show functions like LEN", r"^LEN +LEN\("),
        ("core show function CALLERID", r"Info about function 'CALLERID'"),
        ("core show settings", r"^  Maximum calls: +Not set$"),
        ("core show sysinfo", r"^  Total RAM: +\d+ KiB$"),
        ("core show threads", r"\d+ event loop\n(.|\n)*threads listed"),
        ("core show channeltypes", r"^PJSIP +.* yes +no +yes +yes *$"),
        ("core show file formats", r"^slin +wav +wav *$"),
        ("core show help core show ch", r"^core show channels \[concise\|verbose\|count\] -- "),
        ("core show help core show channel", r"^Usage: core show channel CHANNEL\n"),
        ("bridge technology show", r"^softmix +MultiMix +10 No"),
        ("moh show classes", r"^Class: default\n\tMode: files"),
        ("indication show", r"^us +United States"),
        ("indication show de", r"^de +busy +425"),
        ("http show status", r"Server Disabled"),
        ("ari show status", r"^Enabled: No$"),
        ("features show", r"^Blind Transfer +# +#"),
        ("config list", r"/etc/pjsip\.conf$"),
        ("ulimit -n", r"^file descriptors \(n\) is limited to \d+\."),
        ("group show channels", r"^0 active channels$"),
        ("rtp show settings", r"^  Port start: +5000$"),
        ("stun show status", r"^No STUN or TURN server is asked"),
        ("stun set debug on", r"^STUN Debugging Enabled$"),
        ("stun set debug maybe", r"^Usage: stun set debug"),
        ("rtp resolve stun hostname", r"^No STUN or TURN server is asked"),
        ("acl show", r"^acl\n---"),
        ("pjsip show settings", r"^ user_agent +: Offhook$"),
        ("presencestate change CustomPresence:bob away,,lunch", r"^Changing CustomPresence:bob to away"),
        ("presencestate change CustomPresence:bob hungry", r"is no presence"),
        ("dialplan locks show", r"^Name +Owner"),
        ("core show license", r"Apache License"),
    ],
)
async def test_what_is_shown(switch: Switch, line: str, pattern: str) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    assert re.search(pattern, await run(switch, line), re.MULTILINE), await run(switch, line)


async def test_tones_until_the_next_reload(switch: Switch) -> None:
    await switch.start(PJSIP, EXTENSIONS)
    assert await run(switch, 'indication add xx dial "!500/100,0"') == ""
    assert re.search(r"^xx +dial +!500/100,0$", await run(switch, "indication show xx"), re.MULTILINE)
    assert "tone list" in await run(switch, 'indication add xx busy "loud"')
    assert await run(switch, "indication remove xx dial") == ""
    await switch.node.reload()
    assert "No countries matching" in await run(switch, "indication show xx")


MODULES = "[modules]\nautoload=yes\nnoload => app_echo.so\nnoload => func_strings.so\nnoload => chan_sip.so\n"


async def test_noload_takes_away(switch: Switch) -> None:
    await switch.start(
        phone("bob"),
        "[default]\nexten => 1,1,Answer()\n same => n,Echo()\nexten => 2,1,Answer()\n same => n,Wait(60)\n",
        modules=MODULES,
    )
    assert any("the application Echo" in str(problem) for problem in switch.node.problems)
    assert "not registered" in await run(switch, "core show application Echo")
    assert "No function" in await run(switch, "core show function LEN")
    assert (await run(switch, "module show like app_echo")).endswith("\n0 modules loaded\n")
    assert (await run(switch, "module show like app_playback")).endswith("\n1 modules loaded\n")
    bob = await switch.peer(name="bob")
    audio = await switch.audio()
    dialog = await bob.call("1", body=audio.sdp())
    await bob.expect("BYE")  # there is no Echo
    assert dialog
    assert await run(switch, "module load app_echo.so") == "Loaded app_echo.so\n"
    assert "already loaded" in await run(switch, "module load app_echo")
    assert "Echo(" in await run(switch, "core show application Echo")
    await switch.node.stop()
    from offhook.dialplan.declare import functions

    assert functions.get("LEN") is not None  # a node leaves nothing behind


async def test_unloading(switch: Switch) -> None:
    await switch.start(
        phone("bob"),
        "[default]\nexten => 1,1,Answer()\n same => n,Echo()\n",
        modules="[modules]\nautoload=yes\n",
    )
    bob = await switch.peer(name="bob")
    audio = await switch.audio()
    dialog = await bob.call("1", body=audio.sdp())
    (channel,) = switch.node.pbx.channels.values()
    await eventually("Echo", lambda: channel.application == "Echo")
    assert "app_echo is in use" in await run(switch, "module unload app_echo.so")
    assert re.search(
        r"^app_echo\.so +Echo +1 +Running +core$", await run(switch, "module show like echo"), re.M
    )
    await hang_up(switch, bob, dialog)
    assert await run(switch, "module unload app_echo.so") == "Unloaded app_echo.so\n"
    assert "not loaded" in await run(switch, "module unload app_echo.so")
    await bob.call("1", body=audio.sdp())
    await bob.expect("BYE")
    for name in ("chan_nothing", "codec_ulaw"):
        assert f"Unable to unload resource {name}" in await run(switch, f"module unload {name}")
    assert "cannot be reloaded" in await run(switch, "module reload app_echo")


async def test_what_of_modules_conf_cannot_be(switch: Switch) -> None:
    await switch.start(phone("bob"), modules="[modules]\nrequire => app_dahdi.so\nnoload => codec_ulaw.so\n")
    said = " ".join(str(problem) for problem in switch.node.problems)
    assert "require => app_dahdi.so" in said
    assert "noload => codec_ulaw.so: it is part of the program" in said


async def test_an_agi_command_with_spaces_stands_in_quotes(switch: Switch) -> None:
    await switch.start(phone("bob"), "[default]\nexten => 1,1,Answer()\n same => n,AGI(agi:async)\n")
    bob = await switch.peer(name="bob")
    audio = await switch.audio()
    dialog = await bob.call("1", body=audio.sdp())
    (channel,) = switch.node.pbx.channels.values()
    await eventually("AGI", lambda: channel.application == "AGI")
    for line in ('"SET VARIABLE COLOUR \\"dark blue\\"" id7', "SET VARIABLE SIZE 7"):
        answer = await run(switch, f"agi exec {channel.name} {line}")
        assert answer == f"Added AGI command to channel {channel.name} queue\n"
    await eventually("SIZE", lambda: channel.variables.get("SIZE") == "7")
    assert channel.variables["COLOUR"] == "dark blue"
    await hang_up(switch, bob, dialog)
