"""`eslsync phone`."""

from __future__ import annotations

import contextlib
import shutil
import sys
import webbrowser
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eslsync.command_line.files import Unusable, handler, load
from eslsync.command_line.terminal import can_show, plain, show
from eslsync.extras import MissingExtra

from . import options
from .keyboard import typed
from .terminal import colour, show_logs_if

if TYPE_CHECKING:
    from ..phone.desk import Telephone
    from ..phone.inbox import Inbox
    from ..phone.player import Player
    from ..scripts.script import Script

__all__ = ["phone"]

#: The options that may be given together with --script.
BESIDE_SCRIPT = (
    *("app", "script", "map_", "spot", "name"),
    *("texts", "voice", "terminal", "browser", "port"),
)


@click.command(short_help="Be the caller of a handler: a telephone in the browser.")
@click.argument("app", required=False, metavar="[APP]")
@click.option(
    "--script",
    metavar="SCRIPT",
    type=click.Path(path_type=Path),
    help="Play a script (YAML: docs/guides/scripts.md) first, with the handler that it names or "
    "APP instead, and stand at its end.",
)
@click.option(
    "--map",
    "map_",
    metavar="MAP",
    type=click.Path(path_type=Path),
    help="A map that `eslsync explore APP --map MAP.html` has drawn: the browser opens it, and its "
    "links call the handler and stand at a spot.",
)
@click.option("--spot", metavar="N", type=int, help="Stand at this spot of the --map at once.")
@handler
@options.caller
@options.destination
@options.variables
@click.option(
    "--far-end",
    "far_ends",
    metavar="DIAL=WORDS",
    multiple=True,
    callback=options.read_far_ends,
    help="What somebody whom the handler calls does by themselves, as for `eslsync call`; all "
    "others are you. May be repeated.",
)
@options.start
@click.option(
    "--texts",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What prompts say: YAML, a prompt's name and its text a line. Others say what "
    "FreeSWITCH's usual prompts do, or their names.",
)
@click.option(
    "--voice",
    metavar="NAME",
    default="en-us",
    help="Who speaks prompts that are not in --sounds: a voice of espeak-ng, such as de.",
)
@click.option("--terminal", is_flag=True, help="Be the caller in the terminal; no browser.")
@click.option("--browser/--no-browser", default=True, help="Open the page, or print its address.")
@click.option(
    "--port",
    metavar="N",
    type=click.IntRange(0, 65535),
    default=0,
    help="The port of the page, on this machine only; default: any that is free.",
)
@options.sounds(
    "A folder of WAV files: prompts last as long as these; any other as long as it is spoken, or "
    "2 s with --terminal."
)
@options.seed()
@options.hooks
@options.allow_unmodelled
@click.pass_context
def phone(
    context: click.Context,
    /,
    app: str | None,
    script: Path | None,
    map_: Path | None,
    spot: int | None,
    name: str | None,
    texts: Path | None,
    voice: str,
    terminal: bool,
    browser: bool,
    port: int,
    **circumstances: Any,
) -> None:
    """Call the handler in APP, and be the caller: press keys, hear captions, hang up.

    APP may also be HOST:PORT, where a program in any language listens: time is real then, and the
    same for everybody.

    No FreeSWITCH is needed. Time passes as it does on a telephone, or as fast as you like; it can
    stand still, and you can go back and press another key: the call up to there is the same each
    time. The ladder grows as the call goes on. (docs/guides/phone.md)

    The telephone is a page in the browser, which needs the extra `phone`. Only this machine can
    open it. With --terminal:

    \b
    0-9 * # A-D   press a key            h       hang up
    space         pause, or go on        n       to the next thing that happens
    a             answer the phone that rings
    d             decline: it is busy
    l             be at the next phone, for keys and h
    b             back before your last key or prompt
    f             2 x, 10 x as fast      s       save your keys as a caller script,
                                                 and the call as a recording
    q             quit

    \b
    eslsync phone examples/voicemail.py
    eslsync phone office.py --start 2026-01-05T17:59:50 --texts prompts.yaml
    eslsync phone --terminal examples/ivr.py
    eslsync phone --script ivr.call.yaml
    eslsync phone 127.0.0.1:5000
    eslsync phone --map ivr.html

    A script that was saved plays the same call: eslsync call --script NAME.call.yaml, and with
    --script you go on from its end.
    """
    from ..captions import TextsError, read_texts
    from ..phone.desk import Telephone
    from ..phone.maps import MapError, read_map
    from ..phone.sound import NoVoice, find_voice
    from ..scripts.script import ScriptError

    if spot is not None and map_ is None:
        raise click.UsageError("--spot is one of a --map")
    if script is not None and map_ is not None:
        raise click.UsageError("--script and --map can't be combined: both say how a call begins")
    if app is None and script is None and map_ is None:
        raise click.UsageError("name the APP to call, a --script or a --map")
    plays = script is not None or spot is not None
    if plays or app is None:
        what = "--script" if script is not None else "--map" if spot is None else "--spot"
        check_alone(context, what)
    try:
        told = {} if texts is None else read_texts(texts)
        drawn = None if map_ is None else read_map(map_)
        named = None if app is None else new_script(app, name, circumstances)
        if script is not None:
            called = given_script(script, app, name)
        elif drawn is not None and (named is None or spot is not None):
            called = drawn.script(1 if spot is None else spot, named)
        else:
            assert named is not None
            called = named
        check_address(called.handler)
        if terminal:
            in_terminal(called, told, plays)
        else:
            in_browser(
                Telephone(called, told, find_voice(voice), drawn, named), plays, browser, port
            )
    except (TextsError, MapError, NoVoice, ScriptError) as error:
        raise Unusable(str(error)) from None


