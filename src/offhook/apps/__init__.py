"""Dialplan applications, one file a family; importing a module declares its applications.

May import offhook.features, dialplan, drivers, pbx and everything below.
"""
