"""The pytest plugin: fixtures `office` and `make_office`, and tests that are coroutines.

A test that asks for one of the fixtures and is an `async def` runs on the office's own loop, whose time is
virtual; no other plugin is needed for that.  Loaded by itself where Offhook is installed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from offhook.testing.office import Office
    from offhook.testing.virtual_loop import VirtualLoop

__all__ = ["make_office", "office"]

_FILES = ("extensions.conf", "extensions.ael", "extensions.lua", "extensions.py", "pjsip.conf")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The ini option."""
    parser.addini("offhook_config", "the configuration folder that the fixture `office` uses", default="")


@pytest.fixture
def virtual_loop() -> Iterator[VirtualLoop]:
    """The loop of a test with an office: nobody waits."""
    from offhook.testing.virtual_loop import VirtualLoop

    loop = VirtualLoop()
    yield loop
    loop.close()


@pytest.fixture
def make_office(virtual_loop: VirtualLoop) -> Iterator[Callable[..., Office]]:
    """Makes offices: of a folder, of the text of an extensions.conf, of dialplans in Python."""
    from offhook.testing.office import Office

    made: list[Office] = []

    def make(*args: Any, **options: Any) -> Office:
        async def inside() -> Office:
            return Office(*args, **options)

        if virtual_loop.is_running():
            one = Office(*args, **options)
        else:
            one = virtual_loop.run_until_complete(inside())
        made.append(one)
        return one

    yield make
    for one in made:
        virtual_loop.run_until_complete(one.everybody_hangs_up())


@pytest.fixture
def office(make_office: Callable[..., Office], request: pytest.FixtureRequest) -> Office:
    """The office of the folder that `offhook_config` names, or of the nearest folder above that is one."""
    said = str(request.config.getini("offhook_config"))
    if said:
        return make_office(request.config.rootpath / said)
    for folder in Path(request.path).resolve().parents:
        if any((folder / name).exists() for name in _FILES):
            return make_office(folder)
    pytest.fail(f"no folder above {request.path} has one of {', '.join(_FILES)}", pytrace=False)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object:
    """Run a coroutine on the office's loop."""
    loop = cast("VirtualLoop | None", pyfuncitem.funcargs.get("virtual_loop"))
    function = inspect.unwrap(pyfuncitem.obj)
    if loop is None or not inspect.iscoroutinefunction(function):
        return None
    if pyfuncitem.instance is not None and not inspect.ismethod(function):
        function = function.__get__(pyfuncitem.instance)
    names = pyfuncitem._fixtureinfo.argnames  # pyright: ignore[reportPrivateUsage]
    loop.run_until_complete(function(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
