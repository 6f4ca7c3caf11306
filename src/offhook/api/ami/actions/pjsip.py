"""Actions about SIP: endpoints, AORs, contacts, registrations as they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from offhook.api.ami.actions.channels import find_channel
from offhook.api.ami.actions.originate import split_assignments
from offhook.api.ami.declare import ActionError, Listing, Request, action
from offhook.api.ami.privileges import mask_of
from offhook.api.ami.protocol import field
from offhook.config.known import known_options
from offhook.config.schema import shown
from offhook.drivers.sip.items import contact_name
from offhook.pbx.causes import Cause, cause_by_name
from offhook.pbx.notifications import Notification, NotifyError
from offhook.sip.contacts import Status
from offhook.sip.registration import RegistrationState

if TYPE_CHECKING:
    from offhook.drivers.sip.driver import SipDriver
    from offhook.sip.contacts import Binding
    from offhook.sip.registration import Registration

__all__: list[str] = []

_STATUS = {Status.UNKNOWN: "Unknown", Status.UNREACHABLE: "Unreachable", Status.REACHABLE: "Reachable"}
_DEVICE_WORDS = {
    "UNKNOWN": "Unknown",
    "NOT_INUSE": "Not in use",
    "INUSE": "In use",
    "BUSY": "Busy",
    "INVALID": "Invalid",
    "UNAVAILABLE": "Unavailable",
    "RINGING": "Ringing",
    "RINGINUSE": "Ring+Inuse",
    "ONHOLD": "On Hold",
}
_BOOLEANS = {"yes": "true", "no": "false"}


def _header(option: str) -> str:
    """`direct_media_method` as DirectMediaMethod."""
    return "".join(part.title() for part in option.split("_"))


def _object(kind: str, thing: Any, name: str, leave_out: frozenset[str] = frozenset()) -> str:
    """Every option of a pjsip.conf object: what was set, what does not work here with its default."""
    lines = field("ObjectType", kind) + field("ObjectName", name)
    for option, known in known_options("pjsip.conf", kind).items():
        if option == "type" or option in leave_out:
            continue
        value = shown(thing, option)
        if value is None:
            value = known.default
        lines += field(_header(option), _BOOLEANS.get(value, value))
    return lines


def _endpoint_state(sip: SipDriver, name: str) -> tuple[str, str]:
    """Device state and channels of an endpoint."""
    channels = sip.pbx.by_device.get(f"PJSIP/{name}", [])
    return _DEVICE_WORDS[sip.device_state(name)], ",".join(one.name for one in channels)


@action("PJSIPShowEndpoints", "system", sends=("EndpointList", "EndpointListComplete"))
def show_endpoints(request: Request) -> Listing:
    """List the endpoints."""
    sip = request.node.sip
    if not sip.directory.endpoints:
        raise ActionError("No endpoints found")

    def items() -> Iterable[tuple[str, str]]:
        for name, endpoint in sorted(sip.directory.endpoints.items()):
            state, channels = _endpoint_state(sip, name)
            contacts = "".join(f"{aor}/{one.uri}," for aor in endpoint.aors for one in sip.contacts.of(aor))
            yield (
                "EndpointList",
                field("ObjectType", "endpoint")
                + field("ObjectName", name)
                + field("Transport", endpoint.transport)
                + field("Aor", ",".join(endpoint.aors))
                + field("Auths", ",".join(endpoint.auth))
                + field("OutboundAuths", ",".join(endpoint.outbound_auth))
                + field("Contacts", contacts)
                + field("DeviceState", state)
                + field("ActiveChannels", channels),
            )

    message = "A listing of Endpoints follows, presented as EndpointList events"
    return Listing(message, "EndpointListComplete", items())


def _find_endpoint(request: Request, name: str) -> Any:
    found = request.node.sip.directory.endpoints.get(name)
    if found is None:
        raise ActionError(f"Unable to retrieve endpoint {name}")
    return found


@action(
    "PJSIPShowEndpoint",
    "system",
    missing="Endpoint parameter not specified",
    sends=(
        "EndpointDetail",
        "AorDetail",
        "ContactStatusDetail",
        "AuthDetail",
        "TransportDetail",
        "IdentifyDetail",
        "EndpointDetailComplete",
    ),
)
def show_endpoint(request: Request, endpoint: str) -> Listing:
    """Show an endpoint and everything that belongs to it.

    Args:
        endpoint: its name.
    """
    sip, found = request.node.sip, _find_endpoint(request, endpoint)
    config = sip.config

    def items() -> Iterable[tuple[str, str]]:
        state, channels = _endpoint_state(sip, endpoint)
        state_lines = field("DeviceState", state) + field("ActiveChannels", channels)
        yield "EndpointDetail", _object("endpoint", found, endpoint) + state_lines
        of_endpoint = field("EndpointName", endpoint)
        for name in found.aors:
            aor = config.aors.get(name)
            if aor is not None:
                yield "AorDetail", _aor(sip, name, aor) + of_endpoint
                for binding in sip.contacts.of(name):
                    yield "ContactStatusDetail", _contact_status(request, binding, endpoint)
        for name in found.auth:
            if name in config.auths:
                yield "AuthDetail", _auth(request, config.auths[name], name) + of_endpoint
        for name, transport in config.transports.items():
            if name == found.transport:
                yield "TransportDetail", _object("transport", transport, name) + of_endpoint
        for identify in config.identifies.values():
            if identify.endpoint == endpoint:
                yield "IdentifyDetail", _object("identify", identify, identify.name) + of_endpoint

    message = "Following are Events for each object associated with the Endpoint"
    return Listing(message, "EndpointDetailComplete", items())


def _aor(sip: SipDriver, name: str, aor: Any) -> str:
    bindings = sip.contacts.of(name)
    permanent = sum(1 for one in bindings if one.permanent)
    return (
        _object("aor", aor, name, frozenset(("contact",)))
        + field("Contacts", ",".join(f"{name}/{one.uri}" for one in bindings))
        + field("TotalContacts", len(bindings))
        + field("ContactsRegistered", len(bindings) - permanent)
    )


def _auth(request: Request, auth: Any, name: str) -> str:
    """An auth section; its secrets for those who may read the file that they stand in."""
    lines = _object("auth", auth, name, frozenset(("password", "md5_cred")))
    user = request.session.user
    may_read = user is not None and bool(mask_of(user.write) & mask_of(("config",)))
    digest = auth.md5_cred.hash if may_read and auth.md5_cred is not None else ""
    return lines + field("Password", auth.own_password if may_read else "") + field("Md5Cred", digest)


def _status(sip: SipDriver, binding: Binding) -> str:
    """The word for whether a contact answers; NonQualified for one that nobody asks."""
    aor = sip.config.aors.get(binding.aor)
    if binding.status is Status.UNKNOWN and (aor is None or not aor.qualify_frequency):
        return "NonQualified"
    return _STATUS[binding.status]


def _expires(request: Request, binding: Binding) -> int:
    """When a contact expires, in seconds since the epoch; 0: never."""
    if binding.permanent:
        return 0
    return int(request.pbx.wall_clock() + binding.expires_at - request.node.sip.network.now())


def _contact_status(request: Request, binding: Binding, endpoint: str) -> str:
    sip = request.node.sip
    trip = int(binding.round_trip * 1_000_000) if binding.round_trip > 0 else 0
    return (
        field("AOR", binding.aor)
        + field("URI", binding.uri)
        + field("UserAgent", binding.user_agent)
        + field("RegExpire", _expires(request, binding))
        + field("ViaAddress", f"{binding.host}:{binding.port}" if binding.host else "")
        + field("CallID", binding.call_id)
        + field("Status", _status(sip, binding))
        + field("RoundtripUsec", trip if trip else "N/A")
        + field("EndpointName", endpoint)
    )


def _owner(sip: SipDriver, aor: str) -> str:
    """The endpoint that an AOR belongs to."""
    return next((name for name, one in sip.directory.endpoints.items() if aor in one.aors), "")


@action("PJSIPShowAors", "system", sends=("AorList", "AorListComplete"))
def show_aors(request: Request) -> Listing:
    """List the AORs."""
    sip = request.node.sip
    if not sip.config.aors:
        raise ActionError("No AORs found")
    items = (("AorList", _aor(sip, name, aor)) for name, aor in sorted(sip.config.aors.items()))
    return Listing("A listing of AORs follows, presented as AorList events", "AorListComplete", items)


@action("PJSIPShowAuths", "system", sends=("AuthList", "AuthListComplete"))
def show_auths(request: Request) -> Listing:
    """List the auth sections; their passwords for those with the class `config`."""
    auths = request.node.sip.config.auths
    if not auths:
        raise ActionError("No Auths found")
    items = (("AuthList", _auth(request, auth, name)) for name, auth in sorted(auths.items()))
    return Listing("A listing of Auths follows, presented as AuthList events", "AuthListComplete", items)


@action("PJSIPShowContacts", "system", sends=("ContactList", "ContactListComplete"))
def show_contacts(request: Request) -> Listing:
    """List the contacts."""
    sip = request.node.sip
    bindings = list(sip.contacts.all())
    if not bindings:
        raise ActionError("No Contacts found")

    def items() -> Iterable[tuple[str, str]]:
        for one in bindings:
            yield (
                "ContactList",
                field("ObjectType", "contact")
                + field("ObjectName", contact_name(one))
                + field("Uri", one.uri)
                + field("Endpoint", _owner(sip, one.aor))
                + field("ExpirationTime", _expires(request, one))
                + field("UserAgent", one.user_agent)
                + field("CallId", one.call_id)
                + field("ViaAddr", one.host)
                + field("ViaPort", one.port)
                + field("Status", _status(sip, one))
                + field("RoundtripUsec", int(one.round_trip * 1_000_000) if one.round_trip > 0 else "N/A"),
            )

    message = "A listing of Contacts follows, presented as ContactList events"
    return Listing(message, "ContactListComplete", items())


@action(
    "PJSIPShowRegistrationsInbound",
    "system",
    sends=("InboundRegistrationDetail", "InboundRegistrationDetailComplete"),
)
def show_registrations_inbound(request: Request) -> Listing:
    """List the AORs that phones register with."""
    sip = request.node.sip
    items = [
        ("InboundRegistrationDetail", _aor(sip, name, aor)) for name, aor in sorted(sip.config.aors.items())
    ]
    message = "Following are Events for each Inbound registration"
    return Listing(message, "InboundRegistrationDetailComplete", items)


@action(
    "PJSIPShowRegistrationInboundContactStatuses",
    "system",
    sends=("ContactStatusDetail", "ContactStatusDetailComplete"),
)
def show_contact_statuses(request: Request) -> Listing:
    """List the contacts of AORs that phones register with, with their status."""
    sip = request.node.sip
    items = [
        ("ContactStatusDetail", _contact_status(request, one, _owner(sip, one.aor)))
        for one in sip.contacts.all()
    ]
    message = "Following are ContactStatusEvents for each Inbound registration"
    return Listing(message, "ContactStatusDetailComplete", items)


def _registration_word(found: Registration | None) -> str:
    if found is None:
        return "Unregistered"
    match found.state:
        case RegistrationState.REGISTERED:
            return "Registered"
        case RegistrationState.REJECTED | RegistrationState.STOPPED:
            return "Rejected"
        case _:
            return "Unregistered"


@action(
    "PJSIPShowRegistrationsOutbound",
    "system",
    "reporting",
    sends=("OutboundRegistrationDetail", "AuthDetail", "OutboundRegistrationDetailComplete"),
)
def show_registrations_outbound(request: Request) -> Listing:
    """List our registrations with others."""
    sip = request.node.sip

    items: list[tuple[str, str]] = []
    registered = 0
    for name, options in sorted(sip.config.registrations.items()):
        found = sip.registrations.get(name)
        is_registered = found is not None and found.state is RegistrationState.REGISTERED
        registered += is_registered
        left = round(found.next_at - sip.network.now()) if found is not None and is_registered else 0
        lines = _object("registration", options, name)
        lines += field("Status", _registration_word(found)) + field("NextReg", max(0, left))
        items.append(("OutboundRegistrationDetail", lines))
        items += [
            ("AuthDetail", _auth(request, sip.config.auths[auth], auth))
            for auth in options.outbound_auth
            if auth in sip.config.auths
        ]
    message = "Following are Events for each Outbound registration"
    counts = field("Registered", registered)
    counts += field("NotRegistered", len(sip.config.registrations) - registered)
    return Listing(message, "OutboundRegistrationDetailComplete", items, fields=counts)


@action("PJSIPQualify", "system", "reporting", missing="Endpoint parameter missing")
def qualify(request: Request, endpoint: str) -> str:
    """Ask the contacts of an endpoint whether they are there; ContactStatus events follow.

    Args:
        endpoint: its name.
    """
    for aor in _find_endpoint(request, endpoint).aors:
        request.node.sip.qualifier.ask_now(aor)
    return "Endpoint found, will qualify"


@action("PJSIPNotify", "system", headers={"uri": "URI"})
def notify(
    request: Request,
    endpoint: str = "",
    uri: str = "",
    channel: str = "",
    option: str = "",
    variable: tuple[str, ...] = (),
) -> str:
    """Send a NOTIFY to an endpoint, to a URI, or within the call of a channel.

    Args:
        endpoint: to every contact of this endpoint.
        uri: to this URI, through the default outbound endpoint.
        channel: in the dialog of this PJSIP channel.
        option: a section of pjsip_notify.conf.
        variable: `name=value`: a header, or a line of `Content`; several times, or separated by commas.
    """
    if (endpoint != "") + (uri != "") + (channel != "") != 1:
        raise ActionError("PJSIPNotify requires exactly one of Endpoint, URI and Channel")
    if not option and not variable:
        raise ActionError("PJSIPNotify requires an Option or a Variable")
    service = request.node.sip.notifications
    try:
        if option:
            what = service.named(option)
        else:
            parts = [part.partition("=") for header in variable for part in split_assignments(header)]
            what = Notification.of((name.strip(), value) for name, _, value in parts)
        if endpoint:
            service.sender.notify_endpoint(endpoint, what)
        elif uri:
            service.sender.notify_uri(uri, what)
        else:
            service.sender.notify_channel(find_channel(request, channel), what)
    except NotifyError as error:
        raise ActionError(f"Unable to send NOTIFY: {error}") from error
    return "NOTIFY sent"


@action("PJSIPSetMaintenance", "system")
def set_maintenance(request: Request, endpoint: str, state: str) -> str:
    """Let an endpoint begin nothing new, or let it again; what it has goes on.

    Args:
        endpoint: its name; `all`: every endpoint.
        state: on or off.
    """
    if state.lower() not in ("on", "off"):
        raise ActionError("State must be 'on' or 'off'")
    sip = request.node.sip
    names = list(sip.directory.endpoints) if endpoint == "all" else [_find_endpoint(request, endpoint).name]
    sip.maintenance.set(names, state.lower() == "on")
    return f"Maintenance mode {'enabled' if state.lower() == 'on' else 'disabled'}"


@action(
    "PJSIPShowMaintenance",
    "system",
    "reporting",
    sends=("PJSIPMaintenanceStatus", "PJSIPMaintenanceStatusComplete"),
)
def show_maintenance(request: Request, endpoint: str = "") -> Listing:
    """List the endpoints that are in maintenance.

    Args:
        endpoint: show this one, whether it is or not.
    """
    maintenance = request.node.sip.maintenance
    names = [_find_endpoint(request, endpoint).name] if endpoint else list(maintenance)
    items = [
        (
            "PJSIPMaintenanceStatus",
            field("Endpoint", name) + field("Status", "enabled" if name in maintenance else "disabled"),
        )
        for name in names
    ]
    message = "A listing of endpoints in maintenance follows, presented as PJSIPMaintenanceStatus events"
    return Listing(message, "PJSIPMaintenanceStatusComplete", items)


def _registration(request: Request, name: str) -> Any:
    found = request.node.sip.registrations.get(name)
    if found is None:
        raise ActionError(f"Unable to retrieve registration entry {name}")
    return found


@action("PJSIPRegister", "system", "reporting", missing="Registration parameter missing")
def register(request: Request, registration: str) -> str:
    """Register now with another server.

    Args:
        registration: the name of a `type=registration`.
    """
    _registration(request, registration).register_now()
    return "Reregistration sent"


@action("PJSIPUnregister", "system", "reporting", missing="Registration parameter missing")
def unregister(request: Request, registration: str) -> str:
    """Take back a registration with another server.

    Args:
        registration: the name of a `type=registration`.
    """
    _registration(request, registration).stop()
    return "Unregistration sent"


@action("PJSIPHangup", "system", "call", missing="No channel specified")
def hangup(request: Request, channel: str, cause: str = "") -> str:
    """Hang up a SIP channel.

    Args:
        channel: its name.
        cause: the hangup cause, a number or name.
    """
    number = cause_by_name(cause) if cause else int(Cause.NORMAL_CLEARING)
    if number is None:
        raise ActionError(f"Unknown cause {cause}")
    found = find_channel(request, channel)
    if found.technology != "PJSIP":
        raise ActionError("Channel is not a PJSIP channel")
    found.request_hangup(number)
    return "Channel Hungup"
