"""The registrar: REGISTER requests on addresses of record (RFC 3261 section 10.3, RFC 3327, RFC 3608).

The caller has found the AOR and authenticated the request; `Registrar.process` does the rest and
answers.  The 200 is sent when the store says that the change is durable.
"""

import math
from typing import NoReturn

from offhook._core import Message, NameAddr, SipParseError, Uri
from offhook.sip.contacts import (
    TRANSPORT_MARK,
    AorConfig,
    Binding,
    ContactEvent,
    Contacts,
    Status,
    StoredBinding,
)
from offhook.sip.incoming import IncomingRequest

__all__ = ["Registrar"]

_MAX_EXPIRES = 0xFFFFFFFF  # RFC 3261 20.19
_MAX_CONTACT_LENGTH = 1024  # longer ones are nobody's phone, and 10,000 of them would be 10 MB


class _RefusedError(Exception):
    """The request is answered with an error and changes nothing."""

    def __init__(self, status: int, reason: str | None = None, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason
        self.headers = headers


class _Change:
    """What one REGISTER does to an AOR, and how to take it back if the store refuses."""

    __slots__ = ("_aor", "_config", "_contacts", "_request", "added", "old", "removed", "updated")

    def __init__(self, contacts: Contacts, request: IncomingRequest, aor: str, config: AorConfig) -> None:
        self._contacts = contacts
        self._aor = aor
        self._request = request
        self._config = config
        self.added: list[Binding] = []
        self.updated: list[Binding] = []
        self.removed: list[Binding] = []
        self.old: list[Binding] = []  # copies of `updated` as they were

    def apply(self) -> None:
        """Change the tables, then have the change stored."""
        contacts = self._contacts
        for binding in self.removed:
            contacts.remove(binding)
        for binding in self.added:
            contacts.add(binding)
        for binding in self.updated:
            contacts.watch(binding)
        store = contacts.store
        if store is None:
            self.done(None)
            return
        deletes = [(binding.aor, binding.uri) for binding in self.removed]
        for binding, old in zip(self.updated, self.old, strict=True):
            if old.uri != binding.uri:  # the same by RFC 3261 19.1.4, spelled otherwise
                deletes.append((old.aor, old.uri))
        puts: list[StoredBinding] = [contacts.stored(binding) for binding in self.added]
        puts += [contacts.stored(binding) for binding in self.updated]
        store.save(puts, deletes, self.done)

    def done(self, error: Exception | None) -> None:
        """The store has it, or cannot take it."""
        contacts = self._contacts
        if error is not None:
            for binding in self.added:
                contacts.remove(binding)
            self.restore()
            for binding in self.removed:
                contacts.add(binding)
            self._request.respond(500)
            return
        for event, bindings in (
            (ContactEvent.REMOVED, self.removed),
            (ContactEvent.ADDED, self.added),
            (ContactEvent.REFRESHED, self.updated),
        ):
            for binding in bindings:
                contacts.announce(event, binding)
        answer(contacts, self._request, self._aor, self._config)

    def restore(self) -> None:
        """Make `updated` what they were."""
        for binding, old in zip(self.updated, self.old, strict=True):
            _copy(old, binding)
            self._contacts.watch(binding)


class Registrar:
    """Processes REGISTER requests for `contacts`."""

    def __init__(self, contacts: Contacts) -> None:
        self.contacts = contacts
        self.accepted = 0
        self.refused = 0

    def process(
        self,
        request: IncomingRequest,
        aor: str,
        config: AorConfig,
        *,
        via_source: bool = False,
        symmetric: bool = False,
    ) -> None:
        """Answer a REGISTER for this AOR, which the sender may change.

        `via_source`: reach its contacts where the request came from (Asterisk's rewrite_contact).
        `symmetric`: reach them by the transport that it came by (symmetric_transport).
        An unknown AOR is the caller's to answer with 404, after it has authenticated.
        """
        change = _Change(self.contacts, request, aor, config)
        try:
            flow = self.contacts.ua.flow(request.flow) if symmetric else None
            changed = self._fill(change, request, aor, config, via_source, flow.name if flow else "")
        except _RefusedError as refused:
            change.restore()
            self.refused += 1
            request.respond(refused.status, refused.reason, headers=refused.headers)
            return
        self.accepted += 1
        gate = self.contacts.ua.gate
        if gate is not None:
            gate.vouch(request.host)
        if changed:
            change.apply()
        else:
            answer(self.contacts, request, aor, config)

    def _fill(
        self,
        change: _Change,
        request: IncomingRequest,
        aor: str,
        config: AorConfig,
        via_source: bool,
        mark: str,
    ) -> bool:
        """Find out what changes.  False when it is only a question.  Raises _RefusedError."""
        message = request.message
        path = _path(message, config)
        first = message.get("Contact")
        if first is None:
            return False  # what is registered?
        if not config.max_contacts:
            _refuse(403)
        dynamic = [binding for binding in self.contacts.of(aor) if not binding.permanent]
        header = message.get("Expires")
        if first.strip() == "*":
            if len(message.get_all("Contact")) != 1 or header is None or _seconds(header) != 0:
                _refuse(400, "Contact * needs Expires: 0")
            for binding in dynamic:
                _check_order(binding, message)
                change.removed.append(binding)
            return True
        try:
            addresses = message.addresses("Contact")
        except SipParseError:
            _refuse(400, "Malformed Contact")
        asked = config.default_expiration if header is None else _seconds(header)
        seen: list[Binding] = []
        for address in addresses:
            if mark:
                marked = address.uri.with_param(TRANSPORT_MARK, mark)
                address = NameAddr(marked, params=address.params())
            self._one_contact(change, request, address, asked, dynamic, seen, config, aor, path, via_source)
        self._make_room(change, dynamic, config)
        return True

    def _one_contact(
        self,
        change: _Change,
        request: IncomingRequest,
        address: NameAddr,
        asked: int,
        dynamic: list[Binding],
        seen: list[Binding],
        config: AorConfig,
        aor: str,
        path: tuple[str, ...],
        via_source: bool,
    ) -> None:
        message = request.message
        uri = address.uri
        if uri.scheme not in ("sip", "sips") or not uri.host:
            _refuse(400, "Contact is not a SIP URI")
        text = str(uri)
        if len(text) > _MAX_CONTACT_LENGTH:
            _refuse(400, "Contact is too long")
        param = address.param("expires")
        expires = asked if param is None else _seconds(param)
        if expires:
            if expires < config.minimum_expiration:
                if not config.raise_brief:
                    _refuse(423, None, ("Min-Expires", str(config.minimum_expiration)))
                expires = config.minimum_expiration
            elif expires > config.maximum_expiration:
                expires = config.maximum_expiration
        binding = _find(dynamic, address, text)
        if binding is not None:
            if binding in seen:
                _refuse(400, "The same Contact twice")
            seen.append(binding)
            _check_order(binding, message)
            if not expires:
                change.removed.append(binding)
                return
            old = Binding(aor, text)
            _copy(binding, old)
            change.old.append(old)
            change.updated.append(binding)
        elif expires:
            if _find(change.added, address, text) is not None:
                _refuse(400, "The same Contact twice")
            binding = Binding(aor, text)
            change.added.append(binding)
        else:
            return  # removing what is not there is no mistake
        contacts = self.contacts
        binding.uri = text
        binding.expires_at = contacts.network.now() + expires
        binding.call_id = message.call_id
        binding.cseq = message.cseq
        binding.path = path
        binding.user_agent = contacts.shared(message.get("User-Agent") or "")
        binding.instance = address.param("+sip.instance") or ""
        binding.via_source = via_source
        binding.flow = request.flow
        binding.host = request.host
        binding.port = request.port
        flow = contacts.ua.flow(request.flow)
        binding.transport = flow.transport if flow is not None else ""

    @staticmethod
    def _make_room(change: _Change, dynamic: list[Binding], config: AorConfig) -> None:
        """Keep to max_contacts as Asterisk does: 403, or the oldest and the unreachable go."""
        untouched = [b for b in dynamic if b not in change.updated and b not in change.removed]
        mine = len(change.added) + len(change.updated)
        excess = len(untouched) + mine - config.max_contacts
        if excess <= 0 or not change.added:
            return
        leaving: list[Binding] = []
        if config.remove_unavailable:
            leaving = [b for b in untouched if b.status is Status.UNREACHABLE]
            leaving.sort(key=_expiry)
        if config.remove_existing:
            leaving += sorted((b for b in untouched if b not in leaving), key=_expiry)
        if len(leaving) < excess:
            _refuse(403)
        change.removed += leaving[:excess]


def answer(contacts: Contacts, request: IncomingRequest, aor: str, config: AorConfig) -> None:
    """200 with the contacts there are and the seconds they have left (RFC 3261 10.3 step 8)."""
    now = contacts.network.now()
    headers = [
        ("Contact", f"<{_as_registered(binding)}>;expires={math.ceil(binding.expires_at - now)}")
        for binding in contacts.of(aor)
        if not binding.permanent
    ]
    headers += [("Path", value) for value in request.message.get_all("Path")] if config.support_path else []
    headers += [("Service-Route", value) for value in config.service_route]
    headers.append(("Date", contacts.date()))
    request.respond(200, headers=headers)


def _as_registered(binding: Binding) -> str:
    if TRANSPORT_MARK not in binding.uri:
        return binding.uri
    return str(Uri.parse(binding.uri).without_param(TRANSPORT_MARK))


def _path(message: Message, config: AorConfig) -> tuple[str, ...]:
    """The Path to store (RFC 3327 5.3)."""
    if message.get("Path") is None:
        return ()
    if not config.support_path:
        if message.has_token("Require", "path"):
            _refuse(420, None, ("Unsupported", "path"))
        return ()
    if not message.has_token("Supported", "path") and not message.has_token("Require", "path"):
        _refuse(421, None, ("Require", "path"))
    return tuple(message.values("Path"))


def _check_order(binding: Binding, message: Message) -> None:
    """A REGISTER that was overtaken by a later one of the same phone changes nothing (10.3 steps 6 and 7)."""
    # The same CSeq is the same request again, repeated over a restart of ours.
    if binding.call_id == message.call_id and message.cseq < binding.cseq:
        _refuse(500, "CSeq out of order")


def _find(bindings: list[Binding], address: NameAddr, text: str) -> Binding | None:
    for binding in bindings:
        if binding.uri == text:
            return binding
    if bindings:
        uri = address.uri
        for binding in bindings:
            if NameAddr.parse(f"<{binding.uri}>").uri == uri:
                return binding
    return None


def _copy(source: Binding, target: Binding) -> None:
    for name in Binding.__slots__:
        if name != "heap_at":
            setattr(target, name, getattr(source, name))


def _expiry(binding: Binding) -> float:
    return binding.expires_at


def _seconds(text: str) -> int:
    """A delta-seconds; what is malformed counts as 3600 (RFC 3261 10.3 step 6)."""
    text = text.strip()
    if not text.isascii() or not text.isdigit():
        return 3600
    return min(int(text[:11]), _MAX_EXPIRES)


def _refuse(status: int, reason: str | None = None, *headers: tuple[str, str]) -> NoReturn:
    raise _RefusedError(status, reason, *headers)
