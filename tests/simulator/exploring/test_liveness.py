"""The variables that count where a function waits are those that are still read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from simulator.exploring.liveness import live_names

SEEN: list[frozenset[str]] = []


def wait() -> str:
    """Note what is alive in the function that calls this."""
    frame = sys._getframe(1)
    SEEN.append(live_names(frame.f_code, frame.f_lasti))
    return "1"


def forgets_what_it_had() -> None:
    old = wait()
    del old


def reads_it_later() -> str:
    kept, lost = "kept", "lost"
    lost.upper()
    wait()
    return kept


def overwrites_it() -> str:
    value = "old"
    value.upper()
    wait()
    value = "new"
    return value


def adds_to_it() -> str:
    pin = "47"
    pin += wait()
    return pin


def counts_in_a_loop() -> None:
    for turn in range(1):
        turn.bit_length()
        wait()


def waits_in_a_loop_that_reads() -> None:
    tries = 0
    while tries < 1:
        tries += 1
        wait()


def reads_it_when_it_fails() -> str:
    account = "42"
    try:
        wait()
    except KeyError:
        return account
    return ""


def shares_it() -> Callable[[], str]:
    shared = "x"

    def inner() -> str:
        return shared

    wait()
    return inner


@pytest.fixture(autouse=True)
def _nothing_is_left_over() -> Iterator[None]:
    SEEN.clear()
    yield
    SEEN.clear()


@pytest.mark.parametrize(
    ("function", "alive"),
    [
        (forgets_what_it_had, set()),
        (reads_it_later, {"kept"}),
        (overwrites_it, set()),
        (adds_to_it, {"pin"}),
        (counts_in_a_loop, {"turn"}),
        (waits_in_a_loop_that_reads, {"tries"}),
        (reads_it_when_it_fails, {"account"}),
        (shares_it, {"shared"}),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_variables_read_after_the_wait_are_alive(
    function: Callable[[], object], alive: set[str]
) -> None:
    function()
    [found] = SEEN
    assert alive <= found
    assert not {"old", "lost", "value"} & found
