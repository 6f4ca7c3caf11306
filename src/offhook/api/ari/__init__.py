"""ARI: REST operations, the event WebSocket and the application Stasis().

The operations are declared one by one in `resources`; what reaches them, HTTP or WebSocket, is in `asgi`.

May import offhook.apps, functions, features, dialplan, pbx and everything below.
"""
