"""An application that somebody adds is explored as it declares, without any other edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from eslsync import Channel, Session
from eslsync.wire import declared
from eslsync.wire.declared import Declaration
from simulator import Exploration, explore
from simulator.applications import APPLICATIONS
from simulator.model.tables import Application, tables_of

#: Names for the words of the argument, as for ``read``.
WORDS = ("min", "max", "file", "variable", "timeout", "terminators")


def add(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two methods for applications of their own."""
    monkeypatch.setattr(declared, "_applications", dict(declared._applications))

    @Declaration("chorus", argument=("loops", "file"), prompts=("file",), plays=True)
    def chorus(channel: Channel, file: str, loops: int = 1) -> None:
        channel.leg.do("chorus", f"+{loops} {file}", None)

    @Declaration("survey", argument=WORDS, prompts=("question",), collects=True)
    def survey(channel: Channel, question: str) -> str:
        argument = f"1 1 {question} choice 5000 #"
        return channel.leg.run(
            "survey", argument, lambda event: event.variables.get("choice", ""), False, None
        )

    for method, model in ((chorus, "loop_playback"), (survey, "read")):
        name = method.__name__
        monkeypatch.setattr(Channel, name, method, raising=False)
        monkeypatch.setitem(APPLICATIONS, name, Application(name, APPLICATIONS[model].function))


def handler(session: Session) -> None:
    channel: Any = session.channel
    channel.answer()
    channel.chorus("ivr/welcome", 2)
    choice = channel.survey("ivr/question")
    if choice == "1":
        channel.chorus("ivr/one", loops=1)
    elif choice == "12":
        channel.chorus(file="ivr/nobody")
    channel.hangup()


@pytest.fixture(scope="module")
def explored() -> Iterator[Exploration]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        add(monkeypatch)
        tables_of.cache_clear()
        yield explore(handler)
    tables_of.cache_clear()


def test_its_prompts_are_on_the_map(explored: Exploration) -> None:
    prompts = {node.situation.prompt: node.situation.kind for node in explored.nodes}
    assert prompts == {"ivr/welcome": "prompt", "ivr/question": "digits", "ivr/one": "prompt"}


def test_where_it_collects_each_key_is_tried(explored: Exploration) -> None:
    [asks] = [node for node in explored.nodes if node.situation.kind == "digits"]
    collects = asks.situation.collects
    assert collects is not None
    assert (collects.least, collects.most, collects.terminators) == (1, 1, "#")
    tried = {edge.keys for edge in asks.edges if edge.what == "key"}
    assert tried == set("0123456789*#")


def test_a_prompt_of_it_that_is_never_played_is_found(explored: Exploration) -> None:
    assert [str(each).partition(" (")[0] for each in explored.findings] == [
        "unplayed: ivr/nobody is never played"
    ]
