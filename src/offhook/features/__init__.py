"""Services with a state of their own: call records, music on hold, and more to come.

May import offhook.dialplan, offhook.drivers, offhook.pbx and everything below; they mostly listen to the bus.
"""
