"""The list of what modules may register."""

from __future__ import annotations

import re

from eslsync.wire.declared import declarations
from simulator.applications import API_COMMANDS, APPLICATIONS
from simulator.model.allowlist import listed, module_of
from tests.support.places import ROOT


def test_every_name_has_the_module_that_registers_it() -> None:
    lines = (ROOT / "tests/simulator/model/names_of_freeswitch.txt").read_text().splitlines()
    for kind, module, name, *_ in map(str.split, lines):
        table = APPLICATIONS if kind == "application" else API_COMMANDS
        assert module_of(table[name]) == module, name


def test_an_entry_names_a_module_a_name_or_a_kind() -> None:
    names = ["mod_valet_parking", "mod_hash.HASH", "mod_db.db.api"]
    assert set(listed(APPLICATIONS, names)) == {"valet_park", "hash"}
    assert set(listed(API_COMMANDS, names)) == {"valet_info", "hash", "db"}


def test_the_page_names_every_api_command_that_the_library_sends() -> None:
    page = (ROOT / "docs/guides/production.md").read_text(encoding="utf-8")
    sentence = page.partition("api commands `create_uuid`")[2].partition(".")[0]
    told = {"create_uuid", *re.findall(r"`(\w+)`", sentence)}
    code = "".join(path.read_text() for path in (ROOT / "eslsync").rglob("*.py"))
    names = "|".join(sorted(API_COMMANDS, key=len, reverse=True))
    sent = set(re.findall(rf'(?:"(?:bg)?api |command = f?"|commands\.api\(f?")({names})\b', code))
    sent.discard("hupall")  # a docstring tells users of it
    sent |= {each.name for each in declarations() if each.api}
    assert told == sent
