"""What is published: the version and its changes, addresses, and the files for GitHub."""

from __future__ import annotations

import re
import runpy
from importlib.metadata import metadata, version
from typing import Any

import pytest
import yaml

from tests.support.cases import for_each

from .support.places import ROOT

CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SETUP = (ROOT / "setup.py").read_text(encoding="utf-8")
CHECK = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
faults = runpy.run_path(str(ROOT / ".ci" / "release.py"))["faults"]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py says where the project's place is known."""
    said: dict[str, Any] = {}
    setuptools = pytest.importorskip("setuptools", reason="setuptools is missing")
    monkeypatch.setattr(setuptools, "setup", said.update)
    monkeypatch.setenv("ESLSYNC_REPOSITORY", "https://example.org/us/eslsync/")
    runpy.run_path(str(ROOT / "setup.py"))
    return said


def test_the_page_of_a_release_links_to_the_files_of_its_version(built: dict[str, Any]) -> None:
    place = f"https://example.org/us/eslsync/blob/v{version('eslsync')}"
    assert built["project_urls"]["Changelog"] == f"{place}/CHANGELOG.md"
    text = re.sub(r"^```.*?^```$", "", built["long_description"], flags=re.DOTALL | re.MULTILINE)
    links = [each for each in re.findall(r"\]\(([^)]*)\)", text) if not each.startswith("#")]
    assert f"{place}/CONTRIBUTING.md" in links
    assert not [each for each in links if not each.startswith("https://")]


def test_no_address_is_made_up() -> None:
    assert metadata("eslsync").get_all("Project-URL") is None


RELEASED = """# Changelog

## [Unreleased]

## [0.1.0] - 2026-12-01

### Added
"""


@for_each(
    ("tag", "changelog", "said"),
    [
        ("v0.1.0", RELEASED, []),
        ("0.1.0", RELEASED, ["the tag is 0.1.0"]),
        ("v0.1.0", RELEASED.replace("] - ", "] "), ["second heading"]),
        ("v0.1.0", RELEASED.replace("2026-12-01", "soon"), ["needs its date"]),
        ("v0.1.0", RELEASED.replace("0.1.0", "0.0.9"), ["second heading"]),
        ("v0.1.0", RELEASED.replace("d]\n", "d]\n\n- More.\n"), ["under [Unreleased]"]),
        ("v0.1.0", RELEASED.replace("## [Unreleased]\n\n", ""), ["first heading", "second"]),
    ],
)
def test_a_release_needs_its_version_and_its_changes(
    tag: str, changelog: str, said: list[str]
) -> None:
    found = list(faults(tag, 'VERSION = "0.1.0"\n', changelog))
    assert len(found) == len(said)
    for fault, words in zip(found, said, strict=True):
        assert words in fault


def test_the_release_is_checked_in_the_files_as_they_are() -> None:
    wrong = list(faults(f"v{version('eslsync')}", SETUP, CHANGELOG))
    assert all("CHANGELOG.md" in each for each in wrong)  # until it is released


def test_the_same_pythons_are_classified_and_tested() -> None:
    classified = re.findall(r"Python :: (3\.\d+)", SETUP)
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["tests"]["strategy"]["matrix"]["python"] == classified
    assert f"for version in {' '.join(classified)}; do" in CHECK
    tox = (ROOT / "tox.ini").read_text().partition("env_list = ")[2].partition(", lint")[0]
    assert tox.split(", ") == [f"py{each.replace('.', '')}" for each in classified]


def test_every_file_that_a_github_file_names_exists() -> None:
    for file in (ROOT / ".github").rglob("*.*"):
        for named in re.findall(r"[A-Z]+\.md|\.ci/\w+(?:\.py)?", file.read_text()):
            assert (ROOT / named).exists(), (file.name, named)
