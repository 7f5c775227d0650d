"""Commands leave this process as they found it."""

from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]
