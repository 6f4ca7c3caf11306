"""docs/compatibility.md: what is missing of Asterisk names the service that it waits for."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture(scope="module")
def page() -> ModuleType:
    sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module("compatibility")


@pytest.fixture(scope="module")
def later() -> ModuleType:
    sys.path.insert(0, str(SCRIPTS))
    return importlib.import_module("later_services")


def test_what_is_commonly_used_and_missing_has_a_service(page: ModuleType, later: ModuleType) -> None:
    kinds = ("application", "function", *page.INTERFACES)
    unnamed = [
        f"{one.kind} {one.name}"
        for kind in kinds
        for one in page.missing(kind)
        if one.tier in "12-" and later.service_of(one.kind, one.name, one.modules) is None
    ]
    assert unnamed == []


def test_what_is_commonly_used_waits_for_a_service_of_its_own(page: ModuleType, later: ModuleType) -> None:
    """The catch-alls at the end are for what is rarely used."""
    rest = [service for service in later.SERVICES if service.startswith("other ")]
    assert len(rest) > 2
    found = [
        f"{one.kind} {one.name}"
        for kind in page.INTERFACES
        for one in page.missing(kind)
        if one.tier in "12" and later.service_of(one.kind, one.name, one.modules) in rest
    ]
    assert found == []


def test_services_that_have_come_are_not_named(page: ModuleType, later: ModuleType) -> None:
    waited_for = {
        later.service_of(one.kind, one.name, one.modules)
        for kind in ("application", "function", *page.INTERFACES)
        for one in page.missing(kind)
    }
    named = {*later.SERVICES, *later.NAMES.values()}
    assert sorted(named - waited_for) == []


def test_names_are_asterisk_s(page: ModuleType) -> None:
    kinds = {one.kind for one in page.asterisk_names()}
    assert kinds == {"application", "function", *page.INTERFACES}
    assert "agi answer" in {f"{one.kind} {one.name}" for one in page.asterisk_names()}
    assert not [one.name for one in page.missing("agi") if one.tier in "12"]
    assert not [one.name for one in page.missing("operation") if one.tier in "12"]


def test_totals_of_the_suite_are_those_of_its_page(page: ModuleType) -> None:
    text = page.suite()
    total = page.EXAM.read_text().partition("**")[2].partition(" passed")[0]
    assert f"**{total}**" in text


def test_limits_of_modules_are_those_of_their_options(page: ModuleType) -> None:
    page.load()
    found = page.registry_of_modules.known()
    assert found["app_mixmonitor"].is_provided
    assert {"option m of MixMonitor()", "option c of MixMonitor()"} <= set(found["app_mixmonitor"].limits)
    assert found["app_echo"].limits == ()
    for name in page.registry_of_modules.LIMITS:
        assert found[name].is_provided, f"{name} is not here: what it lacks need not be said"
    assert "| app_mixmonitor | option" in page.modules_here()
