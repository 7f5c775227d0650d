"""Threads that a test leaves behind."""

from simulator.calling.leaks import threads_left

__all__ = ["threads_left"]
