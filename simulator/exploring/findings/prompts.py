"""Prompts that are never played, and sound files that are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ...calling.call import without_suffix
from ...model.sounds import RATE_FOLDERS
from ..actions import is_valid
from ..search import Search
from ..situations import Situation
from ..source import HandlerSource, NamedPrompt
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find", "unplayed"]

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
        for each in source.prompts()
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


def _may_be_reached(search: Search, prompt: NamedPrompt) -> bool:
    """True if a key that was not pressed may lead there: one that the handler would take."""
    here = [
        node.situation
        for node in search.nodes
        if node.situation.place and node.situation.place.function == prompt.place.function
    ]
    situations = here or [node.situation for node in search.nodes]
    return any(
        _takes(situation, key) for key in prompt.keys - set(search.keys) for situation in situations
    )


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
