"""Types of the extension module `offhook._core` (Rust, see rust/python).

This file is the documented API of the Rust crates as Python sees them.  Times named `now` are
seconds of a monotonic clock as float; durations say their unit in their name.
"""

from collections.abc import Sequence
from typing import final

__version__: str

# ---------------------------------------------------------------- SIP messages (rust/sip)

class SipParseError(ValueError):
    """Text that is not what its grammar asks for."""

    status: int  # the SIP status to answer with, e.g. 400, 413, 505
    reason: str

@final
class Uri:
    """A SIP, SIPS or tel URI (RFC 3261 section 19.1, RFC 3966).  Immutable.

    Equality and hash follow RFC 3261 section 19.1.4.
    """

    scheme: str
    user: str | None  # unescaped
    password: str | None
    host: str  # IPv6 without brackets
    port: int | None
    def __init__(
        self,
        scheme: str,
        host: str,
        *,
        user: str | None = None,
        port: int | None = None,
        params: Sequence[tuple[str, str | None]] = (),
    ) -> None: ...
    @staticmethod
    def parse(text: str) -> Uri: ...
    def param(self, name: str) -> str | None:
        """The parameter's value, "" for one without value, None when absent."""
    def params(self) -> list[tuple[str, str | None]]: ...
    def headers(self) -> list[tuple[str, str]]: ...
    def replace(
        self,
        *,
        scheme: str = ...,
        user: str | None = ...,
        host: str = ...,
        port: int | None = ...,
    ) -> Uri: ...
    def with_param(self, name: str, value: str | None) -> Uri: ...
    def without_param(self, name: str) -> Uri: ...
    def without_headers(self) -> Uri: ...
    def __str__(self) -> str: ...

@final
class NameAddr:
    """`"Display" <uri>;params`: From, To, Contact, Route and their like.  Immutable."""

    display_name: str | None  # unquoted
    uri: Uri
    tag: str | None
    def __init__(
        self, uri: Uri, *, display_name: str | None = None, params: Sequence[tuple[str, str | None]] = ()
    ) -> None: ...
    @staticmethod
    def parse(text: str) -> NameAddr: ...
    def param(self, name: str) -> str | None: ...
    def params(self) -> list[tuple[str, str | None]]: ...
    def with_param(self, name: str, value: str | None) -> NameAddr: ...
    def __str__(self) -> str: ...

@final
class Message:
    """One SIP request or response.  Headers are decoded when asked for; unknown ones stay byte for byte."""

    is_request: bool
    method: str  # of a response: its CSeq's method
    uri: str  # request URI as it stands in the message; "" in a response.  May be set in a request.
    status: int  # 0 in a request
    reason: str
    call_id: str
    cseq: int
    from_: NameAddr
    to: NameAddr
    from_tag: str | None
    to_tag: str | None
    branch: str  # of the topmost Via
    body: bytes
    content_type: str | None  # type/subtype in lower case, without parameters
    @staticmethod
    def parse(data: bytes) -> Message:
        """Parse and check one whole message.  Raises SipParseError.

        Text that is not UTF-8 is read as Latin-1.
        """
    @staticmethod
    def request(method: str, uri: str) -> Message: ...
    @staticmethod
    def response(
        request: Message, status: int, reason: str | None = None, to_tag: str | None = None
    ) -> Message:
        """A response with what RFC 3261 section 8.2.6.2 copies, and Record-Route for 101-299 of an INVITE.

        Also of SUBSCRIBE and REFER.  `to_tag` is added when To has none.  ValueError for a status outside
        100-699, a line break in `reason`, and a `to_tag` that is no token.
        """
    def get(self, name: str) -> str | None:
        """The first header line of this name (either form), unfolded; None when absent."""
    def get_all(self, name: str) -> list[str]:
        """Each header line of this name."""
    def values(self, name: str) -> list[str]:
        """The elements of a comma-separated list over all lines of this name; quotes and <> are respected."""
    def addresses(self, name: str) -> list[NameAddr]:
        """values(), parsed: Contact, Route, Record-Route, Path, P-Asserted-Identity, Diversion ...

        Raises SipParseError; also for `Contact: *`, which is no address (look at get() first).
        """
    def has_token(self, name: str, token: str) -> bool:
        """Whether the list header holds this token (Supported, Require, Allow)."""
    def headers(self) -> list[tuple[str, str]]: ...
    def set(self, name: str, value: str) -> None:
        """Replace all lines of this name with one.  ValueError for CR or LF in name or value."""
    def add(self, name: str, value: str) -> None:
        """Add a line after all others.  ValueError as set()."""
    def prepend(self, name: str, value: str) -> None:
        """Add before the other lines of this name.  ValueError as set()."""
    def remove(self, name: str) -> None: ...
    def set_body(self, content_type: str, body: bytes) -> None:
        """Content-Length follows by itself.  Two empty arguments remove the body."""
    def parts(self) -> list[tuple[str, bytes]]:
        """(type/subtype in lower case, body) of each leaf of a multipart body, or of the single body.

        Raises SipParseError for a multipart without boundary or end, too many parts (64) or levels (4).
        """
    def copy(self) -> Message: ...
    def to_bytes(self, *, compact: bool = False) -> bytes:
        """As it goes over the wire; as received when nothing was changed.  Content-Length is always right."""

# ---------------------------------------------------------------- SIP transactions (rust/sip)

# Events of SipStack.  A transaction is named by an int that is never used again.

@final
class RequestReceived:
    """A new request other than ACK and CANCEL; answer it with SipStack.respond(txn, ...)."""

    txn: int
    message: Message
    flow: int
    host: str
    port: int

@final
class AckReceived:
    """An ACK for a 2xx (txn is the INVITE's server transaction, or 0 when none is known)."""

    txn: int
    message: Message
    flow: int
    host: str
    port: int

@final
class CancelReceived:
    """The INVITE `txn` was cancelled.  The stack has answered the CANCEL; answer the INVITE with 487."""

    txn: int
    message: Message

@final
class ResponseReceived:
    """A response for client transaction `txn`: each provisional, the final one, and for INVITE the first
    2xx of each fork (by To tag; repeated 2xx are answered by the stack with the stored ACK)."""

    txn: int
    message: Message
    flow: int
    host: str
    port: int

