"""Random calls at session level: what happens in them is drawn from a seed, what must hold is checked.

`play(seed)` places one call between two or three user agents over a network with its own weather, lets both
sides do what people and phones do, often at the same moment, and waits until nothing is to come.
`Scene.check()` then compares what both sides believe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random

from calls.network import Clock, Link, SimulatedNetwork
from calls.parties import Call, Party, key_of
from calls.proxy import ForkingProxy
from calls.wire import WireRules
from offhook.sip.invite import EndedBy, InviteOptions, Reliable, State
from offhook.sip.reason import Reason
from offhook.sip.session_timer import TimerMode, TimerPolicy
from offhook.sip.ua import UserAgentConfig

__all__ = ["Scene", "play"]

WEATHER = (
    Link(delay=0.01),
    Link(delay=0.02, jitter=0.01, loss=0.05, duplicate=0.03, reorder=0.05),
    Link(delay=0.02, jitter=0.03, loss=0.05, duplicate=0.05, reorder=0.10, late=0.15),
    Link(delay=0.15, jitter=0.05, loss=0.05, duplicate=0.02, reorder=0.05, late=0.7),
)
RELIABLE = (Reliable.SUPPORTED, Reliable.SUPPORTED, Reliable.PREFERRED, Reliable.NO, Reliable.REQUIRED)
_HOUR = 3600.0


class Scene:
    """One scenario: who is in it, and what is to be expected."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.clock = Clock()
        self.network = SimulatedNetwork(self.clock, seed, self.random.choice(WEATHER))
        self.seen: Counter[str] = Counter()
        self.dead: Party | None = None
        streams = self.random.random() < 0.1
        self.forks = not streams and self.random.random() < 0.2
        self.alice = self._party("alice", "192.0.2.1", streams)
        self.bob = self._party("bob", "192.0.2.2", streams)
        self.parties = [self.alice, self.bob]
        self.long = self.random.random() < 0.2
        self.target = self.bob.uri + (";transport=tcp" if streams else "")
        if self.forks:
            self.parties.append(self._party("carol", "192.0.2.3"))
            self.proxy = ForkingProxy(
                self.network,
                "proxy",
                "192.0.2.9",
                [party.uri for party in self.parties[1:]],
                record_route=self.random.random() < 0.6,
                wants_all=self.random.random() < 0.4,
                password_of="alice" if self.random.random() < 0.4 else "",
            )
            self.target = "sip:everyone@192.0.2.9"

        self.rules = WireRules(self.network, [party.name for party in self.parties])

    def _party(self, name: str, host: str, streams: bool = False) -> Party:
        random = self.random
        config = UserAgentConfig(user_agent="")
        if random.random() < 0.2:  # so that refreshes are re-INVITEs
            config = replace(config, allow=tuple(m for m in config.allow if m != "UPDATE"))
        party = Party(self.network, name, host, streams=streams, config=config)
        policy = TimerPolicy()
        if random.random() < 0.5:
            mode = random.choice(
                (TimerMode.YES, TimerMode.YES, TimerMode.NO, TimerMode.REQUIRED, TimerMode.ALWAYS)
            )
            least = random.choice((90, 90, 120, 300))
            policy = TimerPolicy(mode, max(least, random.choice((90, 100, 180, 1800))), least)
        party.options = InviteOptions(
            contact_user=name,
            reliable=random.choice(RELIABLE),
            timers=policy,
            # Not behind a proxy that keeps out of the dialog: that would be its address.
            rewrite_contact=random.random() < 0.2 and not self.forks,
        )
        return party

    # ------------------------------------------------------------ the plot

    def play(self) -> None:
        """Place the call and let everything happen."""
        random = self.random
        answer_at = random.choice((0.0, 0.05, random.uniform(0, 2), random.uniform(2, 20)))
        change_at = random.uniform(0.01, 6)
        end_at = (
            answer_at + change_at + random.uniform(1, 30) + (random.uniform(100, 900) if self.long else 0)
        )
        if random.random() < 0.15:
            end_at = answer_at + random.uniform(-0.1, 0.4)  # over before it has begun
        for party in self.parties[1:]:
            party.on_call = self._called(answer_at, change_at, end_at)
        if random.random() < 0.06:
            self.dead = random.choice(self.parties[:2])
            self.clock.call_later(random.uniform(0, answer_at + change_at + 5), self._unplug)
        caller = self.alice.call(self.target, offer=random.random() < 0.8)
        self.caller = caller
        self._manners(caller)
        caller.redirect = random.random() < 0.8
        if random.random() < 0.2:  # CANCEL, often while the 200 is on its way
            caller.at(max(0.0, answer_at + random.choice((random.uniform(-0.2, 0.2), -1, 5))), caller.hangup)
        changes = self._changes(caller, change_at)
        caller.when["answered"] = lambda: [caller.at(when, action) for when, action in changes]  # type: ignore[assignment,return-value]
        if random.random() < 0.3:  # from inside the listener's own methods
            what = random.choice(("progress", "answered", "result", "offer"))
            before = caller.when.get(what)
            caller.when[what] = lambda: self._hang_up_inside(caller, before)
        # Whatever the others do: in the end the caller hangs up, and a called party when nobody is there.
        last = max(end_at, answer_at) + random.choice((0.0, 0.02, 30.0, 60.0))
        self.clock.call_later(max(0.0, last - 0.001), self._compare)
        caller.at(last, lambda: caller.hangup(reason=Reason.q850(16)))
        assert self.clock.run_until_idle(3 * _HOUR), f"still busy: {self.clock.pending()}"

    def _hang_up_inside(self, call: Call, before: Callable[[], None] | None) -> None:
        if before is not None:
            before()
        call.hangup()

    def _called(self, answer_at: float, change_at: float, end_at: float) -> Callable[[Call], None]:
        """What one of the called does; drawn before the call, so that the network's fates do not matter."""
        random = self.random
        ring_at = random.choice((0.0, random.uniform(0, max(answer_at, 0.01))))
        early_media = random.random() < 0.3
        again_at = random.uniform(0, answer_at + 0.01) if random.random() < 0.3 else None
        what = random.choices(("answer", "busy", "nothing", "redirect", "hang up"), (70, 10, 10, 5, 5))[0]
        own_answer = answer_at + random.choice((0.0, 0.0, random.uniform(0, 0.2)))
        status = random.choice((486, 480, 404, 500, 603))
        hangs_up = random.random() < 0.5
        hang_up_at = max(0.0, end_at + random.choice((0.0, 0.01, random.uniform(-1, 1))))
        changes = random.randrange(2**31)

        def plan(call: Call) -> None:
            self._manners(call)
            if random.random() < 0.9:
                call.at(ring_at, lambda: call.ring(180, early_media=early_media))
            if again_at is not None:
                call.at(again_at, lambda: call.ring(183, early_media=not early_media))
            match what:
                case "answer":
                    call.at(own_answer, call.accept)
                    for when, action in self._changes(call, change_at, Random(changes)):
                        call.at(own_answer + when, action)
                case "busy":
                    call.at(own_answer, lambda: call.reject(status))
                case "redirect":
                    call.at(own_answer, lambda: self._redirect(call))
                case "hang up":
                    call.at(own_answer, lambda: call.hangup(reason=Reason.q850(17), status=486))
                case _:
                    pass
            call.at(_HOUR / 2, call.hangup)
            if hangs_up:
                call.at(hang_up_at, lambda: call.hangup(reason=Reason.q850(16)))

        return plan

    def _redirect(self, call: Call) -> None:
        if call._waits():
            # Back to the same place, which it tries only once, and to nowhere.
            call.session.redirect([f"<{self.target}>;q=0.9", f"<sip:second@{self.bob.host}>;q=0.5"])  # type: ignore[union-attr]

    def _manners(self, call: Call) -> None:
        """How this party meets offers."""
        manners = Random(self.random.random())
        slow = manners.random() < 0.4
        call.think = lambda: manners.uniform(0, 3) if slow else 0.0
        call.refuse = lambda: 488 if manners.random() < 0.1 else 0

    def _changes(
        self, call: Call, change_at: float, random: Random | None = None
    ) -> list[tuple[float, Callable[[], object]]]:
        """Hold, resume and other changes, in seconds after the answer; some at the moment of the peer's."""
        random = random or self.random
        actions: list[tuple[float, Callable[[], object]]] = []
        for _ in range(random.choice((0, 0, 1, 2, 4))):
            when = change_at + random.choice((0.0, 0.0, random.uniform(-0.05, 0.05), random.uniform(0, 8)))
            action = random.choice(
                (
                    lambda: call.reinvite("sendonly"),
                    lambda: call.reinvite("sendrecv"),
                    call.reinvite,
                    call.ask,
                    lambda: call.update("inactive"),
                    lambda: call.update(offer=False),
                    call.info,
                )
            )
            actions.append((max(0.0, when), action))
        return actions

    def _unplug(self) -> None:
        assert self.dead is not None
        self.dead.node.plugged = False
        self.network.note(self.dead.name, "is unplugged")

    # ------------------------------------------------------------ what must hold

    def _compare(self) -> None:
        """In the middle of things: two sides that are at rest have the same descriptions in force."""
        mine = self.caller.session
        theirs = self._other()
        if self.dead is not None or theirs is None:
            return
        if not (_rests(self.caller) and _rests(theirs)):
            return
        self.seen["compared"] += 1
        there = theirs.session
        assert key_of(mine.local_sdp) == key_of(there.remote_sdp), "what the caller says and the called knows"
        assert key_of(mine.remote_sdp) == key_of(there.local_sdp), "what the called says and the caller knows"
        here_timer, there_timer = mine.session_timer, there.session_timer
        assert here_timer.interval == there_timer.interval or TimerMode.ALWAYS in (
            here_timer.policy.mode,
            there_timer.policy.mode,
        )
        if here_timer.interval and there_timer.interval:
            assert here_timer.we_refresh != there_timer.we_refresh or TimerMode.ALWAYS in (
                here_timer.policy.mode,
                there_timer.policy.mode,
            )

    def _other(self) -> Call | None:
        """The call at the other end of the caller's dialog."""
        mine = self.caller.session
        if mine.dialog is None:
            return None
        for party in self.parties[1:]:
            for call in party.calls:
                if call.session.local_tag == mine.dialog.remote_tag:
                    return call
        return None

    def check(self) -> None:
        """After everything: both sides agree, and nothing is left."""
        left = [line for party in self.parties for line in party.leftovers()]
        if self.forks and self.proxy.stack.transactions():
            left.append("proxy: transactions")
        assert not left, left
        breaches = self.rules.finish(self.dead.name if self.dead is not None else "")
        if self.dead is None:
            assert not breaches, breaches
        caller = self.caller
        assert caller.ended is not None
        if self.dead is not None:
            return
        called = [call for party in self.parties[1:] for call in party.calls]
        for call in called:
            assert call.ended is not None
        answered = [call for call in called if call.ended and call.ended.answered]
        mine = caller.ended
        if mine.answered:
            theirs = self._other()
            assert theirs in answered, "the caller was answered by nobody"
        elif len(answered) > 0:
            # Its 2xx crossed our CANCEL and got ACK and BYE, which the owner is not told of as an answer.
            assert mine.by is EndedBy.LOCAL or self.forks, "an answered call that the caller knows nothing of"
        if mine.by is EndedBy.REMOTE and not mine.answered and not self.forks and len(called) == 1:
            theirs = called[0].ended
            assert theirs is not None
            assert mine.status == theirs.status, "the status of the failure"
        for call in called:
            assert call.ended is not None
            # 5 % loss never looks like a dead peer.
            assert call.ended.by is not EndedBy.NETWORK or call.ended.status == 481 or self.forks, call.ended
            assert call.ended.by is not EndedBy.EXPIRED, call.ended
        assert mine.by is not EndedBy.EXPIRED, mine

    def count(self) -> Counter[str]:
        """What happened, for the statistics."""
        seen = self.seen
        caller = self.caller
        assert caller.ended is not None
        seen["answered" if caller.ended.answered else f"failed {caller.ended.status}"] += 1
        seen[f"ended by {caller.ended.by.value}"] += 1
        called = [call for party in self.parties[1:] for call in party.calls]
        taken = sum(call.ended is not None and call.ended.answered for call in called)
        seen["2xx crossed CANCEL"] += taken > 0 and not caller.ended.answered
        seen["several answered"] += taken > 1
        seen["died"] += self.dead is not None
        for line in {item[3] for item in self.network.meaning()}:
            words = line.split()
            if words[0].isdigit() and len(words) > 1:
                seen[f"{words[0]} {words[1]}"] += 1
            else:
                seen[words[0]] += 1
        return seen


def _rests(call: Call) -> bool:
    """Whether the session is confirmed and no change is under way."""
    session = call.session
    if session.state is not State.CONFIRMED or session.offer_waits or session.dialog is None:
        return False
    change = session._renegotiation
    return session.dialog.exchange.idle and (
        change is None
        or (
            change._outgoing is None
            and change._incoming is None
            and change._waiting is None
            and change._ack_for < 0
        )
    )


def play(seed: int) -> Scene:
    """One scenario, checked.  AssertionError with the ladder printed when something does not hold."""
    scene = Scene(seed)
    with scene.network.explained():
        scene.play()
        scene.check()
    return scene
