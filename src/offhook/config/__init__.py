"""Configuration: the .conf reader, typed declarations of every object, immutable snapshots, folders.

Imports nothing of Offhook but `offhook.storage` and `offhook.levels`; knows nothing of
SIP, channels or dialplan.
"""