@final
class TransactionFailed:
    """A client transaction ended without a final response: why is "timeout" or "transport"."""

    txn: int
    why: str

@final
class AckMissing:
    """64*T1 went by without the ACK for the 2xx (or the PRACK for the reliable provisional) of `txn`."""

    txn: int
    reliable_provisional: bool

@final
class Rejected:
    """What was received was not taken up; it has been answered where the RFC allows it.

    For counters and log.
    """

    status: int
    why: str
    flow: int
    host: str
    port: int

SipEvent = (
    RequestReceived
    | AckReceived
    | CancelReceived
    | ResponseReceived
    | TransactionFailed
    | AckMissing
    | Rejected
)

@final
class SipStack:
    """The transaction layer (RFC 3261 section 17, RFC 6026) for all flows of a node.  No I/O, no clock.

    Answered here, without an event but counted in stats(): repetitions, ACK of failures, CANCEL (which is
    also reported).  Refused here, with a Rejected event: malformed requests (400 and others), CANCEL of
    nothing (481), merged requests (482), initial requests without hops left other than OPTIONS and REGISTER
    (483), initial requests beyond `max_transactions` (503 with Retry-After).  A server transaction that gets
    no response from above ends after 64*T1 (INVITE: an hour); a client INVITE that only rings, an hour after
    its last provisional.
    At most `max_answered` answered non-INVITE transactions are kept for repetitions, then the oldest is
    forgotten early.  `compact`: header names are sent in their compact forms (RFC 3261 section 7.3.3).
    State diagrams: docs/sip-transactions.md.

    After each call take_transmits() gives what is to be sent.  A flow is a UDP socket or one TCP/TLS
    connection; its number is chosen by the caller.
    """

    def __init__(
        self,
        *,
        t1_ms: int = 500,
        t2_ms: int = 4000,
        t4_ms: int = 5000,
        timer_b_ms: int = 32000,
        max_transactions: int = 200_000,
        max_answered: int = 20_000,
        compact: bool = False,
        seed: int | None = None,
    ) -> None: ...
    def add_flow(
        self, flow: int, transport: str, sent_by: str, *, reliable: bool, rport: bool = True
    ) -> None:
        """`transport` and `sent_by` go into Via, e.g. "UDP", "192.0.2.1:5060"; ValueError if they cannot.

        `rport`: our requests ask for RFC 3581.
        """
    def remove_flow(self, flow: int, now: float) -> list[SipEvent]:
        """A connection is gone: its client transactions fail with why="transport"."""
    def undeliverable(self, data: bytes, now: float) -> list[SipEvent]:
        """A datagram of ours, or its beginning, came back with an ICMP error (RFC 3261 18.4).

        Its client transaction fails with why="transport" when nothing has been heard of the peer.
        """
    def receive(self, data: bytes, flow: int, host: str, port: int, now: float) -> list[SipEvent]:
        """One whole message (streams: as framed by StreamFramer).  Never raises for what is inside `data`."""
    def request(self, message: Message, flow: int, host: str, port: int, now: float) -> int:
        """Start a client transaction: adds the topmost Via (and Max-Forwards), sends.  Returns its txn.

        `message` itself is not changed and may be used again.  ValueError for an unknown flow, ACK, CANCEL,
        and a message without From, To, Call-ID or fitting CSeq.
        """
    def respond(
        self,
        txn: int,
        message: Message,
        now: float,
        *,
        forget: bool = False,
        reliable_provisional: bool = False,
        to_source: bool = False,
    ) -> None:
        """Send a response; one that comes too late or after a final one is counted and dropped.

        A 2xx to an INVITE is sent again until its ACK comes; a reliable provisional (RFC 3262) until
        provisional_acked().  An INVITE that gets no response for 200 ms is answered with 100 by the stack.
        `forget` drops the transaction at once (stateless answer).  `to_source`: answer to the source port
        even without rport in Via (force_rport of pjsip.conf).

        A response above 100 without a To tag gets one, the same for the whole transaction.  With `forget`
        of an INVITE leave the tag to the stack: then it also absorbs the ACK.

        ValueError when `message` is a request.
        """
    def provisional_acked(self, txn: int) -> None: ...
    def send_ack(self, txn: int, message: Message, flow: int, host: str, port: int, now: float) -> None:
        """Send the ACK for a 2xx of INVITE client transaction `txn` and keep it for repeated 2xx of its fork.

        Also after the transaction's end.  Errors as request().
        """
    def cancel(self, txn: int, now: float, *, reason: str | None = None) -> None:
        """CANCEL a pending INVITE; waits for the first provisional (RFC 3261 section 9.1).

        Without effect when it has its final response.  A final response (487, or a 2xx that crossed) follows
        as ResponseReceived, else TransactionFailed 64*T1 later.  `reason`: value of a Reason header.
        """
    def next_timeout(self) -> float | None: ...
    def handle_timeout(self, now: float) -> list[SipEvent]: ...
    def take_transmits(self) -> list[tuple[int, str, int, bytes]]:
        """(flow, host, port, data) to send, in order."""
    def transactions(self) -> int: ...
    def stats(self) -> dict[str, int]: ...

@final
class StreamFramer:
    """Cuts a TCP/TLS byte stream into SIP messages (Content-Length) and keep-alives (RFC 5626 CRLF)."""

    def __init__(self, *, max_message: int = 65536) -> None: ...
    def feed(self, data: bytes) -> list[bytes]:
        """Whole messages; CRLF CRLF alone stands for a keep-alive ping, CRLF alone for a pong.

        Raises SipParseError when the stream cannot be followed any more: close it.  Messages before the fault
        are given first; the error then comes with the next call.
        """

def new_tag() -> str:
    """60 random bits."""

def new_branch() -> str:
    """RFC 3261's magic cookie and 80 random bits."""

def new_call_id(host: str) -> str:
    """110 random bits, then `@host` unless `host` is empty."""

def quote_string(text: str) -> str:
    """`text` as a quoted-string; control characters become spaces."""

# ---------------------------------------------------------------- digest authentication (RFC 7616, RFC 8760)

