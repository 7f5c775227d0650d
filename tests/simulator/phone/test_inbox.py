"""What is typed wakes whoever waits."""

from __future__ import annotations

from simulator.phone.inbox import Inbox


def test_whoever_waits_is_woken_once_the_item_is_there() -> None:
    inbox: Inbox[str] = Inbox()
    inbox.put("1")
    sizes: list[int] = []
    inbox.on_put = lambda: sizes.append(inbox.qsize())
    inbox.put("2")
    assert sizes == [2]
    assert [inbox.get(), inbox.get()] == ["1", "2"]
