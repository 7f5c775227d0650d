"""Parts of an exploration, and the whole that they give."""

from __future__ import annotations

import pickle
import zlib
from pathlib import Path

import pytest

from eslsync import Session
from simulator import explore
from simulator.exploring.parts import FORMAT, PartError, Shard
from simulator.exploring.reports import as_json


def office(session: Session) -> None:
    channel = session.channel
    channel.answer()
    key = channel.get_digits("menu", tries=2)
    if key == "1":
        raise KeyError("one")
    if key == "2":
        channel.get_digits("which")
    channel.playback("bye")
    channel.hangup()


def test_the_parts_are_the_whole_byte_for_byte(tmp_path: Path) -> None:
    whole = explore(office, keys="12")
    parts = [tmp_path / name for name in ("1.part", "2.part")]
    for number, part in enumerate(parts, 1):
        shard = explore(office, keys="12", shard=(number, 2))
        assert 0 < shard.calls < whole.calls
        assert shard.verdict == "incomplete: 1 stopped"
        shard.save_part(part)
    merged = explore(office, keys="12", merge=parts)
    assert as_json(merged) == as_json(whole)
    assert str(merged) == str(whole)
    assert merged.behaviour == whole.behaviour
    # what nobody has made is made
    assert as_json(explore(office, keys="12", merge=parts[1:])) == as_json(whole)
    with pytest.raises(PartError, match="is a part of another exploration"):
        explore(office, keys="1", merge=parts)


def test_a_file_that_is_no_part_is_told_and_runs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "a.part"
    with pytest.raises(PartError, match="No such file"):
        explore(office, merge=[file])
    file.write_bytes(b"abc")
    with pytest.raises(PartError, match="is no part that"):
        explore(office, merge=[file])
    for content in (b"abc", zlib.compress(pickle.dumps(Path("a")))):
        file.write_bytes(FORMAT + content)
        with pytest.raises(PartError, match=r"incorrect header|has no place in a part"):
            explore(office, merge=[file])


def test_situations_are_shared_out_once_there_are_enough() -> None:
    assert Shard(1, 3).shares_out([5, 5, 6]) is None
    shares = [Shard(number, 3).shares_out([5, 6, 6, 7, 8]) for number in (1, 2, 3)]
    assert shares == [frozenset({5, 8}), frozenset({6}), frozenset({7})]
    with pytest.raises(ValueError, match="there is no shard 4/3"):
        Shard(4, 3)
