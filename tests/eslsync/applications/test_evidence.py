"""Every method has a test, and every test names its evidence."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from eslsync import Channel
from eslsync import applications as package
from eslsync.applications.base import Applications
from eslsync.wire.declared import declarations, declared
from tests.support import recorded
from tests.support.cases import for_each
from tests.support.evidence import Evidence, is_recorded, run_by, stands_on

FOLDER = Path(__file__).parent
MODULES = sorted(
    f"tests.eslsync.applications.{path.stem}"
    for path in FOLDER.glob("test_*.py")
    if path.name not in ("test_evidence.py", "test_page.py")
)
#: Methods that execute nothing.
OUR_OWN = {"flush_digits", "variables"}


def functions_of(module: str) -> dict[str, Callable[..., None]]:
    found = vars(import_module(module))
    return {name: test for name, test in found.items() if name.startswith("test_")}


def evidence() -> list[Evidence]:
    modules = [
        *MODULES,
        *(f"tests.eslsync.call.test_{each}" for each in ("added_legs", "borrowed", "leg")),
    ]
    marked = [test for module in modules for test in functions_of(module).values()]
    return [each for test in marked for each in getattr(test, "evidence", [])]


def methods() -> set[str]:
    """The public methods of `Channel` that stand in eslsync/applications."""
    return {
        name
        for home in Channel.__mro__
        if home.__module__.startswith(package.__name__) and home is not Applications
        for name, method in vars(home).items()
        if not name.startswith("_") and (inspect.isfunction(method) or isinstance(method, property))
    }


@for_each("module", MODULES)
def test_every_test_says_what_it_stands_on(module: str) -> None:
    assert functions_of(module)
    for name, test in functions_of(module).items():
        assert getattr(test, "evidence", []), f"{name} is not marked by stands_on"


def test_every_method_has_a_test() -> None:
    tested = {method for each in evidence() for method in each.methods}
    assert methods() - OUR_OWN - tested == set()


def test_every_recording_shows_what_stands_on_it() -> None:
    for source, used in evidence():
        if ".c, " in source:
            continue
        assert source in recorded.names(), source
        for method in used:
            assert is_recorded(source, method), f"{source} has no {run_by(method).name}"


def test_an_untested_method_and_a_false_claim_are_noticed() -> None:
    assert not is_recorded("01a_basic_playback_hangup", "record")
    assert is_recorded("11a_record_app", "record")
    for wrong in ("mod_dptools.c", "nonsense", ""):
        with pytest.raises(ValueError, match="neither"):
            stands_on(wrong, "record")

    @stands_on("11a_record_app", "record")
    def never_records() -> None:
        pass

    with pytest.raises(AssertionError, match="never calls it"):
        never_records()


def test_every_method_declares_what_it_runs() -> None:
    for name in methods() - OUR_OWN:
        assert run_by(name).name, name


def test_declared_prompts_are_parameters_of_the_method() -> None:
    for name in methods() - OUR_OWN:
        parameters = inspect.signature(getattr(Channel, name)).parameters
        assert set(run_by(name).prompts) <= set(parameters), name


def test_applications_without_a_method_are_declared_too() -> None:
    run = {run_by(name).name for name in methods() - OUR_OWN}
    others = {each.name for each in declarations() if not each.api} - run
    assert others == {"multiunset", "respond", "voicemail"}
    assert declared("respond").sends
    assert declared("no_such_application").name == ""