def new_script(app: str, name: str | None, given: Mapping[str, Any]) -> Script:
    """A call as the options say; far ends that they don't describe are played by hand."""
    from ..calling.line import is_address
    from ..model.endpoint_modules import OTHERS
    from ..phone.player import BY_HAND
    from ..scripts.script import Script

    if is_address(app) and (name or given["start"] or given["hooks"]):
        raise click.UsageError("another program has its own handler, hooks and clock")
    call: dict[str, Any] = {each: given[each] for each in ("caller", "destination")}
    far_ends, sounds = given["far_ends"], given["sounds"]
    more = {
        "variables": given["variables"],
        "start": given["start"],
        "seed": given["seed"],
        "allow_unmodelled": list(given["allow_unmodelled"]),
        "hooks": given["hooks"] or None,
        "sounds": None if sounds is None else str(sounds.resolve()),
        "endpoints": {OTHERS: BY_HAND, **{to: as_data(each) for to, each in far_ends.items()}},
    }
    call |= {key: each for key, each in more.items() if each not in (None, {}, [])}
    return Script(app, name=name, call=call)


def check_address(app: str) -> None:
    """Raise Unusable for the address of a program that can't be one."""
    from ..calling.line import host_and_port, is_address

    try:
        if is_address(app):
            host_and_port(app)
    except ValueError as error:
        raise Unusable(str(error)) from None


def given_script(path: Path, app: str | None, name: str | None) -> Script:
    """A script in a file; APP replaces its handler."""
    from eslsync.loading import AppName, LoadError

    from ..scripts.script import Script

    script = Script.read(path)
    if app is None:
        return script
    try:
        named = AppName.of(app, name).beside(path.parent)
    except LoadError as error:
        raise Unusable(str(error)) from None
    return replace(script, handler=named.where, name=named.name)


def check_alone(context: click.Context, what: str) -> None:
    """Raise UsageError for an option that says what the script does that is played."""
    for each in context.command.params:
        given = context.get_parameter_source(each.name or "")
        if given is click.core.ParameterSource.COMMANDLINE and each.name not in BESIDE_SCRIPT:
            raise click.UsageError(
                f"{each.opts[0]} and {what} can't be combined: the script says that"
            )


def in_browser(telephone: Telephone, plays: bool, browser: bool, port: int) -> None:
    """Serve the page until Ctrl-C."""
    from eslsync.loading import AppName, LoadError

    from ..calling.line import is_address

    script = telephone.script
    try:
        from ..phone.server import PhoneServer
    except MissingExtra as error:
        raise Unusable(f"{error}; or use --terminal") from None
    try:
        base = "" if script.path is None else script.path.parent
        named = AppName.of(script.handler, script.name, base=base)
    except LoadError as error:
        raise Unusable(str(error)) from None
    if not is_address(script.handler) and named.is_file and not Path(named.where).exists():
        raise Unusable(f"there is no file {named.where}")
    try:
        server = PhoneServer(telephone, port)
    except OSError as error:
        raise Unusable(f"port {port} can't be used ({error.strerror}); choose another") from None
    with server:
        if plays:
            server.desk.play(script)
        opens = server.address
        if telephone.map is not None and not plays:
            opens += "map?telephone"
        if not browser or not webbrowser.open(opens):
            click.echo("Open this page, on this machine:")
        click.echo(f"{opens}\nCtrl-C ends it.")
        with contextlib.suppress(KeyboardInterrupt):
            server.wait()


