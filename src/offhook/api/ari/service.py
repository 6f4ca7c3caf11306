"""Ari: one node's ARI: its applications, the channels in their hands, playbacks, recordings, bridges."""

from __future__ import annotations

import hmac
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from offhook.api.ari import crypted
from offhook.api.ari.announce import ANNOUNCERS, endpoint_json
from offhook.api.ari.bridge_voices import BridgeVoices
from offhook.api.ari.broadcast import Broadcasts
from offhook.api.ari.control import StasisControl
from offhook.api.ari.models import bridge_json, channel_json, timestamp, written_channel
from offhook.api.ari.operations import AriError
from offhook.api.ari.outlets import Streams
from offhook.api.ari.playbacks import Playbacks
from offhook.api.ari.recordings import Recordings
from offhook.api.ari.schema import sends
from offhook.api.ari.subscriptions import Audience, News, StasisApp, application_end
from offhook.api.ari.writing import quote, write
from offhook.api.failed_logins import FailedLogins
from offhook.config.files.ari import PasswordFormat
from offhook.config.values import permits
from offhook.features.device_states import DeviceState
from offhook.levels import verbose
from offhook.pbx.security import SecurityLog

if TYPE_CHECKING:
    from offhook.api.ari.models import Json
    from offhook.api.ari.outbound import Outbound
    from offhook.api.ari.outlets import FrameOutlet
    from offhook.api.ari.sessions import EventSession
    from offhook.api.ari.subscriptions import EventSink
    from offhook.api.ari.writing import Written
    from offhook.api.node import Node
    from offhook.config.files.ari import AriConf, AriUser
    from offhook.dialplan.call import Call
    from offhook.pbx.bridge import Bridge
    from offhook.pbx.channel import Channel
    from offhook.pbx.messages import TextMessage

__all__ = ["Ari"]

log = logging.getLogger(__name__)

sends("ApplicationReplaced", "TextMessageReceived")

_DEVICES = "StasisDevState"  # the family of the database


