"""`eslsync call`."""

from __future__ import annotations

import re
import socket
import wave
from pathlib import Path

import pytest

from eslsync import Outbound, Session
from tests.support.places import ROOT
from tests.support.programs import HANG_UP, Program, end_in_order, listening, read_all, take
from tests.support.terminal import IVR, run, without_markers, write


def test_a_scripts_call_is_recorded(tmp_path: Path) -> None:
    script = str(ROOT / "examples" / "ring_two.call.yaml")
    assert run("call", "--script", script, "--record", tmp_path).exit_code == 0
    [path] = tmp_path.iterdir()
    assert run("replay", path, ROOT / "examples" / "ring_two.py").exit_code == 0


def test_another_programs_calls_are_not_recorded(tmp_path: Path) -> None:
    result = run("call", "127.0.0.1:5000", "--record", tmp_path)
    assert result.exit_code == 2
    assert "recorded where it is served" in result.stderr


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_call_is_drawn_and_summed_up() -> None:
    result = run("call", IVR, "--press", "1")
    assert result.exit_code == 0
    assert "◀─ ivr/ivr-option-1 ─" in result.stdout
    assert "\x1b" not in result.stdout, "no colours where it is no terminal"
    assert result.stdout.endswith("\n\nNORMAL_CLEARING after 4.1 s; the handler ended\n")
    assert result.stderr == ""


def test_the_same_call_is_drawn_the_same_way() -> None:
    first, second = (run("call", IVR, "--press", "1", "--transcript") for _ in range(2))
    other = run("call", IVR, "--press", "1", "--transcript", "--seed", "7")
    assert first.stdout == second.stdout
    assert first.stdout != other.stdout
    assert UUID.sub("", first.stdout) == UUID.sub("", other.stdout)


POOL = """
from eslsync import Outbound, Session

class Pool:
    is_open = False

pool = Pool()

def handler(session: Session) -> None:
    session.channel.answer()
    session.channel.playback("open" if pool.is_open else "closed")
    session.channel.hangup()

app = Outbound(handler)
stopped = app.on_stop(lambda: print("stopped"))

@app.on_start
def open_pool() -> None:
    pool.is_open = True
"""


POOLED_SCRIPT = """
handler: {file: app.py, name: app}
call: {hooks: true}
steps: [wait]
"""


def test_hooks_are_called_if_that_is_asked_for(tmp_path: Path) -> None:
    app = str(write(tmp_path, POOL))
    assert "playback closed" in run("call", app, "--handler", "app").stdout
    shown = run("call", app, "--handler", "app", "--hooks").stdout
    assert "playback open" in shown
    assert shown.count("stopped\n") == 1
    script = write(tmp_path, POOLED_SCRIPT, "app.call.yaml")
    assert "playback open" in run("call", "--script", str(script)).stdout


def test_keys_are_pressed_at_their_times() -> None:
    result = run("call", IVR, "--press", "1", "--press", "23", "--at", "1", "--at", "1.5")
    times = re.findall(r"^ *([\d.]+) .*presses (\d)", result.stdout, re.MULTILINE)
    assert times == [("1.000", "1"), ("1.500", "2"), ("1.700", "3")]


def test_a_key_without_a_time_is_pressed_when_the_handler_waits_for_one(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    for number in '12':\n"
        "        session.channel.playback(f'say/{number}')\n"
        "        print('got', session.channel.wait('DTMF')['DTMF-Digit'])\n"
        "    session.channel.hangup()\n",
    )
    result = run("call", app, "--press", "5", "--press", "6")
    assert result.exit_code == 0
    told = re.findall(r"end of say/\d|presses \d|got \d", result.stdout)
    assert told == ["got 5", "got 6", "end of say/1", "presses 5", "end of say/2", "presses 6"]


def test_keys_that_nobody_asked_for_are_reported() -> None:
    basic = ROOT / "examples" / "basic.py"
    result = run("call", basic, "--press", "1", "--press", "2")
    assert result.exit_code == 1
    assert "not pressed: 1; the handler never waited for a digit" in result.stderr
    assert "not pressed: 2; " in result.stderr
    late = run("call", basic, "--press", "1", "--at", "99")
    assert "not pressed: 1; the call was over by then" in late.stderr


