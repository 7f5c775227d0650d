"""An IVR with faults."""

from __future__ import annotations

import pytest

from simulator import Exploration, explore
from tests.support.explored import (
    FAULTY,
)


@pytest.fixture(scope="session")
def faulty() -> Exploration:
    return explore(FAULTY, keys="0123456", workers=1)
