"""Prompts that are never played, and sound files that are not there."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...calling.call import without_suffix
from ...model.sounds import RATE_FOLDERS
from ..actions import actions, is_valid
from ..graph import Node, Way
from ..search import Search
from ..situations import Situation
from ..source import HandlerSource, NamedPrompt
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find", "unplayed"]

#: Calls that press a key where only some were tried, at most, and how long their callers stay.
PRESSES, STAYS = 96, 60.0

KINDS = {
    "unplayed": "a prompt that the code names is never played",
    "uncalled": "a function for calls that the file defines, and never calls",
    "missing-file": "a sound file that is not there",
}


def find(evidence: Evidence) -> Iterator[Finding]:
    """All kinds; unplayed prompts only if everything was tried."""
    named = evidence.search.explored.named
    if named is not None and named.name is None:
        yield from _uncalled(evidence.source)
    unheard = {prompt for prompt, _, _ in unplayed(evidence)}
    named_there = (each for each in evidence.source.prompts if each.prompt in unheard)
    _press_what_was_not_tried(evidence.search, named_there)
    for prompt, place, up_to_callers in unplayed(evidence):
        if up_to_callers:
            yield Finding("unplayed", f"{prompt} is never played", place)
    if evidence.sounds is not None:
        yield from _missing(evidence.search, evidence.sounds)


def unplayed(evidence: Evidence) -> Iterator[tuple[str, Place | None, bool]]:
    """Prompts that the code names, and no caller has heard; none unless everything was tried.

    The last item is False if more decides than what is tried.
    """
    search, source, sounds = evidence.search, evidence.source, evidence.sounds
    if not search.complete:
        return
    played = {without_suffix(prompt) for prompt in search.played}
    elsewhere = b"\n".join(search.elsewhere)
    named = {
        each.prompt: (each.place, each.up_to_callers and not _may_be_reached(search, each))
        for each in source.prompts
    }
    if sounds is not None:
        for text in source.texts():
            if text not in named and "/" in text and is_there(sounds, text):
                named[text] = Place(str(source.path), 0, ""), True
    for prompt, (place, up_to_callers) in named.items():
        if "://" in prompt or not prompt or prompt.startswith("/"):
            continue
        if without_suffix(prompt) in played or prompt.encode() in elsewhere:
            continue
        yield prompt, place if place.line else None, up_to_callers


def _press_what_was_not_tried(search: Search, prompts: Iterable[NamedPrompt]) -> None:
    """Press the keys that may lead to prompts that nobody has heard.

    Where many situations differ only in variables, most keys were tried in some of them only.
    """
    presses = list(itertools.islice(_untried(search, prompts), PRESSES))
    search.foresee((way, STAYS) for _, way in presses)
    heard: set[str] = set()
    for prompt, way in presses:
        if prompt not in heard:
            played = search.in_silence(way, STAYS).played
            heard |= {*played}
            for each in sorted(played):
                search.played.setdefault(each, way)


def _untried(search: Search, prompts: Iterable[NamedPrompt]) -> Iterator[tuple[str, Way]]:
    for prompt in prompts:
        for node in _before(search, prompt):
            tried = {edge.label for edge in node.edges}
            if node.like is None:
                continue
            for action in actions(node.situation, node.approach, search.keys, search.entries):
                if action.what == "key" and action.keys in prompt.keys - tried:
                    yield prompt.prompt, Way(node.way.call, node.way.steps + action.steps)


def _may_be_reached(search: Search, prompt: NamedPrompt) -> bool:
    """True if a key that was not pressed may lead there: one that the handler would take."""
    return any(
        _takes(node.situation, key)
        for key in prompt.keys - set(search.keys)
        for node in _before(search, prompt)
    )


def _before(search: Search, prompt: NamedPrompt) -> list[Node]:
    """The situations in the function that plays it; all of them if it has none."""
    here = [
        node
        for node in search.nodes
        if node.situation.place and node.situation.place.function == prompt.place.function
    ]
    return here or search.nodes


def _takes(situation: Situation, key: str) -> bool:
    """True if the handler would learn of a key there."""
    collects = situation.collects
    if collects is None or collects.asks_handler or collects.most > 1:
        return situation.asks or key in situation.handled
    return is_valid(collects, key)


def _uncalled(source: HandlerSource) -> Iterator[Finding]:
    for each in source.uncalled():
        nobody = f", and nobody hears {', '.join(each.prompts)}" if each.prompts else ""
        yield Finding("uncalled", f"{each.name} is never called{nobody}", each.place)


def _missing(search: Search, sounds: Path) -> Iterator[Finding]:
    for prompt, way in search.files.items():
        if "://" in prompt or prompt in search.recorded or is_there(sounds, prompt):
            continue
        if without_suffix(prompt) in map(without_suffix, search.recorded):
            continue
        yield Finding("missing-file", f"{prompt} is not in {sounds}", None, way.then("hangup"))


def is_there(sounds: Path, prompt: str) -> bool:
    """True if the file exists, or a version in a folder for its rate, as in FreeSWITCH.

    Any text may be asked about: what can't be the name of a file is not there.
    """
    name = prompt.rpartition("/")[2]
    folder = prompt[: len(prompt) - len(name)]
    return bool(name) and any(
        os.path.isfile(os.path.join(sounds, folder, rate, each))  # False for any text
        for each in (name, f"{name}.wav")
        for rate in ("", *RATE_FOLDERS)
    )
