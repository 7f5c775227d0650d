"""Far ends, applications around the socket, and several callers in scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from eslsync import CommandError, Session
from simulator import Call, CallFailed
from simulator.scripts.script import Script, ScriptError
from tests.examples import in_line
from tests.support.places import ROOT


def scripted(text: str, handler: Callable[[Session], object]) -> Call:
    return Script.parse(f"handler: ivr.py\n{text}", "ivr.call.yaml").run(handler)


def ask_around(session: Session) -> None:
    channel = session.channel
    channel.answer()
    channel.set("continue_on_fail", "true")
    channel.set("hangup_after_bridge", "false")
    for phone in ("user/1000", "user/1001", "user/1002"):
        channel.execute("bridge", f"{{originate_timeout=5}}{phone}")
    channel.hangup()


def phone(session: Session) -> None:
    session.channel.answer()
    session.channel.wait("DTMF")
    session.channel.hangup("CALL_REJECTED")


def test_far_ends_behave_as_the_script_says() -> None:
    call = scripted(
        "call:\n"
        "  endpoints:\n"
        "    user/1000: {rejects: USER_BUSY}\n"
        "    user/1001: {answers_after: never, rings: true}\n"
        "    user/1002:\n"
        "      answers_after: 2\n"
        "      hangs_up_after: 4\n"
        "      cause: CALL_REJECTED\n"
        "      presses: [{after: 1, digits: 12}]\n"
        "steps: [wait]\n"
        "expect:\n"
        "  bridged: [user/1002]\n"
        "  variables: {last_bridge_hangup_cause: CALL_REJECTED}\n",
        ask_around,
    )
    told = [entry.text for entry in call.transcript.entries if "user/" in entry.text]
    assert [text for text in told if entry_of_a_leg(text)] == [
        "calls user/1000",
        "user/1000 rejects: USER_BUSY",
        "calls user/1001",
        "user/1001 rings",
        "hangs up user/1001 NO_ANSWER",
        "calls user/1002",
        "user/1002 answers",
        "bridged to user/1002",
        "user/1002 presses 12",
        "user/1002 hangs up CALL_REJECTED",
    ]


def entry_of_a_leg(text: str) -> bool:
    return text.startswith(("calls", "user/", "hangs up", "bridged"))


def test_a_far_end_may_be_another_handler_of_the_same_file_or_of_another(tmp_path: Path) -> None:
    (tmp_path / "desk.py").write_text(
        "def handler(session):\n"
        "    session.channel.sleep(1.0)\n"
        "    session.channel.answer()\n"
        "    session.channel.wait('DTMF')\n"
        "    session.channel.hangup('CALL_REJECTED')\n"
    )
    for written in ("{name: phone}", "desk.py", "{file: desk.py, name: handler}"):
        script = Script.parse(
            "handler: ivr.py\n"
            f"call: {{endpoints: {{user/1000: {{handler: {written}}}}}}}\n"
            "steps: [{expect: CHANNEL_BRIDGE}, {press: 1}, wait]\n"
            "expect: {bridged: [user/1000]}\n",
            tmp_path / "ivr.call.yaml",
        )
        call = script.run(ask_around)
        [_, far] = call.switch.calls.values()
        assert far.cause == "CALL_REJECTED"
        assert [e.text for e in far.transcript.entries if e.sender == "caller"] == [
            f"calls {far.destination}",
            "presses 1",
        ]


def test_a_missing_far_end_handler_is_reported_with_its_line() -> None:
    for name, said in [("{name: nobody}", "has no 'nobody'"), ("nix.py", "there is no file nix")]:
        with pytest.raises(ScriptError, match=f"^ivr.call.yaml:3: .*{said}"):
            scripted(
                f"call:\n  endpoints: {{user/1: {{handler: {name}}}}}\nsteps: [wait]", ask_around
            )


def test_unmet_expectations_of_bridges_and_variables_are_reported() -> None:
    for expect, said in [
        (
            "bridged: [user/1000]",
            "the caller was bridged otherwise than expected (- missed, + bridged",
        ),
        ("variables: {a: b}", "expected the variable a to be 'b'; it is not set"),
        ("variables: {continue_on_fail: no1}", "to be 'no1'; it was 'true'"),
    ]:
        with pytest.raises(CallFailed) as raised:
            scripted(f"steps: [wait]\nexpect:\n  {expect}", ask_around)
        assert said in str(raised.value)
        assert str(raised.value).startswith("ivr.call.yaml:4: ")


def test_applications_around_the_socket_are_run() -> None:
    call = scripted(
        "call:\n"
        "  before: [answer, {set: account=0042}]\n"
        "  after: [{playback: ivr/after}]\n"
        "steps: [wait]\n"
        "expect: {heard: [ivr/account-0042, ivr/after]}\n",
        lambda session: session.channel.playback(
            f"ivr/account-{session.context['variable_account']}"
        ),
    )
    assert call.given_back


def test_faults_happen_at_their_steps() -> None:
    def handler(session: Session) -> None:
        with pytest.raises(CommandError):
            session.channel.execute("playback", "one")
        session.channel.hangup()

    call = scripted(
        "call:\n  faults: [{refuse: execute playback}, {delay: {step: 1, seconds: 2}}]\n"
        "steps: [wait]\nexpect: {heard: []}\n",
        handler,
    )
    assert call.duration > 2.0


def test_callers_take_turns() -> None:
    text = (ROOT / "docs" / "guides" / "scripts.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```yaml\n(handler: in_line.py\n.*?)```", text, re.DOTALL)
    script = Script.parse(shown)
    call = script.run(in_line.handler)
    [first, second] = call.switch.calls.values()
    assert (first.heard, first.destination) == (["queue/you-are-1"], "5000")
    assert (second.number, second.destination) == ("1002", "5000")
    assert second.heard == ["queue/you-are-2", "queue/you-are-1"]
    assert Script.parse(script.dump()) == script


def test_another_callers_failure_is_reported_with_its_line_and_ladder() -> None:
    with pytest.raises(CallFailed) as raised:
        scripted(
            'steps:\n  - say_nothing: 1\n  - call:\n      caller: "1002"\n      destination: 7\n'
            "      steps:\n        - hear: queue/you-are-1\n",
            in_line.handler,
        )
    assert str(raised.value).startswith("ivr.call.yaml:8: did not hear 'queue/you-are-1'")
    assert "calls 7 ─" in str(raised.value)


def test_a_script_says_who_listens_on_another_address(tmp_path: Path) -> None:
    app = tmp_path / "menu.py"
    app.write_text(
        "def handler(session):\n    session.channel.transfer('queue')\n"
        "def queue(session):\n    session.channel.playback('queue/welcome')\n"
    )
    path = tmp_path / "queue.call.yaml"
    path.write_text(
        "handler: {file: menu.py, name: handler}\n"
        "call:\n"
        '  extensions: {queue: [{socket: "10.9.9.9:6000 async full"}]}\n'
        '  listeners: {"10.9.9.9:6000": {name: queue}}\n'
        "steps: [hear: queue/welcome]\n"
    )
    script = Script.read(path)
    script.run()
    assert Script.parse(script.dump(), path) == script
    path.write_text(path.read_text().replace("9.9:6000", "9.9"))
    with pytest.raises(ScriptError, match=r"queue.call.yaml:4: a key of listeners of call takes"):
        Script.read(path)
