"""RTCP of a leg: what programs are told of it, and what CHANNEL(rtcp,...) says at the end."""

from __future__ import annotations

import socket
import struct

from offhook.pbx.events import RtcpReceived
from unit.drivers.node import Switch, eventually, phone

WAITS = "[default]\nexten => wait,1,Answer()\n same => n,Wait(20)\n"


def sender_report(ssrc: int, about: int, lost: int, jitter: int) -> bytes:
    """A sender report with one block (RFC 3550 6.4.1), and the name that has to follow."""
    report = struct.pack("!BBHIIIIII", 0x81, 200, 12, ssrc, 7, 0, 1600, 10, 1600)
    report += struct.pack("!IIIIII", about, 5 << 24 | lost, 1 << 16 | 33, jitter, 0, 0)
    return report + struct.pack("!BBHIBB2x", 0x81, 202, 2, ssrc, 1, 0)


async def test_reports_of_the_far_end(switch: Switch) -> None:
    await switch.start(phone("alice"), WAITS)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    pbx = switch.node.pbx
    dialog = await alice.call("wait", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    audio.talk()
    channel = next(iter(pbx.channels.values()))
    port = channel.media
    assert port is not None
    await eventually("audio", lambda: port.stats()["rx_packets"])
    told: list[RtcpReceived] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as rtcp:
        rtcp.bind(("127.0.0.1", 0))
        to, own = ("127.0.0.1", port.rtcp_port), f"127.0.0.1:{rtcp.getsockname()[1]}"
        rtcp.sendto(sender_report(4711, port.core.ssrc, 3, 80), to)
        await eventually("a report", lambda: port.stats()["remote_lost"] == 3)
        assert not told, "nobody listened"
        stop = pbx.bus.listen(RtcpReceived, told.append)
        rtcp.sendto(sender_report(4711, port.core.ssrc, 5, 160), to)
        await eventually("an event", lambda: told)
        stop()
        rtcp.sendto(sender_report(4711, port.core.ssrc, 5, 160), to)
        await eventually("a third report", lambda: channel.info("rtcp,remote_maxrxploss") == "5.000000")
    event = told[0]
    report, block = event.report, event.report.block
    assert event.channel is channel
    assert report.address == own
    assert (report.ssrc, report.packet_type, report.report_count) == (4711, 200, 1)
    assert (report.ntp, report.rtp_timestamp, report.packets, report.octets) == (7 << 32, 1600, 10, 1600)
    assert block is not None
    assert (block.source_ssrc, block.fraction_lost, block.cumulative_lost) == (port.core.ssrc, 5, 5)
    assert (block.highest_sequence, block.sequence_cycles, block.jitter) == (33, 1, 160)
    assert channel.info("rtcp,remote_minjitter") == "0.010000"
    assert channel.info("rtcp,remote_maxjitter") == "0.020000"
    assert len(told) == 1
    alice.within(dialog, "BYE")
    await alice.expect(200)


async def test_a_silent_leg_keeps_its_nat_open(switch: Switch) -> None:
    await switch.start(phone("alice", "rtp_keepalive=1"), WAITS)
    alice, audio = await switch.peer(name="alice"), await switch.audio()
    await alice.call("wait", body=audio.sdp())
    await eventually("comfort noise", lambda: (13, b"\x7f") in audio.packets)
