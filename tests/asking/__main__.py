"""``python -m tests.asking``: ask a real switch random things, and see what the model has wrong."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from simulator.scenarios.live import LiveSwitch

from .conversations import LONGER, Conversation, ask, drawn, shortest


@click.command()
@click.option("--config", required=True, type=click.Path(exists=True), help="Where the switch is.")
@click.option("--scenarios", default=25, show_default=True, help="How many.")
@click.option("--seed", default=0, show_default=True, help="The first one's; one more for each.")
@click.option("--at-once", default=4, show_default=True, help="How many calls at a time.")
@click.option("--shrink/--as-drawn", default=True, help="Shorten those that differ.")
@click.option("--folder", default="asked", show_default=True, type=click.Path(path_type=Path))
def main(config: str, scenarios: int, seed: int, at_once: int, shrink: bool, folder: Path) -> None:
    """Perform random scenarios on a real switch, and compare the model with what it says.

    The recordings are written to a folder, with the scenarios. One that differs is performed
    again, with longer pauses: what does not differ then was a race, or the host was busy.

    Exit status: 0 if all conform, 1 if any differs both times.
    """
    switch = LiveSwitch.read(config)
    folder.mkdir(parents=True, exist_ok=True)
    wrong: list[Conversation] = []

    def have(number: int) -> tuple[Conversation, Conversation | None]:
        first = ask(drawn(number), switch)
        write(first, folder, f"{number}")
        if first.report.conforms:
            return first, None
        second = ask(first.scenario, switch, longer=LONGER)
        if not second.report.conforms:
            write(second, folder, f"{number}_again")
        return first, second

    with ThreadPoolExecutor(at_once) as pool:
        pairs = list(pool.map(have, range(seed, seed + scenarios)))
    once = 0
    for number, (first, second) in enumerate(pairs, seed):
        if second is not None and second.report.conforms:
            once += 1
            click.echo(f"{number}: differs once: {first.report.differences[0]}")
        elif second is not None:
            wrong.append(first)
            click.echo(f"{number}: {len(first.report.differences)} differences")
            for difference in first.report.differences[:3]:
                click.echo(f"   {difference}"[:600])
    for each in wrong if shrink else ():
        short = shortest(each, switch, at_once=at_once)
        click.echo(f"\n{each.kind}: {write(short, folder, f'short_{each.scenario.name}')}")
        click.echo(short.scenario.dump())
    conform = scenarios - once - len(wrong)
    click.echo(f"{conform} of {scenarios} conform at the first try, {once} at the second")
    sys.exit(1 if wrong else 0)


def write(conversation: Conversation, folder: Path, name: str) -> Path:
    """Write the recording and its scenario."""
    (folder / f"{name}.yaml").write_text(conversation.scenario.dump(), "utf-8")
    performance = conversation.performance
    performance.circumstances["name"] = name
    return performance.write(folder)


if __name__ == "__main__":
    main()