def digest_response(
    algorithm: str,
    username: str,
    realm: str,
    secret: str,
    method: str,
    uri: str,
    nonce: str,
    nc: str | None = None,
    cnonce: str | None = None,
    qop: str | None = None,
    entity_body: bytes | None = None,
    *,
    is_ha1: bool = False,
) -> str:
    """The `response` parameter, in lower-case hexadecimal.

    `algorithm` is MD5, SHA-256, SHA-512-256 or one of them with "-sess", in any case; "" is MD5.
    `secret` is the password, or with `is_ha1` what digest_ha1() gives.  `qop` None is the form of RFC 2069.
    `entity_body` is for auth-int.  ValueError for an unknown algorithm or qop, and without nc or cnonce.
    """

def digest_ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(username:realm:password), which may be stored in the password's place.

    ValueError for an unknown algorithm.
    """

def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """32 bytes."""

def parse_auth(value: str) -> tuple[str, dict[str, str]]:
    """Scheme and parameters of one Authorization, WWW-Authenticate (or Proxy-) line.

    Names are in lower case, values unquoted; `Basic abc=` gives {"": "abc="}.  Raises SipParseError, also
    for a parameter given twice.
    """

# ---------------------------------------------------------------- SDP and offer/answer (rust/sip/src/sdp)

@final
class Codec:
    """One payload format of an m-line (a=rtpmap, a=fmtp).  Immutable, hashable, equal when all fields are.

    `payload_type` None: the static number of RFC 3551 where there is one, else the number that Asterisk
    commonly uses for this name (telephone-event 101, opus 107 ...), else one is given when an SDP is made.
    """

    payload_type: int  # -1: to be given when an SDP is made
    name: str  # encoding name as written; compare with matches(), which ignores case
    clock_rate: int
    channels: int
    fmtp: str | None
    def __init__(
        self,
        name: str,
        clock_rate: int = 8000,
        *,
        payload_type: int | None = None,
        channels: int = 1,
        fmtp: str | None = None,
    ) -> None: ...
    def matches(self, other: Codec) -> bool:
        """Whether both are the same format; the payload type does not count.

        Compares the name (any case), clock rate, channels, and fmtp where it makes another format: H.264
        profile and packetization-mode, AMR octet-align, G.722.1 bitrate.
        """
    def fmtp_param(self, name: str) -> str | None: ...
    def with_payload_type(self, payload_type: int) -> Codec: ...
    def with_fmtp(self, fmtp: str | None) -> Codec: ...
    @property
    def is_telephone_event(self) -> bool: ...
    @property
    def is_comfort_noise(self) -> bool:
        """RFC 3389."""
    @property
    def is_auxiliary(self) -> bool:
        """It goes beside a codec and cannot carry a call alone: telephone-event, comfort noise, red."""
    def __hash__(self) -> int: ...

def select_codecs(
    pending: Sequence[Codec],
    configured: Sequence[Codec],
    *,
    prefer: str = "pending",
    operation: str = "intersect",
    keep: str = "all",
) -> list[Codec]:
    """pjsip.conf's codec_prefs_* as a function; the result is in the order of the preferred list.

    `pending`: what comes from the other side (offer or other leg), `configured`: the endpoint's allow=.
    prefer: pending | configured.  operation: union | intersect | only_preferred | only_nonpreferred.
    keep: all | first (audio codecs; telephone-event and CN are not counted and stay).
    Fields of each codec are those of the list it was taken from; in an intersection those of `pending`.
    ValueError for another word.
    """

@final
class Media:
    """One m-line with its attributes.  Immutable."""

    kind: str  # audio, video, image, application, text, message
    port: int  # 0: rejected or disabled
    proto: str  # RTP/AVP, RTP/SAVP, UDP/TLS/RTP/SAVPF, udptl ...
    formats: list[str]  # as on the m-line
    codecs: list[Codec]  # the formats of an RTP m-line, in order; static ones without rtpmap included
    direction: str  # sendrecv, sendonly, recvonly, inactive: own attribute, else the session's, else sendrecv
    address: str | None  # own c= line, else the session's; IPv6 without brackets
    ptime: int | None  # ms
    maxptime: int | None
    rtcp_mux: bool
    rtcp: tuple[str, int] | None  # where RTCP goes: a=rtcp, or port + 1, or the same port with rtcp-mux
    mid: str | None
    held: bool  # we are not to send: sendonly or inactive, or address 0.0.0.0 or ::
    bandwidth: list[tuple[str, int]]  # b=: (type, value)
    attributes: list[tuple[str, str | None]]  # every a= line in order, these included
    def __init__(
        self,
        kind: str,
        port: int,
        *,
        proto: str = "RTP/AVP",
        codecs: Sequence[Codec] = (),
        formats: Sequence[str] = (),
        direction: str = "sendrecv",
        address: str | None = None,
        ptime: int | None = None,
        attributes: Sequence[tuple[str, str | None]] = (),
    ) -> None:
        """`formats` only where there are no codecs (T.38: "t38").

        rtpmap, fmtp, ptime and direction lines are made from the arguments; `attributes` are further lines.
        """
    def attribute(self, name: str) -> str | None:
        """Value of the first a= line of this name, "" for one without value, None when absent."""
    def attribute_values(self, name: str) -> list[str]: ...

@final
class Sdp:
    """A session description (RFC 8866).  Immutable."""

    username: str
    session_id: int
    session_version: int
    session_name: str
    origin_address: str
    address: str | None  # the session's c= line
    direction: str  # of the session level; sendrecv when it says nothing
    media: list[Media]
    attributes: list[tuple[str, str | None]]  # of the session level
    accepted: bool  # at least one m-line has a port other than 0
    def __init__(
        self,
        address: str,
        media: Sequence[Media],
        *,
        session_id: int = 0,
        session_version: int = 0,
        username: str = "-",
        session_name: str = "-",
        attributes: Sequence[tuple[str, str | None]] = (),
    ) -> None: ...
    @staticmethod
    def parse(data: bytes) -> Sdp:
        """Parse.

        Raises SipParseError: status 400 when it is no SDP, 488 for one beyond our limits (64 KiB, 32 m-lines,
        128 formats a line, 1024 attributes).
        """
    def first(self, kind: str) -> Media | None:
        """The first m-line of this kind that is not rejected."""
    def attribute(self, name: str) -> str | None: ...
    def to_bytes(self) -> bytes: ...

@final
class LocalMedia:
    """What we are ready to use for one m-line: input of OfferAnswer.offer() and answer().  Immutable.

    `codecs` in our order of preference.  telephone-event is written by naming it among `codecs` once;
    it is offered for each clock rate of the audio codecs and answered for those of the codecs kept.
    `direction` is what we want; an answer is narrowed by what was offered.
    `protos`: the profiles that are accepted in an offer; the first is what we offer ourselves.
    `rtcp_mux`: offered, and accepted when offered.  `attributes`: further lines (crypto, fingerprint,
    candidates ...).  `order`: "local" or "remote", whose order of codecs rules in an answer.
    `keep_first`: answer with one codec (preferred_codec_only), besides telephone-event and CN.
    port 0 in an offer: the line is disabled.
    """

    kind: str
    port: int
    codecs: list[Codec]
    def __init__(
        self,
        kind: str,
        port: int,
        codecs: Sequence[Codec] = (),
        *,
        formats: Sequence[str] = (),
        protos: Sequence[str] = ("RTP/AVP", "RTP/AVPF"),
        address: str | None = None,
        direction: str = "sendrecv",
        ptime: int | None = None,
        maxptime: int | None = None,
        rtcp_mux: bool = False,
        attributes: Sequence[tuple[str, str | None]] = (),
        order: str = "remote",
        keep_first: bool = False,
    ) -> None: ...

@final
class AgreedMedia:
    """What one m-line has become after offer and answer, as seen from our side.  Immutable."""

    kind: str
    proto: str
    rejected: bool  # port 0 in offer or answer: nothing flows
    direction: str  # ours: sendrecv, sendonly, recvonly, inactive
    local_port: int
    remote_address: str | None
    remote_port: int
    remote_rtcp: tuple[str, int] | None
    rtcp_mux: bool
    send: list[Codec]  # what we may send, with the peer's payload types, answer's order; use [0]
    receive: list[Codec]  # what we may get, with our payload types
    send_event: Codec | None  # telephone-event at the clock rate of send[0], else at any rate
    receive_events: list[Codec]
    ptime: int | None  # ms to send with: what the peer asked for, within its maxptime
    remote_held: bool  # the peer put us on hold: sendonly, inactive or address 0.0.0.0
    remote: Media  # the peer's m-line, for everything else (crypto, candidates ...)

class NegotiationError(ValueError):
    """Offer and answer do not fit together (RFC 3264), or come at the wrong time."""

    status: int  # 488, 491, 400, or 500 where we ourselves misused it

@final
class OfferAnswer:
    """Offer/answer state of one dialog (RFC 3264).  No I/O.

    Payload types stay what they were for the life of the dialog, in both directions; the session version
    goes up only when the description changes; m-lines keep their number and order.
    """

    local: Sdp | None  # the last one that came into force
    remote: Sdp | None
    state: str  # "stable", "local-offer" (ours waits for its answer), "remote-offer" (theirs waits for ours)
    pending: Sdp | None  # the offer that waits
    agreed: list[AgreedMedia]  # one for each m-line; empty before the first answer
    def __init__(
        self,
        *,
        session_id: int | None = None,
        username: str = "-",
        session_name: str = "-",
        bundle: bool = False,
    ) -> None:
        """`bundle`: streams on the port of the first are offered and answered as a BUNDLE (RFC 9143)."""
    def offer(self, media: Sequence[LocalMedia | None], address: str) -> Sdp:
        """Make our offer.

        Once there is a session, entry i of `media` is m-line i; missing entries and None disable their line
        (port 0).  A line may change its kind (audio into an image: T.38).
        NegotiationError 491 while another offer waits.
        """
    def remote_offer(self, sdp: Sdp) -> None:
        """The peer offers.

        NegotiationError 491 while our offer waits, 500 while theirs does, 488 when lines vanish.
        """
    def answer(self, media: Sequence[LocalMedia], address: str) -> Sdp:
        """Answer the waiting offer; `state` is "stable" afterwards.

        Each offered m-line takes the first unused entry of `media` that has its kind and profile and a codec
        in common; all other lines are rejected (port 0).  NegotiationError 488 when lines were offered and
        none fits (the offer then still waits: call rollback()), 500 when no offer waits.
        """
    def answer_lines(self, media: Sequence[LocalMedia | None], address: str) -> Sdp:
        """As answer(), but entry i of `media` is for m-line i, which is refused where that is missing."""
    def remote_answer(self, sdp: Sdp) -> None:
        """The peer answers our offer; `state` is "stable" afterwards.

        Also when it is stable and the last offer was ours: then this is another answer to it (early media
        first, another description in the 200) and replaces the one before.

        NegotiationError 488 when the lines do not fit the offer (it still waits), 500 when no offer waits.
        """
    def rollback(self) -> None:
        """The waiting offer came to nothing (error response): what was agreed before holds."""
    def fork(self) -> OfferAnswer:
        """A copy for another early dialog of the same INVITE."""

# ---------------------------------------------------------------- sound as data (rust/media)

# Samples are 16-bit linear, little endian, one channel.  For prompts, tools and tests; never for streams.

def convert_file(source: str, target: str) -> int:
    """Write a sound file anew in the format that the target's extension says; gives its length in ms.

    It is as long as the file needs, so not for the event loop.  OSError for the file system, ValueError for a
    format that is not read, not written or not what the extension says.
    """

def resample(samples: bytes, from_rate: int, to_rate: int) -> bytes:
    """A whole recording at another rate.  ValueError for a rate outside 1000..384000 Hz or half a sample."""

def g711_decode(data: bytes, law: str) -> bytes:
    """G.711 octets ("ulaw", "alaw") to samples."""

def g711_encode(samples: bytes, law: str) -> bytes:
    """Samples to G.711 octets ("ulaw", "alaw")."""

def aes128_ecb(key: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    """Encrypt, or decrypt, each block of 16 octets (AES-128, ECB).  ValueError for other lengths."""

def tone_level(samples: bytes, frequency: float, rate: float = 8000.0) -> float:
    """Level of one frequency over all samples in dBm0 (Goertzel); -inf for none."""

def find_dtmf(samples: bytes) -> list[tuple[str, int, int]]:
    """The DTMF digits in 8 kHz audio: (digit, its start in ms to within 10 ms, its duration in ms)."""

# ---------------------------------------------------------------- media engine (rust/media)

@final
class DtlsIdentity:
    """A certificate and its private key, in RSA or on an elliptic curve (P-256 or P-384).  Immutable."""

    def __init__(self, chain: Sequence[bytes], private_key: bytes) -> None:
        """Certificates in DER, ours first and then those that lead to its authority.

        The key in DER as PKCS#8, PKCS#1 or SEC 1, RSA ones of 2048 bits at least.  Raises ValueError that
        says what is wrong with them.
        """
    @staticmethod
    def generate() -> DtlsIdentity:
        """A new key on P-256 and a certificate signed with it."""
    def fingerprint(self, hash: str) -> str:
        """As `a=fingerprint` has it, for sha-1, sha-256, sha-384 or sha-512."""

@final
class DtlsTrust:
    """Certificate authorities that a peer's certificate may come from (RFC 5280 section 6).  Immutable."""

    def __init__(self, authorities: Sequence[bytes]) -> None:
        """Certificates in DER.  Raises ValueError for one that cannot be read."""

