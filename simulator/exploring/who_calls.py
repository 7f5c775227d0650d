"""Notices when a call comes to depend on who calls: what it does before is the same for everybody.

The handler learns who calls from a message's text only, and the library decodes texts when somebody
asks for them; so a text that contains the caller's number tells, whatever its header's name is. The
switch looks at who calls where it expands a variable with that number, or asks for one. What can't
be seen, such as which events a filter lets pass, counts as a look at the caller.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from eslsync.wire import message, written_events

from ..event_socket.selection import Selection
from ..model import hooks
from ..model.channel import Channel
from ..model.switch import Switch
from .whereabouts import is_own

__all__ = ["BYTES", "looks_noticed"]

#: The functions by which the library decodes texts.
DECODERS = ("lossless", "readable", "unquote", "unquoted")
#: Attributes of messages that are bytes, which nothing decodes.
BYTES = frozenset("body_bytes content head raw".split())
#: Headers by which a filter can't tell who calls.
OF_NOBODY = re.compile(r"uuid|unique-id|event-", re.IGNORECASE)

#: Called with the handler's frame; None for a look of the switch, and of the library's own.
Noticed = Callable[[FrameType | None], None]


@contextmanager
def looks_noticed(caller: str, noticed: Noticed) -> Iterator[None]:
    """Call ``noticed`` when something, be it the library for itself, looks at who calls.

    ``caller`` is the number, and the name, of who calls.
    """
    number = caller.encode()

    def decoder(decode: Callable[[bytes], str]) -> Callable[[bytes], str]:
        def decodes(data: bytes) -> str:
            if data.find(number) >= 0:
                noticed(_own_frame(sys._getframe(1)))
            return decode(data)

        return decodes

    def element(channel: Channel, name: str, index: int) -> str | None:
        value = asks(channel, name, index)
        if value is not None and caller in value:
            noticed(None)
        return value

    def expand(switch: Switch, text: str, *blocks: Any) -> str:
        expanded = expands(switch, text, *blocks)
        if expanded != text:
            noticed(None)
        return expanded

    def hooked(text: str, *lookups: Any, **more: Any) -> str:
        noticed(None)
        expanded: str = at_hook(text, *lookups, **more)
        return expanded

    def filtered(selection: Selection, text: str) -> str:
        if not OF_NOBODY.search(text) or caller in text:
            noticed(None)
        return filters(selection, text)

    asks, expands, filters = Channel.element, Switch.expand, Selection.filter
    at_hook = vars(hooks)["expand"]
    replaced: list[tuple[Any, str, Any]] = [
        (Channel, "element", element),
        (Switch, "expand", expand),
        (hooks, "expand", hooked),
        (Selection, "filter", filtered),
        *(
            (module, name, decoder(vars(module)[name]))
            for module in (message, written_events)
            for name in DECODERS
            if name in vars(module)
        ),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in replaced]
    try:
        for owner, name, function in replaced:
            setattr(owner, name, function)
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def _own_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame
