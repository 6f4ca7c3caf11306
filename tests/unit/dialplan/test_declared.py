"""Everything that is declared: its signature can be read, it is documented, and Asterisk knows its name."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import offhook.apps
import offhook.functions
from offhook.dialplan.declare import applications, functions
from offhook.dialplan.known import ASTERISK_APPLICATIONS, ASTERISK_FUNCTIONS

for module in pkgutil.iter_modules(offhook.apps.__path__):
    importlib.import_module(f"offhook.apps.{module.name}")
for module in pkgutil.iter_modules(offhook.functions.__path__):
    importlib.import_module(f"offhook.functions.{module.name}")

APPLICATIONS = [name for name in applications.names() if not name.startswith("Test")]


@pytest.mark.parametrize("name", APPLICATIONS)
def test_application(name: str) -> None:
    application = applications.get(name)
    assert name.lower() in {known.lower() for known in ASTERISK_APPLICATIONS}
    assert application.documentation.synopsis.endswith((".", ")"))
    parameters = {parameter.name for parameter in application.signature.parameters}
    assert set(application.documentation.arguments) <= parameters
    for parameter in application.signature.parameters:
        for letter, spec in (parameter.options.specs() if parameter.options else {}).items():
            assert spec.doc, letter
    # Wrong arguments are complaints, never another kind of exception.
    for text in ("", ",,,,,", "(", "x" * 50, "a,b,c,d,e,f,g", "&&&"):
        application.signature.check(text)


@pytest.mark.parametrize("name", functions.names())
def test_function(name: str) -> None:
    function = functions.get(name)
    assert name in ASTERISK_FUNCTIONS
    assert function.documentation.synopsis
    for signature in (
        function.read_signature if function.read else None,
        function.write_signature if function.write else None,
    ):
        for text in ("", ",,,,,", "(", "x" * 50) if signature else ():
            signature.check(text)
