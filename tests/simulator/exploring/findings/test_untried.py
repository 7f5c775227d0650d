"""What was not tried, and how an exploration says so."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from eslsync import Session, TimeoutError
from simulator import Exploration, explore
from simulator.exploring import actions, search
from simulator.exploring.attempts import AttemptOutcome
from simulator.exploring.caller import Caller
from tests.support.explored import KEYS, asks_for_ever, found, has_three_tries, only_routes


def gathers_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    digits = ""
    while len(digits) < 4:
        try:
            digits += channel.wait("DTMF", timeout=5).digit or ""
        except TimeoutError:
            break
    channel.playback("thanks")
    channel.hangup()


def test_nothing_is_wrong_is_said_if_all_was_tried(tries: Exploration) -> None:
    assert tries.complete
    assert tries.verdict == "nothing is wrong"
    assert not tries.incomplete
    tries.check()


def test_situations_that_are_cut_are_counted_at_their_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit, situations in (("SOME", 2), ("ENOUGH", 4), ("FAR", 6)):
        monkeypatch.setattr(search, limit, situations)
    exploration = explore(gathers_digits, keys="123")
    [cut] = exploration.incomplete
    assert cut.kind == "cut"
    assert cut.text.startswith(f"{exploration.cut} situations not explored at waits for a key")
    assert cut.place is not None
    assert cut.place.function == "gathers_digits"
    assert not exploration.complete
    assert exploration.verdict == "incomplete: 1 cut"


def looks_up_an_account(session: Session) -> None:
    channel = session.channel
    channel.answer()
    account = channel.get_digits("account", min=4, max=4)
    channel.playback("known" if account in ACCOUNTS else "unknown")
    channel.hangup()


ACCOUNTS = {str(number) for number in range(1000, 1100)}


def listens(session: Session) -> None:
    session.channel.answer()
    recognition = session.channel.detect_speech("vosk", "words")
    session.channel.playback(str(recognition.wait()) or "nothing")
    session.channel.hangup()


def test_phrases_that_are_too_many_to_say_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST_PHRASES", 1)
    way = {"recognizers": {"vosk": {"words": ["yes", "no"]}}}
    [cut] = explore(listens, keys="1", circumstances=[way]).incomplete
    assert cut.text.startswith("no caller says no at ")
    assert cut.text.endswith("name those that matter with --says")


def test_numbers_that_are_too_many_to_enter_are_told() -> None:
    entries = sorted(ACCOUNTS)
    exploration = explore(looks_up_an_account, keys="1", entries=entries)
    [cut] = exploration.incomplete
    assert cut.kind == "cut"
    assert cut.text == (
        "no caller enters 1096 and 3 more at account: more are known than are tried; name those "
        "that matter with --entry"
    )
    assert not exploration.complete
    explore(looks_up_an_account, keys="1", entries=entries[:96]).check()


@pytest.mark.parametrize(
    ("limits", "why"),
    [({"calls": 5}, "5 calls"), ({"depth": 1}, "depth 1"), ({"seconds": 0.0}, "0 s")],
)
def test_a_limit_leaves_actions_untried(limits: dict[str, float], why: str) -> None:
    exploration = explore(asks_for_ever, keys=KEYS, **limits)  # type: ignore[arg-type]
    # an incomplete exploration can't tell that there is no way out
    [stopped] = exploration.findings
    assert not exploration.complete
    assert exploration.stopped == why
    assert f"stopped: {why}; not tried: " in str(exploration)
    assert stopped.kind == "stopped"
    assert stopped.text.startswith(f"{why}; not tried: ")
    assert ": 0 actions" not in stopped.text
    assert exploration.verdict == "incomplete: 1 stopped"


def test_a_handler_that_never_waits_is_untried() -> None:
    exploration = explore(only_routes, keys=KEYS)
    assert found(exploration) == ["untried"]
    assert exploration.verdict == "incomplete: 1 untried"


def test_a_handler_that_nobody_calls_is_untried() -> None:
    music = [{"before": [{"playback": "local_stream://moh"}]}]
    assert found(explore(has_three_tries, keys="1", circumstances=music)) == ["untried"]


COUNT = itertools.count()


def varies(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("odd" if next(COUNT) % 2 else "even")
    session.channel.hangup()


def test_a_handler_that_varies_is_told_with_the_place() -> None:
    exploration = explore(varies, keys="12")
    [astray] = exploration.incomplete
    assert astray.kind == "astray"
    assert astray.text.startswith(f"{len(exploration.astray)} call")
    assert astray.place is not None
    assert astray.place.function == "varies"


def ends_early(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    if next(COUNT) % 2:
        session.channel.hangup()
    session.channel.get_digits("menu")
    session.channel.hangup()


def test_a_call_that_ends_before_its_steps_are_taken_has_gone_astray() -> None:
    exploration = explore(ends_early, keys="12", allow=["unplayed"])
    assert found(exploration) == ["astray"] or exploration.astray


def asks_once(session: Session) -> None:
    session.channel.answer()
    session.channel.get_digits("menu", tries=1)
    session.channel.hangup()


def test_the_handler_is_not_blamed_for_steps_that_explore_cannot_repeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = Caller.make

    def clumsy(caller: Caller, attempt: object, **options: bool) -> AttemptOutcome:
        outcome = make(caller, attempt, **options)  # type: ignore[arg-type]
        outcome.astray |= any(step.options.get("digits") == "1" for step in attempt.act)  # type: ignore[attr-defined]
        return outcome

    monkeypatch.setattr(Caller, "make", clumsy)
    exploration = explore(asks_once, keys="1")
    assert "lost" in found(exploration)
    assert "astray" not in found(exploration)


def test_a_worker_that_dies_leaves_actions_untried(tmp_path: Path) -> None:
    file = tmp_path / "dies.py"
    file.write_text(
        "import os\n\n\ndef handler(session):\n    session.channel.answer()\n"
        "    if session.channel.get_digits('menu') == '3':\n        os._exit(0)\n"
        "    session.channel.hangup()\n"
    )
    exploration = explore(file, keys="123", workers=2)
    [stopped] = exploration.findings
    assert stopped.text.startswith("a worker process died; not tried: ")


def test_what_is_allowed_is_still_named() -> None:
    exploration = explore(asks_for_ever, keys=KEYS, calls=1, allow=["incomplete"])
    assert not exploration.findings
    assert exploration.verdict == "nothing else is wrong (allowed: 1 stopped)"
    assert not exploration.complete
    exploration.check()


def test_a_check_fails_with_the_report() -> None:
    with pytest.raises(AssertionError, match="incomplete: 1 stopped"):
        explore(asks_for_ever, keys=KEYS, calls=1).check()
