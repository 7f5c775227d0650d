"""The variables that FreeSWITCH reads: modelled, told when they are set, or of no effect."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from eslsync import Session
from simulator import FreeSwitch, NotModelled
from simulator.model.known_variables import READERS, ignored_by, names
from tests.support.places import ROOT

#: What FreeSWITCH's core and the modules of modelled applications read, and where: by machine
#: from version 1.10.12.
LIST = Path(__file__).with_name("variables_read_by_freeswitch.txt")
READ = {line.split()[0].lower() for line in LIST.read_text().splitlines()}
#: What FreeSWITCH itself sets and reads: state, not settings.
OWN = frozenset(
    """
    blind_transfer_uuid call_uuid callee_id_name callee_id_number caller_id_name caller_id_number
    channel_cid_flipped context current_application current_application_data
    current_application_response destination_number dialplan fifo_epoch_start_bridge fifo_position
    fifo_serviced_uuid fifo_status fifo_target fifo_timestamp loopback_from_uuid
    original_destination_number original_read_codec original_read_rate originate_signal_bond
    originator other_loopback_from_uuid pre_transfer_caller_id_name pre_transfer_caller_id_number
    proto_specific_hangup_cause rdnis recovered signal_bond signal_bridge_to source switch_m_sdp
    switch_r_sdp uuid_bridge xfer_uuids xml
    """.split()
)
#: What is read only by applications that are not modelled, or by the configuration.
OTHERS = re.compile(
    r"page_|vad_|tone_detect|\w+_on_tone_detect|\w+_on_pickup|channel_swap|"
    r"fire_text_events|delay_echo|disable_system_|chat_proto|rate$"
)
#: Variables that the simulator sets, or whose name something else has, too.
NAMED_OTHERWISE = frozenset(
    """
    bypass_media conference_flags language loopback_bowout loopback_bowout_on_execute proxy_media
    """.split()
)
SIP = "SIP legs"


def listed(kind: str, *, sip: bool = True) -> list[str]:
    readers = [reader for reader in READERS if sip or reader.who != SIP]
    return [name for reader in readers for name, _ in names(getattr(reader, kind))]


KINDS = ("modelled", "not_modelled", "unnoticed")


def test_each_is_listed_once() -> None:
    every = [name for kind in KINDS for name in listed(kind)]
    assert sorted(every) == sorted(set(every))


def test_each_is_one_that_freeswitch_reads() -> None:
    prefixes = tuple(READ)
    for kind in KINDS:
        for name in listed(kind, sip=False):
            if name.endswith("*"):
                assert any(each.startswith(name[:-1]) for each in prefixes), name
            else:
                assert name in READ, name


def test_what_freeswitch_reads_is_listed() -> None:
    known = {name for kind in KINDS for name in listed(kind)}
    prefixes = tuple(name[:-1] for name in known if name.endswith("*"))
    assert OWN <= READ
    missing = {
        name
        for name in READ - known - OWN
        if not name.startswith(prefixes) and not OTHERS.match(name)
    }
    assert not missing


def constants(*folders: str) -> set[str]:
    """The texts in the simulator's code, docstrings and the list itself aside."""
    found: set[str] = set()
    for folder in folders:
        for path in (ROOT / "simulator" / folder).glob("*.py"):
            if path.name != "known_variables.py":
                found |= {
                    node.value.lower()
                    for node in ast.walk(ast.parse(path.read_text()))
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                }
    return found


def test_the_simulator_reads_what_is_modelled_and_not_what_is_not() -> None:
    read = constants("model", "applications", "event_socket")
    assert {name.rstrip("*") for name in listed("modelled")} <= read
    assert {name.rstrip("*") for name in listed("not_modelled")} & read <= NAMED_OTHERWISE


def test_the_simulator_reads_nothing_that_freeswitch_does_not() -> None:
    asked = set()
    for folder in ("model", "applications"):
        for path in (ROOT / "simulator" / folder).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == "get"
                    and ast.unparse(node.func.value) in ("channel", "leg", "channel.variables")
                    and isinstance(node.args[0], ast.Constant)
                ):
                    asked.add(str(node.args[0].value).lower())
    assert "playback_terminators" in asked
    assert asked - READ <= {"other_loopback_leg_uuid"}  # which mod_loopback sets


