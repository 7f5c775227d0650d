"""`eslsync explore`."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from eslsync.command_line.files import Unusable, app, handler
from eslsync.command_line.terminal import plain, show
from eslsync.extras import MissingExtra
from eslsync.wire.arguments import KEYS

from .. import files
from . import options as shared
from .files import Output, writing

__all__ = ["explore"]

#: The suffixes of files that --map writes.
FORMATS = (".svg", ".html", ".dot", ".mmd", ".txt")


def check_allowed(
    context: click.Context, parameter: click.Parameter, kinds: Sequence[str]
) -> Sequence[str]:
    from ..exploring.findings.families import check_kinds

    try:
        check_kinds(kinds)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return kinds


def check_format(
    context: click.Context, parameter: click.Parameter, files: Sequence[Path]
) -> Sequence[Path]:
    for file in files:
        if file.suffix not in FORMATS:
            raise click.BadParameter(f"{file} should end in one of {', '.join(FORMATS)}")
    return files


def check_extensions(
    context: click.Context, parameter: click.Parameter, numbers: Sequence[str]
) -> Sequence[str]:
    for number in numbers:
        try:
            re.compile(number)
        except re.error as error:
            raise click.BadParameter(f"{number} is not a regular expression: {error}") from None
    return numbers


def check_shard(
    context: click.Context, parameter: click.Parameter, shard: str | None
) -> tuple[int, int] | None:
    if shard is None:
        return None
    from ..exploring.parts import Shard

    number, _, of = shard.partition("/")
    if not (number.isdecimal() and of.isdecimal()):
        raise click.BadParameter(f"a shard is written 2/4, not {shard!r}")
    try:
        Shard(int(number), int(of))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return int(number), int(of)


PATH = click.Path(path_type=Path)


class WithKinds(click.Command):
    """A command whose help lists the kinds of findings."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from ..exploring.findings.families import INCOMPLETE, KINDS

        for title, incomplete in (("Findings", False), ("Not tried (incomplete)", True)):
            with formatter.section(title):
                kinds = [each for each in KINDS.items() if (each[0] in INCOMPLETE) == incomplete]
                formatter.write_dl(kinds)


