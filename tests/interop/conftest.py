"""Fixtures of the interop tests: the program on free ports, phones, and proof that nothing is left over."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from baresip import Baresip, baresip_modules
from ports import Ports
from program import Program, ProgramError, adapt
from prompts import install as install_prompts
from sipp_run import Sipp, sipp_missing

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is an interop test."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.fixture(scope="session")
def ports() -> Iterator[Ports]:
    """Ports that no other test process uses."""
    found = Ports()
    yield found
    found.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name (Unix sockets take 107 bytes), gone after the test."""
    path = Path(tempfile.mkdtemp(prefix="oh-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """On a failure show the log of each program that the test ran."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    setattr(item, f"passed_{report.when}", report.passed)
    if report.failed:
        for name, program in getattr(item, "programs", {}).items():
            report.sections.append((f"log of {name}", program.log()[-12000:]))


MakeOffice = Callable[..., Program]


@pytest.fixture
def make_program(
    request: pytest.FixtureRequest, folder: Path, ports: Ports
) -> Iterator[Callable[..., Program]]:
    """Starts programs on given configurations; at the end each must be idle and stop cleanly."""
    made: dict[str, Program] = {}
    request.node.programs = made

    def make(name: str, config: Path, port: int, *, start: bool = True, **arguments: object) -> Program:
        program = Program(config, folder / f"{name}-state", port, **arguments)  # type: ignore[arg-type]
        made[name] = program
        if start:
            program.start()
        return program

    yield make
    passed = getattr(request.node, "passed_call", False)
    errors: list[BaseException] = []
    for program in made.values():
        try:
            if passed and program.running:
                program.assert_idle()
                program.assert_clean_log()
            program.stop()
        except AssertionError as error:
            program.kill()
            errors.append(error)
    if errors and passed:
        raise errors[0]


@pytest.fixture
def make_office(folder: Path, ports: Ports, make_program: Callable[..., Program]) -> MakeOffice:
    """Starts examples/office on free ports.

    `files` adds text to configuration files, `changes` replaces what is in them.  Its prompts and its music
    are short tones (prompts.py) unless `prompts` is false; `prompt_ms` gives some of them another length.
    """

    def make(
        files: dict[str, str] | None = None,
        *,
        changes: dict[str, str] | None = None,
        carrier_port: int = 0,
        name: str = "office",
        prompts: bool = True,
        prompt_ms: dict[str, float] | None = None,
        example: str = "office",
        **arguments: object,
    ) -> Program:
        config = folder / name
        for attempt in range(3):
            port = ports.take()
            first, last = ports.range(300)
            extra = {"rtp.conf": f"[general]\nrtpstart={first}\nrtpend={last}\n"}
            for file, text in (files or {}).items():
                extra[file] = extra.get(file, "") + text
            ours = {
                "0.0.0.0:5060": f"127.0.0.1:{port}",
                "127.0.0.1:5090": f"127.0.0.1:{carrier_port or ports.take()}",
            }
            shutil.rmtree(config, ignore_errors=True)
            adapt(example, config, {**ours, **(changes or {})}, extra)
            if prompts:
                install_prompts(folder / f"{name}-state", prompt_ms)
            try:
                return make_program(name, config, port, **arguments)
            except ProgramError as error:
                # what was free when it was tried may be somebody else's by now
                if "Address already in use" not in str(error) or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    return make


@pytest.fixture
def office(make_office: MakeOffice) -> Program:
    """examples/office, running."""
    return make_office()


@pytest.fixture
def make_phone(folder: Path, ports: Ports) -> Iterator[Callable[..., Baresip]]:
    """Makes baresip phones that are registered with a program."""
    if baresip_modules() is None:
        pytest.skip("baresip (baresip-core) is not installed")
    made: list[Baresip] = []

    def make(
        program: Program, user: str, *, password: str = "", registered: bool = True, **arguments: object
    ) -> Baresip:
        phone = Baresip(
            folder / f"phone-{user}-{len(made)}",
            user=user,
            password=password or program.passwords[user],
            server=f"127.0.0.1:{program.port}",
            ports=(ports.take(2), ports.take(), ports.range(20)),
            **arguments,  # type: ignore[arg-type]
        )
        made.append(phone)
        return phone.start(registered=registered)

    yield make
    for phone in made:
        phone.close()


@pytest.fixture
def sipp(folder: Path, ports: Ports) -> Iterator[Callable[..., Sipp]]:
    """Makes SIPp runs; `user` gives one the account of an office phone."""
    if sipp_missing():
        pytest.skip("SIPp (sip-tester) is not installed")
    made: list[Sipp] = []

    def make(
        scenario: str,
        program: Program,
        user: str = "",
        *,
        port: int = 0,
        server_port: int = 0,
        **arguments: Any,
    ) -> Sipp:
        keys: dict[str, object] = dict(arguments.pop("keys", {}))
        if user:
            keys = {"user": user, "password": program.passwords[user], **keys}
        run = Sipp(
            scenario,
            folder=folder,
            port=port or ports.take(),
            server=f"127.0.0.1:{server_port or program.port}",
            keys=keys,
            **arguments,
        )
        made.append(run)
        return run

    yield make
    for run in made:
        run.close()


@pytest.fixture
def register(sipp: Callable[..., Sipp]) -> Callable[..., int]:
    """Registers a phone of the office; the port on which it is reached."""

    def make(program: Program, user: str, expires: int = 300, port: int = 0) -> int:
        return sipp("register", program, user, port=port, keys={"expires": expires}).run().port

    return make
