"""`type=endpoint`: how we speak with one phone or trunk."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from offhook.config.codecs import Codec, allow, disallow
from offhook.config.errors import Where
from offhook.config.pjsip.access import contact_rules, source_rules
from offhook.config.schema import ObjectType, folded, option, repeated
from offhook.config.values import (
    CallerId,
    InvalidValueError,
    Rule,
    Variable,
    boolean,
    callerid,
    choice,
    groups,
    host,
    integer,
    names,
    text,
    tos,
    variable,
    words,
    words_of,
)

__all__ = [
    "ENDPOINT",
    "CallOfferPref",
    "ConnectedLineMethod",
    "DtlsHash",
    "DtlsSetup",
    "DtlsVerify",
    "DtmfMode",
    "Endpoint",
    "MediaEncryption",
    "Prack",
    "Presentation",
    "RedirectMethod",
    "Timers",
    "implied",
]


class Prack(StrEnum):
    """Reliable provisional responses (RFC 3262): option `100rel`."""

    NO = "no"
    SUPPORTED = "yes"
    REQUIRED = "required"
    PEER_SUPPORTED = "peer_supported"
    """Used towards a peer that says it can."""


class Timers(StrEnum):
    """Session timers (RFC 4028)."""

    NO = "no"
    YES = "yes"
    REQUIRED = "required"
    ALWAYS = "always"


class DtmfMode(StrEnum):
    """How digits travel."""

    RFC4733 = "rfc4733"
    INBAND = "inband"
    NONE = "none"
    INFO = "info"
    AUTO = "auto"
    """RFC 4733 when the peer offers it, else in band."""
    AUTO_INFO = "auto_info"
    """RFC 4733 when the peer offers it, else INFO."""


class MediaEncryption(StrEnum):
    """Where the keys of SRTP come from."""

    NO = "no"
    SDES = "sdes"
    """From the SDP (RFC 4568)."""
    DTLS = "dtls"
    """By a handshake on the way of the media (RFC 5764)."""


class DtlsVerify(StrEnum):
    """What of the peer's certificate is looked at."""

    NO = "no"
    """The fingerprint in its SDP, if it has one."""
    FINGERPRINT = "fingerprint"
    CERTIFICATE = "certificate"
    """That an authority of dtls_ca_file or dtls_ca_path has issued it, and a fingerprint if there is one."""
    YES = "yes"
    """Both."""


class DtlsSetup(StrEnum):
    """Who begins a handshake."""

    ACTIVE = "active"
    PASSIVE = "passive"
    ACTPASS = "actpass"
    """The far end chooses; when it lets us choose, we begin."""


class DtlsHash(StrEnum):
    """The hash of our fingerprint."""

    SHA_256 = "sha-256"
    SHA_1 = "sha-1"


class Presentation(StrEnum):
    """Caller id presentation; the names of CALLERID(pres)."""

    ALLOWED_NOT_SCREENED = "allowed_not_screened"
    ALLOWED_PASSED_SCREEN = "allowed_passed_screen"
    ALLOWED_FAILED_SCREEN = "allowed_failed_screen"
    ALLOWED = "allowed"
    PROHIB_NOT_SCREENED = "prohib_not_screened"
    PROHIB_PASSED_SCREEN = "prohib_passed_screen"
    PROHIB_FAILED_SCREEN = "prohib_failed_screen"
    PROHIB = "prohib"
    UNAVAILABLE = "unavailable"


class ConnectedLineMethod(StrEnum):
    """The request that tells a peer of a new connected line."""

    INVITE = "invite"
    UPDATE = "update"


class DirectMediaMethod(StrEnum):
    """The request that sends a peer's audio elsewhere."""

    INVITE = "invite"
    UPDATE = "update"


class GlareMitigation(StrEnum):
    """On which legs the first request for direct media is left out, so that two nodes do not collide."""

    NONE = "none"
    OUTGOING = "outgoing"
    INCOMING = "incoming"


class RedirectMethod(StrEnum):
    """What a 3xx leads to: the user part dialled in the dialplan, or the whole URI called."""

    USER = "user"
    URI_CORE = "uri_core"


class CallOfferPref(StrEnum):
    """Which codecs are offered or answered, and in whose order."""

    LOCAL = "local"
    """Those in common, in our order."""
    LOCAL_FIRST = "local_first"
    """The first of ours alone."""
    LOCAL_MERGE = "local_merge"
    """All of ours, in our order."""
    REMOTE = "remote"
    """Those in common, in their order."""
    REMOTE_FIRST = "remote_first"
    """The first in common of theirs alone."""
    REMOTE_MERGE = "remote_merge"
    """All of ours, those in common first and in their order."""


_METHOD_ALIASES = {"reinvite": ConnectedLineMethod.INVITE}


_preference = choice(CallOfferPref)


def _preference_of_answer(value: str) -> CallOfferPref:
    preference = _preference(value)
    if preference in (CallOfferPref.LOCAL_MERGE, CallOfferPref.REMOTE_MERGE):
        raise InvalidValueError(f"'{value}' is not one of local, local_first, remote, remote_first")
    return preference


