"""What speech recognizers answer, and what is read from it."""

from __future__ import annotations

from eslsync.wire.recognized import Recognized, recognized
from tests.support.cases import for_each


def nlsml(inside: str) -> str:
    return (
        '<?xml version="1.0"?>\n<result grammar="g">\n'
        f'  <interpretation grammar="g" confidence="83">\n    {inside}\n  </interpretation>\n'
        "</result>\n"
    )


@for_each(
    ("answer", "found"),
    [
        # mod_test.c
        (
            '{"grammar": "g", "text": "billing", "confidence": 87.300000}',
            Recognized("billing", 87.3),
        ),
        (
            '{"grammar": "g", "text": "", "confidence": 0, "error": "no_input"}',
            Recognized("", 0.0, timed_out=True),
        ),
        ('{"text": "grüße"}', Recognized("grüße")),
        ('{"result": [], "text": 7, "confidence": true}', Recognized("")),
        ('{"text": "an engine that quotes "nothing""}', Recognized("")),
        # mod_pocketsphinx.c
        (nlsml('<input mode="speech">pizza</input>'), Recognized("pizza", 83.0)),
        (nlsml('<input mode="speech"><noinput/></input>'), Recognized("", 83.0, timed_out=True)),
        (nlsml('<input mode="speech"><nomatch/></input>'), Recognized("", 83.0)),
        (
            nlsml("<instance>x</instance><input>fish &amp;\n  chips</input><input>no</input>"),
            Recognized("fish & chips", 83.0),
        ),
        ("<result><interpretation confidence='0.9'/><input/></result>", Recognized("", 0.9)),
        ("<result><interpretation confidence='0.9.1'><input>a</input>", Recognized("a")),
        # MRCP, which has no XML if nobody spoke (RFC 6787, 9.4.11)
        ("Completion-Cause: 002", Recognized("", timed_out=True)),
        ("Completion-Cause: 001\nCompletion-Reason: no match", Recognized("")),
        ("pizza", Recognized("pizza")),
        ('{"text": "a", "confidence": 1' + "0" * 400 + "}", Recognized("a")),
        ("Completion-Cause: " + "2" * 5000, Recognized("Completion-Cause: " + "2" * 5000)),
        # of nobody's, but it does not take long
        ("<input" * 50_000, Recognized("")),
        ("<input>" * 50_000, Recognized("")),
        ("<input confidence=" * 20_000, Recognized("")),
        ('{"a":' * 50_000, Recognized("")),
        ("", Recognized("")),
    ],
)
def test_the_words_are_read_from_each_engines_form(answer: str, found: Recognized) -> None:
    assert recognized(answer) == found
