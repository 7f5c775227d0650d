"""``python -m tests.fuzz``: malformed conversations over loopback, and a table of their ends."""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict

import click

from .conversation import Log
from .loopback import OnSocket, SocketClock, defects_of, nothing_left, play


@click.command()
@click.option("--conversations", default=1000, show_default=True, help="How many.")
@click.option("--seed", default=0, show_default=True, help="The first one's; one more for each.")
@click.option("--at-once", default=8, show_default=True, help="How many at a time.")
def main(conversations: int, seed: int, at_once: int) -> None:
    """Play malformed conversations to a server and show how they ended."""
    endings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    defects: list[str] = []
    clock = SocketClock()
    log = Log(clock)
    began, used = time.monotonic(), time.process_time()
    with nothing_left():
        seeds = range(seed, seed + conversations)
        all_of_them = (OnSocket(each) for each in seeds)
        with click.progressbar(
            play(all_of_them, log, clock, at_once), length=conversations, file=sys.stderr
        ) as bar:
            for each in bar:
                endings[each.mutation][each.ending] += 1
                defects += [f"seed {each.seed}, {each.mutation}: {what}" for what in each.defects]
    defects += defects_of(log)
    click.echo(table(endings))
    click.echo(
        f"\n{conversations} conversations in {time.monotonic() - began:.0f} s "
        f"({time.process_time() - used:.0f} s of processor time); no thread, session or "
        f"descriptor left; {len(defects)} defects"
    )
    for defect in defects[:20]:
        click.echo(f"\n{defect}")
    sys.exit(1 if defects else 0)


def table(endings: dict[str, Counter[str]]) -> str:
    """How the conversations of each kind ended."""
    total = sum(endings.values(), Counter[str]())
    columns = [ending for ending, _ in total.most_common()]
    wide = max(map(len, endings))
    rows = [(kind, endings[kind]) for kind in sorted(endings)] + [("all", total)]
    lines = [" ".join([" " * wide, *columns])]
    for kind, counts in rows:
        cells = [f"{counts[column] or '':>{len(column)}}" for column in columns]
        lines.append(" ".join([f"{kind:{wide}}", *cells]))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
