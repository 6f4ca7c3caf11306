"""Where records of calls (CDR) and of channel events (CEL) go besides Master.csv and our own table.

`values` names their fields, `layout` makes lines of them, `files` and `tables` are where they are written,
`outbox` keeps what a database has not taken yet.
"""
