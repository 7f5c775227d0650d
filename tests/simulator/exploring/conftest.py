"""Explorations that several tests look at."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from simulator import Exploration, explore
from tests.support.explored import asks_for_ever, has_three_tries, takes_no_notice_of_others
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]


@pytest.fixture(scope="session")
def tries() -> Exploration:
    return explore(has_three_tries, keys="129#")


@pytest.fixture(scope="session")
def trap() -> Exploration:
    return explore(asks_for_ever, keys="12")


@pytest.fixture(scope="session")
def calls_a_desk() -> Exploration:
    return explore(takes_no_notice_of_others, keys="1")


@pytest.fixture
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Has no answers (on the module's ``ANSWERS``) before the test has ended."""
    answers, writes = os.pipe()
    monkeypatch.setattr(request.module, "ANSWERS", answers)
    yield
    os.close(writes)  # handlers that still wait end
