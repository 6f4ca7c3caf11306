"""modules.conf: which parts of the program are wanted, by the names of Asterisk's modules."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from offhook.config.errors import Problems, Where
from offhook.config.files.sections import read_sections
from offhook.config.reader import ConfigFile, Section
from offhook.config.schema import ObjectType, option, repeated
from offhook.config.values import boolean

__all__ = ["MODULES", "PARTS", "ModulesConf", "read_modules_conf"]


PARTS = (
    "cdr_adaptive_odbc",
    "cdr_csv",
    "cdr_custom",
    "cdr_manager",
    "cdr_odbc",
    "cdr_pgsql",
    "cdr_sqlite3_custom",
    "cdr_syslog",
    "cel_custom",
    "cel_manager",
    "cel_odbc",
    "cel_pgsql",
    "cel_sqlite3_custom",
    "pbx_ael",
    "pbx_config",
    "pbx_lua",
    "pbx_python",
    "pbx_spool",
)
"""The modules that offer no application, function or action and can be left out all the same."""


def _module(value: str) -> tuple[str, ...]:
    """The name of a module, without `.so`."""
    return (value.removesuffix(".so"),)


@dataclass(frozen=True, slots=True)
class ModulesConf:
    """[modules]; names without `.so`."""

    name: str = "modules"
    where: Where = field(default=Where("", 0), compare=False, repr=False)
    autoload: bool = option(True, boolean)
    load: tuple[str, ...] = repeated(_module)
    noload: tuple[str, ...] = repeated(_module)
    preload: tuple[str, ...] = repeated(_module)
    require: tuple[str, ...] = repeated(_module)
    preload_require: tuple[str, ...] = repeated(_module, name="preload-require")

    def wants(self, module: str) -> bool:
        """Whether a module is to be there: named, or not excluded where everything is loaded."""
        if module in self.noload:
            return False
        if self.autoload:
            return True
        return any(module in names for names in (self.load, self.preload, self.require, self.preload_require))

    def with_module(self, module: str, wanted: bool) -> ModulesConf:
        """The same with a module that is there, or is not."""
        noload = tuple(name for name in self.noload if name != module)
        if wanted:
            load = self.load if self.autoload or module in self.load else (*self.load, module)
            return replace(self, load=load, noload=noload)
        return replace(self, noload=(*noload, module))


MODULES = ObjectType("modules.conf", "modules", ModulesConf)


def read_modules_conf(config: ConfigFile, problems: Problems) -> ModulesConf:
    """The typed content of modules.conf."""

    def other(section: Section) -> None:
        # Old files have an empty [global].
        if section.items:
            problems.warning(section.file, section.line, f"section [{section.name}] has no meaning here")

    return read_sections(config, problems, {"modules": MODULES}, other=other).get("modules", ModulesConf())
