"""Wrong passwords at AMI and ARI: answered late, and told in a form that fail2ban reads."""

from __future__ import annotations

import asyncio
import re

import pytest

from unit.api.ami.test_sessions import Office, office
from unit.api.ari_client import ARI, DIALPLAN, HTTP, Client
from unit.drivers.node import Switch, eventually, phone

__all__ = ["office"]

# As fail2ban reads it: its filter for Asterisk has a prefix (date, level, process), and for the security
# log the names of four events; the address is the one thing that it takes.
_HOST = r"(?:\[?(?:(?:::f{4,6}:)?(?P<host>[\w.:]+))\]?)"
_PREFIX = (
    r"\[[^]]*\]\s*(?:NOTICE|SECURITY|WARNING)(?:\s*\[\d+\]):?(?:\[C-[\da-f]*\])? [^:]+:\d*(?:(?: in)? \w+:)?"
)
_EVENTS = "FailedACL|InvalidAccountID|ChallengeResponseFailed|InvalidPassword"
FAIL2BAN = re.compile(
    rf'^{_PREFIX} SecurityEvent="(?:{_EVENTS})"'
    r'(?:(?:,(?!RemoteAddress=)\w+="[^"]*")*|.*?)'
    rf',RemoteAddress="IPV[46]/[^/"]+/{_HOST}/\d+"(?:,(?!RemoteAddress=)\w+="[^"]*")*$'
)


async def attacks(switch: Switch, count: int) -> list[str]:
    path = switch.folder / "state/log/security"

    def read() -> list[str]:
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line for line in lines if "SuccessfulAuth" not in line]
        return found if len(found) >= count else []

    return await eventually(f"{count} lines", read)  # type: ignore[return-value]


@pytest.mark.parametrize("form", ["", "[plain]"])
async def test_attacks_on_ari(switch: Switch, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr("offhook.api.failed_logins._DELAY", 0.01)
    logger = f"[logfiles]\nsecurity => {form}security\n"
    await switch.start(phone("alice"), DIALPLAN, ari=ARI, http=HTTP, logger=logger)
    ari = Client(switch)
    for user in ("me:wrong", "nobody:x", 'a",RemoteAddress="IPV4/TCP/192.0.2.1/1":x'):
        await ari("GET", "channels", user=user, status=401)
    for line in await attacks(switch, 3):
        found = FAIL2BAN.match(line)
        assert found is not None, line
        assert found["host"] == "127.0.0.1"


async def test_attacks_on_the_manager_interface(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.api.failed_logins._DELAY", 0.01)
    office.switch.write("", logger="[logfiles]\nsecurity => security\n")
    await office.start()
    for user in ("boss", "nobody", 'a",RemoteAddress="IPV4/TCP/192.0.2.1/1"'):
        client = await office.client()
        await client.ask("Login", Username=user, Secret="wrong")
    for line in await attacks(office.switch, 3):
        found = FAIL2BAN.match(line)
        assert found is not None, line
        assert found["host"] == "127.0.0.1"


async def test_guessing_at_ari_is_slow(switch: Switch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("offhook.api.failed_logins._DELAY", 0.2)
    await switch.start(phone("alice"), DIALPLAN, ari=ARI, http=HTTP)
    node = switch.node
    assert node.ari is not None
    failed = node.ari.failed_logins
    guesses = [
        asyncio.ensure_future(Client(switch)("GET", "channels", user="me:x", status=401)) for _ in range(5)
    ]
    await eventually("five wait", lambda: failed.is_pestered_by("127.0.0.1"))
    ari = Client(switch)
    await ari("GET", "channels", user="me:y", status=429)
    await ari("GET", "channels", status=429)  # the right one is not looked at either
    await asyncio.gather(*guesses)
    assert await ari("GET", "channels") == []
    begun = asyncio.get_running_loop().time()
    await ari("GET", "channels", user="me:z", status=401)
    assert asyncio.get_running_loop().time() - begun >= 1.0  # the sixth waits for six times as long
    # without a password there is nothing to guess, and nothing to wait for
    for _ in range(8):
        await ari("GET", "channels", user="", status=401)
    assert not failed.is_pestered_by("127.0.0.1")
