"""`eslsync conform`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from eslsync.command_line.files import Unusable
from eslsync.command_line.terminal import show

from .files import read

if TYPE_CHECKING:
    from ..recordings.comparison import Mismatch, Report
    from ..recordings.reading import Sent

__all__ = ["conform"]


@click.command(short_help="Compare the simulated switch with recordings.")
@click.argument(
    "recordings", nargs=-1, required=True, metavar="RECORDING...", type=click.Path(path_type=Path)
)
@click.option("-v", "--verbose", is_flag=True, help="Show all messages of both sides.")
@click.option(
    "--grouped",
    is_flag=True,
    help="Show each kind of difference once, with the recordings that begin to differ there.",
)
def conform(recordings: Sequence[Path], verbose: bool, grouped: bool) -> None:
    """Compare the simulated switch with recordings of a real one.

    Each call is played again: the simulated switch gets the recorded commands at the recorded
    times, and must answer with the recorded messages, header by header. Headers that are not
    compared, such as uuids and exact times, are counted.

    \b
    eslsync conform tests/recordings/*.jsonl
    eslsync conform -v tests/recordings/03c_pagd_valid.jsonl
    eslsync conform --grouped recordings/*.jsonl

    Exit status: 0 if all conform, 1 if any differs, 2 if one can't be read.
    """
    from ..recordings.conformance import check

    reports = []
    for path in recordings:
        missing = {"mode", "switch"} - set(read(path).circumstances)
        if missing:
            raise Unusable(
                f"{path} is not a recording: its first line has no {sorted(missing)[0]!r}"
            )
        report = check(path)
        reports.append(report)
        if verbose:
            show(both_sides(report))
        if not grouped:
            for difference in report.differences:
                show(diff(difference))
        colour = "green" if report.conforms else "red"
        show(click.style(f"{report.name}: {report.verdict}", fg=colour))
    if grouped:
        show_groups(reports)
    show(totals(reports))
    sys.exit(0 if all(report.conforms for report in reports) else 1)


def show_groups(reports: Sequence[Report]) -> None:
    """Print what differs, by kind."""
    from ..recordings.grouping import grouped

    for group in grouped(reports):
        count = len(group.recordings)
        show(f"{count} recording{'s' if count > 1 else ''}: {group}")
        show(f"  {', '.join(group.recordings)}; the first:")
        show(diff(group.example))


def diff(difference: Mismatch) -> str:
    return "\n".join(
        [
            click.style(f"@ {difference.where}", fg="cyan"),
            click.style(f"- {difference.expected}", fg="red"),
            click.style(f"+ {difference.found}", fg="green"),
        ]
    )


def both_sides(report: Report) -> str:
    """The messages of the real switch and the simulated one, line by line."""
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