def test_the_caller_can_hang_up() -> None:
    result = run("call", IVR, "--hangup-after", "1.25")
    assert result.exit_code == 0
    assert "1.250  ┃├─ hangs up NORMAL_CLEARING" in result.stdout
    assert "after 1.2 s; the handler ended with the call\n" in result.stdout


def test_caller_destination_and_start_can_be_given(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "from datetime import datetime\n"
        "def handler(session):\n"
        "    context = session.context\n"
        "    print(datetime.now(), context['Caller-Caller-ID-Number'],\n"
        "        context['Caller-Destination-Number'])\n",
    )
    result = run(
        *("call", app, "--caller", "0049301", "--destination", "1800"),
        *("--start", "2026-01-05T17:59:50"),
    )
    assert result.stdout.startswith("2026-01-05 17:59:50 0049301 1800\n")


def test_prompts_last_as_long_as_their_files(tmp_path: Path) -> None:
    sound = tmp_path / "ivr" / "ivr-welcome.wav"
    sound.parent.mkdir()
    with wave.open(str(sound), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 28000))
    result = run("call", ROOT / "examples" / "basic.py", "--sounds", tmp_path)
    assert "┊   3.5 s  " in result.stdout


DESK = ROOT / "tests" / "examples" / "desk.py"


def test_far_ends_behave_as_given() -> None:
    result = run(
        *("call", DESK, "--far-end", "user/1000=no_answer", "--far-end"),
        "user/1001=rings,answers:1.5,presses:12#@2,hangs_up:4,cause:CALL_REJECTED",
    )
    assert (result.exit_code, result.stderr) == (0, "")
    told = re.findall(r"│ +(calls user/\d+|user/\d+ \w.*?)   │", result.stdout)
    assert told == [
        "calls user/1000",
        "user/1000 rejects: NO_ANSWER",
        "calls user/1001",
        "user/1001 rings",
        "user/1001 answers",
        "user/1001 presses 12#",
        "user/1001 hangs up CALL_REJECTED",
    ]


def test_a_far_end_that_was_not_called_is_reported() -> None:
    result = run(
        "call", DESK, "--far-end", "user/1000=answers,hangs_up:1", "--far-end", "user/1=busy"
    )
    assert result.exit_code == 0
    assert result.stderr == "not called: user/1; called: user/1000\n"


def test_a_far_end_of_a_script_that_was_not_called_is_reported(tmp_path: Path) -> None:
    far_ends = "{user/1000: {hangs_up_after: 1}, user/100O: {rejects: USER_BUSY}}"
    text = f"handler: {DESK}\ncall: {{endpoints: {far_ends}}}\nsteps: [wait]\n"
    result = run("call", "--script", write(tmp_path, text, "desk.call.yaml"))
    assert result.exit_code == 0
    assert result.stderr == "not called: user/100O; called: user/1000\n"


def test_a_handler_at_the_far_end_is_drawn_as_a_call_of_its_own(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        DESK.read_text() + "def phone(session):\n"
        "    session.channel.sleep(1.0)\n"
        "    session.channel.answer()\n"
        "    raise KeyError(session.channel.wait('DTMF')['DTMF-Digit'])\n",
    )
    far_end = ("--far-end", "user/1000=handler:phone")
    result = run("call", app, "--press", "5", "--at", "3", *far_end)
    assert "\n\nCall 2, 0.1 s later: 1001 calls 1000\n\n" in result.stdout
    assert "raises KeyError: '5'" in result.stdout
    assert "KeyError: '5'" in result.stderr
    assert result.exit_code == 1
    nobody = run("call", app, "--far-end", "user/1000=handler:phon")
    assert (nobody.exit_code, "has no 'phon'" in nobody.stderr) == (2, True)
    elsewhere = run("call", "127.0.0.1:1", *far_end)
    assert (elsewhere.exit_code, "is a function in APP" in elsewhere.stderr) == (2, True)


def test_variables_come_with_the_call(tmp_path: Path) -> None:
    app = write(tmp_path, "def handler(session):\n    print(session.context['variable_account'])\n")
    assert run("call", app, "--variable", "account=a=1").stdout.startswith("a=1\n")