DTLS_CIPHERS: list[str]
"""The ciphers that a handshake can use, by OpenSSL's names."""

CRYPTO_SUITES: dict[str, int]
"""Crypto suites of SRTP by their names in SDP, with the bytes that master key and salt have together."""

class MediaError(Exception):
    """The engine cannot do what it was asked: `why` is one of the words below, str() the sentence.

    "closed" (port or engine), "no_ports" (range used up), "overrun" (command queue full),
    "codec" (nothing to encode with), "argument".  Failing to bind raises OSError.
    """

    why: str

class AudioQueue:
    """Audio between a port and a program: 16-bit linear samples, little endian, mono, at `rate` Hz
    (8000 to 48000).  At most `limit_ms` wait in it.  The port's side of it is at `engine_rate`.
    Raises ValueError."""

    def __new__(cls, rate: int, limit_ms: int, *, engine_rate: int = 8000) -> AudioQueue: ...
    def read(self) -> bytes:
        """All that waits."""
    def write(self, data: bytes) -> int:
        """Add samples; how many octets found room."""
    def flush(self) -> int:
        """Forget what waits; how many ms that were."""
    def end(self) -> None:
        """Nothing more is written."""
    def wait(self) -> None:
        """Ask for one event `audio`: when there is something to read, or half of the room to write."""
    @property
    def rate(self) -> int: ...
    @property
    def ended(self) -> bool: ...
    @property
    def held_ms(self) -> int: ...
    @property
    def room_ms(self) -> int: ...
    @property
    def lost_ms(self) -> int:
        """What came in and found no room."""
    @property
    def passed_ms(self) -> int:
        """What was read, or played."""
    @property
    def gaps(self) -> int:
        """How often it ran dry in the middle of sound."""

