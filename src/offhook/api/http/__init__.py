"""The HTTP server of http.conf: one ASGI application in the node's own loop, to which the APIs add routes.

Its libraries (Starlette, uvicorn) are imported only where http.conf asks for a server.  May import everything
below `offhook.api`, and the other APIs.
"""
