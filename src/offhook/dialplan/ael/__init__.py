"""AEL, Asterisk's second dialplan language: `extensions.ael` becomes the same objects as extensions.conf.

May import what offhook.dialplan may.  source.py finds files and lines, parser.py makes a tree (tree.py),
compiler.py makes extensions of it.
"""
