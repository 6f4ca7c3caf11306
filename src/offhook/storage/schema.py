"""The tables of a node's own SQLite file, as a list of versions: each entry migrates from the one before."""

from typing import Final

__all__ = ["CDR_COLUMNS", "CONTACT_COLUMNS", "SCHEMA"]

# Asterisk's names and order (cdr_csv), with what its database backends have beside it.
CDR_COLUMNS: Final = (
    "accountcode",
    "src",
    "dst",
    "dcontext",
    "clid",
    "channel",
    "dstchannel",
    "lastapp",
    "lastdata",
    "start",
    "answer",
    "end",
    "duration",
    "billsec",
    "disposition",
    "amaflags",
    "uniqueid",
    "userfield",
    "linkedid",
    "peeraccount",
    "sequence",
)

CONTACT_COLUMNS: Final = (
    "aor",
    "uri",
    "expires_at",
    "path",
    "call_id",
    "cseq",
    "user_agent",
    "source_host",
    "source_port",
    "transport",
    "instance",
    "extra",
)

SCHEMA: Final = (
    """
    CREATE TABLE contact (
        aor TEXT NOT NULL, uri TEXT NOT NULL, expires_at REAL NOT NULL, path TEXT, call_id TEXT, cseq INTEGER,
        user_agent TEXT, source_host TEXT, source_port INTEGER, transport TEXT, instance TEXT, extra TEXT,
        PRIMARY KEY (aor, uri)
    ) WITHOUT ROWID;
    CREATE TABLE cdr (
        accountcode TEXT, src TEXT, dst TEXT, dcontext TEXT, clid TEXT, channel TEXT, dstchannel TEXT,
        lastapp TEXT, lastdata TEXT, start TEXT, answer TEXT, "end" TEXT, duration INTEGER, billsec INTEGER,
        disposition TEXT, amaflags INTEGER, uniqueid TEXT, userfield TEXT, linkedid TEXT, peeraccount TEXT,
        sequence INTEGER
    );
    CREATE INDEX cdr_start ON cdr (start);
    CREATE INDEX cdr_uniqueid ON cdr (uniqueid);
    CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE astdb (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
    """
    CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, record TEXT NOT NULL);
    CREATE INDEX outbox_target ON outbox (target, id);
    """,
)
