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
    uri: str  # request URI as it stands in the message; "" in a response
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
        """Parse one whole message.  Raises SipParseError."""
    @staticmethod
    def request(method: str, uri: str) -> Message: ...
    @staticmethod
    def response(request: Message, status: int, reason: str | None = None, to_tag: str | None = None) -> Message:
        """A response with what RFC 3261 section 8.2.6.2 copies, and Record-Route for 101-299 of an INVITE."""
    def get(self, name: str) -> str | None:
        """The first header line of this name (either form), unfolded; None when absent."""
    def get_all(self, name: str) -> list[str]:
        """Each header line of this name."""
    def values(self, name: str) -> list[str]:
        """The elements of a comma-separated list over all lines of this name; quotes and <> are respected."""
    def addresses(self, name: str) -> list[NameAddr]:
        """values(), parsed: Contact, Route, Record-Route, Path, P-Asserted-Identity, Diversion ..."""
    def has_token(self, name: str, token: str) -> bool:
        """Whether the list header holds this token (Supported, Require, Allow)."""
    def headers(self) -> list[tuple[str, str]]: ...
    def set(self, name: str, value: str) -> None:
        """Replace all lines of this name with one.  ValueError for CR or LF in name or value."""
    def add(self, name: str, value: str) -> None: ...
    def prepend(self, name: str, value: str) -> None:
        """Add before the other lines of this name."""
    def remove(self, name: str) -> None: ...
    def set_body(self, content_type: str, body: bytes) -> None: ...
    def parts(self) -> list[tuple[str, bytes]]:
        """(content type, body) of each part of a multipart body; of a single body just that one."""
    def copy(self) -> Message: ...
    def to_bytes(self, *, compact: bool = False) -> bytes: ...

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
    """What was received was not taken up; it has been answered where the RFC allows it.  For counters and log."""

    status: int
    why: str
    flow: int
    host: str
    port: int

SipEvent = (
    RequestReceived | AckReceived | CancelReceived | ResponseReceived | TransactionFailed | AckMissing | Rejected
)

@final
class SipStack:
    """The transaction layer (RFC 3261 section 17, RFC 6026) for all flows of a node.  No I/O, no clock.

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
        seed: int | None = None,
    ) -> None: ...
    def add_flow(self, flow: int, transport: str, sent_by: str, *, reliable: bool, rport: bool = True) -> None:
        """`transport` and `sent_by` go into Via, e.g. "UDP", "192.0.2.1:5060"."""
    def remove_flow(self, flow: int, now: float) -> list[SipEvent]:
        """A connection is gone: its client transactions fail with why="transport"."""
    def receive(self, data: bytes, flow: int, host: str, port: int, now: float) -> list[SipEvent]:
        """One whole message (streams: as framed by StreamFramer).  Never raises for what is inside `data`."""
    def request(self, message: Message, flow: int, host: str, port: int, now: float) -> int:
        """Start a client transaction: adds the topmost Via, sends.  Returns its txn."""
    def respond(
        self,
        txn: int,
        message: Message,
        now: float,
        *,
        forget: bool = False,
        reliable_provisional: bool = False,
    ) -> None:
        """Send a response.  A 2xx to an INVITE is sent again until its ACK comes; a reliable provisional
        (RFC 3262) until provisional_acked(); `forget` drops the transaction at once (stateless answer)."""
    def provisional_acked(self, txn: int) -> None: ...
    def send_ack(self, txn: int, message: Message, flow: int, host: str, port: int, now: float) -> None:
        """Send the ACK for a 2xx of INVITE client transaction `txn` and keep it for repeated 2xx."""
    def cancel(self, txn: int, now: float, *, reason: str | None = None) -> None:
        """CANCEL a pending INVITE; waits for the first provisional (RFC 3261 section 9.1).  `reason`: Reason header."""
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
        """Whole messages; b"\\r\\n\\r\\n" stands for a keep-alive ping, b"\\r\\n" for a pong.
        Raises SipParseError when the stream cannot be followed any more."""

def new_tag() -> str: ...
def new_branch() -> str: ...
def new_call_id(host: str) -> str: ...

# ---------------------------------------------------------------- SDP and offer/answer: see rust/sip/src/sdp (to be filled in)

# ---------------------------------------------------------------- media engine (rust/media) (to be filled in)
