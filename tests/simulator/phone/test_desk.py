"""Calls in processes of their own: what becomes of them, and of handlers that misbehave."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import threading
from array import array
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from simulator.clockwork.threads import SECOND
from simulator.model.endpoint_modules import OTHERS
from simulator.phone.desk import Telephone
from simulator.phone.keeping import ladder
from simulator.phone.player import BY_HAND
from simulator.phone.protocol import (
    Again,
    Answer,
    Back,
    CallUp,
    HangUp,
    NotACommand,
    Press,
    Reject,
    Say,
    Speed,
    State,
    dumped,
)
from simulator.scripts.script import Script
from tests.simulator.phone.desks import desk_of
from tests.support import warm
from tests.support.places import EXAMPLES

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

CALL = CallUp("1001", "5000")
#: A handler that never ends.
STUCK = """
import os, select
def handler(session):
    session.channel.answer()
    nobody, writes = os.pipe()
    select.select([nobody], [], [])
"""


def ended(state: State) -> bool:
    return state["phase"] == "ended"


def test_a_call_is_gone_back_in_and_ends_otherwise_with_the_same_ladder_up_to_there() -> None:
    with desk_of(EXAMPLES / "ivr.py") as desk:
        assert desk.state["phase"] == "idle"
        desk.do(CALL)
        desk.skip_until(lambda state: state["prompts"])
        desk.move(Press("1"))
        desk.skip_until(lambda state: len(state["prompts"]) == 2)
        first = desk.move(Press("2"))
        assert first["where"] is not None
        assert first["where"]["waits_for"] == "playback"
        assert first["source"] is not None
        line = first["source"]["text"].split("\n")[first["where"]["line"] - 1]
        assert "playback" in line
        take, moment = first["take"], first["moves"][0]["at"]
        for earlier in (first["moves"][1]["at"], first["prompts"][1]["began"], moment):
            desk.do(Back(earlier))
        desk.until(lambda state: state["take"] == take + 3)
        stood = desk.until(lambda state: state["now"] == moment and not state["moves"])
        desk.move(Press("4"))
        second = desk.skip_until(ended)
        before = stood["ladder"].rstrip().split("\n")[:-1]  # but its foot
        assert len(before) > 5
        assert first["ladder"].split("\n")[: len(before)] == before
        assert second["ladder"].split("\n")[: len(before)] == before
        assert [each["caption"] for each in second["prompts"]][-1] == "option-4"
        assert ladder(Script.parse(second["script"]).run().transcript.entries) == second["ladder"]


def test_a_step_back_from_a_busy_call_is_another_take_than_one_that_is_under_way() -> None:
    with desk_of(EXAMPLES / "ivr.py") as desk:
        desk.do(CALL)
        desk.until(lambda state: state["prompts"])
        desk.do(Back(20_000))
        desk.state["busy"] = True  # which it may tell just then
        desk.do(Back(0))
        state = desk.until(lambda state: state["take"] == 3)
        assert (state["now"], state["moves"]) == (0, [])


def test_a_far_end_rings_is_answered_and_declines_after_a_step_back() -> None:
    with desk_of(EXAMPLES / "ring_two.py", endpoints={OTHERS: BY_HAND}) as desk:
        with pytest.raises(NotACommand, match="there is no line 3"):
            desk.do(Answer(3))
        desk.do(CALL)
        rings = desk.skip_until(lambda state: state["lines"])
        assert [(each["dial_string"], each["phase"]) for each in rings["lines"]] == [
            ("user/1000", "rings"),
            ("user/1001", "rings"),
        ]
        desk.move(Answer(3))
        desk.skip_until(lambda state: state["lines"][0]["cause"] == "LOSE_RACE")
        desk.do(Press("1", 3))
        desk.do(HangUp(3))
        over = desk.until(lambda state: state["lines"][1]["phase"] == "ended")
        assert [(each["verb"], each["line"]) for each in over["moves"]] == [
            *(("answer", 3), ("press", 3), ("hangup", 3)),
        ]
        assert not over["hung_up"]
        desk.do(Back(over["moves"][0]["at"]))
        desk.until(lambda state: not state["moves"] and len(state["lines"]) == 2)
        desk.do(Reject(2))
        desk.until(lambda state: state["lines"][0]["cause"] == "USER_BUSY")


def test_a_prompt_is_told_of_as_a_switch_plays_it() -> None:
    with desk_of(EXAMPLES / "ivr.py") as desk:
        desk.do(CALL)
        desk.skip_until(lambda state: state["prompts"])
        desk.move(Press("1"))
        state = desk.skip_until(lambda state: len(state["prompts"]) == 2)
        [welcome, option] = state["prompts"]
        assert welcome["name"] == "ivr/ivr-welcome"
        assert (option["how"], option["played"]) == ("plays", 0)
        assert welcome["played"] == welcome["since"] - welcome["began"] > 0


def test_an_edited_handler_is_told_and_called_anew(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    source = (
        "def handler(session):\n    session.channel.playback('one')\n    session.channel.hangup()\n"
    )
    app.write_text(source)
    with desk_of(app) as desk:
        desk.do(CALL)
        desk.do(Speed(0))
        desk.until(lambda state: state["source"])
        desk.do(Press("1"))
        desk.until(lambda state: state["moves"])
        app.write_text(source.replace("one", "number two"))
        state = desk.until(lambda state: state["changed"])
        assert state["changed"] == ["app.py"]
        assert state["source"]["text"] == source  # type: ignore[index]  # which is what runs
        desk.do(Again(same=True))
        state = desk.until(lambda state: state["prompts"])
        assert [each["name"] for each in state["prompts"]] == ["number two"]
        assert [each["keys"] for each in state["moves"]] == ["1"]
        assert not state["changed"]
        app.write_text("def handler(session:\n")
        desk.do(Again())
        state = desk.until(ended)
        assert state["trouble"].startswith(f"{app} can't be imported:")
        assert "SyntaxError" in state["trouble"]


def test_what_is_said_into_the_microphone_is_recorded_up_to_where_one_goes_back(
    tmp_path: Path,
) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "def handler(session):\n"
        "    session.channel.playback('hello')\n"
        "    session.channel.record('/tmp/said.wav', silence_threshold=200)\n"
    )
    with desk_of(app) as desk:
        desk.do(CALL)
        state = desk.skip_until(lambda state: state["records"])
        lasts = yaml.safe_load(state["script"])["call"]["prompts"]["hello"]
        assert state["prompts"][0]["played"] / SECOND == lasts
        assert state["prompts"][0]["text"] == "hello"
        loud, began, said = spoken(1000), state["now"], desk.microphone
        for take, at in ((state["take"], began), (state["take"] - 1, 5 * SECOND)):
            desk.do(Say(take, at, b64encode(loud).decode()))
        desk.do(Say(state["take"], began + SECOND, b64encode(spoken(1)).decode()))
        state = desk.until(lambda state: state["moves"])
        assert [(each["verb"], each["at"]) for each in state["moves"]] == [("talk", began)]
        assert "talks for 0.8 s" in state["ladder"]
        silence = spoken(0)
        assert said.wav(began, began + SECOND).endswith(loud + 4 * silence)
        assert said.wav(began + SECOND, began + 2 * SECOND).endswith(spoken(1) + 4 * silence)
        assert said.wav(5 * SECOND, 6 * SECOND).endswith(5 * silence)
        desk.do(Back(began + SECOND // 10))
        desk.do(Say(state["take"], began + SECOND, b64encode(loud).decode()))  # too late
        desk.until(lambda state: state["take"] == 2)
        half = len(loud) // 2
        assert said.wav(began, began + SECOND).endswith(loud[:half] + (5 * silence)[half:])
        assert said.wav(began + SECOND, began + 2 * SECOND).endswith(5 * silence)
        desk.do(Again())
        assert said.wav(0, 10 * SECOND).endswith(50 * silence)


def spoken(level: int) -> bytes:
    """A fifth of a second of somebody who speaks."""
    return array("h", [level] * 1600).tobytes()


def test_what_a_function_of_on_start_raises_is_shown(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "from eslsync import Outbound\n"
        "handler = Outbound(lambda session: None)\n"
        "@handler.on_start\n"
        "def open_pool():\n"
        "    raise OSError('no database')\n"
    )
    with desk_of(app, hooks=True) as desk:
        desk.do(CALL)
        state = desk.until(ended)
        assert 'app.py", line 5, in open_pool' in state["trouble"]
        assert state["trouble"].endswith("OSError: no database")


def test_what_a_handler_raises_prints_and_asks_for_disturbs_nothing(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "def handler(session):\n"
        "    print('{}')\n"
        "    try:\n"
        "        input()\n"
        "    except EOFError:\n"
        "        raise ValueError('no prompt') from None\n"
    )
    with desk_of(app) as desk:
        desk.do(CALL)
        state = desk.until(ended)
        assert 'app.py", line 6, in handler' in state["trouble"]
        assert "ValueError: no prompt" in state["trouble"]


def test_a_handler_that_never_ends_is_shown_and_killed_by_hanging_up(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(STUCK)
    with desk_of(app) as desk:
        desk.do(CALL)
        state = desk.until(lambda state: state["busy"] and state["where"])
        assert state["where"]["line"] == 6  # type: ignore[index]
        desk.do(HangUp())
        state = desk.until(ended)
        assert state["trouble"] == "The handler was still busy, so its process was killed."
        assert "answer" in state["ladder"]


def test_a_handler_that_waits_for_ever_is_told_and_gone_back_from(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "import threading\n"
        "def handler(session):\n"
        "    session.channel.playback('one')\n"
        "    threading.Event().wait()\n"
    )
    with desk_of(app) as desk:
        desk.do(CALL)
        state = desk.skip_until(ended)
        assert state["trouble"].startswith("The handler waits for ever: ")
        assert 'app.py", line 4, in handler' in state["trouble"]
        desk.do(Back(SECOND // 4))
        state = desk.until(lambda state: state["take"] == 2 and state["phase"] == "up")
        assert not desk.until(lambda state: state["now"] == SECOND // 4)["trouble"]


def test_a_process_outlives_no_server_even_if_its_handler_never_ends(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(STUCK)
    order = Telephone(Script(str(app))).order("1001", "5000", [], SECOND, 1.0)
    # whose input ends, as when the server dies
    command = [sys.executable, "-m", "simulator.phone.child"]
    done = subprocess.run(command, input=f"{dumped(order)}\n".encode(), stdout=subprocess.DEVNULL)
    assert done.returncode == 1


def test_a_process_that_dies_is_told(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("import os\ndef handler(session):\n    os._exit(3)\n")
    with desk_of(app) as desk:
        desk.do(CALL)
        assert "with status 3" in desk.until(ended)["trouble"]


def test_what_a_process_has_told_in_part_when_it_dies_is_left_out(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "import contextlib, os\n"
        "def handler(session):\n"
        "    for number in range(3, 20):  # one of them leads to the server\n"
        "        with contextlib.suppress(OSError):\n"
        '            os.write(number, b\'{"phase": "up\')\n'
        "    os._exit(3)\n"
    )
    with desk_of(app) as desk:
        desk.do(CALL)
        assert "with status 3" in desk.until(ended)["trouble"]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")
def test_calls_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    def held() -> tuple[int, ...]:
        """Descriptors, threads, processes and temporary files."""
        tasks = Path("/proc/self/task").glob("*/children")
        processes = sum(len(each.read_text().split()) for each in tasks)
        files = sum(1 for _ in tmp_path.rglob("*"))
        return len(os.listdir("/proc/self/fd")), threading.active_count(), processes, files

    warm.warm("ours")  # which begins once
    gc.collect()  # descriptors of earlier tests
    before = held()
    with desk_of(EXAMPLES / "ivr.py") as desk:
        desk.do(CALL)
        desk.until(lambda state: state["prompts"])
        during = held()
        for _ in range(2):
            desk.do(Again())
            desk.until(lambda state: state["prompts"])
            assert held() == during
    assert held() == before


def test_a_script_is_played_first_and_gone_back_in_and_called_again(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text((EXAMPLES / "ivr.py").read_text(encoding="utf-8"))
    path = tmp_path / "calls" / "app.call.yaml"
    path.parent.mkdir()
    steps = "[hear: ivr/ivr-welcome, press: '1', hear: nothing]"
    path.write_text(f"handler: ../app.py\ncall: {{caller: '1007'}}\nsteps: {steps}\n")
    with desk_of(EXAMPLES / "ivr.py") as desk:
        desk.play(Script.read(path))
        state = desk.until(lambda state: state["moves"])
        assert (state["app"], state["caller"], state["speed"]) == ("../app.py", "1007", 0.0)
        assert f"{path}: did not hear 'nothing'" in state["trouble"]
        desk.do(Back(state["moves"][0]["at"]))
        state = desk.until(lambda state: state["prompts"] and state["take"] == 2)
        assert not state["moves"]
        assert [each["name"] for each in state["prompts"]] == ["ivr/ivr-welcome"]
        assert desk.until(lambda state: not state["trouble"])
        desk.do(CALL)
        state = desk.until(lambda state: state["take"] == 3 and state["prompts"])
        assert not state["moves"]
        assert os.path.realpath(state["source"]["file"]) == str(tmp_path / "app.py")  # type: ignore[index]
