"""Tests mirror both packages: each module has a test file of its name in its folder."""

from __future__ import annotations

from pathlib import Path

from tests.support.places import ROOT

#: Modules without one, and the file that tests them instead.
ELSEWHERE = {
    "eslsync/applications/base.py": "tests/eslsync/test_channel.py",
    "eslsync/call/answers.py": "tests/eslsync/applications/test_speech.py",
    "eslsync/call/observed.py": "tests/eslsync/test_observers.py",
    "eslsync/command_line/files.py": "tests/eslsync/test_loading.py",
    "eslsync/command_line/reloaded.py": "tests/eslsync/command_line/test_reloading.py",
    "eslsync/exceptions.py": "tests/eslsync/wire/test_exceptions.py",
    "eslsync/protocol.py": "tests/eslsync/wire/test_protocol.py",
    "simulator/applications/conference_api.py": "tests/simulator/applications/test_conference.py",
    "simulator/command_line/options.py": "tests/simulator/command_line/test_call.py",
    "simulator/phone/child.py": "tests/simulator/phone/test_desk.py",
    "simulator/phone/paced.py": "tests/simulator/phone/test_terminal.py",
    "simulator/scenarios/vocabulary.py": "tests/simulator/scenarios/test_drawing.py",
    "simulator/scripts/nodes.py": "tests/simulator/scripts/test_shapes.py",
    "simulator/model/speech.py": "tests/simulator/applications/test_speech.py",
    "simulator/model/talking.py": "tests/simulator/applications/test_speech.py",
    "simulator/exploring/attempts.py": "tests/simulator/exploring/test_making.py",
}


def modules() -> list[str]:
    return [
        path.relative_to(ROOT).as_posix()
        for package in ("eslsync", "simulator")
        for path in sorted((ROOT / package).rglob("*.py"))
        if not path.name.startswith("__")
    ]


def mirror_of(module: str) -> Path:
    path = Path("tests", module)
    return path.with_name(f"test_{path.name}")


def test_a_module_has_a_test_file_of_its_name() -> None:
    wrong = []
    for module in modules():
        mirror = mirror_of(module)
        if module not in ELSEWHERE:
            if not (ROOT / mirror).exists():
                wrong.append(f"write {mirror}, or say in ELSEWHERE what tests {module}")
        elif (ROOT / mirror).exists():
            wrong.append(f"it has one now: take {module} off the list")
        elif not (ROOT / ELSEWHERE[module]).exists():
            wrong.append(f"there is no {ELSEWHERE[module]}")
    assert wrong == []


def test_the_list_names_modules_that_there_are() -> None:
    assert set(ELSEWHERE) <= set(modules())