def test_callers_of_a_script_are_drawn_one_after_the_other(tmp_path: Path) -> None:
    script = write(
        tmp_path,
        f"handler: {IVR}\nsteps: [say_nothing: 1, call: {{caller: 2, steps: [press: 1]}}, wait]\n",
        "two.call.yaml",
    )
    result = run("call", "--script", script)
    assert result.exit_code == 0, result.stdout
    assert "\n\nCall 2, 1.0 s later: 2 calls 5000\n\n" in result.stdout
    assert run("call", "--script", script, "--far-end", "user/1=busy").exit_code == 2


def test_a_script_is_played_and_a_failure_names_its_line(tmp_path: Path) -> None:
    scripts = ROOT / "tests" / "simulator" / "scripts"
    result = run("call", "--script", scripts / "option-1.call.yaml")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "◀─ ivr/ivr-option-1 ─" in result.stdout
    wrong = write(tmp_path, f"handler: {IVR}\nsteps:\n  - hear: ivr/other\n", "wrong.call.yaml")
    result = run("call", "--script", wrong)
    assert result.exit_code == 1
    assert "wrong.call.yaml:3: did not hear 'ivr/other'" in result.stdout + result.stderr
    unknown = write(tmp_path, f"handler: {IVR}\nsteps:\n  - listen: x\n", "bad.call.yaml")
    result = run("call", "--script", unknown)
    assert result.exit_code == 2
    assert "bad.call.yaml:3" in result.stderr
    assert run("call", "--script", unknown, "--press", "1").exit_code == 2


def test_a_program_that_listens_is_called_in_real_time(tmp_path: Path) -> None:
    def greet(session: Session) -> None:
        session.channel.answer()
        session.channel.hangup()

    with Outbound(greet, port=0) as app:
        address = f"127.0.0.1:{app.port}"
        result = run("call", address)
    assert result.exit_code == 0
    assert "◀─ answers ─" in result.stdout
    nobody = run("call", address)
    assert (nobody.exit_code, nobody.stderr) == (2, f"Error: nobody listens on {address}\n")
    assert run("call", address, "--start", "2026-01-05T09:00:00").exit_code == 2


def test_a_handlers_exception_is_shown_without_our_frames(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "from eslsync import TimeoutError\n"
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    menu(session.channel)\n"
        "def menu(channel):\n"
        "    channel.wait('DTMF', timeout=3)\n",
    )
    result = run("call", app)
    assert result.exit_code == 1
    late = "DTMF did not arrive within 3 s (leg f728b4fa-4248-4e3a-8a5d-2f346baa9455)"
    assert without_markers(result.stderr) == [
        "",
        "The handler raised:",
        "Traceback (most recent call last):",
        f'  File "{app}", line 4, in handler',
        "    menu(session.channel)",
        f'  File "{app}", line 6, in menu',
        "    channel.wait('DTMF', timeout=3)",
        f"eslsync.exceptions.TimeoutError: {late}",
    ]
    assert "raises TimeoutError: DTMF did not arrive within ■" in result.stdout
    assert result.stdout.endswith(
        "NORMAL_CLEARING after 3.0 s; the handler raised TimeoutError and gave the call back\n"
    )


def test_a_stuck_handler_is_reported(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "import select\n"
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    select.select([], [], [], 1.0)\n",
    )
    result = run("call", app, "--patience", "0.2")
    assert result.exit_code == 1
    assert "no progress for 0.2 s of real time" in result.stderr
    assert "select.select([], [], [], 1.0)" in result.stderr
    assert result.stdout.endswith("the handler did not end\n")


