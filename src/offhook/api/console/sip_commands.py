"""Console commands that show SIP: `pjsip show ...`, `pjsip list ...`."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from offhook import __version__
from offhook.api.console.channel_commands import duration, find_channel
from offhook.api.console.commands import CommandError, Commands
from offhook.api.console.pjsip_tables import HEADS, Tables, found, parameters
from offhook.config.schema import shown
from offhook.sip.transport import AsyncioNetwork

if TYPE_CHECKING:
    from offhook.api.node import Node
    from offhook.pbx.channel import Channel

__all__ = ["declare"]


def _like(words: list[str], usage: str) -> str:
    """The word behind `like`, "" without."""
    if not words:
        return ""
    if len(words) != 2 or words[0] != "like":
        raise CommandError(f"Usage: {usage} [like WORD]")
    return words[1].lower()


def _one(words: list[str], usage: str) -> str:
    if len(words) != 1:
        raise CommandError(f"Usage: {usage}")
    return words[0]


def declare(commands: Commands) -> None:
    """Add the commands."""
    _declare_endpoints(commands)
    for kind, plural in (
        ("aor", "aors"),
        ("auth", "auths"),
        ("identify", "identifies"),
        ("transport", "transports"),
    ):
        _declare_kind(commands, kind, plural)
    _declare_contacts(commands)
    _declare_registrations(commands)
    _declare_channels(commands)
    _declare_general(commands)


def _declare_endpoints(commands: Commands) -> None:
    @commands.add("pjsip show endpoints", "[like WORD]")
    def show_endpoints(node: Node, words: list[str]) -> str:
        """Show the endpoints with their auths, AORs, contacts, transports and channels."""
        word, tables = _like(words, "pjsip show endpoints"), Tables(node)
        names = [name for name in sorted(node.sip.directory.endpoints) if word in name.lower()]
        return found(tables.endpoint_heads(), [tables.endpoint_with_parts(name) for name in names])

    @commands.add("pjsip list endpoints", "[like WORD]")
    def list_endpoints(node: Node, words: list[str]) -> str:
        """List the endpoints and their states, a line each."""
        word, tables = _like(words, "pjsip list endpoints"), Tables(node)
        names = [name for name in sorted(node.sip.directory.endpoints) if word in name.lower()]
        return found(HEADS["endpoint"], [tables.endpoint(name) for name in names])

    @commands.add("pjsip show endpoint", "ENDPOINT")
    def show_endpoint(node: Node, words: list[str]) -> str:
        """Show an endpoint, what belongs to it, and all its options."""
        name, tables = _one(words, "pjsip show endpoint ENDPOINT"), Tables(node)
        endpoint = node.sip.directory.endpoints.get(name)
        if endpoint is None:
            raise CommandError(f"Unable to find object {name}.\n")
        head = "\n".join(("", *tables.endpoint_heads(), "=" * 90, "", ""))
        return head + tables.endpoint_with_parts(name) + parameters("endpoint", endpoint)


def _objects(node: Node, kind: str) -> Mapping[str, Any]:
    config = node.sip.config
    return {
        "aor": config.aors,
        "auth": config.auths,
        "identify": config.identifies,
        "transport": config.transports,
    }[kind]


def _declare_kind(commands: Commands, kind: str, plural: str) -> None:
    """`show KINDS`, `list KINDS` and `show KIND` of objects of pjsip.conf."""

    def rows(tables: Tables) -> tuple[Callable[[str], str], Callable[[str], str]]:
        short = getattr(tables, kind)
        return (tables.aor_with_contacts if kind == "aor" else short), short

    def show_all(node: Node, words: list[str]) -> str:
        whole, _ = rows(Tables(node))
        word = _like(words, f"pjsip show {plural}")
        return found(
            HEADS[kind], [whole(name) for name in sorted(_objects(node, kind)) if word in name.lower()]
        )

    def list_all(node: Node, words: list[str]) -> str:
        _, short = rows(Tables(node))
        word = _like(words, f"pjsip list {plural}")
        names = [name for name in sorted(_objects(node, kind)) if word in name.lower()]
        return found(HEADS[kind][:1], [short(name) for name in names])

    def show_one(node: Node, words: list[str]) -> str:
        name = _one(words, f"pjsip show {kind} {kind.upper()}")
        whole, _ = rows(Tables(node))
        one = _objects(node, kind).get(name)
        if one is None:
            raise CommandError(f"Unable to find object {name}.\n")
        return "\n".join(("", *HEADS[kind], "=" * 90, "", whole(name), parameters(kind, one)))

    article = "an" if kind[0] in "ai" else "a"
    show_all.__doc__ = f"Show the {plural} of pjsip.conf."
    list_all.__doc__ = f"List the {plural} of pjsip.conf, a line each."
    show_one.__doc__ = f"Show {article} {kind} of pjsip.conf and all its options; passwords stay secret."
    commands.add(f"pjsip show {plural}", "[like WORD]")(show_all)
    commands.add(f"pjsip list {plural}", "[like WORD]")(list_all)
    commands.add(f"pjsip show {kind}", kind.upper())(show_one)


def _declare_contacts(commands: Commands) -> None:
    for verb in ("show", "list"):

        @commands.add(f"pjsip {verb} contacts", "[like WORD]")
        def show_contacts(node: Node, words: list[str], verb: str = verb) -> str:
            """Show the contacts with their status and round-trip time in ms."""
            word, tables = _like(words, f"pjsip {verb} contacts"), Tables(node)
            bindings = sorted(node.sip.contacts.all(), key=lambda one: (one.aor, one.uri))
            rows = [tables.contact(one) for one in bindings if word in f"{one.aor}/{one.uri}".lower()]
            return found(HEADS["contact"], rows)

    @commands.add("pjsip show contact", "AOR[/URI]")
    def show_contact(node: Node, words: list[str]) -> str:
        """Show the contacts of an AOR, or the one with a URI, with all that is known of them."""
        aor, _, uri = _one(words, "pjsip show contact AOR[/URI]").partition("/")
        bindings = [one for one in node.sip.contacts.of(aor) if not uri or one.uri == uri]
        if not bindings:
            raise CommandError(f"Unable to find object {words[0]}.\n")
        tables, network = Tables(node), node.sip.network
        out: list[str] = []
        for one in bindings:
            left = 0 if one.permanent else int(network.wall() + one.expires_at - network.now())
            rows = {
                "call_id": one.call_id,
                "expiration_time": left,
                "path": ",".join(one.path),
                "uri": one.uri,
                "user_agent": one.user_agent,
                "via_addr": one.host,
                "via_port": one.port,
            }
            out += [tables.contact(one), "", *(f" {name:<16} : {value}" for name, value in rows.items()), ""]
        return "\n".join(("", *HEADS["contact"], "=" * 90, "", *out, ""))


def _declare_registrations(commands: Commands) -> None:
    for verb in ("show", "list"):

        @commands.add(f"pjsip {verb} registrations", "[like WORD]")
        def show_registrations(node: Node, words: list[str], verb: str = verb) -> str:
            """Show our registrations with others."""
            word, tables = _like(words, f"pjsip {verb} registrations"), Tables(node)
            rows = [
                tables.registration(name, one)
                for name, one in sorted(node.sip.registrations.items())
                if word in name.lower()
            ]
            return found(HEADS["registration"], rows)

    @commands.add("pjsip show registration", "REGISTRATION")
    def show_registration(node: Node, words: list[str]) -> str:
        """Show a registration of ours, its state and all its options."""
        name = _one(words, "pjsip show registration REGISTRATION")
        one, options = node.sip.registrations.get(name), node.sip.config.registrations.get(name)
        if one is None or options is None:
            raise CommandError(f"Unable to find object {name}.\n")
        row = Tables(node).registration(name, one)
        return "\n".join(("", *HEADS["registration"], "=" * 90, "", row, parameters("registration", options)))

    @commands.add("pjsip send register", "REGISTRATION|*all")
    def register(node: Node, words: list[str]) -> str:
        """Register now with another server, or with all."""
        for one in _registrations(node, words, "pjsip send register"):
            one.register_now()
        return "Re-register sent\n"

    @commands.add("pjsip send unregister", "REGISTRATION|*all")
    def unregister(node: Node, words: list[str]) -> str:
        """Take back a registration with another server, or all."""
        for one in _registrations(node, words, "pjsip send unregister"):
            one.stop()
        return "Unregister sent\n"


def _registrations(node: Node, words: list[str], usage: str) -> list[Any]:
    name = _one(words, f"{usage} REGISTRATION|*all")
    if name == "*all":
        return list(node.sip.registrations.values())
    found_one = node.sip.registrations.get(name)
    if found_one is None:
        raise CommandError(f"Unable to retrieve registration {name}")
    return [found_one]


def _sip_channels(node: Node) -> list[Channel]:
    return [one for one in node.pbx.channels.values() if one.technology == "PJSIP"]


_STATS_HEAD = """
                                             ...........Receive......... .........Transmit..........
 BridgeId ChannelId ........ UpTime.. Codec.   Count    Lost Pct  Jitter   Count    Lost Pct  Jitter RTT....
 ===========================================================================================================
