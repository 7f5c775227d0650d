"""`eslsync call`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from eslsync.command_line.files import Unusable, handler, load
from eslsync.command_line.terminal import plain, show

from . import options
from .terminal import show_ladder, show_logs_if

if TYPE_CHECKING:
    from eslsync import Outbound
    from eslsync.loading import Handler

    from ..calling.call import Call

__all__ = ["call"]

#: The options that may be given together with --script.
BESIDE_SCRIPT = ("app", "script", "name", "seed", "record", "transcript", "verbose")
#: Maximum seconds of a call of another program, and of a simulated one.
PROGRAMS_TIMEOUT, TIMEOUT = 120.0, 3600.0
#: The exit status after Ctrl-C.
INTERRUPTED = 130
#: Seconds between two keys of a caller who answers as soon as asked.
BETWEEN_KEYS = 0.2


@click.command(short_help="Call a handler in simulated time, and draw the call.")
@click.argument("app", required=False, metavar="[APP]")
@click.option(
    "--script",
    metavar="SCRIPT",
    type=click.Path(path_type=Path),
    help="Play a script (YAML: docs/guides/scripts.md), with the handler that it names or APP "
    "instead.",
)
@handler
@click.option(
    "--press",
    "presses",
    metavar="KEYS",
    multiple=True,
    callback=options.check_keys,
    help="Press keys (0-9, *, #, A-D), 0.2 s apart, when the handler waits for a digit, or "
    "--at a time. May be repeated.",
)
@click.option(
    "--at",
    "times",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    multiple=True,
    help="When to --press, from the start of the call. The first --at belongs to the first "
    "--press, and so on.",
)
@click.option(
    "--hangup-after",
    metavar="SECONDS",
    type=click.FloatRange(min=0),
    help="When the caller hangs up, from the start of the call; default: never.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="Maximum length of the call; default: 3600, or 120 of a program (HOST:PORT).",
)
@options.caller
@options.destination
@options.variables
@click.option(
    "--far-end",
    "far_ends",
    metavar="DIAL=WORDS",
    multiple=True,
    callback=options.read_far_ends,
    help="What somebody does whom the handler calls, by the dial string: "
    "user/1000=rings,answers:2,hangs_up:10 (see above). May be repeated; nobody else answers.",
)
@options.start
@options.sounds("A folder of WAV files: prompts last as long as these; any other lasts 2 s.")
@options.seed(", or for each call of a program (HOST:PORT) another one, without races")
@options.hooks
@options.allow_unmodelled
@options.patience
@click.option(
    "--record",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a recording of the call there, with nothing redacted.",
)
@click.option("--transcript", is_flag=True, help="Print every message, instead of a ladder.")
@click.option("-v", "--verbose", is_flag=True, help="Show the log as well.")
@click.pass_context
def call(
    context: click.Context,
    app: str | None,
    script: Path | None,
    name: str | None,
    presses: Sequence[str],
    times: Sequence[float],
    hangup_after: float | None,
    timeout: float | None,
    caller: str,
    destination: str,
    variables: dict[str, str],
    far_ends: dict[str, dict[str, Any]],
    start: str | None,
    sounds: Path | None,
    seed: int | None,
    hooks: bool,
    allow_unmodelled: Sequence[str],
    patience: float | None,
    record: Path | None,
    transcript: bool,
    verbose: bool,
) -> None:
    """Call the handler in APP, in simulated time, and draw the call.

    No FreeSWITCH is needed, and silence takes no time. The caller presses the keys of --press
    and then waits for the end. APP is a file, or MODULE:NAME: a function, an Outbound, or the call
    of a factory of either. It may also be HOST:PORT, the address of a program in any language,
    which is called in real time.

    \b
    eslsync call examples/ivr.py
    eslsync call examples/ivr.py --press 1
    eslsync call examples/ivr.py --press 2 --at 1.5 --hangup-after 3
    eslsync call office.py --handler reception --start 2026-01-05T17:59:50
    eslsync call 'office.app:make_app("de")'
    eslsync call 127.0.0.1:5000 --press 1

    What a --far-end does, in words with commas between them:

    \b
    answers       at once; answers:2 after 2 s, answers:never
    rings         says that it rings, before it answers
    hangs_up:10   10 s after the answer; cause:USER_BUSY says why
    presses:1@3   presses 1, 3 s after the answer; may be repeated
    busy          doesn't take the call; nor does rejects:CAUSE, or just
                  the cause: user/1000=CALL_REJECTED
    handler:desk  the function desk in APP takes the call

    \b
    eslsync call office.py --far-end user/1000=busy --far-end user/1001=rings,answers:3

    Exit status: 0 if the handler ended, by itself or with the call; 1 if it raised anything
    else, never ended, gave the call back having done nothing with it, or used what the
    simulated switch doesn't model; 2 if there was no call, because of the options or APP. A
    program at HOST:PORT must end in order: 1 if it was killed, turned the call away, did
    nothing with it, dropped it, or does not speak event socket. 130 after Ctrl-C, which shows
    the call so far.
    """
    if script is not None:
        play_script(context, script, app, name, transcript)
    if app is None:
        raise click.UsageError("name the APP that has the handler, or a --script")
    if len(times) > len(presses):
        raise click.UsageError("there are more --at than --press")
    if list(times) != sorted(times):
        raise click.UsageError("--at is counted from the start of the call, so it can't decrease")

    # Import this before the app, which may use it.
    from eslsync.stacks import users_traceback

    from .. import CallFailed, FreeSwitch, SimulationError
    from ..calling.call import line_of, waiting_for, why_unknown
    from ..calling.given import check_sounds
    from ..calling.line import is_address
    from ..calling.parting import did_nothing

    elsewhere = is_address(app)
    if elsewhere and (name or start or hooks):
        raise click.UsageError("another program has its own handler, hooks and clock")
    loaded = app if elsewhere else load(app, name)
    if record is not None:
        loaded = recorded(loaded, record)
    show_logs_if(verbose)
    for behaviour in far_ends.values():
        if "handler" in behaviour:
            behaviour["handler"] = neighbour(behaviour["handler"], loaded, app)
    trouble: str | None = None
    notes: list[str] = []
    made: Call | None = None
    try:
        check_sounds("--sounds", sounds)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        with FreeSwitch(
            seed=seed,
            start=start,
            sounds=sounds,
            allow_unmodelled=allow_unmodelled,
            patience=patience,
            raises=False,
            real_time=elsewhere,
            hooks=hooks,
        ) as switch:
            for dial_string, behaviour in far_ends.items():
                switch.endpoint(dial_string, **behaviour)
            try:
                made = switch.call(
                    loaded, caller=caller, destination=destination, variables=variables
                )
            except ValueError as error:  # an address without a host, say
                raise Unusable(str(error)) from None
            if hangup_after is not None:
                made.hangup_after(hangup_after)
            limit = timeout or (PROGRAMS_TIMEOUT if elsewhere else TIMEOUT)
            try:
                notes = play_caller(made, presses, times)
                made.wait(timeout=round(max(0.0, limit - line_of(made).lasts), 3))
            except KeyboardInterrupt:
                show_calls(made, transcript)
                waits = waiting_for(line_of(made))
                click.secho(plain(f"\ninterrupted{waits}"), err=True, fg="red")
                raise
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (CallFailed, SimulationError) as error:
        # the first paragraph; a ladder follows it, and is drawn below anyway
        trouble = str(error).partition("\n\n")[0].strip()
    assert made is not None
    parted = made.parting if elsewhere else None
    if elsewhere and not made.taken:
        raise Unusable(line_of(made).unreached or f"{app} was not called")

    if hangup_after is not None and not line_of(made).caller_left and trouble is None:
        notes.append(f"not hung up after {hangup_after:g} s: the call was over by then")
    undone = bool(notes)  # the caller could not do what the options say
    notes += not_called(made, far_ends)
    show_calls(made, transcript)
    for note in notes:
        click.secho(plain(note), err=True, fg="yellow")
    raised = [each.error for each in made.switch.calls.values() if each.error is not None]
    for each in raised:
        click.secho("\nThe handler raised:", err=True, fg="red")
        click.echo(plain(users_traceback(each, file_of(loaded))).rstrip(), err=True)
    missing = [part for each in made.switch.calls.values() for part in each.not_modelled]
    for part in dict.fromkeys(missing):
        click.secho(f"\n{plain(options.not_modelled(part))}", err=True, fg="red")
    unknown = [line_of(each) for each in made.switch.calls.values() if each.unknown_applications]
    for line in unknown:
        click.secho(f"\n{plain(why_unknown(line))}", err=True, fg="red")
    if trouble is not None:
        click.secho(f"\n{plain(trouble)}", err=True, fg="red")
    idle = made.given_back and not elsewhere and did_nothing(line_of(made))
    nothing = ", having done nothing with it" if idle else ""
    show(f"\n{summary(made, trouble)}{nothing}")
    astray = (parted is not None and not parted.orderly) or idle
    sys.exit(1 if raised or missing or unknown or astray or undone or trouble is not None else 0)


def not_called(made: Call, far_ends: Iterable[str]) -> list[str]:
    """The far ends that were set up and that nobody called, in words."""
    from ..calling.freeswitch import simulation_of
    from ..model.endpoint_modules import OTHERS

    dialled = simulation_of(made.switch).legs.dialled
    called = ", ".join(sorted(dialled)) or "nobody"
    return [
        f"not called: {each}; called: {called}" for each in sorted({*far_ends} - dialled - {OTHERS})
    ]


def recorded(app: Handler | Outbound | str, folder: Path) -> Outbound:
    """The same app with calls recorded in full, since simulated calls contain no secrets."""
    from eslsync import Outbound

    if isinstance(app, str):
        raise click.UsageError("another program's calls are recorded where it is served")
    server = app if isinstance(app, Outbound) else Outbound(app)
    return server.replace(record=folder, redact=())


def file_of(app: Handler | Outbound | str) -> str:
    """The file that defines a handler; empty if it is unknown."""
    from eslsync.loading import module_of

    module = None if isinstance(app, str) else module_of(app)
    return getattr(module, "__file__", None) or ""


def play_script(
    context: click.Context, path: Path, app: str | None, name: str | None, transcript: bool
) -> NoReturn:
    """`eslsync call --script`, which replaces most other options."""
    from .. import CallFailed, SimulationError
    from ..calling.line import is_address
    from ..scripts.script import Script, ScriptError

    folder = context.params["record"]
    given = {
        each
        for each in context.params
        if context.get_parameter_source(each) is click.core.ParameterSource.COMMANDLINE
    }
    for each in sorted(given - {*BESIDE_SCRIPT}):
        option = next(p.opts[0] for p in context.command.params if p.name == each)
        raise click.UsageError(f"{option} and --script can't be combined: the script says that")
    show_logs_if(context.params["verbose"])
    loaded = None if app is None else app if is_address(app) else load(app, name)
    try:
        script = Script.read(path)
        if folder is not None:
            loaded = recorded(script.load() if loaded is None else loaded, folder)
        made = script.run(loaded, seed=context.params["seed"] if "seed" in given else None)
    except ScriptError as error:
        raise Unusable(str(error)) from None
    except (CallFailed, SimulationError) as error:
        show(str(error))
        sys.exit(1)
    show_calls(made, transcript)
    far_ends: Any = script.call.get("endpoints", ())
    for note in not_called(made, far_ends):
        click.secho(plain(note), err=True, fg="yellow")
    show(f"\n{summary(made, None)}")
    parted = made.parting if isinstance(made.app, str) else None
    sys.exit(0 if parted is None or parted.orderly else 1)


def play_caller(call: Call, presses: Sequence[str], times: Sequence[float]) -> list[str]:
    """Press the keys of the options; return those that could not be pressed."""
    from .. import CallFailed
    from ..calling.call import line_of

    for number, digits in enumerate(presses):
        timed = number < len(times)
        try:
            if timed:
                call.say_nothing(max(0.0, times[number] - line_of(call).lasts))
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


def neighbour(name: str, app: Handler | Outbound | str, given: str) -> Handler | Outbound:
    """Another handler in the file of the app, which was ``given`` on the command line."""
    from eslsync.loading import AppName, LoadError, handler_in, module_of

    module = None if isinstance(app, str) else module_of(app)
    if module is None:
        raise Unusable(f"--far-end: handler:{name} is a function in APP, and {given} has none")
    try:
        return handler_in(module, AppName.of(given).where, name)
    except LoadError as error:
        raise Unusable(f"--far-end: {error}") from None


def show_calls(made: Call, transcript: bool) -> None:
    """Show a call, and others of the same switch: those that it caused, and further callers."""

    def show_call(call: Call) -> None:
        if transcript:
            show(str(call.transcript))
        else:
            show_ladder(call.transcript.entries)

    show_call(made)
    others = [call for call in made.switch.calls.values() if call is not made]
    for number, call in enumerate(others, 2):
        later = f"{call.began - made.began:.1f} s later"
        show(f"\nCall {number}, {later}: {call.number} calls {call.destination}\n")
        show_call(call)


def summary(call: Call, trouble: str | None) -> str:
    did = "ended"
    if isinstance(call.app, str):
        how = call.parting or trouble
        return f"{call.cause or 'still up'} after {call.duration:.1f} s; {how}"
    if trouble is not None:
        return f"{call.cause or 'still up'} after {call.duration:.1f} s; the handler did not end"
    if call.error is not None:
        did = f"raised {type(call.error).__name__}"
    elif call.outcome is not None:
        did = "ended with the call"
    if call.given_back:
        did += " and gave the call back" if call.error is not None else ", giving the call back"
    return f"{call.cause or 'still up'} after {call.duration:.1f} s; the handler {did}"