MediaEvent = tuple[str, int, int, str, int]
"""(kind, port id, ref, text, value); what the kinds carry:

    dtmf_begin   text: digit; value: 0 by RFC 4733, 1 heard in band
    dtmf_end     text: digit; value: duration in ms (of an event whose end was lost: as far as heard)
    dtmf_sent    ref: what send_dtmf() returned; all digits are on the wire
    play_end     ref: play id; text: "finished", "stopped", "replaced", "closed" or "error: <what>";
                 value: played ms
    record_end   ref: record id; text: "stopped", "max", "silence", "hangup" (port closed) or "error: <what>";
                 value: ms in the file.  Comes when the file is complete
    source       text: "host:port" now locked as the remote source; value: 1 when it differs from set_remote()
    timeout      value: seconds without RTP; text: "hold" when the port did not receive; once until RTP comes
    bye          the remote sent RTCP BYE
    rtcp_received, rtcp_sent  text: a report as `name=value` words; only after report_rtcp(True)
    audio        ref: what listen() or speak() returned; the queue's wait() is over
    dry          ref: play id; value: ms played.  What speak() plays had nothing to say in the middle of sound
    position     ref: play id; value: where in the files it is, in ms; after pause() and seek(), and before
                 `play_end`
    found        ref: what watch_talking() or watch_tone() returned; text: "talking", "silent" (value: ms he
                 talked), "tone", "tone_end" (value: ms it lasted)
    dtls         text: the crypto suite (value: 1), or "failed: <what>"
    ice          text: "host:port" to send to (value: 1), or why there is none (0)
    server       text: what a STUN or TURN server tells, see gather(); value: the component
    talking      in a room that reports it; value: 1 when the remote began to talk, 0 when it stopped
    overrun      port 0; value: events lost since the last one because they were not fetched
"""

CodecRow = tuple[str, str, list[str], tuple[int, int], int, tuple[int, int, int], int, int, bool, str]

def codec_registry() -> list[CodecRow]:
    """All codecs in the order of `allow=all`: Asterisk's name; audio, video, image or text; encoding names
    in SDP; (RTP clock, sample rate) in Hz; payload type, -1 for none; (shortest, usual, longest packet) in
    ms; quality (higher is better); channels; whether the engine decodes and encodes it; description."""

def declare_codec(
    name: str,
    description: str,
    sdp: list[str],
    clock_and_rate: tuple[int, int],
    packet_ms: tuple[int, int, int],
    *,
    quality: int = 0,
    channels: int = 1,
    frame: tuple[int, int] | None = None,
    module: bytes | None = None,
) -> None:
    """Add an audio codec behind those of the registry, until the process ends.

    `packet_ms`: shortest, usual, longest.  `frame`: octets and RTP clock units of what payloads consist of.
    `module`: WebAssembly in binary or text form (rust/media/src/codecs/module.rs has its exports); without
    one the codec is passed on only.

    Raises:
        ValueError: a name is taken, a number makes no sense, or the module is no codec; the text says which.
    """

Tone = tuple[float, float, bool, int, bool]
"""(frequency 1, frequency 2, modulated, ms, once): two frequencies added, or the first modulated by the
second; 0, 0 is silence; ms 0 is for ever; `once` leaves it out when the list is repeated (Asterisk's "!")."""

