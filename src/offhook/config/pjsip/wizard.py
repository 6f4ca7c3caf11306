"""pjsip_wizard.conf: a phone or a trunk in one section, from which the objects of pjsip.conf are made.

The objects are sections as pjsip.conf would have them, each item with the place that it comes from, so that
a mistake in one is told with the line of the wizard's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from offhook.config.errors import Problems, Where
from offhook.config.reader import ConfigFile, Item, Section
from offhook.config.schema import ObjectType, option
from offhook.config.values import boolean, text, words

__all__ = ["WIZARD", "WizardHint", "Wizards", "read_pjsip_wizard"]

_Own = Mapping[str, str | tuple[str, ...]]
_OBJECTS = ("endpoint", "aor", "inbound_auth", "outbound_auth", "identify", "registration")


@dataclass(frozen=True, slots=True)
class _Wizard:
    """A section with `type=wizard`, without the options that are passed on (`endpoint/allow`)."""

    name: str
    where: Where = field(compare=False, repr=False)
    accepts_auth: bool = option(False, boolean)
    accepts_registrations: bool = option(False, boolean)
    sends_auth: bool = option(False, boolean)
    sends_registrations: bool = option(False, boolean)
    sends_line_with_registrations: bool = option(False, boolean)
    remote_hosts: tuple[str, ...] = option((), words)
    outbound_proxy: str = option("", text)
    transport: str = option("", text)
    server_uri_pattern: str = option("sip:${REMOTE_HOST}", text)
    client_uri_pattern: str = option("sip:${USERNAME}@${REMOTE_HOST}", text)
    contact_pattern: str = option("sip:${REMOTE_HOST}", text)
    has_hint: bool = option(False, boolean)
    hint_exten: str = option("", text)
    hint_context: str = option("", text)
    hint_application: str = option("", text)


WIZARD = ObjectType("pjsip_wizard.conf", "wizard", _Wizard, ignored=("type",))


@dataclass(frozen=True, slots=True)
class WizardHint:
    """A hint for an endpoint, and what its extension executes."""

    context: str
    exten: str
    hint: str
    application: str


@dataclass(frozen=True, slots=True)
class Wizards:
    """What pjsip_wizard.conf makes."""

    sections: tuple[Section, ...] = ()
    """Sections of pjsip.conf."""
    hints: tuple[WizardHint, ...] = ()


class _Maker:
    """The sections of one wizard."""

    def __init__(self, section: Section, wizard: _Wizard) -> None:
        self.section = section
        self.wizard = wizard
        self.made: list[Section] = []
        self.given: dict[str, list[Item]] = {name: [] for name in _OBJECTS}
        for item in section.items:
            kind, slash, key = item.key.partition("/")
            if slash and kind in self.given:
                self.given[kind].append(item._replace(key=key))

    def value(self, kind: str, key: str) -> str:
        return next((item.value for item in reversed(self.given[kind]) if item.key == key), "")

    def make(self, suffix: str, kind: str, given: str, own: _Own) -> None:
        """A section: what the wizard says, then what is passed on; a tuple is an item for each value."""
        where = self.section
        made = Section(self.wizard.name + suffix, where.file, where.line)
        items: list[tuple[str, str]] = [("type", kind)]
        for key, value in own.items():
            items += [(key, one) for one in ((value,) if isinstance(value, str) else value) if one]
        made.items = [Item(key, value, where.file, where.line) for key, value in items]
        made.items += self.given[given]
        self.made.append(made)

    def all(self) -> None:
        wizard, name = self.wizard, self.wizard.name
        proxy, transport, hosts = wizard.outbound_proxy, wizard.transport, wizard.remote_hosts
        if wizard.accepts_auth:
            self.auth("-iauth", "inbound_auth")
        if wizard.sends_auth:
            self.auth("-oauth", "outbound_auth")
        aor: dict[str, str | tuple[str, ...]] = {
            "contact": tuple(self.filled(wizard.contact_pattern, host) for host in hosts),
            "outbound_proxy": proxy,
        }
        if wizard.accepts_registrations:
            aor["max_contacts"] = self.value("aor", "max_contacts") or "1"
        self.make("", "aor", "aor", aor)
        endpoint: dict[str, str | tuple[str, ...]] = {
            "aors": name,
            "transport": transport,
            "outbound_proxy": proxy,
            "auth": f"{name}-iauth" if wizard.accepts_auth else "",
            "outbound_auth": f"{name}-oauth" if wizard.sends_auth else "",
        }
        self.make("", "endpoint", "endpoint", endpoint)
        if hosts and not wizard.accepts_registrations:
            matches = tuple(_without_port(host) for host in hosts)
            self.make("-identify", "identify", "identify", {"endpoint": name, "match": matches})
        if wizard.sends_registrations:
            self.registrations()

    def auth(self, suffix: str, given: str) -> None:
        kind = self.value(given, "auth_type") or "userpass"
        self.make(suffix, "auth", given, {"auth_type": kind})

    def registrations(self) -> None:
        wizard, name = self.wizard, self.wizard.name
        for number, host in enumerate(wizard.remote_hosts):
            own: dict[str, str | tuple[str, ...]] = {
                "server_uri": self.filled(wizard.server_uri_pattern, host),
                "client_uri": self.filled(wizard.client_uri_pattern, host),
                "transport": wizard.transport,
                "outbound_proxy": wizard.outbound_proxy,
                "outbound_auth": f"{name}-oauth" if wizard.sends_auth else "",
            }
            if wizard.sends_line_with_registrations:
                own |= {"line": "yes", "endpoint": name}
            self.make(f"-reg-{number}", "registration", "registration", own)

    def filled(self, pattern: str, host: str) -> str:
        user = self.value("outbound_auth", "username")
        return pattern.replace("${REMOTE_HOST}", host).replace("${USERNAME}", user)

    def hint(self) -> WizardHint | None:
        wizard = self.wizard
        if not wizard.has_hint:
            return None
        context = wizard.hint_context or self.value("endpoint", "context") or "default"
        return WizardHint(context, wizard.hint_exten, f"PJSIP/{wizard.name}", wizard.hint_application)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def read_pjsip_wizard(config: ConfigFile, problems: Problems) -> Wizards:
    """The objects that the file's wizards stand for; a wizard with a mistake makes none."""
    reading = WIZARD.reading(problems)
    sections: list[Section] = []
    hints: list[WizardHint] = []
    for section in config.sections:
        if section.get("type") != "wizard":
            what = f"section [{section.name}] is no type=wizard and is ignored"
            problems.warning(section.file, section.line, what)
            continue
        wizard = reading.read(_own(section, problems))
        if wizard is None:
            continue
        maker = _Maker(section, wizard)
        wrong = _mistakes(maker)
        for what in wrong:
            problems.error(section.file, section.line, f"wizard [{section.name}]: {what}")
        if not wrong:
            maker.all()
            sections += maker.made
            hint = maker.hint()
            hints += [hint] if hint is not None else []
    return Wizards(tuple(sections), tuple(hints))


def _own(section: Section, problems: Problems) -> Section:
    """The section without what is passed on."""
    own = Section(section.name, section.file, section.line)
    for item in section.items:
        kind, slash, _ = item.key.partition("/")
        if not slash:
            own.items.append(item)
        elif kind not in _OBJECTS:
            if kind == "phoneprov":
                problems.unsupported(item.file, item.line, f"{item.key} in [{section.name}]")
            else:
                what = f"{item.key} in [{section.name}]: there is no object {kind}"
                problems.error(item.file, item.line, what, problems.nearest(kind, _OBJECTS))
    return own


def _mistakes(maker: _Maker) -> list[str]:
    wizard = maker.wizard
    found: list[str] = []
    if wizard.sends_auth and not maker.value("outbound_auth", "username"):
        found.append("sends_auth needs outbound_auth/username")
    if wizard.accepts_auth and not maker.value("inbound_auth", "username"):
        found.append("accepts_auth needs inbound_auth/username")
    if wizard.sends_registrations and not wizard.remote_hosts:
        found.append("sends_registrations needs remote_hosts")
    if wizard.has_hint and not wizard.hint_exten:
        found.append("has_hint needs hint_exten")
    return found
