"""Checks dist/: what the source distribution and the wheel hold, and that they serve a newcomer.

    python -m build && python .ci/package.py

In an empty environment for each of them, `pip install` brings what is in ALLOWED and nothing else,
and what `eslsync new` writes is called and, with pytest besides, tested and explored.
ESLSYNC_PYTHONS may name several Pythons, each of which has environments of its own; linters see the
project once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
#: What `pip install eslsync` may bring besides it. (python-dateutil is freezegun's; six
#: or tzdata are python-dateutil's.)
ALLOWED = {"click", "colorlog", "freezegun", "pyyaml", "python-dateutil", "six", "tzdata"}
#: Written by the build.
BUILT = {"PKG-INFO", "setup.cfg"}


def main() -> int:
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    faults = [
        *differences(sdist.name, in_sdist(sdist), tracked(".")),
        *differences(wheel.name, in_wheel(wheel), tracked("eslsync", "simulator")),
    ]
    for each in (wheel, sdist):
        print(f"{each.name}: {kilobytes(each.stat().st_size)}")
    pythons = dict.fromkeys(os.environ.get("ESLSYNC_PYTHONS", "").split()) or [sys.executable]
    pairs = [(python, which) for python in pythons for which in (wheel, sdist)]
    # Each waits for the network and the disk most of the time.
    with ThreadPoolExecutor(2) as pool:
        for said in pool.map(tried, *zip(*pairs, strict=True)):
            faults += said
    lint()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def kilobytes(size: int) -> str:
    return f"{size / 1000:,.0f} KB"


def tracked(*folders: str) -> set[str]:
    """The project's files, as git knows them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *folders], cwd=ROOT, capture_output=True, check=True
    )
    return set(listed.stdout.decode().split("\0")) - {""}


def in_sdist(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        files = [member.name.partition("/")[2] for member in archive if member.isfile()]
    return {name for name in files if name not in BUILT and ".egg-info/" not in name}


def in_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def differences(name: str, held: set[str], files: set[str]) -> Iterable[str]:
    for file in sorted(files - held):
        yield f"{name} lacks {file} (see MANIFEST.in, and package_data in setup.py)"
    for file in sorted(held - files):
        yield f"{name} has {file}, which is no file of the project"


def tried(python: str, which: Path) -> list[str]:
    """What goes wrong with a distribution in an empty environment of a Python."""
    with TemporaryDirectory() as place:
        run(python, "-m", "venv", "env", cwd=place)
        programs = Path(place, "env", "bin")
        before = installed(programs)
        run(programs / "pip", "install", "--quiet", which, cwd=place)
        brought = {name: size for name, size in installed(programs).items() if name not in before}
        version = run(programs / "python", "-c", "import platform as p; print(p.python_version())")
        sizes = ", ".join(f"{name} {kilobytes(size)}" for name, size in sorted(brought.items()))
        print(f"{which.name} on Python {version.strip()} brings {sizes}", flush=True)
        # The main job needs nothing else; its tests, among which it is explored, need pytest.
        run(programs / "eslsync", "new", "ivr", cwd=place)
        project = Path(place, "ivr")
        run(programs / "eslsync", "call", "ivr.py", "--press", "1", cwd=project)
        run(programs / "pip", "install", "--quiet", "pytest", cwd=place)
        run(programs / "python", "-m", "pytest", "-q", cwd=project)
    return [
        f"pip install {which.name} brings {name}, which is not in ALLOWED"
        for name in sorted(set(brought) - ALLOWED - {"eslsync"})
    ]


def lint() -> None:
    """Hold what `eslsync new` writes to linters and the type checker."""
    with TemporaryDirectory() as place:
        python = sys.executable
        run(python, "-m", "eslsync", "new", "ivr", cwd=place)
        project = Path(place, "ivr")
        run(python, "-m", "ruff", "check", "--no-cache", ".", cwd=project)
        run(python, "-m", "ruff", "format", "--no-cache", "--check", ".", cwd=project)
        run(python, "-m", "mypy", cwd=project)
        schema = ["--builtin-schema", "vendor.github-workflows", ".github/workflows/ci.yml"]
        run(python, "-m", "check_jsonschema", *schema, cwd=project)


def installed(programs: Path) -> dict[str, int]:
    """The bytes of each installed distribution's files."""
    return dict(json.loads(run(programs / "python", "-c", SIZES, cwd=programs)))


SIZES = """
import json
from importlib.metadata import distributions
print(json.dumps({
    each.name.lower(): sum(file.size or 0 for file in each.files or ()) for each in distributions()
}))
"""


def run(*command: str | Path, cwd: str | Path = ROOT) -> str:
    """What a program prints. Raises SystemExit, with all that it printed, if it fails."""
    # Not this project's folders: what is installed is what is tried.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}"
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{said}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
