"""`eslsync record-switch`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eslsync.command_line.files import Unusable
from eslsync.command_line.terminal import show

from .files import writing

if TYPE_CHECKING:
    from ..scenarios.live import LiveSwitch
    from ..scenarios.performing import Performance
    from ..scenarios.scenario import Scenario

__all__ = ["record_switch"]


@click.command("record-switch", short_help="Record what a real FreeSWITCH says to scenarios.")
@click.argument("scenarios", nargs=-1, metavar="SCENARIO...", type=click.Path(path_type=Path))
@click.option(
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("recordings"),
    show_default=True,
    help="The folder for the recordings.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A YAML file with the options below as keys (host: 10.0.0.5).",
)
@click.option("--host", help="The switch's address; default: 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Its event socket's; default: 8021.")
@click.option("--password", help="Its event socket's; default: ClueCon.")
@click.option("--listen", metavar="HOST", help="Our address, as it sees it; default: 127.0.0.1.")
@click.option(
    "--sounds", metavar="DIR", help="A folder that both see, for sound files; default: temporary."
)
@click.option("--sip", metavar="HOST:PORT", help="Where it takes SIP; default: 127.0.0.1:5080.")
@click.option(
    "--dialplan", is_flag=True, help="Print the dialplan that the switch needs, and do nothing."
)
@click.option(
    "--phrases", is_flag=True, help="Print the phrase macros that it needs, and do nothing."
)
def record_switch(
    scenarios: Sequence[Path],
    output: Path,
    config: Path | None,
    dialplan: bool,
    phrases: bool,
    **given: Any,
) -> None:
    """Perform scenarios on a real FreeSWITCH, and record what it says.

    A scenario is a call in YAML: what the app sends, what the caller does
    (docs/guides/recorder.md). The switch needs one dialplan file, which --dialplan prints. Compare
    the recordings with the simulated switch by `eslsync conform`.

    \b
    eslsync record-switch --dialplan scenarios/*.yaml > /etc/freeswitch/dialplan/eslsync.xml
    eslsync record-switch scenarios/*.yaml --output recordings
    eslsync conform --grouped recordings/*.jsonl

    Exit status: 0 if all were performed as they say, 1 if any was not, 2 if one can't be read.
    """
    from ..scenarios import dialplan as xml
    from ..scenarios.live import LiveSwitch, NoSwitch
    from ..scenarios.scenario import Scenario, ScriptError

    given = {name: value for name, value in given.items() if value is not None}
    try:
        switch = LiveSwitch(**given) if config is None else LiveSwitch.read(config, **given)
        read = [Scenario.read(path) for path in scenarios]
    except ScriptError as error:
        raise Unusable(str(error)) from None
    if dialplan or phrases:
        click.echo(xml.phrases(read) if phrases else xml.context(read, switch.listen))
        return
    if not read:
        raise click.UsageError("name at least one scenario")
    named: dict[str, Path] = {}
    for path, each in zip(scenarios, read, strict=True):
        if named.setdefault(each.name, path) != path:
            raise Unusable(f"{named[each.name]} and {path} would both be {each.name}.jsonl")
    with writing():
        output.mkdir(parents=True, exist_ok=True)
    performed = 0
    try:
        with ended_by_signals():
            for each in read:
                performed += recorded(each, switch, output)
    except NoSwitch as error:
        show(click.style(str(error), fg="red"))
    except KeyboardInterrupt:
        show(click.style("interrupted; its call was hung up", fg="red"))
    show(f"{performed} of {len(read)} were performed as they say")
    sys.exit(0 if performed == len(read) else 1)


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and a terminal that closes end the block as Ctrl-C does, so that calls hang up."""
    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def recorded(scenario: Scenario, switch: LiveSwitch, output: Path) -> bool:
    """Perform a scenario, write the recording and say so; true if it went as it says.

    Raises NoSwitch.
    """
    from ..scenarios.live import CannotPerform, NoSwitch
    from ..scenarios.performing import perform

    try:
        performance = perform(scenario, switch)
    except NoSwitch:
        raise  # nor would the others
    except CannotPerform as error:
        show(click.style(f"{scenario.name}: not recorded: {error}", fg="red"))
        return False
    with writing():
        path = performance.write(output)
    show(click.style(f"{scenario.name}: {in_words(performance)}, {path}", fg="green"))
    for problem in performance.problems:
        show(click.style(f"  {problem}", fg="yellow"))
    return not performance.problems


def in_words(performance: Performance) -> str:
    recording = performance.recording
    return f"{len(recording.switch)} messages in {recording.ended:.1f} s"