class Ari:
    """What the operations work on; a service of the node's switch, which Stasis() finds there."""

    def __init__(self, node: Node, conf: AriConf) -> None:
        self.node = node
        self.conf = conf
        self.apps: dict[str, StasisApp] = {}
        self.controls: dict[str, StasisControl] = {}
        """Channels in applications, by their unique id."""
        self.bridges: dict[str, Bridge] = {}
        """Bridges that were made by ARI."""
        self.playbacks = Playbacks(self)
        self.recordings = Recordings(self)
        self.voices = BridgeVoices(self)
        self.broadcasts = Broadcasts(self)
        self.sessions: dict[str, EventSession] = {}
        """Event WebSockets by name: a made-up one, or that of a connection of ours."""
        self.outbound: Outbound | None = None
        """Set with the HTTP server, whose requests come over it as well."""
        self.dial_strings: dict[str, str] = {}
        """What `dial` calls for channels that `create` made, by their unique id."""
        self.device_states: dict[str, DeviceState] = {}
        """The `Stasis:` devices, by what stands behind the colon."""
        self._debugged: set[str] = set()
        self.streams = Streams(node.pbx.loop)
        self._choosy: list[StasisApp] = []
        """Applications that do not hear everything, or not as it is."""
        self._is_placed = True
        self._restore_device_states()
        self.security = SecurityLog(node.pbx.bus, node.pbx.wall_clock)
        self.failed_logins = FailedLogins()
        self.reported: WeakKeyDictionary[Channel | Bridge, dict[str, None]] = WeakKeyDictionary()
        self.entity_id = node.runner.paths.get("entityid", "") or node.pbx.system_name or "offhook"
        self._quoted_id = quote(self.entity_id)
        self._stops: list[Callable[[], None]] = []

    @property
    def debugged(self) -> set[str]:
        """Applications whose messages are logged; `all`: every request, too."""
        return self._debugged

    @debugged.setter
    def debugged(self, names: set[str]) -> None:
        self._debugged = names
        self._changed()

    @property
    def channel_vars(self) -> Sequence[str]:
        """Variables that every channel is shown with."""
        return self.conf.general.channelvars

    def show(self, channel: Channel) -> Json:
        """The model Channel, with the variables that the configuration or somebody has asked for."""
        return channel_json(channel, (*self.channel_vars, *self.reported.get(channel, ())))

    def show_bridge(self, bridge: Bridge) -> Json:
        """The model Bridge, with the variables that somebody has asked for."""
        return bridge_json(bridge, tuple(self.reported.get(bridge, ())))

    def written(self, channel: Channel) -> Written:
        """show() as text, for events."""
        if not self.reported and not self.channel_vars:
            return written_channel(channel)
        return written_channel(channel, (*self.channel_vars, *self.reported.get(channel, ())))

    def report(self, of: Channel | Bridge, variable: str) -> None:
        """Show a variable with a channel or bridge from now on (`report_events`)."""
        self.reported.setdefault(of, {})[variable] = None

    def close(self) -> None:
        """Let go of the node."""
        self._stop_listening()
        self._stop_answering()

    def trace(self, session: EventSession | None, what: str, text: str) -> None:
        """Log a message of a session, or a request of nobody's, where that is wanted (`ari set debug`)."""
        wanted = self._debugged
        if wanted and (
            "all" in wanted or any(self.apps[name].sink is session for name in wanted & set(self.apps))
        ):
            log.log(verbose(0), "ARI: %s %s", what, text)

    async def close_sessions(self, names: Sequence[str]) -> None:
        """End event WebSockets; ours are not made again by themselves."""
        for name in names:
            session = self.sessions.get(name)
            if session is None:
                continue
            if session.is_ours and self.outbound is not None:
                await self.outbound.shut(name)
            else:
                session.end()

    def _stop_listening(self) -> None:
        for stop in self._stops:
            stop()
        self._stops.clear()

    # ------------------------------------------------------------ events

    def stamp(self) -> Json:
        """What every event has."""
        return {"timestamp": timestamp(self.node.pbx.wall_clock()), "asterisk_id": self.entity_id}

    def hearers(self, audience: Audience) -> list[StasisApp]:
        """The applications that something concerns."""
        return [app for app in self.apps.values() if app.hears(audience)]

    def announce(
        self,
        name: str,
        audience: Callable[[], Audience],
        body: Callable[[], Json],
        also: Sequence[StasisApp] = (),
    ) -> None:
        """Give an event to the applications that it concerns; it is made once, and only for somebody.

        `also` may have some that heard of it before, and whose subscription has ended with a channel.
        """
        if not self._is_placed:
            self._place()
        news: News | None = None
        if self._choosy:
            concerned = audience()
            for app in self._choosy:
                if app in also or app.hears(concerned):
                    if news is None:
                        news = self._news(name, body)
                    app.tell(news)
        if self.streams.is_shared:
            self.streams.share((news or self._news(name, body)).text)

    def _news(self, name: str, body: Callable[[], Json]) -> News:
        members = "".join([f', "{key}": {write(value)}' for key, value in body().items()])
        now = timestamp(self.node.pbx.wall_clock())
        return News(f'{{"type": "{name}", "timestamp": "{now}", "asterisk_id": {self._quoted_id}{members}')

    def _changed(self) -> None:
        """Who hears everything may be others now; what was said so far is for those who did."""
        self.streams.settle()
        self._is_placed = False

    def _place(self) -> None:
        apps = [app for app in self.apps.values() if app.active]
        clients = Counter(app.sink for app in apps)
        sharing: list[tuple[FrameOutlet, str]] = []
        self._choosy: list[StasisApp] = []
        for app in apps:
            alone = app.sink is not None and clients[app.sink] == 1  # else the order would be lost
            outlet = app.sink.shared if app.sink is not None and alone and app.hears_everything else None
            if outlet is None:
                self._choosy.append(app)
            else:
                sharing.append((outlet, application_end(app.name)))
        self.streams.place(sharing)
        self._is_placed = True

    def _listen(self) -> None:
        """Listen to the bus while there is an application, so that ARI costs nothing before."""
        if self._stops or not self.apps:
            return
        bus = self.node.pbx.bus
        for kind, announcer in ANNOUNCERS.items():
            self._stops.append(bus.listen(kind, partial(announcer, self)))
        self._stops.append(self.node.sip.messages.add_taker(self._message))

    def _message(self, message: TextMessage, endpoint: str) -> bool:
        """A text message came in: for those who are subscribed to its endpoint.  Whether anybody is."""
        hearers = self.hearers(Audience(endpoints=[endpoint]))
        technology, _, resource = endpoint.partition("/")
        told: Json = {
            "type": "TextMessageReceived",
            **self.stamp(),
            "message": {
                "from": message.from_,
                "to": message.to,
                "body": message.body,
                "variables": dict(message.data),
            },
            "endpoint": endpoint_json(self, technology, resource),
        }
        for app in hearers:
            app.send(told)
        return bool(hearers)

    # ------------------------------------------------------------ applications

    def register(self, name: str, sink: EventSink, *, everything: bool) -> StasisApp:
        """A client connects for an application; one that was connected for it is told and left alone."""
        app = self.apps.get(name)
        if app is None:
            app = self.apps[name] = StasisApp(name, self._changed)
            self._listen()
        elif app.sink is not None:
            app.sink.send({"type": "ApplicationReplaced", "application": name, **self.stamp()})
        app.sink = sink
        if everything:
            app.subscribe_all()
        return app

    def unregister(self, name: str, sink: EventSink) -> None:
        """A client has gone; its application is gone with it unless another has taken it over."""
        app = self.apps.get(name)
        if app is None or app.sink is not sink:
            return
        del self.apps[name]
        app.sink = None
        if not self.apps:
            self._stop_listening()

    def app(self, name: str) -> StasisApp:
        """An application.  Raises AriError 404."""
        found = self.apps.get(name)
        if found is None:
            raise AriError(404, "Application not found")
        return found

    # ------------------------------------------------------------ device states

    def _restore_device_states(self) -> None:
        for key, value in list(self.node.astdb.entries(_DEVICES)):
            self.device_states[key.removeprefix(f"/{_DEVICES}/")] = DeviceState.named(value)
        self._stop_answering = self.node.devices.add_provider(
            "Stasis", lambda name: self.device_states.get(name, DeviceState.UNKNOWN)
        )

    async def set_device_state(self, name: str, state: DeviceState | None) -> None:
        """Set the state of a `Stasis:` device, or (None) forget it; that is on disk then."""
        if state is None:
            self.device_states.pop(name, None)
            _, kept = self.node.astdb.delete(_DEVICES, name)
        else:
            self.device_states[name] = state
            kept = self.node.astdb.put(_DEVICES, name, state.name)
        self.node.devices.reported(f"Stasis:{name}")
        if kept is not None:
            await kept

    # ------------------------------------------------------------ channels

    async def run(self, call: Call, app: StasisApp, arguments: Sequence[str]) -> None:
        """Stasis(): hand a channel to an application until it lets it go."""
        await StasisControl(self, call, app, arguments).run()

    def channel(self, channel_id: str) -> Channel:
        """A channel by its id or name.  Raises AriError 404."""
        found = self.node.pbx.channel(channel_id)
        if found is None:
            raise AriError(404, "Channel not found")
        return found

    def control(self, channel_id: str) -> StasisControl:
        """A channel in an application.  Raises AriError: 404 for none, 409 for one that is in none."""
        channel = self.channel(channel_id)
        found = self.controls.get(channel.uniqueid)
        if found is None:
            raise AriError(409, "Channel not in Stasis application")
        return found

    def bridge(self, bridge_id: str) -> Bridge:
        """A bridge, whoever made it.  Raises AriError 404."""
        found = self.bridges.get(bridge_id)
        if found is not None:
            return found
        for bridge in self.node.pbx.bridges:
            if bridge.uniqueid == bridge_id:
                return bridge
        raise AriError(404, "Bridge not found")

    def own_bridge(self, bridge_id: str) -> Bridge:
        """A bridge that ARI may change.  Raises AriError: 404, 409 for one of the dialplan."""
        bridge = self.bridge(bridge_id)
        if bridge.uniqueid not in self.bridges:
            raise AriError(409, "Bridge not in Stasis application")
        return bridge

    def forget_dial_string(self, channel_id: str) -> None:
        """A channel that `create` made is gone."""
        self.dial_strings.pop(channel_id, None)

    # ------------------------------------------------------------ users

    def user_of(self, name: str, password: str, host: str) -> AriUser | None:
        """The user with this password.  Raises AriError 403 when it may not come from this address."""
        user = self.conf.users.get(name)
        if user is None or not _password_matches(user, password):
            return None
        rules = [*user.rules]
        for acl in user.acl:
            named = self.node.snapshot.acls.get(acl)
            rules += named.rules if named is not None else ()
        if rules and not permits(tuple(rules), host):
            raise AriError(403, "Access from this address is not allowed")
        return user


def _password_matches(user: AriUser, password: str) -> bool:
    if user.password_format is PasswordFormat.CRYPT:
        return crypted.matches(user.password, password)
    return hmac.compare_digest(user.password.encode(), password.encode())
