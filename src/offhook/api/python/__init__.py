"""The Python API: call flows as functions, a PBX inside a program, packages that add to it.

What of it is public is in `offhook` itself; may import all of offhook but the command line.
"""
