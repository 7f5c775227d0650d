"""What a call may keep in memory: every buffer that a switch or a handler can make grow.

A buffer is made with its `Bound`, and a test compares this table with the code and with
docs/guides/production.md.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "ANSWERS",
    "APPLICATIONS",
    "BACKLOG",
    "BOUNDS",
    "DIGITS",
    "EARLIER",
    "ITERATED",
    "JOBS",
    "POSTS",
    "Bound",
]

MB = 1024 * 1024


class Bound(NamedTuple):
    """The limit of one kind of thing that a call keeps."""

    #: What is kept, as docs/guides/production.md has it.
    what: str
    #: The maximum number of them, and of their bytes (None: the number is enough).
    most: int
    most_bytes: int | None
    #: What happens beyond it.
    beyond: str
    #: Where it is kept: files and names in the code.
    kept_in: tuple[str, ...]

    def __str__(self) -> str:
        """In words: "1,000 events or 8 MB"."""
        size = "" if self.most_bytes is None else f" or {self.most_bytes} bytes of them"
        return f"more than {self.most} {self.what}{size}"


DROPPED = "the oldest is dropped, counted (`session.dropped`) and logged"

# An average event is 5 KB.
BACKLOG = Bound(
    "events that wait for a callback to return",
    1000,
    8 * MB,
    DROPPED,
    ("call/turns.py: backlog",),
)
ITERATED = Bound(
    "events that a loop over `session.events()` has not taken",
    1000,
    8 * MB,
    DROPPED,
    ("session.py: arrived",),
)
EARLIER = Bound(
    "events of the last blocking call, for the next wait",
    1000,
    MB,
    "the oldest is forgotten, and logged if a wait asks for one of its name",
    ("wire/secrets.py: recent",),
)
DIGITS = Bound(
    "digits that nobody has asked for", 100, MB, DROPPED, ("call/typeahead.py: _digits",)
)
ANSWERS = Bound(
    "answers of a recognizer that nobody has asked for",
    100,
    MB,
    DROPPED,
    ("call/answers.py: kept",),
)
APPLICATIONS = Bound(
    "applications that have not completed",
    1000,
    None,
    "the oldest is forgotten, counted and logged: nobody learns when it completes",
    ("call/conversation.py: under_way", "call/leg.py: ended", "call/observed.py: _open"),
)
JOBS = Bound(
    "jobs whose result has not arrived",
    1000,
    None,
    "the oldest is forgotten, counted and logged: nobody gets its result",
    ("call/job.py: running",),
)
POSTS = Bound(
    "posted values that nobody has taken", 1000, None, "`queue.Full`", ("call/posted.py: kept",)
)

#: Those of each call.
BOUNDS = (BACKLOG, ITERATED, EARLIER, DIGITS, ANSWERS, APPLICATIONS, JOBS, POSTS)
