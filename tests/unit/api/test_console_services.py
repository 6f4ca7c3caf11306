"""Console commands about what the node does for programs and by itself."""

from __future__ import annotations

import re

import pytest

from offhook.api.console.all_commands import COMMANDS
from offhook.config.pjsip import Global
from offhook.drivers.sip.strangers import Strangers
from offhook.levels import verbose
from unit.api.ami.test_sent_events import office
from unit.api.ami.test_sessions import Office
from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client
from unit.drivers.node import Switch, eventually, free_port, phone
from unit.drivers.test_sip_transports import transport

__all__ = ["office"]


async def run(node, line: str) -> str:
    return await COMMANDS.run(node, line)


# ---------------------------------------------------------------- manager interface


async def test_a_manager_session_is_ended(office: Office) -> None:
    client = await office.boss()
    row = (await run(office.node, "manager show connected")).splitlines()[1].split()
    number = row[4]
    assert row[0] == "boss"
    assert "No manager session found" in await run(office.node, "manager kick session 99999")
    assert "Usage" in await run(office.node, "manager kick session boss")
    said = await run(office.node, f"manager kick session {number}")
    assert said == f"Kicking manager session connected using file descriptor {number}\n"
    await eventually("the connection is closed", lambda: client.is_closed)


async def test_events_are_numbered(office: Office) -> None:
    client = await office.boss()
    node = office.node
    assert await run(node, "manager set debug") == "manager debug is off\n"
    await client.ask("UserEvent", UserEvent="one")
    assert "SequenceNumber" not in await client.find(Event="UserEvent", UserEvent="one")
    assert await run(node, "manager set debug on") == "manager debug is on\n"
    await client.ask("UserEvent", UserEvent="two")
    await client.ask("UserEvent", UserEvent="three")
    two = await client.find(Event="UserEvent", UserEvent="two")
    three = await client.find(Event="UserEvent", UserEvent="three")
    assert int(three["SequenceNumber"]) > int(two["SequenceNumber"])
    assert await run(node, "manager set debug off") == "manager debug is off\n"
    assert "Usage" in await run(node, "manager set debug loud")


# ---------------------------------------------------------------- ARI