def test_the_page_has_the_list_as_it_is() -> None:
    make = runpy.run_path(str(ROOT / "docs" / "make_variables.py"))
    assert make["PAGE"].read_text() == make["page"](), "run python docs/make_variables.py"


# --- told


def by_set(session: Session) -> None:
    session.channel.set("campon", "true")


def by_export(session: Session) -> None:
    session.channel.execute("export", "nolocal:campon=true")


def by_multiset(session: Session) -> None:
    session.channel.execute("multiset", "one=1 CampOn=true")


def by_push(session: Session) -> None:
    session.channel.execute("push", "campon=true")


def by_global(session: Session) -> None:
    session.channel.execute("set_global", "campon=true")


def by_uuid_setvar(session: Session) -> None:
    session.api(f"uuid_setvar {session.uuid} campon true")


def by_uuid_setvar_multi(session: Session) -> None:
    session.api(f"uuid_setvar_multi {session.uuid} one=1;campon=true")


def by_global_setvar(session: Session) -> None:
    session.api("global_setvar campon=true")


def by_dial_string(session: Session) -> None:
    session.channel.answer()
    session.channel.execute("bridge", "{campon=true}user/1000")


def by_one_far_end(session: Session) -> None:
    session.channel.answer()
    session.channel.execute("bridge", "[campon=true]user/1000")


def by_originate(session: Session) -> None:
    session.api("originate {campon=true}user/1000 &park")


def by_a_task(session: Session) -> None:
    session.api(f"sched_api +1 none uuid_setvar {session.uuid} campon true")
    session.channel.answer()
    session.channel.sleep(3.0)


WAYS = [
    by_set,
    by_export,
    by_multiset,
    by_push,
    by_global,
    by_uuid_setvar,
    by_uuid_setvar_multi,
    by_global_setvar,
    by_dial_string,
    by_one_far_end,
    by_originate,
    by_a_task,
]


def run(handler: Callable[[Session], None], **variables: str) -> list[str]:
    with FreeSwitch(raises=False) as switch:
        switch.endpoint("user/1000", hangs_up_after=1.0)
        call = switch.call(handler, variables=variables)
        call.wait()
    return [str(part) for part in call.not_modelled]


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_sets_one_is_told(way: Callable[[Session], None]) -> None:
    assert [each.lower() for each in run(way)] == ["variable campon"]


def test_a_call_that_begins_with_one_is_told() -> None:
    assert run(lambda session: session.channel.hangup(), campon="true") == ["variable campon"]


def test_it_fails_and_says_who_reads_it() -> None:
    with pytest.raises(NotModelled) as failed, FreeSwitch() as switch:
        switch.call(by_set).wait()
    assert str(failed.value).startswith(
        "the simulated switch does not model the variable campon (read by bridge), which had no "
        "effect: if the call does not depend on it, FreeSwitch(allow_unmodelled=['campon'])"
    )


def test_it_can_be_allowed() -> None:
    with FreeSwitch(allow_unmodelled=["campon"]) as switch:
        call = switch.call(by_set)
        call.wait()
    assert not call.not_modelled
    assert "not modelled: variable campon" in call.ladder()


@pytest.mark.parametrize("value", ["", "false", "no", "0"])
def test_what_switches_it_off_is_not_told(value: str) -> None:
    assert ignored_by("campon", value) is None


def test_of_some_only_one_value_matters() -> None:
    assert ignored_by("hangup_after_conference", "true") is None
    assert ignored_by("hangup_after_conference", "false") == "conference"


@pytest.mark.parametrize(
    "name", ["sip_h_X-Tenant", "rtp_timeout_sec", "ignore_early_media", "mine"]
)
def test_what_changes_nothing_here_is_not_told(name: str) -> None:
    assert ignored_by(name, "true") is None
