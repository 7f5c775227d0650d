"""`explore`: what it finds of handlers, and what it makes of them."""

from __future__ import annotations

import re
import threading
import time
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner

from eslsync import Channel, CommandError, Hangup, Session, TimeoutError
from simulator import Exploration, explore
from simulator.command_line.main import main
from simulator.exploring.findings import KINDS
from simulator.exploring.situations import Situation
from simulator.scripts.script import Script
from tests.support.places import EXAMPLES, ROOT
from tests.support.terminal import nothing_stays

__all__ = ["nothing_stays"]

FAULTY = ROOT / "tests" / "support" / "faulty_ivr.py"
#: Those that the handlers here know, and some that they don't.
KEYS = "123#*"


def found(exploration: Exploration) -> list[str]:
    return [finding.kind for finding in exploration.findings]


# An IVR with faults


@pytest.fixture(scope="module")
def faulty() -> Exploration:
    return explore(FAULTY, keys="0123456#", workers=1)


def test_each_fault_of_an_ivr_is_found_where_it_is_and_nothing_else(faulty: Exploration) -> None:
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
        # A key that changes nothing is shown by the call, and no test can be made of it.
        assert ran.exit_code == (0 if "dead-key" in name else 1), ran.output
        if "raises" in name or "after-hangup" in name:
            assert re.search("KeyError|IndexError", ran.output)
        if "dead-key" in name:
            assert ran.output.count("─ main/menu") == 2


def test_scripts_are_the_shortest(faulty: Exploration) -> None:
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


def asks_for_ever(session: Session) -> None:
    session.channel.answer()
    while True:
        key = session.channel.get_digits("menu")
        session.channel.playback("one" if key == "1" else "other")


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
def test_what_is_wrong_is_told(handler: object, kinds: list[str]) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert found(exploration) == kinds, str(exploration)


def test_what_is_allowed_is_not_told() -> None:
    assert found(explore(has_a_dead_branch, keys="12")) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises"])) == ["unplayed"]
    assert found(explore(has_a_dead_branch, keys="12", allow=["raises", "unplayed"])) == []


def test_a_handler_that_is_stuck_in_something_else() -> None:
    exploration = explore(waits_for_a_lock, keys="1", patience=0.3)
    assert found(exploration) == ["stuck"]
    assert "waits_for_a_lock" in str(exploration.findings[0].place)


# What is well