def test_what_is_not_modelled_fails_unless_allowed(tmp_path: Path) -> None:
    app = tmp_path / "app.py"
    app.write_text(
        "def handler(session):\n"
        "    session.channel.execute('lua', 'a.lua')\n"
        "    session.channel.hangup()\n"
    )
    result = run("call", app)
    assert result.exit_code == 1
    assert "does not model the application lua (mod_lua)" in result.stderr
    assert "allow it with --allow-unmodelled lua" in result.stderr
    assert "not modelled: application lua" in result.stdout
    assert run("call", app, "--allow-unmodelled", "lua").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start", "tomorrow"], "a time is written like 2026-01-05T17:59:50, not 'tomorrow'"),
        (["--press", "x"], "keys are 0-9, *, # and A-D, not 'x'"),
        (["--press", ""], "not ''"),
        (["--press", "1", "--at", "soon"], "'soon' is not a valid float"),
        (["--at", "1"], "there are more --at than --press"),
        (["--press", "1", "--press", "2", "--at", "2", "--at", "1"], "can't decrease"),
        (["--hangup-after", "-1"], "-1"),
        (["--sounds", "/nowhere/at/all"], "does not exist"),
        (["--variable", "a"], "a variable is written NAME=VALUE, not 'a'"),
        (["--far-end", "user/1000"], "'user/1000' does not say what the far end does; write it as"),
        (["--far-end", "1000=busy"], "'1000' is not a dial string, such as user/1000, or *"),
        (["--far-end", "user/1="], "there is no ''; there are answers, hangs_up, rings, presses"),
        (["--far-end", "user/1=bussy"], "there is no 'bussy' (did you mean busy?)"),
        (["--far-end", "user/1=answers:soon"], "answers takes seconds, as in answers:2, or answe"),
        (["--far-end", "user/1=answers:-1"], "or answers:never, not '-1'"),
        (["--far-end", "user/1=hangs_up"], "hangs_up takes seconds after the answer, as in hangs"),
        (["--far-end", "user/1=presses:1"], "presses takes keys and seconds after the answer, as"),
        (["--far-end", "user/1=rings:2"], "rings takes no value, not '2'"),
        (["--far-end", "user/1=rings,rings"], "'rings': rings is given twice"),
        (["--far-end", "user/1=busy,answers:2"], "rejects the call can't have answers as well"),
        (["--far-end", "user/1=handler:a,hangs_up:2"], "a handler can't have hangs_up as well"),
        (["--far-end", "user/1=busy", "--far-end", "user/1=rings"], "is given twice"),
    ],
)
def test_invalid_options_are_refused(arguments: list[str], said: str) -> None:
    result = run("call", IVR, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_an_application_that_freeswitch_does_not_have_is_told(tmp_path: Path) -> None:
    app = write(tmp_path, "def handler(session):\n    session.channel.execute('plaback', 'hi')\n")
    result = run("call", app)
    assert result.exit_code == 1
    assert "FreeSWITCH has no application 'plaback' (did you mean 'playback'?)" in result.stderr
    assert run("call", app, "--allow-unmodelled", "plaback").exit_code == 0


def called(program: Program) -> tuple[int, str, str]:
    """Call a program; the exit status, the summary, and what standard error says."""
    with listening(program) as address:
        result = run("call", address)
    return result.exit_code, result.stdout.splitlines()[-1], result.stderr


def test_a_program_that_ends_in_order_gives_0() -> None:
    def gives_back(sock: socket.socket) -> None:
        take(sock)
        end_in_order(sock)

    status, summary, said = called(gives_back)
    assert (status, said) == (0, "")
    assert summary.startswith("NORMAL_CLEARING after ")
    assert summary.endswith("; the app gave the call back, closing the connection without exit")


def test_a_program_that_does_nothing_is_not_waited_for_long() -> None:
    def does_nothing(sock: socket.socket) -> None:
        sock.sendall(b"connect\n\n")
        read_all(sock)

    with listening(does_nothing) as address:
        result = run("call", address, "--timeout", "0.3")
    assert result.exit_code == 1
    assert "the call is still up after 0." in result.stderr
    assert "; the app has sent nothing " in result.stderr


def test_ctrl_c_shows_the_call_so_far_and_who_waits(tmp_path: Path) -> None:
    app = write(
        tmp_path,
        "def handler(session):\n"
        "    session.channel.answer()\n"
        "    session.on('PLAYBACK_START', interrupt)\n"
        "    session.channel.playback('ivr/ivr-welcome')\n"
        "def interrupt(event):\n"
        "    import _thread; _thread.interrupt_main()\n"
        "    import time; time.sleep(60)\n",
    )
    result = run("call", app)
    assert result.exit_code == 130
    assert "◀─ ivr/ivr-welcome ─" in result.stdout
    assert "interrupted; playback runs on the channel" in result.stderr


def test_a_hangup_that_never_came_is_told() -> None:
    result = run("call", IVR, "--press", "1", "--hangup-after", "100")
    assert result.exit_code == 1
    assert result.stderr == "not hung up after 100 s: the call was over by then\n"


def test_a_program_that_does_not_end_in_order_gives_1() -> None:
    def drops(sock: socket.socket) -> None:
        take(sock)

    def turns_away(sock: socket.socket) -> None:
        take(sock, HANG_UP)
        read_all(sock)

    status, summary, _ = called(drops)
    assert status == 1
    assert "; the app dropped the call: it closed the connection without exit" in summary
    status, summary, _ = called(turns_away)
    assert status == 1
    assert summary.startswith("USER_BUSY after ")
    assert summary.endswith("; the app turned the call away with USER_BUSY")


def test_a_program_that_closes_at_once_gives_1() -> None:
    status, summary, said = called(lambda sock: None)
    assert status == 1
    assert summary.endswith("; the app never sent connect")
    assert "the call is still up, and nothing is due that could end it" in said


def test_another_protocol_is_named() -> None:
    def greets(sock: socket.socket) -> None:
        sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        read_all(sock)

    status, _, said = called(greets)
    assert status == 1
    assert "speaks SSH, and not outbound event socket: it began with 'SSH-2.0-OpenSSH_9.2'" in said


def test_a_script_of_a_program_that_drops_the_call_gives_1(tmp_path: Path) -> None:
    def drops(sock: socket.socket) -> None:
        take(sock)

    script = write(tmp_path, "handler: ivr.py\nsteps: [wait]\n", "wait.call.yaml")
    with listening(drops) as address:
        result = run("call", address, "--script", script)
    assert result.exit_code == 1
    assert "the app dropped the call" in result.stdout


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("no-such-host.invalid:5000", "no-such-host.invalid is not a known host"),
        ("[::1]:1", "nobody listens on [::1]:1"),
        (":5000", "a program's address is host:port, not ':5000'"),
        ("127.0.0.1:99999", "a program's address is host:port, not '127.0.0.1:99999'"),
    ],
)
def test_there_is_no_call_if_nobody_is_there(address: str, said: str) -> None:
    result = run("call", address)
    assert (result.exit_code, said in result.stderr) == (2, True)


