"""`eslsync phone`, typed at by a program."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eslsync.command_line.main import main
from simulator.scripts.script import Script
from tests.support.peer import PATIENCE
from tests.support.places import EXAMPLES
from tests.support.servers import reserved

pytestmark = pytest.mark.usefixtures("programs_begin_warm")

VOICEMAIL = str(EXAMPLES / "voicemail.py")


def typed(keys: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["phone", "--terminal", *arguments], input=keys)


def test_a_call_is_made_by_typing_and_saved_as_a_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = typed(" nnnn1nnnnsbsq", VOICEMAIL, "--caller", "1002")
    assert done.exit_code == 0, done.output
    assert '    "record your message at the tone, press any key' in done.output
    assert "presses 1" in done.output
    assert "saved: voicemail.call.yaml, voicemail.jsonl" in done.output
    assert "saved: voicemail2.call.yaml, voicemail2.jsonl" in done.output
    script = Script.read("voicemail.call.yaml")
    assert script.call["caller"] == "1002"
    assert [step.verb for step in script.steps] == ["say_nothing", "press", "hangup"]
    called = CliRunner().invoke(main, ["call", "--script", "voicemail.call.yaml"])
    assert called.exit_code == 0, called.output
    assert "presses 1" in called.output


def test_an_apps_hooks_are_called_if_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pooled.py").write_text(
        "from eslsync import Outbound\n"
        "app = Outbound(lambda session: session.channel.playback(prompt))\n"
        "@app.on_start\n"
        "def begin():\n"
        "    global prompt\n"
        "    prompt = 'begun'\n"
    )
    assert "NameError" in typed("nnnnq", "pooled.py", "--handler", "app").output
    assert "playback begun" in typed("nnnnsq", "pooled.py", "--handler", "app", "--hooks").output
    assert Script.read("pooled.call.yaml").call["hooks"] is True


def test_the_page_is_served_until_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    server = pytest.importorskip("simulator.phone.server", reason="needs websockets")
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return True

    def visited(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(server.PhoneServer, "wait", visited)
    monkeypatch.setattr("webbrowser.open", browser)
    done = CliRunner().invoke(main, ["phone", VOICEMAIL])
    assert done.exit_code == 0, done.output
    [address] = opened
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{20,}/", address)
    with reserved() as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(main, ["phone", VOICEMAIL, "--no-browser", "--port", port])
        assert done.exit_code == 0, done.output
        assert f"http://127.0.0.1:{port}/" in done.output
        taken.listen()
        done = CliRunner().invoke(main, ["phone", VOICEMAIL, "--no-browser", "--port", port])
        assert done.exit_code == 2
        assert f"port {port} can't be used" in done.output
    done = CliRunner().invoke(main, ["phone", "127.0.0.1:5000", "--no-browser"])
    assert done.exit_code == 0, done.output
    assert opened == [address]


def test_a_file_that_there_is_not_is_told_before_a_page_is() -> None:
    pytest.importorskip("websockets", reason="needs websockets")
    done = CliRunner().invoke(main, ["phone", "no.py"])
    assert done.exit_code == 2
    assert "there is no file no.py" in done.output


def test_without_websockets_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "simulator.phone.server", raising=False)
    monkeypatch.setitem(sys.modules, "websockets.sync.server", None)
    done = CliRunner().invoke(main, ["phone", VOICEMAIL])
    assert done.exit_code == 2
    assert 'needs websockets: pip install "eslsync[phone]"; or use --terminal' in done.output


def test_far_ends_and_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = tmp_path / "texts.yaml"
    texts.write_text("ivr/ivr-hold_connect_call: One moment, please.\n", encoding="utf-8")
    app = str(EXAMPLES / "ring_two.py")
    far_ends = ["--far-end", "user/1000=rings,answers:2,presses:1@1,hangs_up:5"]
    done = typed(" " + "n" * 30 + "s\x04", app, "--texts", str(texts), *far_ends)
    assert done.exit_code == 0, done.output
    assert "user/1000 answers" in done.output
    [script] = tmp_path.glob("*.call.yaml")
    assert Script.read(script).call["endpoints"] == {
        "*": {"rings": True, "answers_after": "never"},  # as for user/1001
        "user/1000": {
            "rings": True,
            "answers_after": 2.0,
            "presses": [{"after": 1.0, "digits": "1"}],
            "hangs_up_after": 5.0,
        },
    }


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["no.py"], "there is no file no.py"),
        ([VOICEMAIL, "--texts", VOICEMAIL], "a prompt's name and its text a line"),
    ],
)
def test_what_cannot_be_used_is_told(arguments: list[str], why: str) -> None:
    done = typed("q", *arguments)
    assert done.exit_code == 2
    assert why in done.output


def test_a_handler_that_raises_shows_its_traceback(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text("def handler(session):\n    session.channel.answer()\n    raise ValueError(1)\n")
    done = typed(" nnnnnq", str(app))
    assert done.exit_code == 1
    assert 'app.py", line 3, in handler' in done.output
    assert "ValueError: 1" in done.output


def test_a_script_is_gone_on_from_and_saved_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "calls"
    folder.mkdir()
    (tmp_path / "ivr.py").write_text((EXAMPLES / "ivr.py").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    path = Path("calls", "one.call.yaml")
    path.write_text("handler: ../ivr.py\nsteps: [hear: ivr/ivr-welcome, press: '1', wait]\n")
    done = typed("2hsq", "--script", str(path))
    assert done.exit_code == 0, done.output
    assert re.search(r"time stands still at [\d.]+ s", done.output)
    assert [each[-1] for each in re.findall(r"presses \d", done.output)] == ["1", "2"]
    saved = Script.read(folder / "ivr.call.yaml")
    assert saved.handler == "../ivr.py"
    assert saved.run().heard == ["ivr/ivr-welcome"]
    other = typed("q", "--script", str(path), VOICEMAIL)
    assert "did not hear 'ivr/ivr-welcome'" in other.output
    for wrong, why in (
        (["--script", str(path), "--caller", "1"], "--caller and --script can't be combined"),
        ([], "name the APP"),
        (["--script", "none.yaml"], "none.yaml"),
    ):
        done = typed("q", *wrong)
        assert done.exit_code == 2
        assert why in done.output


def test_a_map_opens_in_the_browser_or_a_spot_of_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    way = {"script": f"handler: {EXAMPLES / 'ivr.py'}\nsteps: [hear: ivr/ivr-welcome, hangup]\n"}
    spots = json.dumps({"s1": way, "s2": way})
    Path("ivr.html").write_text(f'<script type="application/json" id="spots">{spots}</script>')
    done = typed("q", "--map", "ivr.html", "--spot", "2")
    assert done.exit_code == 0, done.output
    assert "time stands still at" in done.output
    for wrong, why in (
        (["--map", "ivr.html", "--spot", "3"], "no spot 3; its last one is 2"),
        (["--map", "ivr.html", "--start", "2026-01-05T17:59:50"], "--map can't be combined"),
        (["--map", "none.html"], "No such file"),
        (["--spot", "3", VOICEMAIL], "--spot is one of a --map"),
        (["--map", "ivr.html", "--script", "a.yaml"], "both say how a call begins"),
    ):
        done = typed("q", *wrong)
        assert (done.exit_code, why in done.output) == (2, True), done.output
    server = pytest.importorskip("simulator.phone.server", reason="needs websockets")
    monkeypatch.setattr(server.PhoneServer, "wait", lambda self: None)
    done = CliRunner().invoke(main, ["phone", "--map", "ivr.html", "--no-browser"])
    assert re.search(r"/map\?telephone$", done.output, re.MULTILINE), done.output


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there are no terminals of that kind")
def test_ctrl_c_ends_a_handler_that_never_ends(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "import os, select\n"
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    nobody, writes = os.pipe()\n"
        "    select.select([nobody], [], [])\n"
    )
    hand, terminal = os.openpty()
    command = [sys.executable, "-m", "eslsync", "phone", "--terminal", str(app)]
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        os.write(hand, b"1")
        assert any("presses 1" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert any("Ctrl-C again" in line for line in process.stdout)
        assert process.wait(PATIENCE) == 0  # and needs no second one
    os.close(hand)
    os.close(terminal)