def in_terminal(script: Script, texts: Mapping[str, str], plays: bool) -> None:
    """Be the caller in the terminal; exit with the status."""
    from ..calling.line import is_address
    from ..phone.inbox import Inbox
    from ..phone.player import Player
    from ..phone.rehearsing import Rehearsal, rehearse
    from ..phone.terminal import HELP, Screen, TerminalPhone

    keys: Inbox[str] = Inbox()
    with typed(keys.put):  # from the beginning: loading may take a while
        ours = script.path is None and not is_address(script.handler)
        loaded = load(script.handler, script.name) if ours else script.load()
        show_logs_if(False)
        begins = rehearse(script, loaded) if plays else Rehearsal([], 0, "")
        player = Player(script, loaded, moves=begins.moves, stands=begins.stands)
        show(HELP + "\n")
        width = terminal_width()
        screen = Screen(show, drawing(width), width)
        with TerminalPhone(
            player, keys, screen, texts=texts, save=save, speed=0.0 if plays else 1.0
        ) as telephone:
            if begins.failed:
                show(click.style(begins.failed, fg="yellow"))
            try:
                telephone.run()
            except KeyboardInterrupt:
                show("hanging up; Ctrl-C again if the handler doesn't end")
    tell_trouble(telephone.player, script.handler)


def as_data(behaviour: Mapping[str, Any]) -> dict[str, Any]:
    """A far end's behaviour as a script has it."""
    written = {key: "never" if value is None else value for key, value in behaviour.items()}
    presses: Any = written.get("presses")
    if presses:
        written["presses"] = [{"after": after, "digits": digits} for after, digits in presses]
    if "handler" in written:
        written["handler"] = {"name": written["handler"]}
    return written


def terminal_width() -> int:
    """The characters of a line; one less than there are, where some terminals wrap."""
    return shutil.get_terminal_size((80, 24)).columns - 1


def drawing(width: int) -> Callable[[Player], list[str]]:
    """Draws ladders in this width and the characters of the terminal."""
    from ..ladders.text import ASCII, BOX, draw

    glyphs = BOX if can_show(str(BOX)) else ASCII

    def lines(player: Player) -> list[str]:
        entries = player.transcript.entries
        return draw(entries, width=width, glyphs=glyphs, style=colour, grows=True).split("\n")

    return lines


def save(player: Player) -> list[Path]:
    """Write what the caller did as a script, and the recording of the call.

    In the current folder, or beside the script that was played.
    """
    from ..phone.keeping import as_recording, stem_of

    script = player.script()
    folder = Path() if script.path is None else script.path.parent
    stems = (f"{stem_of(script)}{number}" for number in ("", *range(2, 1000)))
    kept = ([folder / f"{stem}.call.yaml", folder / f"{stem}.jsonl"] for stem in stems)
    files = next(each for each in kept if not any(file.exists() for file in each))
    texts = [script.dump(), "".join(as_recording(player))]
    written = [(file, text) for file, text in zip(files, texts, strict=True) if text]
    for file, text in written:
        file.write_text(text, encoding="utf-8")
    return [file for file, _ in written]


def tell_trouble(player: Player, app: str) -> None:
    """Show what the handler raised, and what the simulated switch doesn't model."""
    from eslsync.stacks import users_traceback

    error = player.call.error
    for sentence in player.amiss:
        click.secho(f"\n{plain(sentence)}", err=True, fg="red")
    if error is not None:
        click.secho("\nThe handler raised:", err=True, fg="red")
        click.echo(plain(users_traceback(error, app)).rstrip(), err=True)
    for part in player.call.not_modelled:
        click.secho(f"\n{plain(options.not_modelled(part))}", err=True, fg="red")
    wrong = player.amiss or error is not None or player.call.not_modelled
    sys.exit(1 if wrong else 0)
