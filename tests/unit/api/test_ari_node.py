"""ARI: the node's modules and its log."""

from __future__ import annotations

import logging

from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client
from unit.drivers.node import Switch, eventually, phone


async def start(switch: Switch, **more: str) -> Client:
    await switch.start(phone("alice"), DIALPLAN, ari=ARI, http=HTTP, **more)
    return Client(switch)


async def test_modules(switch: Switch) -> None:
    ari = await start(switch, modules="[modules]\nautoload=yes\nnoload=cdr_csv.so\n")
    names = {one["name"] for one in await ari("GET", "asterisk/modules")}
    assert "app_dial.so" in names
    assert "cdr_csv.so" not in names
    assert (await ari("GET", "asterisk/modules/app_dial"))["status"] == "Running"
    await ari("GET", "asterisk/modules/cdr_csv.so", status=404)
    await ari("GET", "asterisk/modules/app_rocket", status=404)
    await ari("POST", "asterisk/modules/app_rocket", status=409)
    await ari("POST", "asterisk/modules/app_dial", status=409)
    await ari("POST", "asterisk/modules/cdr_csv.so", status=204)
    assert any(type(one).__name__ == "CdrCsv" for one in switch.node.cdr.backends)
    await ari("GET", "asterisk/modules/cdr_csv.so")
    await ari("DELETE", "asterisk/modules/codec_ulaw", status=409)  # part of the program
    await ari("DELETE", "asterisk/modules/app_dial", status=204)
    await ari("GET", "asterisk/modules/app_dial", status=404)
    await ari("POST", "asterisk/modules/app_dial", status=204)
    await ari("DELETE", "asterisk/modules/cdr_csv.so", status=204)
    assert not any(type(one).__name__ == "CdrCsv" for one in switch.node.cdr.backends)
    await ari("PUT", "asterisk/modules/app_dial", status=409)
    await ari("PUT", "asterisk/modules/app_confbridge", status=204)
    (switch.config / "pjsip.conf").write_text("[x]\ntype=endpoint\nallow=nonsense\n")
    await ari("PUT", "asterisk/modules/app_confbridge", status=409)


async def test_log_channels(switch: Switch) -> None:
    ari = await start(switch, logger="[logfiles]\nmessages => warning,error\n")
    folder = switch.node.paths.log
    assert [one["type"] for one in await ari("GET", "asterisk/logging")] == ["File"]
    await ari("POST", "asterisk/logging/more?configuration=notice,shouting", status=400)
    await ari("POST", "asterisk/logging/..%2Fmore?configuration=notice", status=400)
    await ari("POST", "asterisk/logging/more?configuration=notice,warning", status=204)
    await ari("POST", "asterisk/logging/more?configuration=notice", status=409)
    await ari("POST", "asterisk/logging/messages?configuration=notice", status=409)
    found = {one["channel"]: one["configuration"] for one in await ari("GET", "asterisk/logging")}
    assert found[str(folder / "more")] == "NOTICE WARNING"
    logging.getLogger("offhook.test").warning("first line")
    await eventually("a line", lambda: "first line" in (folder / "more").read_text())
    await ari("PUT", "asterisk/logging/more/rotate", status=204)
    await eventually("an old file", lambda: "first line" in (folder / "more.0").read_text())
    await switch.node.reload()
    logging.getLogger("offhook.test").warning("second line")
    await eventually("a line", lambda: "second line" in (folder / "more").read_text())
    assert "first line" not in (folder / "more").read_text()
    await ari("DELETE", "asterisk/logging/more", status=204)
    await ari("DELETE", "asterisk/logging/more", status=404)
    await ari("PUT", "asterisk/logging/more/rotate", status=404)
    assert len(await ari("GET", "asterisk/logging")) == 1


async def test_objects_of_programs(switch: Switch) -> None:
    sorcery = "[res_pjsip]\nendpoint=memory\naor=memory\n"
    ari = await start(switch, sorcery=sorcery)
    path = "asterisk/config/dynamic/res_pjsip"
    await ari("GET", f"{path}/endpoint/carol", status=404)
    await ari("GET", f"{path}/rocket/carol", status=404)
    await ari("GET", "asterisk/config/dynamic/res_rocket/endpoint/carol", status=404)
    await ari("PUT", f"{path}/endpoint/carol", status=400)
    bad = {"fields": [{"attribute": "allow", "value": "nonsense"}]}
    await ari("PUT", f"{path}/endpoint/carol", bad, status=400)
    await ari("PUT", f"{path}/endpoint/carol", {"fields": ["x"]}, status=400)
    await ari("PUT", f"{path}/auth/carol", {"fields": [{"attribute": "username", "value": "x"}]}, status=403)
    made = await ari(
        "PUT",
        f"{path}/endpoint/carol",
        {"fields": [{"attribute": "allow", "value": "!all,alaw"}, {"attribute": "aors", "value": "carol"}]},
    )
    assert {"attribute": "aors", "value": "carol"} in made
    contact = {"fields": [{"attribute": "contact", "value": f"sip:carol@127.0.0.1:{switch.port}"}]}
    await ari("PUT", f"{path}/aor/carol", contact)
    changed = {"fields": [{"attribute": "context", "value": "elsewhere"}]}
    values = {one["attribute"]: one["value"] for one in await ari("PUT", f"{path}/endpoint/carol", changed)}
    assert (values["context"], values["aors"]) == ("elsewhere", "carol")
    assert (await ari("GET", "endpoints/PJSIP/carol"))["resource"] == "carol"
    assert switch.node.pbx.request("PJSIP/carol", caller=None)
    await switch.node.reload()
    assert (await ari("GET", "endpoints/PJSIP/alice"))["resource"] == "alice"
    await ari("GET", f"{path}/endpoint/carol")
    await ari("DELETE", f"{path}/endpoint/alice", status=403)
    await ari("DELETE", f"{path}/endpoint/carol", status=204)
    await ari("DELETE", f"{path}/endpoint/carol", status=404)
    await ari("GET", "endpoints/PJSIP/carol", status=404)


async def test_paths_are_not_for_everybody(switch: Switch) -> None:
    ari = await start(switch)
    await ari("GET", "/health", status=200)
    await switch.node.stop()
    closed = "[/health]\ntype=restriction\ndeny=0.0.0.0/0\n[/ari/asterisk]\ntype=restriction\nacl=nobody\n"
    (switch.config / "acl.conf").write_text("[nobody]\ndeny=0.0.0.0/0\n")
    (switch.config / "http.conf").write_text(HTTP + closed)
    await switch.run()
    await ari("GET", "/health", status=403)
    await ari("GET", "asterisk/info", status=403)
    await ari("GET", "channels", status=200)
