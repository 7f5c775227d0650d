"""Prompts that are never played, and sound files that are not there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...calling.call import without_suffix
from ..search import Search
from ..source import HandlerSource
from ..whereabouts import Place
from .finding import Evidence, Finding

__all__ = ["KINDS", "find"]

KINDS = {
    "unplayed": "a prompt that the code names is never played",
    "missing-file": "a sound file that is not there",
}
#: The folders in which FreeSWITCH keeps a sound's versions.
RATES = ("8000", "16000", "32000", "48000")


def find(evidence: Evidence) -> Iterator[Finding]:
    """Both kinds; unplayed prompts only if everything was tried."""
    search = evidence.search
    if search.complete:
        yield from _unplayed(search, evidence.source, evidence.sounds)
    if evidence.sounds is not None:
        yield from _missing(search, evidence.sounds)


def _unplayed(search: Search, source: HandlerSource, sounds: Path | None) -> Iterator[Finding]:
    played = {without_suffix(prompt) for prompt in search.played}
    elsewhere = b"\n".join(search.elsewhere)
    named = {each.prompt: each.place for each in source.prompts()}
    if sounds is not None:
        for text in source.texts():
            if text not in named and "/" in text and is_there(sounds, text):
                named[text] = Place(str(source.path), 0, "")
    for prompt, place in named.items():
        if "://" in prompt or not prompt or prompt.startswith("/"):
            continue
        if without_suffix(prompt) in played or prompt.encode() in elsewhere:
            continue
        yield Finding("unplayed", f"{prompt} is never played", place if place.line else None)


def _missing(search: Search, sounds: Path) -> Iterator[Finding]:
    for prompt, way in search.files.items():
        if "://" in prompt or prompt in search.recorded or is_there(sounds, prompt):
            continue
        if without_suffix(prompt) in map(without_suffix, search.recorded):
            continue
        yield Finding("missing-file", f"{prompt} is not in {sounds}", None, way.then("hangup"))


def is_there(sounds: Path, prompt: str) -> bool:
    """True if the file exists, or a version in a folder for its rate, as in FreeSWITCH."""
    path = sounds / prompt
    names = [path, path.with_name(f"{path.name}.wav")]
    names += [name.parent / rate / name.name for name in names for rate in RATES]
    return any(name.is_file() for name in names)
