"""The Asterisk Manager Interface: how programs drive the switch and watch it, over TCP, TLS or HTTP.

protocol.py turns bytes into messages and back, without I/O.  An action is one declared function (declare.py,
actions/), an event is one function that shows a bus event (announce/).  session.py is a client that has
logged in or is about to, server.py the sockets.  It only listens to the bus: call logic knows nothing of it.
"""
