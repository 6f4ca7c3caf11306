"""The dialplan language: reader, patterns, expressions, variables, declarations, runner, linter.

May import offhook.pbx, offhook.drivers, offhook.media, offhook.config and offhook.storage; knows no
application and no function: those declare themselves here (offhook.dialplan.declare).
"""
