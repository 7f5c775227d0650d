"""What prompts say, as text: by a list of the user's own, by FreeSWITCH's, or by their names.

FreeSWITCH's prompts are named by what they say: ``ivr/ivr-please_enter_pin_followed_by_pound``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from eslsync.wire.separation import variables_of

__all__ = ["TextsError", "caption", "caption_of_all", "read_texts"]

SHAPE = "write YAML, a prompt's name and its text a line, as in ivr/ivr-welcome: Welcome."

#: Prefixes of the names of FreeSWITCH's prompts.
PREFIXES = ("ivr-", "vm-", "conf-", "dir-", "misc-", "voicemail-")
#: What is said by a number at the end of a name, by the folder and what is before the number.
NUMBERED = {
    "time/day-": "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(),
    "time/mon-": (
        "January February March April May June July August September October November December"
    ).split(),
    "digits/h-": (
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh "
        "twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth"
    ).split(),
    "phonetic-ascii/": 97 * [""]
    + (
        "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliet Kilo Lima Mike November "
        "Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
    ).split(),
    "ascii/": 32 * [""]
    + (
        "space exclamation-point double-quote pound dollar percent ampersand quote parenthesis "
        "parenthesis star plus comma hyphen dot slash 0 1 2 3 4 5 6 7 8 9 colon semicolon "
        "less-than equals greater-than question-mark at A B C D E F G H I J K L M N O P Q R S T "
        "U V W X Y Z bracket backslash bracket caret underscore backtick A B C D E F G H I J K L "
        "M N O P Q R S T U V W X Y Z brace pipe brace tilde"
    ).split(),
}


class TextsError(ValueError):
    """A file of texts can't be used."""


def read_texts(path: Path) -> dict[str, str]:
    """The texts of prompts in a YAML file: a mapping of names to texts. Raises TextsError."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TextsError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, RecursionError, yaml.YAMLError) as error:
        raise TextsError(f"{path}: {SHAPE}; but: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise TextsError(f"{path}: {SHAPE}")
    return {without_suffix(str(name)): text for name, text in found.items()}


@cache
def usual() -> Mapping[str, str]:
    """What FreeSWITCH's own prompts say whose names don't, by their names without folders."""
    return read_texts(Path(__file__).with_name("usual_prompts.yaml"))


def caption(prompt: str, texts: Mapping[str, str]) -> str:
    """What a prompt says; empty for silence."""
    file = variables_of(prompt)[1]
    name = without_suffix(file)
    if name in texts:
        return texts[name]
    scheme, _, rest = file.partition("://")
    if scheme == "silence_stream":
        return ""
    if scheme == "local_stream":
        return "(music)"
    if scheme == "tone_stream" or "%(" in file:
        return "(a tone)"
    if scheme == "tts":
        return rest.split("|", 2)[-1]
    folders, _, stem = name.rpartition("/")
    return (
        texts.get(stem)
        or by_number(folders.rpartition("/")[2], stem)
        or usual().get(stem)
        or by_name(stem)
    )


def caption_of_all(prompt: str, texts: Mapping[str, str]) -> str:
    """What a prompt says that may be several files in a row, as ``file_string`` plays them.

    Where the first of them comes again, as "press" does in a menu, another sentence begins.
    """
    scheme, _, rest = prompt.partition("://")
    pieces = rest.split("!") if scheme == "file_string" else [prompt]
    said = ""
    for number, piece in enumerate(pieces):
        text = caption(piece, texts)
        again = number > 0 and piece == pieces[0]
        said += f"{',' if again else ''} {text}" if said and text else text
    return said


def by_number(folder: str, stem: str) -> str:
    kind, dash, number = stem.rpartition("-")
    said = NUMBERED.get(f"{folder}/{kind}{dash}", [])
    at = int(number) if number.isascii() and number.isdecimal() else len(said)
    return said[at].replace("-", " ") if at < len(said) else ""


def by_name(stem: str) -> str:
    for prefix in PREFIXES:
        stem = stem.removeprefix(prefix)
    return " ".join(stem.replace("_", " ").split())


def without_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if dot and suffix.isalnum() and len(suffix) <= 4 else name
