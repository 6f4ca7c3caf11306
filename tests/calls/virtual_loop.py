"""The loop of the tests of whole calls: see offhook.testing.virtual_loop."""

from offhook.testing.virtual_loop import DeadlockError, LeftoverError, VirtualLoop, run

__all__ = ["DeadlockError", "LeftoverError", "VirtualLoop", "run"]
