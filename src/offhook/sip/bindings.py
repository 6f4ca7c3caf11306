"""Registered contacts in the node's store: what a 200 to a REGISTER promised survives a crash."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

from offhook.sip.contacts import StoredBinding
from offhook.storage.schema import CONTACT_COLUMNS
from offhook.storage.store import Store, json_insert

__all__ = ["StoreBindings"]

_PUT = json_insert("contact", CONTACT_COLUMNS)
_DELETE = "DELETE FROM contact WHERE (aor, uri) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))"
_SELECT = f"SELECT {', '.join(CONTACT_COLUMNS)} FROM contact"


class StoreBindings:
    """`offhook.sip.contacts.BindingStore` in the table `contact`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def save(
        self,
        puts: Sequence[StoredBinding],
        deletes: Sequence[tuple[str, str]],
        done: Callable[[Exception | None], None] | None,
    ) -> None:
        """Part of BindingStore.  All rows of one call are in the same commit: the last one reports."""
        writes = [(_DELETE, row) for row in deletes]
        writes += [(_PUT, row) for row in puts]
        if not writes:
            if done is not None:
                done(None)
            return
        last = len(writes) - 1
        for number, (statement, row) in enumerate(writes):
            self._store.submit(statement, row, done if number == last else None)

    def load(self) -> Iterable[StoredBinding]:
        """Part of BindingStore."""
        for row in self._store.query(_SELECT):
            aor, uri, expires_at, path, call_id, cseq, user_agent, host, port, transport, instance, extra = (
                row
            )
            yield StoredBinding(
                cast(str, aor),
                cast(str, uri),
                cast(float, expires_at),
                cast("str | None", path) or "",
                cast("str | None", call_id) or "",
                cast("int | None", cseq) or 0,
                cast("str | None", user_agent) or "",
                cast("str | None", host) or "",
                cast("int | None", port) or 0,
                cast("str | None", transport) or "",
                cast("str | None", instance) or "",
                cast("str | None", extra) or "",
            )