"""


def _stats(channel: Channel, now: float) -> str:
    bridge = channel.bridge.uniqueid if channel.bridge is not None else ""
    name = channel.name.partition("/")[2]
    head = f" {bridge:<8.8} {name:<18.18} {duration(now - channel.created_at):<8}"
    media = channel.media
    if media is None:
        return f"{head} not valid"
    found_stats = media.stats()

    def number(key: str) -> float:
        return float(found_stats[key])

    def direction(packets: float, lost: float, jitter: float) -> str:
        share = int(100 * lost / (packets + lost)) if packets + lost else 0
        return f"{int(packets):>7} {int(lost):>7} {share:>3} {jitter / 1000:>7.3f}"

    received = direction(number("rx_packets"), number("rx_lost"), number("rx_jitter_ms"))
    sent = direction(number("tx_packets"), number("remote_lost"), number("remote_jitter_ms"))
    trip = max(0.0, number("rtt_ms")) / 1000
    return f"{head} {channel.audio_codec:<6.6} {received} {sent} {trip:>7.3f}"


def _declare_channels(commands: Commands) -> None:
    for verb in ("show", "list"):

        @commands.add(f"pjsip {verb} channels", "[like WORD]")
        def show_channels(node: Node, words: list[str], verb: str = verb) -> str:
            """Show the SIP channels."""
            word, tables = _like(words, f"pjsip {verb} channels"), Tables(node)
            rows = [tables.channel(one) for one in _sip_channels(node) if word in one.name.lower()]
            return found(HEADS["channel"], rows)

    @commands.add("pjsip show channel", "CHANNEL")
    def show_channel(node: Node, words: list[str]) -> str:
        """Show a SIP channel."""
        channel = find_channel(node, _one(words, "pjsip show channel CHANNEL"))
        if channel.technology != "PJSIP":
            raise CommandError(f"Unable to find object {words[0]}.\n")
        return "\n".join(("", *HEADS["channel"], "=" * 90, "", Tables(node).channel(channel), ""))

    @commands.add("pjsip show channelstats", "[like WORD]")
    def show_stats(node: Node, words: list[str]) -> str:
        """Show what the SIP channels have sent and received: packets, loss, jitter and RTT in seconds."""
        word, now = _like(words, "pjsip show channelstats"), time.time()
        rows = [_stats(one, now) for one in _sip_channels(node) if word in one.name.lower()]
        if not rows:
            return "No objects found.\n\n"
        return _STATS_HEAD + "\n".join(("", *rows, "", f"Objects found: {len(rows)}", "", ""))


def _settings(title: str, kind: str, thing: Any) -> str:
    return f"{title}:\n{parameters(kind, thing)}"


def _declare_general(commands: Commands) -> None:
    @commands.add("pjsip show settings")
    def show_settings(node: Node, words: list[str]) -> str:
        """Show [global] and [system] of pjsip.conf."""
        config = node.sip.config
        return _settings("Global Settings", "global", config.general) + _settings(
            "System Settings", "system", config.system
        )

    @commands.add("pjsip show identifiers")
    def show_identifiers(node: Node, words: list[str]) -> str:
        """Show in which order it is found out whose a request is."""
        order = node.sip.config.general.endpoint_identifier_order
        return "Identifier Names:\n" + "".join(f"{name}\n" for name in order)

    @commands.add("pjsip show version")
    def show_version(node: Node, words: list[str]) -> str:
        """Show which SIP stack it is."""
        return f"SIP stack of Offhook {__version__}, its own\n"

    @commands.add("pjsip list ciphers")
    def list_ciphers(node: Node, words: list[str]) -> str:
        """List the TLS ciphers that transports can have."""
        names = [cipher["name"] for cipher in ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).get_ciphers()]
        return f"Available ciphers: '{', '.join(names)}'\n"

    for what in ("aor", "endpoint"):

        @commands.add(f"pjsip show qualify {what}", f"{what.upper()}")
        def show_qualify(node: Node, words: list[str], what: str = what) -> str:
            """Show how its contacts are asked whether they are there."""
            name = _one(words, f"pjsip show qualify {what} {what.upper()}")
            lines: list[str] = []
            for aor_name in _aors(node, what, name):
                aor = node.sip.config.aors[aor_name]
                lines.append(f"{aor_name}: every {aor.qualify_frequency} s")
                lines += [
                    f"    {option:<22}: {shown(aor, option)}"
                    for option in (
                        "qualify_frequency",
                        "qualify_timeout",
                        "qualify_2xx_only",
                        "authenticate_qualify",
                    )
                ]
            return "\n".join([*lines, ""])

        @commands.add(f"pjsip reload qualify {what}", f"{what.upper()}")
        async def reload_qualify(node: Node, words: list[str], what: str = what) -> str:
            """Read pjsip.conf anew, as every reload does, and ask the contacts now."""
            name = _one(words, f"pjsip reload qualify {what} {what.upper()}")
            await node.reload("res_pjsip")
            for aor in _aors(node, what, name):
                node.sip.qualifier.ask_now(aor)
            return f"Qualify of {what} '{name}' reloaded\n"

    @commands.add("pjsip qualify", "ENDPOINT|AOR")
    def qualify(node: Node, words: list[str]) -> str:
        """Ask the contacts of an endpoint or AOR whether they are there."""
        name = _one(words, "pjsip qualify ENDPOINT|AOR")
        endpoint = node.sip.directory.endpoints.get(name)
        if endpoint is None and name not in node.sip.config.aors:
            raise CommandError(f"Unable to retrieve endpoint {name}")
        for aor in endpoint.aors if endpoint is not None else (name,):
            node.sip.qualifier.ask_now(aor)
        what = "endpoint" if endpoint is not None else "AOR"
        return f"Sending qualify to {what} {name}\n"

    @commands.add("pjsip show counters")
    def show_counters(node: Node, words: list[str]) -> str:
        """Show what the SIP stack, the transports, access and admission control have counted."""
        sip = node.sip
        counters = {**sip.ua.stats(), **sip.admission.counters.as_dict()}
        counters |= {
            f"access_{name}": getattr(sip.access.counters, name) for name in sip.access.counters.__slots__
        }
        if isinstance(sip.network, AsyncioNetwork):
            counters |= sip.network.counters.as_dict()
        return "".join(f"{name:<40} {value}\n" for name, value in sorted(counters.items()))


def _aors(node: Node, what: str, name: str) -> tuple[str, ...]:
    if what == "endpoint":
        endpoint = node.sip.directory.endpoints.get(name)
        if endpoint is None:
            raise CommandError(f"Unable to retrieve endpoint {name}")
        return tuple(aor for aor in endpoint.aors if aor in node.sip.config.aors)
    if name not in node.sip.config.aors:
        raise CommandError(f"Unable to retrieve AOR {name}")
    return (name,)
