"""The command line: `eslsync call`, `eslsync serve`, `eslsync conform`, and what others add.

What a command needs is imported when it runs: `serve` is for production, and loads neither the
simulated switch nor freezegun.
"""

from __future__ import annotations

import logging
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from . import options as cli_options
from . import recordings as cli_recordings
from .terminal import WIDTH, Unusable, can_show, colour, load, plain, show, show_logs

if TYPE_CHECKING:
    from eslsync import Outbound
    from eslsync.serving.loading import Handler

    from ..calling.call import Call
    from ..ladders.text import Glyphs
    from ..recordings.comparison import Difference, Report
    from ..recordings.reading import Sent

from .explore import explore

__all__ = ["main"]

#: Where another program listens: host:port.
ADDRESS = re.compile(r"[^/\\]*:\d+")
#: Options that go together with a script.
BESIDE_SCRIPT = ("file", "script", "name", "seed", "record", "transcript", "verbose")
#: Seconds between two keys of a caller who answers as soon as he is asked.
BETWEEN_KEYS = 0.2


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="eslsync", message="%(prog)s %(version)s")
def main() -> None:
    """FreeSWITCH event socket apps as plain functions, with and without a switch.

    \b
    eslsync call examples/ivr.py --press 1      a simulated call, drawn
    eslsync serve examples/ivr.py --port 5000   the same handler, for FreeSWITCH
    eslsync explore examples/ivr.py             every call it can have, and a map
    eslsync conform calls/*.jsonl               is the simulated switch true?
    eslsync ladder calls/a.jsonl                a recorded call, drawn
    eslsync replay calls/a.jsonl ivr.py         does the handler still do the same?
    eslsync script calls/a.jsonl ivr.py         its caller, as a script
    """


main.add_command(explore)
for command in (cli_recordings.ladder, cli_recordings.replay, cli_recordings.script):
    main.add_command(command)


# eslsync call


def check_start(
    context: click.Context, parameter: click.Parameter, start: str | None
) -> str | None:
    from ..clockwork.frozen import start_of_time

    try:
        start_of_time(start)
    except ValueError:
        raise click.BadParameter(
            f"a time is written like 2026-01-05T17:59:50, not {start!r}"
        ) from None
    return start


def read_far_ends(
    context: click.Context, parameter: click.Parameter, written: Sequence[str]
) -> dict[str, dict[str, Any]]:
    if not written:
        return {}
    from ..scripts.far_ends import parse

    far_ends: dict[str, dict[str, Any]] = {}
    for each in written:
        try:
            dial_string, behaviour = parse(each)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        if dial_string in far_ends:
            raise click.BadParameter(f"{dial_string} has been told what to do already")
        far_ends[dial_string] = behaviour
    return far_ends


def read_variables(
    context: click.Context, parameter: click.Parameter, written: Sequence[str]
) -> dict[str, str]:
    variables: dict[str, str] = {}
    for each in written:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"a variable is written NAME=VALUE, not {each!r}")
        variables[name] = value
    return variables


