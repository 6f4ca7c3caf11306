"""What must last: SQLite today, PostgreSQL when told.

Imports nothing of Offhook but other storage modules; only this floor knows which database it is.
"""
