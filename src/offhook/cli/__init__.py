"""The `offhook` command: one module per sub-command.

The top floor: may import everything below.
"""