def test_each_call_of_a_program_has_its_own_uuid() -> None:
    drawn = []
    with Outbound(lambda session: session.channel.hangup(), port=0) as app:
        for options in ((), (), ("--seed", "1"), ("--seed", "1")):
            result = run("call", f"127.0.0.1:{app.port}", "--transcript", *options)
            found = UUID.search(result.stdout)
            assert found is not None
            drawn.append(found[0])
    assert len(set(drawn)) == 3
    assert drawn[2] == drawn[3]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (b"api uuid_kil x", "the command uuid_kil"),
        (b"evnt plain ALL", "the command evnt"),
        (b"event plain CHANNEL_ANSWR", "the event CHANNEL_ANSWR"),
        (b"sendmsg\ncall-comand: execute", "the header call-comand"),
        (b"sendmsg 1234\ncall-command: hangup", "sendmsg 1234"),
        (b"sendmsg\nloops: two", "loops: two"),
        (b"sendmsg\ncall-command: exeucte", "call-command: exeucte"),
        (b"sendmsg\nevent-lock: ture", "event-lock: ture"),
        (b"linger soon", "linger soon"),
        (b"bgapi uuid_kill nobody", "bgapi uuid_kill nobody"),
    ],
)
def test_what_another_program_misspells_is_told(command: bytes, told: str) -> None:
    def misspells(sock: socket.socket) -> None:
        take(sock)
        sock.sendall(command + b"\n\n" + HANG_UP)
        read_all(sock)

    with listening(misspells) as address:
        result = run("call", address)
    assert result.exit_code == 1
    assert f"refuses {told}" in result.stderr


def test_a_program_that_gets_the_result_of_its_job_may_look_at_it() -> None:
    def looks(sock: socket.socket) -> None:
        take(sock)
        sock.sendall(b"event plain BACKGROUND_JOB\n\nbgapi uuid_kill nobody\n\n" + HANG_UP)
        read_all(sock)

    with listening(looks) as address:
        assert run("call", address).exit_code == 0


def test_a_handler_that_does_nothing_with_the_call_is_told(tmp_path: Path) -> None:
    file = tmp_path / "stub.py"
    file.write_text("def handler(session): ...\n")
    result = run("call", str(file))
    assert result.exit_code == 1
    assert "the handler ended, giving the call back, having done nothing with it" in result.output


def test_a_name_to_allow_that_is_misspelt_is_told() -> None:
    result = run("call", IVR, "--allow-unmodelled", "luaa")
    assert result.exit_code == 2
    assert "nothing is named 'luaa' (did you mean 'lua'?)" in result.output