def _variables(value: str) -> tuple[Variable, ...]:
    return (variable(value),)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint; every field but `name` and `where` is an option, named as in pjsip.conf unless noted."""

    name: str
    where: Where = field(compare=False, repr=False)

    # Who it is
    aors: tuple[str, ...] = option((), words)
    auth: tuple[str, ...] = option((), words)
    outbound_auth: tuple[str, ...] = option((), words)
    identify_by: tuple[str, ...] = option(
        ("username", "ip"), words_of(("username", "auth_username", "ip", "header", "request_uri"))
    )
    acl: tuple[str, ...] = repeated(words)
    rules: tuple[Rule, ...] = source_rules()
    """`permit` and `deny`."""
    contact_acl: tuple[str, ...] = repeated(words)
    contact_rules: tuple[Rule, ...] = contact_rules()
    allow_unauthenticated_options: bool = option(False, boolean)

    # How its signalling travels
    transport: str = option("", text)
    outbound_proxy: str = option("", text)
    force_rport: bool = option(True, boolean)
    rewrite_contact: bool = option(False, boolean)
    rel100: Prack = option(Prack.SUPPORTED, choice(Prack), name="100rel")
    timers: Timers = option(Timers.YES, choice(Timers, aliases={"forced": Timers.ALWAYS}))
    timers_min_se: int = option(90, integer(90))
    """Seconds; RFC 4028 allows no less than 90."""
    timers_sess_expires: int = option(1800, integer(90))
    """Seconds."""
    from_user: str = option("", text)
    from_domain: str = option("", text)
    contact_user: str = option("", text)
    user_eq_phone: bool = option(False, boolean)
    redirect_method: RedirectMethod = option(
        RedirectMethod.USER, choice(RedirectMethod, later=("uri_pjsip",))
    )
    follow_redirect_methods: tuple[str, ...] = option((), words_of(("message",)))
    """Requests outside of calls that go where a 3xx says."""
    ignore_183_without_sdp: bool = option(False, boolean)
    inband_progress: bool = option(False, boolean)
    fax_detect: bool = option(False, boolean)
    """A caller that is a fax machine goes to the extension fax."""
    fax_detect_timeout: int = option(0, integer())
    """Seconds into the call; 0: as long as it lasts."""
    suppress_q850_reason_headers: bool = option(False, boolean)

    # Who calls
    callerid: CallerId | None = option(None, callerid)
    callerid_privacy: Presentation = option(Presentation.ALLOWED_NOT_SCREENED, choice(Presentation))
    callerid_tag: str = option("", text)
    trust_id_inbound: bool = option(False, boolean)
    trust_id_outbound: bool = option(False, boolean)
    send_pai: bool = option(False, boolean)
    send_rpid: bool = option(False, boolean)
    one_touch_recording: bool = option(False, boolean)
    """An INFO with `Record: on` or `off` is taken as the code of the features below."""
    record_on_feature: str = option("automixmon", text)
    record_off_feature: str = option("automixmon", text)
    send_diversion: bool = option(True, boolean)
    send_aoc: bool = option(False, boolean)
    """Tell what a call costs (AOCMessage)."""
    send_history_info: bool = option(False, boolean)
    send_connected_line: bool = option(True, boolean)
    trust_connected_line: bool = option(True, boolean)
    connected_line_method: ConnectedLineMethod = option(
        ConnectedLineMethod.INVITE, choice(ConnectedLineMethod, aliases=_METHOD_ALIASES)
    )

    # Where its calls go
    context: str = option("default", text)
    message_context: str = option("", text)
    """Where its messages go; `context` without one."""
    accountcode: str = option("", text)
    tenantid: str = option("", text)
    language: str = option("", text)
    tone_zone: str = option("", text)
    moh_suggest: str = option("default", text)
    moh_passthrough: bool = option(False, boolean)
    """Put it on hold by SIP when it is held, instead of playing music."""
    device_state_busy_at: int = option(0, integer())
    """Busy from that many calls on; 0 never."""
    set_var: tuple[Variable, ...] = repeated(_variables)

    # What it may do with them
    allow_transfer: bool = option(True, boolean)
    """REFER, and Replaces in an INVITE."""
    refer_blind_progress: bool = option(True, boolean)
    """Tell it how the call of a blind transfer goes, not only that it is under way."""

    call_group: frozenset[int] = option(frozenset(), groups)
    """The groups that calls to it are in."""
    pickup_group: frozenset[int] = option(frozenset(), groups)
    """The groups whose calls it may take."""
    named_call_group: frozenset[str] = option(frozenset(), names)
    named_pickup_group: frozenset[str] = option(frozenset(), names)

    # Its audio
    codecs: tuple[Codec, ...] = folded((), {"allow": allow, "disallow": disallow})
    """`allow` and `disallow`, in the order of preference."""
    max_audio_streams: int = option(1, integer(0, 32))
    """So many m=audio lines are used, further ones refused."""
    max_video_streams: int = option(1, integer(0, 32))
    preferred_codec_only: bool = option(False, boolean)
    incoming_call_offer_pref: CallOfferPref = option(CallOfferPref.LOCAL, _preference_of_answer)
    outgoing_call_offer_pref: CallOfferPref = option(CallOfferPref.REMOTE_MERGE, _preference)
    use_ptime: bool = option(False, boolean)
    dtmf_mode: DtmfMode = option(DtmfMode.RFC4733, choice(DtmfMode))
    direct_media: bool = option(True, boolean)
    direct_media_method: DirectMediaMethod = option(
        DirectMediaMethod.INVITE, choice(DirectMediaMethod, aliases={"reinvite": DirectMediaMethod.INVITE})
    )
    direct_media_glare_mitigation: GlareMitigation = option(GlareMitigation.NONE, choice(GlareMitigation))
    disable_direct_media_on_nat: bool = option(False, boolean)
    rtp_symmetric: bool = option(False, boolean)
    rtp_keepalive: int = option(0, integer())
    """Seconds without a packet of ours after which one of comfort noise goes out, for NATs; 0 never."""
    rtp_timeout: int = option(0, integer())
    """Seconds without RTP after which a call ends; 0 never."""
    rtp_timeout_hold: int = option(0, integer())
    media_address: str = option("", host)
    bind_rtp_to_media_address: bool = option(False, boolean)
    tos_audio: int = option(0, tos)
    tos_video: int = option(0, tos)
    cos_audio: int = option(0, integer(0, 7))
    """Priority of packets where they leave (SO_PRIORITY, for 802.1p); 0: what tos_audio stands for."""
    cos_video: int = option(0, integer(0, 7))
    t38_udptl: bool = option(False, boolean)
    """Whether it may turn a call into a fax (T.38), and have one turned into a fax."""
    t38_udptl_nat: bool = option(False, boolean)
    """Send a fax to where its packets come from."""
    t38_udptl_maxdatagram: int = option(0, integer(0, 65535))
    """Octets that stand for what the peer says it takes; 0: what it says."""
    t38_bind_udptl_to_media_address: bool = option(False, boolean)
    media_encryption: MediaEncryption = option(MediaEncryption.NO, choice(MediaEncryption))
    media_encryption_optimistic: bool = option(False, boolean)
    """Offer keys in a profile without encryption, and take what comes back."""
    srtp_tag_32: bool = option(False, boolean)
    """Offer authentication by 32 bits in place of 80."""
    use_avpf: bool = option(False, boolean)
    """RTP/AVPF and RTP/SAVPF in place of RTP/AVP and RTP/SAVP."""
    media_use_received_transport: bool = option(False, boolean)
    """Take whichever of these is offered."""
    rtcp_mux: bool = option(False, boolean)
    """RTCP on the port of RTP where both sides want it (RFC 5761)."""
    ice_support: bool = option(False, boolean)
    bundle: bool = option(False, boolean)
    """All streams over one port, where the far end wants that (RFC 9143)."""
    webrtc: bool = option(False, boolean)
    """What a browser needs, unless the section says otherwise: see implied()."""
    force_avp: bool = option(False, boolean)
    """RTP/SAVP in offers also where the keys come by DTLS, in place of UDP/TLS/RTP/SAVP."""
    dtls_verify: DtlsVerify = option(DtlsVerify.NO, choice(DtlsVerify))
    dtls_setup: DtlsSetup = option(DtlsSetup.ACTPASS, choice(DtlsSetup))
    dtls_fingerprint: DtlsHash = option(DtlsHash.SHA_256, choice(DtlsHash))
    dtls_auto_generate_cert: bool = option(False, boolean)
    dtls_cert_file: str = option("", text)
    dtls_private_key: str = option("", text)
    """Without it the key is in dtls_cert_file."""
    dtls_ca_file: str = option("", text)
    """Certificates of the authorities that a peer's must come from, in PEM."""
    dtls_ca_path: str = option("", text)
    """A folder of files with such certificates."""
    dtls_rekey: int = option(0, integer(0, 86400))
    """Seconds until new keys are agreed on by a new handshake, again and again; 0: never."""
    dtls_cipher: str = option("", text)
    """A list of ciphers as OpenSSL takes it."""
    sdp_owner: str = option("-", text)
    sdp_session: str = option("Offhook", text)


_WEBRTC: dict[str, object] = {
    "media_encryption": MediaEncryption.DTLS,
    "dtls_verify": DtlsVerify.FINGERPRINT,
    "use_avpf": True,
    "ice_support": True,
    "rtcp_mux": True,
    "bundle": True,
    "media_use_received_transport": True,
}


def implied(endpoint: Endpoint) -> Endpoint:
    """An endpoint with what its webrtc=yes stands for."""
    if not endpoint.webrtc:
        return endpoint
    return replace(endpoint, **_WEBRTC)  # type: ignore[arg-type]  # the values have their fields' types


ENDPOINT = ObjectType(
    "pjsip.conf",
    "endpoint",
    Endpoint,
    needless={
        "t38_udptl_ipv6": "a fax goes over the family of addresses that the call does",
    },
    fixed={
        "allow_subscribe": "no",
    },
)
