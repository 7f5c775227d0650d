"""Writes the scenario behind each recording: python -m tests.scenarios.make"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.recordings.reading import Recording
from simulator.scenarios.deriving import scenario_of
from simulator.scenarios.scenario import ScriptError
from tests.support.places import RECORDINGS

__all__ = ["made"]

FOLDER = Path(__file__).parent


def made(recordings: list[Path]) -> Iterator[tuple[Path, str]]:
    """The files, and their texts, of recordings that have a scenario."""
    for path in recordings:
        try:
            scenario = scenario_of(Recording.read(path), path.stem)
        except ScriptError:
            continue  # `eslsync scenario` says why
        yield FOLDER / f"{path.stem}.yaml", scenario.dump()


if __name__ == "__main__":
    for file, text in made(sorted(RECORDINGS.glob("*.jsonl"))):
        file.write_text(text, encoding="utf-8")
