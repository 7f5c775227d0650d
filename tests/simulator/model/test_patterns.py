"""Regular expressions in arguments."""

from __future__ import annotations

from eslsync import Session
from simulator import FreeSwitch
from tests.support.cases import for_each
from tests.support.model_call import ModelCall


def test_an_expression_that_cannot_be_compiled_never_matches_and_is_told_once() -> None:
    got: list[str] = []

    def handler(session: Session) -> None:
        for pattern in ("(", "(", "^a"):
            got.append(session.api(f"regex abc|{pattern}"))

    with FreeSwitch(allow_unmodelled=["the expression '('"]) as switch:
        call = switch.call(handler)
        call.wait()
    assert got == ["false", "false", "true"]
    assert str(call.transcript).count("refused: the expression '('") == 1


@for_each(
    ("argument", "answer"),
    [
        ("", "-ERR"),
        ("ABC|/b/i", "true"),
        ("ABC|/b/", "false"),
        ("2125|_NXX5", "true"),
        ("1125|_NXX5", "false"),
        ("m:~5551~^(\\d)(\\d+)$~%2-${1}x$7", "551-5x"),
        ("a|b|c|b", "false"),
        ("a|(?<n>a)|$1$1", "aa"),
    ],
)
def test_api_regex_answers_as_the_switch(argument: str, answer: str) -> None:
    printed = ModelCall().answered().send(f"api regex {argument}".rstrip() + " ")
    assert printed == answer


def test_a_filter_is_an_expression_of_the_switch() -> None:
    call = ModelCall().answered()
    call.send("filter Application /^SLE[[:alpha:]]+$/i")
    call.sent.clear()
    call.execute("sleep", "1")
    call.execute("set", "a=b")
    call.wait(1)
    assert call.ladder() == ["CHANNEL_EXECUTE sleep", "CHANNEL_EXECUTE_COMPLETE sleep"]
