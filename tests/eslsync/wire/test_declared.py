"""What applications declare of themselves can be looked up by name and on the method."""

from __future__ import annotations

import subprocess
import sys

from eslsync import Channel, Session
from eslsync.wire.declared import declaration_of, declarations, declared
from tests.support.places import ROOT


def test_an_application_is_found_by_its_name_and_on_its_method() -> None:
    assert declared("playback") is declaration_of(Channel.playback)
    assert declared("playback").plays
    assert declared("play_and_get_digits").collects
    assert declared("bridge").joins
    assert declaration_of(Session.originate).api


def test_an_unknown_application_declares_nothing() -> None:
    for nothing in (declared("no_such_application"), declaration_of(print)):
        assert not nothing.name
        assert not nothing.plays
    assert declared("no_such_application") not in declarations()


def test_the_words_of_an_argument_have_places() -> None:
    declaration = declared("play_and_get_digits")
    assert declaration.place("no_such_word") is None
    assert [declaration.place(word) for word in declaration.argument] == list(
        range(len(declaration.argument))
    )


def test_they_are_all_there_whoever_asks_first() -> None:
    asks = "from eslsync.wire.declared import declarations; print(len(declarations()))"
    done = subprocess.run(
        [sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == len(declarations())
