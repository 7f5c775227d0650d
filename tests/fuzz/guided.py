"""``python -m tests.fuzz.guided``: atheris looks for what nobody has thought of.

It starts from the recordings, and follows what new code each input reaches. Exit status: 0 if
nothing was found, 1 if something was (the input is kept), 3 where there is no atheris.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

#: Where atheris can't be had; whoever demands it sees that.
NO_ATHERIS = 3
TARGETS = ("parser", "commands", "decoding", "conversation")


@click.command()
@click.option("--seconds", default=20, show_default=True, help="For all targets together.")
@click.option("--target", type=click.Choice(TARGETS), help="One of them, and not each in turn.")
@click.option(
    "--found",
    default="fuzz-found",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for what breaks something.",
)
@click.option("--inside", is_flag=True, hidden=True)
def main(seconds: int, target: str | None, found: Path, inside: bool) -> None:
    """Fuzz the parsers, the decoding of messages, and whole conversations with atheris."""
    if importlib.util.find_spec("atheris") is None:
        click.echo("there is no atheris here (pip install '.[fuzz]'): nothing was fuzzed", err=True)
        sys.exit(NO_ATHERIS)
    if inside:
        assert target is not None
        fuzz(target, seconds, found)
    chosen = [target] if target else list(TARGETS)
    failed = [each for each in chosen if not run(each, max(1, seconds // len(chosen)), found)]
    for each in failed:
        click.echo(f"{each}: broken; the input is in {found}", err=True)
    sys.exit(1 if failed else 0)


def run(target: str, seconds: int, found: Path) -> bool:
    """Run one target in a process of its own, which atheris ends as it likes."""
    click.echo(f"=== {target}, {seconds} s", err=True)
    found.mkdir(exist_ok=True)
    command = [sys.executable, "-m", __spec__.name, "--inside", f"--target={target}"]
    done = subprocess.run([*command, f"--seconds={seconds}", f"--found={found}"])
    if not any(found.iterdir()):
        found.rmdir()
    return done.returncode == 0


def fuzz(target: str, seconds: int, found: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["eslsync"]):
        from . import targets
    test: Callable[[bytes], None] = getattr(targets, target)
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(targets.corpus(target)):
            Path(corpus, str(number)).write_bytes(data)
        options = [
            f"-max_total_time={seconds}",
            f"-artifact_prefix={found}/{target}-",
            f"-max_len={targets.LONGEST}",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
            "-verbosity=1",
        ]
        atheris.Setup([sys.argv[0], *options, corpus], test)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
