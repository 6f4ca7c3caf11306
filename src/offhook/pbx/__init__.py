"""The core of the switch: channels, bridges, the event bus, hangup causes, party identities, originate.

May import offhook.sip, offhook.media, offhook.config and offhook.storage; knows no channel technology,
no dialplan and no application: those register themselves here.
"""