@click.command(
    cls=WithKinds, short_help="Make every call that a handler can have, and report what is wrong."
)
@app
@handler
@click.option(
    "--keys",
    default=KEYS,
    show_default=True,
    callback=shared.check_keys,
    help="The keys that are pressed.",
)
@click.option(
    "--entry",
    "entries",
    metavar="DIGITS",
    multiple=True,
    help="Digits to enter where several are collected, such as a PIN, besides those in APP and "
    "made-up ones. May be repeated.",
)
@click.option(
    "--says",
    metavar="WORDS",
    multiple=True,
    help="What callers say where the handler listens, besides the phrases of recognizers in "
    "--script, or of APP. May be repeated.",
)
@click.option(
    "--script",
    "scripts",
    metavar="SCRIPT",
    type=PATH,
    multiple=True,
    help="Call as the call section of this script says: when, who, which far ends. May be "
    "repeated.",
)
@click.option(
    "--depth", metavar="N", type=click.IntRange(min=0), help="Most things done in one call."
)
@click.option(
    "--calls", metavar="N", type=click.IntRange(min=1), default=20_000, show_default=True,
    help="Most calls to make.",
)  # fmt: skip
@click.option(
    "--seconds",
    metavar="S",
    type=click.FloatRange(min=0),
    help="Most real seconds to take; default: no limit.",
)
@shared.seed()
@shared.sounds("The folder of sound files: prompts that are not there are reported.")
@click.option(
    "--map",
    "maps",
    metavar="MAP",
    type=PATH,
    multiple=True,
    callback=check_format,
    help="Draw the map into a file: .svg, .html (interactive), .dot, .mmd "
    "(Mermaid) or .txt. May be repeated.",
)
@click.option(
    "--save",
    metavar="FILE",
    type=Output(".json"),
    help="Write what callers can do into a file, for --against: commit it with the handler.",
)
@click.option(
    "--against",
    metavar="FILE",
    type=PATH,
    help="Report what has changed since --save wrote this file; the exit status goes by that.",
)
@click.option(
    "--shard",
    metavar="K/N",
    callback=check_shard,
    help="Make one of N parts of the calls, into the file of --part, and report nothing.",
)
@click.option("--part", metavar="FILE", type=PATH, help="The file that --shard writes.")
@click.option(
    "--merge",
    metavar="FILE",
    type=PATH,
    multiple=True,
    help="A file that --shard has written: its calls are not made again. The report is that of "
    "an exploration without parts. May be repeated.",
)
@click.option(
    "--json", "as_json", metavar="FILE", type=Output(".json"), help="Write the report as JSON."
)
@click.option(
    "--sarif",
    metavar="FILE",
    type=Output(".sarif", ".json"),
    help="Write the findings as SARIF, for code scanning.",
)
@click.option("--report", metavar="REPORT", type=PATH, help="Write the report to a file, too.")
@click.option(
    "--save-scripts", metavar="DIR", type=PATH, help="Write a caller script for each finding."
)
@click.option(
    "--outside",
    metavar="FUNCTION",
    multiple=True,
    help="A function that APP asks outside of the call, as in crm.lookup: that it is slow, fails "
    "or never returns is tried. May be repeated.",
)
@click.option(
    "--extension",
    "extensions",
    metavar="NUMBER",
    multiple=True,
    callback=check_extensions,
    help="An extension of the dialplan, or a regular expression for several: transfers to others "
    "are reported. May be repeated.",
)
@click.option(
    "--expect",
    metavar="RULES",
    type=PATH,
    help="A file of rules that calls must keep, such as 'every call hears goodbye'; default: the "
    "file named like that of APP that ends in .expect, if there is one.",
)
@click.option(
    "--allow",
    metavar="KIND",
    multiple=True,
    callback=check_allowed,
    help="A kind of finding not to report; incomplete: all that say what was not tried. May be "
    "repeated.",
)
@click.option(
    "--coverage", is_flag=True, help="Report lines that no caller reaches (needs coverage.py)."
)
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(min=1),
    help="Number of processes; default: one for each core.",
)
@shared.allow_unmodelled
@shared.patience
@click.option("-q", "--quiet", is_flag=True, help="Print only the summary and the findings.")
def explore(
    app: str,
    scripts: Sequence[Path],
    maps: Sequence[Path],
    report: Path | None,
    save_scripts: Path | None,
    save: Path | None,
    part: Path | None,
    as_json: Path | None,
    sarif: Path | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Make every call that the handler in APP can have, and report what is wrong.

    Wherever the handler waits, each key is pressed, digits are entered (valid, invalid and too
    few), nothing is pressed, and the caller hangs up. Where it listens, callers say each phrase
    that is understood, and something else. Situations that behave alike count as one,
    so menus that lead back to themselves come to an end. The result is a map, and findings, each
    with the shortest caller script that shows it.

    \b
    eslsync explore examples/ivr.py
    eslsync explore office.app:make_app()
    eslsync explore office.py --map office.html --save-scripts calls/
    eslsync explore office.py --keys 123# --entry 4711 --allow left-up
    eslsync explore office.py --save office.json
    eslsync explore office.py --against office.json
    eslsync explore office.py --shard 1/2 --part 1.part
    eslsync explore office.py --merge 1.part --merge 2.part

    Exit status: 0 if nothing is wrong and all was tried, 1 if something is wrong, 2 if APP or an
    option can't be used, 3 if nothing is wrong but not all was tried ("incomplete"). With --against
    only what has changed counts: 0 if nothing has. Ctrl-C ends it with the findings so far.
    """
    from eslsync.loading import LoadError

    from ..exploring.exploration import explore as run
    from ..exploring.parts import PartError
    from ..exploring.reports import as_json as json_of
    from ..exploring.rules import RuleError
    from ..exploring.sarif import as_sarif
    from ..exploring.saved_maps import SavedMapError
    from ..scripts.script import Script, ScriptError
    from .progress import Bar

    if (options["shard"] is None) != (part is None):
        raise Unusable("--shard needs --part, the file to write, and --part needs --shard")
    if part is not None and options["coverage"]:
        raise Unusable("--coverage is for --merge: a shard makes only a part of the calls")
    try:
        circumstances = [_circumstances(Script.read(script), script) for script in scripts]
    except ScriptError as error:
        raise Unusable(str(error)) from None
    with Bar() as bar:
        try:
            found = run(app, circumstances=circumstances, progress=bar.show, **options)
        except (LoadError, PartError, RuleError, SavedMapError) as error:
            raise Unusable(str(error)) from None
        except MissingExtra as error:
            raise Unusable(str(error)) from None
    if part is not None:
        with writing(Unusable):
            found.save_part(part)
        click.echo(plain(f"wrote {part}: {found.calls} calls"), err=True)
        sys.exit(1 if found.stopped == "interrupted" else 0)
    text = str(found)
    show(_coloured(found.report(with_map=not quiet)))
    # exit status 1 would mean that something is wrong with the handler
    with writing(Unusable):
        if report is not None:
            files.write(report, f"{text}\n")
        if as_json is not None:
            files.write(as_json, json_of(found))
        if sarif is not None:
            files.write(sarif, as_sarif(found))
        if save is not None:
            found.save_map(save)
        for each in maps:
            found.draw(each)
        if save_scripts is not None:
            for path in found.save_scripts(save_scripts):
                click.echo(plain(f"wrote {path}"), err=True)
    sys.exit(found.status)


def _circumstances(script: Any, path: Path) -> dict[str, Any]:
    """The call section of a script; paths in it are relative to the script."""
    call: dict[str, Any] = dict(script.call)
    if "sounds" in call:
        call["sounds"] = str((path.parent / str(call["sounds"])).resolve())
    return call


def _coloured(lines: Sequence[str]) -> str:
    return "\n".join(click.style(line, fg=_colour(line)) for line in lines)


def _colour(line: str) -> str | None:
    """Red for what is wrong, yellow for what was not tried, green if nothing is wrong."""
    from ..exploring.findings.families import INCOMPLETE

    if line.lstrip("│ ").startswith("! "):
        return "red"
    finding = re.match(r"\d+\. (\S+):", line)
    if finding is not None:
        return "yellow" if finding[1] in INCOMPLETE else "red"
    verdict = re.match(r"\d+ situations? at [^;]*; (.*)", line)
    if verdict is None:
        return None
    if verdict[1].startswith(("nothing is wrong", "nothing else is wrong")):
        return "green"
    return "yellow" if verdict[1].startswith("incomplete: ") else "red"
