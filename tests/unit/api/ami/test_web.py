"""The manager interface over HTTP: one action a request, a cookie, events kept for WaitEvent."""

from __future__ import annotations

import asyncio
import re
from xml.etree import ElementTree

import pytest

from offhook.api.ami.web import html_page, xml_page
from unit.drivers.node import Switch

MANAGER = "[general]\nenabled = no\nwebenabled = yes\n[boss]\nsecret = s3cret\nread = all\nwrite = all\n"


class Browser:
    """Requests, with the cookie of the last answer."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookie = ""

    async def get(self, form: str, query: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        cookie = f"Cookie: {self.cookie}\r\n" if self.cookie else ""
        writer.write(f"GET /{form}?{query} HTTP/1.1\r\nHost: x\r\n{cookie}Connection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        head, _, body = answer.partition("\r\n\r\n")
        found = re.search(r"(?i)set-cookie: ([^\r\n]*)", head)
        self.cookie = found[1] if found else ""
        return body if " 200 " in head.partition("\r\n")[0] else head.partition("\r\n")[0]


async def start(switch: Switch, manager: str = MANAGER) -> Browser:
    http = "[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = 0\n"
    await switch.start("", "[default]\n", manager=manager, http=http)
    return Browser(switch.node.http.addresses[0][1])


async def test_a_session(switch: Switch) -> None:
    browser = await start(switch)
    assert "Permission denied" in await browser.get("rawman", "action=ping")
    answer = await browser.get("rawman", "action=login&username=boss&secret=s3cret")
    assert answer == "Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
    assert "Ping: Pong" in await browser.get("rawman", "action=ping")
    await browser.get("rawman", "action=userevent&userevent=Hello&a=b%0d%0aEvent:%20x")
    waited = await browser.get("rawman", "action=waitevent&timeout=5")
    assert waited.startswith("Response: Success\r\nMessage: Waiting for Event completed.\r\n\r\n")
    assert "Event: UserEvent\r\nPrivilege: user,all\r\nUserEvent: Hello\r\na: b  Event: x\r\n" in waited
    assert "Event: WaitEventComplete" in waited
    (generic,) = ElementTree.fromstring(await browser.get("mxml", "action=ping")).iter("generic")
    assert (generic.get("response"), generic.get("ping")) == ("Success", "Pong")
    assert "<td>Pong</td>" in await browser.get("manager", "action=ping")
    assert "Goodbye" in await browser.get("rawman", "action=logoff")
    assert not switch.node.manager.sessions
    assert "Permission denied" in await browser.get("rawman", "action=ping")


async def test_it_is_there_only_where_it_is_wanted(switch: Switch) -> None:
    browser = await start(switch, MANAGER.replace("webenabled = yes", "webenabled = no"))
    assert "404" in await browser.get("rawman", "action=ping")


@pytest.mark.parametrize(
    "text", ["Response: <&>\"'\r\n\r\n", "no header\r\n1: 2\r\nA: 1\r\nA: 2\r\n\r\n", ""]
)
def test_what_is_shown_is_well_formed(text: str) -> None:
    ElementTree.fromstring(xml_page(text)[0])
    assert "<&>" not in html_page(text)[0]
