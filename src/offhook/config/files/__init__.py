"""Asterisk's other files: one module a file, each gives a typed, frozen object.

May import only `offhook.config`; extensions.conf is the dialplan's own.
"""