@main.command()
@click.argument("file", required=False)
@click.option(
    "--script",
    metavar="SCRIPT",
    type=click.Path(path_type=Path),
    help="Play a script (YAML: docs/scripts.md). It names its handler; FILE stands in for it.",
)
@cli_options.handler
@click.option(
    "--press",
    "presses",
    metavar="KEYS",
    multiple=True,
    callback=cli_options.check_keys,
    help="Press keys (0-9, *, #, A-D), 0.2 s apart, when the handler waits for a digit, or "
    "--at a time. May be repeated.",
)
@click.option(
    "--at",
    "times",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    multiple=True,
    help="When to --press, counted from the start of the call. The first belongs to the first "
    "--press, and so on.",
)
@click.option(
    "--hangup-after",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="The caller hangs up so far into the call; default: never.",
)
@click.option(
    "--caller", metavar="N", default="1001", show_default=True, help="The caller's number."
)
@click.option(
    "--destination", metavar="N", default="5000", show_default=True, help="The number dialled."
)
@click.option(
    "--variable",
    "variables",
    metavar="NAME=VALUE",
    multiple=True,
    callback=read_variables,
    help="A channel variable that the call comes with. May be repeated.",
)
@click.option(
    "--far-end",
    "far_ends",
    metavar="DIAL=WORDS",
    multiple=True,
    callback=read_far_ends,
    help="How somebody behaves whom the handler has called, by the dial string: "
    "user/1000=rings,answers:2,hangs_up:10 (see above). May be repeated. Nobody else is there.",
)
@click.option(
    "--start",
    metavar="TIME",
    callback=check_start,
    help="What the handler's clock says when the call begins, such as 2026-01-05T17:59:50; "
    "default: 9:00 that day, a Monday.",
)
@cli_options.sounds("A folder of WAV files, for how long prompts last; any other lasts 2 s.")
@cli_options.seed
@cli_options.patience(click.FloatRange(min=0), "; 0: for ever, as in a debugger")
@click.option(
    "--record",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the call there as a recording, with nothing redacted.",
)
@click.option("--transcript", is_flag=True, help="Print every message, instead of a ladder.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log as well.")
@click.pass_context
def call(
    context: click.Context,
    file: str | None,
    script: Path | None,
    name: str | None,
    presses: Sequence[str],
    times: Sequence[float],
    hangup_after: float | None,
    caller: str,
    destination: str,
    variables: dict[str, str],
    far_ends: dict[str, dict[str, Any]],
    start: str | None,
    sounds: Path | None,
    seed: int,
    patience: float,
    record: Path | None,
    transcript: bool,
    verbose: bool,
) -> None:
    """Call the handler in FILE, in simulated time, and draw the call.

    No FreeSWITCH is needed, and silence takes no time. The caller presses what --press says
    and then waits for the end. FILE may also be HOST:PORT, where a program of any language
    listens: it is called in real time.

    \b
    eslsync call examples/ivr.py
    eslsync call examples/ivr.py --press 1
    eslsync call examples/ivr.py --press 2 --at 1.5 --hangup-after 3
    eslsync call office.py --handler reception --start 2026-01-05T17:59:50
    eslsync call 127.0.0.1:5000 --press 1

    What a --far-end does, in words with commas between them:

    \b
    answers       at once; answers:2 after 2 s, answers:never
    rings         says that it rings, before it answers
    hangs_up:10   10 s after the answer; cause:USER_BUSY says why
    presses:1@3   presses 1, 3 s after the answer; may be repeated
    busy          doesn't take the call; nor does rejects:CAUSE, or just
                  the cause: user/1000=CALL_REJECTED
    handler:desk  the function desk in FILE takes the call

    \b
    eslsync call office.py --far-end user/1000=busy --far-end user/1001=rings,answers:3

    Exit status: 0 if the handler ended, by itself or with the call; 1 if it raised anything
    else, or never ended; 2 if there was no call, because of the options or FILE.
    """
    if script is not None:
        play_script(context, script, file, name, transcript)
    if file is None:
        raise click.UsageError("name the FILE that has the handler, or a --script")
    if len(times) > len(presses):
        raise click.UsageError("each --at says when to --press: there are more of them")
    if list(times) != sorted(times):
        raise click.UsageError("--at counts from the start of the call, so it can't go back")

    # What may be used in a file's import is there before it.
    from eslsync.serving.loading import users_traceback

    from .. import CallFailed, FreeSwitch, SimulationError
    from ..calling.freeswitch import simulation_of

    elsewhere = is_address(file)
    if elsewhere and (name or start):
        raise click.UsageError("another program has its own handler and clock")
    app = file if elsewhere else load(Path(file), name)
    if record is not None:
        app = recorded(app, record)
    if verbose:
        show_logs(logging.DEBUG)
    else:  # what the library logs, the ladder shows
        logging.getLogger("eslsync").setLevel(logging.CRITICAL + 1)
    for behaviour in far_ends.values():
        if "handler" in behaviour:
            behaviour["handler"] = neighbour(behaviour["handler"], app, file)
    trouble: str | None = None
    notes: list[str] = []
    made: Call | None = None
    try:
        with FreeSwitch(
            seed=seed,
            start=start,
            sounds=sounds,
            patience=patience or None,
            raises=False,
            real_time=elsewhere,
        ) as switch:
            for dial_string, behaviour in far_ends.items():
                switch.endpoint(dial_string, **behaviour)
            made = switch.call(app, caller=caller, destination=destination, variables=variables)
            if hangup_after is not None:
                made.hangup_after(hangup_after)
            notes = play_caller(made, presses, times)
            made.wait()
    except (CallFailed, SimulationError) as error:
        # a ladder follows the first paragraph, and is drawn here anyway
        trouble = str(error).partition("\n\n")[0].strip()
    assert made is not None
    if elsewhere and not made.taken:
        raise Unusable(f"nobody listens on {file}")

    dialled = simulation_of(made.switch).legs.dialled
    called = ", ".join(sorted(dialled)) or "nobody"
    for dial_string in sorted(far_ends.keys() - dialled):
        notes.append(f"not called: {dial_string}; called: {called}")
    show_calls(made, transcript)
    for note in notes:
        click.secho(plain(note), err=True, fg="yellow")
    raised = [each.error for each in made.switch.calls.values() if each.error is not None]
    for each in raised:
        click.secho("\nThe handler raised:", err=True, fg="red")
        click.echo(plain(users_traceback(each, Path(file))).rstrip(), err=True)
    if trouble is not None:
        click.secho(f"\n{plain(trouble)}", err=True, fg="red")
    show(f"\n{summary(made, trouble)}")
    sys.exit(1 if raised or trouble is not None else 0)


