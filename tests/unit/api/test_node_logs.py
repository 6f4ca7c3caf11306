"""logger.conf in the running node: files, attacks, calls, and what the console does with them."""

from __future__ import annotations

import re

from offhook.api.console.all_commands import COMMANDS
from unit.drivers.node import Switch, eventually, hang_up, phone

AUTH = "[alice]\ntype=auth\nauth_type=userpass\nusername=alice\npassword=right\n"
# What fail2ban's filter for Asterisk looks for: date and level, the event, the address.
ATTACK = re.compile(
    r"\[[^]]+\] SECURITY\[\d+\] [^:]+: "
    r'SecurityEvent="(?:FailedACL|ChallengeResponseFailed)"(?:,(?!RemoteAddress=)\w+="[^"]*")*,'
    r'RemoteAddress="IPV[46]/[^/"]+/(?P<host>[^/"]+)/\d+"(?:,\w+="[^"]*")*'
)


async def lines(switch: Switch, name: str, count: int = 1) -> list[str]:
    path = switch.folder / "state/log" / name

    def read() -> list[str]:
        found = path.read_text().splitlines() if path.exists() else []
        return found if len(found) >= count else []

    return await eventually(f"{count} lines in {name}", read)  # type: ignore[return-value]


async def test_attacks_have_a_file_that_fail2ban_reads(switch: Switch) -> None:
    await switch.start(
        phone("alice", "auth=alice") + AUTH,
        logger="[logfiles]\nsecurity => security\nmessages => notice,warning,error\n",
    )
    alice = await switch.peer(name="alice")
    await alice.register(password="right")
    await alice.register(password="wrong", status=403)
    found = await lines(switch, "security")
    assert len(found) == 1
    match = ATTACK.fullmatch(found[0])
    assert match is not None, found
    assert match["host"] == "127.0.0.1"
    assert 'AccountID="alice"' in found[0]
    assert f'LocalAddress="IPV4/UDP/127.0.0.1/{switch.port}"' in found[0]
    assert f'RemoteAddress="IPV4/UDP/127.0.0.1/{alice.port}"' in found[0]
    assert not (switch.folder / "state/log/messages").read_text()


async def test_lines_of_a_call_name_it(switch: Switch) -> None:
    await switch.start(
        phone("alice"),
        "[default]\nexten => 1,1,Answer()\n same => n,Verbose(2,two)\n same => n,Verbose(5,five)\n"
        " same => n,Log(WARNING,careful)\n same => n,Log(AUDIT,mine)\n same => n,Read(X,,1)\n"
        " same => n,Wait(9)\n",
        logger="[general]\ncustom_levels=audit\n"
        "[logfiles]\nfull => warning,verbose(4),dtmf\naudit => audit\n",
    )
    alice = await switch.peer(name="alice")
    audio = await switch.audio()
    dialog = await alice.call("1", body=audio.sdp())
    assert dialog.response is not None
    audio.aim(dialog.response)
    await audio.digit("5")
    found = await lines(switch, "full", 8)
    call = r"\[C-00000001\]"
    for pattern in (
        rf"VERBOSE\[\d+\]{call} dialplan.runner: PJSIP/alice-\w+: \[1@default:1\] Answer\(\)",
        rf"VERBOSE\[\d+\]{call} dialplan.verbose: two",
        rf"WARNING\[\d+\]{call} dialplan.verbose: \[1@default:4\] careful",
        r"DTMF\[\d+\] dtmf: PJSIP/alice-\w+: '5' received, \d+ ms",
    ):
        assert any(re.search(pattern, line) for line in found), (pattern, found)
    assert not any(line.endswith(": five") for line in found)
    (audit,) = await lines(switch, "audit")
    assert re.search(rf"AUDIT\[\d+\]{call} level.audit: \[1@default:5\] mine", audit)
    await hang_up(switch, alice, dialog)


async def test_steps_of_the_dialplan_cost_nothing_when_nobody_reads_them(switch: Switch) -> None:
    await switch.start(phone("alice"), logger="[logfiles]\na => warning,error\n")
    assert await COMMANDS.run(switch.node, "core set verbose 3") == "Console verbose was 0 and is now 3.\n"
    from offhook.dialplan import runner

    assert not runner.log.isEnabledFor(runner._STEP)
    (switch.config / "logger.conf").write_text("[logfiles]\na => verbose\n")
    assert await COMMANDS.run(switch.node, "logger reload") == ""
    assert runner.log.isEnabledFor(runner._STEP)
    await COMMANDS.run(switch.node, "core set verbose off")
    assert not runner.log.isEnabledFor(runner._STEP)


async def test_asterisk_conf_says_how_much_is_said(switch: Switch) -> None:
    await switch.start(
        phone("alice"), asterisk="[options]\nverbose=4\ndebug=1\n", logger="[logfiles]\na => verbose,debug\n"
    )
    assert (switch.node.logs.verbose, switch.node.logs.debug) == (4, 1)
    assert await COMMANDS.run(switch.node, "core set debug atleast 3") == "Core debug was 1 and is now 3.\n"
    assert (
        await COMMANDS.run(switch.node, "core set debug x")
        == "Usage: core set debug [atleast] LEVEL|off [MODULE]\n"
    )


async def test_logger_reload_opens_the_files_again(switch: Switch) -> None:
    conf = "[logfiles]\nmessages => notice,warning,error\n"
    await switch.start(phone("alice"), logger=conf)
    log = switch.folder / "state/log"
    (log / "messages").rename(log / "messages.1")
    assert await COMMANDS.run(switch.node, "logger reload") == ""
    assert (log / "messages").exists()
    # A mistake changes nothing, and says where.
    (switch.config / "logger.conf").write_text(conf + "other => warnig\n")
    answer = await COMMANDS.run(switch.node, "logger reload")
    assert f"{switch.config}/logger.conf:3: unknown level 'warnig'" in answer
    assert "Not reloaded" in answer
    shown = await COMMANDS.run(switch.node, "logger show channels")
    assert str(log / "messages") in shown
    assert "other" not in shown
    assert "Logger queue limit: 1000" in shown
    assert "DTMF\n" in await COMMANDS.run(switch.node, "logger show levels")


async def test_core_reload_takes_up_logger_conf(switch: Switch) -> None:
    await switch.start(phone("alice"), logger="[logfiles]\na => notice\n")
    (switch.config / "logger.conf").write_text("[logfiles]\nb => notice\n")
    assert "Reloaded." in await COMMANDS.run(switch.node, "core reload")
    await lines(switch, "b")
