"""Scripts: what they do, and how their failures read."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from eslsync import Outbound, Session
from eslsync.loading import LoadError
from examples.ivr import handler
from simulator import Call, CallFailed, FreeSwitch, SimulationError, sweep
from simulator.scripts.script import Script, ScriptError, Step, run_script
from tests.support.scripts import script_of

HERE = Path(__file__).parent
SCRIPTS = sorted(HERE.glob("*.call.yaml"))


# Running


def test_the_folder_has_scripts() -> None:
    assert len(SCRIPTS) >= 3


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_runs_and_returns_its_call(path: Path) -> None:
    call = run_script(path)
    assert call.ended
    assert call.cause is not None


def test_a_script_plays_what_it_says() -> None:
    call = run_script(HERE / "key-during-welcome.call.yaml")
    assert call.heard == ["ivr/ivr-welcome", "ivr/ivr-option-2"]
    assert 4.0 < call.duration < 4.3  # 3 and 1 s of prompts, as it says
    with FreeSwitch(seed=3) as switch:
        assert switch.call(handler).uuid == call.uuid


def test_a_script_does_the_same_as_a_test_in_python() -> None:
    """The transcripts are the same, verb by verb."""
    text = script_of("hear: ivr/ivr-welcome", 'press: "1"', "hear: ivr/ivr-option-1", "wait")
    played = Script.parse(text).run(handler)
    with FreeSwitch() as switch:
        call = switch.call(handler)
        call.hear("ivr/ivr-welcome")
        call.press("1")
        call.hear("ivr/ivr-option-1")
        call.wait()
    assert str(played.transcript) == str(call.transcript)


def test_the_calls_circumstances_reach_the_handler() -> None:
    seen: dict[str, str | None] = {}

    def look(session: Session) -> None:
        for name in ("Caller-Caller-ID-Number", "Caller-Caller-ID-Name", "variable_account"):
            seen[name] = session.context.get(name)
        seen["destination"] = session.context.get("Caller-Destination-Number")

    Script(
        "",
        [Step("wait")],
        call={
            "caller": "4930123",
            "caller_name": "Ada",
            "destination": "7",
            "variables": {"account": "0042"},
            "socket": "async full",
        },
    ).run(look)
    assert seen == {
        "Caller-Caller-ID-Number": "4930123",
        "Caller-Caller-ID-Name": "Ada",
        "variable_account": "0042",
        "destination": "7",
    }


def test_a_handler_and_sounds_are_looked_for_beside_the_script(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "tests" / "sounds").mkdir(parents=True)
    with wave.open(str(tmp_path / "tests" / "sounds" / "hello.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 8000, "NONE", ""))
        sound.writeframes(bytes(16000))
    (tmp_path / "apps" / "two.py").write_text(
        "from prompts import HELLO\n"
        "def menu(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback(HELLO)\n"
        "def other(session): ...\n"
    )
    (tmp_path / "apps" / "prompts.py").write_text("HELLO = 'hello'\n")
    path = tmp_path / "tests" / "hello.call.yaml"
    path.write_text(
        "handler: {file: ../apps/two.py, name: menu}\n"
        "call: {sounds: sounds}\n"
        "steps: [hear: hello, hangup]\n"
        "expect: {heard: [hello.wav], answered: true}\n"
    )
    assert run_script(path).heard == ["hello"]


def test_a_failed_step_names_its_line_and_draws_the_call() -> None:
    script = Script.parse(
        script_of("hear: ivr/ivr-welcome", 'press: "2"', "hear: ivr/ivr-option-1"), "ivr.call.yaml"
    )
    with pytest.raises(CallFailed) as raised:
        script.run(handler)
    first, _, ladder = str(raised.value).partition("\n\n")
    assert first == (
        "ivr.call.yaml:5: did not hear 'ivr/ivr-option-1' before the call ended; since the last "
        "verb the caller heard 'ivr/ivr-option-2'"
    )
    assert "presses 2" in ladder


def test_a_handlers_exception_is_shown_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "ivr.py").write_text(
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    session.channel.playback('welcome')\n"
        "    {}['account']\n"
    )
    path = tmp_path / "ivr.call.yaml"
    path.write_text(script_of("hear: welcome", "wait"))
    with pytest.raises(CallFailed) as raised:
        run_script(path)
    first, _, ladder = str(raised.value).partition("\n\n")
    assert first.startswith(f"{path}:4: the handler raised KeyError: 'account' ")
    assert f"({tmp_path / 'ivr.py'}:4, in handler)" in first
    assert "playback welcome" in ladder
    assert raised.value.__cause__ is not None


def test_an_exception_after_the_last_step_counts() -> None:
    def tidy_up_badly(session: Session) -> None:
        try:
            session.channel.wait("DTMF")
        finally:
            raise ValueError("no such account")

    with pytest.raises(CallFailed, match=r"^script, after the last step: the handler raised Val"):
        Script("", [Step("say_nothing", {"seconds": 1})]).run(tidy_up_badly)


def test_a_stuck_handler_is_reported_with_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_progress(call: Call, *, timeout: float = 0.0) -> None:
        raise SimulationError("no progress for 5 s of real time")

    monkeypatch.setattr(Call, "wait", no_progress)
    script = Script.parse(script_of("wait"), "ivr.call.yaml")
    with FreeSwitch() as switch:
        call = switch.call(lambda session: None)
        with pytest.raises(SimulationError) as raised:
            script.play(call)
    assert str(raised.value).startswith("ivr.call.yaml:3: no progress for 5 s of real time\n\n")
    assert "calls 5000" in str(raised.value)


def test_a_file_without_a_handler_is_reported_with_the_scripts_line(tmp_path: Path) -> None:
    path = tmp_path / "ivr.call.yaml"
    path.write_text("steps: [wait]\nhandler: ivr.py\n")
    with pytest.raises(ScriptError, match=r"ivr\.call\.yaml:2: there is no file .*ivr\.py") as none:
        run_script(path)
    assert isinstance(none.value.__cause__, LoadError)
    (tmp_path / "ivr.py").write_text("def menu(session, extra): ...\n")
    path.write_text("steps: [wait]\nhandler: {name: main, file: ivr.py}\n")
    with pytest.raises(ScriptError, match=r":2: .* has no 'main'; it has menu"):
        run_script(path)


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("{cause: USER_BUSY}", "expected the call to end with USER_BUSY; it ended with NORMAL_CLE"),
        ("{answered: false}", "the call was answered"),
        (
            "{heard: [ivr/ivr-welcome.wav, ivr/ivr-option-1]}",
            "the caller heard other prompts than expected (- missed, + heard):\n"
            "    ivr/ivr-welcome\n"
            "  - ivr/ivr-option-1\n"
            "  + ivr/ivr-option-2\n\n",
        ),
    ],
)
def test_an_unmet_expectation_names_its_line(expect: str, said: str) -> None:
    text = script_of("hear: ivr/ivr-welcome", "press: 2", "wait", then=f"\nexpect:\n  {expect}")
    with pytest.raises(CallFailed) as raised:
        Script.parse(text, "ivr.call.yaml").run(handler)
    assert str(raised.value).startswith(f"ivr.call.yaml:8: {said}")
    assert "presses 2" in str(raised.value)


def test_a_cause_can_only_be_expected_of_an_ended_call() -> None:
    script = Script("", [Step("expect", {"what": "CHANNEL_ANSWER"})], expect={"cause": "NONE"})
    with pytest.raises(CallFailed, match="it is still up; end the steps with wait or hangup"):
        script.run(handler)


def test_a_script_can_be_swept() -> None:
    script = Script.parse(script_of("hear: ivr/ivr-welcome", "press: 3", "wait"))
    assert not sweep(script.play, handler, faults=["drop"]).wrong


def test_seed_and_handler_can_be_replaced() -> None:
    script = Script("", [Step("hangup")], call={"seed": 3})
    assert script.run(handler).uuid == script.run(handler, seed=3).uuid
    assert script.run(handler).uuid != script.run(handler, seed=4).uuid


def test_a_script_runs_in_real_time() -> None:
    call = Script("", [Step("wait")], call={"prompts": {"beep": 0.1}}).run(
        lambda session: session.channel.playback("beep"), real_time=True
    )
    assert call.heard == ["beep"]


def test_a_script_calls_a_program_that_listens() -> None:
    with Outbound(lambda session: session.channel.playback("beep"), port=0) as server:
        script = Script("", [Step("hear", {"prompt": "beep"})], call={"prompts": {"beep": 0.1}})
        assert script.run(f"127.0.0.1:{server.port}").heard == ["beep"]


def test_a_start_is_refused_in_real_time() -> None:
    script = Script.parse(
        "handler: ivr.py\nsteps: [wait]\ncall:\n  start: 2026-01-05", "a.call.yaml"
    )
    with pytest.raises(ScriptError, match=r"^a\.call\.yaml:4: a call in real time begins now"):
        script.run(handler, real_time=True)


def test_a_fault_that_never_happens_fails_with_its_line(tmp_path: Path) -> None:
    text = (
        "handler: {file: ivr.py, name: handler}\ncall:\n"
        "  faults: [{drop: nonsense}]\nsteps: [wait]\n"
    )
    path = tmp_path / "nonsense.call.yaml"
    path.write_text(text)
    with pytest.raises(CallFailed, match=r"nonsense.call.yaml:3: the fault drop at step nonsense"):
        Script.read(path).run(handler)
    path.write_text(text.replace("nonsense", "{step: nonsense, optional: true}"))
    Script.read(path).run(handler)


def test_a_script_whose_last_step_is_a_key_sees_what_it_leads_to() -> None:
    def broken(session: Session) -> None:
        session.channel.answer()
        session.channel.wait("DTMF")
        session.channel.playback("ivr/ivr-option-1")
        raise LookupError("no such option")

    script = Script("ivr.py", [Step("press", {"digits": "1", "when_asked": True})])
    with pytest.raises(CallFailed, match="the handler raised LookupError: no such option"):
        script.run(broken)


def test_an_application_of_the_dialplan_that_is_not_there_is_told_with_its_line() -> None:
    text = "handler: ivr.py\nsteps: [wait]\ncall: {extensions: {'9': [plaback]}}"
    script = Script.parse(text, "a.call.yaml")
    with pytest.raises(ScriptError, match=r"a.call.yaml:3: .*\(did you mean 'playback'\?\)"):
        script.run(lambda session: None)