def recorded(app: Handler | Outbound | str, folder: Path) -> Outbound:
    """The same, whose calls are recorded: they are simulated, and nobody's secrets."""
    from eslsync import Outbound

    if isinstance(app, str):
        raise click.UsageError("another program's calls are recorded where it is served")
    server = app if isinstance(app, Outbound) else Outbound(app)
    return server.replace(record=folder, redact=())


def is_address(file: str) -> bool:
    return ADDRESS.fullmatch(file) is not None and not Path(file).exists()


def play_script(
    context: click.Context, path: Path, file: str | None, name: str | None, transcript: bool
) -> NoReturn:
    """eslsync call --script: what the other options say stands in the script."""
    from .. import CallFailed, SimulationError
    from ..scripts.script import Script, ScriptError

    folder = context.params["record"]
    given = {
        each
        for each in context.params
        if context.get_parameter_source(each) is click.core.ParameterSource.COMMANDLINE
    }
    for each in sorted(given - {*BESIDE_SCRIPT}):
        option = next(p.opts[0] for p in context.command.params if p.name == each)
        raise click.UsageError(f"{option} and --script don't go together: the script says that")
    if "verbose" in given:
        show_logs(logging.DEBUG)
    else:
        logging.getLogger("eslsync").setLevel(logging.CRITICAL + 1)
    app = None if file is None else file if is_address(file) else load(Path(file), name)
    try:
        script = Script.read(path)
        if folder is not None:
            app = recorded(script.load() if app is None else app, folder)
        made = script.run(app, seed=context.params["seed"] if "seed" in given else None)
    except ScriptError as error:
        raise Unusable(str(error)) from None
    except (CallFailed, SimulationError) as error:
        show(str(error))
        sys.exit(1)
    show_calls(made, transcript)
    show(f"\n{summary(made, None)}")
    sys.exit(0)


def play_caller(call: Call, presses: Sequence[str], times: Sequence[float]) -> list[str]:
    """Do what the options say; returns what could not be done."""
    from .. import CallFailed

    for number, digits in enumerate(presses):
        timed = number < len(times)
        try:
            if timed:
                call.say_nothing(max(0.0, times[number] - call.duration))
            elif number:
                call.say_nothing(BETWEEN_KEYS)
            call.press(digits, when_asked=not timed)
        except CallFailed:
            if call.cause is None:
                raise
            why = (
                "the call was over by then"
                if timed
                else "the handler never waited for a digit (--at presses at a time)"
            )
            return [f"not pressed: {each}; {why}" for each in presses[number:]]
    return []


