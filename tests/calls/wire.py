"""What RFC 3261, 3262 and 3264 forbid a user agent to send, checked from outside, from what it sent and got.

`WireRules` watches packets as each node sees them and knows nothing of the code under test: sequence numbers,
one INVITE at a time, one offer at a time, PRACK before what has to wait for it, ACK for every final
response, BYE not before the ACK, CANCEL not before a provisional, one final response for every request.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from calls.network import SimulatedNetwork
from offhook._core import Message

__all__ = ["WireRules"]

_GIVEN_UP = 31.9  # seconds after which a transaction may have ended for want of an answer


@dataclass(slots=True)
class _Invite:
    """One INVITE transaction as one node sees it."""

    message: Message
    sent: bool
    at: float
    provisional: bool = False
    final: int = 0
    final_at: float = 0.0
    acked: bool = False
    rseq: int = 0
    unacked: set[int] = field(default_factory=set[int])
    unacked_sdp: set[int] = field(default_factory=set[int])

    def open(self, now: float) -> bool:
        """Whether another INVITE has to wait for it."""
        if not self.final:
            return now < self.at + _GIVEN_UP or self.provisional
        # Who answered waits for the ACK of its 2xx.
        return not self.sent and self.final < 300 and not self.acked and now < self.final_at + _GIVEN_UP


@dataclass(slots=True)
class _Node:
    """What one node has seen."""

    requests: dict[tuple[str, str, bool], Message] = field(default_factory=dict)
    finals: dict[tuple[str, str, bool], int] = field(default_factory=dict)
    invites: dict[tuple[str, bool], _Invite] = field(default_factory=dict)
    cseq: dict[tuple[str, str, str], int] = field(default_factory=dict)
    answers: dict[tuple[str, str, int], bool] = field(default_factory=dict)  # 2xx received: has its ACK gone?
    failures: dict[str, bool] = field(default_factory=dict)  # branch of an INVITE: has its ACK gone?


class WireRules:
    """Watches some nodes of a network."""

    def __init__(self, network: SimulatedNetwork, names: list[str]) -> None:
        self.breaches: list[str] = []
        self._network = network
        self._nodes = {name: _Node() for name in names}
        network.taps.append(self._saw)

    def finish(self, dead: str = "") -> list[str]:
        """All breaches, with what never happened at a node that was alive to the end."""
        for name, node in self._nodes.items():
            if name == dead:
                continue
            for (branch, method, sent), request in node.requests.items():
                if not sent and method != "ACK" and not node.finals.get((branch, method, False)):
                    self.breaches.append(f"{name}: {method} {request.cseq} was never answered")
            for (_, tag, cseq), acked in node.answers.items():
                if not acked:
                    self.breaches.append(f"{name}: the 2xx of {tag} to INVITE {cseq} got no ACK")
            for branch, acked in node.failures.items():
                if not acked:
                    self.breaches.append(f"{name}: the failure of {branch} got no ACK")
        return self.breaches

    def _breach(self, name: str, what: str) -> None:
        self._network.note(name, f"!! {what}")
        self.breaches.append(f"{name}: {what}")

    def _saw(self, name: str, sent: bool, data: bytes) -> None:
        node = self._nodes.get(name)
        if node is None:
            return
        message = Message.parse(data)
        if message.is_request:
            key = (message.branch, message.method, sent)
            if key not in node.requests:
                node.requests[key] = message
                self._on_request(name, node, message, sent)
            elif message.method == "ACK" and sent:
                self._on_ack_sent(node, message)
        else:
            self._on_response(name, node, message, sent)

    # ------------------------------------------------------------ requests

    def _on_request(self, name: str, node: _Node, message: Message, sent: bool) -> None:
        method = message.method
        now = self._network.clock.time()
        if method == "ACK":
            if sent:
                self._on_ack_sent(node, message)
            else:
                for invite in node.invites.values():
                    if not invite.sent and _same_call(invite.message, message):
                        invite.acked = invite.acked or invite.message.cseq == message.cseq
            return
        if method == "CANCEL":
            invite = node.invites.get((message.branch, sent))
            if sent and (invite is None or not invite.provisional):
                self._breach(name, "CANCEL before a provisional response")
            return
        if sent:
            self._check_cseq(name, node, message)
            if message.to_tag is not None and method in ("INVITE", "UPDATE"):
                self._check_turn(name, node, message, now)
            if method == "BYE":
                self._check_bye(name, node, message, now)
        if method == "INVITE":
            if not sent:  # who sends another has acknowledged the one before; that ACK may be lost
                for invite in node.invites.values():
                    if not invite.sent and _same_call(invite.message, message) and invite.final:
                        invite.acked = True
            node.invites[message.branch, sent] = _Invite(message, sent, now)
        elif method == "PRACK" and not sent:
            rseq = int((message.get("RAck") or "0").split()[0])
            for invite in node.invites.values():
                if not invite.sent and _same_call(invite.message, message):
                    invite.unacked.discard(rseq)
                    invite.unacked_sdp.discard(rseq)

    def _check_cseq(self, name: str, node: _Node, message: Message) -> None:
        call, local, remote = message.call_id, message.from_tag or "", message.to_tag or ""
        before = node.cseq.get((call, local, remote))
        if before is None and remote:
            first = [
                one.message.cseq
                for one in node.invites.values()
                if one.sent and one.message.to_tag is None and one.message.call_id == call
            ]
            before = min(first, default=None)
        if before is not None and message.cseq <= before:
            self._breach(name, f"{message.method} {message.cseq} after {before}")
        node.cseq[call, local, remote] = message.cseq

    def _check_turn(self, name: str, node: _Node, message: Message, now: float) -> None:
        """RFC 3261 14.1, RFC 3311 5.1: not while another INVITE, or another offer, is under way."""
        remote = message.to_tag
        for invite in node.invites.values():
            theirs = invite.message.to_tag if invite.sent else invite.message.from_tag
            if message.call_id != invite.message.call_id or theirs not in (remote, None):
                continue
            if message.method == "INVITE" and invite.open(now):
                self._breach(name, f"INVITE {message.cseq} during INVITE {invite.message.cseq}")
        if not message.body:
            return
        for (branch, method, sent), request in node.requests.items():
            theirs = request.to_tag if sent else request.from_tag
            if (
                method in ("INVITE", "UPDATE")
                and request is not message
                and request.body
                and request.to_tag is not None
                and request.call_id == message.call_id
                and theirs == remote
                and not node.finals.get((branch, method, sent))
                and branch != message.branch
            ):
                invite = node.invites.get((branch, sent))
                if invite is None or invite.open(now):
                    self._breach(name, f"an offer in {message.method} {message.cseq} during another")

    def _check_bye(self, name: str, node: _Node, message: Message, now: float) -> None:
        for invite in node.invites.values():
            if (
                not invite.sent
                and invite.message.to_tag is None
                and _same_call(invite.message, message, other_way=True)
                and not invite.acked
                and not (200 <= invite.final < 300 and now >= invite.final_at + _GIVEN_UP)
            ):
                self._breach(name, "BYE of the called side before the ACK")

    def _on_ack_sent(self, node: _Node, message: Message) -> None:
        key = message.call_id, message.to_tag or "", message.cseq
        if key in node.answers:
            node.answers[key] = True
        if message.branch in node.failures:
            node.failures[message.branch] = True

    # ------------------------------------------------------------ responses

    def _on_response(self, name: str, node: _Node, message: Message, sent: bool) -> None:
        status, method, branch = message.status, message.method, message.branch
        now = self._network.clock.time()
        key = (branch, method, not sent)
        first = not node.finals.get(key)
        if status >= 200:
            before = node.finals.get(key)
            if sent and before and before != status:
                self._breach(name, f"{status} to {method} {message.cseq} after {before}")
            node.finals.setdefault(key, status)
        if method != "INVITE":
            return
        invite = node.invites.get((branch, not sent))
        if invite is None:
            if sent:
                self._breach(name, f"{status} to an INVITE that never came")
            return
        if status < 200:
            invite.provisional = True
            if sent and message.get("RSeq") is not None:
                self._check_reliable(name, invite, message)
            return
        if not invite.final:
            invite.final, invite.final_at = status, now
        if sent:
            if status < 300 and first and invite.unacked_sdp:
                self._breach(name, "2xx before the PRACK of a description")
            return
        given_up = now > invite.at + _GIVEN_UP and first
        if status < 300:
            node.answers.setdefault((message.call_id, message.to_tag or "", message.cseq), given_up)
        else:
            node.failures.setdefault(branch, given_up)

    def _check_reliable(self, name: str, invite: _Invite, message: Message) -> None:
        rseq = int(message.get("RSeq") or 0)
        if rseq == invite.rseq:
            return
        if invite.rseq and rseq != invite.rseq + 1:
            self._breach(name, f"RSeq {rseq} after {invite.rseq}")
        if invite.unacked:
            self._breach(name, f"RSeq {rseq} before the PRACK of {invite.rseq}")
        if invite.final:
            self._breach(name, f"a provisional response after {invite.final}")
        invite.rseq = rseq
        invite.unacked.add(rseq)
        if message.body:
            invite.unacked_sdp.add(rseq)


def _same_call(invite: Message, message: Message, *, other_way: bool = False) -> bool:
    """Whether a request is of the call of an INVITE that came in; `other_way`: one of the called side."""
    tag = message.to_tag if other_way else message.from_tag
    return invite.call_id == message.call_id and invite.from_tag == tag