async def test_messages_of_ari_in_the_log(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start(phone("alice"), DIALPLAN, ari=ARI, http=HTTP)
    caplog.set_level(verbose(0), "offhook.api.ari.service")
    node = switch.node
    ari = Client(switch)
    await ari.listen("test,other")
    assert "not found" in await run(node, "ari set debug nobody on")
    assert await run(node, "ari set debug test on") == "Debugging on 'test' enabled\n"
    await ari("POST", "events/user/Hello?application=test", status=204)
    await eventually("the event is in the log", lambda: "to me:" in caplog.text)
    assert "HTTP from" not in caplog.text
    await run(node, "ari set debug all on")
    await ari("GET", "channels")
    assert re.search(r"HTTP from 127\.0\.0\.1:\d+: GET /ari/channels: 200", caplog.text)
    await run(node, "ari set debug all off")
    caplog.clear()
    await ari("GET", "channels")
    assert "HTTP from" not in caplog.text


async def test_metrics(switch: Switch) -> None:
    await switch.start("", "", http=HTTP)
    assert "# TYPE offhook_calls gauge\noffhook_calls 0\n" in await run(
        switch.node, "prometheus show metrics"
    )
    host, port = switch.node.http.addresses[0]
    status = await run(switch.node, "prometheus show status")
    assert re.search(rf"Address: +{re.escape(host)}:{port}\n", status)
    assert re.search(r"URI: +/metrics\n", status)


# ---------------------------------------------------------------- SIP


async def test_what_sip_does_by_the_clock(switch: Switch) -> None:
    await switch.start(
        phone("alice", "", "contact=sip:127.0.0.1:9\nqualify_frequency=60")
        + "[trunk]\ntype=registration\nserver_uri=sip:127.0.0.1:9\nclient_uri=sip:me@127.0.0.1:9\n",
        "",
    )
    rows = await run(switch.node, "pjsip show scheduled_tasks")
    task = re.search(r"^pjsip/qualify/alice/sip:127\.0\.0\.1:9 +qualify +60 +([\d.]+)$", rows, re.MULTILINE)
    assert task is not None, rows
    assert 0 <= float(task[1]) <= 60
    assert re.search(r"Total Scheduled Tasks: [12]\n", rows)


async def test_connections_and_what_depends_on_them(switch: Switch) -> None:
    port = free_port(stream=True)
    await switch.start(phone("alice") + transport("tcp", "127.0.0.1", port), "")
    node = switch.node
    assert (await run(node, "pjsip show transport-monitors")).endswith("0 connections.\n")
    alice = await switch.peer(name="alice", to=port, tcp=True)
    await alice.register()
    row = (await run(node, "pjsip show transport-monitors")).splitlines()[1]
    assert row.split()[:3] == ["TCP", "them", alice.address]
    assert "contact alice/sip:alice@" in row


async def test_strangers(switch: Switch, caplog: pytest.LogCaptureFixture) -> None:
    await switch.start(phone("alice"), "")
    node = switch.node
    assert (await run(node, "pjsip show unidentified_requests")).endswith("0 addresses.\n")
    nobody = await switch.peer(name="nobody")
    for _ in range(5):
        nobody.request("REGISTER", f"sip:{nobody.server}")
        await nobody.expect(401)
    rows = (await run(node, "pjsip show unidentified_requests")).splitlines()
    assert rows[1].split()[:2] == ["127.0.0.1", "5"]
    told = [one for one in caplog.messages if 'SecurityEvent="InvalidAccountID"' in one]
    assert len(told) == 1
    assert 'RemoteAddress="IPV4/UDP/127.0.0.1/' in told[0]


def test_strangers_that_come_often_are_told_and_others_forgotten() -> None:
    strangers, terms = Strangers(), Global()
    assert [strangers.came("192.0.2.1", 100.0 + i, terms) for i in range(5)] == [False] * 4 + [True]
    assert not strangers.came("192.0.2.1", 110.0, terms)  # a new period
    assert [one.count for one in strangers.lately(111.0, terms)] == [1]
    assert not strangers.came("192.0.2.2", 139.0, terms)
    assert [one.host for one in strangers.lately(145.0, terms)] == ["192.0.2.2"]
    for number in range(10_050):
        strangers.came(f"10.0.{number // 256}.{number % 256}", 146.0, terms)
    assert len(list(strangers.lately(147.0, terms))) == 10_000


# ---------------------------------------------------------------- configuration, AGI


async def test_options_of_configuration(switch: Switch) -> None:
    (switch.config / "res_odbc.conf").write_text("")
    await switch.start(phone("alice"), "")
    node = switch.node
    assert "\tres_pjsip\n" in await run(node, "config show help")
    assert "\tendpoint (pjsip.conf)\n" in await run(node, "config show help res_pjsip")
    options = await run(node, "config show help res_pjsip endpoint")
    assert re.search(r"^ +direct_media -- bool.*yes", options, re.MULTILINE)
    assert (await run(node, "config show help res_pjsip endpoint direct_media")).count("\n") == 1
    assert await run(node, "config show help res_rocket") == "Module res_rocket not found.\n"
    assert "not found" in await run(node, "config show help res_pjsip rocket")
    assert "not found" in await run(node, "config show help res_pjsip endpoint rocket")


async def test_what_comes_from_databases(switch: Switch) -> None:
    (switch.config / "extconfig.conf").write_text("[settings]\nps_eps => odbc,mine,eps\n")
    (switch.config / "sorcery.conf").write_text("[res_pjsip]\nendpoint=config,pjsip.conf\nendpoint=memory\n")
    await switch.start(phone("alice"), "")
    node = switch.node
    assert (
        await run(node, "core show config mappings")
        == "Config Engine: odbc\n===> ps_eps (db=mine, table=eps)\n"
    )
    rows = [line.split(maxsplit=3) for line in (await run(node, "sorcery show settings")).splitlines()]
    assert ["res_pjsip", "endpoint", "memory"] in rows
    assert ["res_pjsip", "aor", "config", "pjsip.conf, criteria type=aor"] in rows
    assert ["res_mwi_external", "mailboxes", "astdb"] in rows


async def test_a_page_about_agi(switch: Switch, tmp_path) -> None:
    await switch.start("", "")
    path = tmp_path / "agi.html"
    assert await run(switch.node, f"agi dump html {path}") == f"AGI HTML commands dumped to: {path}\n"
    text = path.read_text("utf-8")
    assert (
        "<h2>DATABASE PUT</h2><p><code>DATABASE PUT &lt;family&gt; &lt;key&gt; &lt;value&gt;</code>" in text
    )
    assert "Could not create file" in await run(switch.node, "agi dump html /nowhere/at/all.html")