def neighbour(name: str, app: Handler | Outbound | str, file: str) -> Handler | Outbound:
    """Another handler in the file of the app."""
    from eslsync.serving.loading import LoadError, handler_in, module_of

    module = None if isinstance(app, str) else module_of(app)
    if module is None:
        raise Unusable(f"--far-end: handler:{name} is a function in FILE, and {file} is no file")
    try:
        return handler_in(module, Path(file), name)
    except LoadError as error:
        raise Unusable(f"--far-end: {error}") from None


def show_calls(made: Call, transcript: bool) -> None:
    """A call, and those that came of it or along with it."""
    show(str(made.transcript) if transcript else ladder(made))
    others = [call for call in made.switch.calls.values() if call is not made]
    for number, call in enumerate(others, 2):
        later = f"{call.began - made.began:.1f} s later"
        show(f"\nCall {number}, {later}: {call.number} calls {call.destination}\n")
        show(str(call.transcript) if transcript else ladder(call))


def ladder(call: Call) -> str:
    import shutil

    from ..ladders.text import ASCII, BOX, draw

    glyphs: Glyphs = BOX if can_show(str(BOX)) else ASCII
    width = shutil.get_terminal_size((WIDTH, 24)).columns
    return draw(call.transcript.entries, width=width, glyphs=glyphs, style=colour)


def summary(call: Call, trouble: str | None) -> str:
    did = "ended"
    if trouble is not None:
        return f"{call.cause or 'still up'} after {call.duration:.1f} s; the handler did not end"
    if call.error is not None:
        did = f"raised {type(call.error).__name__}"
    elif call.outcome is not None:
        did = "ended with the call"
    if call.given_back:
        did += " and gave the call back" if call.error is not None else ", giving the call back"
    return f"{call.cause or 'still up'} after {call.duration:.1f} s; the handler {did}"


