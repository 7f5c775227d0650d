"""docs/coming-from.md: what is said to correspond is there, takes those arguments, and runs."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import Any

import pytest

from eslsync import Digits, Session, TimeoutError
from simulator import CallFailed, FreeSwitch
from tests.support.names import missing, refused
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
#: Without the columns of others, whose sessions and channels have other methods.
HERE = re.sub(r"^\| .*? \| ", "", PAGE, flags=re.MULTILINE)
#: What a handler could write. (With `...`, it isn't all of it.)
LINES = [
    code
    for code in dict.fromkeys(re.findall(r"`([^`\n]+)`", HERE))
    if re.match(r"(music = )?(channel|session)\.\w", code) and "..." not in code
]
#: The variables that the lines use.
NAMES: dict[str, Any] = {
    "application": "playback",
    "args": "ivr/a",
    "digits": Digits(""),
    "engine": "vosk",
    "file": "ivr/a",
    "function": print,
    "grammar": "colours",
    "header": "Conference-Name",
    "name": "tenant",
    "other": "ivr/b",
    "path": "ivr/a",
    "prompt": "ivr/a",
    "to": "user/1000",
    "tone": "%(200,100,440)",
    "value": "acme",
}

#: Variables of the channel that they read, or need.
SET = {"tenant": "acme", "tts_engine": "flite", "tts_voice": "kal"}


def test_the_names_are_those_of_the_library() -> None:
    assert missing(HERE) == []


def test_the_methods_take_these_arguments() -> None:
    assert refused(HERE) == []


def test_what_is_not_there_is_found() -> None:
    assert missing("`channel.dial(to)`") == ["channel.dial(to)"]
    assert refused("`session.channel.playback(file, wait=False)`") != []


@pytest.mark.thorough
def test_the_lines_run() -> None:
    done = []

    def handler_of(line: str) -> Callable[[Session], None]:
        def handler(session: Session) -> None:
            channel = session.channel
            channel.answer()
            names = {**NAMES, "session": session, "channel": channel, "uuid": session.uuid}
            try:
                exec(compile(line, line, "exec"), names)
            except TimeoutError:
                assert "timeout=" in line
            finally:
                done.append(line)

        return handler

    with FreeSwitch(
        prompts={"local_stream://moh": 3600.0},
        extensions={".*": [("playback", "ivr/elsewhere")]},
        speech_engines=["flite"],
        recognizers=["vosk"],
    ) as switch:
        switch.endpoint("*", answers_after=1.0, hangs_up_after=5.0)
        for line in LINES:
            call = switch.call(handler_of(line), variables=SET)
            with contextlib.suppress(CallFailed):  # the line may have ended the call
                call.press("1")
                call.say_nothing(1)
                call.press("#")
                call.say_nothing(60)
            call.hangup()
            call.wait()
    assert done == LINES
    assert len(done) > 80


def test_each_row_has_two_columns() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert len(rows) > 100
    assert {re.sub(r"`[^`]*`", "", row).count("|") for row in rows} == {3}
    assert "|" not in "".join(re.findall(r"`[^`]*`", PAGE))
