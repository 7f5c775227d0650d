"""Every call that an example can have: no faults, and no line out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import explore
from tests.support.places import EXAMPLES

HANDLERS = sorted(EXAMPLES.glob("*.py"))
#: Keys that an example knows. `eslsync explore` takes all keys.
KEYS = {
    "ivr": "1234",
    "screening": "123",
    "speech": "0",
    "consent": "12*",
    "voicemail": "12#",
}
USUAL_KEYS = "1"


@pytest.mark.thorough
@pytest.mark.parametrize("file", HANDLERS, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_an_example(file: Path, tmp_path: Path) -> None:
    """Nor with the names of its prompts; but its recordings are not here."""
    sounds = ["missing-file"]
    keys = KEYS.get(file.stem, USUAL_KEYS)
    exploration = explore(file, keys=keys, workers=1, sounds=tmp_path, allow=sounds)
    exploration.check()
    assert exploration.map.spots
