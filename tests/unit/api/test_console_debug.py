"""Console commands that look below calls, and choose what the log says."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.features.log_groups import log_groups_of
from offhook.features.packet_debug import packet_line
from offhook.levels import verbose
from unit.drivers.node import Audio, Dialog, Peer, Switch, eventually, phone

ECHO = """[default]
exten => 1,1,Answer()
 same => n,Set(LOG_GROUP()=echoes)
 same => n,Echo()
"""


async def run(switch: Switch, line: str) -> str:
    return await COMMANDS.run(switch.node, line)


async def call(switch: Switch) -> tuple[Peer, Audio, Dialog]:
    """A phone that hears itself."""
    await switch.start(phone("alice"), ECHO)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk(0, 0x21)
    await audio.hears(0, b"\x21" * 160)
    return alice, audio, dialog


async def end(alice: Peer, dialog: Dialog) -> None:
    alice.within(dialog, "BYE")
    await alice.expect(200)


# ---------------------------------------------------------------- packets


async def test_rtp_packets_in_the_log(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(verbose(0), "offhook.features.packet_debug")
    alice, audio, dialog = await call(switch)
    assert "RTP packet" not in caplog.text
    assert await run(switch, "rtp set debug on") == "RTP Packet Debugging Enabled\n"
    far = f"127.0.0.1:{audio.port}"
    line = rf"{far} \(type 00, seq \d+, ts \d+, len 000160\)"
    for way in ("Got  RTP packet from", "Sent RTP packet to"):
        await eventually(way, lambda way=way: re.search(rf"{way} +{line}", caplog.text))
    said = await run(switch, f"rtp set debug ip 127.0.0.1:{audio.port + 1}")
    assert said == f"RTP Packet Debugging Enabled for address: 127.0.0.1:{audio.port + 1}\n"
    switch.node.pbx.media.packets()
    caplog.clear()
    heard = len(audio.packets)
    await eventually("more packets", lambda: len(audio.packets) > heard + 15)
    assert "RTP packet" not in caplog.text
    assert await run(switch, "rtp set debug off") == "RTP Packet Debugging Disabled\n"
    assert "Failed to lookup" in await run(switch, "rtp set debug ip example.com")
    assert "is no port" in await run(switch, "rtp set debug ip 127.0.0.1:99999")
    assert "Usage" in await run(switch, "rtp set debug")
    await end(alice, dialog)


@pytest.mark.parametrize(
    ("packet", "line"),
    [
        (
            ("rtp", True, "[::1]:4000", bytes.fromhex("9180000700000320deadbeef"), 180),
            "Sent RTP packet to        [::1]:4000 (type 00, seq 000007, ts 000800, len 000164)",
        ),
        (
            ("udptl", False, "192.0.2.1:4000", bytes([0, 9, 1]), 3),
            "Got  UDPTL packet from    192.0.2.1:4000 (seq 9, len 3)",
        ),
        (("rtp", True, "x:1", b"\x80\xc8" + bytes(10), 28), None),  # RTCP on the same port
        (("rtp", True, "x:1", b"\x00\x01" + bytes(10), 28), None),  # STUN
        (("rtp", True, "x:1", b"\x80", 1), None),
    ],
)
def test_lines_of_packets(packet: tuple[str, bool, str, bytes, int], line: str | None) -> None:
    found = packet_line(*packet)
    assert (
        found == line
        if found is None or line is None
        else re.sub(" +", " ", found) == re.sub(" +", " ", line)
    )


async def test_rtcp_reports_in_the_log(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(verbose(0), "offhook.features.packet_debug")
    alice, _, dialog = await call(switch)
    assert await run(switch, "rtcp set stats on") == "RTCP Stats Enabled\n"
    await eventually("a report is sent", lambda: "Sent RTCP to 127.0.0.1:" in caplog.text, timeout=20)
    assert "PT: 200 (Sender Report)" in caplog.text
    assert await run(switch, "rtcp set stats off") == "RTCP Stats Disabled\n"
    assert (
        await run(switch, "rtcp set debug ip 192.0.2.1") == "RTCP Debugging Enabled for address: 192.0.2.1\n"
    )
    assert await run(switch, "rtcp set debug off") == "RTCP Debugging Disabled\n"
    await end(alice, dialog)


# ---------------------------------------------------------------- channels and records


async def test_what_happens_to_a_channel(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(verbose(0), "offhook.features.channel_debug")
    alice, _, dialog = await call(switch)
    (name,) = switch.channels()
    assert "ChannelHungUp" not in caplog.text
    assert await run(switch, f"core set debug channel {name}") == f"Debugging enabled on channel {name}\n"
    await end(alice, dialog)
    await eventually("it has ended", lambda: f"ChannelHungUp ] [{name}]" in caplog.text)
    caplog.clear()
    again = await alice.call("1", body=dialog.invite.body.decode())
    await end(alice, again)
    assert "[PJSIP" not in caplog.text
    await run(switch, "core set debug channel all")
    again = await alice.call("1", body=dialog.invite.body.decode())
    await end(alice, again)
    await eventually("it has ended", lambda: "<< [ ChannelHungUp ] [PJSIP/alice" in caplog.text)
    assert await run(switch, "core set debug channel all off") == "Debugging on all channels is disabled\n"
    assert "No such channel" in await run(switch, "core set debug channel nobody") or "not" in await run(
        switch, "core set debug channel nobody"
    )


async def test_records_in_the_log(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(verbose(0), "offhook.features.cdr")
    await switch.start(phone("alice"), ECHO)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await end(alice, await alice.call("1", body=audio.sdp()))
    assert "CDR of" not in caplog.text
    assert await run(switch, "cdr set debug") == "CDR debugging enabled\n"
    await end(alice, await alice.call("1", body=audio.sdp()))
    for what in ("begins", "ends", "is written"):
        await eventually(
            what, lambda what=what: re.search(rf"CDR of PJSIP/alice\S+ {what}: alice", caplog.text)
        )
    assert await run(switch, "cdr set debug off") == "CDR debugging disabled\n"
    assert "Usage" in await run(switch, "cdr set debug loud")


# ---------------------------------------------------------------- what the log says


async def test_debug_lines_of_one_part(switch: Switch) -> None:
    await switch.start(phone("alice"), logger="[logfiles]\nfull => *\n")
    sip, pbx = logging.getLogger("offhook.sip.ua"), logging.getLogger("offhook.pbx.channel")
    assert not sip.isEnabledFor(logging.DEBUG)
    said = await run(switch, "core set debug 3 res_pjsip")
    assert said == "Core debug was 0 and has been set to 3 for 'res_pjsip'.\n"
    assert sip.isEnabledFor(logging.DEBUG)
    assert not pbx.isEnabledFor(logging.DEBUG)
    await run(switch, "core set debug category ice:2")
    assert pbx.isEnabledFor(logging.DEBUG)
    await run(switch, "core set debug category off")
    assert not pbx.isEnabledFor(logging.DEBUG)
    await run(switch, "core set debug off res_pjsip")
    assert not sip.isEnabledFor(logging.DEBUG)
    assert "No part is called" in await run(switch, "core set debug 3 app_nothing")
    assert "There is no category 'x'" in await run(switch, "core set debug category x")
    assert await run(switch, "core set debug atleast 2") == "Core debug was 0 and is now 2.\n"
    assert await run(switch, "core set debug 0") == "Core debug was 2 and is now 0.\n"
    assert not sip.isEnabledFor(5)
    assert await run(switch, "core set trace 1") == "Core trace was 0 and is now 1.\n"
    assert sip.isEnabledFor(5)
    await run(switch, "core set trace off")
    assert not sip.isEnabledFor(5)


async def test_consoles_show_chosen_calls(switch: Switch) -> None:
    alice, _, dialog = await call(switch)
    groups, logs = log_groups_of(switch.node.pbx), switch.node.logs
    (channel,) = switch.node.pbx.channels.values()
    mine = f"C-{channel.call_id:08x}"
    assert groups.groups() == {"echoes": [mine]}
    assert "No filter" in await run(switch, "logger filter show")
    await run(switch, "logger filter changroup others")
    assert logs.hides is not None
    assert logs.hides(mine)
    assert re.search(r"echoes +hidden +1 calls", await run(switch, "logger filter show"))
    await run(switch, "logger filter changroup echoes on")
    assert not logs.hides(mine)
    await run(switch, "logger filter changroup echoes off")
    assert logs.hides(mine)
    assert await run(switch, "logger filter reset") == "Log filtering has been reset\n"
    assert not logs.hides(mine)
    await end(alice, dialog)
    await eventually("the call is forgotten", lambda: not groups.groups())
    assert "Usage" in await run(switch, "logger filter changroup")


# ---------------------------------------------------------------- bridges, names, keys, files


async def test_two_are_mixed_without_the_simple_bridge(switch: Switch) -> None:
    await switch.start(
        phone("alice"),
        "[default]\nexten => 1,1,Dial(Local/2@default/n)\nexten => 2,1,Answer()\n same => n,Echo()\n",
    )
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    assert (
        await run(switch, "bridge technology suspend simple_bridge")
        == "Suspended bridge technology 'simple_bridge'\n"
    )
    assert re.search(r"simple_bridge .* Yes", await run(switch, "bridge technology show"))
    dialog = await alice.call("1", body=audio.sdp())
    assert {bridge.technology for bridge in switch.node.pbx.bridges} == {"softmix"}
    await end(alice, dialog)
    await run(switch, "bridge technology unsuspend simple_bridge")
    dialog = await alice.call("1", body=audio.sdp())
    assert {bridge.technology for bridge in switch.node.pbx.bridges} == {"simple_bridge"}
    await end(alice, dialog)
    assert "cannot be suspended" in await run(switch, "bridge technology suspend softmix")
    assert "Usage" in await run(switch, "bridge technology suspend nothing")


async def test_host_names_of_the_configuration(switch: Switch) -> None:
    trunk = phone("trunk") + "[trunk-identify]\ntype=identify\nendpoint=trunk\nmatch=localhost\n"
    await switch.start(trunk, dnsmgr="[general]\nenable=yes\nrefreshinterval=77\n")
    await eventually("it is known", lambda: "127.0.0.1" in switch.node.sip.names.names().get("localhost", ()))
    said = await run(switch, "dnsmgr status")
    assert "DNS Manager: enabled\nRefresh Interval: 77 seconds\nNumber of entries: 1\n" in said
    assert re.search(r"localhost: .*127\.0\.0\.1", said)
    assert switch.node.sip.names.interval == 77
    assert await run(switch, "dnsmgr refresh") == "Looking up 1 host name.\n"
    assert await run(switch, "dnsmgr refresh local*") == "Looking up 1 host name.\n"
    assert await run(switch, "dnsmgr refresh x*") == "No host name matches.\n"
    (switch.config / "dnsmgr.conf").write_text("[general]\nenable=no\n")
    assert await run(switch, "dnsmgr reload") == ""
    assert "DNS Manager: disabled" in await run(switch, "dnsmgr status")


async def test_key_files(switch: Switch) -> None:
    await switch.start(phone("alice"))
    folder = switch.node.paths.key
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.pub").write_text("-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n")
    locked = (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n"
    )
    (folder / "b.key").write_text(locked)
    (folder / "c.key").write_text("nothing\n")
    said = await run(switch, "keys show")
    assert re.search(r"^a +PUBLIC +\[Loaded\] +[0-9a-f]{32}$", said, re.M)
    assert re.search(r"^b +PRIVATE +\[Needs Passcode\] +[0-9a-f]{32}$", said, re.M)
    assert re.search(r"^c +PRIVATE +\[No key\]", said, re.M)
    assert "3 known RSA keys." in said


async def test_a_sound_file_is_converted(switch: Switch, tmp_path: Path) -> None:
    await switch.start(phone("alice"))
    source, target = tmp_path / "a.ulaw", tmp_path / "b.wav"
    source.write_bytes(b"\xff" * 4000)
    assert (
        await run(switch, f"file convert {source} {target}")
        == f"Converted {source} to {target} (500 ms of sound)\n"
    )
    assert target.stat().st_size == 44 + 8000
    assert "Unable to convert" in await run(switch, f"file convert {source} {tmp_path}/b.mp3")
    assert "Unable to convert" in await run(switch, f"file convert {tmp_path}/none.wav {target}")
    assert "Usage" in await run(switch, "file convert a b")
