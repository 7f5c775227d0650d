"""A recording carries its own circumstances: the model has those that its first line gives."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulator.recordings.conformance import check
from simulator.recordings.reading import Recording
from tests.support.places import RECORDINGS


def first_line(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        circumstances: dict[str, Any] = json.loads(file.readline())
    return circumstances


def without(tmp_path: Path, name: str, key: str) -> Path:
    """A copy of a recording without that key, at any depth, in its first line."""

    def pruned(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: pruned(each) for name, each in value.items() if name != key}
        return [pruned(each) for each in value] if isinstance(value, list) else value

    first, *rest = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    path = tmp_path / f"{name}.jsonl"
    path.write_text("\n".join([json.dumps(pruned(json.loads(first))), *rest]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("14n_a_leg_bridging_to_socket", "cause"),
        ("03l_spandsp_inband_dtmf", "inband"),
        ("16_freeswitch_shutdown_while_connected", "shuts_down"),
    ],
)
def test_what_happened_is_said_by_the_first_line(tmp_path: Path, name: str, key: str) -> None:
    assert check(RECORDINGS / f"{name}.jsonl").conforms
    path = without(tmp_path, name, key)
    assert Recording.read(path).switch, "it can be read all the same"
    assert not check(path).conforms


@pytest.mark.parametrize(
    ("name", "key", "other"),
    [
        ("11i_uuid_transfer_away", "dialplan", {"^bye1500$": [["answer", ""]]}),
        ("11n_say_phrase_speak", "phrases", {}),
        ("11p_speak_flite", "speech_engines", []),
    ],
)
def test_the_installation_is_the_usual_one_unless_the_first_line_describes_another(
    tmp_path: Path, name: str, key: str, other: Any
) -> None:
    path = without(tmp_path, name, key)
    assert check(path).conforms
    rest = path.read_text(encoding="utf-8").partition("\n")[2]
    path.write_text(f"{json.dumps({**first_line(path), key: other})}\n{rest}", encoding="utf-8")
    assert not check(path).conforms


def test_a_key_pressed_by_sip_lasts_280_ms_unless_the_action_says_otherwise(tmp_path: Path) -> None:
    path = without(tmp_path, "03h_dtmf_sipp_rfc2833", "milliseconds")
    assert check(path).conforms
    first = first_line(path)
    first["actions"] = [{**each, "milliseconds": 200} for each in first["actions"]]
    rest = path.read_text(encoding="utf-8").partition("\n")[2]
    path.write_text(f"{json.dumps(first)}\n{rest}", encoding="utf-8")
    assert not check(path).conforms


def test_the_folder_of_sounds_is_said_by_the_recording(tmp_path: Path) -> None:
    name = "01a_basic_playback_hangup"
    text = (RECORDINGS / f"{name}.jsonl").read_text(encoding="utf-8")
    path = tmp_path / f"{name}.jsonl"
    path.write_text(text.replace("/srv/fs/sounds", "/srv/fs/voices"), encoding="utf-8")
    assert not check(path).conforms
    first = {**first_line(path), "sound_prefix": "/srv/fs/voices"}
    rest = path.read_text(encoding="utf-8").partition("\n")[2]
    path.write_text(f"{json.dumps(first)}\n{rest}", encoding="utf-8")
    assert check(path).conforms


def test_the_format_has_every_key_of_every_first_line() -> None:
    table = (RECORDINGS / "README.md").read_text(encoding="utf-8").partition("Then, in order")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    described = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    used = {key for path in RECORDINGS.glob("*.jsonl") for key in first_line(path)}
    assert used <= described
    assert described - used == {"globals", "tone", "users"}
