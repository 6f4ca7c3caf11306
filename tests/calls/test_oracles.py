"""The checks of the random calls, checked: each of these faults must be found by some seed."""

import pytest

from calls.sessions import play
from offhook.sip.dialog import Dialog
from offhook.sip.invite import InviteSession
from offhook.sip.invite_attempt import InviteAttempt
from offhook.sip.invite_client import InviteClient
from offhook.sip.invite_server import InviteServer
from offhook.sip.invite_state import Event
from offhook.sip.offer_answer import Exchange, ExchangeState
from offhook.sip.renegotiation import Renegotiation
from offhook.sip.ua import UserAgent


def _impatient(self, change):
    dialog = self._session.dialog
    return dialog is not None and dialog.exchange.state is ExchangeState.STABLE


def _bye_at_once(self, end):
    self.move(Event.HANG_UP)
    self.send_bye(end)


def _reused_number(self, ua, method):
    return self._build(ua, method, self.local_cseq or 1)


def _kept_dialog(self, call_id, local_tag):
    pass


def _kept_pending(self):
    self.pending = None


FAULTS = {
    "changes do not wait for each other": (Renegotiation, "_may_send", _impatient),
    "2xx before the PRACK": (InviteServer, "_must_wait", lambda self: False),
    "BYE before the ACK": (InviteServer, "_close", _bye_at_once),
    "CSeq stands still": (Dialog, "new_request", _reused_number),
    "dialogs are kept": (UserAgent, "remove_dialog", _kept_dialog),
    "timers are kept": (InviteSession, "_stop", lambda self: None),
    "changes outlive the session": (Renegotiation, "close", lambda self: None),
    "late forks are left to themselves": (InviteAttempt, "refuse_fork", lambda self, o, r: None),
    "no ACK": (InviteClient, "_send_ack", lambda self, sdp: None),
    "a refused offer stays": (Exchange, "rollback", _kept_pending),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault, monkeypatch, caplog):
    owner, name, replacement = FAULTS[fault]
    caplog.set_level("CRITICAL")
    monkeypatch.setattr(owner, name, replacement)
    with pytest.raises(Exception):  # noqa: B017, PT011 - how it shows does not matter
        _play_many()


def _play_many():
    for seed in range(600):
        play(seed)
