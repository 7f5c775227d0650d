"""What a speech recognizer has answered, in the forms of FreeSWITCH's engines.

FreeSWITCH hands the answer on as the engine gave it. JSON is that of mod_test and mod_vosk; XML is
NLSML, which mod_pocketsphinx and servers of MRCP write; mod_unimrcp has lines of MRCP's headers
where the server sent no XML.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Recognized", "recognized"]

#: In NLSML: what is before the words, and how sure the engine is of them. (No < inside of a tag, or
#: a long answer without > would take long.)
_INPUT = re.compile(r"<input\b[^<>]*>")
_CONFIDENCE = re.compile(r"<(?:interpretation|input)\b[^<>]*?\bconfidence=[\"']([\d.]+)[\"']")
_TAG = re.compile(r"<[^<>]*>")
_NO_INPUT = re.compile(r"<noinput\b")
_REFERENCES = (
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", '"'),
    ("&apos;", "'"),
    ("&amp;", "&"),
)
#: In MRCP's headers: why the recognition has ended.
_COMPLETION = re.compile(r"Completion-Cause: *(\d{1,3})\b", re.IGNORECASE)
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
    import json  # `import eslsync` needs it for nothing else

    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return Recognized("")
    text = found.get("text")
    return Recognized(
        text if isinstance(text, str) else "",
        _number(found.get("confidence")),
        found.get("error") == NO_INPUT,
    )


def _of_nlsml(answer: str) -> Recognized:
    """The first interpretation is the likeliest one."""
    text, heard = "", _INPUT.search(answer)
    if heard is not None and not heard[0].endswith("/>"):
        text = _TAG.sub("", answer[heard.end() :].partition("</input")[0])
    for reference, character in _REFERENCES:
        text = text.replace(reference, character)
    sure = _CONFIDENCE.search(answer)
    confidence = None if sure is None else _number(sure[1])
    return Recognized(" ".join(text.split()), confidence, _NO_INPUT.search(answer) is not None)


def _number(written: object) -> float | None:
    if isinstance(written, bool) or not isinstance(written, (int, float, str)):
        return None
    try:
        return float(written)
    except (ValueError, OverflowError):
        return None