# eslsync serve


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@cli_options.handler
@click.option("--host", help="The address to listen on; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="0: any free one; default: 5000.")
@click.option(
    "--allow",
    metavar="NETWORK",
    multiple=True,
    help="Whose switches may call: 10.0.0.0/8, or a host. May be repeated; default: this machine.",
)
@click.option(
    "--max-calls",
    metavar="N",
    type=click.IntRange(min=1),
    help="Calls at one time; default: as many as come.",
)
@click.option(
    "--when-full",
    metavar="CAUSE",
    help="What the caller gets when there are --max-calls; default: SWITCH_CONGESTION. "
    "Or close: nobody listens then, and FreeSWITCH tries the next host.",
)
@click.option(
    "--max-call-duration",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Have FreeSWITCH hang up after so long; default: never.",
)
@click.option(
    "--redact",
    metavar="NAME",
    multiple=True,
    help="A header or channel variable whose value is kept out of the log, besides the digits "
    "that are pressed. May be repeated.",
)
@click.option(
    "--record",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each call there as a recording, without what is redacted (docs/recordings.md).",
)
@click.option(
    "--drain",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="How long calls may go on after SIGTERM or Ctrl-C.",
)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
def serve(file: Path, name: str | None, drain: float, verbose: bool, **options: Any) -> None:
    """Serve the handler in FILE to a real FreeSWITCH.

    Its dialplan hands calls over with:

    \b
    <action application="socket" data="127.0.0.1:5000 async full"/>

    SIGTERM or Ctrl-C stops it: no more calls are taken, those that are up have --drain seconds
    to finish, and what is left goes back to the dialplan. A second one cuts at once. SIGUSR1
    prints the calls that are up, and where the handler of each is.

    \b
    eslsync serve examples/ivr.py
    eslsync serve office.py --handler reception --host 0.0.0.0 --allow 10.0.0.0/8 -v
    """
    from eslsync import Outbound

    handler = load(file, name)
    show_logs(logging.DEBUG if verbose else logging.INFO)
    # What is not said here is as the file's own Outbound has it.
    given = {key: each for key, each in options.items() if each not in (None, ())}
    app = handler if isinstance(handler, Outbound) else Outbound(handler)
    try:
        if "redact" in given:
            given["redact"] = (*app.redact, *given["redact"])
        server = app.replace(**given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    # SIGINT too: a shell starts what runs in its background with it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        server.start(drain=drain)
    except OSError as error:
        raise click.ClickException(
            f"can't listen on {server.host} port {server.port}: {error.strerror or error}"
        ) from None
    logging.getLogger("eslsync").info("stopped")


# eslsync conform


@main.command()
@click.argument(
    "recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path)
)
@click.option("-v", "--verbose", is_flag=True, help="Show both sides whole.")
def conform(recordings: Sequence[Path], verbose: bool) -> None:
    """Hold the simulated switch against recordings of a real one.

    Each call is played again: the simulated switch gets the recorded commands at the recorded
    times, and must answer with the recorded messages, header by header. What is not compared,
    such as uuids and the exact times, is counted.

    \b
    eslsync conform tests/recordings/*.jsonl
    eslsync conform -v tests/recordings/03c_pagd_valid.jsonl

    Exit status: 0 if all conform, 1 if any differs, 2 if one can't be read.
    """
    from ..recordings.conformance import check
    from ..recordings.reading import Recording

    reports = []
    for path in recordings:
        try:
            missing = {"recording", "mode", "switch"} - set(Recording.read(path).circumstances)
        except OSError as error:
            raise Unusable(f"{path} can't be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unusable(f"{path} is no recording: {type(error).__name__}: {error}") from None
        if missing:
            raise Unusable(f"{path} is no recording: its first line has no {sorted(missing)[0]!r}")
        report = check(path)
        reports.append(report)
        if verbose:
            show(both_sides(report))
        for difference in report.differences:
            show(diff(difference))
        verdict = f"{len(report.differences)} differences" if report.differences else "conforms"
        show(click.style(f"{report.name}: {verdict}", fg="red" if report.differences else "green"))
    show(totals(reports))
    sys.exit(0 if all(report.conforms for report in reports) else 1)


def diff(difference: Difference) -> str:
    return "\n".join(
        [
            click.style(f"@ {difference.where}", fg="cyan"),
            click.style(f"- {difference.expected}", fg="red"),
            click.style(f"+ {difference.found}", fg="green"),
        ]
    )


def both_sides(report: Report) -> str:
    """What the switch sent and what ours sent, line by line."""
    from difflib import SequenceMatcher

    def lines(messages: Sequence[Sent]) -> list[str]:
        return [f"{each.time:9.3f}  {each}" for each in messages]

    recorded, ours = lines(report.expected), lines(report.found)
    theirs, mine = [str(each) for each in report.expected], [str(each) for each in report.found]
    shown = [f"--- {report.name}, recorded", f"+++ {report.name}, simulated"]
    for kind, a, b, c, d in SequenceMatcher(None, theirs, mine, autojunk=False).get_opcodes():
        if kind == "equal":
            shown += [f"  {line}" for line in recorded[a:b]]
        else:
            shown += [click.style(f"- {line}", fg="red") for line in recorded[a:b]]
            shown += [click.style(f"+ {line}", fg="green") for line in ours[c:d]]
    return "\n".join(shown)


def totals(reports: Sequence[Report]) -> str:
    messages = sum(report.messages for report in reports)
    headers = sum(report.headers for report in reports)
    left_out = sum(sum(report.left_out.values()) for report in reports)
    differ = sum(not report.conforms for report in reports)
    verdict = f"{len(reports) - differ} of {len(reports)} conform"
    return f"{verdict}: {messages} messages and {headers} headers compared, {left_out} left out"