def leaves_on_purpose(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("goodbye")
    session.exit()


def sends_on(session: Session) -> None:
    session.channel.answer()
    session.channel.transfer("6000")


def only_routes(session: Session) -> None:
    session.channel.set("account", "42")


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


def takes_no_notice_of_others(session: Session) -> None:
    """What the far end answers to is found out by itself."""
    session.channel.answer()
    if session.channel.bridge("user/1000", ring_timeout=10).answered:
        session.channel.playback("goodbye")
    else:
        session.channel.playback("nobody-there")
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
def test_nothing_is_told_where_all_is_well(handler: object) -> None:
    exploration = explore(handler, keys=KEYS)  # type: ignore[arg-type]
    assert exploration.complete
    assert not exploration.findings, str(exploration)


def test_to_leave_the_call_up_is_well_where_something_stands_behind() -> None:
    circumstances = [{"after": [{"playback": "mailbox"}]}]
    assert not explore(forgets_to_hang_up, keys="1", circumstances=circumstances).findings


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "menu.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    exploration = explore(has_a_dead_branch, keys="1", sounds=tmp_path, allow=["unplayed"])
    assert not exploration.findings
    exploration = explore(forgets_to_hang_up, keys="1", sounds=tmp_path, allow=["left-up"])
    assert [finding.text for finding in exploration.findings] == [f"goodbye is not in {tmp_path}"]


# What callers come to


def prompts(exploration: Exploration) -> set[str]:
    return {node.situation.prompt for node in exploration.nodes if node.situation.prompt}


def has_three_tries(session: Session) -> None:
    channel = session.channel
    channel.answer()
    for _ in range(3):
        if channel.play_and_get_digits("menu", regexp="[12]", invalid_file="wrong"):
            channel.playback("thanks")
            break
    else:
        channel.playback("too-often")
    channel.hangup()


def test_tries_are_counted_and_menus_that_lead_back_end() -> None:
    exploration = explore(has_three_tries, keys=KEYS)
    assert prompts(exploration) == {"menu", "thanks", "too-often"}
    asked = [node for node in exploration.nodes if node.situation.asks]
    assert len(asked) == 3
    assert len(exploration.map.spots) == 3  # on the map, the menu is one


def calls_itself(session: Session) -> None:
    session.channel.answer()
    first_menu(session.channel)


def first_menu(channel: Channel) -> None:
    key = channel.get_digits("first")
    if key == "1":
        second_menu(channel)
    elif key == "2":
        channel.hangup()
    else:
        first_menu(channel)


def second_menu(channel: Channel) -> None:
    channel.get_digits("second")
    first_menu(channel)


def test_menus_that_call_each_other_end() -> None:
    exploration = explore(calls_itself, keys=KEYS)
    assert len(exploration.nodes) == 2
    assert not exploration.findings


def gathers_digits(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.playback("pin", terminators="")
    pin = ""
    while len(pin) < 4:
        pin += channel.wait("DTMF").digit or ""
    channel.playback("wrong-pin" if pin != "4711" else "right-pin")
    channel.hangup()


def test_digits_that_a_handler_gathers_itself_and_a_pin_that_its_code_names() -> None:
    assert {"wrong-pin", "right-pin"} <= prompts(explore(gathers_digits, keys="1#"))


def knows_a_number(session: Session) -> None:
    channel = session.channel
    channel.answer()
    number = channel.get_digits("number", min=3, max=5, valid=lambda digits: int(digits) == 31415)
    channel.playback("right" if number else "wrong")
    channel.hangup()


def test_entries_that_nobody_could_guess() -> None:
    assert "right" not in prompts(explore(knows_a_number, keys="0123456789#"))
    assert "right" in prompts(explore(knows_a_number, keys="0123456789#", entries=["31415"]))


CALLS: list[int] = []


def remembers_calls(session: Session) -> None:
    CALLS.append(1)
    session.channel.answer()
    session.channel.playback("even" if len(CALLS) % 2 else "odd")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_what_goes_elsewhere_the_second_time_is_told() -> None:
    exploration = explore(remembers_calls, keys="1")
    assert exploration.astray
    assert "went elsewhere the second time" in str(exploration)


def test_a_file_begins_anew_with_each_call(tmp_path: Path) -> None:
    source = (
        "from eslsync import Session\n\nCALLS = []\n\n\ndef handler(session: Session) -> None:\n"
    )
    body = Path(__file__).read_text().partition("def remembers_calls(")[2]
    body = body.partition("\n")[2].partition("\n\n\n")[0]
    file = tmp_path / "remembers.py"
    file.write_text(f"{source}{body}\n")
    exploration = explore(file, keys="1", workers=1)
    assert prompts(exploration) == {"even", "goodbye"}
    assert not exploration.astray


# How it is done


def test_the_report_does_not_depend_on_who_makes_the_calls() -> None:
    alone = explore(EXAMPLES / "consent.py", keys="1*", workers=1)
    together = explore(EXAMPLES / "consent.py", keys="1*", workers=2)
    again = explore(EXAMPLES / "consent.py", keys="1*", workers=1)
    assert str(alone) == str(together) == str(again)
    assert "nothing is wrong" in str(alone)


@pytest.mark.parametrize(
    ("limits", "said"),
    [({"calls": 5}, "5 calls"), ({"depth": 1}, "depth 1"), ({"seconds": 0.0}, "0 s")],
)
def test_limits(limits: dict[str, float], said: str) -> None:
    exploration = explore(asks_for_ever, keys=KEYS, **limits)  # type: ignore[arg-type]
    assert not exploration.complete
    assert exploration.stopped == said
    assert not exploration.findings  # who has not seen all can't say that there is no way out
    assert f"not all was tried: stopped at {said}" in str(exploration)


def test_ctrl_c_gives_what_was_found_so_far() -> None:
    calls = 0

    def interrupt(progress: object) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt

    exploration = explore(has_three_tries, keys=KEYS, progress=interrupt)
    assert exploration.calls == 4
    assert exploration.stopped == "interrupted"
    assert "menu" in str(exploration)


def counts_to_itself(session: Session) -> None:
    session.channel.answer()
    turns = {"so far": 0.5}
    while turns["so far"] < 3:
        turns["so far"] += 1
        session.channel.playback("music")
    session.channel.playback("goodbye")
    session.channel.hangup()


def test_a_key_function_may_tell_situations_apart() -> None:
    def key(situation: Situation) -> object:
        return situation.prompt, round(situation.time)

    assert len(explore(counts_to_itself, keys="1").nodes) == 2
    assert len(explore(counts_to_itself, keys="1", key=key).nodes) == 4


def test_lines_that_nobody_reaches() -> None:
    pytest.importorskip("coverage")
    # In a process of its own: this one's lines may be counted already.
    exploration = explore(FAULTY, keys="6", workers=2, coverage=True, calls=40)
    [(file, (count, missed))] = exploration.uncovered.items()
    assert Path(file) == FAULTY
    lines = FAULTY.read_text().splitlines()
    assert count > len(missed) > 10
    assert any("ACCOUNTS[number]" in lines[number - 1] for number in missed)
    assert not any("main/thanks" in lines[number - 1] for number in missed)
    assert "no caller reaches" in str(exploration)


def test_kinds_that_there_are_not() -> None:
    with pytest.raises(ValueError, match="there is no kind of finding 'crash'; there are raises"):
        explore(only_routes, allow=["crash"])


# The command


def test_the_command_reports_saves_scripts_and_exits_with_1(tmp_path: Path) -> None:
    report, scripts = tmp_path / "report.txt", tmp_path / "scripts"
    options = ["--keys", "6", "--depth", "1", "--workers", "1"]
    ran = CliRunner().invoke(
        main,
        ["explore", str(FAULTY), *options, "--report", str(report), "--save-scripts", str(scripts)],
    )
    assert ran.exit_code == 0, ran.output
    assert "main/menu" in report.read_text()
    broken = ROOT / "tests" / "examples" / "broken.py"
    options = ["--keys", "1", "--workers", "1", "--save-scripts", str(scripts)]
    ran = CliRunner().invoke(main, ["explore", str(broken), *options])
    assert ran.exit_code == 1, ran.output
    assert "1. raises: KeyError" in ran.output
    [script] = scripts.glob("*.call.yaml")
    assert script.name == "01-raises.call.yaml"
    assert script.read_text().startswith("# raises: KeyError")
    assert Script.read(script).steps
    ran = CliRunner().invoke(
        main, ["explore", str(broken), "--keys", "1", "--allow", "raises", "--allow", "unplayed"]
    )
    assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.py"], "no-such-file.py"),
        ([str(FAULTY), "--allow", "crash"], "there is no kind 'crash'"),
        ([str(FAULTY), "--keys", "x"], "keys are 0-9, *, # and A-D"),
        ([str(FAULTY), "--map", "map.png"], "should end in one of .svg"),
        ([str(FAULTY), "--script", "no-such.call.yaml"], "No such file"),
    ],
)
def test_the_command_tells_what_it_can_not_use(arguments: list[str], said: str) -> None:
    ran = CliRunner().invoke(main, ["explore", *arguments])
    assert ran.exit_code == 2
    assert said in ran.output


def test_a_script_gives_the_circumstances(tmp_path: Path) -> None:
    script = EXAMPLES / "business_hours_closed.call.yaml"
    options = ["--keys", "1", "--workers", "1", "--allow", "unplayed", "--script", str(script)]
    ran = CliRunner().invoke(main, ["explore", str(EXAMPLES / "business_hours.py"), *options])
    assert ran.exit_code == 0, ran.output
    assert "office/closed" in ran.output
    assert "ivr-hold_connect_call" not in ran.output


def test_every_kind_is_in_the_docs() -> None:
    page = (EXAMPLES.parent / "docs/explore.md").read_text()
    for kind in KINDS:
        assert f"`{kind}`" in page
