"""Testing call flows: a switch on virtual time, without a socket, and phones that a test works.

May import everything below; nothing but the command line imports it.
"""
