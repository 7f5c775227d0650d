"""Patience with a handler that runs out quickly, but only where the handler is stuck on purpose."""

from __future__ import annotations

from simulator.clockwork.held_waits import here

__all__ = ["lose_patience"]


def lose_patience(seconds: float) -> None:
    """From now on, have so many real seconds of patience with the handler that is about to block.

    From the beginning, they might run out before, on a busy machine.
    """
    held = here()
    assert held is not None
    held[0]._world.patience = seconds
