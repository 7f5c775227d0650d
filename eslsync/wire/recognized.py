"""What a speech recognizer has answered, in the forms of FreeSWITCH's engines.

FreeSWITCH hands the answer on as the engine gave it. JSON is that of mod_test and mod_vosk; XML is
NLSML, which mod_pocketsphinx and servers of MRCP write; mod_unimrcp has lines of MRCP's headers
where the server sent no XML.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

__all__ = ["Recognized", "recognized"]

#: In NLSML: the words, and how sure the engine is of them.
_INPUT = re.compile(r"<input\b[^>]*?(?:/>|>(.*?)</input\s*>)", re.DOTALL)
_CONFIDENCE = re.compile(r"<(?:interpretation|input)\b[^>]*?\bconfidence=[\"']([\d.]+)[\"']")
_TAG = re.compile(r"<[^>]*>")
_NO_INPUT = re.compile(r"<noinput\b")
_REFERENCES = (
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&apos;", "'"),
    ("&amp;", "&"),
)
#: In MRCP's headers: why the recognition has ended.
_COMPLETION = re.compile(r"Completion-Cause: *(\d+)", re.IGNORECASE)
NO_INPUT_TIMEOUT = 2
#: What JSON has as the error if nobody spoke (mod_test.c).
NO_INPUT = "no_input"


class Recognized(NamedTuple):
    """What an answer says."""

    #: The words; "" if there are none.
    text: str
    #: How sure the engine is, in its own measure; None if it doesn't say.
    confidence: float | None = None
    #: True if the engine says that nobody spoke in time.
    timed_out: bool = False


def recognized(answer: str) -> Recognized:
    """Read an engine's answer. One of no known form is taken for the words themselves."""
    answer = answer.strip()
    if answer.startswith("{"):
        return _of_json(answer)
    if answer.startswith("<"):
        return _of_nlsml(answer)
    ended = _COMPLETION.match(answer)
    if ended is not None:
        return Recognized("", timed_out=int(ended[1]) == NO_INPUT_TIMEOUT)
    return Recognized(answer)


def _of_json(answer: str) -> Recognized:
    try:
        found = json.loads(answer)
    except ValueError:
        return Recognized("")
    text, confidence = found.get("text"), found.get("confidence")
    sure = isinstance(confidence, (int, float)) and not isinstance(confidence, bool)
    return Recognized(
        text if isinstance(text, str) else "",
        float(confidence) if sure else None,
        found.get("error") == NO_INPUT,
    )


def _of_nlsml(answer: str) -> Recognized:
    """The first interpretation is the likeliest one."""
    heard = _INPUT.search(answer)
    text = _TAG.sub("", heard[1] or "") if heard is not None else ""
    for reference, character in _REFERENCES:
        text = text.replace(reference, character)
    sure = _CONFIDENCE.search(answer)
    try:
        confidence = None if sure is None else float(sure[1])
    except ValueError:  # digits and points, and no number
        confidence = None
    return Recognized(" ".join(text.split()), confidence, _NO_INPUT.search(answer) is not None)
