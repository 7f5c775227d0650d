"""A call with other legs, for the tests beside this."""

from __future__ import annotations

import pytest

from tests.support.legs import Legs


@pytest.fixture
def legs() -> Legs:
    return Legs()
