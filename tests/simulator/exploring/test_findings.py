"""The faults that `explore` reports, kind by kind, and what it does not report."""

from __future__ import annotations

import re
import threading
import time
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync import CommandError, Hangup, Session, TimeoutError
from eslsync.command_line.main import main
from simulator import Exploration, explore
from simulator.exploring.findings import KINDS
from tests.support.explored import (
    FAULTY,
    KEYS,
    asks_for_ever,
    found,
    only_routes,
    takes_no_notice_of_others,
)
from tests.support.places import EXAMPLES

# An IVR with faults


@pytest.fixture(scope="module")
def faulty() -> Exploration:
    return explore(FAULTY, keys="0123456#", workers=1)


def test_each_fault_of_an_ivr_is_found_at_its_line_and_nothing_else_is(faulty: Exploration) -> None:
    planted = [
        (number, kind)
        for number, line in enumerate(FAULTY.read_text().splitlines(), 1)
        for kind in re.findall(r"# FAULT ([a-z-]+)", line)
    ]
    assert len(planted) >= 8
    told = [(each.place.line, each.kind) for each in faulty.findings if each.place is not None]
    assert sorted(told) == sorted(planted)
    assert len(told) == len(faulty.findings)
    assert faulty.complete


def test_a_script_shows_each_fault(faulty: Exploration, tmp_path: Path) -> None:
    scripts = {path.name: path for path in faulty.save_scripts(tmp_path)}
    assert len(scripts) == len(faulty.findings) - found(faulty).count("unplayed")
    for name, path in scripts.items():
        ran = CliRunner().invoke(main, ["call", "--script", str(path)])
        # The call shows a key without effect, but no test can fail for it.
        assert ran.exit_code == (0 if "dead-key" in name else 1), ran.output
        if "raises" in name or "after-hangup" in name:
            assert re.search("KeyError|IndexError", ran.output)
        if "dead-key" in name:
            assert ran.output.count("─ main/menu") == 2


def test_scripts_take_the_shortest_way(faulty: Exploration) -> None:
    [dead] = [finding for finding in faulty.findings if finding.kind == "dead-key"]
    assert dead.way is not None
    assert [step.verb for step in dead.way.steps] == ["hear", "press", "say_nothing"]
    deep = [finding for finding in faulty.findings if finding.kind == "raises"][-1]
    assert deep.way is not None
    pressed = [step.options["digits"] for step in deep.way.steps if step.verb == "press"]
    assert pressed == ["1", "4711", "2", "1"]


# The kinds of findings, one by one


def raises_a_command_error(session: Session) -> None:
    session.channel.answer()
    session.api("there_is_no_such_command")


