"""What belongs to SIP around its driver: DNS servers, notifications by hand, regcontext, statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from offhook.config.files.statsd import StatsdConf
from offhook.features.registered_extensions import RegisteredExtensions
from offhook.features.statsd import Statsd
from offhook.sip.resolver import Dnspython, Resolver

if TYPE_CHECKING:
    from collections.abc import Callable

    from offhook.config.snapshot import ConfigSnapshot
    from offhook.dialplan.runner import Runner
    from offhook.drivers.sip.driver import SipDriver
    from offhook.pbx.pbx import Pbx

__all__ = ["SipServices"]


class SipServices:
    """The services of one node, from its configuration."""

    def __init__(self, pbx: Pbx, runner: Runner, now: Callable[[], float], snapshot: ConfigSnapshot) -> None:
        self.resolver = Resolver(now, dns=_dns(snapshot))
        self.statsd = Statsd(pbx.bus, pbx.wall_clock)
        self._use_statsd(snapshot)
        pbx.add_service(self.statsd)
        self.registered = RegisteredExtensions(pbx.bus, runner)

    def begin(self, sip: SipDriver, snapshot: ConfigSnapshot) -> None:
        """The driver has taken up the contacts that there were."""
        sip.notifications.configured = snapshot.notifies
        names = snapshot.dnsmgr
        sip.names.look_again_after(names.refreshinterval if names.enable else None)
        self.statsd.begin_with((binding.aor, binding.uri) for binding in sip.contacts.all())
        self._use_regcontext(sip, snapshot)

    def use(self, before: ConfigSnapshot, snapshot: ConfigSnapshot) -> None:
        """Use another configuration, before the driver does."""
        if snapshot.resolver != before.resolver:
            self.resolver.use(_dns(snapshot))
        self._use_statsd(snapshot)

    def close(self) -> None:
        """End all of them."""
        self.registered.close()
        self.statsd.close()

    def _use_statsd(self, snapshot: ConfigSnapshot) -> None:
        wanted = snapshot.modules.wants("res_statsd")
        self.statsd.use(snapshot.statsd if wanted else StatsdConf())

    def _use_regcontext(self, sip: SipDriver, snapshot: ConfigSnapshot) -> None:
        found = [
            (endpoint, binding.uri)
            for binding in sip.contacts.all()
            if not binding.permanent
            for endpoint in sip.directory.endpoints_of(binding.aor)
        ]
        self.registered.start(snapshot.pjsip.general.regcontext, found)


def _dns(snapshot: ConfigSnapshot) -> Dnspython:
    """The servers of resolver_unbound.conf, or the system's."""
    conf = snapshot.resolver
    return Dnspython(hosts_file=conf.hosts_file, resolv_file=conf.resolv_file, servers=conf.nameserver)