@final
class MediaEngine:
    """Worker threads that own RTP ports, and one thread for files.

    Methods may be called from any thread and never wait for a worker.  Commands of one port are carried
    out in order; what has happened comes back through events().
    """

    event_fd: int  # readable when events() has something; needs no read()
    rtp_range: tuple[int, int]  # may be set: counts for ports opened from then on
    def __init__(
        self,
        *,
        workers: int = 0,
        tick_ms: int = 20,
        rtp_start: int = 10000,
        rtp_end: int = 20000,
        cname: str = "",
        cache_bytes: int = 67108864,
        max_events: int = 65536,
    ) -> None:
        """`workers` 0: one a core.  `cname`: of RTCP SDES; "" makes a random one.  `cache_bytes`: decoded
        sound files kept in memory when nobody plays them."""
    def set_udptl_range(self, start: int, end: int, *, even: bool = False) -> None:
        """The ports of those that carry "udptl", `end` included; 4000 to 4999 without this."""
    def report_rtcp(self, on: bool) -> None:
        """Whether RTCP reports of all ports are events."""
    def want_packets(self, rtp: tuple[str, int] | None, udptl: tuple[str, int] | None) -> None:
        """Which packets packets() gives, by the far address ("": all) and port (0: all); None: none.

        While none are wanted this costs a packet one comparison.  Raises ValueError for the address."""
    def packets(self) -> tuple[list[tuple[str, bool, str, bytes, int]], int]:
        """Packets since the last call, 4096 at most, and how many more there were.

        Of each: "rtp" or "udptl" (what the socket is for), whether it was sent, the far "host:port", its
        first 12 bytes, its length.  RTCP on a socket of its own is not among them."""
    def events(self) -> list[MediaEvent]:
        """All that happened since the last call, in order (per port).  Clears event_fd."""
    def open_port(
        self,
        address: str,
        *,
        carries: str = "audio",
        fixed: bool = False,
        rtcp: bool = True,
        rtcp_mux: bool = False,
        tos: int = 0,
        symmetric: bool = True,
        strict: bool = True,
        probation: int = 4,
        near: Port | None = None,
    ) -> Port:
        """Bind an even RTP port and the odd RTCP port above it at `address` (IPv4 or IPv6 literal).

        `carries`: "audio"; "video", which is only relayed, with what receivers ask of the sender (RFC 4585);
        "udptl": datagrams that are passed on as they are, without RTCP, on ports of their own range.
        `fixed`: it stays with the first worker, so that others can ride on it.

        `symmetric`: send to where the remote sends from (comedia); else always to set_remote().
        `strict`: after `probation` packets in sequence only the learned source is heard, until
        set_remote() or until it has been silent for a while; else every source is.  `near`: put
        it on that port's worker.  Raises MediaError("no_ports"), OSError, ValueError for the address.
        """
    def open_rider(self, carrier: Port, *, carries: str = "video") -> Port:
        """A port that uses the sockets, keys and addresses of a fixed one (BUNDLE, RFC 9143).

        What comes there is told apart by set_sources(), else by payload types.  Raises MediaError.
        """
    def open_pipe(self, *, near: Port | None = None) -> tuple[Port, Port]:
        """Two ports without sockets: what one sends the other receives (Local channels)."""
    def open_room(self, *, rate: int = 8000, interval_ms: int = 20) -> Room:
        """A conference that mixes at `rate` Hz (8000 to 192000) every 10, 20, 40 or 80 ms.  Raises
        MediaError("argument")."""
    def stats(self) -> dict[str, int]:
        """Counters of the engine since its start: ports (open now), workers, rx_packets, tx_packets,
        rx_bytes, tx_bytes, wakeups, ticks, late_ticks (over 5 ms), missed_ticks (left out after
        a stop of more than five), commands, record_overruns (blocks dropped because the disk is behind),
        events_lost, and drops by reason as drop_<reason>."""
    def close(self) -> None:
        """Close all ports, complete all recordings, end the threads.  Idempotent."""

@final
class Room:
    """A conference: each member hears all but itself.  Closed by close() or when garbage collected.

    Sums saturate.  What all hear who say nothing is mixed once and encoded once for each format; muted
    members are not decoded.  Each member's packets are evened out by a buffer that adapts to their jitter.
    """

    id: int
    def set_rate(self, rate: int) -> None:
        """Mix at another rate; what was said and not heard yet is left out."""
    def join(
        self,
        port: Port,
        *,
        muted: bool = False,
        deaf: bool = False,
        gain_in: float = 1.0,
        gain_out: float = 1.0,
        talking_threshold: int = 160,
        silence_ms: int = 2500,
        drop_silence: bool = False,
        report_talking: bool = False,
        only_from: int = 0,
        only_to: int = 0,
    ) -> None:
        """Take a port in, out of whatever it was joined with, or change how it takes part.

        A port leaves by unbridge(), bridge(), echo() or close().  A play() of the port has precedence
        over the room.  `gain_in` of what it says and `gain_out` of what it hears are factors from 0 to
        16; it talks from a mean magnitude of `talking_threshold` on until `silence_ms` below it;
        `drop_silence`: it is mixed only while it talks; `report_talking`: `talking` events.  A codec
        that the engine cannot decode is not heard (drop_format), one that it cannot encode is sent
        nothing.
        `only_from`: it hears only the member with this port id (spying on one side); `only_to`: only that
        one hears it (whispering).
        """
    def close(self) -> None:
        """Let all members go.  Idempotent."""

