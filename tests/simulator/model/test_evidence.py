"""What the simulated switch stands on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from eslsync.protocol import Command
from simulator.applications import API_COMMANDS, APPLICATIONS
from simulator.model.evidence import Basis, Evidence, Part, StandsOn
from tests.support import recorded

RECORDED = Evidence(("01a",))
SOURCE = Evidence(source="mod_dptools.c")
MISSING = Evidence(modelled=False)


def part(name: str, evidence: Evidence = Evidence()) -> Part:  # noqa: B008 - frozen
    return Part("application", name, evidence)


@cache
def shown() -> dict[tuple[str, str], set[str]]:
    """The numbers of the recordings in which each application or api command is used."""
    found: dict[tuple[str, str], set[str]] = {}
    for name in recorded.names():
        recording = recorded.recording(name)
        number = name.partition("_")[0]
        for kind, what in [*executed(recording), *commanded(recording.commands())]:
            found.setdefault((kind, what.lower()), set()).add(number)
    return found


def executed(recording: recorded.Recording) -> Iterator[tuple[str, str]]:
    for event in (
        *recording.events("CHANNEL_EXECUTE"),
        *recording.events("CHANNEL_EXECUTE_COMPLETE"),
    ):
        yield "application", event.get("Application") or ""


def commanded(commands: list[Command]) -> Iterator[tuple[str, str]]:
    for command in commands:
        words = command.line.split()
        if len(words) > 1 and words[0].lower() in ("api", "bgapi"):
            yield "api command", words[1]


def test_recordings_show_what_stands_on_them() -> None:
    parts = [each.part for table in (APPLICATIONS, API_COMMANDS) for each in table.values()]
    wrong = [
        f"{number} has no {part}"
        for part in parts
        for number in part.evidence.recordings
        if number not in shown().get((part.kind, part.name), set())
    ]
    assert len(parts) > 500
    assert wrong == []


def test_evidence_is_a_recording_first_then_the_source_else_the_user() -> None:
    assert Evidence(("01a",), "mod_dptools.c").basis is Basis.RECORDED
    assert SOURCE.basis is Basis.SOURCE
    assert Evidence().basis is Basis.YOURS
    assert MISSING.basis is Basis.NOT_MODELLED


def test_what_a_call_stands_on_is_counted_in_words() -> None:
    parts = [part("answer", RECORDED), part("playback", RECORDED), part("park_state", SOURCE)]
    assert str(StandsOn()) == "nothing of FreeSWITCH"
    assert str(StandsOn(parts[:1])) == "1 application: 1 held to recordings"
    assert str(StandsOn([*parts, part("callcenter")])) == (
        "4 applications: 2 held to recordings, 1 read from source, 1 yours"
    )
    stands = StandsOn([*parts, part("lua", MISSING), Part("api command", "status", RECORDED)])
    stands.add([part("lua", MISSING), Part("variable", "group_confirm_key", MISSING)])
    assert str(stands) == (
        "4 applications: 2 held to recordings, 1 read from source, 1 not modelled (lua); "
        "1 api command: 1 held to recordings; not modelled: variable group_confirm_key"
    )
    assert [each.name for each in stands.not_modelled] == ["lua", "group_confirm_key"]
