"""cli_permissions.conf: who may use which console commands; cli_aliases.conf: further names of commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems
from offhook.config.reader import ConfigFile, Section

__all__ = ["CliPermissions", "CommandRule", "read_cli_aliases", "read_cli_permissions"]


@dataclass(frozen=True, slots=True)
class CommandRule:
    """One line: a command, by the words that it begins with, may be used or not; `all` is every command."""

    permit: bool
    command: str

    def matches(self, command: str) -> bool:
        """Whether the rule is about a command."""
        return self.command == "all" or command.startswith(self.command)


@dataclass(frozen=True, slots=True)
class CliPermissions:
    """The rules; without the file everybody who can use the socket may use every command."""

    default: bool = True
    users: Mapping[str, tuple[CommandRule, ...]] = field(
        default_factory=lambda: dict[str, tuple[CommandRule, ...]]()
    )
    groups: Mapping[str, tuple[CommandRule, ...]] = field(
        default_factory=lambda: dict[str, tuple[CommandRule, ...]]()
    )
    """Without the @ that stands before their names."""

    def permits(self, user: str, groups: tuple[str, ...], command: str) -> bool:
        """Whether somebody may use a command: the last rule about it counts, users' after groups'."""
        allowed = self.default
        rules = [rule for group in groups for rule in self.groups.get(group, ())]
        for rule in (*rules, *self.users.get(user, ())):
            if rule.matches(command):
                allowed = rule.permit
        return allowed


def read_cli_permissions(config: ConfigFile, problems: Problems) -> CliPermissions:
    """The sections: [general] with default_perm, [user], [@group]."""
    default = True
    users: dict[str, tuple[CommandRule, ...]] = {}
    groups: dict[str, tuple[CommandRule, ...]] = {}
    for section in config.sections:
        if section.name == "general":
            default = _default(section, problems)
        elif section.name.startswith("@"):
            groups[section.name[1:]] = (*groups.get(section.name[1:], ()), *_rules(section, problems))
        else:
            users[section.name] = (*users.get(section.name, ()), *_rules(section, problems))
    return CliPermissions(default, users, groups)


def _default(section: Section, problems: Problems) -> bool:
    allowed = True
    for item in section.items:
        if item.key.lower() != "default_perm":
            problems.error(item.file, item.line, f"unknown option {item.key}", "default_perm")
        elif item.value.lower() not in ("permit", "deny"):
            problems.error(item.file, item.line, f"default_perm is permit or deny, not {item.value!r}")
        else:
            allowed = item.value.lower() == "permit"
    return allowed


def _rules(section: Section, problems: Problems) -> list[CommandRule]:
    found: list[CommandRule] = []
    for item in section.items:
        if item.key.lower() not in ("permit", "deny"):
            problems.error(item.file, item.line, f"unknown option {item.key}", "permit")
        elif not item.value.split():
            problems.error(item.file, item.line, f"{item.key}: no command is named")
        else:
            found.append(CommandRule(item.key.lower() == "permit", " ".join(item.value.split())))
    return found


def read_cli_aliases(config: ConfigFile, problems: Problems) -> dict[str, str]:
    """What is typed -> the command that is meant, of the sections that `template` in [general] names."""
    general = config.section("general")
    found: dict[str, str] = {}
    for item in general.items if general is not None else ():
        if item.key.lower() != "template":
            problems.error(item.file, item.line, f"unknown option {item.key}", "template")
            continue
        sections = config.named(item.value)
        if not sections:
            problems.error(item.file, item.line, f"template: there is no section [{item.value}]")
        for section in sections:
            for alias in section.items:
                typed, meant = " ".join(alias.key.split()), " ".join(alias.value.split())
                if not typed or not meant:
                    problems.error(alias.file, alias.line, "an alias and its command are needed")
                else:
                    found.setdefault(typed, meant)
    return found