@final
class Port:
    """One media leg.  Closed by close() or when garbage collected; then methods raise MediaError "closed"."""

    id: int  # never used again
    address: str
    rtp_port: int  # 0 for a pipe
    rtcp_port: int  # 0 without RTCP; rtp_port with rtcp_mux
    descriptors: list[int]  # of both sockets, -1 for none; they count while the port is open
    ssrc: int  # of what it sends
    closed: bool
    def set_remote(self, host: str, port: int, rtcp_port: int = 0) -> None:
        """Where to send (IP literal); starts source learning anew.  port 0: send nothing until a source is
        learned.  rtcp_port 0: port + 1, or the same with rtcp_mux."""
    def set_codecs(
        self,
        send: tuple[int, str, int, int],
        receive: Sequence[tuple[int, str, int]],
        *,
        send_fmtp: str = "",
        send_settings: str = "",
        send_further: Sequence[tuple[int, str, int, str]] = (),
        receive_fmtp: Sequence[tuple[int, str]] = (),
        telephone_event_send: int = -1,
        telephone_event_clock: int = 0,
        telephone_event_receive: Sequence[int] = (),
        comfort_noise_send: int = -1,
    ) -> None:
        """`send`: (payload type, name, clock, ptime ms); `receive`: (payload type, name, clock) of all that
        may come.  `send_fmtp`: the far end's parameters of what we send; `receive_fmtp`: ours by type.
        `send_settings`: what the configuration says of the encoder, "complexity=5;fec=no" (codecs.conf).
        `telephone_event_clock`: of the events that are sent, 0 when it is the audio's.
        `comfort_noise_send`: the payload type by which the far end takes comfort noise ("CN" in `receive`).
        `send_further`: of video all other (payload type, name, clock, fmtp) that may be sent.
        Names as in SDP ("PCMU").  Until this is called: PCMU 0 and PCMA 8, no telephone-event.
        Unknown names are fine: such audio is relayed to a port whose send codec is equal, not decoded."""
    def set_direction(self, *, send: bool, receive: bool) -> None:
        """The SDP direction.  send=False: only RTCP leaves; receive=False: what comes is only counted."""
    def set_srtp(
        self, send: tuple[str, bytes], receive: tuple[str, bytes], *, replay_protection: bool = True
    ) -> None:
        """SRTP and SRTCP from now on: (crypto suite, master key and salt) for each way.

        Suites are those of RFC 4568, 6188 and 7714 (CRYPTO_SUITES).  A key that stays the same goes on with
        its counters; after a change what was under way under the old one is heard
        for three seconds.  What is not genuine is dropped and counted (drop_crypto).
        Raises MediaError "argument" for an unknown suite or a key of another length.
        """
    def clear_srtp(self) -> None:
        """No encryption, whatever was asked before."""
    def set_dtls(
        self,
        identity: DtlsIdentity,
        *,
        active: bool,
        fingerprints: Sequence[tuple[str, str]],
        trust: DtlsTrust | None = None,
        mtu: int = 1200,
        ciphers: Sequence[str] = (),
        replay_protection: bool = True,
        generation: int = 0,
    ) -> None:
        """Keys by a DTLS 1.2 handshake (RFC 5764); a handshake with the same peer, role and `generation`
        goes on.

        `active`: we begin.  `fingerprints`: (hash, value) of the peer's SDP, one of which must be that of its
        certificate; none: anybody is believed.  `trust`: it must come from one of these authorities.
        `ciphers` by OpenSSL's names, none for all.  A `dtls` event
        tells the end.  Raises ValueError for a fingerprint that is none.
        """
    def begin_ice(
        self,
        ufrag: str,
        password: str,
        candidates: Sequence[tuple[str, str, int, str, int]],
        rtcp_candidates: Sequence[tuple[str, str, int, str, int]],
        *,
        lite: bool = False,
    ) -> None:
        """Our side of ICE (RFC 8445): checks of the far end are answered; the same credentials go on.

        A candidate is ("host", "srflx" or "relay", address, port, address and port of the host candidate
        behind it); the second list is for RTCP on its own port.  Until a pair is found nothing is sent.
        An `ice` event tells where to (value 1), or that nothing works (0).
        Raises ValueError for an address that is none.
        """
    def set_ice(
        self,
        ufrag: str,
        password: str,
        controlling: bool,
        candidates: Sequence[str],
        rtcp_candidates: Sequence[str],
    ) -> None:
        """The far end's side: values of its a=candidate lines, again for more of them (trickle)."""
    def gather(
        self,
        *,
        stun: tuple[str, int] | None = None,
        turn: tuple[str, int] | None = None,
        username: str = "",
        password: str = "",
        software: str = "",
    ) -> None:
        """Ask a STUN server where it sees our sockets (RFC 8489), and a TURN server for relays (RFC 8656).

        Both by UDP, at literal addresses.  Events `server` tell what they say (value: the component, 1 or 2):
        "srflx ADDRESS", "relay ADDRESS ADDRESS" (the relay's, and where the server sees us), "no-srflx WHY",
        "no-relay WHY".  Mappings and relays are kept as long as the port is open.
        Raises ValueError for an address that is none.
        """
    def end_ice(self) -> None:
        """The far end does no ICE."""
    def await_dtls(self) -> None:
        """Nothing in the clear; a peer that begins before set_dtls() is heard then."""
    def set_rtcp_mux(self, on: bool) -> None:
        """RTCP comes and goes on the RTP port (RFC 5761), or on the next one, for a port that has both."""
    def await_keys(self) -> None:
        """Until set_srtp() nothing is sent or heard.  No effect where there are keys already."""
    def set_timeouts(self, *, rtp_s: float = 0.0, hold_s: float = 0.0) -> None:
        """Ask for a `timeout` event after so long without RTP; hold_s is for receive=False.  0: never."""
    def set_keepalive(self, interval_s: float) -> None:
        """Send a packet of comfort noise (RFC 3389) whenever nothing was sent for so long; 0: never."""
    def set_sources(self, sources: Sequence[int]) -> None:
        """The SSRCs that the far end has named for this stream (RFC 5576), of one that rides."""
    def request_picture(self) -> None:
        """Ask the far end of video for a picture that stands alone (RFC 4585 PLI)."""
    def set_dtmf(self, *, relay: bool = True, inband: bool = False) -> None:
        """`relay`: digits that come in go on to the bridged port (its telephone-event payload type, or
        as tones when it has none); else they end here as events.  Events come either way.  `inband`: detect
        tones in decoded audio (G.711) and report them as events."""
    def set_jitter_buffer(
        self,
        *,
        adaptive: bool | None,
        max_ms: int = 200,
        resync_ms: int = 1000,
        target_ms: int = 40,
    ) -> None:
        """Put what comes in order and in time before it is heard; what is missing is made up for.
        `adaptive`: hold back what the last packets needed and `target_ms` more, `max_ms` at most; False:
        always `max_ms`; None: no buffer.  A timestamp that strays by more than `resync_ms` begins anew;
        0: never."""
    def mute(self, *, receive: bool = False, send: bool = False) -> None:
        """Silence in place of what comes in / goes out.  Unlike set_direction() the stream goes on."""
    def bridge(self, peer: Port) -> None:
        """Both ways: what one hears the other sends.  Replaces an earlier bridge of either, and echo.
        Ports on different workers: this one moves (about 1 ms; open_port(near=) avoids it).
        A running play() has precedence over the peer's audio until it ends."""
    def view(self, source: Port) -> None:
        """Of ports of video: the far end sees what that of `source` shows, as others may at once.

        In place of what this port was joined with.  What its far end asks for (pictures that stand alone,
        lost packets, a bit rate: the lowest of all who see it) goes to the far end of `source`.  Ends by
        unbridge() of either.
        """
    def unbridge(self) -> None:
        """Leave the bridge, the echo or the room; see nobody, and be seen by nobody."""
    def echo(self, on: bool) -> None:
        """Send back what comes in, DTMF included (subject to set_dtmf(relay=))."""
    def play(self, files: Sequence[str], *, loop: bool = False, offset_ms: int = 0) -> int:
        """Play files without gap; the format is told by the extension (wav, ulaw, alaw, sln, ...).  Replaces
        what plays.  Returns the play id; `play_end` follows, also for a file that cannot be read."""
    def play_tones(self, tones: Sequence[Tone], *, repeat: bool = True, level_dbm0: float = -13.0) -> int:
        """Play a list of tones; level per frequency, at most 0, of two at once at most -3.  Replaces what
        plays.  Returns the play id."""
    def pause(self, play: int, on: bool) -> None: ...
    def seek(self, play: int, offset_ms: int) -> None:
        """Move a running file by `offset_ms` (negative: back); past the end finishes it."""
    def stop(self, play: int = 0) -> None:
        """Stop this play, 0: whichever runs.  Does nothing when it has ended."""
    def listen(
        self,
        queue: AudioQueue,
        *,
        heard: bool = True,
        said: bool = False,
        heard_gain: float = 1.0,
        said_gain: float = 1.0,
    ) -> int:
        """Put what the port receives (`heard`), sends (`said`), or both mixed, into a queue.  Returns the
        record id; stop_record() ends it, `record_end` follows.  Raises ValueError: a gain is 0 to 64."""
    def set_record_gains(self, record: int, *, heard: float, said: float) -> None:
        """How loud a recording, or what listen() began, has the two directions from now on; 0 is silent."""
    def set_effects(
        self,
        *,
        said: bool,
        gain: float = 1.0,
        level: int = 0,
        denoise: bool = False,
        notch: float = 0.0,
    ) -> None:
        """Change what comes in, or what goes out, for whoever hears it: a factor, the mean magnitude
        that speech is brought to (0: as it is), whether noise is taken out of it (10 ms of delay), and a
        frequency that is taken out (0: none).  Raises ValueError for one above 3900 Hz."""
    def watch_talking(self, *, said: bool, threshold: int, silence_ms: int) -> int:
        """Tell (`found`) when somebody talks: a mean magnitude of `threshold` at least in 20 ms; until
        `silence_ms` below it.  Returns the watch's number."""
    def watch_tone(
        self,
        *,
        said: bool,
        frequency: float,
        ms: int,
        second: float = 0.0,
        decibels: float | None = None,
    ) -> int:
        """Tell when there is a tone for `ms`, and when it is over.  Raises ValueError: 50 to 3900 Hz.

        `second`: a frequency that sounds with it.  `decibels`: how far it stands out from the rest."""
    def unwatch(self, watch: int) -> None: ...
    def overlay(self, files: Sequence[str]) -> int:
        """Play files over what is sent, in place of what is laid over now.  Returns the play id; stop()
        ends it, `play_end` follows."""
    def overlay_queue(self, queue: AudioQueue) -> int:
        """The same with what a queue gets."""
    def speak(self, queue: AudioQueue) -> int:
        """Play what a queue gets, silence when it has nothing.  Returns the play id; `play_end` follows when
        the queue has ended and is empty."""
    def record(
        self,
        path: str,
        format: str,
        *,
        max_ms: int = 0,
        silence_ms: int = 0,
        silence_threshold: int = 256,
        append: bool = False,
        heard: bool = True,
        said: bool = False,
        stereo: bool = False,
        fill: bool = True,
        heard_gain: float = 1.0,
        said_gain: float = 1.0,
        paused: bool = False,
    ) -> int:
        """Record what comes in (`heard`), what goes out (`said`), or both, mixed or side by side
        (`stereo`, signed linear only), to `path` (used as it stands) as "wav", "ulaw", "alaw", "sln" ....
        With `fill` silence is put in where nothing comes.  Ends after
        `max_ms`, or `silence_ms` with a mean magnitude of samples below `silence_threshold` (0: no limit),
        stop_record(), close().  Several may run at once.  Returns the record id; `record_end` follows."""
    def hold_record(self, record: int, *, paused: bool = False, muted: bool = False) -> None:
        """Leave out what comes in while `paused`, write silence in its place while `muted`."""
    def stop_record(self, record: int) -> None: ...
    def send_dtmf(self, digits: str, *, duration_ms: int = 100, gap_ms: int = 50) -> int:
        """Send 0-9 A-D * # as telephone-events (RFC 4733), or as tones when none was negotiated; "w" waits
        500 ms.  Queued after digits not sent yet.  `dtmf_sent` follows with the returned id."""
    def stats(self) -> dict[str, int | float | str]:
        """rx_packets rx_bytes rx_lost rx_reordered rx_duplicate rx_jitter_ms rx_ssrc tx_packets tx_bytes
        remote_lost remote_jitter_ms (what the remote reports of our stream) rtt_ms (-1: not known)
        rx_age_ms (-1: nothing came) source (learned "host:port" or "") drop_source drop_invalid drop_other
        drop_crypto (not genuine, replayed, or in the clear); and of rx_jitter_ms, rx_loss, remote_jitter_ms,
        remote_loss and rtt_ms, as the RTCP reports had them, _min, _max, _mean and _stdev.
        Of a closed port: the last figures."""
    def close(self) -> None:
        """Send RTCP BYE where RTCP ran, end what plays and records, free the ports.  Idempotent."""
