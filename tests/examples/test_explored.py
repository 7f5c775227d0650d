"""Every call that an example can have: no faults, and no line out of reach.

Those with a map in docs/maps are explored where that is checked: docs/make_maps.py, a step of
.ci/run, makes their calls with all keys. docs/guides/explore.md shows that nothing is wrong in the
IVR.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.make_maps import HANDLERS as MAPPED
from simulator import explore
from tests.support.places import EXAMPLES

WITH_A_MAP = {file for file, is_clean in MAPPED.values() if is_clean}
HANDLERS = [each for each in sorted(EXAMPLES.glob("*.py")) if each not in WITH_A_MAP]
#: Keys that an example knows. `eslsync explore` takes all keys.
KEYS = {"screening": "123", "consent": "12*"}
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