def waits_for_a_lock(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("welcome")
    threading.Event().wait(0.9)
    session.channel.hangup()


def sleeps_on(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        time.sleep(60)
    session.channel.hangup()


def never_notices_the_hangup(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    except Hangup:
        while True:
            time.sleep(1)
    session.channel.hangup()


def fails_to_bill(session: Session) -> None:
    @session.on_hangup
    def bill(hangup: Hangup) -> None:
        raise KeyError("account")

    session.channel.answer()
    session.channel.playback("welcome")
    session.channel.hangup()


def asks_of_a_call_that_is_gone(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        session.api(f"uuid_getvar {session.uuid} account")
    session.channel.hangup()


def plays_for_ever(session: Session) -> None:
    session.channel.answer()
    while True:
        session.channel.playback("all-busy")


def says_nothing_more(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("CHANNEL_HANGUP")


def compares_with_a_number(session: Session) -> None:
    session.channel.answer()
    for _ in range(3):
        if session.channel.get_digits("menu") == 1:  # type: ignore[comparison-overlap]
            break
    session.channel.playback("goodbye")
    session.channel.hangup()


def has_a_callback_for_nothing(session: Session) -> None:
    session.channel.answer()

    @session.channel.on_dtmf("1")
    def one(digit: str) -> None:
        pass

    while True:
        try:
            if session.channel.wait("DTMF", timeout=5.0).digit == "2":
                break
        except TimeoutError:
            break
    session.channel.hangup()


def forgets_to_hang_up(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")


def has_a_dead_branch(session: Session) -> None:
    session.channel.answer()
    if session.channel.get_digits("menu", valid="[12]") == "3":
        session.channel.playback("three")
    session.channel.hangup()


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        (raises_a_command_error, ["raises"]),
        (sleeps_on, ["outlives"]),
        (never_notices_the_hangup, ["outlives"]),
        (fails_to_bill, ["after-hangup"]),
        (asks_of_a_call_that_is_gone, ["after-hangup"]),
        (plays_for_ever, ["no-exit"]),
        (says_nothing_more, ["no-exit"]),
        (asks_for_ever, ["no-end"]),
        (compares_with_a_number, ["dead-key"]),
        (has_a_callback_for_nothing, ["dead-key"]),
        (forgets_to_hang_up, ["left-up"]),
        (has_a_dead_branch, ["unplayed"]),
    ],
    ids=lambda each: each.__name__ if callable(each) else "",
)
def test_each_kind_of_fault_is_reported(handler: object, kinds: list[str]) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == kinds, str(exploration)


def test_allowed_kinds_are_not_reported() -> None:
    assert found(explore(has_a_dead_branch, keys="12")) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises"])) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises", "unplayed"])) == []


def test_a_handler_stuck_outside_the_call_is_reported() -> None:
    exploration = explore(waits_for_a_lock, keys="1", patience=0.3)
    assert found(exploration) == ["stuck"]
    assert "waits_for_a_lock" in str(exploration.findings[0].place)


# Handlers without faults


def leaves_on_purpose(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")
    session.exit()


def sends_on(session: Session) -> None:
    session.channel.answer()
    session.channel.transfer("6000")


def can_be_heard_again(session: Session) -> None:
    session.channel.answer()
    for _ in range(5):
        key = session.channel.get_digits("menu")
        if key == "*":
            continue
        if key == "1":
            break
        session.channel.playback("wrong")
    session.channel.hangup()


def plays_for_a_minute(session: Session) -> None:
    session.channel.answer()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        session.channel.playback("music")
    session.channel.hangup()


def meets_others(session: Session) -> None:
    session.channel.answer()
    session.channel.conference("3000")
    session.channel.hangup()


def cleans_up_after_the_call(session: Session) -> None:
    session.channel.answer()
    try:
        session.channel.playback("welcome")
    finally:
        if not session.channel.is_up:
            try:
                session.api(f"uuid_getvar {session.uuid} account")
            except CommandError:
                time.sleep(5)
    session.channel.hangup()


@pytest.mark.parametrize(
    "handler",
    [
        leaves_on_purpose,
        sends_on,
        only_routes,
        can_be_heard_again,
        plays_for_a_minute,
        meets_others,
        takes_no_notice_of_others,
        cleans_up_after_the_call,
    ],
    ids=lambda each: each.__name__,
)
def test_a_handler_without_faults_has_no_findings(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)


def test_leaving_the_call_up_is_no_fault_if_the_dialplan_goes_on() -> None:
    circumstances = [{"after": [{"playback": "mailbox"}]}]
    assert not explore(forgets_to_hang_up, keys="1", circumstances=circumstances).findings


def test_missing_sound_files_are_reported(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "menu.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    exploration = explore(has_a_dead_branch, keys="1", sounds=tmp_path, allow=["unplayed"])
    assert not exploration.findings
    exploration = explore(forgets_to_hang_up, keys="1", sounds=tmp_path, allow=["left-up"])
    assert [finding.text for finding in exploration.findings] == [f"goodbye is not in {tmp_path}"]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind of finding 'crash'; there are raises"):
        explore(only_routes, allow=["crash"])


def test_every_kind_is_in_the_docs() -> None:
    page = (EXAMPLES.parent / "docs/explore.md").read_text()
    for kind in KINDS:
        assert f"`{kind}`" in page
