"""The dialplan in Lua: `extensions.lua` becomes the same contexts and extensions as extensions.conf.

May import what offhook.dialplan may, and lupa, which is there only where it was asked for.  prelude.py is
what a script finds, state.py one Lua state, reader.py makes extensions of a script, calls.py runs them.
"""
