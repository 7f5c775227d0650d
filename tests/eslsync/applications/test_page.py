"""docs/reference/applications.md lists every method, with true statements about it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

from eslsync import Channel
from tests.eslsync.applications.test_evidence import OUR_OWN, evidence, methods
from tests.support.evidence import run_by
from tests.support.places import ROOT

PAGE = (ROOT / "docs" / "reference" / "applications.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table with this head."""
    _, _, after = PAGE.partition(heading + "\n")
    lines = after.partition("\n\n")[0].splitlines()[1:]
    assert lines, f"no table {heading}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


APPLICATIONS = rows("| method | what FreeSWITCH runs | returns |")
ARGUMENTS = rows("| method | arguments |")
EVIDENCE = rows("| method | evidence |")


def test_every_method_is_listed_once() -> None:
    named = [name.strip("`") for name, _, _ in APPLICATIONS]
    assert sorted(named) == sorted(methods())


def test_the_page_names_the_application_of_each_method() -> None:
    for method, runs, _ in APPLICATIONS:
        name = method.strip("`")
        if name not in OUR_OWN:
            api = "api " if run_by(name).api else ""
            assert runs.startswith(f"{api}`{run_by(name).name}`"), name


def test_the_page_names_what_each_method_returns() -> None:
    for method, _, returns in APPLICATIONS:
        attribute = getattr(Channel, method.strip("`"))
        if isinstance(attribute, property):
            continue
        annotation = annotated(attribute)
        named = re.match(r"`?(\w+)`?", returns)
        assert named is not None
        assert named[1] in annotation, f"{method} returns {annotation}"
        for field in re.findall(r"\w+", returns.partition(": ")[2]):
            if named[1] in ("Played", "Recorded", "Bridged"):
                assert hasattr(inspect.unwrap(attribute).__globals__[named[1]], field), (
                    f"{named[1]}.{field}"
                )


def test_the_page_names_the_arguments_of_each_method() -> None:
    told = {method.strip("`"): re.findall(r"`([^`]+)`", text) for method, text in ARGUMENTS}
    assert told == {name: taken for name in methods() if (taken := arguments(name))}


def arguments(name: str) -> list[str]:
    """The arguments of a method as the page writes them."""
    attribute = getattr(Channel, name)
    if isinstance(attribute, property):
        return []
    _, *parameters = inspect.signature(attribute).parameters.values()
    marks: dict[object, str] = {
        inspect.Parameter.VAR_POSITIONAL: "*{}",
        inspect.Parameter.VAR_KEYWORD: "**{}",
        inspect.Parameter.KEYWORD_ONLY: "{}=",
    }
    return [marks.get(each.kind, "{}").format(each.name) for each in parameters]


def annotated(method: Callable[..., object]) -> str:
    return str(method.__annotations__["return"])


def test_the_page_names_the_evidence_of_the_tests() -> None:
    found: dict[str, set[str]] = {}
    for source, names in evidence():
        for name in names:
            home = "" if hasattr(Channel, name) else "Session."
            number = source if ".c, " in source else source.partition("_")[0]
            found.setdefault(f"{home}{name}", set()).add(number)
    told = {
        method.strip("`"): set(re.findall(r"\w+\.c, \w+|\b\d\w+", text))
        for method, text in EVIDENCE
    }
    assert told == found
