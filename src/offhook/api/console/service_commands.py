"""Console commands about services: HTTP, metrics, ARI, access lists, features, groups, locks, presence."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from offhook.api.console.channel_commands import find_channel
from offhook.api.console.commands import CommandError, Commands
from offhook.api.http.metrics import exposition
from offhook.features.groups import groups_of
from offhook.features.hints import Presence
from offhook.features.locks import locks_of

if TYPE_CHECKING:
    from offhook.api.ari.service import Ari
    from offhook.api.node import Node
    from offhook.pbx.channel import Channel

__all__ = ["declare"]


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_http(commands)
    _declare_ari(commands)
    _declare_metrics(commands)
    _declare_files(commands)
    _declare_features(commands)
    _declare_presence(commands)


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _declare_http(commands: Commands) -> None:
    @commands.add("http show status")
    def show_status(node: Node, words: list[str]) -> str:
        """Show where the HTTP server listens and what it serves."""
        general = node.snapshot.http.general
        lines = ["HTTP Server Status:", f"Prefix: {general.prefix}", f"Server: {general.servername}"]
        if node.http is None:
            return "\n".join([*lines, "Server Disabled", "", ""])
        for number, (host, port) in enumerate(node.http.addresses):
            lines.append(f"{'HTTPS ' if number else ''}Server Enabled and Bound to {host}:{port}")
        lines += ["", "Enabled URI's:", *node.http.paths]
        return "\n".join([*lines, "", "Enabled Redirects:", "  None.", "", ""])


def _ari(node: Node) -> Ari:
    if node.ari is None:
        raise CommandError("ARI is not enabled (ari.conf and http.conf)")
    return node.ari


def _declare_ari(commands: Commands) -> None:
    @commands.add("ari show status")
    def show_status(node: Node, words: list[str]) -> str:
        """Show the settings of ARI."""
        general = node.snapshot.ari.general
        rows = (
            ("Enabled", _yes(node.ari is not None)),
            ("Output format", "pretty" if general.pretty else "compact"),
            ("Auth realm", general.auth_realm),
            ("Allowed Origins", ",".join(general.allowed_origins)),
            ("User count", len(node.snapshot.ari.users)),
        )
        return "ARI Status:\n" + "".join(f"{name}: {value}\n" for name, value in rows)

    @commands.add("ari show users")
    def show_users(node: Node, words: list[str]) -> str:
        """Show the users of ari.conf."""
        rows = [
            f"{_yes(user.read_only):<4}  {name}\n" for name, user in sorted(node.snapshot.ari.users.items())
        ]
        return "r/o?  Username\n----  --------\n" + "".join(rows)

    @commands.add("ari show user", "USER")
    def show_user(node: Node, words: list[str]) -> str:
        """Show a user of ari.conf."""
        user = node.snapshot.ari.users.get(words[0]) if len(words) == 1 else None
        if user is None:
            raise CommandError(f"User '{' '.join(words)}' not found")
        return f"Username: {words[0]}\nRead only?: {_yes(user.read_only)}\n"

    @commands.add("ari show apps")
    def show_apps(node: Node, words: list[str]) -> str:
        """Show the Stasis applications that are registered."""
        names = "".join(f"{name}\n" for name in sorted(_ari(node).apps))
        return f"Application Name\n=========================\n{names}"

    @commands.add("ari show app", "NAME")
    def show_app(node: Node, words: list[str]) -> str:
        """Show a Stasis application and how much it is subscribed to."""
        app = _ari(node).apps.get(words[0]) if len(words) == 1 else None
        if app is None:
            raise CommandError(f"ari: app '{' '.join(words)}' not found")
        lines = [f"Name: {app.name}", f"  Connected: {_yes(app.active)}", "  Subscriptions:"]
        for kind in ("channels", "bridges", "endpoints", "devices"):
            sources = getattr(app, kind)
            lines.append(f"    {kind.title()}: {'all' if sources.all else len(sources.names())}")
        return "\n".join([*lines, ""])

    @commands.add("ari mkpasswd", "PASSWORD")
    def make_password(node: Node, words: list[str]) -> str:
        """Encrypt a password for ari.conf."""
        from offhook.api.ari.crypted import encrypt

        if len(words) != 1:
            raise CommandError("Usage: ari mkpasswd PASSWORD")
        found = encrypt(words[0])
        if found is None:
            raise CommandError("Could not encrypt it: the library libcrypt is not installed.")
        return f"; Copy the following two lines into ari.conf\npassword_format = crypt\npassword = {found}\n"


def _declare_metrics(commands: Commands) -> None:
    @commands.add("prometheus show metrics")
    def show_metrics(node: Node, words: list[str]) -> str:
        """Show what /metrics of the HTTP server would give now."""
        return exposition(node)

    @commands.add("prometheus show status")
    def show_metrics_status(node: Node, words: list[str]) -> str:
        """Show where metrics are served."""
        served = node.http is not None
        rows = [("Enabled", _yes(served)), ("URI", f"{node.snapshot.http.general.prefix}/metrics")]
        if node.http is not None:
            rows += [("Address", f"{host}:{port}") for host, port in node.http.addresses]
        return "Prometheus Status:\n" + "".join(f"  {name + ':':<10} {value}\n" for name, value in rows)


def _declare_files(commands: Commands) -> None:
    @commands.add("acl show", "[NAME]")
    def show_acl(node: Node, words: list[str]) -> str:
        """Show the access lists of acl.conf, or the rules of one."""
        acls = node.snapshot.acls
        if not words:
            return "\nacl\n---\n" + "".join(f"{name}\n" for name in sorted(acls))
        if words[0] not in acls:
            raise CommandError(f"Could not find named ACL '{words[0]}'")
        lines = [f"\nACL: {words[0]}", "---------------------------------------------"]
        for number, rule in enumerate(acls[words[0]].rules):
            lines.append(f"{number:>3}: {'allow' if rule.permit else 'deny'} - {rule.network}")
        return "\n".join([*lines, ""])

    @commands.add("config list")
    def list_files(node: Node, words: list[str]) -> str:
        """Show the configuration files that were read."""
        return "".join(f"{file}\n" for file in node.snapshot.files)

    @commands.add("config reload", "FILE")
    async def reload(node: Node, words: list[str]) -> str:
        """Read all configuration anew because a file changed; nothing changes when there is an error."""
        if len(words) != 1:
            raise CommandError("Usage: config reload FILE")
        if not any(file == words[0] or file.endswith(f"/{words[0]}") for file in node.snapshot.files):
            raise CommandError(f"{words[0]} is not a file that was read (config list)")
        await node.reload(words[0])
        return ""

    @commands.add("ulimit", "[-d|-l|-f|-m|-s|-t|-u|-v|-c|-n [NUMBER]]")
    def ulimit(node: Node, words: list[str]) -> str:
        """Show the limits that the system sets the process, or set one: KiB, or a number."""
        if not words:
            return "".join(_limit(letter) for letter in _LIMITS)
        letter = words[0].removeprefix("-")
        if letter not in _LIMITS or len(words) > 2:
            raise CommandError("Usage: ulimit [-d|-l|-f|-m|-s|-t|-u|-v|-c|-n [NUMBER]]")
        if len(words) == 2:
            if not (words[1].isascii() and words[1].isdigit() and len(words[1]) < 16):
                raise CommandError(f"{words[1]!r} is no limit")
            number, _, unit = _LIMITS[letter]
            try:
                resource.setrlimit(number, (int(words[1]) * unit, resource.getrlimit(number)[1]))
            except (OSError, ValueError) as error:
                raise CommandError(f"Could not set resource limit: {error}") from error
        return _limit(letter)


_LIMITS = {
    "d": (resource.RLIMIT_DATA, "data segment", 1024),
    "l": (resource.RLIMIT_MEMLOCK, "memory lock", 1024),
    "f": (resource.RLIMIT_FSIZE, "file size", 1024),
    "m": (resource.RLIMIT_RSS, "resident memory", 1024),
    "s": (resource.RLIMIT_STACK, "stack size", 1024),
    "t": (resource.RLIMIT_CPU, "CPU seconds", 1),
    "u": (resource.RLIMIT_NPROC, "processes", 1),
    "v": (resource.RLIMIT_AS, "virtual memory", 1024),
    "c": (resource.RLIMIT_CORE, "core file size", 1024),
    "n": (resource.RLIMIT_NOFILE, "file descriptors", 1),
}


def _limit(letter: str) -> str:
    number, name, unit = _LIMITS[letter]
    now = resource.getrlimit(number)[0]
    value = "effectively unlimited" if now == resource.RLIM_INFINITY else f"limited to {now // unit}"
    return f"{name} ({letter}) is {value}.\n"


def _handlers(node: Node, channel: Channel) -> list[str]:
    return node.runner.call_on(channel).hangup_handlers


def _declare_features(commands: Commands) -> None:
    @commands.add("features show")
    def show_features(node: Node, words: list[str]) -> str:
        """Show the codes that parties of a call may dial."""
        codes = node.snapshot.features.featuremap
        line = "{:<25} {:<7} {:<7}\n"
        text = line.format("Builtin Feature", "Default", "Current")
        text += line.format("---------------", "-------", "-------")
        text += line.format("Blind Transfer", "#", codes.blindxfer)
        return text + line.format("Disconnect Call", "*", codes.disconnect)

    @commands.add("group show channels", "[PATTERN]")
    def show_groups(node: Node, words: list[str]) -> str:
        """Show which channels are in which group (GROUP())."""
        line = "{:<25}  {:<20}  {:<20}\n"
        word = words[0] if words else ""
        rows = [
            line.format(channel.name, group, category or "(default)")
            for channel, group, category in groups_of(node.pbx)
            if word in group
        ]
        count = f"{len(rows)} active channel{'' if len(rows) == 1 else 's'}\n"
        return line.format("Channel", "Group", "Category") + "".join(rows) + count

    @commands.add("dialplan locks show")
    def show_locks(node: Node, words: list[str]) -> str:
        """Show the locks of LOCK() and who has them."""
        locks = locks_of(node.pbx)
        rows = [f"{name:<30} {owner.name:<40} {waiting:>7}\n" for name, owner, waiting in locks]
        return f"{'Name':<30} {'Owner':<40} {'Waiting':>7}\n" + "".join(rows)

    @commands.add("core show hanguphandlers", "CHANNEL")
    def show_handlers(node: Node, words: list[str]) -> str:
        """Show the hangup handlers of a channel, in the order in which they will run."""
        if len(words) != 1:
            raise CommandError("Usage: core show hanguphandlers CHANNEL")
        channel = find_channel(node, words[0])
        rows = [f"{channel.name:<30} {handler}\n" for handler in reversed(_handlers(node, channel))]
        return f"{'Channel':<30} Handler\n" + "".join(rows)

    @commands.add("core show hanguphandlers all")
    def show_all_handlers(node: Node, words: list[str]) -> str:
        """Show the hangup handlers of all channels."""
        rows = [
            f"{channel.name:<30} {handler}\n"
            for channel in node.pbx.channels.values()
            if channel.task is not None
            for handler in reversed(_handlers(node, channel))
        ]
        return f"{'Channel':<30} Handler\n" + "".join(rows)


def _declare_presence(commands: Commands) -> None:
    @commands.add("presencestate list")
    def list_presences(node: Node, words: list[str]) -> str:
        """Show the custom presences."""
        out = ["", "-" * 69, "--- Custom Presence States " + "-" * 42, "-" * 69, "---"]
        for name, one in sorted(node.hints.custom_presence.items()):
            out.append(f"--- Name: 'CustomPresence:{name}'")
            out.append(f"  --- State: '{one.state}' Subtype: '{one.subtype}' Message: '{one.message}'")
            out.append("---")
        return "\n".join([*out, "-" * 69, "-" * 69, "", ""])

    @commands.add("presencestate change", "CustomPresence:NAME STATE[,SUBTYPE[,MESSAGE]]")
    def change(node: Node, words: list[str]) -> str:
        """Set a custom presence: not_set, unavailable, available, away, xa, chat or dnd."""
        kind, _, name = words[0].partition(":") if len(words) == 2 else ("", "", "")
        if kind.lower() != "custompresence" or not name:
            raise CommandError("Usage: presencestate change CustomPresence:NAME STATE[,SUBTYPE[,MESSAGE]]")
        state, subtype, message = [*words[1].split(",", 2), "", ""][:3]
        if state.lower() not in _PRESENCES:
            raise CommandError(f"{state!r} is no presence (there are: {', '.join(_PRESENCES)})")
        node.hints.set_custom_presence(name, Presence(state.lower(), subtype, message))
        return f"Changing {words[0]} to {words[1]}\n"


_PRESENCES = ("not_set", "unavailable", "available", "away", "xa", "chat", "dnd")
