"""What prompts say, as text: by a list of the user's own, or by their names.

FreeSWITCH's prompts are named by what they say: ``ivr/ivr-please_enter_pin_followed_by_pound``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

__all__ = ["TextsError", "caption", "read_texts"]

#: Prefixes of the names of FreeSWITCH's prompts.
PREFIXES = ("ivr-", "vm-", "conf-", "voicemail-")
#: What some of them say that their names don't.
USUAL = {
    "vm-greeting": "the person you are trying to reach is not available",
    "vm-goodbye": "goodbye",
    "vm-hello": "hello",
    "vm-press": "press",
    "vm-record_message": "record your message at the tone",
    "ivr-welcome": "welcome",
}


SHAPE = "write YAML, a prompt's name and its text a line, as in ivr/ivr-welcome: Welcome."


class TextsError(ValueError):
    """A file of texts can't be used."""


def read_texts(path: Path) -> dict[str, str]:
    """The texts of prompts in a YAML file: a mapping of names to texts. Raises TextsError."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TextsError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise TextsError(f"{path}: {SHAPE}; but: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise TextsError(f"{path}: {SHAPE}")
    return {without_suffix(str(name)): text for name, text in found.items()}


def caption(prompt: str, texts: Mapping[str, str]) -> str:
    """What a prompt says; empty for silence."""
    name = without_suffix(prompt)
    if name in texts:
        return texts[name]
    if name.startswith("silence_stream://"):
        return ""
    if name.startswith("tone_stream://"):
        return "(a tone)"
    stem = name.rpartition("/")[2]
    if stem in texts:
        return texts[stem]
    if stem in USUAL:
        return USUAL[stem]
    for prefix in PREFIXES:
        stem = stem.removeprefix(prefix)
    return " ".join(stem.replace("_", " ").split())


def without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.isalnum() and len(suffix) <= 4 else name
