"""The SIP user agent library: transports, transactions' dispatch, dialogs, digest, registrar, SDP sessions.

It knows nothing of channels, dialplan or .conf files and can be used on its own.
May import: offhook.media, offhook.config, offhook.storage (floors below) and offhook._core.
"""
